"""What every learner must keep to, whichever task and configuration.

The tables are small and easy and have columns of every kind, so that the programs, not the
algorithms, are what is tried.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import cloudpickle
import numpy as np
import pandas as pd
import pytest

from trialbook.evaluation import metric
from trialbook.learners import (
    Choice,
    Deadline,
    Float,
    Int,
    IterativeLearner,
    Learner,
    installed,
)
from trialbook.learners import _forest as forest
from trialbook.learners import all_learners as learners_of_all_tasks
from trialbook.learners._base import Params
from trialbook.learners._selection import MIN_COLUMNS, USUAL
from trialbook.models import features_of
from trialbook.orders import OFF, Imputer, Orders, read_parameters
from trialbook.program import (
    Code,
    Columns,
    Frame,
    MetricCode,
    import_program,
    set_constant,
    tabular_program,
)
from trialbook.tasks import Table


def all_learners() -> dict[str, Learner]:
    """Those of tables; learners of series keep to a contract of their own (`series/`)."""
    every = learners_of_all_tasks().items()
    return {key: one for key, one in every if "forecasting" not in one.tasks}


ITERATIVE = [key for key, one in all_learners().items() if isinstance(one, IterativeLearner)]

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.filterwarnings("ignore:Regressors in active set"),
    pytest.mark.filterwarnings("ignore:Early stopping the lars path"),
]

N_ROWS, N_FOLDS = 240, 2
TASKS = {"binary": 2, "multiclass": 4, "regression": 0}
PUBLIC = {
    "matplotlib",
    *("catboost", "copy", "itertools", "lightgbm", "numpy", "pandas", "pathlib", "sklearn"),
    *("rtdl_num_embeddings", "skrub", "tabm", "threadpoolctl", "torch", "warnings", "xgboost"),
}
COLUMNS = Columns(
    numeric=("size", "level"),
    categorical={"job": 4, "zip": 40, "code": 5, "flag": 2},
    coded=("code",),
    datetime={"day": "%Y-%m-%d", "seen": None},
    timed=("seen",),
    text=("note",),
)
WORDS = np.array([a + b for a in ("ba", "lo", "mi", "tu", "re", "ko") for b in ("ng", "st", "rd")])


def easy_data(n_classes: int, n_rows: int = N_ROWS) -> pd.DataFrame:
    """Columns of all kinds, of which three tell the target."""
    rng = np.random.default_rng(7)
    data = pd.DataFrame(
        {
            "size": rng.normal(size=n_rows),
            "level": rng.integers(0, 9, n_rows).astype(float),
            "job": rng.choice(["nurse", "cook", "smith", "clerk"], n_rows),
            "zip": [f"z{i % 40}" for i in range(n_rows)],
            "code": rng.integers(0, 5, n_rows),
            "flag": rng.random(n_rows) < 0.5,
            "day": pd.Series(pd.date_range("2024-01-01", periods=n_rows)).dt.strftime("%Y-%m-%d"),
            "seen": pd.date_range("2024-01-01", periods=n_rows, freq="7h"),
            "note": [" ".join(rng.choice(WORDS, 5)) for _ in range(n_rows)],
            "weight": rng.uniform(0.5, 2.0, n_rows),
        }
    )
    signal = 2 * data["size"] + data["job"].map({"nurse": 1.5, "cook": -1.5}).fillna(0)
    signal += 0.8 * data["flag"]
    for column in ("level", "job", "day", "note"):
        data.loc[rng.random(n_rows) < 0.1, column] = np.nan
    data["y"] = pd.qcut(signal, n_classes, labels=False) if n_classes else signal
    for fold in range(N_FOLDS):
        data[f"__fold_{fold}"] = (np.arange(n_rows) % N_FOLDS != fold).astype("int8")
    return data


def unseen_rows(data: pd.DataFrame) -> pd.DataFrame:
    """Rows with categories, dates and words that training never met, and with missing values."""
    rows = (
        data.drop(columns=["y", *(f"__fold_{i}" for i in range(N_FOLDS)), "weight"]).head(4).copy()
    )
    rows["job"] = ["astronaut", np.nan, "cook", "nurse"]
    rows["zip"] = ["elsewhere", "z1", np.nan, "z2"]
    rows["code"] = [99.0, 1.0, np.nan, 2.0]
    rows["flag"] = pd.Series([True, None, False, True], dtype=object)
    rows["size"] = [np.nan, 1e6, -1e6, 0.0]
    rows["day"] = ["not a date", np.nan, "2031-01-01", "2024-01-05"]
    rows["seen"] = [pd.NaT, *rows["seen"].iloc[1:]]
    rows["note"] = ["entirely new words", np.nan, "", "bang"]
    return rows


def easy_table(n_classes: int, **changes: object) -> Table:
    task = "classification" if n_classes else "regression"
    facts = Table(
        task=task,
        n_rows=N_ROWS // N_FOLDS,
        n_folds=N_FOLDS,
        n_classes=n_classes,
        columns=COLUMNS,
        n_features=80,
        metric="accuracy" if n_classes else "rmse",
        n_jobs=1,
        smallest_class=N_ROWS // N_FOLDS // max(1, n_classes) - 2,
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def write(
    learner: Learner,
    params: Params,
    table: Table,
    folder: Path,
    data: pd.DataFrame,
    *,
    refit: bool = False,
) -> str:
    """The program of one configuration, and the data that it reads."""
    path = folder / "data.parquet"
    if not path.exists():
        data.to_parquet(path)
    chosen = metric(table.metric, table.task, table.n_classes)
    frame = Frame(
        experiment="contract",
        task="classification" if table.is_classification else "regression",
        target="y",
        classes=tuple(range(table.n_classes)),
        positive=1 if table.n_classes == 2 else None,
        columns=table.columns,
        fold_columns=tuple(f"__fold_{i}" for i in range(N_FOLDS)),
        validation="Two folds.",
        weight="weight" if table.weighted else None,
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
        balance=table.balance,
    )
    code = learner.code(params, table)
    source = tabular_program(frame, code, title="A trial", summary="Tried.", refit=refit)
    # `load` leaves out what is no feature; without weights that column is one more of those.
    return (
        source
        if table.weighted
        else source.replace("[TARGET, *FOLDS]", '[TARGET, *FOLDS, "weight"]')
    )


def load(source: str, folder: Path) -> ModuleType:
    path = folder / "trial.py"
    path.write_text(source, encoding="utf-8")
    return import_program(path, "trial_of_contract")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rounds and trees: what is tried is the program, not the accuracy."""
    for learner in all_learners().values():
        module = sys.modules[type(learner).__module__]
        if hasattr(module, "MAX_ROUNDS") and isinstance(learner, IterativeLearner):
            monkeypatch.setattr(module, "MAX_ROUNDS", 30)
    monkeypatch.setattr(forest, "TREES", ((1_000_000, 20),))


