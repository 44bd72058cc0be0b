"""From a job to series that can be forecast."""

import numpy as np
import pandas as pd
import pytest

from trialbook.data import FOLD_COLUMN, prepare
from trialbook.data.series import SCALE_COLUMN, SERIES_COLUMN, TIME_COLUMN, SeriesSpec
from trialbook.errors import DataError, OptionError
from trialbook.job import Job


def sales(n=60, freq="D", start="2020-01-01", seed=0):
    """One series of a season, a trend and noise."""
    draw = np.random.default_rng(seed)
    t = np.arange(n)
    y = 50 + 0.1 * t + 5 * np.sin(2 * np.pi * t / 7) + draw.normal(0, 1, n)
    return pd.DataFrame({"day": pd.date_range(start, periods=n, freq=freq), "sold": y})


def shops(n_series=3, n=60, freq="D"):
    return pd.concat(
        [sales(n, freq, seed=i).assign(shop=f"s{i}") for i in range(n_series)], ignore_index=True
    )


def prepared(frame, test=None, memory=None, **options):
    asked = {"data": Job.IN_MEMORY, "target": "sold", "task": "forecasting", "time_column": "day"}
    job = Job.from_fields({**asked, "horizon": 7, **options})
    return prepare(job, frame=frame, test_frame=test, memory=memory)


def guardrail(made, name):
    (found,) = [one for one in made.guardrails if one.name == name]
    return found


def test_rows_are_as_programs_expect_them():
    frame = shops().sample(frac=1, random_state=0).assign(price=1.5, open=True)
    frame["price"] += np.arange(len(frame)) % 5
    frame["open"] = np.arange(len(frame)) % 3 > 0
    made = prepared(frame, series=("shop",))
    folds = [FOLD_COLUMN.format(i) for i in range(made.folds.n_folds)]
    keys = [SERIES_COLUMN, TIME_COLUMN]
    assert list(made.train) == [*keys, "price", "open", "sold", SCALE_COLUMN, *folds]
    assert made.train[keys].equals(made.train[keys].sort_values(keys, ignore_index=True))
    assert (made.train[SCALE_COLUMN] > 0).all()
    assert not made.train.isna().any().any()
    spec = made.schema.series
    assert (spec.frequency, spec.season, spec.horizon) == ("D", 7, 7)
    assert (spec.time, spec.ids, spec.covariates) == ("day", ("shop",), ("price", "open"))
    assert SeriesSpec.from_dict(spec.to_dict()) == spec
    assert made.train.dtypes[["price", "open", "sold"]].eq(float).all()


def test_the_scale_is_the_seasonal_naive_error_of_all_training_rows():
    made = prepared(sales(), folds=2)
    y = made.train["sold"].to_numpy()
    expected = np.abs(y[7:] - y[:-7]).mean()
    np.testing.assert_allclose(made.train[SCALE_COLUMN], expected)


# Frequency and aggregation


def test_without_either_the_frequency_is_told_from_the_rows():
    made = prepared(sales(freq="W-WED"))
    assert made.schema.series.frequency == "W-WED"
    assert "told from the rows" in guardrail(made, "Frequency").finding


def test_without_either_irregular_rows_are_refused():
    draw = np.random.default_rng(0)
    frame = sales()
    frame["day"] += pd.to_timedelta(draw.integers(0, 86_399, 60), "s")
    with pytest.raises(DataError, match="keep to no frequency"):
        prepared(frame)


def test_a_few_rows_between_the_steps_of_a_given_frequency_are_left_out():
    frame = pd.concat([sales(), sales(2, start="2020-01-05 09:30")], ignore_index=True)
    made = prepared(frame, frequency="D")
    assert len(made.train) == 60
    note = guardrail(made, "Frequency")
    assert (note.verdict, note.action, note.columns, note.rows) == (
        "fixed",
        "left out",
        ("day",),
        (61, 62),
    )


@pytest.mark.parametrize("n_between", [9, 10, 11])
def test_nine_of_ten_rows_must_be_at_the_steps_of_a_given_frequency(n_between):
    days, between = sales(100 - n_between), sales(n_between, start="2020-01-05 09:30")
    frame = pd.concat([days, between], ignore_index=True)
    if n_between > 10:
        with pytest.raises(DataError, match="11 of 100 rows do not keep to the frequency D"):
            prepared(frame, frequency="D")
    else:
        made = prepared(frame, frequency="D")
        assert made.train["sold"].tolist() == days["sold"].tolist()
        note = guardrail(made, "Frequency")
        assert (note.verdict, note.action) == ("fixed", "left out")
        assert note.finding.startswith(f"{n_between} of 100 rows are between the steps of D")


def test_many_rows_between_the_steps_of_a_given_frequency_are_refused():
    with pytest.raises(DataError, match="58 of 60 rows do not keep to the frequency MS") as caught:
        prepared(sales(), frequency="MS")
    assert caught.value.place == "option frequency"
    assert "--aggregate" in caught.value.remedy


def test_a_week_may_begin_on_another_day_than_was_asked_for():
    assert prepared(sales(freq="W-WED"), frequency="W").schema.series.frequency == "W-WED"
    assert prepared(sales(freq="MS"), frequency="M").schema.series.frequency == "MS"


