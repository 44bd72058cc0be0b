"""Tables of very different shape, and what is said of a run on one."""

from __future__ import annotations

import pytest

from benchmarks.deadlines import RARE, SHAPES, Shape, make, row
from benchmarks.process import Ended
from benchmarks.training import Training


@pytest.mark.parametrize(
    ("shape", "classes"),
    [(Shape(300, 4, 3, 2), 3), (Shape(200, 2, 0), 0), (Shape(150, 2, 2, 1, words=True), 2)],
)
def test_a_table_has_the_shape_that_is_asked_for(shape, classes):
    table = make("some", shape)
    assert table.shape == (shape.rows, shape.columns + shape.words + 1)
    assert table.select_dtypes("object").shape[1] >= shape.categories
    if classes:
        assert table["target"].nunique() == classes
    else:
        assert table["target"].dtype.kind == "f"


def test_the_same_name_makes_the_same_table():
    shape = Shape(100, 8, 2)
    assert make("a", shape).equals(make("a", shape))
    assert make("a", shape)["x6"].isna().any()


def test_one_table_is_imbalanced():
    share = make("imbalanced", Shape(5_000, 3, 2))["target"].eq("rare").mean()
    assert share == pytest.approx(RARE, abs=1e-3)


def test_a_row_says_what_was_seen():
    log = "[ 0:03] trial 1 knn-1: 0.82 ± 0.06 in 0.4 s\n[ 1:05] trial 2 a-2: 0.8 ± 0.1 in 2 s\n"
    training = Training(Ended(0, 61.5, 1024.0, timed_out=False), log)
    said = row("tiny", SHAPES["tiny"], 60.0, training)
    assert said == "| tiny | 200 x 5 | 2 | 60 s | 61.5 s | 1.5 s | 3 s | 2 | 1.0 GiB |"


def test_an_overrun_and_a_run_without_a_model_stand_out():
    training = Training(Ended(3, 20.0, 512.0, timed_out=False), "")
    said = row("tiny", SHAPES["tiny"], 15.0, training)
    assert "**5.0 s**" in said
    assert "| none | exit 3 |" in said
    log = "[ 0:03] trial 1 knn-1: 0.82 ± 0.06 in 0.4 s\n"
    training = Training(Ended(0, 150.0, 512.0, timed_out=True), log)
    assert "| 3 s | timed out |" in row("tiny", SHAPES["tiny"], 15.0, training)
