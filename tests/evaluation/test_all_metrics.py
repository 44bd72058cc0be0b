import time

import numpy as np
import pytest
from sklearn import metrics as sk

from trialbook.evaluation import all_metrics, metric

CLASSIFICATION = {
    *(f"AUC_{kind}" for kind in ("macro", "micro", "weighted")),
    *(f"average_precision_score_{kind}" for kind in ("macro", "micro", "weighted")),
    *(f"f1_score_{kind}" for kind in ("macro", "micro", "weighted")),
    *(f"precision_score_{kind}" for kind in ("macro", "micro", "weighted")),
    *(f"recall_score_{kind}" for kind in ("macro", "micro", "weighted")),
    "accuracy",
    "balanced_accuracy",
    "log_loss",
    "matthews_correlation",
    "norm_macro_recall",
    "weighted_accuracy",
}
BINARY = {
    "AUC_binary",
    "average_precision_score_binary",
    "f1_score_binary",
    "precision_score_binary",
    "recall_score_binary",
}
REGRESSION = {
    "explained_variance",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "median_absolute_error",
    "normalized_mean_absolute_error",
    "normalized_median_absolute_error",
    "normalized_root_mean_squared_error",
    "normalized_root_mean_squared_log_error",
    "r2_score",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
    "spearman_correlation",
}


def classified(k, n=400, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    proba = rng.dirichlet(np.ones(k), n) + 0.3 * np.eye(k)[y]
    proba = (proba / proba.sum(axis=1, keepdims=True)).round(2) + 1e-3
    return y, proba / proba.sum(axis=1, keepdims=True)


def test_every_documented_metric_is_there():
    assert set(all_metrics("classification", *classified(3))) == CLASSIFICATION
    assert set(all_metrics("classification", *classified(2), 1)) == CLASSIFICATION | BINARY
    y = np.arange(1.0, 9.0)
    assert set(all_metrics("regression", y, y + 1)) == REGRESSION


@pytest.mark.parametrize("k", [2, 5])
def test_classification_agrees_with_scikit_learn(k):
    y, proba = classified(k)
    positive = 1 if k == 2 else None
    got = all_metrics("classification", y, proba, positive)
    predicted, one_hot = proba.argmax(axis=1), np.eye(k)[y]
    for average in ("macro", "micro", "weighted"):
        expected = {
            "f1_score": sk.f1_score(y, predicted, average=average),
            "precision_score": sk.precision_score(y, predicted, average=average),
            "recall_score": sk.recall_score(y, predicted, average=average),
            "AUC": sk.roc_auc_score(one_hot, proba, average=average),
            "average_precision_score": sk.average_precision_score(one_hot, proba, average=average),
        }
        for name, value in expected.items():
            assert got[f"{name}_{average}"] == pytest.approx(value), name
    size = np.bincount(y)[y]
    assert got["accuracy"] == sk.accuracy_score(y, predicted)
    assert got["weighted_accuracy"] == pytest.approx(
        sk.accuracy_score(y, predicted, sample_weight=size)
    )
    assert got["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(y, predicted))
    assert got["matthews_correlation"] == pytest.approx(sk.matthews_corrcoef(y, predicted))
    assert got["log_loss"] == pytest.approx(sk.log_loss(y, proba))
    assert got["norm_macro_recall"] == pytest.approx(
        (got["recall_score_macro"] - 1 / k) / (1 - 1 / k)
    )


@pytest.mark.parametrize("positive", [0, 1])
def test_binary_metrics_are_those_of_the_positive_class(positive):
    y, proba = classified(2)
    got = all_metrics("classification", y, proba, positive)
    for name, documented in (
        ("roc_auc", "AUC_binary"),
        ("f1", "f1_score_binary"),
        ("precision", "precision_score_binary"),
        ("recall", "recall_score_binary"),
        ("average_precision", "average_precision_score_binary"),
    ):
        primary = metric(name, "classification", 2).score(y, proba, positive)
        assert got[documented] == pytest.approx(primary, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_the_metrics_that_rank_trials_also_when_classes_are_absent(seed):
    rng = np.random.default_rng(seed)
    y, proba = rng.choice([1, 2, 4], 25), rng.dirichlet(np.ones(6), 25).round(1)
    got = all_metrics("classification", y, proba + 0.01)
    for name, documented in (
        ("roc_auc", "AUC_weighted"),
        ("log_loss", "log_loss"),
        ("accuracy", "accuracy"),
        ("balanced_accuracy", "balanced_accuracy"),
        ("f1_macro", "f1_score_macro"),
        ("f1_micro", "f1_score_micro"),
        ("f1_weighted", "f1_score_weighted"),
        ("precision", "precision_score_macro"),
        ("recall", "recall_score_macro"),
        ("average_precision", "average_precision_score_macro"),
        ("norm_macro_recall", "norm_macro_recall"),
        ("matthews_correlation", "matthews_correlation"),
        ("average_precision_score_weighted", "average_precision_score_weighted"),
        ("precision_score_weighted", "precision_score_weighted"),
    ):
        primary = metric(name, "classification", 6).score(y, proba + 0.01)
        assert got[documented] == pytest.approx(primary, abs=1e-12), name


def test_undefined_metrics_are_left_out():
    y, proba = np.zeros(4, dtype=int), np.tile([0.7, 0.3], (4, 1))
    got = all_metrics("classification", y, proba, 1)
    assert "AUC_binary" not in got
    assert "AUC_macro" not in got
    assert got["accuracy"] == 1.0
    regression = all_metrics("regression", np.array([-1.0]), np.array([1.0]))
    assert "r2_score" not in regression
    assert "root_mean_squared_log_error" not in regression
    assert "normalized_mean_absolute_error" not in regression
    assert regression["mean_absolute_error"] == 2.0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_predictions_that_are_not_finite_have_no_metrics(bad):
    assert all_metrics("regression", np.ones(2), np.array([1.0, bad])) == {}
    assert all_metrics("classification", np.array([0]), np.array([[bad, 1.0]]), 1) == {}


def test_no_rows_have_no_metrics():
    assert all_metrics("regression", np.empty(0), np.empty(0)) == {}


def test_normalised_errors_divide_by_the_given_range():
    y, prediction = np.array([1.0, 2.0]), np.array([2.0, 4.0])
    got = all_metrics("regression", y, prediction, y_range=10.0)
    assert got["normalized_mean_absolute_error"] == pytest.approx(0.15)
    assert got["normalized_median_absolute_error"] == pytest.approx(0.15)
    assert got["normalized_root_mean_squared_error"] == pytest.approx(np.sqrt(2.5) / 10)
    assert got["r2_score"] == -1.0


def test_many_classes_take_well_under_a_second():
    y, proba = classified(50, n=5000)
    start = time.perf_counter()
    all_metrics("classification", y, proba)
    assert time.perf_counter() - start < 1.0