def test_an_aggregation_without_a_frequency_is_refused():
    with pytest.raises(OptionError, match="by their sum") as caught:
        prepared(sales(), aggregate="sum")
    assert caught.value.place == "option frequency"


@pytest.mark.parametrize("how", ["sum", "mean", "min", "max"])
def test_rows_are_put_together_to_a_coarser_frequency(how):
    frame = sales(140).assign(price=np.arange(140) % 9 * 1.0, kind=["a", "a", "b", "a", "c"] * 28)
    frame["kind"] = np.where(np.arange(140) // 7 % 2 == 0, "low", "high")
    made = prepared(frame, frequency="W-TUE", aggregate=how, horizon=2)
    # Of whatever the target is the sum, a price is the mean of prices.
    weeks = frame.groupby(np.arange(140) // 7)
    np.testing.assert_allclose(made.train["sold"], weeks["sold"].agg(how))
    np.testing.assert_allclose(made.train["price"], weeks["price"].mean())
    assert made.train["kind"].tolist() == [1.0, 0.0] * 10
    assert made.schema.series.codes == {"kind": ("high", "low")}
    note = guardrail(made, "Aggregation")
    assert note.verdict == "fixed"
    assert f"'sold' by its {how}, other numbers by their mean, categories" in note.action
    assert guardrail(made, "Whole steps").verdict == "passed"


@pytest.mark.parametrize("flags", [[1, 1, 3], [True, True, False]])
def test_categories_that_are_written_as_numbers_are_put_together_by_the_most_frequent(flags):
    frame = sales(60).assign(promo=np.roll(np.repeat([flags[0], flags[2]], 30), 3))
    thrice = pd.concat([frame.assign(sold=frame["sold"] + k) for k in range(3)])
    thrice["promo"] = np.where(np.arange(180) < 120, thrice["promo"], flags[2])
    options = {"types": {"promo": "categorical"}}
    made = prepared(thrice, series=(), **options, frequency="D", aggregate="sum")
    assert made.schema.series.codes == {"promo": tuple(sorted({str(one) for one in flags}))}
    expected = [sorted({str(one) for one in flags}).index(str(one)) for one in frame["promo"]]
    assert made.train["promo"].tolist() == expected
    twice = pd.concat([frame, thrice.iloc[[0, 0, 70]]])
    assert prepared(twice, **options).train["promo"].tolist() == expected


@pytest.mark.parametrize(
    ("start", "n_rows", "found"),
    [
        ("2020-01-01", 366, ""),
        ("2020-01-01", 376, "the table ends at 2021-01-10 00:00:00, within a step of MS"),
        ("2019-12-11", 387, "the table begins at 2019-12-11 00:00:00, within"),
        ("2019-12-11", 397, "begins at 2019-12-11 00:00:00 and ends at 2021-01-10 00:00:00"),
    ],
)
def test_sums_of_steps_that_are_not_whole_are_told(start, n_rows, found):
    frame = pd.concat([sales(n_rows, start=start).assign(shop=name) for name in "ab"])
    options = {"series": "shop", "frequency": "MS", "horizon": 2}
    note = guardrail(prepared(frame, aggregate="sum", **options), "Whole steps")
    assert note.verdict == ("alerted" if found else "passed")
    assert found in note.finding
    assert not found or "2 series may lack rows" in note.finding
    mean = guardrail(prepared(frame, aggregate="mean", **options), "Whole steps")
    assert mean.verdict == "passed"


def test_workdays_and_months_of_different_lengths_are_whole_steps():
    days = sales(522, freq="B", start="2019-01-01")  # a month may end with a weekend
    for month in range(1, 7):
        part = days[days["day"] < pd.Timestamp(2020, month + 1, 1)]
        made = prepared(part, frequency="MS", aggregate="sum", horizon=2)
        assert guardrail(made, "Whole steps").verdict == "passed"
    quarters = prepared(sales(60, freq="MS"), frequency="QS", aggregate="sum", horizon=2)
    assert guardrail(quarters, "Whole steps").verdict == "passed"
    part = prepared(sales(59, freq="MS"), frequency="QS", aggregate="sum", horizon=2)
    assert guardrail(part, "Whole steps").verdict == "alerted"


def test_series_that_lose_their_rows_to_the_steps_are_named():
    weeks = [sales(60, freq="W-WED", seed=i).assign(shop=f"s{i:02}") for i in range(12)]
    weeks[7] = sales(60, freq="W-THU").assign(shop="s07")
    made = prepared(pd.concat(weeks), series="shop", frequency="W-WED")
    assert made.train[SERIES_COLUMN].nunique() == 11
    note = guardrail(made, "Frequency")
    assert note.verdict == "alerted"
    assert "1 series of 12 lose most of theirs, or all: 's07'" in note.finding
    assert "--aggregate" in note.action


def test_series_may_have_other_times_of_day():
    weeks = [sales(60, freq="W-WED", seed=i).assign(shop=f"s{i}") for i in range(3)]
    weeks[1]["day"] += pd.Timedelta("9h")
    made = prepared(pd.concat(weeks), series="shop")
    assert made.schema.series.frequency == "W-WED"
    assert made.train.groupby(SERIES_COLUMN).size().tolist() == [60, 60, 60]
    assert guardrail(made, "Frequency").verdict == "passed"


@pytest.mark.parametrize("aggregate", [None, "sum"])
def test_a_finer_frequency_than_that_of_the_rows_is_refused(aggregate):
    with pytest.raises(OptionError, match="finer than the rows"):
        prepared(sales(freq="MS"), frequency="D", aggregate=aggregate)


def test_what_is_no_frequency_is_refused():
    with pytest.raises(OptionError, match="'sometimes' is no frequency"):
        prepared(sales(), frequency="sometimes")


# Guardrails


def test_duplicated_times():
    frame = sales()
    assert guardrail(prepared(frame), "Duplicated times").verdict == "passed"
    twice = pd.concat([frame, frame.iloc[[4]].assign(sold=0.0)], ignore_index=True)
    made = prepared(twice)
    note = guardrail(made, "Duplicated times")
    assert (note.verdict, note.columns, note.rows) == ("fixed", ("day",), (5, 61))
    assert made.train["sold"].iloc[4] == pytest.approx(frame["sold"].iloc[4] / 2)


def test_most_times_twice_tell_that_a_table_holds_several_series():
    with pytest.raises(DataError, match="several series") as caught:
        prepared(shops().drop(columns="shop"))
    assert caught.value.place == "column 'day'"
    assert "--series" in caught.value.remedy


def test_most_times_twice_in_series_that_were_named_are_alerted():
    made = prepared(shops().assign(city="A"), series="city", ignore="shop")
    note = guardrail(made, "Duplicated times")
    assert (note.verdict, note.columns) == ("alerted", ("day",))
    assert "180 rows of a series have the same time" in note.finding
    assert "name more columns that tell series apart" in note.action
    assert len(made.train) == 60
    np.testing.assert_allclose(made.train["sold"], shops().groupby("day")["sold"].mean())


# Columns that tell series apart


def test_without_named_columns_the_one_that_tells_series_apart_is_found():
    frame = shops().assign(price=np.arange(180) % 5)
    made = prepared(frame)
    assert made.train.equals(prepared(frame, series="shop").train)
    assert made.schema.series.ids == ("shop",)
    assert made.series_told.startswith("3 series of days")
    assert guardrail(made, "Duplicated times").verdict == "passed"
    note = guardrail(made, "Series")
    assert (note.verdict, note.columns) == ("fixed", ("shop",))
    assert note.finding == "times come again, in rows that differ in 'shop'"
    assert "name what tells them apart (--series shop), or leave it out" in note.action


def test_two_series_of_which_one_is_short_are_told_apart():
    frame = pd.concat([sales(100).assign(shop="long"), sales(20, seed=1).assign(shop="short")])
    assert frame["day"].duplicated(keep=False).mean() < 0.5
    made = prepared(frame.sample(frac=1, random_state=0, ignore_index=True))
    assert made.schema.series.ids == ("shop",)
    assert made.train.groupby(SERIES_COLUMN).size().to_dict() == {"long": 100, "short": 20}


def test_columns_that_do_not_tell_series_apart_are_completed():
    items = [shops().assign(item=item) for item in ("tea", "jam")]
    frame = pd.concat(items, ignore_index=True)
    frame["sold"] += np.where(frame["item"] == "tea", 0.0, 30.0)
    made = prepared(frame, series="shop")
    assert made.schema.series.ids == ("shop", "item")
    assert made.train[SERIES_COLUMN].nunique() == 6
    note = guardrail(made, "Series")
    assert (note.verdict, note.columns) == ("fixed", ("item",))
    assert note.finding == "times come again within 'shop', in rows that differ in 'item'"
    assert "--series shop,item" in note.action
    both = prepared(frame)
    assert both.schema.series.ids == ("shop", "item")
    assert guardrail(both, "Series").columns == ("shop", "item")
    kept = prepared(frame, series="shop", find_series=False)
    assert kept.schema.series.ids == ("shop",)
    assert guardrail(kept, "Series").verdict == "passed"


def test_series_that_are_told_apart_are_left_as_they_are():
    note = guardrail(prepared(shops().assign(item="tea"), series="shop"), "Series")
    assert (note.verdict, note.finding) == ("passed", "told apart by 'shop'")
    assert note.columns == ("shop",)
    note = guardrail(prepared(sales()), "Series")
    assert (note.verdict, note.finding) == ("passed", "the table is one series")


def test_rows_that_are_there_twice_are_no_series():
    frame = sales().assign(source="first", promo=np.arange(60) % 2 == 0)
    copies = pd.concat([frame, frame.tail(15).assign(source="again")], ignore_index=True)
    made = prepared(copies)  # exported once more: the targets are the same
    assert made.schema.series.ids == ()
    assert guardrail(made, "Duplicated times").verdict == "fixed"
    assert made.train["sold"].tolist() == frame["sold"].tolist()
    some = frame.iloc[[3, 20, 41]].assign(promo=lambda table: ~table["promo"])
    made = prepared(pd.concat([frame, some.assign(sold=0.0)], ignore_index=True))
    assert made.schema.series.ids == ()
    assert guardrail(made, "Duplicated times").verdict == "fixed"
    assert made.train["sold"].iloc[3] == pytest.approx(frame["sold"].iloc[3] / 2)


@pytest.mark.parametrize(
    "options",
    [
        {"frequency": "D", "aggregate": "sum"},
        {"ignore": "shop", "series": "city"},
        {"unknown_in_future": "shop", "series": "city"},
        {"types": {"shop": "categorical"}, "series": "city"},
    ],
)
def test_what_was_said_of_rows_and_columns_holds(options):
    made = prepared(shops().assign(city="A"), **options)
    assert "shop" not in made.schema.series.ids
    assert len(made.train) == 60


def test_leaves_of_a_hierarchy_are_those_that_were_named():
    frame = shops().assign(city=lambda table: table["shop"].map({"s0": "A", "s1": "B", "s2": "B"}))
    frame = pd.concat([frame.assign(item=item) for item in ("tea", "jam")])
    frame["sold"] += np.where(frame["item"] == "tea", 0.0, 30.0)
    made = prepared(frame, hierarchy=("city", "shop"), reconcile="bottom_up")
    assert made.schema.series.ids == ("city", "shop")


def test_series_of_a_table_in_nixtlas_names_are_told_apart():
    frame = shops().rename(columns={"shop": "unique_id", "day": "ds", "sold": "y"})
    made = prepared(frame, target="y", time_column="ds")
    assert made.schema.series.ids == ("unique_id",)


def test_missing_times():
    frame = sales(100).astype({"day": str})
    assert guardrail(prepared(frame), "Missing times").verdict == "passed"
    frame.loc[[98, 99], "day"] = [None, "soon"]
    made = prepared(frame)
    note = guardrail(made, "Missing times")
    assert (note.verdict, note.action, note.rows) == ("fixed", "left out", (99, 100))
    assert len(made.train) == 98


def test_missing_targets():
    frame = sales()
    assert guardrail(prepared(frame), "Missing target").verdict == "passed"
    frame.loc[[0, 20, 58, 59], "sold"] = np.nan
    made = prepared(frame)
    note = guardrail(made, "Missing target")
    assert (note.verdict, note.columns, note.rows) == ("fixed", ("sold",), (1, 21, 59, 60))
    assert "3 at the ends of series left out, 1 within series filled" in note.action
    assert len(made.train) == 57
    assert made.train["sold"].iloc[19] == made.train["sold"].iloc[18]


def test_gaps():
    frame = sales()
    assert guardrail(prepared(frame), "Gaps").verdict == "passed"
    made = prepared(frame.drop([10, 11]))
    note = guardrail(made, "Gaps")
    assert (note.verdict, note.rows) == ("fixed", (10,))
    assert len(made.train) == 60


def test_constant_and_intermittent_series():
    frame = shops()
    made = prepared(frame, series=("shop",))
    assert guardrail(made, "Constant series").verdict == "passed"
    assert guardrail(made, "Intermittent series").verdict == "passed"
    frame.loc[frame["shop"] == "s1", "sold"] = 3.0
    frame.loc[(frame["shop"] == "s2") & (np.arange(180) % 2 == 0), "sold"] = 0.0
    made = prepared(frame, series=("shop",))
    assert guardrail(made, "Constant series").rows == (61,)
    assert guardrail(made, "Intermittent series").rows == (121,)


def test_the_past_of_columns_that_are_not_known_of_the_future_is_kept():
    frame = sales().assign(visitors=np.arange(60) % 11, note="so it was", place="here")
    frame.loc[[10, 11], "visitors"] = np.nan
    frame["note"] += frame.index.astype(str)
    unknown = ("visitors", "note", "place")
    made = prepared(frame, unknown_in_future=unknown, test_size=0.1)
    assert guardrail(made, "Columns unknown in the future").columns == ("visitors",)
    spec = made.schema.series
    assert (spec.covariates, spec.past_only) == ((), ("visitors",))
    assert made.train["visitors"].iloc[8:13].tolist() == [8.0, 9.0, 9.0, 9.0, 1.0]
    assert "visitors" not in made.test
    # It is no amount, or does not change.
    assert set(guardrail(made, "Covariates").columns) == {"note", "place"}
    # What is not known of the future is no leak, and may end before the target does.
    assert guardrail(made, "Leakage").columns == ()
    assert guardrail(prepared(sales()), "Columns unknown in the future").verdict == "passed"


def test_covariates_that_end_early():
    frame = sales().assign(visitors=np.arange(60) % 11 * 1.0)
    assert guardrail(prepared(frame), "Future covariates").verdict == "passed"
    frame.loc[57:, "visitors"] = np.nan
    note = guardrail(prepared(frame), "Future covariates")
    assert (note.verdict, note.columns, note.rows) == ("alerted", ("visitors",), (58, 59, 60))


@pytest.mark.parametrize("step", [0, 1, 3, -2])
def test_leakage_of_the_future(step):
    frame = sales().assign(price=np.arange(60) % 11)
    assert guardrail(prepared(frame), "Leakage").verdict == "passed"
    note = guardrail(prepared(frame.assign(peek=frame["sold"].shift(-step))), "Leakage")
    assert (note.verdict, note.columns) == ("alerted", ("peek",))
    assert "unknown_in_future" in note.action


def test_memory():
    assert guardrail(prepared(sales()), "Memory").verdict == "passed"
    assert guardrail(prepared(sales(), memory=10_000), "Memory").verdict == "alerted"


# Short series


def short_and_long():
    return pd.concat([sales(60).assign(shop="long"), sales(9).assign(shop="short")])


def test_short_series():
    assert guardrail(prepared(shops(), series="shop"), "Short series").verdict == "passed"
    made = prepared(short_and_long(), series="shop")
    note = guardrail(made, "Short series")
    assert note.verdict == "alerted"
    assert "1 of 2 series have fewer than 11 rows, such as 'short'" in note.finding
    assert made.train[SERIES_COLUMN].unique().tolist() == ["long"]


def test_short_series_are_kept_if_asked():
    made = prepared(short_and_long(), series="shop", short_series="none")
    assert guardrail(made, "Short series").verdict == "fixed"
    own = made.train[made.train[SERIES_COLUMN] == "short"]
    assert len(own) == 9
    assert (own.filter(like=FOLD_COLUMN.format("")) == -1).all().all()


def test_short_series_are_padded_if_asked():
    made = prepared(short_and_long(), series="shop", short_series="pad", folds=2)
    own = made.train[made.train[SERIES_COLUMN] == "short"]
    assert len(own) == 2 * 7 + 7 + 1
    assert own["sold"].tolist()[-9:] == sales(9)["sold"].tolist()
    assert (own[FOLD_COLUMN.format(1)] == 0).sum() == 7


def test_if_all_series_are_short_they_are_padded():
    made = prepared(sales(9), folds=2)
    assert len(made.train) == 22
    assert guardrail(made, "Short series").verdict == "alerted"


def test_short_series_are_dropped_if_asked():
    made = prepared(short_and_long(), series="shop", short_series="drop")
    assert made.train[SERIES_COLUMN].unique().tolist() == ["long"]
    note = guardrail(made, "Short series")
    assert (note.verdict, note.action) == (
        "alerted",
        "left out, so that they are not forecast; short_series none keeps them",
    )


def test_all_series_are_padded_if_asked():
    made = prepared(shops(n=9), series="shop", short_series="pad", folds=2)
    assert made.train.groupby(SERIES_COLUMN).size().tolist() == [2 * 7 + 7 + 1] * 3
    note = guardrail(made, "Short series")
    assert note.verdict == "alerted"
    assert "3 of 3 series have fewer than 11 rows" in note.finding
    assert note.action.startswith("filled up to 22 rows")


def test_keeping_all_short_series_leaves_nothing_to_validate_on():
    with pytest.raises(DataError, match="too few for a window of 7 rows") as caught:
        prepared(shops(n=9), series="shop", short_series="none")
    assert "--short-series pad" in caught.value.remedy


def test_dropping_all_series_is_refused():
    with pytest.raises(DataError, match="none is left"):
        prepared(sales(9), short_series="drop")


def test_a_horizon_longer_than_every_series_is_refused():
    with pytest.raises(DataError, match="as long as the longest series") as caught:
        prepared(shops(n=7), series="shop")
    assert caught.value.place == "option horizon"
    assert len(prepared(sales(7), short_series="pad", folds=2).train) == 22


# Windows and season


def test_windows_are_as_asked():
    made = prepared(sales(), folds=3, window_step=2)
    starts = [int(np.flatnonzero(side == 0)[0]) for side in made.folds.matrix.T]
    assert starts == [49, 51, 53]
    assert guardrail(made, "Windows").verdict == "passed"


def test_windows_for_which_no_series_is_long_enough_are_left_out():
    made = prepared(sales(40), folds=9)
    assert made.folds.n_folds < 9
    assert guardrail(made, "Windows").verdict == "alerted"


@pytest.mark.parametrize(("asked", "season"), [(None, 7), ("auto", 7), (1, 1), (14, 14)])
def test_the_season_is_told_or_asked_for(asked, season):
    assert prepared(sales(), season=asked).schema.series.season == season


# Covariates


def test_what_is_missing_of_a_number_is_as_before_or_else_the_median():
    price = np.arange(60) % 5 * 1.0
    frame = sales().assign(price=price)
    frame.loc[20, "price"] = np.nan
    made = prepared(frame)
    assert made.train["price"].iloc[20] == price[19]
    note = guardrail(made, "Missing covariates")
    assert (note.verdict, note.columns) == ("fixed", ("price",))
    two = shops(2).assign(price=np.where(np.arange(120) < 60, np.nan, np.arange(120) % 5))
    made = prepared(two, series="shop")
    assert (made.train["price"].iloc[:60] == 2.0).all()


def test_categories_become_codes_that_the_specification_keeps():
    frame = sales().assign(weather=["rain", "sun", None] * 20)
    spec = prepared(frame).schema.series
    assert prepared(frame).train["weather"].tolist()[:3] == [0.0, 1.0, -1.0]
    assert spec.codes == {"weather": ("rain", "sun")}
    future = pd.DataFrame({"weather": ["sun", "hail"]})
    assert spec.coded(future)["weather"].tolist() == [1.0, -1.0]


def test_columns_that_stay_the_same_in_a_series_are_static():
    frame = shops().assign(city=lambda table: table["shop"].map({"s0": "A", "s1": "B", "s2": "A"}))
    made = prepared(frame.assign(country="X"), series="shop")
    assert made.schema.series.static == ("city",)
    assert made.schema.series.covariates == ()
    assert made.train.groupby(SERIES_COLUMN)["city"].first().tolist() == [0.0, 1.0, 0.0]
    assert guardrail(made, "Covariates").columns == ("country",)


def test_texts_and_other_times_are_no_covariates():
    draw = np.random.default_rng(0)
    words = [" ".join(draw.choice(list("abcdefgh"), 6)) for _ in range(60)]
    frame = sales().assign(note=words, seen=pd.date_range("2019-01-01", periods=60))
    note = guardrail(prepared(frame), "Covariates")
    assert (note.verdict, note.columns) == ("fixed", ("note", "seen"))


def test_a_column_with_a_taken_name_is_refused_unless_it_is_ignored():
    frame = sales().assign(scale=np.arange(60) % 3)
    for unknown in ((), "scale"):
        with pytest.raises(DataError, match="the column 'scale' has a name"):
            prepared(frame, unknown_in_future=unknown)
    assert (prepared(frame, ignore="scale").train[SCALE_COLUMN] > 0).all()
    with pytest.raises(DataError, match="the column 'given' has a name"):
        prepared(sales().assign(given=np.arange(60) % 3))
    with pytest.raises(DataError, match="the column 'given' has a name"):
        prepared(sales().rename(columns={"sold": "given"}), target="given")


@pytest.mark.parametrize("name", ["origin", "forecast", "actual", "fitted", "0.1", "1e-05"])
def test_what_tells_rows_apart_has_no_name_that_forecasts_have(name):
    frame = shops()
    for role in ("day", "shop"):
        options = {"time_column": name} if role == "day" else {"time_column": "day"}
        series = ("shop",) if role == "day" else (name, "more")
        with pytest.raises(DataError, match=f"the column '{name}' has a name") as caught:
            prepared(frame.rename(columns={role: name}).assign(more="x"), series=series, **options)
        assert (caught.value.place, caught.value.remedy) == (Job.IN_MEMORY, "Rename it.")
    made = prepared(frame.assign(**{name: np.arange(len(frame)) % 5}), series=("shop",))
    assert made.schema.series.covariates == (name,)


def test_a_level_of_a_hierarchy_is_not_called_level():
    frame = shops().assign(level="x")
    frame.loc[frame["shop"] == "s0", "level"] = "y"
    with pytest.raises(DataError, match="the column 'level' has a name that forecasts have"):
        prepared(frame, hierarchy=("level", "shop"), reconcile="bottom_up")
    assert prepared(frame, series=("level", "shop")).schema.series.ids == ("level", "shop")


# Times


@pytest.mark.parametrize(
    ("cells", "frequency"),
    [
        (list(range(1960, 2020)), "YS-JAN"),
        (pd.date_range("2000-01-01", periods=60, freq="MS").strftime("%Y%m").astype(int), "MS"),
        (pd.period_range("2000Q1", periods=60, freq="Q"), "QS-JAN"),
        (pd.period_range("2000Q1", periods=60, freq="Q").astype(str), "QS-JAN"),
        (pd.date_range("2000-01-01", periods=60, freq="D").strftime("%d.%m.%Y"), "D"),
        (pd.date_range("2000-01-01", periods=60, freq="MS").strftime("%d/%m/%Y"), "MS"),
        (pd.date_range("2000-01-01", periods=60, freq="h", tz="Europe/Berlin"), "h"),
    ],
)
def test_times_in_many_ways_of_writing(cells, frequency):
    made = prepared(sales().assign(day=cells))
    assert made.schema.series.frequency == frequency
    assert len(made.train) == 60


def of_berlin(freq="D", n=60, start="2020-01-01"):
    return sales(n).assign(day=pd.date_range(start, periods=n, freq=freq, tz="Europe/Berlin"))


@pytest.mark.parametrize("frequency", [None, "D", "B"])
def test_days_of_a_zone_with_summer_time_are_refused_with_the_reason(frequency):
    with pytest.raises(DataError, match="winter and in summer") as caught:
        prepared(of_berlin(n=200), frequency=frequency)
    assert "without a zone" in caught.value.remedy


@pytest.mark.parametrize("frequency", [None, "MS"])
def test_months_of_a_zone_with_summer_time_are_refused_with_the_reason(frequency):
    with pytest.raises(DataError, match="winter and in summer"):
        prepared(of_berlin("MS"), frequency=frequency)


def test_that_days_begin_at_another_hour_in_utc_is_told():
    winter = of_berlin(n=70)
    note = guardrail(prepared(winter), "Time zone")
    assert (note.verdict, note.columns) == ("alerted", ("day",))
    assert "read as UTC; give local times without a zone" in note.action
    written = winter.assign(day=[time.isoformat() for time in winter["day"]])
    assert guardrail(prepared(written), "Time zone").verdict == "alerted"
    options = {"frequency": "D", "aggregate": "sum"}
    assert guardrail(prepared(of_berlin("h", 900), **options), "Time zone").verdict == "alerted"
    for plain in (sales(70), sales(70).assign(day=winter["day"].dt.tz_localize(None))):
        assert guardrail(prepared(plain), "Time zone").verdict == "passed"
        utc = plain.assign(day=plain["day"].dt.tz_localize("UTC"))
        assert guardrail(prepared(utc), "Time zone").verdict == "passed"
        iso = utc.assign(day=[time.isoformat() for time in utc["day"]])
        assert guardrail(prepared(iso), "Time zone").verdict == "passed"
    assert guardrail(prepared(of_berlin("h", 900)), "Time zone").verdict == "passed"


def test_rows_that_are_only_counted_are_refused():
    with pytest.raises(DataError, match="no year and no date") as caught:
        prepared(sales().assign(day=np.arange(60)))
    assert "need dates" in caught.value.remedy


def test_a_schema_reads_the_times_of_another_table_alike():
    made = prepared(sales().assign(day=np.arange(1960, 2020)), test=None)
    future = pd.DataFrame({"day": [2020, 2021]})
    table = made.schema.conform(future)
    assert table["day"].tolist() == [2020, 2021]
    assert made.schema.series.time_form == "%Y"


# Errors


def test_no_time_column_and_no_horizon_are_refused():
    with pytest.raises(OptionError, match="column of times") as caught:
        prepared(sales(), time_column=None)
    assert caught.value.place == "option time_column"
    with pytest.raises(OptionError, match="how many rows") as caught:
        prepared(sales(), horizon=None)
    assert caught.value.place == "option horizon"


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"time_column": "dya"}, "option time_column"),
        ({"series": "shp"}, "option series"),
        ({"unknown_in_future": "shp"}, "option unknown_in_future"),
    ],
)
def test_unknown_columns_are_answered_with_the_nearest(options, place):
    with pytest.raises(OptionError, match="there is no column") as caught:
        prepared(shops(), **options)
    assert caught.value.place == place
    assert "Did you mean" in caught.value.remedy


