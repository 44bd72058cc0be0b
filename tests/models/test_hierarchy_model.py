"""Forecasters of hierarchies as models: asked for any level, with rows of leaves."""

import json

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient
from tests import forecasters as series

from trialbook.errors import DataError, OptionError
from trialbook.models.export import _score_series
from trialbook.serving import create_app

LEAVES = (("a", 1, "x"), ("a", 1, "y"), ("a", 2, "x"), ("b", 3, "x"))
NAMES = ["state", "shop", "item"]


def monthly(n_rows=60, leaves=LEAVES, price=False):
    """Months of a season, by state, shop and item; the price is known of the future."""
    month, parts = np.arange(n_rows), []
    for size, leaf in enumerate(leaves, 1):
        sold = size * (50 + 20 * np.sin(2 * np.pi * month / 12)) + month
        part = pd.DataFrame({"month": pd.date_range("2020-01-01", periods=n_rows, freq="MS")})
        part[NAMES], part["sold"] = leaf, sold
        if price:
            part["price"] = np.where((month + size) % 4, 1.0, 2.0)
            part["sold"] /= part["price"]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def trained(root, table, learner="seasonal_naive", params=None, **options):
    """The forecaster of one trial of the hierarchy, trained as the engine does."""
    fields = {"series": (), "hierarchy": NAMES, "reconcile": "bottom_up", **options}
    return series.trained(root, table, learner, params, **fields)


@pytest.fixture(scope="module")
def naive(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("naive"), monthly())


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    root = tmp_path_factory.mktemp("priced")
    params = {"n_estimators": 20, "min_child_samples": 5, "difference": "none"}
    return trained(root, monthly(price=True), "lightgbm_recursive", params)


def adds_up(every):
    """Whether forecasts of all levels are the sums of those of the leaves."""
    leaves = every[every["level"] == "item"]
    for count, level in enumerate(("total", *NAMES)):
        sums = leaves.groupby(["month", *NAMES[:count]])["forecast"].sum().reset_index()
        there = every[every["level"] == level]
        both = there.merge(sums, on=["month", *NAMES[:count]], suffixes=("", "_sum"))
        assert len(both) == len(there)
        np.testing.assert_allclose(both["forecast"], both["forecast_sum"])


def test_forecasts_are_of_leaves_or_of_a_level(naive):
    told = naive.forecast()
    assert list(told)[:5] == ["month", *NAMES, "forecast"]
    assert told["shop"].tolist()[::6] == [1, 1, 2, 3]
    before = monthly().set_index([*NAMES, "month"])["sold"]
    year = pd.DateOffset(years=1)
    expected = [before[(*row[1:4], row[0] - year)] for row in told.itertuples(index=False)]
    np.testing.assert_allclose(told["forecast"], expected)
    by_shop = naive.forecast(3, level="shop", quantiles=[0.1, 0.9])
    assert list(by_shop) == ["month", "level", "state", "shop", "forecast", "0.1", "0.9"]
    assert len(by_shop) == 9
    total = naive.forecast(level="total")
    assert list(total)[:3] == ["month", "level", "forecast"]
    every = naive.forecast(level="all")
    assert every["level"].value_counts().to_dict() == {
        "total": 6,
        "state": 12,
        "shop": 18,
        "item": 24,
    }
    adds_up(every)


def test_any_level_has_quantiles_of_its_own_errors(naive):
    told = naive.forecast(level="all")
    assert (np.diff(told.loc[:, "0.1":].to_numpy(), axis=1) >= 0).all()
    widths = (told["0.9"] - told["0.1"]).groupby(told["level"]).mean()
    assert widths["total"] > widths["item"]


def test_what_was_observed_of_leaves_moves_all_levels(naive):
    context = monthly(63)
    told = naive.forecast(2, context=context, level="all")
    assert told["month"].min() == pd.Timestamp("2025-04-01")
    adds_up(told)
    # A leaf without rows is as it was last.
    some = naive.forecast(2, context=context[context["state"] == "a"], level="all")
    assert some["month"].min() == pd.Timestamp("2025-04-01")
    later = naive.rolling(context, step=2)
    assert later[NAMES].drop_duplicates().shape[0] == len(LEAVES)


def test_rows_of_leaves_are_put_together_as_in_training(tmp_path):
    days = monthly(730)
    days["month"] = np.tile(pd.date_range("2020-01-01", periods=730), len(LEAVES))
    days["sold"] = np.round(days["sold"])
    early = days["month"] < "2021-10-01"
    model = trained(tmp_path, days[early], frequency="MS", aggregate="sum", season=1, horizon=2)
    observed = model.observed(days)
    total = observed[observed["unique_id"] == "total"].set_index("ds")["sold"]
    months = days[~early].groupby(days["month"].dt.to_period("M").dt.to_timestamp())["sold"].sum()
    assert total.tolist()[:3] == months.tolist()[:3]
    adds_up(model.forecast(1, context=days, level="all"))


