"""scikit-learn's own checks of an estimator, each a test."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from trialbook.compat.sklearn import TrialbookClassifier, TrialbookRegressor

# The smallest search that there is: the checks fit about 130 estimators.
SMALL = {"max_trials": 1, "folds": 2, "allow": "decision_tree", "ensembles": False}
EXCEPTIONS = {
    "check_sample_weight_equivalence_on_dense_data": (
        "a row of weight 2 is on one side of a split, and two rows may be on both"
    )
}


@pytest.mark.slow
@parametrize_with_checks(
    [TrialbookClassifier(**SMALL), TrialbookRegressor(**SMALL)],
    expected_failed_checks=lambda estimator: EXCEPTIONS,
)
def test_the_estimators_keep_to_the_conventions_of_scikit_learn(estimator, check):
    check(estimator)
