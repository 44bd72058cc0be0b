"""Which columns tell series apart."""

import numpy as np
import pandas as pd
import pytest

from trialbook.data.series import missing_ids
from trialbook.data.series._ids import LEAST_CLASHING, MOST_LEFT, MOST_PAIRED

DAYS = pd.date_range("2024-01-01", periods=100)


def panel(levels, days=DAYS, **columns):
    """A row for each level and day, with another target each."""
    parts = [pd.DataFrame({"day": days, "shop": one}) for one in levels]
    table = pd.concat(parts, ignore_index=True).assign(**columns)
    return table.assign(y=np.random.default_rng(0).normal(size=len(table)))


def found(table, ids=(), target="y"):
    names = [name for name in table if name not in ("day", target, *ids)]
    return missing_ids(table, target, pd.to_datetime(table["day"]), ids, names)


def test_the_published_example_of_two_stores():
    # Microsoft, "Set up AutoML to train a time-series forecasting model".
    table = pd.DataFrame(
        {
            "day": np.repeat(["9/3/2018", "9/4/2018", "9/5/2018", "9/6/2018", "9/7/2018"], 2),
            "store": ["A", "B"] * 5,
            "sales_quantity": [2000, 600, 2300, 550, 2100, 650, 2400, 700, 2450, 650],
            "week_of_year": 36,
        }
    )
    assert found(table, target="sales_quantity") == ("store",)
    assert found(table, ["store"], target="sales_quantity") == ()


@pytest.mark.parametrize("levels", [["a", "b"], [3, 4, 5], [True, False]])
def test_texts_whole_numbers_and_yes_and_no_tell_series_apart(levels):
    table = panel(levels)
    assert found(table) == ("shop",)
    assert found(table.sample(frac=1, random_state=0)) == ("shop",)
    assert found(table, ["shop"]) == ()


@pytest.mark.parametrize("name", ["hour", "Hour_of_day", "weekday", "start.min", "MONTH", "week1"])
def test_a_part_of_the_time_tells_no_series_apart(name):
    table = panel([0, 1, 2]).rename(columns={"shop": name})
    assert found(table) == ()
    assert found(table.rename(columns={name: "minority"})) == ("minority",)


def test_texts_come_first_and_then_the_first_of_the_table():
    table = panel(["a", "b"])
    size = table["shop"].map({"a": 10, "b": 20})
    table.insert(0, "size", size)
    assert found(table) == ("shop",)
    table.insert(0, "city", table["shop"].str.upper())
    assert found(table) == ("city",)
    assert found(table[["day", "y", "shop", "city"]]) == ("shop",)


def test_two_columns_may_do_it_together():
    table = pd.concat([panel(["a", "b"]).assign(item=one) for one in ("tea", "jam")])
    table = table.assign(y=np.arange(len(table)), note="x", weekday=table["day"].dt.weekday)
    table = table.reset_index(drop=True)
    assert found(table) == ("shop", "item")
    assert found(table, ["item"]) == ("shop",)
    assert found(table, ["shop", "item"]) == ()


def test_only_the_first_columns_are_tried_in_pairs():
    table = pd.concat([panel(["a", "b"]).assign(item=one) for one in ("tea", "jam")])
    table = table.assign(y=np.arange(len(table))).reset_index(drop=True)
    draw = np.random.default_rng(0)
    noise = {f"x{i:02}": draw.choice(["u", "v"], len(table)) for i in range(MOST_PAIRED)}
    before = pd.concat([pd.DataFrame(noise), table], axis=1)
    assert found(before) == ()
    assert found(before.drop(columns=["x00", "x01"])) == ("shop", "item")