def runnable(key: str) -> list[pytest.MarkDecorator]:
    """Marks that skip what runs a learner whose package is not installed."""
    learner = all_learners()[key]
    reason = f"{learner.requires} is not installed (extra {learner.extra})"
    return [pytest.mark.skipif(not installed(learner), reason=reason)]


def combinations(*, run: bool = True) -> list[object]:
    """Every learner with every task that it does; unless it is to run, without its package."""
    return [
        pytest.param(key, task, id=f"{key}-{task}", marks=runnable(key) if run else [])
        for key, learner in all_learners().items()
        for task, n_classes in TASKS.items()
        if ("classification" if n_classes else "regression") in learner.tasks
    ]


def all_starts() -> list[object]:
    """Every start of every learner for every task."""
    return [
        pytest.param(key, task, position, id=f"{key}-{task}-{start.name}", marks=runnable(key))
        for key, task in (param.values for param in combinations())  # type: ignore[attr-defined]
        for position, start in enumerate(all_learners()[key].starts(easy_table(TASKS[task])))
    ]


def scores_of(module: ModuleType) -> tuple[list[float], list[np.ndarray], list[object]]:
    loaded = module.load()
    results = list(module.cross_validate(*loaded))
    scores = [module.evaluate(loaded[1], valid, prediction) for _, valid, prediction in results]
    return scores, [prediction for _, _, prediction in results], [model for model, _, _ in results]


