"""Jobs of Azure Machine Learning's automated machine learning, run as they are."""

from __future__ import annotations

from trialbook.compat.azure._job import Note, convert, is_job, load_job

__all__ = ["Note", "convert", "is_job", "load_job"]
