"""The frame of a vote over forecasting trials: a weighted mean, with quantiles of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trialbook.program._code import Code, assign, import_block, literal, source_of, spread
from trialbook.program._tabular import markdown_cell
from trialbook.program.series import _forecasters
from trialbook.program.series._chart_cells import chart_cells
from trialbook.program.series._frame import SeriesFrame
from trialbook.program.series._program import (
    SHARED,
    evaluate_cell,
    heading,
    load_lines,
    shared_constants,
    use_cell,
)


def forecast_voting_program(
    frame: SeriesFrame,
    members: Mapping[str, Code],
    kinds: Sequence[str],
    weigh: Sequence[Callable[..., Any]],
    *,
    title: str,
    summary: str,
) -> str:
    """Write the program of a weighted vote.

    Parameters
    ----------
    frame : SeriesFrame
        What all trials share.
    members : mapping of str to Code
        Candidates, best first: label, and expression of the folder of its artifacts.
    kinds : sequence of str
        What each of them is: those of one kind err alike.
    weigh : sequence of two callables
        `select_weights` and `inverse_error_weights` of `trialbook.ensemble`; their sources become
        part of the program.
    title, summary : str
        Heading of the notebook and the text below it.

    Returns
    -------
    str
        Python source in percent format.
    """
    imports = [
        "from pathlib import Path",
        "import cloudpickle",
        "import numpy as np",
        "import pandas as pd",
        "from scipy.stats import norm",
        "from threadpoolctl import threadpool_limits",
        *frame.metric.imports,
        *(["import mlflow"] if frame.server else []),
    ]
    items = [f"{literal(label)}: {folder}" for label, folder in members.items()]
    constants = [
        *shared_constants(frame),
        "MEMBERS = " + spread("{", items, "}", room=0),
        assign("KINDS", list(kinds)) + "  # of members, those of one kind err alike",
        "",
        "_ = threadpool_limits(N_JOBS)",
    ]
    from_best = "1 - " if frame.metric.greater_is_better else ""
    call = f"{frame.metric.function}(y[:, 0], prediction, y[:, 1:])"
    loss = [
        "def loss(y, prediction):",
        f'    """{frame.metric.name} as a loss, of values beside their scales: 0 is perfect."""',
        f"    return {from_best}{call}",
    ]
    shared = "\n\n\n".join(source_of(getattr(_forecasters, name)) for name in SHARED)
    cells = [
        heading(frame, title, summary),
        "# %%\n" + import_block(imports),
        "# %%\n" + "\n".join(constants),
        "\n".join(_LOAD),
        f"# %%\n{source_of(_forecasters.WeightedForecaster)}",
        f"# %%\n{shared}",
        "# %%\n" + frame.metric.source + "\n\n\n" + "\n".join(loss),
        *(f"# %%\n{source_of(one)}" for one in weigh),
        "\n".join(_CROSS_VALIDATE),
        evaluate_cell(frame),
        "\n".join(_COMBINE),
        markdown_cell("## Run", "", "Everything above only defines; the cells below do the work."),
        "\n".join([*_RUN[:5], _SCORE.format(name=frame.metric.name), *_RUN[5:]]),
        *chart_cells(),
        use_cell(),
    ]
    return "\n\n".join(cell.rstrip() for cell in cells) + "\n"


_LOAD = (
    "# %%",
    "def load(path=DATA):",
    '    """Rows, the target, windows, scales, and what the members forecast of each window."""',
    *load_lines(),
    '    tables = [pd.read_parquet(folder / "oof/oof.parquet") for folder in MEMBERS.values()]',
    '    oof = np.array([table.drop(columns=["row", "fold"]).to_numpy() for table in tables])',
    '    return X, y, folds, scale, oof, tables[0][["row", "fold"]]',
    "",
    "",
    "def stored_model(name):",
    '    """The forecaster that a member\'s run keeps."""',
    '    with open(MEMBERS[name] / "model" / "python_model.pkl", "rb") as file:',
    "        return cloudpickle.load(file).forecaster.forecaster",
)
_CROSS_VALIDATE = (
    "# %%",
    "def cross_validate(X, y, folds, scale, oof, where):",
    '    """Blend what the members forecast of each window; the earliest comes first.',
    "",
    "    Half of the weights is selected on all windows: few, so that what is best there may be",
    "    so by chance. The other half goes to the best of each kind, by their errors; less of it",
    "    where the vote would be worse than its best member, and in the end no window counts less",
    "    than another. Quantiles know the errors in earlier rows only.",
    '    """',
    "    rows = where.row.to_numpy()",
    "    truth = np.column_stack([y, scale])[rows]",
    "    parts = [np.flatnonzero(where.fold == fold) for fold in range(len(FOLDS))]",
    "",
    "    def losses(prediction):",
    "        return np.array([loss(truth[part], prediction[part]) for part in parts])",
    "",
    "    alone = np.array([losses(prediction) for prediction in oof])",
    "    usual = np.ones(len(parts))  # a window that is hard for all counts no more than others",
    "    some = np.isfinite(alone).any(axis=0)",
    "    usual[some] = np.nanmedian(alone[:, some], axis=0)",
    "    usual[usual <= 0] = 1",
    "    selected = select_weights(oof, truth, lambda _, told: np.nanmean(losses(told) / usual))",
    "    mean = inverse_error_weights(np.nanmean(alone / usual, axis=1), KINDS)",
    "    scores = np.nanmean(alone, axis=1)",
    "    for share in np.linspace(0.5, 1, 6):  # of what is selected",
    "        weights = share * selected + (1 - share) * mean",
    "        blend = np.tensordot(weights, oof, axes=1)",
    "        if np.nanmean(losses(blend)) <= np.nanmin(scores):",
    "            break",
    "    else:",
    "        weights = select_weights(oof, truth, lambda _, told: np.nanmean(losses(told)))",
    "        blend = np.tensordot(weights, oof, axes=1)",
    "    errors = np.full(len(y), np.nan)  # in units of the spread",
    "    for fold, mine in zip(folds.T, parts):",
    "        train, valid = np.flatnonzero(fold == 1), rows[mine]",
    "        spread = Spread(SEASON).fit(X.iloc[train], y[train]).of(X.iloc[valid])",
    "        point = blend[mine, 0]",
    "        told = quantiles(point, spread, known_errors(errors[train]), LEVELS)",
    "        errors[valid] = seen = (y[valid] - point) / spread",
    "        yield (weights, seen), valid, told",
)
_COMBINE = (
    "# %%",
    "def combine(found, X, y):",
    '    """The stored forecasters of the members, with their weights, as one forecaster."""',
    "    weights, errors = found[0][0], np.concatenate([seen for _, seen in found])",
    "    chosen = {name: w for name, w in zip(MEMBERS, weights) if w > 0}",
    "    vote = WeightedForecaster({name: stored_model(name) for name in chosen}, chosen)",
    "    spread = Spread(SEASON).fit(X, y)",
    "    return CalibratedForecaster(vote, spread, known_errors(errors), LEVELS)",
)
_RUN = (
    "# %%",
    'if __name__ == "__main__":',
    "    X, y, folds, scale, oof, where = load()",
    "    results = list(cross_validate(X, y, folds, scale, oof, where))",
    "    scores = [evaluate(y, valid, told, scale) for _, valid, told in results]",
    "    for weight, name in sorted(zip(results[0][0][0], MEMBERS), reverse=True):",
    "        if weight > 0:",
    '            print(f"{weight:.3f}  {name}")',
)
_SCORE = '    print(f"validation {name}: {{np.nanmean(scores):.9f}} ± {{np.nanstd(scores):.9f}}")'
