"""One column of old and new rows compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from trialbook.data import CHANCE, FEWEST_ROWS, Column, Semantic, Shift, measures, shift_of
from trialbook.evaluation.drift._figures import Moved, Test
from trialbook.evaluation.drift._policy import KNOWN_WORDS, NAMED_LEVELS, PSI_WORDS
from trialbook.evaluation.drift._words import said_of

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Cells:
    """What is compared: a column, or something that is made of it.

    Parameters
    ----------
    column : Column
        With the name under which it is told.
    before, after : Series
    """

    column: Column
    before: pd.Series
    after: pd.Series


def cells_of(column: Column, before: pd.Series, after: pd.Series) -> Iterator[Cells]:
    """What is compared of a column: its cells, and of a text its length and its words, too.

    Parameters
    ----------
    column : Column
    before, after : Series

    Yields
    ------
    Cells
    """
    yield Cells(column, before, after)
    if column.semantic is not Semantic.TEXT:
        return
    number = replace(column, semantic=Semantic.NUMERIC, storage="number")
    length = replace(number, name=f"{column.name} (characters)")
    yield Cells(length, before.str.len().astype(float), after.str.len().astype(float))
    # Words are learned from every other old row and looked for in the rest: a text knows its own.
    # So do new texts that are among those: rows of training that come again are no drift.
    learned = before.iloc[::2].dropna()
    words = Counter(word for text in learned for word in _words(text))
    known = {word for word, _ in words.most_common(KNOWN_WORDS)}
    others = [one[~one.isin(learned.unique())] for one in (before.iloc[1::2], after)]
    if min(map(len, others)) < FEWEST_ROWS:
        return
    share = replace(number, name=f"{column.name} (known words)")
    yield Cells(share, *(_known(one, known) for one in others))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _known(texts: pd.Series, known: set[str]) -> pd.Series:
    """Part of the words of each text that are known; missing where there is no word."""
    return texts.map(
        lambda text: (
            np.mean([word in known for word in found])
            if isinstance(text, str) and (found := _words(text))
            else np.nan
        )
    ).astype(float)


def compare(cells: Cells) -> Moved:
    """Measure how far cells moved; whether that is chance is for `corrected` to say.

    Parameters
    ----------
    cells : Cells

    Returns
    -------
    Moved
        With the p-value of this column alone.
    """
    column, before, after = cells.column, cells.before, cells.after
    shift = shift_of(column, before, after)
    numbers = [measures(one, column) for one in (before, after)]
    levels: tuple[str, ...] = ()
    if numbers[0] is None and column.semantic is not Semantic.TEXT:
        fresh = after[after.notna() & ~after.isin(before.unique())]
        levels = tuple(map(str, fresh.value_counts().index[:NAMED_LEVELS]))
    found = _measured(shift, None if numbers[0] is None else (numbers[0], np.asarray(numbers[1])))
    missing = (float(before.isna().mean()), float(after.isna().mean()))
    found = replace(
        found, name=column.name, kind=column.semantic.value, missing=missing, new_levels=levels
    )
    return replace(found, said=said_of(found, numbers))


def _measured(shift: Shift, numbers: tuple[np.ndarray, np.ndarray] | None) -> Moved:
    tests = [Test("chi-squared", shift.distance, shift.chance)]
    distance, wasserstein = shift.distance, None
    if numbers is not None:
        one, other = (values[~np.isnan(values)] for values in numbers)
        if len(one) and len(other):
            test = _kolmogorov(one, other)
            tests.append(test)
            distance = max(distance, test.statistic)
            wasserstein = _earth(one, other)
    psi, jensen = _divergences(shift.counts)
    shares = shift.counts / shift.counts.sum(axis=1, keepdims=True)
    return Moved(
        name="",
        kind="",
        moved=False,
        distance=distance,
        psi=psi,
        jensen_shannon=jensen,
        wasserstein=wasserstein,
        missing=(0.0, 0.0),
        new_share=shift.new,
        new_levels=(),
        tests=tuple(tests),
        p_value=min(1.0, len(tests) * min(test.p_value for test in tests)),
        strength=next(word for bound, word in PSI_WORDS if psi >= bound),
        said="",
        bins=shift.names,
        before=tuple(shares[0].tolist()),
        after=tuple(shares[1].tolist()),
    )


def _kolmogorov(one: np.ndarray, other: np.ndarray) -> Test:
    from scipy.stats import ks_2samp

    found = ks_2samp(one, other, method="asymp")
    return Test("Kolmogorov-Smirnov", float(found.statistic), float(found.pvalue))


def _earth(one: np.ndarray, other: np.ndarray) -> float | None:
    """Earth mover's distance in standard deviations; None of a constant."""
    from scipy.stats import wasserstein_distance

    deviation = float(one.std())
    return float(wasserstein_distance(one, other)) / deviation if deviation else None


def _divergences(counts: np.ndarray) -> tuple[float, float]:
    """Population stability index and the distance of Jensen and Shannon of counts in bins."""
    from scipy.spatial.distance import jensenshannon

    # Half a cell is added to each bin, so that an empty one is not infinitely unlikely.
    smooth = counts + 0.5
    p, q = smooth / smooth.sum(axis=1, keepdims=True)
    psi = float(((q - p) * np.log(q / p)).sum())
    return max(0.0, psi), float(jensenshannon(*counts, base=2))


def corrected(columns: Sequence[Moved], far: Sequence[bool]) -> list[Moved]:
    """Say which columns moved, among all that were looked at.

    Parameters
    ----------
    columns : sequence of Moved
        With p-values of their own.
    far : sequence of bool
        Which are far enough to matter.

    Returns
    -------
    list of Moved
        With p-values that hold for all columns together, by Holm (1979).
    """
    order = np.argsort([column.p_value for column in columns], kind="stable")
    values, worst = np.ones(len(columns)), 0.0
    for rank, place in enumerate(order):
        worst = max(worst, min(1.0, (len(columns) - rank) * columns[place].p_value))
        values[place] = worst
    return [
        replace(column, p_value=float(value), moved=bool(value < CHANCE and is_far))
        for column, value, is_far in zip(columns, values, far, strict=True)
    ]