@pytest.mark.parametrize(("key", "task", "position"), all_starts())
def test_a_start_writes_a_public_program_that_learns_and_repeats(
    key: str, task: str, position: int, tmp_path: Path
) -> None:
    learner, n_classes = all_learners()[key], TASKS[task]
    table, data = easy_table(n_classes), easy_data(n_classes)
    source = write(learner, learner.starts(table)[position].params, table, tmp_path, data)
    compile(source, "trial.py", "exec")
    assert imported(source) <= PUBLIC

    module = load(source, tmp_path)
    scores, predictions, models = scores_of(module)
    if n_classes:
        assert np.mean(scores) > data["y"].value_counts(normalize=True).max() + 0.03
        assert all(prediction.shape[1] == n_classes for prediction in predictions)
        assert all(np.allclose(prediction.sum(axis=1), 1) for prediction in predictions)
    else:
        assert np.mean(scores) < 0.97 * data["y"].std()
    _, _, again = next(load(source, tmp_path).cross_validate(*module.load()))
    np.testing.assert_array_equal(again, predictions[0])

    if isinstance(learner, IterativeLearner):
        rounds = [learner.rounds(model[-1]) for model in models]
        assert all(1 <= count <= 30 for count in rounds)
        fixed = load(set_constant(source, "ROUNDS", rounds), tmp_path)
        _, repeated, _ = scores_of(fixed)
        for first, second in zip(predictions, repeated):
            np.testing.assert_allclose(second, first, rtol=0, atol=1e-9)


@pytest.mark.parametrize("extras", [{}, {"weighted": True, "balance": True}])
@pytest.mark.parametrize("key", [pytest.param(key, marks=runnable(key)) for key in all_learners()])
def test_one_model_of_all_rows_takes_the_place_of_the_folds_models(
    key: str, extras: dict[str, bool], tmp_path: Path
) -> None:
    learner = all_learners()[key]
    n_classes = 2 if "classification" in learner.tasks else 0
    if extras and not n_classes:
        extras = {"weighted": True}
    table, data = easy_table(n_classes, **extras), easy_data(n_classes)
    params = learner.starts(table)[0].params
    source = write(learner, params, table, tmp_path, data, refit=True)
    if isinstance(learner, IterativeLearner):
        source = set_constant(source, "ROUNDS", [3, 6])
    module = load(source, tmp_path)
    loaded = module.load()
    model = module.refit(*loaded)
    (voter,) = model.estimators_
    if isinstance(learner, IterativeLearner):
        assert 1 <= learner.rounds(voter.estimator[-1]) <= round(4.5)
    predicted = model.predict(loaded[0])
    assert predicted.shape == (len(data),)
    if n_classes:
        assert (predicted == data["y"]).mean() > 0.55
    else:
        assert np.std(predicted - data["y"]) < 0.97 * data["y"].std()


FILLED = {
    "size": Imputer(strategy="mean"),
    "level": Imputer(strategy="constant", fill_value=0.5),
    "job": Imputer(strategy="most_frequent"),
    "zip": Imputer(strategy="constant", fill_value="nowhere"),
    "code": Imputer(strategy="constant", fill_value=7.0),
    "flag": Imputer(strategy="constant", fill_value="True"),
    "day": Imputer(strategy="median"),
    "seen": Imputer(strategy="constant", fill_value="2024-01-01T00:00:00"),
}
TOLD = {
    "tfidf": [{"fields": ["note"], "parameters": {"ngram_range": [1, 3], "max_features": 40}}],
    "hash_one_hot": {"number_of_bits": 3},
    "one_hot": {"max_levels": 3, "min_frequency": 2},
    "target_encoding": {"smooth": 5.0},
    "topics": {"n_components": 4},
}
ORDERS = {
    "nothing": Orders(),
    "off": Orders(blocked=OFF),
    "codes and counts": Orders(
        blocked=frozenset({"one_hot", "target_encoding", "hash_one_hot", "tfidf"})
    ),
    "one-hot and TF-IDF": Orders(
        blocked=frozenset({"codes", "target_encoding", "words", "topics", "dates"})
    ),
    "hashes": Orders(blocked=frozenset({"codes", "target_encoding", "one_hot"})),
    "filled": Orders(imputers=FILLED, hashed=frozenset({"zip"})),
    "told": Orders(parameters=read_parameters(TOLD), language="zh", hashed=frozenset({"code"})),
}


