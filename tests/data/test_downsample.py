"""Fewer rows of the largest class: which are kept, what they weigh, and when it pays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trialbook.data import Folds, _downsample, _prepare, prepare
from trialbook.data._downsample import fewer_of_largest
from trialbook.job import Job

N = 4_000


@pytest.fixture(autouse=True)
def small_is_big(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_prepare, "BIG_ROWS", 1_000)
    monkeypatch.setattr(_downsample, "LEAST_ROWS", 500)


def folds(n_rows: int = N, n_folds: int = 1) -> Folds:
    """The first tenth validates."""
    sides = np.ones((n_rows, n_folds), dtype=np.int8)
    sides[: n_rows // 10] = 0
    return Folds(sides, "hold-out", "")


def uneven(share: float, n_rows: int = N) -> np.ndarray:
    return (np.random.default_rng(0).random(n_rows) < share).astype(int)


def fewer(y: np.ndarray, deadline_s: float | None = 0.1, n_folds: int = 1):
    labels = tuple("abc"[: y.max() + 1])
    design = folds(len(y), n_folds)
    return fewer_of_largest(y, labels, design, n_features=5, deadline_s=deadline_s)


def test_rows_of_other_classes_and_rows_that_validate_stay_as_they_are() -> None:
    y = uneven(0.02)
    found = fewer(y)
    assert found is not None
    assert found.kept[y == 1].all()
    assert found.kept[: N // 10].all()
    weights = np.ones(N)
    weights[found.kept] = found.weights
    assert (weights[y == 1] == 1).all()
    assert (weights[: N // 10] == 1).all()


def test_the_kept_rows_of_the_largest_class_stand_for_all_of_it() -> None:
    y = uneven(0.02)
    found = fewer(y)
    assert found is not None
    trains = np.arange(N) >= N // 10
    largest = trains & (y == 0)
    n_others = (trains & (y == 1)).sum()
    assert (found.kept & largest).sum() == 10 * n_others
    assert found.weights[largest[found.kept]].sum() == pytest.approx(largest.sum())
    # Every beginning is a sample, too.
    half = np.arange(N) < N // 2
    assert (found.kept & largest & half).sum() == pytest.approx(
        (found.kept & largest).sum() * (largest & half).sum() / largest.sum(), abs=1
    )


def test_the_guardrail_says_the_ratio_and_the_weight() -> None:
    found = fewer(uneven(0.02))
    assert found is not None
    check = found.guardrail
    assert check.verdict == "fixed"
    assert "the class 'a', more than 10 times all others" in check.finding
    assert f"with weight {found.weights.max():.4g} in place of 1" in check.action
    assert "rows that validate or test are untouched" in check.action


def test_enough_rows_train_however_few_the_others_are() -> None:
    y = np.zeros(N, dtype=int)
    y[[5, 1000, 2000, 3000]] = 1
    found = fewer(y)
    assert found is not None
    assert found.kept[N // 10 :].sum() == 500


@pytest.mark.parametrize(
    ("share", "options"),
    [
        (0.2, {}),
        (0.02, {"deadline_s": None}),
        (0.02, {"deadline_s": 3_600.0}),
        (0.02, {"n_folds": 2}),
    ],
    ids=["even enough", "no deadline", "time for all rows", "rows that train and validate"],
)
def test_it_is_left_alone_where_it_does_not_pay(share, options) -> None:
    assert fewer(uneven(share), **options) is None


def table(n_rows: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    x = rng.normal(size=n_rows)
    y = np.where(x + rng.normal(size=n_rows) > 3, "yes", "no")
    return pd.DataFrame({"x": x, "z": rng.normal(size=n_rows), "y": y})


def job(**options: object) -> Job:
    fields = {"data": Job.IN_MEMORY, "target": "y", "timeout": 0.2, "validation_size": 0.1}
    return Job.from_fields(fields | options)


def test_prepared_rows_have_weights_and_keep_their_places() -> None:
    frame = table()
    prepared = prepare(job(test_size=0.2), frame=frame)
    train, weight = prepared.train, prepared.schema.weight
    assert weight == "__sample_weight"
    assert any(one.name == "Class sampling" for one in prepared.guardrails)
    assert prepared.positions is not None
    assert (frame["x"].to_numpy()[prepared.positions] == train["x"]).all()
    assert prepared.test is not None
    assert len(prepared.test) == N // 5
    assert weight not in prepared.test
    trains = train["__fold_0"] == 1
    assert train.loc[~trains, weight].eq(1).all()
    assert train.loc[trains, weight].sum() == pytest.approx(0.9 * 0.8 * N, abs=2)
    assert prepared.folds.matrix.shape == (len(train), 1)


def test_weights_of_the_user_are_multiplied() -> None:
    frame = table().assign(w=2.0)
    prepared = prepare(job(weight="w"), frame=frame)
    assert prepared.schema.weight == "w"
    weights = prepared.train["w"]
    assert weights.min() == 2
    trains = prepared.train["__fold_0"] == 1
    assert weights[trains].sum() == pytest.approx(2 * 0.9 * N, abs=4)


def test_regressions_have_no_classes() -> None:
    frame = table()
    prepared = prepare(job(target="x"), frame=frame)
    assert prepared.schema.weight is None
