"""What programs read."""

import pandas as pd
import pytest

from trialbook.cli._output import write_csv
from trialbook.errors import WorkspaceError


def test_a_table_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "p.csv"
    path.write_text("old")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(WorkspaceError, match="No space left on device"):
        write_csv(pd.DataFrame({"a": [1]}), path)
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["p.csv"]
