"""What is written: documents for programs, and files that are whole or not there."""

import datetime
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trialbook._plain import check_folder, plain, whole_file, write_text
from trialbook.errors import OptionError, WorkspaceError


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


def test_a_file_takes_the_place_of_the_old_one_when_it_is_whole(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    with whole_file(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [item.name for item in tmp_path.iterdir()] == ["page.html"]


def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")
    with pytest.raises(WorkspaceError, match="No space left"), whole_file(path):
        raise OSError(28, "No space left on device")
    assert path.read_text() == "old"


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(OptionError, match="does not exist"):
        check_folder(tmp_path / "no" / "page.html")


def test_a_text_is_written_into_a_folder_that_is_there(tmp_path):
    write_text(tmp_path / "page.html", "naïve")
    assert (tmp_path / "page.html").read_text("utf-8") == "naïve"
    with pytest.raises(OptionError, match="does not exist"):
        write_text(str(tmp_path / "none" / "page.html"), "naïve")
