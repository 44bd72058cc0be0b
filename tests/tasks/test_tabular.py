"""From a prepared table to what programs and learners need to know."""

from __future__ import annotations

import ast

import numpy as np
import pandas as pd
import pytest

from trialbook.data import _prepare, encode, prepare
from trialbook.evaluation import default_metric, metric
from trialbook.job import Job
from trialbook.program import Code
from trialbook.tasks import TabularTask, count_columns, prediction_table
from trialbook.tasks._tabular import columns_by_kind, is_timed, metric_code

N_ROWS = 120
WORDS = ["river", "stone", "cloud", "light", "bread", "night", "glass", "horse"]


def make_table():
    rng = np.random.default_rng(0)
    days = pd.Series(pd.date_range("2024-01-01", periods=N_ROWS))
    return pd.DataFrame(
        {
            "size": rng.normal(size=N_ROWS),
            "count": rng.integers(0, 50, N_ROWS),
            "kind": rng.choice(["a", "b", "c"], N_ROWS),
            "flag": rng.choice([True, False], N_ROWS),
            "code": rng.choice([0, 1], N_ROWS),
            "day": days.dt.strftime("%Y-%m-%d"),
            "minute": (days + pd.Timedelta("5h")).dt.strftime("%d/%m/%Y %H:%M"),
            "seen": days + pd.Timedelta("7h"),
            "note": [" ".join(rng.choice(WORDS, 6)) for _ in range(N_ROWS)],
            "row_id": np.arange(N_ROWS),
            "weight": rng.uniform(1, 2, N_ROWS),
            "amount": rng.normal(size=N_ROWS),
            "label": np.where(np.arange(N_ROWS) % 10 == 0, "yes", "no"),
        }
    )


def task_of(target="label", *, n_jobs=1, balance=False, **options):
    ignore = "amount" if target == "label" else "label"
    job = Job(data=Job.IN_MEMORY, target=target, ignore=(ignore,), **{"folds": 3} | options)
    prepared = prepare(job, frame=make_table())
    schema = prepared.schema
    return TabularTask(
        experiment="test",
        schema=schema,
        folds=prepared.folds,
        metric=default_metric(schema.task, len(schema.classes)),
        seed=7,
        n_jobs=n_jobs,
        y=encode(prepared.train[target], schema.classes),
        balance=balance,
    )


def test_used_columns_are_sorted_by_what_programs_do_with_them():
    columns = columns_by_kind(task_of(weight="weight").schema)
    assert columns.numeric == ("size", "count", "code")  # a flag of 0 and 1 is a number already
    assert columns.categorical == {"kind": 3, "flag": 2}
    assert columns.coded == ()
    assert columns.datetime == {"day": "%Y-%m-%d", "minute": "%d/%m/%Y %H:%M", "seen": None}
    assert columns.timed == ("minute", "seen")
    assert columns.text == ("note",)


def bag_of_words(n_words, *, share=0.1, lowest=0.0):
    rng = np.random.default_rng(0)
    words = (rng.random((200, n_words)) < share) * rng.integers(1, 4, (200, n_words)) + lowest
    table = pd.DataFrame(words, columns=[f"word {i}" for i in range(n_words)])
    table["label"] = rng.choice(["a", "b"], 200)
    job = Job.from_fields({"data": Job.IN_MEMORY, "target": "label"})
    return prepare(job, frame=table)


@pytest.mark.parametrize(
    ("made", "found"),
    [
        ({"n_words": 60}, 60),
        ({"n_words": 10}, 0),  # a few measurements that happen to be zero
        ({"n_words": 60, "share": 0.5}, 0),
        ({"n_words": 60, "lowest": -1.0}, 0),
    ],
)
def test_many_columns_that_are_mostly_zero_are_counts(made, found):
    prepared = bag_of_words(**made)
    counts = count_columns(prepared.schema, prepared.train)
    assert len(counts) == found
    assert columns_by_kind(prepared.schema, counts).counts == counts


@pytest.mark.parametrize(
    ("form", "timed"),
    [
        ("%Y-%m-%d", False),
        ("%d %B %Y", False),
        ("%Y-%m-%d %H:%M", True),
        ("%m/%d/%Y %I:%M %p", True),
        ("ISO8601", True),
    ],
)
def test_a_date_format_has_a_time_of_day_or_not(form, timed):
    assert is_timed(form) == timed


# -- the facts of the table ------------------------------------------------------------------


def test_learners_are_told_the_size_of_what_they_train_on():
    table = task_of(n_jobs=3).table()
    assert (table.n_rows, table.n_folds, table.n_classes) == (80, 3, 2)
    assert (table.task, table.metric, table.n_jobs) == ("classification", "roc_auc", 3)
    assert table.is_classification
    assert not table.weighted
    assert table.million_cells == pytest.approx(80 * table.n_features / 1e6)


def test_a_regression_has_no_classes():
    table = task_of("amount").table()
    assert (table.task, table.metric, table.n_classes) == ("regression", "rmse", 0)
    assert not table.is_classification
    assert (table.n_outputs, table.smallest_class) == (1, 0)


