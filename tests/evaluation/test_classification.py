import numpy as np
import pytest
from sklearn import metrics as sk

from trialbook.evaluation import _classification as c


@pytest.fixture
def binary():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 300)
    p = np.clip(0.3 * y + 0.7 * rng.random(300), 0, 1).round(2)
    return y, np.column_stack([1 - p, p])


@pytest.fixture
def multiclass():
    rng = np.random.default_rng(2)
    y = rng.choice(4, 300, p=[0.5, 0.3, 0.15, 0.05])
    proba = rng.dirichlet(np.ones(4), 300) + 0.4 * np.eye(4)[y]
    proba = (proba / proba.sum(axis=1, keepdims=True)).round(2)
    return y, proba / proba.sum(axis=1, keepdims=True)


def test_binary_metrics_agree_with_scikit_learn_for_either_positive_class(binary):
    y, proba = binary
    predicted = proba.argmax(axis=1)
    for positive in (0, 1):
        truth, score = y == positive, proba[:, positive]
        labelled = {"pos_label": positive}
        expected = sk.roc_auc_score(truth, score)
        assert c.roc_auc(y, proba, positive) == pytest.approx(expected, rel=1e-12)
        assert c.average_precision(y, proba, positive) == sk.average_precision_score(truth, score)
        assert c.f1(y, proba, positive) == sk.f1_score(y, predicted, **labelled)
        assert c.precision(y, proba, positive) == sk.precision_score(y, predicted, **labelled)
        assert c.recall(y, proba, positive) == sk.recall_score(y, predicted, **labelled)
        assert c.brier(y, proba, positive) == pytest.approx(sk.brier_score_loss(truth, score))


def test_multiclass_metrics_agree_with_scikit_learn(multiclass):
    y, proba = multiclass
    predicted = proba.argmax(axis=1)
    one_hot = np.eye(4)[y]
    weighted = sk.roc_auc_score(y, proba, multi_class="ovr", average="weighted")
    assert c.roc_auc_ovr_weighted(y, proba) == pytest.approx(weighted)
    assert c.log_loss(y, proba) == pytest.approx(sk.log_loss(y, proba, labels=range(4)))
    assert c.accuracy(y, proba) == sk.accuracy_score(y, predicted)
    assert c.balanced_accuracy(y, proba) == sk.balanced_accuracy_score(y, predicted)
    assert c.norm_macro_recall(y, proba) == pytest.approx(
        sk.balanced_accuracy_score(y, predicted, adjusted=True)
    )
    assert c.matthews_correlation(y, proba) == sk.matthews_corrcoef(y, predicted)
    for average, function in (("macro", c.f1_macro), ("micro", c.f1_micro)):
        assert function(y, proba) == sk.f1_score(y, predicted, average=average)
    for average, function in (
        ("macro", c.average_precision_macro),
        ("weighted", c.average_precision_weighted),
    ):
        expected = sk.average_precision_score(one_hot, proba, average=average)
        assert function(y, proba) == pytest.approx(expected)
    assert c.precision_weighted(y, proba) == sk.precision_score(y, predicted, average="weighted")
    assert c.brier_multiclass(y, proba) == pytest.approx(((proba - one_hot) ** 2).sum(1).mean())


def test_log_loss_survives_zero_and_unnormalised_probabilities():
    y = np.array([0, 1])
    assert np.isfinite(c.log_loss(y, np.array([[0.0, 1.0], [0.0, 1.0]])))
    doubled = np.array([[1.0, 1.0], [0.5, 1.5]])
    assert c.log_loss(y, doubled) == pytest.approx(-np.log([0.5, 0.75]).mean())
    single = np.array([[0, 1], [1, 0]], dtype=np.float32)
    assert c.log_loss(y, single) == pytest.approx(-np.log(1e-15), rel=1e-3)


def test_area_under_the_curve_skips_classes_that_do_not_occur():
    y = np.array([0, 0, 2, 2])
    proba = np.array([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [0.1, 0.1, 0.8], [0.7, 0.0, 0.3]])
    # Class 0 ranks 3 of its 4 pairs rightly, class 2 all four; class 1 never occurs.
    assert c.roc_auc_ovr_weighted(y, proba) == pytest.approx((0.75 + 1.0) / 2)


def test_metrics_of_pairs_are_undefined_for_rows_of_one_class():
    y = np.zeros(3, dtype=int)
    proba = np.tile([0.6, 0.4], (3, 1))
    assert np.isnan(c.roc_auc(y, proba, 1))
    assert np.isnan(c.roc_auc_ovr_weighted(y, proba))
    assert np.isnan(c.average_precision(y, proba, 1))


def test_norm_macro_recall_of_guessing_is_zero():
    y = np.array([0, 1, 2, 3])
    proba = np.tile([0.4, 0.2, 0.2, 0.2], (4, 1))
    assert c.norm_macro_recall(y, proba) == pytest.approx(0.0)
