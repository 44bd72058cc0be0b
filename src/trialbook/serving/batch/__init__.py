"""Batch scoring: tables of any size, written as files that are whole or not there."""

from __future__ import annotations

from trialbook.serving.batch._score import ROWS_PER_BATCH, Progress, Scored, score
from trialbook.serving.batch._write import format_of, write_frame

__all__ = ["ROWS_PER_BATCH", "Progress", "Scored", "format_of", "score", "write_frame"]
