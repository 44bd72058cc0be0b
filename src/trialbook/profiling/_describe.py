"""Figures of one column, by what it holds. Pure functions of arrays."""

from __future__ import annotations

import math
import re
from collections import Counter

import numpy as np
import pandas as pd

from trialbook._words import shorten
from trialbook.profiling._figures import (
    Cell,
    Histogram,
    Lengths,
    Level,
    Levels,
    Numbers,
    Outliers,
    Texts,
)
from trialbook.profiling._measures import entropy, outer_fences
from trialbook.tables.plain import as_text

# As many bars as a small chart can show; more would be noise.
BINS = 30
# Of so few values at each end the histogram may do without ...
TAIL = 0.005
# ... if they would take more than this part of its width for themselves.
STRETCH = 0.5
# Exploratory Data Analysis (1977): beyond the outer fences a value is "far out". Of a normal
# distribution that is one of 400,000; the inner ones, at 1.5, would call 0.7 % outliers.
OUTLIER_RULE = "Tukey's outer fences: 3 interquartile ranges from the quartiles"
NO_OUTLIER_RULE = "not judged: half of the values are one and the same"
# What a person looks at before reading on.
TOP, EXAMPLES = 10, 5
# As with classes: with fewer rows a level can hardly be learned.
RARE_LEVEL_ROWS = 5
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
# Lengths and words of as many texts: enough to draw their distribution, and done within a second.
TEXT_ROWS = 20_000
# Words of fewer letters join others in nearly every language: "the", "and", "und", "que".
WORD_LETTERS = 4
# As much of a text as fits on a line or two.
EXAMPLE_CHARACTERS = 160
LEVEL_CHARACTERS = 80

_WORD = re.compile(rf"[^\W\d_]{{{WORD_LETTERS},}}")


def on_one_line(text: str, characters: int) -> str:
    """A text on one line, cut where it is too long."""
    line = " ".join(text.split()) or text
    return shorten(line, characters)


def shown_range(values: np.ndarray) -> tuple[float, float]:
    """From where to where a chart of values goes, so that a few extreme ones do not squeeze it.

    Parameters
    ----------
    values : ndarray of float, shape (n_values,)
        At least one, none missing.

    Returns
    -------
    tuple of (float, float)
    """
    low, inner_low, inner_high, high = np.quantile(values, (0, TAIL, 1 - TAIL, 1))
    width = inner_high - inner_low
    if width > 0 and inner_low - low > STRETCH * width:
        low = inner_low
    if width > 0 and high - inner_high > STRETCH * width:
        high = inner_high
    return float(low), float(high)


def histogram(values: np.ndarray, *, whole: bool = False) -> Histogram:
    """Count values in bins of one width.

    Parameters
    ----------
    values : ndarray of float, shape (n_values,)
        None missing.
    whole : bool
        Whether no value has a fraction: bins are then as many whole numbers wide, each.

    Returns
    -------
    Histogram
    """
    with np.errstate(over="ignore", invalid="ignore"):
        low, high = shown_range(values)
        if not np.isfinite(high - low):
            return Histogram((), ())
        if whole:
            low, high = np.ceil(low), np.floor(high)
            width = max(1.0, np.ceil((high - low + 1) / BINS))
            n_bins = max(1, int(np.ceil((high - low + 1) / width)))
            edges = low - 0.5 + width * np.arange(n_bins + 1)
        elif low == high:
            edges = np.array([low - 0.5, high + 0.5])
        else:
            edges = np.linspace(low, high, BINS + 1)
    counts, _ = np.histogram(values, edges)
    below = int(np.count_nonzero(values < edges[0]))
    above = int(np.count_nonzero(values > edges[-1]))
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), below, above, whole)


