"""Errors say the cause, the place and the remedy."""

import pytest

from trialbook.errors import DataError, NoModelError, OptionError, TrialbookError, nearest


def test_a_message_has_cause_place_and_remedy_in_that_order():
    error = DataError("the file is empty", place="data.csv", remedy="Name another file.")
    assert str(error) == "the file is empty (data.csv). Name another file."
    assert (error.cause, error.place) == ("the file is empty", "data.csv")
    assert error.remedy == "Name another file."


def test_place_and_remedy_may_be_left_out():
    assert str(OptionError("two options disagree")) == "two options disagree."


@pytest.mark.parametrize(("kind", "code"), [(DataError, 2), (OptionError, 2), (NoModelError, 3)])
def test_each_kind_has_its_exit_code(kind, code):
    assert kind.exit_code == code
    assert issubclass(kind, TrialbookError)


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("agee", ["age", "job"], "Did you mean 'age'?"),
        ("AGE", ["age", "job"], "Did you mean 'age'?"),
        ("lihgtgbm", ["LightGBM", "CatBoost"], "Did you mean 'LightGBM'?"),
    ],
)
def test_nearest_suggests_a_close_name_in_its_own_spelling(name, known, expected):
    assert nearest(name, known) == expected


def test_nearest_lists_what_there_is_when_nothing_is_close():
    assert nearest("zzz", ["age", "job"]) == "Known: age, job."


def test_nearest_does_not_list_hundreds_of_names():
    remedy = nearest("zzz", [f"column_{index}" for index in range(300)])
    assert remedy.endswith("and 280 more.")
    assert remedy.count(",") == 19
