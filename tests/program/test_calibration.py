"""Adjusting probabilities to a metric: what stands in programs does what it says."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from trialbook.evaluation import metric
from trialbook.program import _calibration as c

N_ROWS = 4000


def certain(n_classes=3, *, temperature=1.0, seed=0):
    """Classes, and probabilities that are right when tempered so."""
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.full(n_classes, 0.7), N_ROWS)
    y = (rng.random((N_ROWS, 1)) > proba.cumsum(axis=1)).sum(axis=1)
    return y, c.tempered(proba, 1 / temperature)


def rare(share=0.1, seed=0):
    """Two classes, one of them rare, and right probabilities."""
    rng = np.random.default_rng(seed)
    odds = share / (1 - share) * np.exp(rng.normal(0, 1.5, N_ROWS))
    positive = odds / (1 + odds)
    return (rng.random(N_ROWS) < positive).astype(int), np.column_stack([1 - positive, positive])


def loss_of(name, n_classes):
    found = metric(name, "classification", n_classes)
    sign = -1 if found.greater_is_better else 1
    positive = 1 if n_classes == 2 else None
    return lambda y, proba: sign * found.score(y, proba, positive)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_a_tempered_row_keeps_its_sum_and_its_order(temperature):
    _, proba = certain()
    tempered = c.tempered(proba, temperature)
    np.testing.assert_allclose(tempered.sum(axis=1), 1)
    np.testing.assert_array_equal(tempered.argsort(axis=1), proba.argsort(axis=1))
    surest = tempered.max(axis=1).mean() - proba.max(axis=1).mean()
    assert np.sign(np.round(surest, 12)) == np.sign(1 - temperature)


def test_tempering_bears_classes_without_any_chance():
    tempered = c.tempered(np.array([[1.0, 0.0], [0.0, 1.0]]), 0.2)
    np.testing.assert_allclose(tempered, np.eye(2), atol=1e-12)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_temperature_that_was_missing_is_found(n_classes, temperature):
    y, proba = certain(n_classes, temperature=temperature)
    found = c.find_temperature(y, proba, loss_of("log_loss", n_classes))
    assert found == pytest.approx(temperature, rel=0.1)


def test_class_weights_are_those_of_as_many_times_as_frequent_classes():
    again = c.reweighted(np.array([[0.8, 0.2], [0.5, 0.5]]), np.array([1.0, 4.0]))
    np.testing.assert_allclose(again, [[0.5, 0.5], [0.2, 0.8]])


def test_balanced_accuracy_wants_classes_as_if_they_were_equally_frequent():
    y, proba = rare()
    weights = c.find_class_weights(y, proba, loss_of("balanced_accuracy", 2))
    frequency = np.bincount(y) / len(y)
    assert weights[1] / weights[0] == pytest.approx(frequency[0] / frequency[1], rel=0.5)


def test_a_rare_class_is_named_more_often_for_its_f1():
    loss, (y, proba), fresh = loss_of("f1", 2), rare(), rare(seed=1)
    weights = c.find_class_weights(y, proba, loss)
    better = c.reweighted(fresh[1], weights)
    assert better.argmax(axis=1).sum() > fresh[1].argmax(axis=1).sum()
    assert loss(fresh[0], better) < loss(*fresh) - 0.05


def test_no_row_is_adjusted_by_what_was_found_on_it():
    y, proba = certain(temperature=2.0)
    parts = np.arange(N_ROWS) % 4
    seen = []

    def find(y, proba, loss):
        seen.append(len(y))
        return c.find_temperature(y, proba, loss)

    loss = loss_of("log_loss", 3)
    (adjust, found), honest = c.cross_fitted(y, proba, parts, loss, [(find, c.tempered)])
    assert seen == [3000] * 4 + [N_ROWS]
    assert adjust is c.tempered
    assert found == c.find_temperature(y, proba, loss)
    mine = parts == 2
    temperature = c.find_temperature(y[~mine], proba[~mine], loss)
    np.testing.assert_array_equal(honest[mine], c.tempered(proba[mine], temperature))


def test_what_gains_nothing_on_other_rows_is_left_out():
    y, proba = certain()
    parts = np.arange(N_ROWS) % 2
    ways = [(lambda *_: 0.5, c.tempered)]
    found, same = c.cross_fitted(y, proba, parts, loss_of("log_loss", 3), ways)
    assert found is None
    assert same is proba


def test_of_two_ways_the_one_that_gains_most_on_other_rows_is_used():
    y, proba = certain(temperature=2.0)
    parts, loss = np.arange(N_ROWS) % 4, loss_of("log_loss", 3)
    right, wrong = (lambda *_: 2.0, c.tempered), (lambda *_: 1.2, c.tempered)
    alone = c.cross_fitted(y, proba, parts, loss, [right])
    for ways in ([right, wrong], [wrong, right]):
        (_, found), honest = c.cross_fitted(y, proba, parts, loss, ways)
        assert found == 2.0
        np.testing.assert_array_equal(honest, alone[1])


@pytest.mark.parametrize("n_classes", [2, 3])
def test_curves_bring_back_probabilities_that_no_temperature_could(n_classes):
    loss = loss_of("log_loss", n_classes)
    (y, right), (fresh_y, fresh) = certain(n_classes), certain(n_classes, seed=1)

    def bent(proba):
        shares = proba ** np.linspace(0.5, 1.5, n_classes)
        return shares / shares.sum(axis=1, keepdims=True)

    curves = c.find_isotonic(y, bent(right), loss)
    straight = c.isotonic(bent(fresh), curves)
    np.testing.assert_allclose(straight.sum(axis=1), 1)
    assert straight.min() > 0
    tempered = c.tempered(bent(fresh), c.find_temperature(y, bent(right), loss))
    assert loss(fresh_y, straight) < loss(fresh_y, tempered)


def test_a_curve_of_few_rows_makes_nothing_certain():
    proba = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    curves = c.find_isotonic(np.array([0, 0, 1]), proba, None)
    assert c.isotonic(np.array([[0.99, 0.01], [0.01, 0.99]]), curves).min() > 0.002
    alike = c.find_isotonic(np.array([0, 0, 1]), np.full((3, 2), 0.5), None)
    np.testing.assert_allclose(c.isotonic(proba, alike).sum(axis=1), 1)


def test_a_label_is_the_most_probable_class_of_an_adjusted_classifier():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = np.where(X[:, 0] + rng.normal(size=300) > 1.5, "yes", "no")
    weights = np.array([1.0, 5.0])
    model = c.AdjustedClassifier(LogisticRegression(), c.reweighted, weights).fit(X, y)
    check_is_fitted(model)
    alone = LogisticRegression().fit(X, y)
    np.testing.assert_allclose(
        model.predict_proba(X), c.reweighted(alone.predict_proba(X), weights)
    )
    labels = model.classes_[model.predict_proba(X).argmax(axis=1)]
    np.testing.assert_array_equal(model.predict(X), labels)
    assert (model.predict(X) == "yes").sum() > (alone.predict(X) == "yes").sum()
    assert clone(model).by is not None


@pytest.mark.parametrize("kind", c.ADJUSTMENTS)
def test_its_source_works_alone_with_its_declared_imports(kind):
    adjustment = c.ADJUSTMENTS[kind]
    namespace = {"__name__": "alone"}
    exec("\n".join(adjustment.imports) + "\n\n\n" + adjustment.definition, namespace)
    is_of_labels = kind == "class_weights"
    y, proba = rare() if is_of_labels else certain(2, temperature=2.0)
    loss = loss_of("f1" if is_of_labels else "log_loss", 2)
    arguments = (y, proba, np.arange(N_ROWS) % 3, loss)
    (alone, _), honest = namespace["cross_fitted"](*arguments, namespace["WAYS"])
    (adjust, _), same = c.cross_fitted(*arguments, adjustment.ways)
    assert alone.__name__ == adjust.__name__
    np.testing.assert_array_equal(honest, same)