def test_a_target_that_is_no_number_is_refused():
    with pytest.raises(DataError, match="holds text such as 'many'") as caught:
        prepared(sales().assign(sold=["many", "few"] * 30))
    assert caught.value.place == "row 1"


def test_a_table_without_a_row_that_has_both_is_refused():
    frame = sales().astype({"day": object})
    frame.loc[10:, "sold"] = np.nan
    frame.loc[:9, "day"] = None
    with pytest.raises(DataError, match="both a time and a target"):
        prepared(frame)


# Test rows


def test_a_test_table_holds_what_came_after():
    whole = shops(2, n=70).assign(price=np.arange(140) % 5 * 1.0)
    late = whole.groupby("shop").cumcount() >= 60
    made = prepared(whole[~late], whole[late].sample(frac=1, random_state=0), series="shop")
    assert made.test.groupby(SERIES_COLUMN).size().tolist() == [7, 7]
    assert (made.test[SCALE_COLUMN] > 0).all()
    note = guardrail(made, "Test rows")
    assert note.verdict == "alerted"
    assert "6 rows of 20" in note.finding
    exact = whole[late][whole[late].groupby("shop").cumcount() < 7]
    note = guardrail(prepared(whole[~late], exact, series="shop"), "Test rows")
    assert note.verdict == "passed"


