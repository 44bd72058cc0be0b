"""Drift of series: which errors of the windows stand beside those of recent rows."""

import numpy as np
import pandas as pd

from trialbook.execution._oof import write_oof
from trialbook.lifecycle._series_drift import _validated


def test_errors_of_the_windows_are_those_of_leaves_as_of_recent_rows(tmp_path):
    known = pd.DataFrame({"unique_id": ["a/x", "a/y", "total"], "y": [10.0, 20.0, 30.0]})
    prediction = np.array([[37.0, 0.0, 50.0], [22.0, 21.0, 23.0], [13.0, 0.0, 20.0]])
    write_oof(tmp_path / "oof.parquet", [np.array([2, 1, 0])], [prediction])
    scale = pd.Series({"a/x": 1.0, "a/y": 2.0, "total": 7.0})
    told = _validated(tmp_path / "oof.parquet", known, scale, pd.Index(["a/x", "a/y"]))
    assert told["series"].tolist() == ["a/y", "a/x"]
    assert told["error"].tolist() == [1.0, 3.0]
    assert told["kept"].tolist() == [False, True]
