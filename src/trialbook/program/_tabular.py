"""The frame of a tabular trial: a program that a reader would have written by hand.

The engine runs this very text: it imports the program, calls `load`, steps through
`cross_validate` fold by fold, and calls `combine`. In a notebook the last cells do the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trialbook.data import SAMPLE_WEIGHT
from trialbook.program import _networks, _snippets, _transformers
from trialbook.program._chart_cells import CLASSIFICATION_CHARTS, LEARNING_CURVE, REGRESSION_CHARTS
from trialbook.program._code import Code, assign, import_block, literal, set_constant, source_of
from trialbook.program._features import FeatureCode, feature_code
from trialbook.program._needs import Columns, Preprocessing
from trialbook.program._versions import (
    ROW_COLUMN,
    TableCode,
    table_constants,
    table_imports,
    table_source,
    unused_constant,
)


@dataclass(frozen=True)
class ModelCode:
    """What a learner writes into a program.

    Parameters
    ----------
    estimator : Code
        Expression of the unfitted estimator. It may use ``SEED``, ``N_JOBS`` and
        ``N_CATEGORICAL``, the number of first columns that are category codes.
    imports : tuple of str
        Import lines that the estimator and `fit` need.
    preprocessing : Preprocessing
        What its features must look like.
    fit : str, optional
        Body of ``fit(pipeline, X, y, X_valid, y_valid, rounds, callbacks)`` for a learner that is
        trained in rounds; weighted programs have ``weight`` and ``weight_valid`` too. With
        ``rounds`` it must not learn from the validation rows. ``None`` for a learner that a plain
        ``pipeline.fit`` trains.
    weights : bool
        Whether it takes sample weights.
    weight_step : str
        Name of the fit argument of the pipeline that takes them.
    balance_rows : bool
        Whether rows must be weighted against the frequency of their class, for a learner that is
        to balance classes and has no option for it.
    snippets : tuple of str
        Names of classes in `trialbook.program._networks` that it uses, bases first.
    """

    estimator: Code
    imports: tuple[str, ...]
    preprocessing: Preprocessing
    fit: str | None = None
    weights: bool = True
    weight_step: str = "model__sample_weight"
    balance_rows: bool = False
    snippets: tuple[str, ...] = ()


@dataclass(frozen=True)
class MetricCode:
    """The metric of a program: a function's source and how it is called."""

    name: str
    function: str
    source: str
    imports: tuple[str, ...]
    greater_is_better: bool


@dataclass(frozen=True)
class Frame:
    """What all tabular trials of an experiment share.

    Parameters
    ----------
    experiment : str
        Name of the experiment.
    task : {"classification", "regression"}
    target : str
        Column to predict.
    classes : tuple
        Labels in sorted order; empty for regression.
    positive : int, optional
        Position of the positive class.
    columns : Columns
    fold_columns : tuple of str
        One column a fold: 1 trains, 0 validates, -1 does neither.
    validation : str
        One sentence on how trials are validated.
    weight : str, optional
        Column of sample weights.
    metric : MetricCode
    data : Code
        Expression of the path of the training table.
    seed : int
    n_jobs : int
        Threads that a trial may use.
    balance : bool
        Whether classes are weighted against their frequency.
    server : str, optional
        URI of the MLflow server that keeps the artifacts, when they are not beside the program.
    rows : int, optional
        How many first rows of a big table are used, if not all; all that validate are among them.
    table : TableCode, optional
        The version of a table that features are read from, by the position of the rows that
        `data` names; without one, `data` has the features, too.
    origin : str
        A sentence on the version of a table that was learned from, if it is one.
    """

    experiment: str
    task: Literal["classification", "regression"]
    target: str
    classes: tuple[str | int | float | bool, ...]
    positive: int | None
    columns: Columns
    fold_columns: tuple[str, ...]
    validation: str
    weight: str | None
    metric: MetricCode
    data: Code
    seed: int
    n_jobs: int
    balance: bool = False
    server: str | None = None
    rows: int | None = None
    table: TableCode | None = None
    origin: str = ""

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return self.task == "classification"