def test_a_test_table_that_lacks_covariates():
    whole = sales(67).assign(price=np.arange(67) % 5 * 1.0)
    train, test = whole[:60], whole[60:].copy()
    with pytest.raises(DataError, match="lacks 'price'") as caught:
        prepared(train, test.drop(columns="price"))
    assert "unknown_in_future" in caught.value.remedy
    test.loc[60:62, "price"] = np.nan
    made = prepared(train, test)
    assert made.test["price"].iloc[:3].tolist() == [train["price"].iloc[-1]] * 3
    verdicts = [one.verdict for one in made.guardrails if one.name == "Future covariates"]
    assert verdicts == ["passed", "alerted"]


def test_a_test_table_needs_no_columns_that_stay_the_same_in_a_series():
    whole = shops(2, n=67).assign(city=lambda table: table["shop"].map({"s0": "A", "s1": "B"}))
    late = whole.groupby("shop").cumcount() >= 60
    made = prepared(whole[~late], whole[late].drop(columns="city"), series="shop")
    assert made.schema.series.static == ("city",)
    assert made.test["city"].tolist() == [0.0] * 7 + [1.0] * 7
    verdicts = [one.verdict for one in made.guardrails if one.name == "Future covariates"]
    assert verdicts == ["passed"]


def test_a_test_table_needs_no_columns_that_are_not_known_of_the_future():
    whole = sales(67).assign(price=np.arange(67) % 5 * 1.0)
    bare = whole[60:].drop(columns="price")
    made = prepared(whole[:60], bare, unknown_in_future=("price",))
    assert "price" in made.train
    assert "price" not in made.test
    assert len(made.test) == 7


