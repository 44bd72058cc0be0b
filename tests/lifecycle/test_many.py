"""Many models: a table by its parts, time by rule, and what becomes of each."""

import threading
import time

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.errors import DataError, NoModelError, OptionError, WorkspaceError
from trialbook.job import Job
from trialbook.lifecycle.many import _models
from trialbook.lifecycle.many._plan import Plan, by_part, keys_of, plan_of, share_s, values_of
from trialbook.lifecycle.many._run import Runner
from trialbook.models import NOTHING_NEW
from trialbook.tracking import Workspace


def table(rows):
    """So many rows of each state."""
    states = np.repeat(list(rows), list(rows.values()))
    return pd.DataFrame({"state": states, "year": 2020.0, "y": np.arange(len(states))})


def job(**options):
    return Job.from_fields({"data": "sales.csv", "target": "y", **options})


def test_parts_are_values_of_columns_and_the_largest_come_first():
    made = plan_of(table({"a": 2, "b/c": 5, "d": 5}), job(), ("state", "year"), "rows", 2)
    assert [(part.key, part.rows) for part in made.parts] == [
        ("b\\/c/2020", 5),
        ("d/2020", 5),
        ("a/2020", 2),
    ]
    names = [part.name for part in made.parts]
    assert len(set(names)) == 3
    assert all(name.startswith("sales-") and "/" not in name for name in names)
    assert made.of("a/2020") is made.of(names[2])
    with pytest.raises(OptionError, match="no part 'e'"):
        made.of("e")


def test_parts_know_their_values_again():
    assert values_of("b\\/c/2020", ("state", "year")) == {"state": "b/c", "year": "2020"}
    assert values_of("b/c", ("state",)) == {"state": "b/c"}


def test_series_are_told_apart_by_the_same_columns_in_all_parts():
    months = pd.date_range("2020-01-01", periods=40, freq="MS")
    pairs = (("a", "x"), ("a", "y"), ("b", "x"))
    parts = [pd.DataFrame({"month": months, "state": one, "shop": shop}) for one, shop in pairs]
    sales = pd.concat(parts, ignore_index=True)
    sales["y"] = np.random.default_rng(0).normal(size=len(sales))
    asked = job(task="forecasting", time_column="month", horizon=6)
    found = _models._of_alike_series(asked, sales, ("state",))
    assert (found.series, found.find_series) == (("shop",), False)  # parts look for no others
    settled = asked.model_copy(update={"find_series": False})
    assert _models._of_alike_series(asked, sales, ("state", "shop")) == settled
    # What is wrong is said by the parts.
    assert _models._of_alike_series(asked, sales.drop(columns="month"), ("state",)) == asked
    assert _models._of_alike_series(asked, sales.assign(month="soon"), ("state",)) == settled
    assert _models._of_alike_series(job(), sales, ("state",)) == job()


def test_a_plan_is_kept_as_it_is(tmp_path):
    made = plan_of(table({"a": 2}), job(), ("state",), "even", 2)
    made.parts[0].state, made.parts[0].error = "failed", "why"
    made.write(tmp_path)
    assert Plan.read(tmp_path) == made


def test_columns_that_make_no_parts_are_refused():
    for columns in ((), ("y",)):
        with pytest.raises(OptionError, match="columns that divide a table"):
            plan_of(table({"a": 2}), job(), columns, "rows", 1)
    with pytest.raises(DataError, match="lacks the column 'town'"):
        keys_of(table({"a": 2}), ["town"], "data")


def test_time_is_divided_by_weight_and_what_is_left_over_goes_to_the_others():
    assert share_s(100, 1, [], 1, 3) == 25
    assert share_s(100, 2, [], 1, 3) == 50
    # One runs and may take 50 s more, so that 150 s of two are free.
    assert share_s(100, 2, [50], 1, 2) == 50
    # The first took 5 s of its 25: 95 s for three.
    assert share_s(95, 1, [], 1, 2) == pytest.approx(95 / 3)
    assert share_s(10, 4, [], 1, 0) == 10  # never longer than there is
    assert share_s(5, 2, [20], 1, 1) == 0


class Made(Runner):
    """A session that trains nothing: parts fail by their names."""

    def _train(self, part, tables, seconds, *, again):
        with self.lock:
            self.seen.append((part.key, len(tables["data"]), seconds, again))
            self.most = max(self.most, threading.active_count())
        time.sleep(0.01)
        part.state = "failed" if part.key == "b" else "finished"