def tabular_program(
    frame: Frame, model: ModelCode, *, title: str, summary: str, refit: bool = False
) -> str:
    """Write the program of one trial.

    Parameters
    ----------
    frame : Frame
        What all trials share.
    model : ModelCode
        The learner's part.
    title, summary : str
        Heading of the notebook and the sentence below it.
    refit : bool
        Whether its model is one that is trained on all rows, in place of the folds' models. A
        program with rounds then needs to be told of ``ROUNDS``.

    Returns
    -------
    str
        Python source in percent format: ``# %%`` starts a cell.
    """
    regression = not frame.is_classification
    features = feature_code(frame.columns, model.preprocessing, regression=regression)
    weighted = frame.weight is not None and model.weights
    cells = [
        heading_cell(frame, title, summary),
        _imports(frame, model, features.imports),
        _parameters(frame, model, features),
        _load(frame, weighted=weighted),
        *("# %%\n" + _functions(names) for names in (features.snippets, model.snippets) if names),
        _pipeline(features.expression, model),
        _fit(model, weighted=weighted),
        _cross_validate(model, frame, weighted=weighted),
        "# %%\n" + frame.metric.source,
        evaluate_cell(frame),
        _combine(frame, "all_rows" if refit else "fold"),
        *([_refit(model, weighted=weighted)] if refit else []),
        markdown_cell("## Run", "", "Everything above only defines; the cells below do the work."),
        _run(frame, weighted=weighted),
        *_look(frame, _given(model, weighted=weighted)),
        _use(frame, f"refit({_loaded(weighted=weighted)})" if refit else None),
    ]
    return "\n\n".join(cell.rstrip() for cell in cells) + "\n"


def markdown_cell(*lines: str) -> str:
    """A cell of text."""
    return "# %% [markdown]\n" + "\n".join(f"# {line}".rstrip() for line in lines)


def heading_cell(frame: Frame, title: str, summary: str) -> str:
    """The first cell: what the program is, what it learns from and how it is validated."""
    origin = (frame.origin, "") if frame.origin else ()
    return markdown_cell(f"# {title}", "", summary, "", *origin, frame.validation)


_BALANCE_IMPORTS = ("from sklearn.utils.class_weight import compute_sample_weight",)


def _imports(frame: Frame, model: ModelCode, features: tuple[str, ...]) -> str:
    ensemble = "Classifier" if frame.is_classification else "Regressor"
    lines = [
        "from pathlib import Path",
        "import numpy as np",
        "import pandas as pd",
        f"from sklearn.ensemble import Voting{ensemble}",
        "from sklearn.frozen import FrozenEstimator",
        "from sklearn.pipeline import Pipeline",
        "from threadpoolctl import threadpool_limits",
        *model.imports,
        *(_BALANCE_IMPORTS if model.balance_rows else ()),
        *features,
        *frame.metric.imports,
        *(["import mlflow"] if frame.server else []),
        *load_imports(frame),
    ]
    return "# %%\n" + import_block(lines)


_DATA = ("the rows that the search saw", "which rows, and their folds")


def shared_constants(frame: Frame) -> list[str]:
    """Lines of the constants that every program of an experiment has."""
    lines = [
        *([f"mlflow.set_tracking_uri({literal(frame.server)})"] if frame.server else []),
        *(table_constants(frame.table) if frame.table else []),
        f"DATA = {frame.data}  # {_DATA[frame.table is not None]}",
        assign("TARGET", frame.target),
        assign("FOLDS", list(frame.fold_columns)),
    ]
    if frame.rows is not None:
        lines.append(f"ROWS = {frame.rows}  # first rows: all that validate, some that train")
    if frame.is_classification:
        lines.append(assign("CLASSES", list(frame.classes)))
        if frame.positive is not None:
            lines.append(f"POSITIVE = {frame.positive}  # position of the positive class")
    if frame.weight is not None:
        sampled = [
            "# Only some rows of the largest class train. Each weighs as much as those that"
        ]
        sampled += ["# it stands for, so that probabilities stay those of all rows."]
        lines += sampled if frame.weight == SAMPLE_WEIGHT else []
        lines.append(assign("WEIGHT", frame.weight))
    if frame.table is not None:
        lines += unused_constant(frame.table)
    return [
        *lines,
        assign("SEED", frame.seed),
        f"N_JOBS = {frame.n_jobs}  # the same number of threads gives the same sums",
    ]


def load_imports(frame: Frame) -> list[str]:
    """Import lines that `load_lines` need besides those of every program."""
    if frame.table is not None:
        return table_imports()
    return [] if frame.rows is None else ["import pyarrow.parquet as pq"]


