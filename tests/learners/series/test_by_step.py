"""What learners with a model for each step ahead keep to, beside the contract of all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.learners.series.test_contract import CASES, HORIZON, KEYS, future, load, marks, text_of

from trialbook.evaluation.explanations.forecasts import About, effects_of
from trialbook.learners import Learner, all_learners, find
from trialbook.learners._base import Params
from trialbook.learners.series._by_step import ByStep
from trialbook.models._fitted import fitted_rows
from trialbook.search import portfolio
from trialbook.tasks import SeriesTable

BY_STEP = [key for key in KEYS if isinstance(all_learners()[key], ByStep)]
OF_STEPS = [pytest.param(key, marks=marks(key)) for key in BY_STEP]
FORESTS = ("random_forest_recursive", "random_forest_direct")
SPECIFIED = ("lightgbm", "xgboost", "catboost", "random_forest", "linear")


def brother(key: str) -> Learner:
    """The learner that feeds the forecasts of the same regressor back."""
    return all_learners()[key.replace("_direct", "_recursive")]


def text_of_code(learner: Learner, table: SeriesTable) -> str:
    """The forecaster of a learner's first start."""
    return str(learner.code(learner.starts(table)[0].params, table).forecaster)


def test_every_regressor_of_the_specification_forecasts_both_ways() -> None:
    assert sorted(BY_STEP) == sorted(f"{name}_direct" for name in SPECIFIED)
    for key in BY_STEP:
        learner, table = all_learners()[key], CASES["one"].table()
        assert learner.name.endswith(" by step") and find(learner.name).key == key
        assert find(f"direct_{key.removesuffix('_direct')}").key == key
        assert "direct=HORIZON" in text_of_code(learner, table)
        assert (learner.family, learner.requires) == (brother(key).family, brother(key).requires)


@pytest.mark.parametrize("key", [one for one in OF_STEPS if one.values[0] != "linear_direct"])
def test_a_model_by_step_knows_the_day_that_it_forecasts(key: str, tmp_path: Path) -> None:
    days = pd.date_range("2020-01-01", "2023-01-03")
    n = len(days) - HORIZON
    # The first day of a month is another, and no row of the weeks before tells of it.
    y = 10.0 * (days.day == 1) + np.random.default_rng(0).normal(size=len(days))
    rows = pd.DataFrame({"unique_id": "a", "ds": days})
    table = replace(CASES["one"].table(), n_rows=n, shortest=n, longest=n, season=7, frequency="D")
    learner = find(key, "forecasting")
    params = {**learner.starts(table)[0].params, "difference": "none"}
    module = load(text_of(learner, params, table, tmp_path / "none.parquet"), tmp_path)
    told = module.build_forecaster().fit(rows[:n], np.asarray(y[:n])).forecast(rows[n:])
    assert told[1] > 7 and (np.abs(told[[0, 2, 3]]) < 2).all()


def test_a_linear_model_by_step_takes_no_dates_for_amounts() -> None:
    table = replace(CASES["one"].table(), season=7, frequency="D")
    told = {key for key in BY_STEP if '"dayofweek"' in text_of_code(find(key), table)}
    assert told == {*BY_STEP} - {"linear_direct"}


@pytest.mark.parametrize("key", OF_STEPS)
def test_a_model_by_step_is_told_what_is_known_of_its_own_row(key: str, tmp_path: Path) -> None:
    n, rng = 200, np.random.default_rng(0)
    price = np.append(rng.choice([1.0, 3.0], n), [1.0, 3.0, 3.0, 1.0])
    rows = pd.DataFrame({"unique_id": "a", "ds": CASES["one"].times(n + HORIZON), "price": price})
    y = 50 - 10 * price[:n] + rng.normal(size=n)
    table = replace(CASES["one"].table(), n_rows=n, shortest=n, longest=n, covariates=("price",))
    learner = find(key, "forecasting")
    params = {**learner.starts(table)[0].params, "difference": "none"}
    module = load(text_of(learner, params, table, tmp_path / "none.parquet"), tmp_path)
    told = module.build_forecaster().fit(rows[:n], y).forecast(rows[n:])
    np.testing.assert_allclose(told, [40, 20, 20, 40], atol=5)


WAYS: tuple[Params, ...] = (
    {"difference": "season", "column_lags": True},
    {"difference": "none", "logarithm": True},
    {"difference": "step"},
)