def test_covariates_must_be_known_of_all_leaves(priced):
    future = monthly(66, price=True).query("month >= '2025-01-01'").drop(columns="sold")
    every = priced.forecast(future=future, level="all")
    assert len(every) == 10 * 6
    adds_up(every)
    told = priced.forecast(future=future)
    assert told[NAMES].equals(future[NAMES].reset_index(drop=True))
    with pytest.raises(DataError, match="the series 'b/3/x' has no row"):
        priced.forecast(future=future[future["state"] == "a"])
    with pytest.raises(DataError, match="depends on what is known"):
        priced.forecast(level="total")


def test_levels_that_are_none_are_refused(naive):
    with pytest.raises(OptionError) as error:
        naive.forecast(level="region")
    assert error.value.remedy == "Name one of total, state, shop, item, or all."


def test_the_mlflow_model_takes_a_level(naive):
    import mlflow.pyfunc

    model = mlflow.pyfunc.load_model(str(naive.folder))
    future = naive.forecast().iloc[:, :4]
    told = model.predict(future.head(0), params={"level": "state", "horizon": 2})
    assert told["state"].tolist() == ["a", "a", "b", "b"]
    assert len(model.predict(future)) == len(future)
    adds_up(model.predict(future, params={"level": "all"}))


def test_a_server_takes_a_level(naive):
    with TestClient(create_app(naive)) as served:

        def ask(params, **body):
            return served.post("/invocations", json={"params": params, **body})

        for level in ("total", "shop", "item", "all"):
            told = pd.DataFrame(ask({"level": level, "horizon": 2}).json()["predictions"])
            told["month"] = pd.to_datetime(told["month"])
            expected = naive.forecast(2, level=level)
            assert list(told) == list(expected)
            np.testing.assert_array_equal(told["0.9"], expected["0.9"])
        rows = json.loads(
            naive.forecast().iloc[:, :4].to_json(orient="records", date_format="iso")
        )
        told = ask({"level": "state"}, dataframe_records=rows).json()["predictions"]
        expected = naive.forecast(level="state")["forecast"].tolist()
        assert [row["forecast"] for row in told] == expected
        answer = served.post(
            "/invocations",
            json={"Inputs": {"data": rows}, "GlobalParameters": {"level": "state"}},
        ).json()["Results"]
        assert answer["forecast"] == expected
        assert list(answer["index"][0]) == ["month", "level", "state"]
        refused = ask({"level": "region"})
        assert refused.status_code == 422
        assert "Name one of total, state, shop, item, or all." in refused.text
        document = served.get("/openapi.json").json()["components"]["schemas"]["Params"]
        assert document["properties"]["level"]["enum"] == ["total", *NAMES, "all"]


def test_a_copy_that_is_given_away_takes_a_level(naive):
    model = _score_series.Model(naive.folder)
    for level in (None, "total", "shop", "all"):
        told = model.forecast(2, level=level)
        pd.testing.assert_frame_equal(told, naive.forecast(2, level=level), check_exact=True)
    asked = {"Inputs": {"data": []}, "GlobalParameters": {"level": "shop", "horizon": 2}}
    answer = _score_series.answer(model, asked)["Results"]
    assert answer["forecast"] == naive.forecast(2, level="shop")["forecast"].tolist()
    assert list(answer["index"][0]) == ["month", "level", "state", "shop"]
    with pytest.raises(ValueError, match="'region' is no level"):
        model.forecast(2, level="region")


def test_a_level_of_series_that_are_no_hierarchy_is_refused(tmp_path):
    naive = series.trained(tmp_path, series.monthly())
    with pytest.raises(ValueError, match="the series are no hierarchy"):
        _score_series.Model(naive.folder).forecast(level="total")
    with TestClient(create_app(naive)) as served:
        refused = served.post("/invocations", json={"params": {"level": "total"}})
        assert refused.status_code == 422
        assert "the series are no hierarchy" in refused.text


def test_reconciled_forecasts_of_all_levels_add_up(tmp_path):
    pytest.importorskip("hierarchicalforecast")
    told = trained(tmp_path, monthly(), reconcile="mint").forecast(level="all")
    adds_up(told)


def test_a_middle_level_is_handed_down_and_added_up(tmp_path):
    options = {"reconcile": "proportions_of_historical_average", "hierarchy_level": "state"}
    told = trained(tmp_path, monthly(), **options).forecast(level="all")
    adds_up(told)


def test_rows_of_leaves_are_asked_of_all_nodes_as_far_as_any(naive):
    months = pd.date_range("2025-01-01", periods=3, freq="MS")
    ahead = [
        pd.DataFrame({"month": months[:count], **dict(zip(NAMES, leaf, strict=True))})
        for count, leaf in zip((2, 1, 3, 1), LEAVES, strict=True)
    ]
    future = pd.concat(ahead, ignore_index=True)
    asked = naive.asked(future)
    nodes = naive.model.nodes
    assert asked.groupby("unique_id").size().to_dict() == dict.fromkeys(np.unique(nodes), 3)
    for row in range(len(future)):
        name = "/".join(str(future.loc[row, part]) for part in NAMES)
        assert asked.loc[row, ["unique_id", "ds"]].tolist() == [name, future.loc[row, "month"]]
