"""Folders with a file ``MLTable``: how Azure Machine Learning describes a table in files."""

from __future__ import annotations

from trialbook.tables.mltable._folder import is_mltable, open_big_mltable, read_mltable

__all__ = [
    "is_mltable",
    "open_big_mltable",
    "read_mltable",
]