@pytest.mark.parametrize("asked", ORDERS)
@pytest.mark.parametrize("key", [pytest.param(key, marks=runnable(key)) for key in all_learners()])
def test_what_is_asked_of_the_features_is_kept_to(key: str, asked: str, tmp_path: Path) -> None:
    learner, orders = all_learners()[key], ORDERS[asked]
    n_classes = 2 if "classification" in learner.tasks else 0
    texts = COLUMNS.text if orders.allows("tfidf") or orders.allows("words") else ()
    columns = replace(COLUMNS, orders=orders, text=texts)
    table, data = easy_table(n_classes, columns=columns), easy_data(n_classes)
    source = write(learner, learner.starts(table)[0].params, table, tmp_path, data)
    for name, function in MADE_WITH.items():
        assert orders.allows(name) or function not in source
    assert imported(source) <= PUBLIC
    module = load(source, tmp_path)
    X, y, folds = module.load()
    model, valid, prediction = next(iter(module.cross_validate(X, y, folds)))
    assert np.isfinite(prediction).all()
    assert len(prediction) == len(valid)
    assert len(model.predict(unseen_rows(data))) == 4
    # Every feature is known by its columns.
    features = features_of(model)
    assert len(features) == model[:-1].transform(X.head()).shape[1]
    assert {parent for one in features for parent in one.parents} == set(X) - {*COLUMNS.text} | {
        *texts
    }


# What a program that has a transformer calls.
MADE_WITH = {
    "codes": "OrdinalEncoder(",
    "target_encoding": "TargetEncoder(",
    "hash_one_hot": "buckets",
    "tfidf": "Tfidf",
    "words": "CountVectorizer",
    "topics": "StringEncoder",
    "dates": "weekday",
    "missing_indicator": "add_indicator",
}


@pytest.mark.parametrize("n_classes", [2, 0])
@pytest.mark.parametrize("key", ["knn", "svm", "lightgbm"])
def test_of_many_columns_the_few_that_matter_are_a_start(
    key: str, n_classes: int, tmp_path: Path
) -> None:
    learner, rng = all_learners()[key], np.random.default_rng(0)
    data = pd.DataFrame(
        rng.normal(size=(N_ROWS, MIN_COLUMNS)), columns=[f"c{i}" for i in range(MIN_COLUMNS)]
    )
    signal = 3 * data["c7"] - 2 * data["c40"]
    data = data.assign(weight=1.0, y=(signal > 0).astype(int) if n_classes else signal)
    for fold in range(N_FOLDS):
        data[f"__fold_{fold}"] = (np.arange(N_ROWS) % N_FOLDS != fold).astype(int)
    columns = Columns(numeric=tuple(f"c{i}" for i in range(MIN_COLUMNS)))
    table = easy_table(n_classes, columns=columns, n_features=MIN_COLUMNS, n_coded=MIN_COLUMNS)
    assert "select" in learner.space(table)
    few = next(start for start in learner.starts(table) if start.name == "few_columns")
    losses = []
    for params in (few.params, {**few.params, "select": 0}):
        module = load(write(learner, params, table, tmp_path, data), tmp_path)
        scores, _, models = scores_of(module)
        losses.append(-np.mean(scores) if n_classes else np.mean(scores))
        steps = getattr(models[0].named_steps["features"], "named_steps", {}).values()
        kept = [step.get_support().sum() for step in steps if hasattr(step, "get_support")]
        assert kept == [USUAL] * bool(params["select"])
    assert losses[0] < losses[1] + 0.02
    narrow = easy_table(n_classes)
    assert "select" not in learner.space(narrow)
    assert all(start.name != "few_columns" for start in learner.starts(narrow))


def imported(source: str) -> set[str]:
    """Packages that a program imports."""
    packages = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            packages |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            packages.add(str(node.module).split(".")[0])
    return packages


LOAD_ELSEWHERE = """
import pickle, sys
sys.modules["trialbook"] = None  # an import of it fails
import numpy as np, pandas as pd
folder = sys.argv[1]
rows = pd.read_pickle(f"{folder}/rows.pkl")
for key in sys.argv[2:]:
    with open(f"{folder}/{key}.pkl", "rb") as file:
        model = pickle.load(file)
    predict = getattr(model, "predict_proba", model.predict)
    np.save(f"{folder}/{key}.elsewhere.npy", predict(rows))
"""


