"""Drawing rows of a table."""

import numpy as np

from trialbook.data import some_rows


def test_rows_that_stand_for_all_keep_their_order_and_are_the_same_each_time():
    rows = some_rows(500, 100)
    assert len(rows) == 100
    assert (np.diff(rows) > 0).all()
    assert rows.tolist() == some_rows(500, 100).tolist()


def test_of_a_small_table_all_rows_stand_for_all():
    assert some_rows(5, 100).tolist() == [0, 1, 2, 3, 4]
