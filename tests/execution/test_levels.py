"""How near forecasts of a hierarchy are at each of its levels."""

import numpy as np
import pandas as pd
import pytest

from trialbook.execution._levels import mase_by_level, nodes_beside

NODES = pd.DataFrame({"total": "total", "state %": ["a", "a"], "shop": ["a/1", "a/2"]})


def test_errors_are_those_of_the_nodes_of_a_level():
    series = np.array(["total", "total", "a", "a/1", "a/2"])
    scores = mase_by_level(NODES, series, np.array([1.0, -3.0, 0.5, -1.0, 0.0]))
    # A sign that MLflow does not take in a name is written as another.
    assert scores == {"mase_total": 2.0, "mase_state _": 0.5, "mase_shop": 0.5}
    assert mase_by_level(None, series, np.zeros(5)) == {}


@pytest.mark.parametrize("there", [True, False])
def test_nodes_lie_beside_the_schema(tmp_path, there):
    if there:
        NODES.to_parquet(tmp_path / "hierarchy.parquet", index=False)
    found = nodes_beside(tmp_path / "schema.json")
    assert (found is not None) == there
