"""Cells of a leaderboard as people read them."""

from __future__ import annotations

import pytest

from trialbook.cli._tables import _cell


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("milliseconds", 0.0123, "0.0123 ms"),
        ("milliseconds", 395.2, "395 ms"),
        ("milliseconds", 1660.0, "1.7 s"),
        ("milliseconds", float("nan"), ""),
        ("megabytes", 20.591, "20.59 MB"),
        ("integer", 3.0, "3"),
    ],
)
def test_a_value_is_short_and_has_its_unit(kind, value, text):
    assert _cell(value, kind) == text
