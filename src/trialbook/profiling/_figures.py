"""What is said of one column: frozen figures, in plain Python values.

Row numbers count from 1 in the whole table, also where figures are from a sample of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from trialbook.data import Semantic


@dataclass(frozen=True)
class Histogram:
    """How many values lie in each bin; extreme ones are counted apart, not drawn.

    Parameters
    ----------
    edges : tuple of float
        One more than there are bins.
    counts : tuple of int
        Values in each bin; the last one holds its upper edge, too.
    below, above : int
        Values outside the bins: so few, and so far away, that they would squeeze all others.
    whole : bool
        Whether the bins hold whole numbers: their edges lie between two.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    below: int = 0
    above: int = 0
    whole: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell of a column.

    Parameters
    ----------
    row : int
        Row of the table, counted from 1.
    value : float or str
    """

    row: int
    value: float | str


@dataclass(frozen=True)
class Outliers:
    """Values far from all others.

    Parameters
    ----------
    rule : str
        By which rule.
    low, high : float or None
        The fences; ``None`` where the rule does not apply.
    count : int
        Values beyond them.
    examples : tuple of Cell
        Those that are furthest away.
    """

    rule: str
    low: float | None
    high: float | None
    count: int
    examples: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Level:
    """One value of a category, or one word of a text.

    Parameters
    ----------
    value : str
    count : int
    share : float
        Part of the cells that are not missing; of words, part of the texts that have it.
    """

    value: str
    count: int
    share: float


@dataclass(frozen=True)
class Numbers:
    """Figures of a column of numbers.

    Parameters
    ----------
    min, max, mean, std, skew : float or None
        ``std`` and ``skew`` are those of a sample (pandas); ``None`` where too few values or too
        large ones leave them undefined.
    quantiles : dict of str to float
        By name: ``1%`` to ``99%``.
    zeros, negatives : int
    whole : bool
        Whether no value has a fraction.
    histogram : Histogram
    outliers : Outliers
    """

    min: float
    max: float
    mean: float | None
    std: float | None
    skew: float | None
    quantiles: dict[str, float]
    zeros: int
    negatives: int
    whole: bool
    histogram: Histogram
    outliers: Outliers


@dataclass(frozen=True)
class Levels:
    """Figures of a column of categories.

    Parameters
    ----------
    top : tuple of Level
        The most frequent ones first.
    other : int
        Cells with a level that is not among them.
    rare, rare_cells : int
        Levels with very few cells, and their cells.
    entropy : float
        In bits; 0 when all cells are alike.
    """

    top: tuple[Level, ...]
    other: int
    rare: int
    rare_cells: int
    entropy: float


@dataclass(frozen=True)
class Lengths:
    """How long texts are.

    Parameters
    ----------
    min, median, mean, max : float
    histogram : Histogram
    """

    min: float
    median: float
    mean: float
    max: float
    histogram: Histogram


@dataclass(frozen=True)
class Texts:
    """Figures of a column of free text.

    Parameters
    ----------
    characters, words : Lengths
    blank : int
        Cells of white space alone.
    top_words : tuple of Level
        Words in most texts first; short ones, which say little, are left out.
    examples : tuple of str
        Shortened.
    """

    characters: Lengths
    words: Lengths
    blank: int
    top_words: tuple[Level, ...]
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Periods:
    """Rows by period.

    Parameters
    ----------
    period : str
        hour, day, week, month, quarter, year or decade.
    starts : tuple of str
        When each period begins, without a break between them.
    counts : tuple of int
    below, above : int
        Rows before the first and after the last of them: few, and far away.
    """

    period: str
    starts: tuple[str, ...]
    counts: tuple[int, ...]
    below: int = 0
    above: int = 0


@dataclass(frozen=True)
class Gap:
    """A stretch of time in which nothing is.

    Parameters
    ----------
    start, end : str
        The times before and after it.
    length : str
    """

    start: str
    end: str
    length: str


@dataclass(frozen=True)
class Times:
    """Figures of a column of dates or times.

    Parameters
    ----------
    first, last : str
        ISO 8601.
    span : str
        The time between them.
    step : str or None
        The most frequent step from one time to the next different one.
    step_share : float or None
        Part of the steps that are so long.
    gap_count : int
        Steps that are too long.
    gaps : tuple of Gap
        The longest ones.
    periods : Periods
    weekdays : tuple of int
        Rows by day of the week, from Monday; empty for first days of months.
    hours : tuple of int
        Rows by hour of the day; empty for days without a time.
    out_of_range : int
        Times that are hardly meant: a placeholder, or a typing error.
    out_of_range_examples : tuple of Cell
    unread : int
        Cells that the format of the others does not read.
    """

    first: str
    last: str
    span: str
    step: str | None
    step_share: float | None
    gap_count: int
    gaps: tuple[Gap, ...]
    periods: Periods
    weekdays: tuple[int, ...]
    hours: tuple[int, ...]
    out_of_range: int
    out_of_range_examples: tuple[Cell, ...]
    unread: int


@dataclass(frozen=True)
class Association:
    """How much a column says about the target.

    Parameters
    ----------
    share : float
        Part of the target's entropy that the column explains, from 0 to 1: the measure by which
        columns of all types compare.
    missing_share : float or None
        The same of nothing but whether a cell is missing; ``None`` where none is.
    correlation : float or None
        By the measure that suits the two types; ``None`` where there is none.
    measure : str
        Its name.
    """

    share: float
    missing_share: float | None
    correlation: float | None
    measure: str


@dataclass(frozen=True)
class ColumnProfile:
    """Everything about one column.

    Parameters
    ----------
    name : str
    semantic : Semantic
        What the column means: numeric, boolean, categorical, datetime, text and so on.
    evidence : str
        Why.
    storage : str
        number, bool, string, datetime or nested.
    role : str
        ``target``, ``feature`` or ``unused``.
    dropped : str or None
        Why it would be no feature.
    missing : int
    missing_share : float
    distinct : int
        Different values, missing ones not counted.
    numbers, levels, texts, times : optional
        Figures by kind; at most one of them is given.
    association : Association, optional
        With the target, if there is one.
    """

    name: str
    semantic: Semantic
    evidence: str
    storage: str
    role: str
    dropped: str | None
    missing: int
    missing_share: float
    distinct: int
    numbers: Numbers | None = None
    levels: Levels | None = None
    texts: Texts | None = None
    times: Times | None = None
    association: Association | None = None