def session(tmp_path, rows, deadline=None, at_once=2, divide="rows"):
    data = table(rows)
    plan = plan_of(data, job(), ("state",), divide, at_once)
    space = Workspace.open(tmp_path / "space", create=True)
    parts = {"data": by_part(data, ["state"], "data table")}
    made = Made(plan, tmp_path, space, job(), parts, deadline)
    made.seen, made.most, made.lock = [], 0, threading.Lock()
    return made


def test_one_that_fails_does_not_stop_the_others(tmp_path):
    made = session(tmp_path, {"a": 3, "b": 2, "c": 1})
    told = []
    made.listeners = [told.append]
    made.run()
    assert [part.state for part in made.plan.parts] == ["finished", "failed", "finished"]
    assert sorted(part.key for part in told) == ["a", "b", "c"]
    assert Plan.read(tmp_path) == made.plan
    assert {(key, n) for key, n, *_ in made.seen} == {("a", 3), ("b", 2), ("c", 1)}
    assert all(seconds is None for _, _, seconds, _ in made.seen)


def test_so_many_run_at_once_and_no_more(tmp_path):
    before = threading.active_count()
    made = session(tmp_path, dict.fromkeys("acdefghi", 1), at_once=3)
    made.run()
    assert len(made.seen) == 8
    assert made.most - before <= 3


def test_time_is_by_rows_or_the_same_for_all(tmp_path):
    later = time.monotonic() + 1000
    by_rows = session(tmp_path, {"a": 9, "c": 1}, later, at_once=1)
    by_rows.run()
    assert [round(seconds, -1) for _, _, seconds, _ in by_rows.seen] == [900, 1000]
    even = session(tmp_path, {"a": 9, "c": 1}, later, at_once=1, divide="even")
    even.run()
    assert [round(seconds, -1) for _, _, seconds, _ in even.seen] == [500, 1000]


def test_without_time_parts_wait_for_another_session(tmp_path):
    made = session(tmp_path, {"a": 1, "b": 1}, time.monotonic() + 1)
    made.run()
    assert made.seen == []
    assert {part.state for part in made.plan.parts} == {"waiting"}
    made.deadline = None
    made.run()
    assert len(made.seen) == 2


def test_there_must_be_many_models(tmp_path):
    Workspace.open(tmp_path / "space", create=True)
    with pytest.raises(WorkspaceError, match="there are no such models"):
        tb.open_many(tmp_path / "space")
    with pytest.raises(OptionError, match="0 experiments at once"):
        tb.train_many(job(workspace=str(tmp_path)), ["state"], at_once=0)


def test_without_a_model_nothing_is_forecast(tmp_path):
    made = session(tmp_path / "space", {"a": 1})
    folder = tmp_path / "space" / "space" / "many" / "sales"
    folder.mkdir(parents=True)
    made.plan.write(folder)
    many = tb.open_many(tmp_path / "space" / "space")
    assert many.results["state"].tolist() == ["waiting"]
    with pytest.raises(NoModelError, match="no part of 'sales' has a model"):
        many.forecast()


class Quiet(Runner):
    """A session that trains nothing, and tells what it was to train."""

    told = None

    def run(self):
        Quiet.told = self


@pytest.fixture
def quiet(monkeypatch):
    monkeypatch.setattr(_models, "Runner", Quiet)