def test_what_is_no_name_tells_nothing_apart():
    table = panel(["a", "b"])
    sizes = table["shop"].map({"a": 0.5, "b": 1.5})
    assert found(table.assign(shop=sizes)) == ()  # a number with a fraction
    assert found(table.assign(shop=sizes + 0.5)) == ()  # whole, but stored as others
    assert (
        found(table.assign(shop=table["shop"].where(table.index > 0))) == ()
    )  # a cell is missing
    assert found(table.assign(shop=[f"order {i}" for i in table.index])) == ()
    assert found(table.assign(shop=np.arange(len(table)))) == ()
    assert found(table.drop(columns="shop")) == ()


def test_what_changes_from_row_to_row_makes_no_series():
    # A price tells the two rows of a day apart, and so does the number of a line.
    table, draw = panel(["a", "b"]), np.random.default_rng(0)
    price = np.where(table["shop"] == "a", draw.integers(0, 50, 200), draw.integers(50, 99, 200))
    assert found(table.assign(shop=price)) == ()
    lines = pd.concat(
        [pd.DataFrame({"day": day, "line": np.arange(draw.poisson(6) + 1)}) for day in DAYS]
    )
    assert found(lines.assign(y=draw.normal(size=len(lines))).reset_index(drop=True)) == ()


def test_stays_of_a_few_days_are_no_series():
    draw, parts = np.random.default_rng(0), []
    for guest in range(60):
        first = draw.integers(0, 95)
        parts.append(pd.DataFrame({"day": DAYS[first : first + 4], "guest": f"g{guest}"}))
    table = pd.concat(parts, ignore_index=True)
    assert found(table.assign(y=draw.normal(size=len(table)))) == ()


def test_series_that_begin_late_end_early_or_lack_rows_are_series():
    draw = np.random.default_rng(0)
    spans = [(0, 100), (0, 60), (30, 100), (50, 90)]
    parts = [panel([f"s{i}"], DAYS[begin:end]) for i, (begin, end) in enumerate(spans)]
    table = pd.concat(parts, ignore_index=True)
    table = table[draw.random(len(table)) < 0.9].assign(y=lambda rows: np.arange(len(rows)))
    assert found(table) == ("shop",)
    single = pd.DataFrame({"day": DAYS[-1:], "shop": "new", "y": -1})
    assert found(pd.concat([table, single], ignore_index=True)) == ("shop",)


def test_one_series_of_long_ago_changes_nothing():
    table = panel([f"s{i}" for i in range(20)])
    old = panel(["old"], pd.date_range("2000-01-01", periods=3_000))
    assert found(pd.concat([table, old], ignore_index=True)) == ("shop",)


def test_few_rows_of_one_time_are_corrections():
    table = panel(["a"])
    for n_more in (2, 10, 30):
        more = table.tail(n_more).assign(shop="b", y=np.arange(n_more))
        share = 2 * n_more / (100 + n_more)
        expected = ("shop",) if share >= LEAST_CLASHING else ()
        assert found(pd.concat([table, more], ignore_index=True)) == expected
    copies = table.tail(50).assign(shop="b")  # of the same target
    assert found(pd.concat([table, copies], ignore_index=True)) == ()


def test_only_series_that_have_a_time_twice_say_whether_there_are_enough():
    single = panel([f"s{i:02}" for i in range(20)]).assign(item="tea")
    both = pd.concat([single, single[single["shop"] == "s07"].assign(item="jam", y=5.0)])
    assert found(both.reset_index(drop=True), ["shop"]) == ("item",)


def test_an_hour_that_comes_twice_is_passed_over():
    hours = pd.date_range("2024-10-20", periods=600, freq="h")
    table = panel(["a", "b"], hours.insert(301, hours[300]))
    assert MOST_LEFT > 2 / 301
    assert found(table) == ("shop",)
    often = panel(["a", "b"], hours.append(hours[100:150]))
    assert found(often) == ()


def test_rows_without_a_time_or_a_target_do_not_count():
    table = panel(["a", "b"])
    table.loc[150, "day"] = pd.NaT
    empty = table.assign(shop="c", y=np.nan)
    assert found(pd.concat([table, empty], ignore_index=True)) == ("shop",)
    assert found(empty) == ()
