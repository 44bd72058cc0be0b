"""The cells of a notebook that draw: they run on whatever a trial may predict."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from trialbook.program._chart_cells import (
    CLASSIFICATION_CHARTS,
    LEARNING_CURVE,
    REGRESSION_CHARTS,
)

MOST_FREQUENT = "np.bincount(truth).argsort()[::-1][:5]"


@pytest.fixture
def run():
    """Run a cell as a notebook does, and answer with what it defines."""
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    def run_cell(cell, **names):
        space = {"__name__": "__main__", "np": np, "pd": pd, "SEED": 0, **names}
        exec(compile(cell, "cell", "exec"), space)
        return space

    yield run_cell
    plt.close("all")


def two_folds(prediction):
    half = len(prediction) // 2
    rows = [np.arange(half), np.arange(half, len(prediction))]
    return [(None, one, prediction[one]) for one in rows]


def test_two_classes_are_drawn_with_lines_of_the_positive_one(run):
    y = np.array([0, 1] * 20)
    proba = np.column_stack([1 - y, y]) * 0.8 + 0.1
    space = run(
        CLASSIFICATION_CHARTS, y=y, results=two_folds(proba), CLASSES=[0.5, 1.5], POSITIVE=1
    )
    for name in ("roc", "recall", "gains", "lift"):
        assert len(space[name].get_lines()) == 1, name
    assert max(space["lift"].get_lines()[0].get_ydata()) == 2.0


@pytest.mark.parametrize("seen", [[0, 1, 2, 3, 4, 5, 6, 7], [0, 3], [2]])
def test_several_classes_are_drawn_even_if_some_have_no_rows(run, seen):
    y = np.array(seen * 10)
    proba = np.full((len(y), 8), 1 / 8)
    cell = CLASSIFICATION_CHARTS.replace("[POSITIVE]", MOST_FREQUENT)
    space = run(cell, y=y, results=two_folds(proba), CLASSES=list("abcdefgh"))
    assert len(space["gains"].get_lines()) == (min(5, len(seen)) if len(seen) > 1 else 0)


@pytest.mark.parametrize("y", [np.ones(30), np.arange(3.0), np.arange(40.0) ** 2])
def test_numbers_are_drawn_whatever_they_are(run, y):
    space = run(REGRESSION_CHARTS, y=y, results=two_folds(y + 0.1))
    assert sum(bar.get_height() for bar in space["residuals"].patches) == len(y)


@pytest.mark.parametrize(("given", "takes"), [("", ()), (", weight, rounds=None", ("weight",))])
def test_the_learning_curve_leaves_out_rows_that_train(run, given, takes):
    folds = np.repeat([[0], [1]], [10, 100], axis=0)
    sizes = []

    def cross_validate(X, y, some, *weight, rounds=7):
        assert len(weight) == len(takes) and (rounds is None) == bool(takes)
        assert (some[:10] == 0).all()
        sizes.append(int((some == 1).sum()))
        yield None, np.arange(10), np.zeros(10)

    cell = LEARNING_CURVE.replace("LEARN = False", "LEARN = True").replace("GIVEN", given)
    score = lambda y, rows, prediction: float(sizes[-1])  # noqa: E731
    data = {"X": None, "y": np.zeros(110), "folds": folds, "weight": np.ones(110)}
    space = run(cell, cross_validate=cross_validate, evaluate=score, **data)
    assert sizes == [10, 20, 40, 70, 100]
    assert space["curve"].tolist() == sizes