def load_lines(frame: Frame) -> list[str]:
    """Lines of ``load`` that read the table and tell features from target."""
    if frame.is_classification:
        target = "pd.Categorical(data[TARGET], categories=CLASSES).codes.astype(int)"
    else:
        target = "data[TARGET].to_numpy(dtype=float)"
    common = [f"    y = {target}", "    folds = data[FOLDS].to_numpy()"]
    if frame.table is not None:
        drop = "[TARGET, *UNUSED]" if frame.table.unused else "[TARGET]"
        return [
            "    data = pd.read_parquet(path)",
            f'    table = read_version(TABLE, VERSION, TABLE_ID).iloc[data["{ROW_COLUMN}"]]',
            f"    X = table.drop(columns={drop}).reset_index(drop=True)",
            *common,
        ]
    drop = "[TARGET, *FOLDS, WEIGHT]" if frame.weight is not None else "[TARGET, *FOLDS]"
    read = "pd.read_parquet(path)"
    if frame.rows is not None:
        read = "next(pq.ParquetFile(path).iter_batches(ROWS)).to_pandas()"
    return [
        f"    data = {read}",
        f"    X = data.drop(columns={drop})",
        *common,
    ]


def load_cell(frame: Frame, lines: Sequence[str]) -> str:
    """A cell that defines ``load``, after one with what it reads a table with."""
    reader = f"# %%\n{table_source()}\n\n" if frame.table is not None else ""
    return f"{reader}# %%\n" + "\n".join(lines)


def with_first_folds(program: str, folds: Sequence[str], n_folds: int) -> str:
    """Leave out all but the first folds of a program, as `load_lines` wrote it.

    Parameters
    ----------
    program : str
        Source text.
    folds : sequence of str
        Its columns of folds.
    n_folds : int
        How many of them it keeps; the others are no features either.

    Returns
    -------
    str
    """
    kept = set_constant(program, "FOLDS", list(folds[:n_folds]))
    dropped = ", ".join(["*FOLDS", *map(literal, folds[n_folds:])])
    return kept.replace("*FOLDS", dropped, 1)


def _parameters(frame: Frame, model: ModelCode, features: FeatureCode) -> str:
    lines = shared_constants(frame)
    if model.fit is not None:
        lines.append("ROUNDS = None  # per fold; None finds them by early stopping")
    if "N_CATEGORICAL" in f"{features.expression}{model.estimator}{model.fit}":
        count = features.n_categorical
        lines.append(f"N_CATEGORICAL = {count}  # first columns that are category codes")
    lines.append("")
    lines += [assign(name, names) for name, names in features.constants]
    lines += ["", "_ = threadpool_limits(N_JOBS)"]
    return "# %%\n" + "\n".join(lines).replace("\n\n\n", "\n\n")


def _load(frame: Frame, *, weighted: bool) -> str:
    lines = [
        "def load(path=DATA):",
        '    """Features, target and folds: in a fold, 1 trains, 0 validates, -1 does neither."""',
        *load_lines(frame),
    ]
    if weighted:
        lines.append("    weight = data[WEIGHT].to_numpy(dtype=float)")
    lines.append(f"    return {_loaded(weighted=weighted)}")
    return load_cell(frame, lines)


def _loaded(*, weighted: bool) -> str:
    """Source of what ``load`` returns, and other functions take."""
    return "X, y, folds, weight" if weighted else "X, y, folds"


def _functions(names: tuple[str, ...]) -> str:
    homes = (_snippets, _transformers, _networks)
    found = [next(getattr(home, name) for home in homes if hasattr(home, name)) for name in names]
    return "\n\n\n".join(source_of(one) for one in found)


def _pipeline(features: Code, model: ModelCode) -> str:
    body = [
        "# %%",
        "def build_pipeline():",
        '    """Features and model, not yet fitted."""',
        "    features = " + str(features).replace("\n", "\n    "),
        "    model = " + str(model.estimator).replace("\n", "\n    "),
        '    return Pipeline([("features", features), ("model", model)])',
    ]
    return "\n".join(body)