def kept(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_waits_is_trained_in_the_workspace_where_it_is_now(tmp_path, monkeypatch, quiet):
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    asked = job(workspace="space", data=Job.IN_MEMORY, name="sales")
    tb.train_many(asked, ["state"], data=table({"a": 2}))
    assert Quiet.told.job.workspace == "space"
    monkeypatch.chdir(tmp_path / "there")
    tb.open_many(tmp_path / "here" / "space").resume()
    assert Quiet.told.job.workspace == str(tmp_path / "here" / "space")
    (tmp_path / "here").rename(tmp_path / "elsewhere")
    tb.open_many(tmp_path / "elsewhere" / "space").resume()
    assert Quiet.told.job.workspace == str(tmp_path / "elsewhere" / "space")


def test_tables_of_an_earlier_run_are_not_used_again(tmp_path, quiet):
    table({"a": 4}).to_parquet(tmp_path / "test.parquet")
    fields = {"data": Job.IN_MEMORY, "name": "sales", "workspace": str(tmp_path / "space")}
    first = job(**fields, test=str(tmp_path / "test.parquet"))
    many = tb.train_many(first, ["state"], data=table({"a": 2}))
    assert kept(many.folder) == ["data.parquet", "many.json", "test.parquet"]
    tb.train_many(job(**fields), ["state"], data=table({"a": 3}))
    assert kept(many.folder) == ["data.parquet", "many.json"]
    many.resume()
    assert {role: len(parts["a"]) for role, parts in Quiet.told.tables.items()} == {"data": 3}


def test_nothing_is_written_if_a_table_cannot_be_divided(tmp_path, quiet):
    table({"a": 4}).drop(columns="state").to_parquet(tmp_path / "test.parquet")
    fields = {"data": Job.IN_MEMORY, "name": "sales", "workspace": str(tmp_path / "space")}
    asked = job(**fields, test=str(tmp_path / "test.parquet"))
    with pytest.raises(DataError, match=r"lacks the column 'state'.*\(test table\)"):
        tb.train_many(asked, ["state"], data=table({"a": 2}))
    assert not (tmp_path / "space").exists()


@pytest.mark.parametrize("whole", [0, 1])
def test_a_plan_lies_beside_its_own_tables_whenever_a_run_is_killed(
    tmp_path, quiet, monkeypatch, whole
):
    fields = {"data": Job.IN_MEMORY, "name": "sales", "workspace": str(tmp_path / "space")}
    table({"a": 4}).to_parquet(tmp_path / "test.parquet")
    asked = job(**fields, test=str(tmp_path / "test.parquet"))
    many = tb.train_many(asked, ["state"], data=table({"a": 2}))
    write, written = pd.DataFrame.to_parquet, []

    def killed(rows, path, **options):
        if len(written) == whole:
            path.write_bytes(b"PAR1")
            raise KeyboardInterrupt
        written.append(path)
        write(rows, path, **options)

    monkeypatch.setattr(pd.DataFrame, "to_parquet", killed)
    with pytest.raises(KeyboardInterrupt):
        tb.train_many(asked, ["state"], data=table({"a": 3}))
    many.resume()
    assert many.results["rows"].tolist() == [2]
    assert len(Quiet.told.tables["data"]["a"]) == 2


class Asked:
    """An experiment of a part whose model ends with 2020, or says what is wrong."""

    def __init__(self, key):
        self.key = key

    def forecast(self, horizon, *, future=None, context=None, quantiles=None, level=None):
        end = 2020.0 if context is None else context["year"].max()
        if context is not None and end <= 2020.0:
            raise DataError(NOTHING_NEW.cause, place="option context", remedy=NOTHING_NEW.remedy)
        return pd.DataFrame({"year": [end + 1], "forecast": [0.0]})


@pytest.fixture
def trained(tmp_path, quiet, monkeypatch):
    """Models of two states that are asked for nothing but when they end."""
    monkeypatch.setattr(_models.ManyModels, "experiment", lambda _, key: Asked(key))
    asked = job(data=Job.IN_MEMORY, name="sales", workspace=str(tmp_path / "space"))
    many = tb.train_many(asked, ["state"], data=table({"a": 3, "b": 2}))
    plan = many._plan
    for part in plan.parts:
        part.state = "finished"
    plan.write(many.folder)
    return many


def test_a_part_without_newer_rows_is_forecast_from_its_own_end(trained):
    rows = table({"a": 2, "b": 2})
    rows.loc[rows["state"] == "a", "year"] = [2020.0, 2021.0]
    told = trained.forecast(context=rows)
    assert told["state"].tolist() == ["a", "b"]
    assert told["year"].tolist() == [2022.0, 2021.0]
    with pytest.raises(DataError, match="no row follows the end of its series"):
        trained.forecast(context=table({"a": 2, "b": 2}))


@pytest.mark.parametrize("role", ["future", "context"])
def test_rows_of_no_part_are_refused_by_name(trained, role):
    with pytest.raises(DataError, match=rf"rows of 'c', and 'sales'.*\(option {role}\)"):
        trained.forecast(**{role: table({"a": 1, "c": 1})})


def test_parts_that_the_future_has_rows_of_may_have_no_model(trained):
    plan = trained._plan
    plan.of("b").state = "failed"
    plan.write(trained.folder)
    assert trained.forecast(future=table({"a": 1, "b": 1}))["state"].tolist() == ["a"]
    with pytest.raises(NoModelError, match="that the table of the future has rows of has a model"):
        trained.forecast(future=table({"b": 1}))
