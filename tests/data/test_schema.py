"""The schema: it survives JSON, and another table is made to fit it or refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from trialbook.data import Column, Schema, Semantic, prepare
from trialbook.errors import DataError
from trialbook.job import Job

N = 40


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 60, N),
            "income": rng.normal(size=N),
            "flag": rng.choice([True, False], N),
            "city": rng.choice(["Ulm", "Bonn"], N),
            "since": pd.date_range("2020-01-01", periods=N),
            "day": pd.Series(pd.date_range("2020-01-01", periods=N)).dt.strftime("%d/%m/%Y"),
            "same": 1,
            "y": rng.choice(["no", "yes"], N),
        }
    )


@pytest.fixture(scope="module")
def schema(frame: pd.DataFrame) -> Schema:
    return prepare(Job(data=Job.IN_MEMORY, target="y"), frame=frame).schema


def refused(schema: Schema, frame: pd.DataFrame, **options: bool) -> str:
    with pytest.raises(DataError) as caught:
        schema.conform(frame, **options)
    assert caught.value.remedy
    return str(caught.value)


def test_it_tells_features_by_meaning(schema: Schema) -> None:
    assert schema.names == ["age", "income", "flag", "city", "since", "day"]
    assert schema.of(Semantic.NUMERIC) == ["age", "income"]
    assert schema.of(Semantic.DATETIME) == ["since", "day"]
    assert schema.of(Semantic.CONSTANT) == []
    assert [c.name for c in schema.columns if not c.used] == ["same"]
    assert schema.text == {"city", "day", "y"}


def test_it_survives_json(schema: Schema) -> None:
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema


@pytest.mark.parametrize("classes", [(False, True), (1, 2), ("a", "b"), (0.5, 1.5), ()])
def test_classes_keep_their_python_types(classes: tuple[object, ...]) -> None:
    schema = Schema("classification", "y", classes, None, ())
    again = Schema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert [type(label) for label in again.classes] == [type(label) for label in classes]


def test_the_training_table_conforms_to_itself(frame: pd.DataFrame, schema: Schema) -> None:
    found = schema.conform(frame, require_target=True)
    pd.testing.assert_frame_equal(found, frame[[*schema.names, "y"]])


def test_order_and_other_columns_do_not_matter(frame: pd.DataFrame, schema: Schema) -> None:
    other = frame[frame.columns[::-1]].assign(more="x")
    pd.testing.assert_frame_equal(schema.conform(other), frame[schema.names])


def test_new_categories_are_kept(frame: pd.DataFrame, schema: Schema) -> None:
    found = schema.conform(frame.head(2).assign(city="Kiel"))
    assert found["city"].tolist() == ["Kiel", "Kiel"]


def test_a_single_row_conforms(frame: pd.DataFrame, schema: Schema) -> None:
    assert len(schema.conform(frame.head(1))) == 1


def test_a_lacking_column_is_named_with_the_nearest(frame: pd.DataFrame, schema: Schema) -> None:
    message = refused(schema, frame.rename(columns={"income": "incme"}))
    assert "lacks column 'income'" in message
    assert "Did you mean 'incme'?" in message
    assert "columns 'age', 'city'" in refused(schema, frame.drop(columns=["age", "city"]))


def test_a_lacking_target_is_told(frame: pd.DataFrame, schema: Schema) -> None:
    assert "lacks the target column 'y'" in refused(
        schema, frame.drop(columns="y"), require_target=True
    )


def one(storage: str, values: object, form: str | None = None) -> pd.Series:
    column = Column("x", Semantic.NUMERIC, storage, "", 0, 2, datetime_format=form)
    schema = Schema("regression", "y", (), None, (column,))
    return schema.conform(pd.DataFrame({"x": values}))["x"]


MAY = pd.Timestamp("2024-05-01")


@pytest.mark.parametrize(
    ("storage", "values", "expected"),
    [
        ("number", [1, 2], [1, 2]),
        ("number", [1.5, None], [1.5, np.nan]),
        ("number", ["1", " 2.5 ", "NA", " "], [1.0, 2.5, np.nan, np.nan]),
        ("number", [True, False], [1, 0]),
        ("number", [True, None], [1.0, np.nan]),
        ("number", [None, None], [np.nan, np.nan]),
        ("string", [1, 2], ["1", "2"]),
        ("string", [1.0, None], ["1", np.nan]),
        ("string", [1.5, 2.0], ["1.5", "2"]),
        ("string", [1.5, "2", 3.0, ""], ["1.5", "2", "3", np.nan]),
        ("string", [True, None], ["True", np.nan]),
        ("string", [None, None], [np.nan, np.nan]),
        ("string", [MAY], ["2024-05-01T00:00:00"]),
        ("bool", [True, None], [True, None]),
        ("bool", [0, 1], [False, True]),
        ("bool", [0.0, np.nan], [False, None]),
        ("bool", ["true", "False", "NA"], [True, False, None]),
        ("bool", [None, None], [None, None]),
        ("datetime", ["2024-05-01", None], [MAY, pd.NaT]),
        ("datetime", [MAY], [MAY]),
        ("datetime", [None], [pd.NaT]),
    ],
)
def test_values_are_brought_to_the_storage_of_training(
    storage: str, values: list[object], expected: list[object]
) -> None:
    found = one(storage, values).tolist()
    for value, wanted in zip(found, expected, strict=True):
        assert value == wanted or (value is wanted) or (pd.isna(value) and pd.isna(wanted))
        assert isinstance(value, type(wanted))


def test_times_become_the_dates_in_text_that_training_saw() -> None:
    assert one("string", [MAY], "%d/%m/%Y").tolist() == ["01/05/2024"]


@pytest.mark.parametrize(
    ("form", "values", "expected"),
    [
        ("%d/%m/%Y", ["01/05/2024", "2024-05-02", None], ["01/05/2024", "02/05/2024", np.nan]),
        ("%Y-%m-%d", ["2024-05-01 00:00:00"], ["2024-05-01"]),
        ("%Y-%m-%d %H:%M:%S", ["2024-05-01"], ["2024-05-01 00:00:00"]),
        ("%Y-%m-%dT%H:%M:%S%z", ["2024-05-01T10:00"], ["2024-05-01T10:00:00+0000"]),
        ("%Y-%m-%d %H:%M", ["2024-05-01T12:00+02:00"], ["2024-05-01 10:00"]),
        ("%d.%m.%Y", ["01.05.2024", "a typing error"], ["01.05.2024", "a typing error"]),
        ("ISO8601", ["2024-05", "2024-05-01"], ["2024-05", "2024-05-01"]),
    ],
)
def test_dates_in_text_get_the_form_that_training_saw(
    form: str, values: list[object], expected: list[object]
) -> None:
    pd.testing.assert_series_equal(
        one("string", values, form), pd.Series(expected, dtype=object, name="x")
    )


def test_dates_of_which_none_can_be_read_are_refused() -> None:
    with pytest.raises(DataError, match=r"'x' holds '05-2024' where a date such as 31/12/2024"):
        one("string", [None, "05-2024", "NA"], "%d/%m/%Y")


@pytest.mark.parametrize(
    ("storage", "values", "parts"),
    [
        ("number", ["1", "two"], ["'x' holds 'two'", "a number", "row 2"]),
        ("number", ["-inf", "no info"], ["'x' holds 'no info'", "a number", "row 2"]),
        ("number", [None, MAY], ["a number", "row 2"]),
        ("number", [[1], [2]], ["a number", "row 1"]),
        ("bool", [1, 2], ["holds 2", "true or false", "row 2"]),
        ("bool", ["yes", "no"], ["'yes'", "row 1"]),
        ("bool", [MAY], ["true or false"]),
        ("datetime", [5], ["a date", "row 1"]),
        ("datetime", ["2024-01-01", "soon"], ["'soon'", "row 2"]),
        ("string", [[1]], ["text", "row 1"]),
    ],
)
def test_wrong_types_name_the_column_an_example_and_its_row(
    storage: str, values: list[object], parts: list[str]
) -> None:
    with pytest.raises(DataError) as caught:
        one(storage, values)
    for part in ["'x'", *parts]:
        assert part in str(caught.value)