def _fit(model: ModelCode, *, weighted: bool) -> str:
    if model.fit is None:
        given = ", weight" if weighted else ""
        balance = []
        if model.balance_rows:
            times = "weight * " if weighted else ""
            balance = [f'    weight = {times}compute_sample_weight("balanced", y)']
        passed = f", {model.weight_step}=weight" if weighted or balance else ""
        return "\n".join(
            [
                "# %%",
                f"def fit(pipeline, X, y{given}):",
                '    """Train on the rows of one fold."""',
                *balance,
                f"    return pipeline.fit(X, y{passed})",
            ]
        )
    given = "weight, weight_valid, " if weighted else ""
    return "\n".join(
        [
            "# %%",
            f"def fit(pipeline, X, y, X_valid, y_valid, {given}rounds=None, callbacks=()):",
            '    """Train on one fold; without `rounds`, stop early on its validation rows."""',
            *(f"    {line}".rstrip() for line in model.fit.strip("\n").split("\n")),
        ]
    )


def _cross_validate(model: ModelCode, frame: Frame, *, weighted: bool) -> str:
    given = ", weight" if weighted else ""
    predict = "predict_proba" if frame.is_classification else "predict"
    lines = ["# %%"]
    if model.fit is None:
        lines += [
            f"def cross_validate(X, y, folds{given}):",
            '    """Train on each fold and predict its validation rows, one fold at a time."""',
            "    for fold in folds.T:",
            "        train, valid = np.flatnonzero(fold == 1), np.flatnonzero(fold == 0)",
            "        model = fit(build_pipeline(), X.iloc[train], y[train]"
            + (", weight[train])" if weighted else ")"),
        ]
    else:
        passed = "        weight[train], weight[valid]," if weighted else ""
        lines += [
            f"def cross_validate(X, y, folds{given}, rounds=ROUNDS, callbacks=()):",
            '    """Train on each fold and predict its validation rows, one fold at a time."""',
            "    for fold, n_rounds in zip(folds.T, rounds or [None] * len(FOLDS)):",
            "        train, valid = np.flatnonzero(fold == 1), np.flatnonzero(fold == 0)",
            "        rows = X.iloc[train], y[train], X.iloc[valid], y[valid]",
            *(["        weights = weight[train], weight[valid]"] if passed else []),
            "        model = fit(build_pipeline(), *rows, "
            + ("*weights, " if passed else "")
            + "n_rounds, callbacks)",
        ]
    lines.append(f"        yield model, valid, model.{predict}(X.iloc[valid])")
    return "\n".join(lines)


def metric_call(frame: Frame, y: str, prediction: str) -> str:
    """Source of the call of the metric on given rows."""
    if not frame.is_classification:
        return f"{frame.metric.function}({y}, {prediction})"
    positive = "POSITIVE" if frame.positive is not None else "None"
    return f"{frame.metric.function}({y}, {prediction}, {positive})"


def evaluate_cell(frame: Frame) -> str:
    """A cell that defines ``evaluate``: the metric of some rows."""
    return "\n".join(
        [
            "# %%",
            "def evaluate(y, valid, prediction):",
            f'    """{frame.metric.name} of the predictions for the rows `valid`."""',
            f"    return {metric_call(frame, 'y[valid]', 'prediction')}",
        ]
    )


def _combine(frame: Frame, prefix: str) -> str:
    voters = f'[(f"{prefix}_{{i}}", FrozenEstimator(model)) for i, model in enumerate(models)]'
    lines = [
        "# %%",
        "def combine(models, X, y):",
        '    """One model that averages the predictions of all these models."""',
        f"    voters = {voters}",
    ]
    if frame.is_classification:
        lines += [
            '    vote = VotingClassifier(voters, voting="soft")',
            "    return vote.fit(X, np.array(CLASSES)[y])",
        ]
    else:
        lines.append("    return VotingRegressor(voters).fit(X, y)")
    return "\n".join(lines)


def _refit(model: ModelCode, *, weighted: bool) -> str:
    lines = [
        "# %%",
        f"def refit({_loaded(weighted=weighted)}):",
        '    """One model that is trained on all rows; the folds\' models only give the score."""',
        "    rows = np.flatnonzero((folds >= 0).any(axis=1))  # -1 everywhere: no fold uses it",
        "    X, y = X.iloc[rows], y[rows]",
    ]
    if model.fit is None:
        given = ", weight[rows]" if weighted else ""
        lines.append(f"    model = fit(build_pipeline(), X, y{given})")
    else:
        given = "weight[rows], weight[rows], " if weighted else ""
        lines += [
            "    rounds = max(1, round(np.mean(ROUNDS)))  # what folds took on average",
            f"    model = fit(build_pipeline(), X, y, X, y, {given}rounds)",
        ]
    return "\n".join([*lines, "    return combine([model], X, y)"])


