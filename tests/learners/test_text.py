"""How boosted trees take free text."""

from __future__ import annotations

import pytest

from trialbook.learners._text import LEAST_WORDS, MAX_VALUES, MOST_WORDS, text_of_trees
from trialbook.program import Columns
from trialbook.tasks import Table


def table(n_rows, *texts):
    columns = Columns(numeric=("a",), text=texts)
    return Table("classification", n_rows, 3, 2, columns, 31, "roc_auc", 1)


@pytest.mark.parametrize(
    ("n_rows", "texts", "words"),
    [
        (1_000, ("note",), MOST_WORDS),
        (1_000, ("note", "remark"), MOST_WORDS // 2),
        (100_000, ("note",), MAX_VALUES // 100_000),
    ],
)
def test_words_share_a_table_that_fits_into_memory(n_rows, texts, words):
    assert text_of_trees(table(n_rows, *texts)) == {"text": "words", "n_words": words}


def test_topics_stay_where_there_is_no_room_for_words():
    assert text_of_trees(table(MAX_VALUES // LEAST_WORDS + 10_000, "note")) == {}


def test_a_table_without_text_needs_neither():
    assert text_of_trees(table(1_000)) == {}
