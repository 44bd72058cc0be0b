"""Intervals and sets: what they promise, on rows that had no part in them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from trialbook.errors import NoModelError, OptionError
from trialbook.evaluation.conformal import calibrate, coverage_of
from trialbook.models import Conformal, read_conformal


def even(n, seed=0):
    """Numbers whose errors are alike everywhere."""
    rng = np.random.default_rng(seed)
    prediction = rng.normal(10, 5, n)
    return prediction + rng.normal(0, 2, n), prediction


def uneven(n, seed=0):
    """Numbers whose errors grow with the prediction."""
    rng = np.random.default_rng(seed)
    prediction = rng.uniform(1, 100, n)
    return prediction * (1 + rng.normal(0, 0.2, n)), prediction


def classes(n, seed=0, weights=(0.6, 0.3, 0.1)):
    """Probabilities that are true: the classes are drawn from them."""
    rng = np.random.default_rng(seed)
    prediction = rng.dirichlet(4 * np.array(weights), n)
    y = (prediction.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return y.clip(max=len(weights) - 1), prediction


class Given(BaseEstimator):
    """Predicts what it is given as features, so that MAPIE can work on predictions."""

    def fit(self, X, y):
        self.n_features_in_ = X.shape[1]
        if isinstance(self, ClassifierMixin):
            self.classes_ = np.unique(y)
        return self


class GivenNumber(RegressorMixin, Given):
    def predict(self, X):
        return X[:, 0]


class GivenClass(ClassifierMixin, Given):
    def predict_proba(self, X):
        return X

    def predict(self, X):
        return self.classes_[X.argmax(axis=1)]


@pytest.mark.parametrize("make", [even, uneven, classes])
@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_the_promise_is_kept_on_new_rows(make, coverage):
    known = calibrate(*make(4000, seed=1))
    found = coverage_of(*make(20_000, seed=2), known, coverage)
    assert found.share == pytest.approx(coverage, abs=0.02)
    by_cross_fitting = next(one for one in known.measured if one.coverage == coverage)
    assert by_cross_fitting.share == pytest.approx(coverage, abs=0.02)
    assert by_cross_fitting.size == pytest.approx(found.size, rel=0.05)


def test_widths_go_by_the_prediction_only_where_that_helps():
    assert calibrate(*even(3000)).scale is None
    known = calibrate(*uneven(3000))
    lower, upper = known.interval(np.array([5.0, 90.0]), 0.9)
    assert upper[1] - lower[1] > 5 * (upper[0] - lower[0])
    # 1.645 standard deviations of 0.2 on each side.
    assert (upper - lower)[1] == pytest.approx(2 * 1.645 * 0.2 * 90, rel=0.1)


def test_intervals_are_those_of_mapie():
    from mapie.regression import SplitConformalRegressor

    y, prediction = even(400)
    X = prediction[:, None]
    peer = SplitConformalRegressor(GivenNumber().fit(X, y), confidence_level=0.9, prefit=True)
    _, ends = peer.conformalize(X, y).predict_interval(X[:50])
    lower, upper = calibrate(y, prediction).interval(prediction[:50], 0.9)
    np.testing.assert_allclose(lower, ends[:, 0, 0])
    np.testing.assert_allclose(upper, ends[:, 1, 0])


def test_sets_are_those_of_mapie_with_the_most_probable_class():
    from mapie.classification import SplitConformalClassifier

    y, prediction = classes(600)
    peer = SplitConformalClassifier(
        GivenClass().fit(prediction, y),
        confidence_level=0.8,
        prefit=True,
        conformity_score="lac",
    )
    _, sets = peer.conformalize(prediction, y).predict_set(prediction)
    theirs = sets[:, :, 0]
    theirs[np.arange(len(theirs)), prediction.argmax(axis=1)] = True
    assert (calibrate(y, prediction).sets(prediction, 0.8) == theirs).all()


def test_a_rare_class_is_held_as_often_when_that_is_asked():
    y, prediction = classes(5000, weights=(0.9, 0.1))
    known = calibrate(y, prediction)
    rows = np.arange(len(y))
    for per_class in (False, True):
        held = known.sets(prediction, 0.9, per_class=per_class)[rows, y]
        rare = held[y == 1].mean()
        assert (rare > 0.88) == per_class


def test_what_the_rows_cannot_promise_is_refused():
    known = calibrate(*even(30))
    known.interval(np.zeros(1), 0.9)
    with pytest.raises(OptionError, match=r"0\.99 cannot be promised from 30 rows.*0\.96 at most"):
        known.interval(np.zeros(1), 0.99)
    with pytest.raises(OptionError, match=r"from 0\.5 to 0\.999"):
        known.interval(np.zeros(1), 90)


def test_a_class_of_too_few_rows_is_in_every_set():
    y, prediction = classes(200, weights=(0.7, 0.3))
    wide = np.column_stack([prediction, np.zeros(len(y))])
    known = calibrate(y, wide)
    assert known.sets(wide, 0.9, per_class=True)[:, 2].all()
    assert known.measured[0].classes[2] is None


def test_a_coverage_between_the_steps_is_rounded_up():
    known = calibrate(*even(3000))
    zero = np.zeros(1)
    assert known.interval(zero, 0.901) == known.interval(zero, 0.91)
    assert known.interval(zero, 0.9) < known.interval(zero, 0.89)


@pytest.mark.parametrize("make", [even, uneven, classes])
def test_it_is_kept_in_a_file(make, tmp_path):
    known = calibrate(*make(800))
    known.write(tmp_path)
    assert read_conformal(tmp_path) == known


def test_a_model_without_says_so(tmp_path):
    with pytest.raises(NoModelError, match="conformal"):
        read_conformal(tmp_path)


@pytest.mark.parametrize("n", [1, 3, 12])
def test_few_rows_and_equal_predictions_do_no_harm(n):
    y, prediction = np.ones(n), np.ones(n)
    known = calibrate(y, prediction)
    assert isinstance(known, Conformal)
    assert all(0 <= one.share <= 1 and math.isfinite(one.size) for one in known.measured)
    assert calibrate(np.ones(700), np.ones(700)).interval(np.ones(1), 0.9)[0] == 1.0
