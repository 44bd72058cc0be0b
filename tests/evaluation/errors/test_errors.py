"""Where a model errs: cohorts that are really worse, told in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trialbook.errors import DataError, OptionError
from trialbook.evaluation.errors import Losses, analyse_errors, error_map, losses_of
from trialbook.evaluation.errors._conditions import Condition
from trialbook.evaluation.errors._tree import Node, prune


def table(n=4000, seed=0):
    """People, some of whose cells are missing."""
    rng = np.random.default_rng(seed)
    jobs = rng.choice(["clerk", "nurse", "retired", "smith"], n).astype(object)
    jobs[::50] = np.nan
    jobs[7::400] = [f"rare-{i}" for i in range(len(jobs[7::400]))]
    age = rng.integers(18, 90, n).astype(float)
    age[3::40] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "job": jobs,
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 366, n), "D"),
            "noise": rng.normal(size=n),
        }
    )


def wrong(rows, where, bad=0.5, good=0.05, seed=1):
    """Errors that are frequent in some rows."""
    rate = np.where(where(rows), bad, good)
    values = (np.random.default_rng(seed).random(len(rows)) < rate).astype(float)
    return Losses(values, "error rate")


def old_or_retired(rows):
    return (rows["age"] > 60) & (rows["job"] == "retired")


def test_the_cohort_that_is_worse_is_found_and_told():
    rows = table()
    found = analyse_errors(rows, wrong(rows, old_or_retired), trial="tree-1")
    worst = found.cohorts[0]
    assert set(worst.words.split(" and ")) == {"job = 'retired'", "age > 60"}
    assert worst.rows == old_or_retired(rows).sum()
    assert worst.loss == pytest.approx(0.5, abs=0.1)
    assert worst.low < 0.5 < worst.high
    assert worst.stands_out
    assert worst.share_of_errors > 0.4
    assert found.columns[:2] in (("job", "age"), ("age", "job"))
    assert found.table.loc[0, "ratio"] == pytest.approx(worst.loss / found.loss)


def test_cohorts_share_all_rows():
    rows = table()
    losses = Losses(
        rows["age"].fillna(200).to_numpy() * rows["job"].eq("nurse").to_numpy()
        + rows["noise"].abs().to_numpy(),
        "mean absolute error",
    )
    found = analyse_errors(rows, losses)
    assert len(found.cohorts) >= 4
    members = np.array(
        [np.all([c.mask(rows) for c in one.conditions], axis=0) for one in found.cohorts]
    )
    assert (members.sum(axis=0) == 1).all()
    assert sum(one.rows for one in found.cohorts) == found.rows == len(rows)
    assert sum(one.share_of_errors for one in found.cohorts) == pytest.approx(1)
    assert [one.loss for one in found.cohorts] == sorted(
        (one.loss for one in found.cohorts), reverse=True
    )


@pytest.mark.parametrize("seed", range(8))
def test_where_errors_are_chance_no_cohort_stands_out(seed):
    rows = table(1000, seed)
    found = analyse_errors(rows, wrong(rows, lambda rows: rows["age"] < 0, seed=seed), seed=seed)
    assert not any(one.stands_out for one in found.tree)
    assert found.tree[0].words == "all rows"


def test_few_rows_without_an_error_are_no_cohort_where_errors_are_rare():
    rows = pd.DataFrame({"x": np.arange(200.0)})
    low, high = Condition("x", high=14.5), Condition("x", low=14.5)
    # Of 15 rows with an error in seven, one time in ten none has any.
    losses = (np.arange(200) % 7 == 0) & (np.arange(200) > 14.5)
    for limit, kept in ((0, False), (10, True)):
        # Where nearly all of the few rows err, they are one.
        values = np.where(np.arange(200) < limit, True, losses).astype(float)
        root = Node((), children=[Node((low,), low), Node((high,), high)])
        prune(root, rows, values)
        assert bool(root.children) == kept


def test_missing_cells_are_a_cohort():
    rows = table(8000)
    for name in ("age", "job"):
        found = analyse_errors(rows, wrong(rows, lambda rows, name=name: rows[name].isna()))
        worst = found.cohorts[0]
        assert worst.words == f"{name} is missing"
        assert worst.rows == rows[name].isna().sum()
        assert found.cohorts[1].words == f"{name} is not missing"


def test_texts_are_told_by_their_words():
    random = np.random.default_rng(0)
    words = random.integers(1, 60, 4000).astype(float)
    words[::9] = np.nan
    rows = pd.DataFrame({"remarks": words})
    losses = wrong(rows, lambda rows: rows["remarks"] > 32)
    found = analyse_errors(rows, losses, counted=["remarks"])
    assert found.cohorts[0].words == "remarks has more than 32 words"
    assert found.cohorts[-1].words == "remarks has at most 32 words or is missing"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (32.5, np.inf, "x has more than 32 words"),
        (1.5, np.inf, "x has more than 1 word"),
        (-np.inf, 32.5, "x has at most 32 words"),
        (10, 32, "x has 11 to 32 words"),
        (10.5, 11.5, "x has 11 words"),
        (-np.inf, np.inf, "x is not missing"),
    ],
)
def test_limits_of_words_are_whole(low, high, said):
    assert str(Condition("x", low=low, high=high, counted=True)) == said


def test_dates_are_cut_at_days():
    rows = table()
    found = analyse_errors(rows, wrong(rows, lambda rows: rows["day"] > "2024-07-01", 1, 0))
    assert found.cohorts[0].words == "day > 2024-07-01"
    assert found.cohorts[1].words == "day ≤ 2024-07-01"


def test_several_texts_are_listed():
    rows = table()
    losses = wrong(rows, lambda rows: rows["job"].isin(["nurse", "smith"]), 1, 0)
    found = analyse_errors(rows, losses)
    assert found.cohorts[0].words == "job in ('nurse', 'smith')"
    assert found.cohorts[1].words == "job not in ('nurse', 'smith') or missing"


def test_cohorts_are_told_by_the_columns_that_are_named():
    rows = table()
    found = analyse_errors(rows, wrong(rows, old_or_retired), columns=["age", "noise"])
    assert {c.column for one in found.tree for c in one.conditions} == {"age"}


def test_numbers_are_judged_by_their_absolute_error():
    losses = losses_of(np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.0, 1.0]))
    assert losses.values.tolist() == [0.5, 0.0, 2.0]
    assert losses.name == "mean absolute error"


def test_classes_are_right_or_wrong():
    proba = np.array([[0.6, 0.4], [0.2, 0.8], [0.9, 0.1]])
    losses = losses_of(np.array([0, 0, 0]), proba)
    assert losses.values.tolist() == [0.0, 1.0, 0.0]
    assert losses.interval(np.arange(3)) == pytest.approx((0.0615, 0.7923), abs=1e-3)


def test_a_map_has_the_loss_of_two_columns_together():
    rows = table()
    losses = wrong(rows, old_or_retired)
    found = error_map(rows, losses, ["job", "age"])
    place = found.down.index("retired")
    worst = [cell.loss for cell in found.cells[place]]
    assert max(worst) > 0.35
    assert sum(cell.rows for line in found.cells for cell in line) == len(rows)
    assert found.across[-1] == "missing"


def test_a_map_may_be_of_one_column_and_names_must_be_right():
    rows = table()
    losses = wrong(rows, old_or_retired)
    found = error_map(rows, losses, ["job"])
    assert found.across == ("",)
    with pytest.raises(OptionError, match="Did you mean 'job'"):
        error_map(rows, losses, ["jobs"])
    with pytest.raises(OptionError, match="one or two"):
        error_map(rows, losses, ["job", "age", "day"])


def test_a_map_puts_texts_of_few_rows_together():
    cabins = [f"C{place % 60}" if place % 3 else "deck" for place in range(300)]
    rows = pd.DataFrame({"cabin": pd.Series(cabins, dtype=object)})
    found = error_map(rows, Losses(np.ones(300), "error rate"), ["cabin"])
    assert found.down == ("deck", "others")
    assert [line[0].rows for line in found.cells] == [100, 200]


def test_few_rows_are_refused():
    rows = table(50)
    with pytest.raises(DataError, match="50 rows"):
        analyse_errors(rows, wrong(rows, old_or_retired))


def test_a_model_without_errors_is_no_trouble():
    rows = table(200)
    found = analyse_errors(rows, Losses(np.zeros(200), "error rate"))
    assert [one.words for one in found.tree] == ["all rows"]
    assert found.map is None
