"""Series as the leaves of a hierarchy: levels, sums, and what is said of them."""

import numpy as np
import pandas as pd
import pytest

from trialbook.data import prepare
from trialbook.data.series import Hierarchy, SeriesSpec, _hierarchy, settled
from trialbook.data.series._spec import SERIES_COLUMN, TIME_COLUMN, UNKNOWN
from trialbook.errors import DataError, OptionError
from trialbook.job import Job

LEVELS = ("state", "shop", "item")
LEAVES = (("a", "1", "x"), ("a", "1", "y"), ("a", "2", "x"), ("b", "3", "x"))


def sales(leaves=LEAVES, n=40):
    """Days of each leaf: its own number, and one more each day."""
    days = pd.date_range("2024-01-01", periods=n)
    parts = [
        pd.DataFrame(
            {
                "day": days,
                **dict(zip(LEVELS, leaf, strict=True)),
                "price": float(k) + np.arange(n) % 3,
                "kind": ["odd", "even"][k % 2],
                "sold": 10.0 * (k + 1) + np.arange(n),
            }
        )
        for k, leaf in enumerate(leaves)
    ]
    return pd.concat(parts, ignore_index=True)


def prepared(table, test=None, **options):
    fields = {"data": Job.IN_MEMORY, "target": "sold", "task": "forecasting", "horizon": 5}
    fields |= {"time_column": "day", "hierarchy": LEVELS, "reconcile": "bottom_up", **options}
    return prepare(Job.from_fields(fields), frame=table, test_frame=test)


def said(made, name):
    return [one for one in made.guardrails if one.name == name]


def test_nodes_of_all_levels_are_series_whose_values_are_sums():
    made = prepared(sales())
    spec = made.schema.series
    assert spec.hierarchy == ("total", *LEVELS)
    assert SeriesSpec.from_dict(spec.to_dict()) == spec
    assert "10 series" in made.series_told and "in 4 levels" in made.series_told
    assert made.nodes.to_dict("list") == {
        "total": ["total"] * 4,
        "state": ["a", "a", "a", "b"],
        "shop": ["a/1", "a/1", "a/2", "b/3"],
        "item": ["a/1/x", "a/1/y", "a/2/x", "b/3/x"],
    }
    wide = made.train.pivot(index=TIME_COLUMN, columns=SERIES_COLUMN, values="sold")
    assert set(wide) == {"total", "a", "b", "a/1", "a/2", "b/3", *made.nodes["item"]}
    np.testing.assert_allclose(wide["total"], wide[["a", "b"]].sum(axis=1))
    np.testing.assert_allclose(wide["a/1"], wide[["a/1/x", "a/1/y"]].sum(axis=1))
    price = made.train.pivot(index=TIME_COLUMN, columns=SERIES_COLUMN, values="price")
    np.testing.assert_allclose(price["total"], price[list(made.nodes["item"])].mean(axis=1))


def test_a_category_that_differs_among_leaves_is_none_of_their_sum():
    made = prepared(sales().assign(kind=lambda table: table["kind"].astype("category")))
    kinds = made.train.groupby(SERIES_COLUMN)["kind"].agg(["min", "max"])
    assert (kinds.loc[["total", "a", "a/1"]] == UNKNOWN).all().all()
    assert (kinds.loc[["a/2", "b"]] >= 0).all().all()


def test_without_several_values_at_the_top_it_is_the_total():
    made = prepared(sales(LEAVES[:3]))
    assert made.schema.series.hierarchy == LEVELS
    assert made.nodes["state"].unique().tolist() == ["a"]


def test_leaves_that_begin_late_or_end_early_are_taken_as_zeros_there():
    table = sales()
    late = (table["item"] == "y") & (table["day"] < "2024-01-11")
    early = (table["shop"] == "3") & (table["day"] > "2024-02-03")
    made = prepared(table[~late & ~early])
    wide = made.train.pivot(index=TIME_COLUMN, columns=SERIES_COLUMN, values="sold")
    assert (wide["a/1/y"][:10] == 0).all() and (wide["a/1/y"][10:] > 0).all()
    assert (wide["b/3/x"][-6:] == 0).all()
    np.testing.assert_allclose(wide["total"], wide[list(made.nodes["item"])].sum(axis=1))
    (note,) = said(made, "Ends of leaves")
    assert note.verdict == "alerted"
    assert "2 of 4 series begin later (1) or end earlier (1)" in note.finding