def numbers(values: np.ndarray, rows: np.ndarray) -> Numbers | None:
    """Figures of a column of numbers.

    Parameters
    ----------
    values : ndarray of float, shape (n_rows,)
        NaN where missing.
    rows : ndarray of int, shape (n_rows,)
        Which row of the table each one is, from 0.

    Returns
    -------
    Numbers or None
        ``None`` when all are missing.
    """
    present = ~np.isnan(values)
    values, rows = values[present], rows[present]
    if len(values) == 0:
        return None
    whole = bool(np.all(values == np.floor(values)))
    with np.errstate(over="ignore", invalid="ignore"):
        quantiles = np.quantile(values, QUANTILES)
        mean = float(values.mean())
        std = float(values.std(ddof=1)) if len(values) > 1 else None
        skew = float(pd.Series(values).skew()) if len(values) > 2 else None
    return Numbers(
        min=float(values.min()),
        max=float(values.max()),
        mean=_finite(mean),
        std=_finite(std),
        skew=_finite(skew),
        quantiles={f"{q:.0%}": float(value) for q, value in zip(QUANTILES, quantiles)},
        zeros=int(np.count_nonzero(values == 0)),
        negatives=int(np.count_nonzero(values < 0)),
        whole=whole,
        histogram=histogram(values, whole=whole),
        outliers=outliers(values, rows),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def outliers(values: np.ndarray, rows: np.ndarray) -> Outliers:
    """Values beyond Tukey's outer fences, and the furthest of them."""
    with np.errstate(over="ignore", invalid="ignore"):
        fences = outer_fences(values)
        if fences is None:
            return Outliers(NO_OUTLIER_RULE, None, None, 0)
        low, high = fences
        beyond = np.flatnonzero((values < low) | (values > high))
        distance = np.maximum(low - values[beyond], values[beyond] - high)
    furthest = beyond[np.argsort(-distance, kind="stable")[:EXAMPLES]]
    examples = tuple(Cell(int(rows[i]) + 1, float(values[i])) for i in furthest)
    return Outliers(OUTLIER_RULE, low, high, len(beyond), examples)


def levels(codes: np.ndarray, values: np.ndarray) -> Levels | None:
    """Figures of a column of categories.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        Position of each cell's value in `values`; -1 where missing.
    values : ndarray, shape (n_levels,)

    Returns
    -------
    Levels or None
        ``None`` when all cells are missing.
    """
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    total = int(counts.sum())
    if total == 0:
        return None
    # Of equals, the one that comes first in the table.
    order = np.argsort(-counts, kind="stable")[:TOP]
    top = tuple(
        Level(on_one_line(as_text(values[i]), LEVEL_CHARACTERS), count, count / total)
        for i, count in ((i, int(counts[i])) for i in order)
    )
    rare = counts[(counts > 0) & (counts < RARE_LEVEL_ROWS)]
    return Levels(
        top=top,
        other=total - sum(level.count for level in top),
        rare=len(rare),
        rare_cells=int(rare.sum()),
        entropy=entropy(counts) / math.log(2),
    )


def texts(column: pd.Series) -> Texts | None:
    """Figures of a column of free text.

    Parameters
    ----------
    column : Series of str
        NaN where missing.

    Returns
    -------
    Texts or None
        ``None`` when all cells are missing.
    """
    present = column.dropna()
    if present.empty:
        return None
    blank = int((present.str.strip() == "").sum())
    step = max(1, len(present) // TEXT_ROWS)
    sample = present.iloc[::step].tolist()
    n_words = np.array([len(text.split()) for text in sample], dtype=float)
    n_characters = np.array([len(text) for text in sample], dtype=float)
    found: Counter[str] = Counter()
    for text in sample:
        found.update(set(_WORD.findall(text.lower())))
    top = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    # One example each of the first, middle and last part of the table.
    places = np.unique(np.linspace(0, len(sample) - 1, 3).astype(int))
    return Texts(
        characters=lengths(n_characters),
        words=lengths(n_words),
        blank=blank,
        top_words=tuple(Level(word, count, count / len(sample)) for word, count in top),
        examples=tuple(on_one_line(sample[place], EXAMPLE_CHARACTERS) for place in places),
    )


def lengths(values: np.ndarray) -> Lengths:
    """How some whole numbers are spread."""
    return Lengths(
        min=float(values.min()),
        median=float(np.median(values)),
        mean=float(values.mean()),
        max=float(values.max()),
        histogram=histogram(values, whole=True),
    )
