"""The program of a trial: what its windows know of each other."""

import os

import numpy as np
import pytest
from tests.forecasters import monthly, trained

from trialbook.execution import PROGRAM
from trialbook.program import import_program


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    root = tmp_path_factory.mktemp("naive")
    model = trained(root, monthly(56), horizon=12)
    path = model.folder.parent / PROGRAM
    before = os.getcwd()
    os.chdir(path.parent)
    yield import_program(path, "naive")
    os.chdir(before)


def test_a_window_knows_nothing_of_the_rows_after_its_begin(program):
    """Not even what an earlier window that overlaps it says of them."""
    X, y, folds, scale = program.load()
    first, second = (np.flatnonzero(fold == 0) for fold in folds.T)
    both = np.intersect1d(first, second)
    assert len(both)
    told = [told for _, _, told in program.cross_validate(X, y, folds, scale)]
    later = y.copy()
    later[second] += 1000
    again = [told for _, _, told in program.cross_validate(X, later, folds, scale)]
    np.testing.assert_array_equal(told, again)
    # What comes before it matters.
    earlier = y.copy()
    earlier[np.setdiff1d(first, second)] += 1000
    others = [told for _, _, told in program.cross_validate(X, earlier, folds, scale)]
    assert (told[1][:, -1] < others[1][:, -1]).all()
