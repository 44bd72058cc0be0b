import inspect

import numpy as np
import pytest

from trialbook.errors import OptionError
from trialbook.evaluation import METRICS, default_metric, error, metric, metric_names, tasks_of

CASES = [pytest.param(m, id=f"{m.tasks[0]}-{m.name}-{m.classes}") for m in METRICS]


def arguments(m, y, prediction, positive):
    """What the function of a metric is called with."""
    if "forecasting" in m.tasks:
        return y[:, 0], prediction, y[:, 1:]
    return (y, prediction) if "regression" in m.tasks else (y, prediction, positive)


def perfect_prediction(m, y):
    """What a model that knows the truth would say."""
    if "forecasting" in m.tasks:
        return np.repeat(y[:, :1], 10, axis=1)
    return y if "regression" in m.tasks else np.eye(4 if m.classes != "binary" else 2)[y]


def sample(m, rng, n=200):
    """Random truth, prediction and positive class that suit a metric."""
    if "regression" in m.tasks:
        y = rng.gamma(2.0, size=n)
        return y, y + rng.normal(size=n), None
    if "forecasting" in m.tasks:
        series = np.arange(n) % 4
        y = np.column_stack([rng.gamma(2.0, size=n), 0.5 + series, 2.0 + series, series])
        told = np.sort(y[:, :1] + rng.normal(size=(n, 9)), axis=1)
        return y, np.column_stack([told[:, 4], told]), None
    k = 2 if m.classes == "binary" else 4
    return rng.integers(0, k, n), rng.dirichlet(np.ones(k), n), (1 if k == 2 else None)


@pytest.mark.parametrize("m", CASES)
def test_source_of_a_metric_works_alone_with_its_declared_imports(m):
    namespace = {}
    source = "\n".join(m.imports) + "\n\n\n" + inspect.getsource(m.function)
    exec(source, namespace)
    alone = namespace[m.function.__name__]
    for seed in range(3):
        y, prediction, positive = sample(m, np.random.default_rng(seed))
        given = arguments(m, y, prediction, positive)
        assert alone(*given) == m.function(*given) == m.score(y, prediction, positive)


@pytest.mark.parametrize("m", CASES)
def test_metric_declares_only_imports_that_its_source_uses(m):
    source = inspect.getsource(m.function)
    for line in m.imports[1:]:
        assert line.split(" import ")[1] in source
    assert len(source.splitlines()) <= 15


