"""What was asked of the features, settled for the columns that a table has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from trialbook._languages import ACCENTS_OPTIONAL, SPACELESS, language_name
from trialbook._words import listed
from trialbook.data._columns import Column, Semantic
from trialbook.data._guardrails import Guardrail
from trialbook.errors import OptionError, nearest
from trialbook.orders import (
    ENCODINGS,
    OFF,
    TRANSFORMERS,
    VECTORIZERS,
    Imputer,
    Orders,
    Value,
    blocked_names,
    folded,
)
from trialbook.tables.plain import Storage, as_text, shown

if TYPE_CHECKING:
    from trialbook.job import Job

FEATURIZATION, IMPUTERS, LANGUAGE = "Featurization", "Imputers", "Language of text"
_CATEGORIES = (Semantic.CATEGORICAL, Semantic.BOOLEAN)
_MIDDLE = ("mean", "median")
# The transformers that have something to do with columns of a kind.
_KINDS: Mapping[str, tuple[str, ...]] = {
    "text": (*VECTORIZERS, "topics"),
    "category": (*ENCODINGS, "imputer"),
    "number": ("imputer",),
    "date": ("imputer", "dates"),
}
HASHED = "categoricalhash"
# What makes columns that a transformer is for.
_TO_HASH = {"hash_one_hot": "; columns of the type categorical_hash are hashed"}


def orders_of(job: Job, columns: Sequence[Column]) -> Orders:
    """Settle what a job asks of the features.

    Parameters
    ----------
    job : Job
    columns : sequence of Column
        Those of the schema.

    Returns
    -------
    Orders
        For the columns that are used.

    Raises
    ------
    OptionError
        If a named column cannot be filled as asked.
    """
    used = [column for column in columns if column.used]
    imputers = {column.name: _imputer(job, column) for column in used}
    return Orders(
        imputers={name: one for name, one in imputers.items() if one is not None},
        blocked=blocked_names(job.block_transformers, job.featurization),
        parameters=job.transformer_params,
        hashed=frozenset(
            column.name
            for column in used
            if _kind(column) == "category" and folded(job.types.get(column.name)) == HASHED
        ),
        language=job.language,
    )


def native_names(job: Job) -> dict[str, str]:
    """Columns whose type is not detected because a job says how they are filled."""
    return dict.fromkeys(job.imputers, "native")


def ordered_columns(job: Job, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Take out the columns for which nothing is left that makes features of them.

    Parameters
    ----------
    job : Job
    columns : sequence of Column
        As they were detected.

    Returns
    -------
    tuple of Column
    """
    if job.featurization == "off":
        columns = [_plain(job, column) for column in columns]
    orders = Orders(blocked=blocked_names(job.block_transformers, job.featurization))
    return tuple(_encodable(orders, column) for column in columns)


def _plain(job: Job, column: Column) -> Column:
    """Without featurization a number is a number, whatever it may mean."""
    meanings = (Semantic.IDENTIFIER, Semantic.DUPLICATE)
    if column.semantic not in meanings or column.storage != Storage.NUMBER:
        return column
    if column.name in job.types or column.name in job.ignore:
        return column
    evidence = "stored as numbers, and featurization is off"
    return replace(column, semantic=Semantic.NUMERIC, evidence=evidence, dropped=None)


def _encodable(orders: Orders, column: Column) -> Column:
    """The column, dropped if whatever encodes its kind is blocked."""
    kind = _kind(column)
    needed = {"text": VECTORIZERS, "category": ENCODINGS}.get(kind, ())
    if not column.used or not needed or any(orders.allows(one) for one in needed):
        return column
    if orders.blocked == OFF:
        return replace(column, dropped="text, and featurization is off")
    return replace(column, dropped=f"{', '.join(needed)} are blocked")


