"""What learners tell of the rounds of their models."""

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

from trialbook.learners import find

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = (X[:, 0] + 0.5 * RNG.normal(size=120) > 0).astype(int)


def lightgbm():
    import lightgbm as lgb

    model = lgb.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1)
    return model.fit(X, Y, eval_X=X[:60], eval_y=Y[:60])


def xgboost():
    import xgboost as xgb

    model = xgb.XGBClassifier(n_estimators=5, n_jobs=1)
    return model.fit(X, Y, eval_set=[(X[:60], Y[:60])], verbose=False)


def catboost():
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(iterations=5, verbose=False, allow_writing_files=False)
    return model.fit(X, Y, eval_set=(X[:60], Y[:60]))


@pytest.mark.parametrize(
    ("key", "make", "sets"),
    [
        ("lightgbm", lightgbm, {"validation"}),
        ("xgboost", xgboost, {"validation"}),
        ("catboost", catboost, {"training", "validation"}),
    ],
)
def test_boosting_tells_the_loss_of_every_round(key, make, sets):
    found = find(key).history(make())
    assert "logloss" in found.measure.lower()
    for name in ("training", "validation"):
        losses = getattr(found, name)
        assert len(losses) == (5 if name in sets else 0)
        assert list(losses) == sorted(losses, reverse=True)


def test_scikit_learns_boosting_tells_losses_if_it_stops_early():
    model = HistGradientBoostingClassifier(max_iter=4, early_stopping=True, n_iter_no_change=9)
    found = find("hist_gradient_boosting").history(model.fit(X, Y))
    assert len(found.training) == len(found.validation) == 5  # before the first round, too
    assert found.training[0] > found.training[-1] > 0
    fixed = HistGradientBoostingClassifier(max_iter=4, early_stopping=False).fit(X, Y)
    assert find("hist_gradient_boosting").history(fixed) is None


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_networks_tell_their_loss():
    for model in (
        MLPClassifier(hidden_layer_sizes=(4,), max_iter=6),
        TransformedTargetRegressor(MLPRegressor(hidden_layer_sizes=(4,), max_iter=6)),
    ):
        found = find("mlp").history(model.fit(X, Y))
        assert len(found.training) == 6 and not found.validation


def test_what_has_no_rounds_tells_nothing():
    model = LogisticRegression().fit(X, Y)
    assert find("logistic_regression").history(model) is None
