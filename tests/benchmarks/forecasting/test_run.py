"""A comparison of forecasts goes on where it stopped, and an answer counts once it is there."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import run as runner
from benchmarks.catalog import read_catalog
from benchmarks.forecasting import run
from benchmarks.forecasting.systems import shared
from benchmarks.forecasting.systems.shared import (
    ANSWER,
    FORECAST,
    ID,
    LEVELS,
    TARGET,
    TIME,
    WINDOW,
    Adapter,
    Request,
)
from benchmarks.process import Ended
from benchmarks.results import Constraint, read_results


class LastValue(Adapter):
    """Repeats the last row, with deciles about it."""

    rolls = True

    def fit(self, request):
        self.trained_on = len(request.train)

    def forecast(self, window):
        last = window.history.groupby(ID)[TARGET].last()
        table = window.future[[ID, TIME]].assign(**{FORECAST: window.future[ID].map(last)})
        for place, level in enumerate(LEVELS):
            table[level] = table[FORECAST] + place - 4
        return table

    def models(self):
        return ["Last", "Value"]


def ask(split, tmp_path, **more):
    asked = split.write(tmp_path)
    tables = {part: pd.read_parquet(asked.pop(part)) for part in ("train", "future")}
    observed = asked.pop("observed")
    limits = {"budget_s": 60.0, "cores": 1, "memory_mb": 100, "seed": 0, "scratch": tmp_path}
    return Request(**tables, **asked, **limits | more), observed


@pytest.fixture
def plans(shops):
    systems = read_catalog(section="forecasters").choose(["seasonal_naive", "auto_ets"])
    limits = Constraint(60, 2)
    return [runner.Plan(one, "1.0", shops, limits, 0, "Some CPU") for one in systems]


@pytest.fixture
def as_if(monkeypatch):
    """Every run answers as `LastValue`; what was run is kept."""
    ran = []

    def train(command, **_options):
        ran.append(command[2])
        raw = json.loads(command[-1].read_text("utf-8"))
        output, observed = (raw.pop(key) for key in ("output", "observed"))
        tables = {part: pd.read_parquet(raw.pop(part)) for part in ("train", "future")}
        shared.run(LastValue(), Request(**tables, **raw), observed, runner.Path(output))
        return Ended(0, 2.0, 30.0, timed_out=False)

    monkeypatch.setattr(runner, "run_bounded", train)
    return ran


def test_what_is_in_the_table_is_not_run_again(plans, tmp_path, as_if):
    table = tmp_path / run.TABLE
    runner.run_plans(plans[:1], table, tmp_path, columns=run.COLUMNS)
    runner.run_plans(plans, table, tmp_path, columns=run.COLUMNS)
    runner.run_plans(plans, table, tmp_path, columns=run.COLUMNS)
    assert as_if == ["benchmarks.forecasting.systems.statistics"] * 2
    rows = read_results(table, run.COLUMNS, run.NUMERIC)
    assert list(rows) == run.COLUMNS
    assert rows["framework"].tolist() == ["seasonal_naive", "auto_ets"]
    assert (rows["result"] == -rows["mase"]).all()
    assert set(rows["models"]) == {"Last, Value"}
    assert (rows["windows"] == 2).all()


def test_a_fold_budget_or_seed_of_its_own_is_a_run_of_its_own(plans, tmp_path, as_if):
    table = tmp_path / run.TABLE
    runner.run_plans(plans[:1], table, tmp_path, columns=run.COLUMNS)
    one = plans[0]
    others = [
        runner.Plan(one.framework, "1.0", one.dataset, Constraint(300, 2), 0, one.machine),
        runner.Plan(one.framework, "1.0", one.dataset, one.constraint, 1, one.machine),
        runner.Plan(one.framework, "1.1", one.dataset, one.constraint, 0, one.machine),
        runner.Plan(
            one.framework, "1.0", replace(one.dataset, fold=1), one.constraint, 0, one.machine
        ),
    ]
    runner.run_plans(others, table, tmp_path, columns=run.COLUMNS)
    rows = read_results(table, run.COLUMNS, run.NUMERIC)
    assert rows["fold"].tolist() == ["0", "0", "0", "0", "1"]
    # Nothing is left to run.
    runner.run_plans([*plans[:1], *others], table, tmp_path, columns=run.COLUMNS)
    assert len(read_results(table, run.COLUMNS, run.NUMERIC)) == 5


def test_a_run_that_failed_has_a_row_without_scores(plans, tmp_path, monkeypatch):
    ended = Ended(-9, 240.0, 30.0, timed_out=True)
    monkeypatch.setattr(runner, "run_bounded", lambda *_given, **_options: ended)
    table = tmp_path / run.TABLE
    runner.run_plans(plans[:1], table, tmp_path, columns=run.COLUMNS)
    (row,) = read_results(table, run.COLUMNS, run.NUMERIC).to_dict("records")
    assert np.isnan([row["result"], row["mase"], row["coverage"]]).all()
    assert row["info"].startswith("TimeoutError")


def test_an_adapter_writes_forecasts_times_and_models(split, tmp_path):
    request, observed = ask(split, tmp_path)
    shared.run(LastValue(), request, observed, tmp_path)
    answer = pd.read_parquet(tmp_path / ANSWER)
    bonn = answer[answer[ID] == "Bonn / 1"]
    assert bonn[WINDOW].tolist() == [0, 0, 1, 1]
    # The second window knows what came in the first.
    assert bonn[FORECAST].tolist() == [20, 20, 10, 10]
    said = json.loads((tmp_path / "result.json").read_text())
    assert set(said) == {"training_s", "predict_s", "models", "models_count"}
    assert said["models_count"] == 2


def test_a_forecast_counts_if_what_comes_after_it_fails(split, tmp_path):
    class Unnamed(LastValue):
        def models(self):
            raise KeyError("rank")

    request, observed = ask(split, tmp_path)
    with pytest.raises(KeyError):
        shared.run(Unnamed(), request, observed, tmp_path)
    assert split.score(tmp_path / ANSWER)["windows"] == 1


def test_what_came_is_not_read_before_the_first_forecast(split, tmp_path):
    class Once(LastValue):
        rolls = False

    request, _ = ask(split, tmp_path)
    shared.run(Once(), request, tmp_path / "nowhere.parquet", tmp_path)
    assert set(pd.read_parquet(tmp_path / ANSWER)[WINDOW]) == {0}


def test_windows_end_when_their_time_is_over(split, tmp_path):
    request, observed = ask(split, tmp_path, budget_s=-1.0)
    shared.run(LastValue(), request, observed, tmp_path)
    assert set(pd.read_parquet(tmp_path / ANSWER)[WINDOW]) == {0}


def test_gaps_are_filled_with_the_row_before(split):
    whole = shared.regular(split.train, "MS")
    assert len(whole) == len(split.train) + 1
    bonn = whole[whole[ID] == "Bonn / 1"].set_index(TIME)
    assert bonn.loc["2020-03-01", [TARGET, "holidays"]].tolist() == [20, 1]
    assert list(whole) == list(split.train)


def test_covariates_that_are_missing_are_what_was_last_known(split, tmp_path):
    request, _ = ask(split, tmp_path)
    future = request.future[request.future[WINDOW] == 0].reset_index(drop=True)
    future["holidays"] = [np.nan, 3.0] * 3
    train = request.train.assign(holidays=request.train["holidays"].astype(float))
    train.loc[train[ID] == "Ulm / 2", "holidays"] = np.nan
    before, after = shared.filled(shared.Window(0, train, future), ["holidays"], "MS")
    assert after["holidays"].tolist() == [7, 3, 7, 3, 3, 3]
    assert before.loc[before[ID] == "Ulm / 2", "holidays"].eq(3).all()
    assert list(after) == [ID, TIME, "holidays"]


def test_the_catalog_has_adapters_of_both_kinds():
    series, tables = read_catalog(section="forecasters"), read_catalog()
    assert series.frameworks["trialbook"].module == "benchmarks.forecasting.systems.trialbook"
    assert tables.frameworks["trialbook"].module == "benchmarks.frameworks.trialbook"
    assert next(iter(series.frameworks)) == "seasonal_naive"
