"""A first look at the data is kept with the experiment, within the deadline's means."""

import json

import pandas as pd
import pytest

from trialbook.data import prepare
from trialbook.experiment import _exploration, state
from trialbook.experiment._design import make_design
from trialbook.experiment._exploration import affordable_profile_rows, write_exploration
from trialbook.job import Job
from trialbook.search import Ledger
from trialbook.tracking import Tracker, Workspace


@pytest.fixture
def look(tmp_path):
    """Write the exploration of a prepared table, and read the profile."""

    tracker = Tracker.create(Workspace.open(tmp_path / "workspace", create=True), "bank", {})

    def write(job, prepared, ledger=None):
        ledger = ledger or Ledger(job.deadline_s)
        write_exploration(tmp_path, tracker, make_design(job, prepared), ledger)
        path = tmp_path / state.PROFILE
        return json.loads(path.read_text()) if path.exists() else None

    return write


def test_notebook_and_profile_are_written(look, job, prepared, tmp_path):
    profile = look(job, prepared)
    assert (tmp_path / state.EXPLORATION).exists()
    assert (tmp_path / state.PROFILE_PAGE).read_text().startswith("<!DOCTYPE html>")
    assert profile["n_rows"] == len(prepared.train)
    assert [one["name"] for one in profile["guardrails"]] == [
        one.name for one in prepared.guardrails
    ]
    columns = {one["name"]: one for one in profile["columns"]}
    assert columns["label"]["role"] == "target"
    assert columns["size"]["association"]["share"] > 0.5
    # A column that is not used says why, though the training table has no cells of it.
    assert columns["always"]["dropped"] == "constant"
    assert "numbers" not in columns["always"]


def test_rows_are_those_of_the_job_and_not_of_a_table_to_validate_on(look, job):
    frame = pd.DataFrame({"x": [*range(40), 10_000.0], "label": ["a", "b"] * 20 + ["a"]})
    job = job.model_copy(update={"test_size": None, "folds": None})
    other = frame.assign(x=1e9)
    prepared = prepare(job, frame=frame, validation_frame=other)
    profile = look(job, prepared)
    assert profile["n_rows"] == 41
    outliers = profile["columns"][0]["numbers"]["outliers"]
    assert outliers["examples"] == [{"row": 41, "value": 10_000.0}]


def test_without_the_time_there_is_no_profile_and_the_ledger_says_why(
    look, job, prepared, monkeypatch
):
    monkeypatch.setattr(_exploration, "COLUMN_S", 10.0)
    ledger = Ledger(60.0)
    assert look(job, prepared, ledger) is None
    assert "no time for 5 columns" in ledger.skipped["profile"]


def test_a_profile_takes_a_part_of_the_deadline_and_seconds_at_most():
    def seconds(deadline_s):
        rows = affordable_profile_rows(20, deadline_s)
        return 20 * _exploration.COLUMN_S + rows * 20 / _exploration.CELLS_PER_S

    assert seconds(15.0) == pytest.approx(0.15, abs=0.001)
    assert seconds(100.0) == pytest.approx(1.0, abs=0.001)
    assert (
        seconds(None) == seconds(3600.0) == pytest.approx(_exploration.PROFILE_MOST_S, abs=0.001)
    )
    assert affordable_profile_rows(5_000, 15.0) == 0


def test_series_have_a_notebook_of_their_own_and_a_profile_under_the_names_of_the_table(
    look, tmp_path
):
    days = pd.date_range("2024-01-01", periods=40)
    table = pd.DataFrame(
        {"shop": ["a"] * 40 + ["b"] * 40, "day": [*days] * 2, "open": 1.0, "sales": range(80)}
    )
    table.loc[::3, "open"] = 0.5
    asked = Job(
        data=Job.IN_MEMORY,
        target="sales",
        task="forecasting",
        time_column="day",
        series=("shop",),
        horizon=3,
        name="shops",
        timeout="90s",
    )
    profile = look(asked, prepare(asked, frame=table))
    script = (tmp_path / state.EXPLORATION_SCRIPT).read_text()
    assert "2 series of days (D), horizon 3, season 7; 80 rows" in script
    assert 'DATA = "../data/train.parquet"' in script
    columns = {one["name"]: one for one in profile["columns"]}
    assert set(columns) == {"shop", "day", "open", "sales"}
    assert columns["sales"]["role"] == "target"
    assert profile["n_rows"] == 80
