"""The frame of a forecasting trial: a program that a reader would have written by hand."""

from __future__ import annotations

from trialbook.data import SCALE_COLUMN, SERIES_COLUMN
from trialbook.program._code import assign, import_block, literal, source_of
from trialbook.program._tabular import markdown_cell
from trialbook.program.series import _forecasters, _hierarchies, _neural
from trialbook.program.series._chart_cells import chart_cells
from trialbook.program.series._frame import ForecastCode, SeriesFrame
from trialbook.program.series._hierarchy_code import (
    in_hierarchy,
    learns_from_windows,
    nodes_lines,
)


def forecasting_program(
    frame: SeriesFrame, model: ForecastCode, *, title: str, summary: str
) -> str:
    """Write the program of one trial.

    Parameters
    ----------
    frame : SeriesFrame
        What all trials share.
    model : ForecastCode
        The learner's part.
    title, summary : str
        Heading of the notebook and the sentence below it.

    Returns
    -------
    str
        Python source in percent format: ``# %%`` starts a cell.
    """
    model = in_hierarchy(model, frame)
    cells = [
        heading(frame, title, summary),
        _imports(frame, model),
        _parameters(frame),
        _load(),
        *(f"# %%\n{_snippet(name)}" for name in model.snippets),
        "# %%\n" + "\n\n\n".join(source_of(getattr(_forecasters, name)) for name in SHARED),
        f"# %%\n{source_of(_forecasters.left_to_naive)}",
        _build(model, frame),
        _cross_validate(frame),
        "# %%\n" + frame.metric.source,
        evaluate_cell(frame),
        _combine(frame),
        markdown_cell("## Run", "", "Everything above only defines; the cells below do the work."),
        _run(frame),
        *chart_cells(),
        use_cell(left=True),
    ]
    return "\n\n".join(cell.rstrip() for cell in cells) + "\n"


def _snippet(name: str) -> str:
    """The source of a forecaster or of what it needs."""
    homes = (_forecasters, _hierarchies, _neural)
    return source_of(getattr(next(home for home in homes if hasattr(home, name)), name))


def heading(frame: SeriesFrame, title: str, summary: str) -> str:
    """The first cell: what the program is, what it learns from and how it is validated."""
    origin = (frame.origin, "") if frame.origin else ()
    return markdown_cell(f"# {title}", "", summary, "", *origin, frame.validation)


SHARED = ("Spread", "known_errors", "quantiles", "CalibratedForecaster")


def _imports(frame: SeriesFrame, model: ForecastCode) -> str:
    lines = [
        "from pathlib import Path",
        "import numpy as np",
        "import pandas as pd",
        "from scipy.stats import norm",
        "from threadpoolctl import threadpool_limits",
        *model.imports,
        *frame.metric.imports,
        *(["import mlflow"] if frame.server else []),
    ]
    return "# %%\n" + import_block(lines)


def shared_constants(frame: SeriesFrame) -> list[str]:
    """Lines of the constants that every program of an experiment has."""
    return [
        *([f"mlflow.set_tracking_uri({literal(frame.server)})"] if frame.server else []),
        f"DATA = {frame.data}  # the rows that the search saw",
        assign("TARGET", frame.target),
        assign("FOLDS", list(frame.fold_columns)) + "  # windows, the earliest first",
        f"FREQUENCY = {literal(frame.frequency)}",
        f"SEASON = {frame.season}  # rows",
        f"HORIZON = {frame.horizon}  # rows",
        assign("COVARIATES", list(frame.covariates)) + "  # known of the future",
        assign("STATIC", list(frame.static)) + "  # the same in all rows of a series",
        *(
            [assign("PAST_ONLY", list(frame.past_only)) + "  # not known of the future"]
            if frame.past_only
            else []
        ),
        assign("LEVELS", list(frame.levels)),
        assign("SEED", frame.seed),
        f"N_JOBS = {frame.n_jobs}  # the same number of threads gives the same sums",
    ]


def _parameters(frame: SeriesFrame) -> str:
    nodes = nodes_lines(frame)
    return "\n".join(
        ["# %%", *shared_constants(frame), *nodes, "", "_ = threadpool_limits(N_JOBS)"]
    )


def load_lines() -> list[str]:
    """Lines of ``load`` that read the rows."""
    return [
        "    data = pd.read_parquet(path)",
        f'    X = data.drop(columns=[TARGET, *FOLDS, "{SCALE_COLUMN}"])',
        "    y, folds = data[TARGET].to_numpy(dtype=float), data[FOLDS].to_numpy()",
        f'    by_series = data.groupby("{SERIES_COLUMN}", sort=False)',
        '    extent = by_series[TARGET].transform("max") - by_series[TARGET].transform("min")',
        f'    scale = np.column_stack([data["{SCALE_COLUMN}"], extent, by_series.ngroup()])',
    ]