def test_leaves_at_other_steps_cannot_be_added_up():
    table = sales(n=400)
    monday = table["day"].dt.dayofweek == table["shop"].map({"1": 0, "2": 0, "3": 2})
    with pytest.raises(DataError, match="has steps between those of others"):
        prepared(table[monday], season=1)


def test_few_values_under_several_parents_are_alerted_and_many_are_not():
    shops = [("a", str(k), "x") for k in range(9)]
    (note,) = said(prepared(sales([*shops, ("b", "3", "x")])), "Several parents")
    assert note.verdict == "alerted"
    assert "1 of 9 values of 'shop' stand under several parents, such as '3'" in note.finding
    (note,) = said(
        prepared(sales([(state, str(k), "x") for state in "ab" for k in range(9)])),
        "Several parents",
    )
    assert note.verdict == "passed"


def test_empty_cells_are_nodes_without_a_name():
    table = sales()
    table["item"] = table["item"].where(table["shop"] != "2")
    made = prepared(table)
    (note,) = said(made, "Missing nodes")
    assert (note.verdict, note.rows[0]) == ("alerted", 81)
    assert "a/2/" in made.nodes["item"].tolist()


def test_names_that_cannot_be_told_apart_are_refused():
    with pytest.raises(DataError, match="has a slash"):
        prepared(sales([("a/1", "1", "x"), ("b", "2", "x")]))
    with pytest.raises(DataError, match="two nodes of the hierarchy have the name 'total'"):
        prepared(sales([("total", "1", "x"), ("b", "2", "x")]))


def test_tests_are_of_times_at_which_no_leaf_is_missing():
    table = sales()
    before, after = table[table["day"] < "2024-02-05"], table[table["day"] >= "2024-02-05"]
    lost = (after["shop"] == "3") & (after["day"] == after["day"].max())
    made = prepared(before, test=after[~lost])
    assert made.test[SERIES_COLUMN].nunique() == 10
    assert made.test[TIME_COLUMN].nunique() == 4
    (note,) = said(made, "Test of sums")
    assert "at 1 time of 5" in note.finding
    cut = prepared(table, test_size=0.1)
    assert cut.test.groupby(SERIES_COLUMN).size().eq(5).all()


@pytest.mark.parametrize(
    ("level", "reconcile", "settled_as"),
    [
        (None, None, (None, "mint")),
        (None, "wls", (None, "wls")),
        (None, "bottom_up", ("item", "bottom_up")),
        ("item", None, ("item", "bottom_up")),
        ("shop", None, ("shop", "average_historical_proportions")),
        (
            "total",
            "proportions_of_historical_average",
            ("total", "proportions_of_historical_average"),
        ),
    ],
)
def test_what_is_trained_and_how_the_rest_is_made_of_it(monkeypatch, level, reconcile, settled_as):
    monkeypatch.setattr(_hierarchy, "LIBRARY", "pandas")
    spec = SeriesSpec("day", LEVELS, "D", 7, 5)
    tree = Hierarchy.of(pd.Series(["a/1/x", "a/1/y", "b/2/x"]), spec)
    made = settled(tree, spec, level, reconcile)
    assert (made.hierarchy_level, made.reconcile) == settled_as


def test_many_nodes_are_added_up_and_not_reconciled(monkeypatch):
    spec = SeriesSpec("day", LEVELS, "D", 7, 5)
    tree = Hierarchy.of(pd.Series(["a/1/x", "a/1/y", "b/2/x"]), spec)
    monkeypatch.setattr(_hierarchy, "MOST_NODES", 7)
    assert settled(tree, spec, None, None).reconcile == "bottom_up"
    with pytest.raises(OptionError, match="mint is for up to 7 nodes, and the hierarchy has 8"):
        settled(tree, spec, None, "mint")
    monkeypatch.setattr(_hierarchy, "MOST_NODES", 8)
    monkeypatch.setattr(_hierarchy, "LIBRARY", "no_such_library")
    with pytest.raises(OptionError, match="no_such_library, which is missing"):
        settled(tree, spec, None, None)
