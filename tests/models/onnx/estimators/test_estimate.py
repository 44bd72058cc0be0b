"""Learners alone, on features that are numbers: whatever they and their options do, graphs do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catboost import CatBoostClassifier, CatBoostRegressor, Pool
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import (
    ElasticNet,
    LassoLars,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits
from xgboost import XGBClassifier, XGBRegressor

from trialbook.errors import ExportError

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

from trialbook.models.onnx.estimators import estimate  # noqa: E402
from trialbook.models.onnx.graph import Graph  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost tiny models more than they give."""
    with threadpool_limits(1):
        yield


DOUBLE = onnx.TensorProto.DOUBLE
N_ROWS, N_LEVELS, MANY_LEVELS = 400, 8, 90
# Single precision, in which forests and XGBoost sum, has seven digits.
SINGLE, EXACT = 2e-6, 1e-9


def rows(*, missing: bool = False, n_levels: int = N_LEVELS) -> np.ndarray:
    """A column of codes and three of numbers, two of them in single precision's doubt."""
    rng = np.random.default_rng(3)
    X = np.column_stack(
        [
            rng.integers(0, n_levels, N_ROWS),
            rng.normal(size=N_ROWS),
            np.round(rng.uniform(size=N_ROWS), 1),
            rng.integers(0, 30, N_ROWS) / 7,
        ]
    )
    if missing:
        X[rng.random(X.shape) < 0.1] = np.nan
    return X


def target(X: np.ndarray, n_classes: int) -> np.ndarray:
    X = np.nan_to_num(X, nan=-1)
    signal = X[:, 1] + 2 * X[:, 2] + (X[:, 0] % 3) + np.sin(5 * X[:, 3])
    return pd.qcut(signal, n_classes, labels=False) if n_classes else 100 + 10 * signal


def answer(estimator: Any, X: np.ndarray, n_levels: int = 0) -> np.ndarray:
    """What the graph of an estimator makes of some rows."""
    graph = Graph()
    x = graph.input("x", DOUBLE, [None, X.shape[1]])
    outputs = estimate(graph, estimator, x, n_levels=n_levels)
    tensor = outputs.probabilities or outputs.values
    assert tensor is not None
    graph.output("y", tensor, DOUBLE, [None, None] if outputs.probabilities else [None])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.build().SerializeToString(), options)
    return session.run(None, {"x": X})[0]


def expected(estimator: Any, X: Any) -> np.ndarray:
    return (getattr(estimator, "predict_proba", None) or estimator.predict)(X)


def check(estimator: Any, X: np.ndarray, tolerance: float, n_levels: int = 0) -> None:
    wanted = expected(estimator, X)
    given = answer(estimator, X, n_levels)
    assert given.shape == wanted.shape
    np.testing.assert_allclose(given, wanted, atol=tolerance, rtol=tolerance)


def calibrated(estimator: Any, **options: Any) -> Any:
    return CalibratedClassifierCV(estimator, cv=3, **{"ensemble": False, **options})


