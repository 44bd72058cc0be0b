"""The short way gives the very table of the long way."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from trialbook.errors import DataError
from trialbook.serving.server._problems import Refused
from trialbook.serving.server._typed import Reader, Rows

from .conftest import NAMES


@pytest.fixture(scope="module")
def reader(model):
    return Reader(model.schema)


def read(reader, columns):
    return reader.read(columns, len(columns["age"]))


def columns_of(records):
    return {name: [one[name] for one in records] for name in NAMES}


CELLS = {
    "age": [
        [41],
        [41, 42],
        [None],
        [41, None],
        [41.5, 3],
        [True],
        ["42"],
        ["42", 7],
        [" 1 ", "?"],
    ],
    "income": [[1.5], [2], [None], [1e300, 3], [2**53 + 1, 1.5], [2**63], [10**25, None], [False]],
    "member": [
        [True],
        [True, False],
        [None],
        [True, None],
        [1],
        [0, 1.0],
        ["true", "0"],
        ["?", 1],
    ],
    "job": [
        ["cook"],
        ["", None],
        [None],
        ["3", "x"],
        [3],
        [3.0, None],
        [True, "x"],
        [1.5],
        ["NA"],
    ],
    "since": [["31.12.2024"], [None, "01.02.2023"], [""], ["2024-12-31"], ["2024-12-31", None]],
    "seen": [
        ["2024-12-31T23:59:00"],
        ["2024-12-31"],
        ["2024-12-31T23:59:00+02:00", None],
        ["2024-12-31 10:00", ""],
        [None],
    ],
}


@pytest.mark.parametrize(
    ("column", "cells"), [(name, cells) for name, some in CELLS.items() for cells in some]
)
def test_each_kind_of_cells_becomes_what_conform_makes_of_it(
    reader, model, records, column, cells
):
    columns = columns_of(records[: len(cells)]) | {column: cells}
    expected = model.conform(pd.DataFrame(columns))
    for _ in range(2):  # dates that were seen take a shorter way
        pd.testing.assert_frame_equal(read(reader, columns).frame(), expected)


def test_rows_of_every_length_are_the_same_table(reader, model, records):
    for n_rows in (1, 2, 13, len(records)):
        some = records[:n_rows]
        expected = model.conform(pd.DataFrame(some, columns=NAMES))
        pd.testing.assert_frame_equal(read(reader, columns_of(some)).frame(), expected)


def test_random_mixtures_of_cells_are_taken_or_refused_alike(reader, model, records):
    rng = np.random.default_rng(1)
    taken = 0
    for _ in range(150):
        n_rows = int(rng.integers(1, 4))
        columns = {}
        for name in NAMES:
            pool = list(itertools.chain(*CELLS[name], CELLS["job"][0], [7, None]))
            columns[name] = [pool[int(rng.integers(len(pool)))] for _ in range(n_rows)]
            if rng.random() < 0.8:
                columns[name] = [one[name] for one in records[:n_rows]]
        try:
            expected = model.conform(pd.DataFrame(columns))
        except DataError:
            with pytest.raises(Refused):
                read(reader, columns)
            continue
        taken += 1
        pd.testing.assert_frame_equal(read(reader, columns).frame(), expected)
    assert taken > 30


def test_every_wrong_cell_is_told_with_its_row_and_column(reader, records):
    columns = columns_of(records[:4])
    columns |= {"age": [1, "old", 2, "young"], "seen": [None, None, 5, None]}
    with pytest.raises(Refused) as caught:
        read(reader, columns)
    problems = caught.value.problems
    assert [(one.row, one.column) for one in problems] == [(1, "age"), (3, "age"), (2, "seen")]
    assert "'old'" in problems[0].cause
    assert problems[0].remedy == "Send a number, or null."


@pytest.mark.parametrize("number", [float("inf"), -float("inf"), 10**400])
def test_a_number_beyond_float64_is_refused(reader, records, number):
    columns = columns_of(records[:2]) | {"income": [1.0, number]}
    with pytest.raises(Refused) as caught:
        read(reader, columns)
    assert (caught.value.problems[0].row, caught.value.problems[0].column) == (1, "income")


def test_rows_are_put_together_by_their_kinds_only(reader, records):
    whole = read(reader, columns_of(records[:2]) | {"age": [3, 4]})
    missing = read(reader, columns_of(records[:1]) | {"age": [None]})
    assert whole.kinds != missing.kinds
    both = Rows.together([whole, whole])
    assert both.n_rows == 4
    assert both.cells["age"].dtype == np.int64
