"""What linear models share: their features, and a target on the usual scale."""

from __future__ import annotations

from dataclasses import replace

from trialbook.program import Code, Preprocessing, call
from trialbook.tasks import Table

# Every level a column, dates on circles, text as words: what a weighted sum can use. Mostly
# zeros, so it stays sparse.
FEATURES = Preprocessing(
    numeric="standard", categorical="one_hot", datetime="cyclic", text="ngrams", dense=False
)
# The same without outliers, whose gradients would throw steps off course.
SQUASHED_FEATURES = replace(FEATURES, numeric="squash")
# The same in few dense columns, for learners that measure distances or multiply matrices.
DENSE_FEATURES = Preprocessing(
    numeric="squash", categorical="one_hot", datetime="cyclic", text="topics"
)

# Folds in which a classifier without probabilities is calibrated; every class must be in each.
CALIBRATION_FOLDS = 3
CALIBRATION_IMPORTS = ("from sklearn.calibration import CalibratedClassifierCV",)

SCALED_TARGET_IMPORTS = (
    "from sklearn.compose import TransformedTargetRegressor",
    "from sklearn.preprocessing import StandardScaler",
)
# Words that a text column becomes as n-grams, beside the topics that `Table.n_features` counts.
NGRAMS_PER_ROW = 30


def scaled_target(regressor: Code) -> Code:
    """A regressor whose target has mean 0 and deviation 1, so that its penalties mean the same.

    Parameters
    ----------
    regressor : Code
        Expression of the regressor.

    Returns
    -------
    Code
        Expression that needs `SCALED_TARGET_IMPORTS`.
    """
    scaler = call("StandardScaler")
    return call("TransformedTargetRegressor", regressor=regressor, transformer=scaler)


def calibrated(classifier: Code) -> Code:
    """A classifier with probabilities, from one that only has a decision function.

    Parameters
    ----------
    classifier : Code
        Expression of the classifier.

    Returns
    -------
    Code
        Expression that needs `CALIBRATION_IMPORTS`. One classifier is fitted on all rows; folds
        only serve to learn what its decision function means (Platt 1999).
    """
    return call(
        "CalibratedClassifierCV", estimator=classifier, cv=CALIBRATION_FOLDS, ensemble=False
    )


def can_calibrate(table: Table) -> bool:
    """Whether every class has a row in every fold of a calibration."""
    return not table.is_classification or table.smallest_class >= CALIBRATION_FOLDS


def million_entries(table: Table) -> float:
    """Entries that are not zero in the encoded training part of a fold, in millions."""
    return table.million_cells + NGRAMS_PER_ROW * len(table.columns.text) * table.n_rows / 1e6
