"""Functions whose very source stands in generated programs.

No library has them, so a program carries them along. Each is self-contained: it uses nothing but
its arguments, NumPy as ``np`` and pandas as ``pd``, which every program imports.
"""
# ruff: noqa: ANN001, ANN202 -- they are read in notebooks, where annotations would distract
# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

import numpy as np


def as_text(X):
    """Categories as text, with a mark of their own for missing ones."""
    return X.astype(object).where(X.notna(), "(missing)").astype(str)


def log_odds(p):
    """Probabilities on a scale where a linear model can weigh them."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def as_table(X, n_categorical):
    """A table whose first columns, the codes of categories, are whole numbers."""
    return pd.DataFrame(X).astype(dict.fromkeys(range(n_categorical), int))
