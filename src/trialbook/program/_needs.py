"""What a learner needs of its features, and the columns that they are made of: policy as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from trialbook.orders import Orders

# One-hot columns of more levels are mostly zeros; target encoding says more in one column.
ONE_HOT_MAX_LEVELS = 32
# Histogram gradient boosting in scikit-learn takes at most 255 levels of a category.
MAX_NATIVE_LEVELS = 250
# Levels with fewer rows than this share one column: a rarer one cannot be learnt from.
MIN_LEVEL_ROWS = 3
# Features of several columns are made for so many columns of a kind at most: choosing among the
# columns of a wider table takes longer than it is worth.
MAX_COMBINED_COLUMNS = 300
# What the transformers of `_transformers` keep at most.
MAX_PAIRS = 16
MAX_CROSSES = 10
# Of so many columns all pairs are made, four features each. Against `MAX_PAIRS` chosen ones, one
# LightGBM lost 4.5 % of its out-of-fold error (five folds) on 7,000 rows of HIGGS, 2.5 % on
# concrete and 3.4 % on wine quality; with eight columns as much. On HIGGS the best 250 or 1,000 of
# all pairs, or so many at random, were worse. On spambase and segment, all pairs of eleven columns
# made another LightGBM worse by more than a tenth: they are for some members of a vote only.
PAIRED_COLUMNS = 10

# Hashed categories have two to the power of so many columns: as many as one-hot columns.
HASH_BITS = 5

Numeric = Literal["keep", "impute", "standard", "squash", "minmax"]
Categorical = Literal["codes", "one_hot"]
Datetime = Literal["parts", "cyclic"]
Text = Literal["topics", "ngrams", "words"]
Extra = Literal["arithmetic", "all_pairs", "crosses", "target_encoding"]


@dataclass(frozen=True)
class Preprocessing:
    """What a learner needs of its features.

    Parameters
    ----------
    numeric : {"keep", "impute", "standard", "squash", "minmax"}
        Leave numbers as they are (missing ones too), impute, and then scale by standard
        deviation, by quantiles with a smooth clip, or into the unit interval.
    categorical : {"codes", "one_hot"}
        Categories as codes, or as one-hot columns with target encoding above
        `ONE_HOT_MAX_LEVELS` levels.
    datetime : {"parts", "cyclic"}
        Dates as calendar parts, or as parts on circles.
    text : {"topics", "ngrams", "words"}
        Free text as a few topics (TF-IDF, then SVD), as sparse TF-IDF n-grams, or as whether it
        has each of the most frequent words and pairs of words.
    n_words : int
        How many of these.
    dense : bool
        Whether the learner needs a dense matrix.
    frame : bool
        Whether the learner needs a table in which codes of categories are whole numbers.
    extra : tuple of {"arithmetic", "all_pairs", "crosses", "target_encoding"}
        Features beside those of the columns themselves: arithmetic of two numbers, for the best
        pairs or for all pairs of the best columns, two categories as one, and what a category
        says of the target. Those that the columns do not allow (see `possible_extras`) are left
        out.
    select : int, optional
        Of all columns after encoding, only so many: those most important to extra trees.
    """

    numeric: Numeric = "keep"
    categorical: Categorical = "codes"
    datetime: Datetime = "parts"
    text: Text = "topics"
    n_words: int = 1000
    dense: bool = True
    frame: bool = False
    extra: tuple[Extra, ...] = ()
    select: int | None = None

    @property
    def complete(self) -> bool:
        """Whether missing values must be gone."""
        return self.numeric != "keep"


@dataclass(frozen=True)
class Columns:
    """The columns of a table by kind.

    Parameters
    ----------
    numeric : tuple of str
    counts : tuple of str
        Those of `numeric` that count things which are mostly absent, such as words.
    categorical : mapping of str to int
        Categories and booleans with their number of levels.
    coded : tuple of str
        Those of `categorical` that are stored as numbers, so that 5 and 5.0 are one level.
    datetime : mapping of str to (str or None)
        The format of dates stored as text; ``None`` when stored as dates.
    timed : tuple of str
        Those of `datetime` that have a time of day.
    text : tuple of str
    orders : Orders
        What a person asked of them. Whatever is made of the columns keeps to it.
    """

    numeric: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    categorical: Mapping[str, int] = field(default_factory=dict)
    coded: tuple[str, ...] = ()
    datetime: Mapping[str, str | None] = field(default_factory=dict)
    timed: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    orders: Orders = field(default_factory=Orders)

    def __len__(self) -> int:
        return len(self.numeric) + len(self.categorical) + len(self.datetime) + len(self.text)


def possible_extras(columns: Columns) -> tuple[Extra, ...]:
    """The kinds of features of several columns, and of the target, that a table allows.

    Parameters
    ----------
    columns : Columns

    Returns
    -------
    tuple of str
        Values of `Preprocessing.extra`.
    """
    return tuple(extra for extra, width in _extra_widths(columns).items() if width)


def extra_width(columns: Columns, extra: tuple[Extra, ...], n_outputs: int = 1) -> int:
    """How many columns such features are, at most.

    Parameters
    ----------
    columns : Columns
    extra : tuple of str
        Values of `Preprocessing.extra`.
    n_outputs : int
        What a category says of the target is one number, or one for each of several classes.

    Returns
    -------
    int
    """
    widths = _extra_widths(columns)
    encoded = ("crosses", "target_encoding")
    return sum(widths[one] * (n_outputs if one in encoded else 1) for one in extra)


def _extra_widths(columns: Columns) -> dict[Extra, int]:
    numbers = len(columns.numeric) if len(columns.numeric) <= MAX_COMBINED_COLUMNS else 0
    paired = min(PAIRED_COLUMNS, numbers)
    levels = len(columns.categorical) if len(columns.categorical) <= MAX_COMBINED_COLUMNS else 0
    widths: dict[Extra, int] = {
        "arithmetic": min(MAX_PAIRS, numbers * (numbers - 1) // 2),
        "all_pairs": 2 * paired * (paired - 1),
        "crosses": min(MAX_CROSSES, levels * (levels - 1) // 2),
        "target_encoding": levels,
    }
    allowed = columns.orders.allows
    return {one: width if allowed(*_MADE_BY[one]) else 0 for one, width in widths.items()}


# The transformers without which there are no such features.
_MADE_BY: Mapping[Extra, tuple[str, ...]] = {
    "arithmetic": ("arithmetic",),
    "all_pairs": ("arithmetic",),
    "crosses": ("crosses", "target_encoding"),
    "target_encoding": ("target_encoding",),
}


# -- categories ------------------------------------------------------------------------------

# How categories are encoded, and what takes the place of an encoding that is blocked, in turn:
# for learners that take codes, and for others by whether there are few levels or many.
_IN_TURN: Mapping[str, tuple[str, ...]] = {
    "codes": ("codes", "one_hot", "target_encoding", "hash_one_hot"),
    "few": ("one_hot", "target_encoding", "hash_one_hot", "codes"),
    "many": ("target_encoding", "one_hot", "hash_one_hot", "codes"),
}


def max_levels(columns: Columns, name: str) -> int:
    """Levels up to which a category has one-hot columns; beyond, the most frequent ones do."""
    return int(columns.orders.of("one_hot", name).get("max_levels", ONE_HOT_MAX_LEVELS))


def encoding_of(columns: Columns, name: str, categorical: Categorical) -> str:
    """How a category is encoded for a learner.

    Parameters
    ----------
    columns : Columns
    name : str
        One of `Columns.categorical`.
    categorical : {"codes", "one_hot"}
        What the learner needs.

    Returns
    -------
    str
        One of `trialbook.orders.ENCODINGS`.
    """
    few = columns.categorical[name] <= max_levels(columns, name)
    turns = _IN_TURN["codes" if categorical == "codes" else "few" if few else "many"]
    if name in columns.orders.hashed:
        turns = ("hash_one_hot", *turns)
    return next(one for one in turns if columns.orders.allows(one))


def hash_bits(columns: Columns, name: str) -> int:
    """A hashed category has two to the power of so many columns."""
    return int(columns.orders.of("hash_one_hot", name).get("number_of_bits", HASH_BITS))


def category_width(columns: Columns, name: str, categorical: Categorical) -> int:
    """How many columns a category becomes, roughly.

    Parameters
    ----------
    columns, name, categorical
        As in `encoding_of`.

    Returns
    -------
    int
    """
    encoding = encoding_of(columns, name, categorical)
    levels = columns.categorical[name]
    if encoding == "hash_one_hot":
        return min(levels, 1 << hash_bits(columns, name))
    if encoding == "one_hot" or (encoding == "target_encoding" and categorical == "one_hot"):
        # What a level says of the target is learnt six times, which takes as long as columns.
        return min(levels, max_levels(columns, name))
    return 1