@pytest.mark.parametrize("frequency", ["2W", "3D", "2MS"])
def test_a_test_table_is_put_together_to_the_steps_of_training(frequency):
    whole = sales(900)
    options = {"frequency": frequency, "aggregate": "sum", "horizon": 3}
    made = prepared(whole, **options)
    steps = made.train[TIME_COLUMN]  # weeks are called by their last days
    cut = steps.iloc[-4] + pd.Timedelta("1D") if frequency == "2W" else steps.iloc[-3]
    early, late = whole["day"] < cut, whole["day"] >= cut - pd.Timedelta("31D")
    apart = prepared(whole[early], whole[late], **options)
    assert apart.train["sold"].tolist() == made.train["sold"].tolist()[:-3]
    assert apart.test["sold"].tolist() == made.train["sold"].tolist()[-3:]


def test_a_test_table_of_the_past_is_refused():
    with pytest.raises(DataError, match="no row that follows"):
        prepared(sales(), sales(10))


def test_the_last_horizon_is_cut_off_for_a_test_if_asked():
    made = prepared(sales(), test_size=0.2)
    assert (len(made.train), len(made.test)) == (53, 7)
    assert made.test[TIME_COLUMN].min() > made.train[TIME_COLUMN].max()
    with pytest.raises(DataError, match="cut off for a test"):
        prepared(sales(14), test_size=0.2)