@pytest.mark.parametrize("given", WAYS, ids=["columns", "logarithms", "steps"])
@pytest.mark.parametrize("key", OF_STEPS)
def test_a_model_by_step_tells_what_it_fitted_and_what_moves_it(
    key: str, given: Params, tmp_path: Path
) -> None:
    learner, case = all_learners()[key], CASES["several"]
    table = replace(case.table(), holidays="DE")
    path = tmp_path / "train.parquet"
    data = case.data()
    data[data.groupby("unique_id").cumcount() < case.n_rows].to_parquet(path, index=False)
    params = {**learner.starts(table)[0].params, **given}
    assert set(params) <= set(learner.space(table))
    module = load(text_of(learner, params, table, path), tmp_path)
    X, y, _, _ = module.load()
    forecaster = module.build_forecaster().fit(X, y)

    rows = fitted_rows(forecaster)
    np.testing.assert_allclose(rows["y"], y)
    error = (rows["fitted"] - rows["y"]).abs()
    assert error.mean() < rows.groupby("unique_id")["y"].diff().abs().mean()
    # Of a row there is something to tell as soon as there is one before it to take away.
    taken = {"season": case.season, "none": 0, "step": 1}[str(given["difference"])]
    assert (error.isna() == (rows.groupby("unique_id").cumcount() < taken)).all()

    ahead = future(case)
    series = X.assign(y=y).groupby("unique_id")
    means = series["y"].mean(), series[list(case.names)].mean()
    about = About(case.season, case.names, case.static, *means)
    found = effects_of(forecaster, ahead, about)
    told = forecaster.forecast(ahead)
    np.testing.assert_allclose(about.base(ahead) + found.values.sum(axis=1), told)
    assert found.methods[0].startswith("exact SHAP values")
    assert {"price", "(own past)"} <= {*found.groups.values()}
    # Further ahead than there are models.
    step = pd.tseries.frequencies.to_offset(table.frequency)
    both = pd.concat([ahead, ahead.assign(ds=ahead["ds"] + HORIZON * step)])
    both = both.sort_values(["unique_id", "ds"], ignore_index=True)
    found, told = effects_of(forecaster, both, about), forecaster.forecast(both)
    np.testing.assert_allclose(about.base(both) + found.values.sum(axis=1), told)


@pytest.mark.parametrize("key", BY_STEP)
def test_a_model_by_step_is_proposed_where_it_can_be_paid_and_taught(key: str) -> None:
    learner, usual = all_learners()[key], CASES["one"].table()

    def proposed(**facts: object) -> bool:
        return bool(learner.starts(replace(usual, **facts)))  # type: ignore[arg-type]

    assert proposed() and proposed(horizon=2)
    assert not proposed(horizon=1)  # there it is the same as its brother
    long = {"n_rows": 400, "shortest": 400, "longest": 400}
    assert proposed(horizon=48, **long) and not proposed(horizon=49, **long)
    # Of 40 rows, the last of 33 steps would learn from 7.
    assert proposed(horizon=32) and not proposed(horizon=33)


def test_forests_of_all_steps_are_no_larger_than_one_for_all() -> None:
    def proposed(**facts: object) -> set[str]:
        table = replace(CASES["one"].table(), **facts)  # type: ignore[arg-type]
        return {key for key in FORESTS if find(key).starts(table)}

    assert proposed(n_rows=20_000, horizon=4) == {*FORESTS}
    assert proposed(n_rows=20_000, horizon=6) == {"random_forest_recursive"}
    assert proposed(n_rows=200_000) == set()


@pytest.mark.parametrize("key", BY_STEP)
def test_a_model_by_step_comes_after_its_brother_and_costs_less_than_it_for_each(key: str) -> None:
    learner, other = all_learners()[key], brother(key)
    for n_rows, horizon in ((100, 12), (2000, 14), (5000, 20)):
        facts = {"n_rows": n_rows, "shortest": 100, "longest": 100}
        table = replace(CASES["no season"].table(), horizon=horizon, **facts)
        params, twice = learner.starts(table)[0].params, replace(table, horizon=2 * horizon)
        cost = learner.cost(params, table)
        # So many models are fitted.
        assert 1.3 < learner.cost(params, twice) / cost < 2.1
        assert cost < horizon * other.cost(other.starts(table)[0].params, table)
        order = [step.learner for step in portfolio([learner, other], table)]
        assert order.index(other.key) < order.index(key)
