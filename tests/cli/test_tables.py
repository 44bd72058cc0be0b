"""Cells of a leaderboard as people read them."""

from __future__ import annotations

import pandas as pd
import pytest

from trialbook.cli._tables import _cell, leaderboard_table


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("milliseconds", 0.0123, "0.0123 ms"),
        ("milliseconds", 395.2, "395 ms"),
        ("milliseconds", 1660.0, "1.7 s"),
        ("milliseconds", float("nan"), ""),
        ("megabytes", 20.591, "20.59 MB"),
        ("integer", 3.0, "3"),
    ],
)
def test_a_value_is_short_and_has_its_unit(kind, value, text):
    assert _cell(value, kind) == text


def board():
    return pd.DataFrame(
        {
            "rank": [1, 2],
            "trial": ["large-2", "small-1"],
            "score": [0.9, 0.7],
            "predict_row_ms": [20.0, 2.0],
            "best": [False, True],
        }
    )


def test_the_best_trial_is_bold_wherever_it_stands():
    assert [row.style for row in leaderboard_table(board(), "roc_auc").rows] == ["", "bold"]


@pytest.mark.parametrize("wide", [True, False])
def test_the_time_of_one_row_is_shown_where_there_is_room(wide):
    table = leaderboard_table(board(), "roc_auc", wide=wide)
    assert ("one row" in [column.header for column in table.columns]) == wide


def test_of_forecasts_the_shortest_time_is_of_one_series():
    table = leaderboard_table(board(), "mase", alone="one series")
    assert [column.header for column in table.columns][-1] == "one series"