def check_orders(job: Job, columns: Sequence[Column]) -> tuple[Guardrail, ...]:
    """Say what becomes of what was asked, and refuse what names no column.

    Parameters
    ----------
    job : Job
    columns : sequence of Column
        Those of the schema, after `ordered_columns`.

    Returns
    -------
    tuple of Guardrail
        Empty where nothing was asked.

    Raises
    ------
    OptionError
        If an order names a column that is not there, or cannot be followed.
    """
    by_name = {column.name: column for column in columns}
    _check_names("imputers", job.imputers, by_name)
    for name, entries in job.transformer_params.items():
        for entry in entries:
            _check_names(f"transformer_params.{name}", entry.fields, by_name)
    orders_of(job, columns)
    notes: list[Guardrail] = []
    if job.featurization == "off":
        action = (
            "numbers are scaled where a learner needs that, categories are codes, a date is one"
            " number; missing values are filled only for learners that cannot take them"
        )
        notes.append(Guardrail(FEATURIZATION, "passed", "it is off", action))
    if job.block_transformers:
        done = [f"{name}: {TRANSFORMERS[name].blocked}" for name in job.block_transformers]
        finding = f"blocked: {', '.join(job.block_transformers)}"
        notes.append(Guardrail(FEATURIZATION, "passed", finding, "; ".join(done)))
    if job.imputers:
        finding = f"missing cells are filled as asked in {listed(job.imputers)}"
        action = "types of these columns are what they are stored as, unless given"
        notes.append(Guardrail(IMPUTERS, "passed", finding, action, tuple(job.imputers)))
    if job.language is not None:
        finding = f"text is in {language_name(job.language)}"
        notes.append(Guardrail(LANGUAGE, "passed", finding, _language_effect(job.language)))
    return (*notes, *_without_effect(job, by_name))


def _check_names(option: str, names: Iterable[str], known: Mapping[str, Column]) -> None:
    for name in names:
        if name not in known:
            raise OptionError(
                f"there is no feature column '{name}'",
                place=f"option {option}",
                remedy=nearest(name, known),
            )


def _language_effect(language: str) -> str:
    if language in SPACELESS:
        return "words are not told by spaces: n-grams of characters take their place"
    if language in ACCENTS_OPTIONAL:
        return "words with and without accents are one"
    return "words are told by spaces, as they are"


def _without_effect(job: Job, columns: Mapping[str, Column]) -> list[Guardrail]:
    """What was asked in vain."""
    notes = []
    kept = ordered_columns(job, [replace(one, dropped=None) for one in columns.values()])
    lost = [one for one in kept if one.dropped == columns[one.name].dropped is not None]
    if lost:
        names = tuple(column.name for column in lost)
        finding = f"no means are left for {listed(names)}: {lost[0].dropped}"
        action = "left out, and not asked for in prediction"
        notes.append(Guardrail(FEATURIZATION, "alerted", finding, action, names))
    unused = [name for name in job.imputers if not columns[name].used]
    if unused:
        finding = f"an imputer is given for {listed(unused)}, which is left out"
        notes.append(Guardrail(IMPUTERS, "alerted", finding, "no effect", tuple(unused)))
    for transformer, entries in job.transformer_params.items():
        if transformer in job.block_transformers:
            continue  # said below
        takers = _takers(transformer, job, columns.values())
        fields = [name for entry in entries for name in entry.fields]
        vain = [name for name in fields if name not in takers]
        if vain:
            finding = f"parameters of {transformer} are given for {listed(vain)}"
            action = (
                f"no effect: {transformer} is for other columns{_TO_HASH.get(transformer, '')}"
            )
            notes.append(Guardrail(FEATURIZATION, "alerted", finding, action, tuple(vain)))
        elif not takers:
            finding = f"parameters of {transformer} are given, and no column is for it"
            action = f"no effect{_TO_HASH.get(transformer, '')}"
            notes.append(Guardrail(FEATURIZATION, "alerted", finding, action))
    blocked = [name for name in job.transformer_params if name in job.block_transformers]
    if blocked:
        finding = f"parameters are given for {listed(blocked)}, which is blocked"
        notes.append(Guardrail(FEATURIZATION, "alerted", finding, "no effect"))
    return notes