CLASSIFIERS: dict[str, tuple[Callable[[], Any], float]] = {
    "bernoulli": (BernoulliNB, EXACT),
    "bernoulli-without-threshold": (lambda: BernoulliNB(binarize=1.0, fit_prior=False), EXACT),
    "decision-tree": (lambda: DecisionTreeClassifier(max_depth=6), SINGLE),
    "decision-tree-of-one-leaf": (lambda: DecisionTreeClassifier(min_samples_leaf=300), SINGLE),
    "extra-trees": (lambda: ExtraTreesClassifier(20, random_state=0), SINGLE),
    "forest": (lambda: RandomForestClassifier(20, min_samples_leaf=2, random_state=0), SINGLE),
    "gaussian": (GaussianNB, EXACT),
    "hist-gradient-boosting": (lambda: HistGradientBoostingClassifier(max_iter=20), EXACT),
    "knn": (lambda: KNeighborsClassifier(7, weights="distance", p=1), EXACT),
    "knn-uniform": (lambda: KNeighborsClassifier(7, p=2), EXACT),
    "lightgbm": (lambda: LGBMClassifier(n_jobs=1, n_estimators=20, verbose=-1), EXACT),
    "linear-svm": (lambda: calibrated(LinearSVC()), EXACT),
    "logistic": (lambda: LogisticRegression(max_iter=500), EXACT),
    "logistic-isotonic": (lambda: calibrated(LogisticRegression(), method="isotonic"), EXACT),
    "forest-calibrated-thrice": (
        lambda: calibrated(RandomForestClassifier(5, random_state=0), ensemble=True),
        1e-5,
    ),
    "mlp": (lambda: MLPClassifier(hidden_layer_sizes=(9, 7), max_iter=20, random_state=0), EXACT),
    "mlp-tanh": (lambda: MLPClassifier(activation="tanh", max_iter=9, random_state=0), EXACT),
    "multinomial": (MultinomialNB, EXACT),
    "sgd": (lambda: SGDClassifier(loss="log_loss", random_state=0), EXACT),
    "sgd-huber": (lambda: SGDClassifier(loss="modified_huber", random_state=0), EXACT),
    "svm": (lambda: calibrated(SVC()), EXACT),
    "svm-linear": (lambda: calibrated(SVC(kernel="linear", C=0.1)), EXACT),
    "xgboost": (lambda: XGBClassifier(n_jobs=1, n_estimators=20), SINGLE),
}
REGRESSORS: dict[str, tuple[Callable[[], Any], float]] = {
    "decision-tree": (lambda: DecisionTreeRegressor(max_depth=7), SINGLE),
    "elastic-net": (lambda: ElasticNet(0.01), EXACT),
    "extra-trees": (lambda: ExtraTreesRegressor(20, random_state=0), SINGLE),
    "forest": (lambda: RandomForestRegressor(20, random_state=0), SINGLE),
    "hist-gradient-boosting": (lambda: HistGradientBoostingRegressor(max_iter=20), EXACT),
    "hist-gradient-boosting-poisson": (
        lambda: HistGradientBoostingRegressor(loss="poisson", max_iter=20),
        EXACT,
    ),
    "knn": (lambda: KNeighborsRegressor(7, weights="distance", p=2), EXACT),
    "lasso-lars": (lambda: LassoLars(0.01, random_state=0), EXACT),
    "lightgbm": (lambda: LGBMRegressor(n_jobs=1, n_estimators=20, verbose=-1), EXACT),
    "lightgbm-tweedie": (
        lambda: LGBMRegressor(objective="tweedie", n_estimators=20, verbose=-1),
        EXACT,
    ),
    "lightgbm-forest": (
        lambda: LGBMRegressor(
            boosting_type="rf", subsample=0.6, subsample_freq=1, n_estimators=9, verbose=-1
        ),
        EXACT,
    ),
    "linear-svm-of-a-scaled-target": (
        lambda: TransformedTargetRegressor(LinearSVR(), transformer=StandardScaler()),
        EXACT,
    ),
    "mlp": (lambda: MLPRegressor(hidden_layer_sizes=(9,), max_iter=20, random_state=0), EXACT),
    "ridge": (Ridge, EXACT),
    "sgd": (lambda: SGDRegressor(random_state=0), EXACT),
    "svm": (SVR, EXACT),
    "xgboost": (lambda: XGBRegressor(n_jobs=1, n_estimators=20), SINGLE),
    "xgboost-gamma": (lambda: XGBRegressor(objective="reg:gamma", n_estimators=20), 1e-5),
}
# What knows missing values by itself.
KNOW_MISSING = ("extra-trees", "forest", "decision-tree", "lightgbm", "hist-", "xgboost")


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_gives_the_same_probabilities(name: str, n_classes: int) -> None:
    make, tolerance = CLASSIFIERS[name]
    missing = name.startswith(KNOW_MISSING) and "calibrated" not in name
    X = rows(missing=missing)
    X = np.abs(X) if name == "multinomial" else X
    y = target(X, n_classes)
    model = make().fit(X[:300], y[:300])
    check(model, X, tolerance)


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_regressor_gives_the_same_numbers(name: str) -> None:
    make, tolerance = REGRESSORS[name]
    X = rows(missing=name.startswith(KNOW_MISSING))
    y = target(X, 0)
    check(make().fit(X[:300], y[:300]), X, tolerance)