@pytest.mark.parametrize("task", TASKS)
def test_models_predict_unseen_rows_alike_where_trialbook_is_not(
    task: str, tmp_path: Path
) -> None:
    n_classes = TASKS[task]
    table, data = easy_table(n_classes), easy_data(n_classes)
    rows = unseen_rows(data)
    rows.to_pickle(tmp_path / "rows.pkl")
    expected = {}
    for key, learner in all_learners().items():
        if table.task not in learner.tasks or not installed(learner):
            continue
        params = learner.starts(table)[0].params
        module = load(write(learner, params, table, tmp_path, data), tmp_path)
        X, y, folds = module.load()
        models = [model for model, _, _ in module.cross_validate(X, y, folds)]
        combined = module.combine(models, X, y)
        (tmp_path / f"{key}.pkl").write_bytes(cloudpickle.dumps(combined))
        expected[key] = getattr(combined, "predict_proba", combined.predict)(rows)
        assert np.isfinite(expected[key]).all(), key
        if n_classes:
            assert set(combined.predict(rows)) <= set(range(n_classes)), key
    script = tmp_path / "elsewhere.py"
    script.write_text(LOAD_ELSEWHERE, encoding="utf-8")
    subprocess.run([sys.executable, "-I", script, tmp_path, *expected], check=True, timeout=120)
    for key, prediction in expected.items():
        elsewhere = np.load(tmp_path / f"{key}.elsewhere.npy")
        np.testing.assert_allclose(elsewhere, prediction, rtol=0, atol=1e-9, err_msg=key)