def test_series_that_were_dropped_are_not_tested():
    rows = short_and_long()
    late = [sales(67).tail(7).assign(shop="long"), sales(16).tail(7).assign(shop="short")]
    made = prepared(rows, pd.concat(late), series="shop")
    assert made.test[SERIES_COLUMN].unique().tolist() == ["long"]


# Lags, windows, STL and a horizon


def test_what_was_given_of_lags_is_kept_and_makes_series_longer():
    frame = pd.concat([sales(40).assign(shop="long"), sales(24).assign(shop="short")])
    made = prepared(frame, series="shop")
    assert made.train[SERIES_COLUMN].nunique() == 2
    made = prepared(frame, series="shop", target_lags=[1, 20], rolling_window=5)
    assert made.train[SERIES_COLUMN].unique().tolist() == ["long"]
    note = guardrail(made, "Short series")
    assert "fewer than 28 rows" in note.finding  # horizon 7, lag 20, and one more
    back = made.schema.series.look_back
    assert (back.lags, back.window, back.found_lags, back.found_window) == ((1, 20), 5, 0, 0)
    padded = prepared(frame, series="shop", target_lags=[20], short_series="pad", folds=2)
    assert padded.train.groupby(SERIES_COLUMN).size()["short"] == 2 * 7 + 7 + 20 + 1