@pytest.mark.parametrize("m", CASES)
def test_perfect_prediction_gets_the_best_score(m):
    y, _, positive = sample(m, np.random.default_rng(0))
    perfect = perfect_prediction(m, y)
    assert m.score(y, perfect, positive) == pytest.approx(m.best, abs=1e-9)
    assert error(m, m.score(y, perfect, positive)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("m", CASES)
def test_metric_leaves_its_inputs_as_they_were(m):
    y, prediction, positive = sample(m, np.random.default_rng(0))
    before = y.copy(), prediction.copy()
    m.score(y, prediction, positive)
    np.testing.assert_array_equal(y, before[0])
    np.testing.assert_array_equal(prediction, before[1])


@pytest.mark.parametrize("m", [c for c in CASES if "classification" in c.values[0].tasks])
def test_classification_metric_tolerates_absent_classes_and_a_single_class(m):
    rng = np.random.default_rng(0)
    k = 2 if m.classes == "binary" else 5
    positive = 1 if k == 2 else None
    proba = rng.dirichlet(np.ones(k), 30)
    scores = [m.score(np.full(30, code), proba, positive) for code in range(k)]
    assert all(isinstance(score, float) for score in scores)
    if k == 5:
        assert np.isfinite(m.score(rng.choice([1, 3], 30), proba, positive))


def test_label_based_metrics_depend_on_the_most_probable_class_alone():
    rng = np.random.default_rng(0)
    for m in METRICS:
        if "classification" in m.tasks:
            y, proba, positive = sample(m, rng)
            hard = np.eye(proba.shape[1])[proba.argmax(axis=1)]
            same = m.score(y, hard, positive) == pytest.approx(m.score(y, proba, positive))
            assert same == m.label_based, m.name


@pytest.mark.parametrize(
    ("spelling", "task", "n_classes", "name"),
    [
        ("AUC_weighted", "classification", 2, "roc_auc"),
        ("AucWeighted", "classification", 3, "roc_auc"),
        ("auc", "classification", 2, "roc_auc"),
        ("rocAuc", "classification", 2, "roc_auc"),
        ("Accuracy", "classification", 9, "accuracy"),
        ("NormMacroRecall", "classification", 2, "norm_macro_recall"),
        ("AveragePrecisionScoreWeighted", "classification", 3, "average_precision_score_weighted"),
        ("precision_score_weighted", "classification", 2, "precision_score_weighted"),
        ("F1", "classification", 2, "f1"),
        ("f1-macro", "classification", 2, "f1_macro"),
        ("LOG_LOSS", "classification", 3, "log_loss"),
        ("logloss", "classification", 3, "log_loss"),
        ("mcc", "classification", 3, "matthews_correlation"),
        (
            "NormalizedRootMeanSquaredError",
            "regression",
            None,
            "normalized_root_mean_squared_error",
        ),
        ("R2Score", "regression", None, "r2"),
        ("r2", "regression", None, "r2"),
        ("SpearmanCorrelation", "regression", None, "spearman_correlation"),
        ("nmae", "regression", None, "normalized_mean_absolute_error"),
        ("RMSE", "regression", None, "rmse"),
        ("root_mean_squared_error", "regression", None, "rmse"),
        ("mean squared error", "regression", None, "mse"),
    ],
)
def test_metric_is_found_by_any_spelling(spelling, task, n_classes, name):
    found = metric(spelling, task, n_classes)
    assert found.name == name
    assert task in found.tasks


@pytest.mark.parametrize("n_classes", [2, 3])
def test_names_and_aliases_are_unambiguous(n_classes):
    for task in ("classification", "regression"):
        names = metric_names(task, n_classes)
        assert len(set(names)) == len(names)
        for name in names:
            assert metric(name, task, n_classes).name == name
        owners = {}
        for m in METRICS:
            excluded = "multiclass" if n_classes == 2 else "binary"
            if task in m.tasks and m.classes != excluded:
                for spelling in (m.name, *m.aliases):
                    folded = spelling.replace("_", "").lower()
                    assert owners.setdefault(folded, m.name) == m.name


def test_same_name_means_the_positive_class_or_all_classes():
    assert metric("f1", "classification", 2).binary_only
    assert not metric("f1", "classification", 3).binary_only
    assert metric("f1", "classification", 3).function.__name__ == "f1_macro"


def test_defaults():
    assert default_metric("classification", 2).name == "roc_auc"
    assert default_metric("classification", 3).name == "log_loss"
    assert default_metric("regression").name == "rmse"


def test_unknown_metric_suggests_the_nearest():
    with pytest.raises(OptionError, match=r"unknown metric 'roc_acu'.*Did you mean 'roc_auc'\?"):
        metric("roc_acu", "classification", 2)


def test_metric_of_the_other_task_says_so():
    with pytest.raises(OptionError, match="'rmse' is for regression, and the task is classif"):
        metric("rmse", "classification", 2)
    with pytest.raises(OptionError, match="'AUC' is for classification, and the task is regress"):
        metric("AUC", "regression")


def test_a_metric_of_one_task_names_it():
    assert tasks_of("rmsle") == ("regression",)
    assert tasks_of("RMSE") == ("forecasting", "regression")
    assert tasks_of("roc-auc") == ("classification",)
    with pytest.raises(OptionError, match=r"unknown metric 'rmes'.*Did you mean 'rmse'\?"):
        tasks_of("rmes")


def test_error_is_lower_for_the_better_score_and_infinite_for_nan():
    auc, rmse = metric("roc_auc", "classification", 2), metric("rmse", "regression")
    assert error(auc, 0.9) == pytest.approx(0.1)
    assert error(auc, 0.9) < error(auc, 0.8) < error(auc, float("nan")) == np.inf
    assert error(rmse, 2.0) == 2.0