def test_text_dates_and_levels_make_the_encoded_table_wider():
    wide = task_of().table().n_features
    assert wide > len(task_of().schema.used)
    assert task_of(types={"note": "ignore"}).table().n_features <= wide - 10
    assert task_of(types={"seen": "ignore"}).table().n_features < wide
    assert task_of(types={"kind": "ignore"}).table().n_features < wide


def test_the_rarest_class_is_counted_where_it_trains_least():
    task = task_of()
    table = task.table()
    trains = [int((task.y[side == 1] == 1).sum()) for side in task.folds.matrix.T]
    assert table.smallest_class == min(trains) == 8


def test_weights_and_class_weights_are_told():
    table = task_of(weight="weight", balance=True).table()
    assert table.weighted
    assert table.balance


# -- programs --------------------------------------------------------------------------------


def test_all_programs_share_what_the_experiment_fixes():
    task = task_of(weight="weight", n_jobs=2, balance=True)
    frame = task.frame(Code('Path("data.parquet")'))
    assert (frame.experiment, frame.task, frame.target) == ("test", "classification", "label")
    assert (frame.classes, frame.positive) == (("no", "yes"), 1)
    assert frame.fold_columns == ("__fold_0", "__fold_1", "__fold_2")
    assert task.folds.description in frame.validation
    assert (frame.weight, frame.seed, frame.n_jobs, frame.balance) == ("weight", 7, 2, True)
    assert frame.columns == task.columns
    assert frame.data == 'Path("data.parquet")'


@pytest.mark.parametrize(
    ("name", "task", "n_classes"),
    [
        ("roc_auc", "classification", 2),
        ("log_loss", "classification", 3),
        ("rmse", "regression", 0),
    ],
)
def test_a_metric_stands_in_a_program_as_source_that_runs_alone(name, task, n_classes):
    one = metric(name, task, n_classes or None)
    code = metric_code(one)
    assert (code.name, code.greater_is_better) == (one.name, one.greater_is_better)
    assert ast.parse(code.source).body[0].name == code.function
    space = {}
    exec("\n".join([*code.imports, code.source]), space)
    rng = np.random.default_rng(0)
    if n_classes:
        y, prediction = rng.integers(0, n_classes, 30), rng.dirichlet(np.ones(n_classes), 30)
        positive = 1 if n_classes == 2 else None
        assert space[code.function](y, prediction, positive) == one.score(y, prediction, positive)
    else:
        y, prediction = rng.normal(size=30), rng.normal(size=30)
        assert space[code.function](y, prediction) == one.score(y, prediction)


# -- predictions -----------------------------------------------------------------------------


def test_a_classification_predicts_labels_and_the_probability_of_each():
    table = prediction_table(task_of().schema, np.array([[0.9, 0.1], [0.2, 0.8]]))
    assert list(table.columns) == ["prediction", "probability_no", "probability_yes"]
    assert table["prediction"].tolist() == ["no", "yes"]
    assert table["probability_yes"].tolist() == [0.1, 0.8]


def test_labels_that_are_numbers_stay_numbers():
    table = make_table().drop(columns="label").assign(label=np.arange(N_ROWS) % 3)
    schema = prepare(Job(data=Job.IN_MEMORY, target="label"), frame=table).schema
    found = prediction_table(schema, np.eye(3))
    assert found["prediction"].tolist() == [0, 1, 2]
    assert found["prediction"].dtype.kind == "i"
    assert list(found.columns)[1:] == ["probability_0", "probability_1", "probability_2"]


def test_a_regression_predicts_numbers():
    table = prediction_table(task_of("amount").schema, np.array([1.5, -2.0]))
    assert list(table.columns) == ["prediction"]
    assert table["prediction"].tolist() == [1.5, -2.0]


# -- big tables ------------------------------------------------------------------------------


@pytest.fixture
def big_task(monkeypatch):
    monkeypatch.setattr(_prepare, "BIG_ROWS", 50)
    return task_of(folds=None, validation_size=0.2)


def test_a_big_table_may_be_tried_on_its_first_rows(big_task):
    everything, part = big_task.table(), big_task.table(30)
    assert (everything.n_rows, part.n_rows) == (96, 30)
    assert 2 <= part.smallest_class <= 4  # a tenth
    assert everything.smallest_class > part.smallest_class
    # Those that validate come before those that train.
    assert big_task.first_rows(30) == 24 + 30
    assert big_task.frame(Code("x"), 30).rows == 54


def test_all_rows_are_the_whole_table(big_task):
    assert big_task.first_rows(None) is None
    assert big_task.first_rows(96) is None
    assert big_task.frame(Code("x")).rows is None


def test_no_trial_has_fewer_rows_than_classes_need(big_task):
    assert big_task.fewest_rows == 2
    assert big_task.table(1).n_rows == 2


def test_a_table_that_is_not_big_is_always_used_as_a_whole():
    task = task_of()
    assert task.first_rows(10) is None
    assert task.table(10) == task.table()