def test_lags_are_suggested_by_the_rows_before_the_windows():
    draw, level = np.random.default_rng(0), [0.0]
    for step in draw.normal(size=299):
        level.append(0.95 * level[-1] + step)
    frame = sales(300).assign(sold=level)
    made = prepared(frame, season=1)
    assert made.schema.series.look_back.found_lags == 1
    late = frame["day"].rank(ascending=False) <= 35  # all windows
    other = prepared(frame.assign(sold=frame["sold"].where(~late, -5000.0)), season=1)
    assert other.schema.series.look_back == made.schema.series.look_back


def test_a_horizon_may_be_left_to_the_frequency():
    made = prepared(sales(freq="MS"), horizon="auto")
    assert made.schema.series.horizon == 12
    assert made.series_told == "1 series of months (MS), horizon 12 (auto), season 12"
    assert (made.folds.matrix[:, -1] == 0).sum() == 12


def test_stl_of_series_without_a_season_is_refused():
    assert prepared(sales(), use_stl="season").schema.series.look_back.stl == "season"
    with pytest.raises(OptionError, match="no season that STL could take") as caught:
        prepared(sales(freq="YS"), use_stl="season_trend")
    assert caught.value.place == "option use_stl"


# Holidays


def test_holidays_are_of_days():
    made = prepared(sales(), holidays="de")
    assert made.schema.series.holidays == "DE"
    assert guardrail(made, "Holidays").verdict == "passed"
    made = prepared(sales(freq="MS"), holidays="DE")
    assert made.schema.series.holidays is None
    assert guardrail(made, "Holidays").verdict == "fixed"


def test_a_country_without_known_holidays_is_refused(monkeypatch):
    package = pytest.importorskip("holidays")
    monkeypatch.setattr(package, "list_supported_countries", lambda: {"DE": []})
    assert prepared(sales(), holidays="DE").schema.series.holidays == "DE"
    with pytest.raises(OptionError, match="holidays of FR are not known") as caught:
        prepared(sales(), holidays="FR")
    assert caught.value.place == "option holidays"


@pytest.mark.parametrize(("wanted", "option"), [("day", "time_column"), ("shop", "series")])
def test_names_of_the_index_are_told_from_columns_that_are_missing(wanted, option):
    with pytest.raises(OptionError, match=f"'{wanted}' is the index of the table") as caught:
        prepared(shops().set_index(wanted), series=("shop",))
    assert option in str(caught.value)
    assert "reset_index" in str(caught.value)
    # An index of the name of a column is in nobody's way.
    frame = shops()
    assert prepared(frame.set_index(frame["day"]), series=("shop",)).train is not None
