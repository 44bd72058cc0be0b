"""Which ensembles have their probabilities adjusted, and how."""

from __future__ import annotations

import numpy as np
import pytest

from trialbook.ensemble import adjustment
from trialbook.ensemble._calibration import OF_ACCURACY, OF_CERTAINTY, ONE_SIDED
from trialbook.evaluation import METRICS, metric

MANY = 10_000


def adjusted(name, n_rows=MANY, n_classes=2, *, calibrate=True, tune_threshold=True):
    task = "classification" if n_classes else "regression"
    found = metric(name, task, n_classes)
    y = np.arange(n_rows) % n_classes if n_classes else np.zeros(n_rows)
    return adjustment(found, y, n_classes, calibrate=calibrate, tune_threshold=tune_threshold)


@pytest.mark.parametrize("name", ["log_loss", "brier"])
def test_metrics_of_certainty_ask_for_calibration(name):
    assert adjusted(name) == "temperature"
    assert adjusted(name, n_classes=3) == "temperature_or_isotonic"


def test_curves_need_more_rows_of_each_class_than_a_temperature():
    assert adjusted("log_loss", 2500, 10) == "temperature_or_isotonic"
    assert adjusted("log_loss", 2499, 10) == "temperature"


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", ["f1", "f1_macro", "balanced_accuracy", "mcc", "accuracy"])
def test_metrics_of_labels_ask_for_class_weights(name, n_classes):
    assert adjusted(name, n_classes=n_classes) == "class_weights"


@pytest.mark.parametrize("name", ["roc_auc", "average_precision", "precision", "recall"])
def test_ranks_and_one_sided_metrics_ask_for_nothing(name):
    assert adjusted(name) is None


def test_numbers_have_no_probabilities():
    assert adjusted("rmse", n_classes=0) is None


@pytest.mark.parametrize(
    ("name", "n_classes", "least"),
    [
        ("log_loss", 2, 3000),
        ("log_loss", 3, 500),
        ("f1", 2, 50),
        ("balanced_accuracy", 5, 50),
        ("accuracy", 2, 10_000),
        ("f1_micro", 3, 10_000),
    ],
)
def test_it_takes_enough_rows_to_tell(name, n_classes, least):
    assert adjusted(name, least, n_classes)
    assert adjusted(name, least - 1, n_classes) is None


def test_no_class_is_weighted_by_the_luck_of_a_few_rows():
    rare = metric("balanced_accuracy", "classification", 3)
    options = {"calibrate": True, "tune_threshold": True}
    assert adjustment(rare, np.repeat([0, 1, 2], [500, 500, 9]), 3, **options) is None
    assert adjustment(rare, np.repeat([0, 1, 2], [500, 500, 10]), 3, **options)


def test_each_kind_can_be_forbidden():
    assert adjusted("log_loss", calibrate=False) is None
    assert adjusted("log_loss", tune_threshold=False) == "temperature"
    assert adjusted("f1", tune_threshold=False) is None
    assert adjusted("f1", calibrate=False) == "class_weights"


def test_every_metric_that_the_rules_name_exists():
    known = {m.name for m in METRICS}
    assert known >= OF_CERTAINTY | OF_ACCURACY | ONE_SIDED
