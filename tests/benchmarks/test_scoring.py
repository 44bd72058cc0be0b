"""Scores are computed from predictions, in one way for all."""

import numpy as np
import pytest

from benchmarks.scoring import UNKNOWN_CLASS, PredictionError, probabilities, score

SURE = np.array([[1.0, 0.0], [0.0, 1.0]])


def test_a_perfect_order_is_an_area_of_one():
    raw = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    assert score("roc_auc", np.array([0, 1, 0]), raw, 2) == 1


def test_the_order_counts_where_probabilities_are_too_small_to_tell_apart():
    raw = np.array([[1.0, 1e-20], [1.0, 1e-18]])
    assert score("roc_auc", np.array([0, 1]), raw, 2) == 1


def test_losses_are_negative():
    half = np.full((4, 2), 0.5)
    assert score("log_loss", np.array([0, 1, 1, 0]), half, 2) == pytest.approx(-np.log(2))
    assert score("rmse", np.array([1.0, 3.0]), np.array([[2.0], [2.0]]), 0) == -1


def test_the_label_is_the_most_probable_class():
    y = np.array([0, 0, 0, 1])
    raw = np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7], [0.2, 0.8]])
    assert score("accuracy", y, raw, 2) == 0.75
    assert score("balanced_accuracy", y, raw, 2) == pytest.approx((2 / 3 + 1) / 2)
    known = score("balanced_accuracy", np.append(y, UNKNOWN_CLASS), np.vstack([raw, raw[:1]]), 2)
    assert known == pytest.approx((2 / 3 + 1) / 2)


def test_a_wrong_certainty_is_dear_but_finite():
    assert -40 < score("log_loss", np.array([1, 0]), SURE, 2) < -30


def test_probabilities_are_made_to_sum_to_one():
    made = probabilities(np.array([[0.2, 0.2], [3.0, 1.0]]), 2, 2)
    assert made.sum(axis=1) == pytest.approx(1)
    assert made[0] == pytest.approx([0.5, 0.5])


def test_a_class_without_training_rows_costs_something():
    y = np.array([0, 1, UNKNOWN_CLASS])
    raw = np.vstack([SURE, [0.5, 0.5]])
    assert score("log_loss", y, raw, 2) < -10


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (np.array([[0.5, np.nan], [0.5, 0.5]]), "1 predictions are missing"),
        (np.array([[0.5, 0.5]]), "shape"),
        (np.array([[0.0, 0.0], [0.5, 0.5]]), "no probability above zero"),
    ],
)
def test_predictions_that_cannot_be_scored_are_refused(raw, said):
    with pytest.raises(PredictionError, match=said):
        score("log_loss", np.array([0, 1]), raw, 2)