def _load() -> str:
    return "\n".join(
        [
            "# %%",
            "def load(path=DATA):",
            '    """Rows by series and time, the target, windows, and scales.',
            "",
            "    In a window, 1 trains, 0 validates, -1 does neither. Scales are the seasonal",
            "    naive error of the series, their range, and their number.",
            '    """',
            *load_lines(),
            "    return X, y, folds, scale",
        ]
    )


def _build(model: ForecastCode, frame: SeriesFrame) -> str:
    body = str(model.forecaster).replace("\n", "\n    ")
    return "\n".join(
        [
            "# %%",
            f"def build_forecaster({'past=None' if learns_from_windows(frame) else ''}):",
            '    """The forecaster, not yet fitted."""',
            f"    return {body}",
        ]
    )


def _cross_validate(frame: SeriesFrame) -> str:
    past, found, begin, known, keep = "", "seen", [], [], []
    if learns_from_windows(frame):
        past, found = "known", "(seen, past)"
        begin = ["    past = None  # forecasts of earlier windows, beside what came"]
        known = [
            '        begin = X["ds"].iloc[valid].min()',
            '        known = None if past is None else past[past["ds"] < begin]',
        ]
        keep = ["        past = pd.concat([past, forecaster.told.assign(y=y[valid])])"]
    return "\n".join(
        [
            "# %%",
            "def cross_validate(X, y, folds, scale):",
            '    """Fit on what is before each window, the earliest first, and forecast it.',
            "",
            "    Quantiles know the errors in earlier rows alone, as they would have then.",
            '    """',
            "    errors = np.full(len(y), np.nan)  # in units of the spread",
            *begin,
            "    for fold in folds.T:",
            "        train, valid = np.flatnonzero(fold == 1), np.flatnonzero(fold == 0)",
            *known,
            f"        forecaster = build_forecaster({past}).fit(X.iloc[train], y[train])",
            "        spread = Spread(SEASON).fit(X.iloc[train], y[train]).of(X.iloc[valid])",
            "        point = forecaster.forecast(X.iloc[valid])",
            *keep,
            "        told = quantiles(point, spread, known_errors(errors[train]), LEVELS)",
            "        errors[valid] = seen = (y[valid] - point) / spread",
            f"        yield {found}, valid, told",
        ]
    )


def evaluate_cell(frame: SeriesFrame) -> str:
    """A cell that defines ``evaluate``: the metric of some rows."""
    return "\n".join(
        [
            "# %%",
            "def evaluate(y, valid, prediction, scale):",
            f'    """{frame.metric.name} of the forecasts for the rows `valid`."""',
            f"    return {frame.metric.function}(y[valid], prediction, scale[valid])",
        ]
    )


def _combine(frame: SeriesFrame) -> str:
    past, found, apart = "", "errors", []
    if learns_from_windows(frame):
        past, found = "past", "found"
        apart = ["    errors, past = [seen for seen, _ in found], found[-1][1]"]
    return "\n".join(
        [
            "# %%",
            f"def combine({found}, X, y):",
            '    """The forecaster of all rows, with quantiles from the errors in all windows."""',
            *apart,
            f"    forecaster = build_forecaster({past}).fit(X, y)",
            "    spread = Spread(SEASON).fit(X, y)",
            "    seen = known_errors(np.concatenate(errors))",
            "    return CalibratedForecaster(forecaster, spread, seen, LEVELS)",
        ]
    )


def _run(frame: SeriesFrame) -> str:
    return "\n".join(
        [
            "# %%",
            'if __name__ == "__main__":',
            "    X, y, folds, scale = load()",
            "    results = list(cross_validate(X, y, folds, scale))",
            "    scores = [evaluate(y, valid, told, scale) for _, valid, told in results]",
            f'    print(f"validation {frame.metric.name}: {{np.nanmean(scores):.9f}}'
            ' ± {np.nanstd(scores):.9f}")',
        ]
    )


def use_cell(*, left: bool = False) -> str:
    """Cells that make the model and ask it for the future; which series it could not be `left`."""
    note = (
        "    naive = left_to_naive(model)",
        "    if naive:",
        '        print(f"no model, but a seasonal naive: {len(naive)} series, as {naive[0]}")',
    )
    return "\n".join(
        [
            "# %% [markdown]",
            "# ## Use the model",
            "#",
            "# The run keeps this very model; after an edit above, `combine` makes another.",
            "",
            "# %%",
            'if __name__ == "__main__":',
            "    model = combine([found for found, _, _ in results], X, y)",
            *(note if left else ()),
            '    last = X.groupby("unique_id", sort=False).tail(1)  # covariates stay as they are',
            "    step = pd.tseries.frequencies.to_offset(FREQUENCY)",
            '    rows = [last.assign(ds=last["ds"] + k * step) for k in range(1, HORIZON + 1)]',
            '    future = pd.concat(rows).sort_values(["unique_id", "ds"], ignore_index=True)',
            '    print(pd.concat([future[["unique_id", "ds"]], model.predict(future)], axis=1))',
        ]
    )