@pytest.mark.parametrize("n_levels", [N_LEVELS, MANY_LEVELS])
@pytest.mark.parametrize("n_classes", [0, 2, 3])
@pytest.mark.parametrize("missing", [False, True], ids=["complete", "missing"])
def test_native_categories_go_where_the_library_sends_them(
    n_levels: int, n_classes: int, missing: bool
) -> None:
    X = rows(missing=missing, n_levels=n_levels)
    y = target(X, n_classes)
    some = X[:, 0] < n_levels // 2  # further codes are new to the models
    some |= np.isnan(X[:, 0])
    kinds = ["c", "q", "q", "q"]
    one = {"n_estimators": 15, "n_jobs": 1}
    xgb = XGBClassifier if n_classes else XGBRegressor
    lgb = LGBMClassifier if n_classes else LGBMRegressor
    hist = HistGradientBoostingClassifier if n_classes else HistGradientBoostingRegressor
    grown = {
        "xgboost": xgb(
            **one, enable_categorical=True, feature_types=kinds, max_cat_to_onehot=4
        ).fit(X[some], y[some]),
        "lightgbm": lgb(**one, min_child_samples=5, min_data_per_group=5, verbose=-1).fit(
            X[some], y[some], categorical_feature=[0]
        ),
        "hist": hist(max_iter=15, categorical_features=[0]).fit(X[some], y[some]),
    }
    strange = np.array([[np.nan, np.nan, np.nan, np.nan], [n_levels + 5, 0.0, 0.0, -0.0]])
    tried = np.concatenate([X, strange])
    for name, model in grown.items():
        check(model, tried, SINGLE if name == "xgboost" else EXACT)


@pytest.mark.parametrize("n_classes", [0, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {"one_hot_max_size": 2},
        {"one_hot_max_size": 15, "nan_mode": "Max"},
        {"max_ctr_complexity": 1},
    ],
    ids=["statistics", "one-hot", "simple"],
)
def test_catboost_counts_categories_as_it_does_itself(
    n_classes: int, options: dict[str, Any]
) -> None:
    X = pd.DataFrame(rows(missing=True))
    X[4] = np.arange(N_ROWS) % 3 - 1
    X[0] = X[0].fillna(-2).astype(int)
    X[4] = X[4].astype(int)
    y = target(X.to_numpy(), n_classes)
    kind = CatBoostClassifier if n_classes else CatBoostRegressor
    fixed = {
        "iterations": 40,
        "boosting_type": "Plain",
        "depth": 4,
        "verbose": False,
        "thread_count": 1,
    }
    model = kind(**fixed, **options, allow_writing_files=False)
    seen = X[0] < N_LEVELS - 2
    model.fit(Pool(X[seen], y[seen], cat_features=[0, 4]))
    given = answer(model, X.to_numpy(float), N_LEVELS)
    np.testing.assert_allclose(given, expected(model, X), atol=EXACT)


def test_catboost_without_categories_needs_to_know_none() -> None:
    X = rows(missing=True)
    model = CatBoostRegressor(iterations=20, verbose=False, allow_writing_files=False)
    check(model.fit(X, target(X, 0)), X, EXACT)


def test_boosting_that_stopped_early_uses_the_best_rounds() -> None:
    X = rows()
    y = np.random.default_rng(0).integers(0, 2, N_ROWS)  # noise: more rounds only harm
    import lightgbm

    stopped = [
        LGBMClassifier(n_jobs=1, n_estimators=60, verbose=-1).fit(
            X[:200],
            y[:200],
            eval_set=[(X[200:], y[200:])],
            callbacks=[lightgbm.early_stopping(5, verbose=False)],
        ),
        XGBClassifier(n_jobs=1, n_estimators=60, early_stopping_rounds=5).fit(
            X[:200], y[:200], eval_set=[(X[200:], y[200:])], verbose=False
        ),
    ]
    for model in stopped:
        check(model, X, SINGLE)


@pytest.mark.parametrize(
    "make",
    [
        GaussianProcessRegressor,
        lambda: LGBMRegressor(n_jobs=1, n_estimators=3, linear_tree=True, verbose=-1),
        lambda: XGBRegressor(n_jobs=1, n_estimators=3, booster="dart"),
        lambda: KNeighborsRegressor(metric="cosine"),
        lambda: SVR(kernel="sigmoid"),
        lambda: TransformedTargetRegressor(
            Ridge(), transformer=FunctionTransformer(np.log1p, inverse_func=np.expm1)
        ),
    ],
    ids=["unknown", "linear-trees", "dart", "cosine", "kernel", "target"],
)
def test_what_has_no_form_is_refused_by_name(make: Callable[[], Any]) -> None:
    X = rows()
    with pytest.raises(ExportError, match="no ONNX form"):
        answer(make().fit(X, target(X, 0)), X)
