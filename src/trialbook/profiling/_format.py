"""How the figures of a profile are written for people, on a page and in a terminal."""

from __future__ import annotations

import math

from trialbook.data import Semantic
from trialbook.profiling._figures import ColumnProfile


def figure(value: float | None) -> str:
    """Write a number with four significant digits, or all of those of a whole one.

    Examples
    --------
    >>> figure(1234567.0), figure(0.123456), figure(12.5), figure(2.5e-9), figure(None)
    ('1,234,567', '0.1235', '12.5', '2.5e-09', '')
    """
    if value is None:
        return ""
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e15 or size < 1e-4:
        return f"{value:.4g}"
    if value == math.floor(value):
        return f"{value:,.0f}"
    decimals = max(0, 3 - math.floor(math.log10(size)))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def share(value: float) -> str:
    """Write a part of a whole, so that little is not nothing and nearly all is not all.

    Examples
    --------
    >>> share(0), share(0.00001), share(0.1234), share(0.9999), share(1)
    ('0 %', '<0.1 %', '12.3 %', '>99.9 %', '100 %')
    """
    if value in (0, 1):
        return f"{value:.0%}".replace("%", " %")
    if value < 0.001:
        return "<0.1 %"
    return ">99.9 %" if value > 0.999 else f"{100 * value:.1f} %"


def size(n_bytes: int) -> str:
    """Write an amount of memory: ``512 B``, ``1.5 MiB``."""
    amount = float(n_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:,.0f} {unit}" if amount >= 100 or unit == "B" else f"{amount:.1f} {unit}"


def summary(column: ColumnProfile) -> str:
    """What the cells of a column are like, in a few words."""
    if column.numbers is not None:
        numbers = column.numbers
        ends = f"{figure(numbers.min)} to {figure(numbers.max)}"
        if numbers.min == numbers.max:
            return f"always {figure(numbers.min)}"
        return f"{ends}, median {figure(numbers.quantiles['50%'])}"
    if column.times is not None:
        return f"{column.times.first[:10]} to {column.times.last[:10]}"
    if column.texts is not None:
        words = column.texts.words
        return f"{figure(words.median)} words, {figure(words.min)} to {figure(words.max)}"
    if column.levels is not None:
        if column.semantic is Semantic.IDENTIFIER:
            return f"such as {column.levels.top[0].value}"
        return ", ".join(f"{one.value} ({share(one.share)})" for one in column.levels.top[:2])
    return ""


def counts_of(column: ColumnProfile) -> tuple[int, ...]:
    """The heights by which a column is sketched: of its bins, periods or most frequent values."""
    if column.numbers is not None:
        return column.numbers.histogram.counts
    if column.times is not None:
        return column.times.periods.counts
    if column.texts is not None:
        return column.texts.words.histogram.counts
    return tuple(one.count for one in column.levels.top) if column.levels is not None else ()
