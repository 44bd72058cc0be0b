"""The validation design: what never leaks, who always trains, and the same again by seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from trialbook.data import Folds, cut_test, make_folds
from trialbook.data._roles import group_codes, read_fold_columns, time_values
from trialbook.errors import DataError
from trialbook.job import Job


def job(**fields: Any) -> Job:
    return Job(data="d.csv", target="y", **fields)


def classes(n: int, shares: tuple[float, ...] = (0.7, 0.2, 0.1), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice(len(shares), n, p=shares)


def split(y: np.ndarray, asked: Job, **columns: Any) -> Folds:
    folds = make_folds(y, asked, classification=y.dtype.kind == "i", **columns)
    again = make_folds(y, asked, classification=y.dtype.kind == "i", **columns)
    assert np.array_equal(folds.matrix, again.matrix)
    sound(folds, y)
    return folds


def sound(folds: Folds, y: np.ndarray) -> None:
    """What holds for every design."""
    assert folds.matrix.dtype == np.int8
    assert folds.matrix.shape[0] == len(y)
    assert np.isin(folds.matrix, (-1, 0, 1)).all()
    assert folds.description
    for side in folds.matrix.T:
        assert (side == 0).any()
        assert (side == 1).any()
        if y.dtype.kind == "i":
            assert set(y[side == 1]) == set(y)


# -- at random -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n_rows", "kind", "n_folds"),
    [
        (999, "k-fold", 10),
        (1_000, "k-fold", 3),
        (20_000, "k-fold", 3),
        (20_001, "hold-out", 1),
        (8, "k-fold", 4),
        (4, "k-fold", 2),
    ],
)
@pytest.mark.parametrize("regression", [True, False])
def test_without_a_deadline_the_default_follows_the_number_of_rows(
    n_rows: int, kind: str, n_folds: int, regression: bool
) -> None:
    y = np.linspace(0, 1, n_rows) if regression else np.arange(n_rows) % 2
    folds = split(y, job(max_trials=3))
    assert (folds.kind, folds.n_folds) == (kind, n_folds)
    if kind == "hold-out":
        assert (folds.matrix == 0).mean() == pytest.approx(0.1, abs=1e-3)


def test_with_a_deadline_the_default_follows_the_time_and_the_features() -> None:
    y = np.arange(20_000) % 2

    def n_folds(timeout: str, n_features: int) -> int:
        return make_folds(
            y, job(timeout=timeout), classification=True, n_features=n_features
        ).n_folds

    assert [n_folds(timeout, 10) for timeout in ("5s", "15s", "10m")] == [1, 3, 8]
    assert [n_folds("15s", n_features) for n_features in (2, 10, 100)] == [8, 3, 1]


@pytest.mark.parametrize("k", [2, 5, 7])
def test_every_row_validates_once_and_classes_are_even(k: int) -> None:
    y = classes(503)
    folds = split(y, job(folds=k))
    validates = folds.matrix == 0
    assert (validates.sum(axis=1) == 1).all()
    assert np.ptp(validates.sum(axis=0)) <= 1
    for label in range(3):
        assert np.ptp(validates[y == label].sum(axis=0)) <= 1


def test_a_regression_is_even_over_its_range() -> None:
    y = np.sort(np.random.default_rng(0).lognormal(size=600))
    folds = split(y, job(folds=5))
    means = [y[side == 0].mean() for side in folds.matrix.T]
    assert np.ptp(means) < 0.25 * y.mean()


def test_a_hold_out_has_the_size_and_the_classes_asked() -> None:
    y = classes(1_000)
    folds = split(y, job(validation_size=0.25))
    held = folds.matrix[:, 0] == 0
    assert folds.kind == "hold-out"
    assert held.sum() == 250
    assert np.bincount(y[held]) / 250 == pytest.approx(np.bincount(y) / 1_000, abs=0.01)


def test_monte_carlo_draws_anew_each_time() -> None:
    y = classes(200)
    folds = split(y, job(validation_size=0.2, folds=6))
    assert folds.kind == "Monte-Carlo"
    assert ((folds.matrix == 0).sum(axis=0) == 40).all()
    assert len({side.tobytes() for side in folds.matrix.T}) == 6


@pytest.mark.parametrize("options", [{"folds": 3}, {"validation_size": 0.2}])
def test_another_seed_splits_otherwise(options: dict[str, Any]) -> None:
    y = classes(100)
    first, second = (split(y, job(seed=seed, **options)).matrix for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_too_many_folds_are_reduced_and_said() -> None:
    folds = split(np.arange(10) % 2, job(folds=8))
    assert folds.n_folds == 5
    assert folds.guardrails[0].verdict == "alerted"


@pytest.mark.parametrize(
    "options", [{}, {"validation_size": 0.3}, {"validation_size": 0.3, "folds": 4}]
)
def test_a_class_with_one_row_always_trains(options: dict[str, Any]) -> None:
    y = np.array([0] * 30 + [1] * 30 + [2])
    folds = split(y, job(**options))
    assert (folds.matrix[60] == 1).all()


def test_a_moved_row_is_said() -> None:
    folds = split(np.array([0] * 30 + [1] * 30 + [2]), job(folds=3))
    assert [(note.name, note.verdict) for note in folds.guardrails] == [
        ("Classes in every fold", "fixed")
    ]


def test_a_class_with_two_rows_trains_and_validates() -> None:
    y = np.array([0] * 30 + [1] * 2)
    folds = split(y, job(folds=3))
    assert (folds.matrix[30:] == 0).sum() == 2
    assert folds.guardrails == ()


@pytest.mark.parametrize(
    ("n_rows", "rarer", "n_folds"),
    [
        (60, 2, 2),
        (60, 3, 3),
        (300, 9, 9),
        (300, 10, 10),
        (3000, 2, 2),
        (30_000, 2, 2),
        (30_000, 9, 3),
    ],
)
def test_by_default_every_fold_validates_on_both_of_two_classes(
    n_rows: int, rarer: int, n_folds: int
) -> None:
    folds = split((np.arange(n_rows) < rarer).astype(int), job(max_trials=3))
    assert folds.n_folds == n_folds
    assert (folds.matrix[:rarer] == 0).any(axis=0).all()
    notes = [(note.name, note.verdict) for note in folds.guardrails]
    assert notes == ([] if n_folds == 10 else [("Number of folds", "fixed")])


def test_many_rows_and_enough_of_the_rarer_class_are_held_out() -> None:
    folds = split((np.arange(30_000) < 10).astype(int), job(max_trials=3))
    assert (folds.kind, (folds.matrix[:10] == 0).sum()) == ("hold-out", 1)


def test_folds_that_are_asked_for_stay_though_a_class_is_too_rare() -> None:
    assert split((np.arange(60) < 3).astype(int), job(folds=10)).n_folds == 10


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="one row"):
        make_folds(np.array([1.0]), job(), classification=False)
    with pytest.raises(DataError, match="no row is left to validate"):
        make_folds(np.array([0, 1]), job(), classification=True)


# -- by group --------------------------------------------------------------------------------


def whole(folds: Folds, groups: np.ndarray) -> bool:
    """Whether no group both trains and validates in a fold."""
    return all(not set(groups[side == 1]) & set(groups[side == 0]) for side in folds.matrix.T)


@pytest.mark.parametrize("n_groups", [12, 300, 6_000])
@pytest.mark.parametrize(
    "options",
    [{}, {"folds": 4}, {"validation_size": 0.2}, {"validation_size": 0.2, "folds": 3}],
)
@pytest.mark.parametrize("regression", [True, False])
def test_a_group_stays_on_one_side(
    n_groups: int, options: dict[str, Any], regression: bool
) -> None:
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.r_[np.arange(n_groups), rng.integers(0, n_groups, 3 * n_groups)])
    y = rng.normal(size=len(groups)) if regression else classes(len(groups))
    folds = split(y, job(group_column="g", **options), groups=groups)
    assert folds.kind == "group"
    assert whole(folds, groups)
    wanted = options.get("validation_size") or (1 / folds.n_folds if folds.n_folds > 1 else 0.1)
    assert (folds.matrix == 0).mean(axis=0) == pytest.approx(wanted, abs=0.12)


def test_grouped_folds_cover_every_row_and_balance_classes() -> None:
    groups = np.repeat(np.arange(60), 10)
    y = (groups % 3 == 0).astype(np.int64)
    folds = split(y, job(group_column="g", folds=5), groups=groups)
    assert ((folds.matrix == 0).sum(axis=1) == 1).all()
    shares = [y[side == 0].mean() for side in folds.matrix.T]
    assert np.ptp(shares) < 0.05


def test_fewer_groups_than_folds_reduce_them() -> None:
    groups = np.repeat([0, 1, 2], 20)
    folds = split(classes(60, (0.5, 0.5)), job(group_column="g", folds=5), groups=groups)
    assert folds.n_folds == 3
    assert folds.guardrails[0].verdict == "alerted"


def test_one_group_is_refused() -> None:
    with pytest.raises(DataError, match="'g' has only one group"):
        make_folds(
            classes(10), job(group_column="g"), classification=True, groups=np.zeros(10, int)
        )


def test_a_class_in_one_group_trains_without_leaking_the_group() -> None:
    groups = np.repeat(np.arange(6), 10)
    y = np.where(groups == 5, 2, np.arange(60) % 2)
    folds = split(y, job(group_column="g", folds=3), groups=groups)
    assert whole(folds, groups)


def test_rows_without_a_group_stay_together() -> None:
    codes = group_codes(pd.Series(["a", None, "b", None]))
    assert codes[1] == codes[3]
    assert len(set(codes)) == 3


# -- by time ---------------------------------------------------------------------------------


def test_the_latest_rows_validate() -> None:
    times = np.random.default_rng(0).permutation(200)
    for options, size in (({}, 20), ({"validation_size": 0.25}, 50)):
        folds = split(np.sin(times), job(time_column="t", **options), times=times)
        side = folds.matrix[:, 0]
        assert folds.kind == "chronological"
        assert (side == 0).sum() == size
        assert times[side == 1].max() < times[side == 0].min()


def test_windows_expand_and_never_train_on_the_future() -> None:
    times = np.random.default_rng(0).integers(0, 50, 300)
    folds = split(np.sin(np.arange(300.0)), job(time_column="t", folds=4), times=times)
    assert folds.n_folds == 4
    trained = [times[side == 1] for side in folds.matrix.T]
    for side, past in zip(folds.matrix.T, trained, strict=True):
        assert past.max() < times[side == 0].min()
        if (side == -1).any():
            assert times[side == 0].max() < times[side == -1].min()
    assert [len(past) for past in trained] == sorted(len(past) for past in trained)


def test_a_size_sets_the_width_of_the_windows() -> None:
    folds = split(
        np.sin(np.arange(100.0)),
        job(time_column="t", folds=3, validation_size=0.1),
        times=np.arange(100),
    )
    assert ((folds.matrix == 0).sum(axis=0) == 10).all()


def test_few_different_times_give_fewer_windows() -> None:
    times = np.repeat([1, 2, 3], 20)
    folds = split(np.sin(np.arange(60.0)), job(time_column="t", folds=5), times=times)
    assert folds.n_folds == 2
    assert folds.guardrails[0].verdict == "alerted"


@pytest.mark.parametrize("options", [{}, {"folds": 3}])
def test_a_single_time_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="only one time"):
        make_folds(
            np.arange(9.0),
            job(time_column="t", **options),
            classification=False,
            times=np.ones(9),
        )


def test_a_class_that_appears_late_trains_all_the_same() -> None:
    y = np.repeat([0, 1, 2], [40, 40, 20])
    y[1] = 1
    folds = split(y, job(time_column="t", folds=3), times=np.arange(100))
    assert any(note.name == "Classes in every fold" for note in folds.guardrails)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(["02/01/2024", "13/01/2024", "01/02/2024"]),
        pd.Series(pd.to_datetime(["2024-01-02", "2024-01-13", "2024-02-01"])),
        pd.Series([2001, 2002, 2003]),
        pd.Series([None, 2002.5, 2003]),
        pd.Series(pd.to_datetime([None, "2024-01-13", "2024-02-01"])),
    ],
)
def test_times_of_every_kind_are_put_in_order(column: pd.Series) -> None:
    values, notes = time_values(column)
    assert np.argsort(values).tolist() == [0, 1, 2]
    assert [note.verdict for note in notes] == ["alerted"] * int(column.isna().any())


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pd.Series(["soon", "late"]), "'soon', which is not read as a date"),
        (pd.Series([True, False]), "bool values, not times"),
        (pd.Series([np.nan, np.nan]), "no times"),
    ],
)
def test_what_is_no_time_is_refused(column: pd.Series, message: str) -> None:
    with pytest.raises(DataError, match=message):
        time_values(column)


# -- the user's own folds --------------------------------------------------------------------


def own(**columns: list[object]) -> tuple[np.ndarray | None, np.ndarray]:
    matrix, test = read_fold_columns(pd.DataFrame(columns))
    return (None if matrix is None else matrix.to_numpy(), test)


def test_columns_of_one_and_zero_are_folds() -> None:
    matrix, test = own(a=[1, 1, 0], b=[True, False, True])
    assert matrix is not None
    assert matrix.tolist() == [[1, 1], [1, 0], [0, 1]]
    assert not test.any()
    assert own(a=[1, 0, 1])[0].tolist() == [[1], [0], [1]]  # type: ignore[union-attr]


def test_each_label_is_a_fold() -> None:
    matrix, _ = own(f=["a", "b", "c", "a"])
    assert matrix is not None
    assert matrix.tolist() == [[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 1, 1]]
    assert own(f=[1, 2, 3])[0].shape == (3, 3)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["validation", "Validate", "VAL", "valid"])
def test_train_validation_and_test_are_named(name: str) -> None:
    matrix, test = own(f=["Train", name, "TEST", "training"])
    assert matrix is not None
    assert matrix[~test].tolist() == [[1], [0], [1]]
    assert test.tolist() == [False, False, True, False]


def test_train_and_test_alone_leave_the_validation_open() -> None:
    matrix, test = own(f=["train", "test"])
    assert matrix is None
    assert test.tolist() == [False, True]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1, None, 0]}, "missing values.*row 2"),
        ({"a": [1, 0, 1], "b": [1, 2, 0]}, "'b' holds 2.*row 2"),
        ({"a": [1, 1, 1], "b": [0, 1, 0]}, "'a' has only 1"),
        ({"a": ["x", "x", "x"]}, "1 different folds"),
        ({"a": [str(i) for i in range(101)]}, "101 different folds"),
    ],
)
def test_fold_columns_that_mean_nothing_are_refused(
    columns: dict[str, list[object]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        own(**columns)


def test_own_folds_are_kept_but_for_classes_that_would_not_train() -> None:
    matrix = pd.DataFrame({"f": [1, 1, 1, 0, 0]})
    folds = split(np.array([0, 0, 1, 1, 0]), job(fold_columns=("f",)), columns=matrix)
    assert folds.kind == "fold column"
    assert folds.matrix[:, 0].tolist() == [1, 1, 1, 0, 0]
    folds = split(np.array([0, 0, 0, 1, 0]), job(fold_columns=("f",)), columns=matrix)
    assert folds.matrix[:, 0].tolist() == [1, 1, 1, 1, 0]


def test_a_separate_table_validates() -> None:
    validates = np.repeat([False, True], [20, 5])
    folds = split(classes(25, (0.5, 0.5)), job(), validates=validates)
    assert folds.kind == "validation data"
    assert folds.matrix[:, 0].tolist() == [1] * 20 + [0] * 5


# -- the test rows ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0.1, 0.25])
def test_the_test_is_cut_stratified(size: float) -> None:
    y = classes(1_000)
    train, test = cut_test(y, size, classification=True, seed=0)
    assert len(test) == size * 1_000
    assert sorted([*train, *test]) == list(range(1_000))
    assert np.bincount(y[test]) / len(test) == pytest.approx(np.bincount(y) / 1_000, abs=0.01)
    assert np.array_equal(test, cut_test(y, size, classification=True, seed=0)[1])
    assert not np.array_equal(test, cut_test(y, size, classification=True, seed=1)[1])


def test_a_class_with_one_row_is_not_cut_off() -> None:
    y = np.array([0] * 20 + [1] * 20 + [2])
    for seed in range(20):
        assert 40 in cut_test(y, 0.5, classification=True, seed=seed)[0]


def test_the_test_takes_whole_groups() -> None:
    groups = np.repeat(np.arange(20), 5)
    train, test = cut_test(classes(100), 0.2, classification=True, seed=0, groups=groups)
    assert not set(groups[train]) & set(groups[test])
    assert len(test) == 20


def test_the_test_takes_the_latest_rows() -> None:
    times = np.random.default_rng(0).permutation(100)
    train, test = cut_test(np.sin(times), 0.2, classification=False, seed=0, times=times)
    assert times[train].max() < times[test].min()
    assert len(test) == 20


def test_a_test_that_cannot_be_cut_is_refused() -> None:
    with pytest.raises(DataError, match="no test rows"):
        cut_test(np.arange(9.0), 0.2, classification=False, seed=0, times=np.ones(9))
    with pytest.raises(DataError, match="no test rows"):
        cut_test(np.arange(9.0), 0.2, classification=False, seed=0, groups=np.zeros(9, int))