@pytest.mark.skipif(importlib.util.find_spec("ruff") is None, reason="ruff is not installed")
def test_programs_have_no_undefined_or_unused_names(tmp_path: Path) -> None:
    for key, task in (param.values for param in combinations()):  # type: ignore[attr-defined]
        learner = all_learners()[key]
        for weighted, balance in ((False, False), (True, False), (False, True), (True, True)):
            table = easy_table(TASKS[task], weighted=weighted, balance=balance)
            for start in learner.starts(table):
                source = write(learner, start.params, table, tmp_path, easy_data(0))
                name = f"{key}_{task}_{start.name}_{weighted}_{balance}.py".replace("-", "_")
                (tmp_path / name).write_text(source, encoding="utf-8")
    check = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache"]
    result = subprocess.run(
        [*check, "--select", "F,E9", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout[-3000:]


@pytest.mark.parametrize(("key", "task"), combinations())
def test_weighted_and_balanced_rows_are_taken(key: str, task: str, tmp_path: Path) -> None:
    learner, n_classes = all_learners()[key], TASKS[task]
    data = easy_data(n_classes)
    for weighted, balance in ((True, False), (True, True), (False, True))[: 3 if n_classes else 1]:
        table = easy_table(n_classes, weighted=weighted, balance=balance)
        module = load(
            write(learner, learner.starts(table)[0].params, table, tmp_path, data), tmp_path
        )
        model, _, prediction = next(module.cross_validate(*module.load()))
        assert np.isfinite(prediction).all()
        if isinstance(learner, IterativeLearner) and weighted:
            again = {"rounds": [learner.rounds(model[-1])] * N_FOLDS}
            _, _, repeated = next(module.cross_validate(*module.load(), **again))
            np.testing.assert_allclose(repeated, prediction, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("key", "task"), combinations())
def test_a_draw_from_the_space_runs(key: str, task: str, tmp_path: Path) -> None:
    learner, n_classes = all_learners()[key], TASKS[task]
    table = easy_table(n_classes)
    rng = np.random.default_rng(len(key))
    params = {name: draw(choice, rng) for name, choice in learner.space(table).items()}
    assert 0 < learner.cost(params, table) < 1000
    module = load(write(learner, params, table, tmp_path, easy_data(n_classes)), tmp_path)
    _, _, prediction = next(module.cross_validate(*module.load()))
    assert np.isfinite(prediction).all()


def draw(
    choice: Float | Int | Choice, rng: np.random.Generator
) -> str | int | float | bool | None:
    if isinstance(choice, Choice):
        return choice.values[rng.integers(len(choice.values))]
    low, high = choice.low, choice.high
    value = (
        np.exp(rng.uniform(np.log(low), np.log(high))) if choice.log else rng.uniform(low, high)
    )
    return int(value) if isinstance(choice, Int) else float(value)


@pytest.mark.parametrize(("key", "task"), combinations(run=False))
@pytest.mark.parametrize("n_rows", [100, 30_000])
def test_starts_are_distinct_and_lie_in_the_space(key: str, task: str, n_rows: int) -> None:
    learner, table = all_learners()[key], easy_table(TASKS[task], n_rows=n_rows)
    space, starts = learner.space(table), learner.starts(table)
    assert len({start.name for start in starts}) == len(starts) > 0
    assert len({str(sorted(start.params.items())) for start in starts}) == len(starts)
    for name, choice in space.items():
        assert isinstance(choice, Choice) or choice.low < choice.high, name
        assert isinstance(choice, Choice) or not choice.log or choice.low > 0, name
    for start in starts:
        assert 0 < start.gain <= 1
        for name, value in start.params.items():
            choice = space.get(name)
            if isinstance(choice, Choice):
                assert value in choice.values, name
            elif choice is not None and not isinstance(value, str):
                # Published configurations may lie a little outside of what is searched.
                assert choice.low / 10 <= value <= choice.high * 10 or value == 0, name


@pytest.mark.parametrize(("key", "task"), combinations(run=False))
def test_costs_grow_with_the_rows(key: str, task: str) -> None:
    learner = all_learners()[key]
    costs = []
    for n_rows in (100, 5_000, 100_000):
        table = easy_table(TASKS[task], n_rows=n_rows)
        costs.append(learner.cost(learner.starts(table)[0].params, table))
    assert 0 < costs[0] < costs[1] < costs[2] < 1e5


@pytest.mark.parametrize(("key", "task"), combinations())
def test_memory_grows_with_the_rows(key: str, task: str) -> None:
    learner = all_learners()[key]
    sizes = []
    for n_rows in (20_000, 40_000):
        table = easy_table(TASKS[task], n_rows=n_rows)
        sizes.append(learner.memory(learner.starts(table)[0].params, table))
    assert 20_000 * 8 < sizes[0] < sizes[1] < 1e9


@pytest.mark.parametrize("task", TASKS)
def test_some_learner_is_a_floor_that_takes_under_a_second(task: str) -> None:
    table = easy_table(TASKS[task], n_rows=30_000, n_features=20, columns=Columns(numeric=("x",)))
    costs = [
        learner.cost(learner.starts(table)[0].params, table)
        for learner in all_learners().values()
        if table.task in learner.tasks
    ]
    assert min(costs) < 1


@pytest.mark.parametrize("key", [pytest.param(key, marks=runnable(key)) for key in ITERATIVE])
def test_a_deadline_ends_training_after_a_round(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner, table = all_learners()[key], easy_table(2)
    monkeypatch.setattr(sys.modules[type(learner).__module__], "MAX_ROUNDS", 100_000)
    params = learner.starts(table)[0].params
    module = load(write(learner, params, table, tmp_path, easy_data(2)), tmp_path)
    deadline = Deadline(at=time.monotonic() - 1)
    callbacks = [learner.stopper(deadline)]
    folds = module.cross_validate(*module.load(), callbacks=callbacks)
    model, _, prediction = next(folds)
    assert deadline.hit
    assert learner.rounds(model[-1]) == 1
    assert np.isfinite(prediction).all()
    deadline.at, deadline.hit = float("inf"), False
    model, _, _ = next(folds)
    assert not deadline.hit
    assert learner.rounds(model[-1]) > 1
    cloudpickle.dumps(model)  # the callback is not kept, for it could not be read elsewhere
    assert b"Deadline" not in cloudpickle.dumps(model)


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=runnable(key))
        for key, learner in all_learners().items()
        if "classification" in learner.tasks
    ],
)
def test_a_class_of_one_row_is_learnt_or_declined(key: str, tmp_path: Path) -> None:
    data = easy_data(2)
    data.loc[3, ["y", "__fold_0", "__fold_1"]] = [2, 1, 1]
    table = easy_table(3, smallest_class=1)
    starts = all_learners()[key].starts(table)
    for start in starts[:1]:
        module = load(write(all_learners()[key], start.params, table, tmp_path, data), tmp_path)
        for _, _, prediction in module.cross_validate(*module.load()):
            assert prediction.shape[1] == 3
            assert np.isfinite(prediction).all()