def _run(frame: Frame, *, weighted: bool) -> str:
    loaded = _loaded(weighted=weighted)
    return "\n".join(
        [
            "# %%",
            'if __name__ == "__main__":',
            f"    {loaded} = load()",
            f"    results = list(cross_validate({loaded}))",
            "    scores = [evaluate(y, valid, prediction) for _, valid, prediction in results]",
            f'    print(f"validation {frame.metric.name}: {{np.nanmean(scores):.9f}}'
            ' ± {np.nanstd(scores):.9f}")',
        ]
    )


def chart_cell(frame: Frame) -> str:
    """A cell that draws how the model errs on the validation rows of all folds."""
    chart = CLASSIFICATION_CHARTS if frame.is_classification else REGRESSION_CHARTS
    if frame.positive is None:
        chart = chart.replace("[POSITIVE]", "np.bincount(truth).argsort()[::-1][:5]")
    return "# %%\n" + chart


def _given(model: ModelCode, *, weighted: bool) -> str:
    """Source of what ``cross_validate`` takes after the folds, to train anew."""
    return (", weight" if weighted else "") + ("" if model.fit is None else ", rounds=None")


def _look(frame: Frame, given: str) -> list[str]:
    """Cells that draw the predictions and, on request, the learning curve and what matters.

    `given` is the source of further arguments of ``cross_validate``.
    """
    predict = "predict_proba" if frame.is_classification else "predict"
    sign = "" if frame.metric.greater_is_better else "-"
    scoring = sign + metric_call(frame, "y", f"model.{predict}(X)")
    explain = [
        "# %%",
        "EXPLAIN = False  # True measures how much each column matters (takes a while)",
        'if __name__ == "__main__" and EXPLAIN:',
        "    from sklearn.inspection import permutation_importance",
        "",
        "    model, valid, _ = results[0]",
        "    sample = valid[:1000]",
        "",
        "    def score(model, X, y):",
        f"        return {scoring}",
        "",
        "    importance = permutation_importance(",
        "        model, X.iloc[sample], y[sample], scoring=score, random_state=SEED",
        "    )",
        "    measured = {",
        '        "importance": importance.importances_mean,',
        '        "std": importance.importances_std,',
        "    }",
        "    table = pd.DataFrame(measured, index=X.columns)",
        '    print(table.sort_values("importance", ascending=False))',
    ]
    learning = "# %%\n" + LEARNING_CURVE.replace("GIVEN", given)
    return [chart_cell(frame), learning, "\n".join(explain), _shapley(predict)]


def _shapley(predict: str) -> str:
    """A cell that explains some predictions on request, for any learner."""
    return "\n".join(
        [
            "# %%",
            "SHAPLEY = False  # True explains some predictions, column by column (takes a while)",
            'if __name__ == "__main__" and SHAPLEY:',
            "    model, valid, _ = results[0]",
            "    rows = X.iloc[valid[:100]].reset_index(drop=True)",
            "    rng, n_orders = np.random.default_rng(SEED), 10",
            "    values = {column: 0.0 for column in X}",
            "    for _ in range(n_orders):  # other rows become these, one column after the other",
            "        mixed = X.iloc[rng.choice(valid, len(rows))].reset_index(drop=True)",
            f"        told = model.{predict}(mixed)",
            "        for column in rng.permutation(X.columns):",
            "            mixed[column] = rows[column]",
            f"            before, told = told, model.{predict}(mixed)",
            "            values[column] += (told - before) / n_orders",
            "    size = {column: np.abs(moved).mean() for column, moved in values.items()}",
            '    print("mean size of Shapley values of predictions")',
            "    print(pd.Series(size).sort_values(ascending=False))",
        ]
    )


def _use(frame: Frame, refit: str | None) -> str:
    predict = "predict_proba" if frame.is_classification else "predict"
    made = refit or "combine([model for model, _, _ in results], X, y)"
    function = "refit" if refit else "combine"
    return "\n".join(
        [
            "# %% [markdown]",
            "# ## Use the model",
            "#",
            f"# The run keeps this very model; after an edit above, `{function}` makes another.",
            "# To put an edited notebook on the leaderboard, run `trialbook rerun NOTEBOOK`.",
            "",
            "# %%",
            'if __name__ == "__main__":',
            f"    model = {made}",
            "    print(model.predict(X.head()))",
            f'    # mlflow.sklearn.load_model("../model").{predict}(X) gives the same answers',
        ]
    )
