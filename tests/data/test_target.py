"""The target: which task it poses, its classes, and every way in which it is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trialbook.data import (
    Schema,
    encode,
    infer_task,
    keep_known_labels,
    prepare_target,
)
from trialbook.errors import DataError, OptionError
from trialbook.tables import read_table


def frame_of(values: object, name: str = "y") -> pd.DataFrame:
    return read_table(pd.DataFrame({"x": range(len(list(values))), name: values}))


@pytest.mark.parametrize(
    ("values", "name", "task"),
    [
        (["a", "b", "c"], "y", "classification"),
        ([True, False, None], "y", "classification"),
        ([0.5, 1.5, 0.5], "y", "classification"),
        ([0.5, 1.5, 2.5], "y", "regression"),
        ([1, 2, 3] * 20, "y", "classification"),
        ([1.0, 2.0, 3.0, None] * 20, "y", "classification"),
        (range(100), "y", "regression"),
        (list(range(15)) * 2, "y", "regression"),
        (list(range(40)) * 5, "LRS-class", "classification"),
        (list(range(40)) * 5, "Class_Rings", "regression"),
        (range(100), "class", "regression"),
    ],
)
def test_the_task_is_told_from_the_target(values: object, name: str, task: str) -> None:
    found, evidence = infer_task(frame_of(values, name)[name])
    assert found == task
    assert evidence


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["b", "a", "b"], ("a", "b")),
        ([2, 1, 2], (1, 2)),
        ([2.0, None, 1.0], (1, 2)),
        ([True, None, False], (False, True)),
        ([0.5, 1.5, 0.5], (0.5, 1.5)),
    ],
)
def test_classes_are_sorted_python_scalars(values: object, classes: tuple[object, ...]) -> None:
    frame, found, _, _ = prepare_target(frame_of(values), "y", "classification")
    assert found == classes
    assert [type(label) for label in found] == [type(label) for label in classes]
    assert set(encode(frame["y"], found)) == {0, 1}


def test_rows_without_a_target_are_left_out_and_said() -> None:
    frame, _, _, notes = prepare_target(frame_of(["a", None, "b"]), "y", "classification")
    assert frame["x"].tolist() == [0, 2]
    assert notes[0].verdict == "fixed"
    assert "1 of 3 rows" in notes[0].finding


@pytest.mark.parametrize(
    ("classes", "label", "positive"),
    [
        (["no", "yes"], None, "yes"),
        ([0, 1], None, 1),
        (["churn", "no"], None, "churn"),
        (["abnormal", "normal"], None, "abnormal"),
        (["good", "bad"], "bad", "bad"),
        ([0, 1], 0, 0),
        ([0, 1], "0", 0),
        ([False, True], "false", False),
        (["Yes", "No"], "yes", "Yes"),
        (["Yes", "No"], True, "Yes"),
        (["off", "on"], False, "off"),
    ],
)
def test_the_positive_class_is_found(
    classes: list[object], label: object, positive: object
) -> None:
    _, found, position, _ = prepare_target(frame_of(classes * 3), "y", "classification", label)
    assert position is not None
    assert found[position] == positive


def test_three_classes_have_no_positive_one() -> None:
    frame = frame_of(["a", "b", "c"] * 3)
    assert prepare_target(frame, "y", "classification")[2] is None
    with pytest.raises(OptionError, match="needs two classes, and the target has 3"):
        prepare_target(frame, "y", "classification", "a")


def test_a_positive_label_that_is_none_is_refused() -> None:
    with pytest.raises(OptionError, match="Did you mean 'yes'"):
        prepare_target(frame_of(["yes", "no"]), "y", "classification", "yess")
    with pytest.raises(OptionError, match="no positive label"):
        prepare_target(frame_of([1.5, 2.5]), "y", "regression", 1)


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        ([None, None], "classification", "every cell of the target 'y' is missing"),
        (["a", "a", None], "classification", "only one class, 'a'"),
        ([3, 3], "regression", "only one value, 3"),
        (["a", "b", "c"], "classification", "3 different values in 3 rows"),
        (range(50), "classification", "Ask for regression"),
        (["1", None, "x"], "regression", "such as 'x'.*row 3"),
        (pd.date_range("2024", periods=3), "classification", "holds times"),
        ([[1], [2]], "classification", "lists or objects"),
    ],
)
def test_a_target_that_teaches_nothing_is_refused(values: object, task: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        prepare_target(frame_of(values), "y", task)  # type: ignore[arg-type]


def test_an_unknown_target_suggests_the_nearest() -> None:
    with pytest.raises(DataError, match="Did you mean 'price'"):
        prepare_target(frame_of([1, 2], "price"), "prise", "regression")


def test_a_regression_takes_numbers_in_any_storage() -> None:
    for values in ([1, 2], [True, False], ["1", "2.5"]):
        frame, classes, positive, _ = prepare_target(frame_of(values), "y", "regression")
        assert frame["y"].dtype == np.float64
        assert (classes, positive) == ((), None)
        assert encode(frame["y"], ()).dtype == np.float64


# -- other tables ----------------------------------------------------------------------------


def conformed(classes: tuple[object, ...], values: object) -> tuple[pd.DataFrame, list[str]]:
    task = "classification" if classes else "regression"
    schema = Schema(task, "y", classes, None, ())
    frame, notes = keep_known_labels(
        schema.conform(frame_of(values), require_target=True), schema, "test"
    )
    return frame, [note.verdict for note in notes]


@pytest.mark.parametrize(
    ("classes", "values", "expected", "verdicts"),
    [
        (("a", "b"), ["b", "a"], ["b", "a"], []),
        (("a", "b"), ["b", "new", None], ["b"], ["fixed", "alerted"]),
        ((0, 1), [0.0, 1.0, np.nan], [0, 1], ["fixed"]),
        ((0, 1), ["0", "1"], [0, 1], []),
        (("0", "1"), [0, 1], ["0", "1"], []),
        ((False, True), [0, 1], [False, True], []),
        ((0.5, 1.5), [1.5], [1.5], []),
        ((), [1, None], [1.0], ["fixed"]),
    ],
)
def test_labels_are_stored_as_in_training_and_unknown_ones_dropped(
    classes: tuple[object, ...], values: object, expected: list[object], verdicts: list[str]
) -> None:
    frame, found = conformed(classes, values)
    assert frame["y"].tolist() == expected
    assert [type(label) for label in frame["y"].tolist()] == [type(label) for label in expected]
    assert found == verdicts


def test_a_table_without_any_usable_label_is_refused() -> None:
    with pytest.raises(DataError, match="no row of the test table"):
        conformed(("a", "b"), ["c", None])
