"""Every learner of the core, with all its starts, from raw columns to answers."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from trialbook.data import Column, Schema, Semantic
from trialbook.evaluation import metric
from trialbook.learners import IterativeLearner, all_learners, installed
from trialbook.learners import _forest as forest
from trialbook.models.onnx import compare, to_onnx
from trialbook.program import Code, Columns, Frame, MetricCode, import_program, tabular_program
from trialbook.tasks import Table

pytestmark = pytest.mark.filterwarnings("ignore")

N_ROWS, N_TRAIN = 260, 160
TASKS: dict[str, tuple[Any, ...]] = {"two": (0, 1), "three": ("high", "low", "mid"), "number": ()}
COLUMNS = Columns(
    numeric=("size", "level"),
    categorical={"job": 4, "zip": 40, "code": 5, "flag": 2},
    coded=("code",),
    datetime={"day": "%Y-%m-%d", "seen": None},
    timed=("seen",),
    text=("note",),
)
KINDS = {
    "size": ("number", Semantic.NUMERIC),
    "level": ("number", Semantic.NUMERIC),
    "job": ("string", Semantic.CATEGORICAL),
    "zip": ("string", Semantic.CATEGORICAL),
    "code": ("number", Semantic.CATEGORICAL),
    "flag": ("bool", Semantic.BOOLEAN),
    "day": ("string", Semantic.DATETIME),
    "seen": ("datetime", Semantic.DATETIME),
    "note": ("string", Semantic.TEXT),
}
WORDS = [a + b for a in ("ba", "lo", "mi", "tu") for b in ("ng", "st", "rd")]


@functools.cache
def table(classes: tuple[Any, ...]) -> pd.DataFrame:
    """Columns of all kinds; the last rows have what training never met."""
    rng = np.random.default_rng(7)
    days = pd.date_range("2024-01-01", periods=N_ROWS)
    flag = rng.random(N_ROWS) < 0.5
    data = pd.DataFrame(
        {
            "size": rng.normal(size=N_ROWS),
            "level": rng.integers(0, 9, N_ROWS).astype(float),
            "job": rng.choice(["nurse", "cook", "smith", "clerk"], N_ROWS),
            "zip": [f"z{i % 40}" for i in range(N_ROWS)],
            "code": rng.integers(0, 5, N_ROWS).astype(float),
            "flag": flag.astype(object),
            "day": days.strftime("%Y-%m-%d"),
            "seen": pd.date_range("2024-01-01", periods=N_ROWS, freq="7h"),
            "note": [" ".join(rng.choice(WORDS, 5)) for _ in range(N_ROWS)],
        }
    )
    signal = 2 * data["size"] + data["job"].map({"nurse": 1.5, "cook": -1.5}).fillna(0)
    signal += 0.8 * flag
    for column in ("level", "job", "day", "note"):
        data.loc[rng.random(N_ROWS) < 0.1, column] = np.nan
    last = data.index[-4:]
    data.loc[last, "job"] = ["astronaut", np.nan, "cook", "nurse"]
    data.loc[last, "code"] = [99.0, np.nan, 1.0, 2.0]
    data.loc[last, "flag"] = [None, True, None, False]
    data.loc[last, "size"] = [np.nan, 1e6, -1e6, 0.0]
    data.loc[last, "day"] = ["no date", np.nan, "2031-01-01", "2024-01-05"]
    data.loc[last, "seen"] = [pd.NaT, *days[:3]]
    data.loc[last, "note"] = ["entirely new words", np.nan, "bang", "lost"]
    codes = pd.qcut(signal, len(classes), labels=False) if classes else None
    data["y"] = signal if codes is None else [classes[i] for i in codes]
    fold = np.where(np.arange(N_ROWS) < N_TRAIN, 1, np.where(data.index < 200, 0, -1))
    data["fold"] = fold.astype("int8")
    return data


def schema(classes: tuple[Any, ...]) -> Schema:
    columns = tuple(
        Column(name, meaning, kind, "", 0, 0, None, COLUMNS.datetime.get(name))
        for name, (kind, meaning) in KINDS.items()
    )
    task = "classification" if classes else "regression"
    return Schema(task, "y", classes, None, columns)


def facts(classes: tuple[Any, ...]) -> Table:
    return Table(
        task="classification" if classes else "regression",
        n_rows=N_TRAIN,
        n_folds=1,
        n_classes=len(classes),
        columns=COLUMNS,
        n_features=80,
        metric="accuracy" if classes else "rmse",
        n_jobs=1,
        smallest_class=N_TRAIN // max(1, len(classes)) - 5,
    )


def trained(key: str, params: Any, classes: tuple[Any, ...], folder: Path) -> tuple[Any, Any]:
    """The model of a program that was written and run, and rows to ask it about."""
    path = folder / "data.parquet"
    data = table(classes)
    data.to_parquet(path)
    known = facts(classes)
    chosen = metric(known.metric, known.task, known.n_classes)
    frame = Frame(
        experiment="contract",
        task=known.task,
        target="y",
        classes=classes,
        positive=classes[1] if len(classes) == 2 else None,
        columns=COLUMNS,
        fold_columns=("fold",),
        validation="One fold.",
        weight=None,
        metric=MetricCode(
            chosen.name,
            chosen.function.__name__,
            inspect.getsource(chosen.function).rstrip(),
            chosen.imports,
            chosen.greater_is_better,
        ),
        data=Code(f'Path("{path.as_posix()}")'),
        seed=0,
        n_jobs=1,
        balance=False,
    )
    code = all_learners()[key].code(params, known)
    script = folder / "trial.py"
    script.write_text(tabular_program(frame, code, title="A", summary="B."), encoding="utf-8")
    module = import_program(script, "trial_of_onnx")
    X, y, *rest = module.load()
    models = [model for model, _, _ in module.cross_validate(X, y, *rest)]
    return module.combine(models, X, y), data[list(KINDS)]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Few rounds and trees, and one thread: the models are tiny."""
    for learner in all_learners().values():
        module = sys.modules[type(learner).__module__]
        if hasattr(module, "MAX_ROUNDS") and isinstance(learner, IterativeLearner):
            monkeypatch.setattr(module, "MAX_ROUNDS", 25)
    monkeypatch.setattr(forest, "TREES", ((1_000_000, 15),))
    monkeypatch.setattr(forest, "FEWEST_TREES", 15)
    with threadpool_limits(1):
        yield


def starts() -> list[Any]:
    """Every start of every learner of the core, for every task that it does."""
    return [
        pytest.param(key, task, start.params, id=f"{key}-{task}-{start.name}")
        for key, learner in all_learners().items()
        for task, classes in TASKS.items()
        if learner.extra is None and installed(learner)
        if ("classification" if classes else "regression") in learner.tasks
        for start in learner.starts(facts(classes))
    ]


@pytest.mark.parametrize(("key", "task", "params"), starts())
def test_a_start_answers_in_onnx_as_in_python(
    key: str, task: str, params: Any, tmp_path: Path
) -> None:
    classes = TASKS[task]
    model, X = trained(key, params, classes, tmp_path)
    described = schema(classes)
    proto = to_onnx(model, described)
    asked = SimpleNamespace(estimator=model, is_classification=bool(classes), schema=described)
    parity = compare(asked, proto, X)  # type: ignore[arg-type]
    assert parity.holds, parity
    assert parity.n_rows == N_ROWS
    # Rows on a threshold are rare, but where a learner sums columns that are sums of one another.
    if key != "lasso_lars":
        assert parity.n_over <= N_ROWS // 10, parity
        assert parity.typical_difference < 1e-5 * max(1.0, parity.tolerance / 1e-4), parity
