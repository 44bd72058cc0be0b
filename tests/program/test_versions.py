"""A program reads a version of a table: its features by position, the rest from its own file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from deltalake import DeltaTable

from trialbook import tables
from trialbook.program import (
    ROW_COLUMN,
    Code,
    Columns,
    Frame,
    MetricCode,
    ModelCode,
    Preprocessing,
    TableCode,
    import_program,
    read_version,
    tabular_program,
)


@pytest.fixture
def folder(tmp_path):
    """A table of three uploads, and the rows of it that are used."""
    for start in (0, 10, 20):
        part = pd.DataFrame(
            {
                "size": np.arange(start, start + 10) / 3,
                "when": pd.date_range("2020-01-01", periods=10, freq="h"),
                "flag": [True, None] * 5,
                "note": "x",
                "price": 1.0,
            }
        )
        tables.upload(part, "t", tmp_path / "W", append=start > 0)
    rows = pd.DataFrame({ROW_COLUMN: [25, 3, 14, 8], "price": [1.0, 2.0, 3.0, 4.0]})
    rows["__fold_0"] = [1, 1, 0, 0]
    rows.to_parquet(tmp_path / "rows.parquet")
    return tmp_path / "W" / "tables" / "t"


def identity(folder):
    return DeltaTable(folder).metadata().id


def program(folder, unused=("note",)):
    frame = Frame(
        experiment="e",
        task="regression",
        target="price",
        classes=(),
        positive=None,
        columns=Columns(numeric=("size",)),
        fold_columns=("__fold_0",),
        validation="A hold-out.",
        weight=None,
        metric=MetricCode("mean", "mean", "def mean(y, p):\n    return y.mean()", (), True),
        data=Code(f'Path("{(folder.parents[2] / "rows.parquet").as_posix()}")'),
        seed=0,
        n_jobs=1,
        table=TableCode(Code(f'"{folder.as_posix()}"'), 2, identity(folder), unused),
        origin="It learns from version 2 of the table `t`, which it reads.",
    )
    model = ModelCode(
        Code("DummyRegressor()"), ("from sklearn.dummy import DummyRegressor",), Preprocessing()
    )
    return tabular_program(frame, model, title="T", summary="S.")


def test_features_are_those_of_the_rows_at_their_positions(folder, tmp_path):
    path = tmp_path / "trial.py"
    path.write_text(program(folder), "utf-8")
    X, y, folds = import_program(path).load()
    assert list(X) == ["size", "when", "flag"]
    assert X["size"].tolist() == [25 / 3, 1, 14 / 3, 8 / 3]
    assert X["when"].dtype == "datetime64[ns]"
    assert X["flag"].tolist() == [None, None, True, True]
    assert X.index.tolist() == [0, 1, 2, 3]
    assert y.tolist() == [1, 2, 3, 4] and folds.ravel().tolist() == [1, 1, 0, 0]


def test_the_heading_says_which_version_it_is(folder):
    source = program(folder)
    assert source.startswith(
        "# %% [markdown]\n# # T\n#\n# S.\n#\n# It learns from version 2 of the table `t`, which it"
        " reads.\n#\n# A hold-out.\n"
    )
    assert "VERSION = 2\n" in source and 'UNUSED = ["note"]\n' in source


def test_no_constant_says_that_nothing_is_unused(folder):
    assert "UNUSED" not in program(folder, unused=())


def test_rows_come_in_the_order_of_their_upload(folder):
    read = read_version(str(folder), 2, identity(folder))
    assert read["size"].tolist() == [row / 3 for row in range(30)]
    assert len(read_version(str(folder), 0, identity(folder))) == 10


@pytest.mark.parametrize(("version", "table_id"), [(3, None), (2, "another")])
def test_what_is_gone_is_said(folder, version, table_id):
    with pytest.raises(FileNotFoundError, match=rf"version {version} of the table .* is gone"):
        read_version(str(folder), version, table_id or identity(folder))


def test_a_dropped_table_is_said(folder):
    table_id = identity(folder)
    tables.drop("t", folder.parents[1])
    with pytest.raises(FileNotFoundError, match=r"is gone: dropped, or removed by a vacuum"):
        read_version(str(folder), 2, table_id)