def _takers(transformer: str, job: Job, columns: Iterable[Column]) -> set[str]:
    """The columns that a transformer has something to do with."""
    used = [column for column in columns if column.used]
    kinds = [kind for kind, having in _KINDS.items() if transformer in having]
    takers = {column.name for column in used if _kind(column) in kinds}
    if transformer == "hash_one_hot":
        orders = orders_of(job, used)
        # The last resort of categories that may be encoded in no other way.
        if any(orders.allows(one) for one in ("one_hot", "target_encoding")):
            takers &= orders.hashed
    return takers


# -- imputers --------------------------------------------------------------------------------


def _kind(column: Column) -> str:
    """What a column is to transformers: number, category, date or text."""
    if column.semantic is Semantic.DATETIME:
        return "date"
    if column.semantic is Semantic.TEXT:
        return "text"
    number = column.semantic is Semantic.BOOLEAN and column.storage == Storage.NUMBER
    return "category" if column.semantic in _CATEGORIES and not number else "number"


def _imputer(job: Job, column: Column) -> Imputer | None:
    """How a column is filled: as its own order says, or else one for all columns, if it can."""
    asked = job.imputers.get(column.name)
    if asked is not None:
        return _fitting(asked, column, place="imputers")
    entries = job.transformer_params.get("imputer", ())
    for entry in entries:
        if column.name in entry.fields:
            imputer = Imputer.model_validate(entry.parameters)
            return _fitting(imputer, column, place="transformer_params.imputer")
    for entry in entries:
        imputer = Imputer.model_validate(entry.parameters)
        if not entry.fields and _suits_all(imputer, column):
            return _fitting(imputer, column, place="transformer_params.imputer")
    return None


def _suits_all(imputer: Imputer, column: Column) -> bool:
    """Whether an imputer without named columns means this one."""
    kind = _kind(column)
    if imputer.strategy == "most_frequent":
        return kind != "text"
    if imputer.strategy in _MIDDLE:
        return kind == "number"
    return kind == ("category" if isinstance(imputer.fill_value, str) else "number") and (
        kind == "number" or column.storage == Storage.STRING
    )


def _fitting(imputer: Imputer, column: Column, *, place: str) -> Imputer:
    """The imputer with its value as the column holds values, or why it cannot be."""
    kind, problem = _kind(column), None
    if kind == "text":
        problem = "it is text, in which a missing cell is a word of its own"
    elif kind == "category" and imputer.strategy in _MIDDLE:
        problem = f"categories have no {imputer.strategy}"
    if problem is not None:
        raise OptionError(
            f"column '{column.name}' cannot be filled by {imputer.strategy}: {problem}",
            place=f"option {place}",
            remedy="Name another strategy, or the column's type with the option types: it is not"
            " detected where an imputer is given.",
        )
    if imputer.fill_value is None:
        return imputer
    value = _value(imputer.fill_value, column)
    if value is None:
        raise OptionError(
            f"column '{column.name}' cannot be filled with {shown(imputer.fill_value)}",
            place=f"option {place}",
            remedy=f"It holds {_HOLDS.get(column.storage, 'text')}; give one of these.",
        )
    return Imputer(strategy=imputer.strategy, fill_value=value)


_HOLDS = {
    Storage.NUMBER.value: "numbers",
    Storage.BOOL.value: "true and false",
    Storage.DATETIME.value: "dates such as 2024-12-31",
}


def _value(value: Value, column: Column) -> Value | None:
    """A value in the form of a column's cells; ``None`` if it has none."""
    if column.semantic is Semantic.DATETIME:
        time = pd.to_datetime(str(value), errors="coerce", utc=True)
        return None if pd.isna(time) else str(time.tz_localize(None).isoformat())
    if column.storage == Storage.NUMBER:
        number = pd.to_numeric(str(float(value) if isinstance(value, bool) else value), "coerce")
        return None if pd.isna(number) else float(number)
    if column.storage == Storage.BOOL:
        known = {"true": "True", "1": "True", "false": "False", "0": "False"}
        return known.get(as_text(value).lower())
    return as_text(value)
