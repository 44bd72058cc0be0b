"""Programs read a table only where it gives exactly what the copy of the rows has."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from trialbook import tables
from trialbook.data import prepare
from trialbook.experiment import _origin, state
from trialbook.experiment._design import NO_TABLES, Tables
from trialbook.job import Job


@pytest.fixture
def space(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "row": np.arange(40),
            "size": rng.normal(size=40),
            "kind": rng.choice(["a", None], 40),
            "when": pd.date_range("2020-01-01", periods=40, freq="17h"),
            "w": 1.0,
            "y": rng.choice(["no", "yes", None], 40, p=[0.5, 0.4, 0.1]),
        }
    )
    tables.upload(frame, "bank", tmp_path)
    return SimpleNamespace(path=tmp_path, served=False)


def kept(space, change=lambda prepared: prepared, data="bank", **fields):
    job = Job(data=data, target="y", workspace=str(space.path), max_trials=1, **fields)
    job = _origin.pin(job, NO_TABLES)
    prepared = change(prepare(job))
    folder = space.path / "artifacts"
    state.write_inputs(folder, job, prepared)
    _origin.keep(folder, job, prepared, space)
    return folder, prepared


def test_rows_are_named_by_their_position_in_the_table(space):
    folder, prepared = kept(space, weight="w", test_size=0.2)
    rows = pd.read_parquet(folder / state.ROWS)
    table = tables.read("bank", space.path).iloc[rows["__row"]].reset_index(drop=True)
    pd.testing.assert_series_equal(table["y"], rows["y"])
    pd.testing.assert_frame_equal(
        table[prepared.schema.names], prepared.train[prepared.schema.names]
    )
    assert not {"size", "kind", "when"} & {*rows.columns}
    assert {"w", "__fold_0"} <= {*rows.columns}
    origin = _origin.origin_of(folder, space)
    assert origin.table is not None
    assert origin.table.unused == ("row", "w")
    assert origin.sentence == "It learns from version 0 of the table `bank`, which it reads."


def differs(prepared):
    train = prepared.train.copy()
    train.loc[3, "size"] = np.nextafter(train.loc[3, "size"], np.inf)
    return replace(prepared, train=train)


@pytest.mark.parametrize(
    "change",
    [
        differs,
        lambda one: replace(one, train=one.train.astype({"size": np.float32})),
        lambda one: replace(one, positions=one.positions[::-1]),
        lambda one: replace(one, positions=np.append(one.positions[:-1], -1)),
        lambda one: replace(one, positions=None),
    ],
)
def test_the_least_difference_makes_programs_read_the_copy(space, change):
    folder, _ = kept(space, change)
    origin = _origin.origin_of(folder, space)
    assert origin.table is None
    assert origin.sentence.endswith("it reads a copy of the rows.")
    assert not (folder / state.ROWS).exists()


def test_a_big_table_is_read_from_the_copy(space, monkeypatch):
    monkeypatch.setattr(_origin, "BIG_ROWS", 39)
    folder, _ = kept(space)
    assert _origin.origin_of(folder, space).table is None


def test_a_column_that_is_named_as_the_rows_are_makes_programs_read_the_copy(space):
    table = tables.read("bank", space.path).rename(columns={"w": "__row"})
    tables.upload(table, "other", space.path)
    folder, _ = kept(space, data="other", weight="__row")
    assert _origin.origin_of(folder, space).table is None


def test_artifacts_on_a_server_are_read_from_the_copy(space):
    space.served = True
    folder, _ = kept(space)
    assert _origin.origin_of(folder, space).table is None


def test_another_table_of_the_same_name_is_not_taken_for_it(space):
    folder, _ = kept(space)
    tables.drop("bank", space.path)
    assert _origin.origin_of(folder, space).table is None
    tables.upload(pd.DataFrame({"size": [1]}), "bank", space.path)
    assert _origin.origin_of(folder, space).table is None


def test_other_sources_have_no_origin(space, tmp_path):
    tables.read("bank", space.path).to_csv(tmp_path / "bank.csv", index=False)
    folder, _ = kept(space, data=str(tmp_path / "bank.csv"))
    assert _origin.origin_of(folder, space) == _origin.NO_ORIGIN


def test_tables_in_memory_are_not_pinned(space):
    job = Job(data="bank", test="bank", target="y", workspace=str(space.path))
    pinned = _origin.pin(job, Tables(data=pd.DataFrame()))
    assert (pinned.data, pinned.test) == ("bank", "bank@0")
