"""A set of series as everyone gets it."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecasting.sets import cut, find_sets
from benchmarks.forecasting.systems.shared import ID, TARGET, TIME, WINDOW, steps


def test_sets_of_tables_are_passed_over(folder):
    assert [one.name for one in find_sets(folder)] == ["shops"]
    with pytest.raises(FileNotFoundError, match="no set rows"):
        find_sets(folder, ["rows"])


def test_everyone_gets_one_form_with_columns_that_meta_names(split):
    wanted = [ID, TIME, TARGET, "town", "street", "holidays", "visitors"]
    assert list(split.train) == wanted
    assert sorted(split.train[ID].unique()) == ["Bonn / 1", "Ulm / 1", "Ulm / 2"]
    assert split.train.equals(split.train.sort_values([ID, TIME], ignore_index=True))


def test_validation_rows_may_be_learned_from_and_test_rows_not(split):
    assert split.train[TIME].max() == pd.Timestamp("2020-08-01")
    assert split.observed[TIME].min() == pd.Timestamp("2020-09-01")


def test_windows_follow_each_other_and_the_last_is_whole(split):
    ulm = split.future[split.future[ID] == "Ulm / 1"]
    assert ulm[WINDOW].tolist() == [0, 0, 1, 1]
    assert ulm[TIME].dt.month.tolist() == [9, 10, 11, 12]
    assert len(split.future) == 12


def test_an_earlier_fold_ends_horizons_before_and_asks_for_the_next_one(folder, split):
    last, earlier = find_sets(folder, n_earlier=1)
    assert [(one.name, one.fold) for one in (last, earlier)] == [("shops", 0), ("shops", 1)]
    assert last.load().train.equals(split.train)
    earlier = earlier.load()
    # The last row of training is of August, and a horizon has two months.
    assert earlier.train[TIME].max() == pd.Timestamp("2020-06-01")
    assert earlier.observed[TIME].drop_duplicates().dt.month.tolist() == [7, 8]
    assert earlier.future[[ID, TIME]].equals(earlier.observed[[ID, TIME]])
    assert earlier.future["holidays"].equals(earlier.observed["holidays"])
    assert set(earlier.future[WINDOW]) == {0}


def test_an_earlier_fold_has_series_of_more_than_two_horizons(folder, split):
    # Before July they have five or six rows, before May four at most.
    _, earlier = find_sets(folder, n_earlier=9)
    assert earlier.fold == 1
    first = split.train.index[split.train[ID] == "Bonn / 1"][0]
    parts = cut(split.train.drop(index=first).reset_index(drop=True), earlier)
    assert [set(part[ID]) for part in parts] == [{"Ulm / 1", "Ulm / 2"}] * 2


def test_of_the_future_only_what_is_known_is_told(split):
    assert list(split.future) == [WINDOW, ID, TIME, "town", "street", "holidays"]
    assert split.future["holidays"].tolist() == [8, 9, 10, 11] * 3


def test_a_request_names_covariates_by_kind(split, tmp_path):
    asked = split.write(tmp_path)
    assert (asked["ids"], asked["known"], asked["past_only"]) == (
        ["town", "street"],
        ["holidays"],
        ["visitors"],
    )
    assert TARGET not in pd.read_parquet(asked["future"])


@pytest.mark.parametrize(
    ("frequency", "since", "until", "expected"),
    [
        ("YS", "1990-01-01", "1996-01-01", 6),
        ("QS", "1990-10-01", "1991-04-01", 2),
        ("MS", "1999-12-01", "2000-02-01", 2),
        ("D", "2024-02-28", "2024-03-01", 2),
        ("h", "2024-03-30 22:00", "2024-03-31 04:00", 6),
        ("5min", "2024-01-01 00:00", "2024-01-01 01:00", 12),
    ],
)
def test_steps_are_counted_by_the_calendar(frequency, since, until, expected):
    times = [pd.Series(pd.to_datetime([one])) for one in (until, since)]
    assert np.array_equal(steps(*times, frequency), [expected])
