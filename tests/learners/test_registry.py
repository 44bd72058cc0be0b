"""Finding learners by name, and those that plug-ins bring."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from trialbook.errors import OptionError
from trialbook.learners import _registry as registry
from trialbook.learners import all_learners, available, find

PLUG_IN = '''
from trialbook.learners import Learner


class Median(Learner):
    """A plug-in."""

    key = "{key}"
    name = "Median of everything"

    def space(self, table):
        return {{}}

    def starts(self, table):
        return ()

    def cost(self, params, table):
        return 1.0

    def code(self, params, table):
        raise NotImplementedError


NOT_A_LEARNER = 3
'''


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    all_learners.cache_clear()
    yield
    all_learners.cache_clear()


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Register a module of a learner under an entry point, and return nothing."""

    def register(value: str, key: str = "median") -> None:
        module = value.split(":", maxsplit=1)[0]
        if module.startswith("median"):
            (tmp_path / f"{module}.py").write_text(PLUG_IN.format(key=key), encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        point = EntryPoint(name="median", value=value, group=registry.ENTRY_POINT_GROUP)
        monkeypatch.setattr(registry, "entry_points", lambda group: [point])

    return register


def test_every_documented_algorithm_is_there() -> None:
    expected = {
        *("lightgbm", "xgboost", "catboost", "hist_gradient_boosting", "random_forest"),
        *("extra_trees", "decision_tree", "logistic_regression", "elastic_net", "lasso_lars"),
        *("sgd", "linear_svm", "svm", "knn", "mlp", "tabm"),
        *("bernoulli_naive_bayes", "multinomial_naive_bayes", "gaussian_naive_bayes"),
    }
    assert set(all_learners()) >= expected


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("lightgbm", "lightgbm"),
        ("LightGBM", "lightgbm"),
        ("LIGHT_GBM", "lightgbm"),
        ("LightGBMClassifier", "lightgbm"),
        ("XGBoostClassifier", "xgboost"),
        ("XGBoostRegressor", "xgboost"),
        ("XG_BOOST_CLASSIFIER", "xgboost"),
        ("CatBoost", "catboost"),
        ("GradientBoosting", "hist_gradient_boosting"),
        ("gradient_boosting", "hist_gradient_boosting"),
        ("RandomForest", "random_forest"),
        ("ExtremeRandomTrees", "extra_trees"),
        ("DecisionTree", "decision_tree"),
        ("LogisticRegression", "logistic_regression"),
        ("ElasticNet", "elastic_net"),
        ("LassoLars", "lasso_lars"),
        ("SGD", "sgd"),
        ("LinearSVM", "linear_svm"),
        ("LinearSVC", "linear_svm"),
        ("SVM", "svm"),
        ("SupportVectorMachine", "svm"),
        ("KNN", "knn"),
        ("KNearestNeighbors", "knn"),
        ("BernoulliNaiveBayes", "bernoulli_naive_bayes"),
        ("MULTINOMIAL_NAIVE_BAYES", "multinomial_naive_bayes"),
        ("GaussianNaiveBayes", "gaussian_naive_bayes"),
        ("MLP", "mlp"),
        ("TabM", "tabm"),
        ("TabMClassifier", "tabm"),
    ],
)
def test_names_are_found_in_any_spelling(name: str, key: str) -> None:
    assert find(name).key == key


def test_no_spelling_names_two_learners_of_a_task() -> None:
    spellings: dict[tuple[str, str], str] = {}
    for key, learner in all_learners().items():
        for spelling in {registry._fold(name) for name in (key, learner.name, *learner.aliases)}:
            for task in learner.tasks:
                assert spellings.setdefault((spelling, task), key) == key


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(OptionError, match="unknown learner 'lightgmb'") as caught:
        find("lightgmb")
    assert "lightgbm" in str(caught.value.remedy)


def test_a_learner_of_another_task_is_refused() -> None:
    with pytest.raises(OptionError, match="does not do classification"):
        find("ElasticNet", "classification")


def test_allowed_and_blocked_names_choose_the_learners() -> None:
    everything = {learner.key for learner in available("classification")}
    assert "elastic_net" not in everything
    assert {one.key for one in available("classification", allow=["SVM", "knn"])} == {"svm", "knn"}
    assert {one.key for one in available("classification", block=["SVM"])} == everything - {"svm"}
    chosen = available("classification", allow=["SVM", "KNN"], block=["svm"])
    assert [one.key for one in chosen] == ["knn"]


def test_blocking_everything_is_refused() -> None:
    with pytest.raises(OptionError, match="no learner is left"):
        available("regression", allow=["svm"], block=["SVM"])


def test_a_learner_without_its_library_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(find("catboost")), "requires", "no_such_library_anywhere")
    assert "catboost" not in {one.key for one in available("regression")}
    assert "catboost" not in {one.key for one in available("regression", block=["catboost"])}


@pytest.mark.parametrize(("extra", "package"), [(None, "no_such_library"), ("x", "trialbook[x]")])
def test_a_learner_that_is_named_without_its_library_says_what_to_install(
    extra: str | None, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(find("catboost")), "requires", "no_such_library")
    monkeypatch.setattr(type(find("catboost")), "extra", extra)
    with pytest.raises(
        OptionError, match="'catboost' needs the package no_such_library"
    ) as caught:
        available("regression", allow=["knn", "CatBoost"])
    assert f"pip install '{package}'" in str(caught.value.remedy)


def test_a_plug_in_registers_by_entry_point(plug_in) -> None:
    plug_in("median_one:Median")
    assert find("Median of everything").key == "median"
    assert "median" in {one.key for one in available("regression")}


@pytest.mark.parametrize(
    ("value", "key", "message"),
    [
        ("median_two:NOT_A_LEARNER", "median", "is not a Learner"),
        ("median_three:Absent", "median", "cannot be loaded"),
        ("no_such_module_anywhere:Median", "median", "cannot be loaded"),
        ("median_four:Median", "lightgbm", "two learners are called 'lightgbm'"),
    ],
)
def test_a_broken_plug_in_is_named(plug_in, value: str, key: str, message: str) -> None:
    plug_in(value, key)
    with pytest.raises(OptionError, match=message) as caught:
        all_learners()
    assert value in str(caught.value.place)
