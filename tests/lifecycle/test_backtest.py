"""Forecasts as time went on: by what their errors are measured, and how far ahead they look."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tests.forecasters import monthly, trained

from trialbook.data import SCALE_COLUMN
from trialbook.lifecycle._backtest import backtest
from trialbook.lifecycle._compare_series import compare_forecasts


def of_training(root):
    """Scale and range of each series in the table of training."""
    rows = pd.read_parquet(root / "train.parquet").groupby("unique_id")
    return pd.DataFrame(
        {"scale": rows[SCALE_COLUMN].first(), "range": rows["sold"].max() - rows["sold"].min()}
    )


@pytest.fixture(scope="module")
def naive(tmp_path_factory):
    """A seasonal naive forecaster of two shops, and where it was trained."""
    root = tmp_path_factory.mktemp("naive")
    return trained(root, monthly()), root


@pytest.fixture
def short_of_rows(naive):
    """The forecaster as one that keeps but the last rows of its series, as a network does."""
    model, root = naive
    within = model.model.forecaster.forecaster
    kept = within.history
    within.history = kept.groupby("unique_id").tail(12)
    yield model, root
    within.history = kept


def test_errors_are_in_the_unit_of_training_whatever_rows_a_forecaster_keeps(short_of_rows):
    model, root = short_of_rows
    found = backtest(model, monthly(78))
    told = pd.DataFrame(found.scales[:, :2], columns=["scale", "range"])
    expected = of_training(root).loc[found.series].reset_index(drop=True)
    pd.testing.assert_frame_equal(told, expected)


def test_steps_without_a_row_count_towards_the_horizon(naive):
    model, _ = naive
    rows = monthly(80)  # to August 2024, of which the first three months are not known
    found = backtest(model, rows[~rows["month"].between("2024-01-01", "2024-03-01")])
    assert found.forecasts["month"].dt.month.tolist() == 2 * [4, 5, 6] + 2 * [7, 8]
    assert found.steps.tolist() == 2 * [4, 5, 6] + 2 * [1, 2]
    told = found.by_step.set_index("step")["rows"]
    assert told.drop("all").to_dict() == dict.fromkeys([1, 2, 4, 5, 6], 2)


def test_models_that_were_stored_without_scales_measure_by_the_rows_that_they_keep(
    short_of_rows, tmp_path
):
    model, root = short_of_rows
    older = replace(model, folder=tmp_path)
    older.__dict__["model"] = model.model
    found = older.row_scales(pd.Series(["north", "south", "north"]))
    last = monthly().groupby("shop").tail(12).groupby("shop")["sold"]
    ranges = (last.max() - last.min()).loc[["north", "south", "north"]]
    np.testing.assert_allclose(found[:, 1], ranges)
    assert found[:, 2].tolist() == [0, 1, 0]
    assert not np.allclose(found[:2, 1], of_training(root)["range"])


def test_leaves_are_measured_where_another_level_was_trained(tmp_path):
    table = monthly(78).assign(state="a")
    options = {"hierarchy_level": "state", "reconcile": "average_historical_proportions"}
    options |= {"series": (), "hierarchy": ("state", "shop"), "ignore": ("number",)}
    model = trained(tmp_path, table[table["month"] < "2024-01-01"], **options)
    found = backtest(model, table)
    assert sorted(found.series.unique()) == ["a/north", "a/south"]
    np.testing.assert_allclose(found.scales[:, :2], of_training(tmp_path).loc[found.series])
    assert 0 < found.overall["mase"] < np.inf
    compared = compare_forecasts(model, model, table, "mase")
    assert compared.difference.gain == 0
