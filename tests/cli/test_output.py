"""What programs read."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trialbook.cli._output import plain, write_table
from trialbook.errors import WorkspaceError


@dataclass
class Point:
    x: float
    where: Path


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.float64(0.5), 0.5),
        (float("nan"), None),
        (np.float64("inf"), None),
        (np.bool_(True), True),
        (np.array([1.0, np.nan]), [1.0, None]),
        (Path("a/b"), "a/b"),
        (Point(1.0, Path("p")), {"x": 1.0, "where": "p"}),
        ({1: (1, 2)}, {"1": [1, 2]}),
        (pd.Timestamp("2020-01-02"), "2020-01-02T00:00:00"),
        (pd.NaT, None),
        (datetime.date(2020, 1, 2), "2020-01-02"),
        (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        (pd.Series([1, 2]), [1, 2]),
    ],
)
def test_everything_becomes_json(value, expected):
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "p.csv"
    path.write_text("old")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(WorkspaceError, match="No space left on device"):
        write_table(pd.DataFrame({"a": [1]}), path)
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["p.csv"]
