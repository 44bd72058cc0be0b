"""What each column means: detection with evidence, and overrides by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from trialbook.data._columns import Column, Semantic
from trialbook.errors import OptionError, nearest
from trialbook.orders import folded
from trialbook.tables.plain import Storage, shown, storage_of
from trialbook.tables.text import MISSING_VALUE, detect_format


@dataclass(frozen=True)
class _Policy:
    """Thresholds of detection, each with its reason."""

    # With fewer rows, all-distinct values are no surprise: they prove nothing.
    identifier_rows: int = 20
    # A few repeats happen in real identifiers (a record entered twice).
    identifier_distinct: float = 0.98
    # A column that is *named* an identifier needs less proof.
    named_identifier_distinct: float = 0.9
    # A row number whose rows were sampled (a training split) still fills half of its range.
    identifier_density: float = 0.5
    # Hashes, UUIDs and keys are shorter than this (SHA-512 in hexadecimal has 128 characters);
    # longer tokens are text that character n-grams can use.
    identifier_characters: float = 130
    # Keys have no spaces; a few may ("A/5 21171" in a column of ticket numbers).
    identifier_spaces: float = 0.05
    # Three words and more are a phrase ...
    text_words: float = 3.0
    # ... unless the phrases repeat like levels of a category ("some college, no degree").
    text_distinct: float = 0.05
    text_levels: int = 50
    # Names of people have two words, and hardly one comes twice.
    name_words: float = 1.8
    name_distinct: float = 0.8
    # Words are counted on this many values: enough to know their mean.
    sample: int = 2_000


POLICY = _Policy()

# A year per row is a trend, not a row number.
_YEARS = (1800, 2200)

# Names of columns that number or key the rows: id, customer_id, customerID, uuid, row number.
_IDENTIFIER_NAME = re.compile(
    r"(?:.*[\s_.\-])?(?i:id|ids|uid|uuid|guid|pk)|.*[a-z](?:Id|ID|Uuid|UUID|Guid|GUID)"
    r"|(?i:row_?(?:id|nr|num|number|names?)|index|unnamed: ?\d+|record_?(?:nr|num|number)|recno)"
)

# What a person may write for a type -> the type; case and punctuation do not matter. "ignore"
# drops the column.
TYPE_NAMES: Mapping[str, Semantic | None] = {
    "numeric": Semantic.NUMERIC,
    "number": Semantic.NUMERIC,
    "boolean": Semantic.BOOLEAN,
    "bool": Semantic.BOOLEAN,
    "categorical": Semantic.CATEGORICAL,
    "category": Semantic.CATEGORICAL,
    "categorical_hash": Semantic.CATEGORICAL,
    "datetime": Semantic.DATETIME,
    "date": Semantic.DATETIME,
    "timestamp": Semantic.DATETIME,
    "text": Semantic.TEXT,
    "identifier": Semantic.IDENTIFIER,
    "hashes": Semantic.IDENTIFIER,
    "ignore": None,
}
# Takes the type from how the column is stored, whatever its cells look like.
NATIVE = "native"
_FOLDED = {folded(name): name for name in (*TYPE_NAMES, NATIVE)}

# Why a column of some type is not a feature.
_DROPPED = {
    Semantic.IDENTIFIER: "identifier",
    Semantic.CONSTANT: "constant",
    Semantic.UNSUPPORTED: "not supported",
}


@dataclass(frozen=True)
class _Facts:
    """What is counted once per column."""

    name: str
    storage: Storage
    codes: np.ndarray
    values: np.ndarray

    @property
    def rows(self) -> int:
        return len(self.codes)

    @property
    def missing(self) -> int:
        return int(np.count_nonzero(self.codes < 0))

    @property
    def distinct(self) -> int:
        return len(self.values)

    @property
    def distinct_share(self) -> float:
        return self.distinct / max(1, self.rows - self.missing)


def detect(
    frame: pd.DataFrame,
    *,
    overrides: Mapping[str, str],
    annotations: Mapping[str, str] | None = None,
    spaceless: bool = False,
) -> tuple[Column, ...]:
    """Find the meaning of every column.

    Parameters
    ----------
    frame : DataFrame
        Normalised table of the columns that may be features.
    overrides : mapping of str to str
        Type by column name, which comes before detection: numeric, boolean, categorical,
        categorical_hash, datetime, text, identifier, native or ignore. An override to a feature
        type makes the column a feature whatever detection would have said.
    annotations : mapping of str to str, optional
        Types that the table carries; they come after `overrides`, and one that the values cannot
        have is passed over.
    spaceless : bool, optional
        Whether text is in a language that has no spaces between words.

    Returns
    -------
    tuple of Column
        In the order of the table.

    Raises
    ------
    OptionError
        If an override names an unknown column or type, or a type that the values cannot have.
    """
    _check_overrides(frame, overrides)
    annotated = {
        name: kind
        for name, kind in (annotations or {}).items()
        if name not in overrides and folded(kind) in _FOLDED
    }
    columns: list[Column] = []
    kept: dict[tuple[int, ...], list[_Facts]] = {}
    for name in frame.columns:
        facts = _facts(frame[name])
        if name in overrides:
            columns.append(_overridden(facts, overrides[name], frame[name]))
            continue
        if name in annotated:
            found = _annotated(facts, annotated[name], frame[name])
            if found is not None:
                columns.append(found)
                continue
        column = _detected(facts, frame[name], spaceless=spaceless)
        original = _original(facts, kept) if column.used else None
        if original is not None:
            column = replace(
                column,
                semantic=Semantic.DUPLICATE,
                evidence=f"every value equals that of '{original}'",
                dropped=f"copy of '{original}'",
            )
        columns.append(column)
    return tuple(columns)


def _check_overrides(frame: pd.DataFrame, overrides: Mapping[str, str]) -> None:
    for name, kind in overrides.items():
        if name not in frame.columns:
            raise OptionError(
                f"there is no feature column '{name}'",
                place="option types",
                remedy=nearest(name, frame.columns),
            )
        if folded(kind) not in _FOLDED:
            raise OptionError(
                f"unknown column type '{kind}' for '{name}'",
                place="option types",
                remedy=nearest(str(kind), _FOLDED.values()),
            )


def _facts(column: pd.Series) -> _Facts:
    storage = storage_of(column)
    if storage is Storage.NESTED:
        codes = np.where(column.isna(), -1, np.arange(len(column)))
        return _Facts(str(column.name), storage, codes, np.flatnonzero(codes >= 0))
    codes, values = pd.factorize(column)
    return _Facts(str(column.name), storage, codes, np.asarray(values))


def _original(facts: _Facts, kept: dict[tuple[int, ...], list[_Facts]]) -> str | None:
    """Name of an earlier column with the same cells."""
    others = kept.setdefault(_digest(facts), [])
    for other in others:
        if _same(facts, other):
            return other.name
    others.append(facts)
    return None


def _digest(facts: _Facts) -> tuple[int, ...]:
    """Equal for equal columns, and hardly ever for others, among thousands of columns too.

    Equal columns have equal values in order of appearance, and equal codes. Neither is enough:
    all columns without repeated values share their codes.
    """
    values = facts.values
    if facts.storage is Storage.NUMBER:
        # Whole numbers that became floating point where cells are missing, and minus zero.
        values = values.astype(np.float64) + 0.0
    elif values.dtype == object:
        values = pd.util.hash_array(values, categorize=False)
    return hash(facts.storage), hash(facts.codes.tobytes()), hash(values.tobytes())


def _same(one: _Facts, other: _Facts) -> bool:
    return np.array_equal(one.codes, other.codes) and np.array_equal(one.values, other.values)


def _column(facts: _Facts, semantic: Semantic, evidence: str, form: str | None = None) -> Column:
    return Column(
        name=facts.name,
        semantic=semantic,
        storage=facts.storage.value,
        evidence=evidence,
        missing=facts.missing,
        distinct=facts.distinct,
        dropped=_DROPPED.get(semantic),
        datetime_format=form,
    )


def _says_nothing(facts: _Facts, column: pd.Series) -> Column | None:
    """The column, if nothing could be made of it whatever it means."""
    if facts.distinct == 0:
        found = _column(facts, Semantic.CONSTANT, "every cell is missing")
        return replace(found, dropped="all missing")
    if facts.storage is Storage.NESTED:
        kind = type(column.dropna().iloc[0]).__name__
        return _column(facts, Semantic.UNSUPPORTED, f"cells of type {kind} are not supported")
    if facts.distinct == 1 and facts.missing == 0:
        return _column(facts, Semantic.CONSTANT, f"every cell is {shown(facts.values[0])}")
    return None


def _detected(facts: _Facts, column: pd.Series, *, spaceless: bool) -> Column:
    nothing = _says_nothing(facts, column)
    if nothing is not None:
        return nothing
    if facts.storage is Storage.DATETIME:
        return _column(facts, Semantic.DATETIME, "stored as times")
    if facts.storage is Storage.BOOL:
        return _column(facts, Semantic.BOOLEAN, "stored as true and false")
    if facts.storage is Storage.NUMBER:
        return _number(facts)
    return _string(facts, spaceless=spaceless)


def _number(facts: _Facts) -> Column:
    values = facts.values
    if facts.distinct <= 2 and np.isin(values, (0, 1)).all():
        return _column(facts, Semantic.BOOLEAN, "only 0 and 1 occur")
    whole = values.dtype.kind in "iu" or bool(np.all(values == np.floor(values)))
    evidence = _numbered_rows(facts) if whole else None
    if evidence is not None:
        return _column(facts, Semantic.IDENTIFIER, evidence)
    kind = "whole numbers" if whole else "numbers"
    return _column(facts, Semantic.NUMERIC, f"{facts.distinct:,} different {kind}")


def _numbered_rows(facts: _Facts) -> str | None:
    """Why whole numbers are an identifier; ``None`` when they are a quantity."""
    if facts.rows < POLICY.identifier_rows:
        return None
    if _IDENTIFIER_NAME.fullmatch(facts.name):
        if facts.distinct_share >= POLICY.named_identifier_distinct:
            return f"named like an identifier, and {facts.distinct_share:.0%} of values differ"
        return None
    if facts.missing or facts.distinct < facts.rows:
        return None
    # All rows differ, so that the values stand in the order of the rows.
    low, high = facts.values.min(), facts.values.max()
    if low >= _YEARS[0] and high <= _YEARS[1]:
        return None
    steps = np.diff(facts.values)
    if np.all(steps == 1) or np.all(steps == -1):
        return "it counts the rows"
    if facts.rows / (high - low + 1) >= POLICY.identifier_density and np.all(steps > 0):
        return "it grows from row to row, and no value comes twice"
    return None


def _string(facts: _Facts, *, spaceless: bool) -> Column:
    form = detect_format(facts.values)
    if form is not None:
        how = "ISO 8601 dates" if form == "ISO8601" else f"dates in the format {form}"
        return _column(facts, Semantic.DATETIME, how, form)
    sample = facts.values[:: max(1, facts.distinct // POLICY.sample)]
    count = _characters if spaceless else _words
    words = np.array([count(value) for value in sample])
    spaced = float(np.mean([" " in value.strip() for value in sample]))
    if spaceless:  # a phrase without spaces is no key either
        spaced = max(spaced, float(np.mean(words >= POLICY.text_words)))
    length = float(np.mean([len(value) for value in sample]))
    share = facts.distinct_share
    needed = (
        POLICY.named_identifier_distinct
        if _IDENTIFIER_NAME.fullmatch(facts.name)
        else POLICY.identifier_distinct
    )
    distinct = facts.rows - facts.missing >= POLICY.identifier_rows and share >= needed
    short = spaced <= POLICY.identifier_spaces and length <= POLICY.identifier_characters
    if distinct and short:
        return _column(facts, Semantic.IDENTIFIER, f"{share:.0%} of the codes differ")
    mean_words = float(words.mean())
    phrase = (
        mean_words >= POLICY.text_words
        and share >= POLICY.text_distinct
        and facts.distinct >= POLICY.text_levels
    )
    name = (
        mean_words >= POLICY.name_words
        and share >= POLICY.name_distinct
        and facts.rows >= POLICY.identifier_rows
    )
    if phrase or name or length > POLICY.identifier_characters:
        return _column(
            facts, Semantic.TEXT, f"{mean_words:.1f} words a cell, {share:.0%} of the cells differ"
        )
    return _column(facts, Semantic.CATEGORICAL, f"{facts.distinct:,} levels")


_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")


def _words(value: str) -> int:
    return len(_WORD.findall(value))


def _characters(value: str) -> int:
    """Words of a text without spaces, of about two characters each; ASCII is written with them."""
    beyond = sum(character > "\x7f" and character.isalpha() for character in value)
    return _words(value) if not beyond else beyond // 2


def _annotated(facts: _Facts, kind: str, column: pd.Series) -> Column | None:
    """The column as its table says; ``None`` if its values say otherwise."""
    try:
        found = _says_nothing(facts, column) or _overridden(facts, kind, column)
    except OptionError:
        return None
    asked = found.evidence == _BY_REQUEST
    return replace(found, evidence="type annotated in the table") if asked else found


_BY_REQUEST = "type given by request"


def _overridden(facts: _Facts, asked: str, cells: pd.Series) -> Column:
    kind = _FOLDED[folded(asked)]
    if kind == NATIVE:
        native = _column(
            facts, _UNASKED.get(facts.storage, Semantic.UNSUPPORTED), "as it is stored"
        )
        return _says_nothing(facts, cells) or native
    semantic = TYPE_NAMES[kind]
    if semantic is None:
        found = _column(facts, Semantic.CATEGORICAL, "ignored by request")
        kind = _UNASKED.get(facts.storage, Semantic.UNSUPPORTED)
        return replace(found, semantic=kind, dropped="ignored by request")
    column = _column(facts, semantic, _BY_REQUEST)
    if semantic is Semantic.IDENTIFIER:
        return column
    storage = facts.storage
    problem = None
    if facts.distinct == 0:
        problem = "every cell is missing"
    elif storage is Storage.NESTED:
        problem = "its cells hold lists or objects"
    elif semantic is Semantic.NUMERIC and storage in (Storage.STRING, Storage.DATETIME):
        problem = "it holds times" if storage is Storage.DATETIME else _no_numbers(facts.values)
        column = replace(column, storage=Storage.NUMBER.value)
    elif semantic is Semantic.BOOLEAN and storage is not Storage.BOOL:
        binary = storage is Storage.NUMBER and np.isin(facts.values, (0, 1)).all()
        problem = None if binary else "its values are not only 0 and 1, or true and false"
    elif semantic is Semantic.DATETIME and storage is Storage.STRING:
        form = detect_format(facts.values, share=_ASKED_DATE_SHARE)
        problem = f"no date format fits {shown(facts.values[0])}" if form is None else None
        column = replace(column, datetime_format=form)
    elif semantic is Semantic.DATETIME and storage is not Storage.DATETIME:
        problem = f"it holds {storage.value}s"
    elif semantic is Semantic.TEXT and storage is not Storage.STRING:
        problem = f"it holds {storage.value} values, not text"
    elif semantic is Semantic.CATEGORICAL and storage is Storage.DATETIME:
        problem = "it holds times"
    if problem is not None:
        raise OptionError(
            f"column '{facts.name}' cannot be {semantic.value}: {problem}",
            place="option types",
            remedy="Name another type, or leave it to detection.",
        )
    return column


# What a column is called by its storage alone, ignored or native.
_UNASKED = {
    Storage.NUMBER: Semantic.NUMERIC,
    Storage.BOOL: Semantic.BOOLEAN,
    Storage.STRING: Semantic.CATEGORICAL,
    Storage.DATETIME: Semantic.DATETIME,
}

# Who asks for dates has looked: half of the cells may be something else (and become missing).
_ASKED_DATE_SHARE = 0.5


def _no_numbers(values: np.ndarray) -> str | None:
    """What keeps strings from being numbers."""
    texts = pd.Series(values, dtype=object).str.strip()
    texts = texts[~texts.isin(MISSING_VALUE)]
    wrong = texts[pd.to_numeric(texts, errors="coerce").isna()]
    return None if wrong.empty else f"it holds {shown(wrong.iloc[0])}"
