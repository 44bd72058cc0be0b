"""Cells of text: how they are encoded, and the numbers and dates that they hold."""

from __future__ import annotations

from trialbook.tables.text._cells import (
    MISSING_TEXT,
    MISSING_VALUE,
    date_formats,
    infer,
    settle,
)
from trialbook.tables.text._dates import detect_format, mixed_formats, parse, parsed_share, turned
from trialbook.tables.text._encoding import as_utf8, recognised
from trialbook.tables.text._numbers import PLAIN, NumberForm, plain_texts, strict_numbers

__all__ = [
    "MISSING_TEXT",
    "MISSING_VALUE",
    "PLAIN",
    "NumberForm",
    "as_utf8",
    "date_formats",
    "detect_format",
    "infer",
    "mixed_formats",
    "parse",
    "parsed_share",
    "plain_texts",
    "recognised",
    "settle",
    "strict_numbers",
    "turned",
]
