"""The many series that are made, and what is said of a run on them."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecasting import many_series
from benchmarks.forecasting.many_series import HEADER, many, options_of, row
from benchmarks.forecasting.systems.shared import ID, TARGET
from benchmarks.process import Ended
from benchmarks.training import Training


def test_the_first_series_are_those_of_the_table_and_copies_differ(split):
    table = many(split.train, 8)
    assert table["series"].nunique() == 8
    values = {name: rows["target"].to_numpy() for name, rows in table.groupby("series")}
    bonn = split.train.loc[split.train[ID] == "Bonn / 1", TARGET]
    assert values["S00000"].tolist() == bonn.tolist()
    assert np.corrcoef(values["S00000"], values["S00003"])[0, 1] > 0.9
    assert not np.allclose(values["S00003"], values["S00006"])


def test_they_are_always_the_same_and_zeros_stay(split):
    split.train.loc[0, TARGET] = 0.0
    table = many(split.train, 7)
    assert table.equals(many(split.train, 7))
    assert (table["target"] == 0).sum() == 3


def test_a_row_says_what_was_seen(split):
    log = "[ 0:41] trial 1 naive: 0.82 ± 0 in 0.4 s\n[ 1:05] trial 2 theta-1: 0.71 ± 0 in 2 s\n"
    report = "**vote**, validation mase 0.7012 ± 0.01\n"
    training = Training(Ended(0, 288.25, 4_608.0, timed_out=False), log, report)
    line = row(many(split.train, 4), 300.0, training)
    assert line == "| 4 | 30 | 300 s | 288.2 s | 4.5 GiB | 41 s | 2 | mase 0.7012 | 0 |"
    assert line.count("|") == HEADER.splitlines()[0].count("|")


def test_a_run_is_asked_for_as_the_set_says(shops):
    words = options_of(shops, "8GB")
    asked = dict(zip(words[::2], words[1::2]))
    assert asked["--horizon"] == "2"
    assert (asked["--season"], asked["--frequency"]) == ("3", "MS")
    assert asked["--total-memory"] == "8GB"


@pytest.mark.parametrize(("timed_out", "status"), [(True, 1), (False, 0)])
def test_a_run_that_timed_out_is_a_failure_of_the_command(
    folder, tmp_path, monkeypatch, timed_out, status
):
    asked = []

    def train(table, *_given):
        asked.append(len(pd.read_parquet(table)))
        return Training(Ended(0, 700.0, 512.0, timed_out), "")

    monkeypatch.setattr(many_series, "train", train)
    given = ["--data", str(folder), "--set", "shops", "--series", "5", "--scratch", str(tmp_path)]
    monkeypatch.setattr("sys.argv", ["many_series", *given])
    assert many_series.main() == status
    assert asked == [38]
