"""Guardrails: checks of the data, each with a verdict, what was found and what was done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from trialbook.data._columns import Column, Semantic
from trialbook.tables._storage import Storage

if TYPE_CHECKING:
    from trialbook.data._schema import Schema

# Azure's rule: a minority of at most this share of the majority is an imbalance worth knowing.
IMBALANCE = 0.2
# With fewer rows a class can hardly be learned, let alone validated.
RARE_CLASS_ROWS = 5
# A column with more missing cells than this says little; it is kept, and named.
MOSTLY_MISSING = 0.5
# A text column in which this share of the cells are numbers is a numeric one with typing errors.
NUMBERS_IN_TEXT = 0.9
# Levels above which a category is encoded by its target, not by a column per level.
HIGH_CARDINALITY = 100

Verdict = Literal["passed", "fixed", "alerted"]


@dataclass(frozen=True)
class Guardrail:
    """A check of the data.

    Parameters
    ----------
    name : str
        What was checked.
    verdict : {"passed", "fixed", "alerted"}
        Nothing found; found and handled; found, and for a person to decide.
    finding : str
        What was found, as a clause.
    action : str
        What was done about it, or what to do; empty when nothing is needed.
    columns : tuple of str, optional
        The columns concerned.
    """

    name: str
    verdict: Verdict
    finding: str
    action: str
    columns: tuple[str, ...] = ()


def rows_text(count: int) -> str:
    """``1 row``, ``2 rows``."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def listed(names: Iterable[str], shown: int = 5) -> str:
    """The first names of a list in quotes, and how many more there are."""
    names = list(names)
    text = ", ".join(f"'{name}'" for name in names[:shown])
    return text + (f" and {len(names) - shown:,} more" if len(names) > shown else "")


def check_features(frame: pd.DataFrame, schema: Schema) -> tuple[Guardrail, ...]:
    """All checks of the features.

    Parameters
    ----------
    frame : DataFrame
        Training table, before columns were dropped.
    schema : Schema
        What was detected in it.

    Returns
    -------
    tuple of Guardrail
    """
    return (
        *_unusable(schema.columns),
        _high_cardinality(schema.columns),
        _missing_values(schema.used, len(frame)),
        *_numbers_in_text(frame, schema.used),
        *_leaks(frame, schema),
    )


def check_classes(y: np.ndarray, classes: tuple[Any, ...], target: str) -> tuple[Guardrail, ...]:
    """Class balance, and classes that are very rare.

    Parameters
    ----------
    y : ndarray of int, shape (n_rows,)
        Class of each training row, as its position in `classes`.
    classes : tuple
        The labels.
    target : str
        Name of the target.

    Returns
    -------
    tuple of Guardrail
        Empty for regression.
    """
    if not classes:
        return ()
    counts = np.bincount(y, minlength=len(classes))
    low, high = int(counts.argmin()), int(counts.argmax())
    share = counts[low] / counts[high]
    finding = (
        f"the smallest class '{classes[low]}' has {rows_text(int(counts[low]))}, "
        f"the largest '{classes[high]}' {int(counts[high]):,} ({share:.0%})"
    )
    if share > IMBALANCE:
        found = [Guardrail("Class balance", "passed", finding, "", (target,))]
    else:
        advice = "rank by a metric that is robust, not by accuracy"
        found = [Guardrail("Class balance", "alerted", finding, advice, (target,))]
    rare = [classes[i] for i in np.flatnonzero(counts < RARE_CLASS_ROWS)]
    if rare:
        found.append(
            Guardrail(
                "Rare classes",
                "alerted",
                f"{_classes_text(rare)} fewer than {RARE_CLASS_ROWS} rows: "
                f"{listed([str(label) for label in rare])}",
                "collect more rows, or join rare classes into one",
                (target,),
            )
        )
    return tuple(found)


def _classes_text(labels: list[Any]) -> str:
    return "1 class has" if len(labels) == 1 else f"{len(labels)} classes have"


def _unusable(columns: tuple[Column, ...]) -> list[Guardrail]:
    found = []
    constant = [c.name for c in columns if c.semantic is Semantic.CONSTANT]
    copies = [c.name for c in columns if c.semantic is Semantic.DUPLICATE]
    if constant or copies:
        parts = []
        if constant:
            parts.append(f"{listed(constant)} never var{'y' if len(constant) > 1 else 'ies'}")
        if copies:
            parts.append(f"{listed(copies)} repeat{'' if len(copies) > 1 else 's'} another column")
        finding = "; ".join(parts)
        found.append(
            Guardrail(
                "Constant and duplicate columns",
                "fixed",
                finding,
                "dropped",
                (*constant, *copies),
            )
        )
    else:
        found.append(Guardrail("Constant and duplicate columns", "passed", "none", ""))
    nested = tuple(c.name for c in columns if c.storage == Storage.NESTED and not c.used)
    if nested:
        finding = f"{listed(nested)} hold lists, objects or bytes"
        found.append(
            Guardrail("Supported values", "fixed", finding, "dropped; unpack them to use", nested)
        )
    return found


def _high_cardinality(columns: tuple[Column, ...]) -> Guardrail:
    name = "High cardinality"
    keys = tuple(c.name for c in columns if c.semantic is Semantic.IDENTIFIER and not c.used)
    many = tuple(
        c.name
        for c in columns
        if c.used and c.semantic is Semantic.CATEGORICAL and c.distinct > HIGH_CARDINALITY
    )
    if not keys and not many:
        return Guardrail(name, "passed", "no identifiers and no very large categories", "")
    parts = []
    actions = []
    if keys:
        parts.append(
            f"{listed(keys)} {'are identifiers' if len(keys) > 1 else 'is an identifier'}"
        )
        actions.append("identifiers are dropped")
    if many:
        parts.append(f"{listed(many)} ha{'ve' if len(many) > 1 else 's'} very many levels")
        actions.append("levels are encoded by the target or hashed, per learner")
    return Guardrail(name, "fixed", "; ".join(parts), "; ".join(actions), (*keys, *many))


def _missing_values(columns: tuple[Column, ...], n_rows: int) -> Guardrail:
    name = "Missing values"
    lacking = [c for c in columns if c.missing]
    if not lacking:
        return Guardrail(name, "passed", "no feature has missing values", "")
    lacking.sort(key=lambda column: -column.missing)
    worst = ", ".join(f"'{c.name}' {c.missing / n_rows:.1%}" for c in lacking[:5])
    more = f" and {len(lacking) - 5:,} more" if len(lacking) > 5 else ""
    mostly = sum(c.missing > MOSTLY_MISSING * n_rows for c in lacking)
    note = f"; {mostly} more than half empty" if mostly else ""
    return Guardrail(
        name,
        "fixed",
        f"{len(lacking):,} of {len(columns):,} features have missing values: {worst}{more}{note}",
        "filled inside the model, or left to learners that take them",
        tuple(c.name for c in lacking),
    )


def _numbers_in_text(frame: pd.DataFrame, columns: tuple[Column, ...]) -> list[Guardrail]:
    found = []
    for column in columns:
        if column.storage != Storage.STRING or column.semantic is not Semantic.CATEGORICAL:
            continue
        levels = frame[column.name].value_counts()
        head = pd.to_numeric(pd.Series(levels.index[:200], dtype=object), errors="coerce")
        if head.notna().mean() < NUMBERS_IN_TEXT / 2:
            continue
        numbers = pd.to_numeric(pd.Series(levels.index, dtype=object), errors="coerce")
        words = numbers.isna().to_numpy()
        share = levels.to_numpy()[~words].sum() / levels.sum()
        if share < NUMBERS_IN_TEXT or not words.any():
            continue
        found.append(
            Guardrail(
                "Numbers in text",
                "alerted",
                f"{share:.1%} of '{column.name}' are numbers, but not '{levels.index[words][0]}'",
                "used as a category; clear the other cells to use it as a number",
                (column.name,),
            )
        )
    return found


def _leaks(frame: pd.DataFrame, schema: Schema) -> list[Guardrail]:
    """Features that give the target away: one value of the feature, one of the target."""
    codes, values = pd.factorize(frame[schema.target])
    key = codes.tobytes()
    same = []
    for column in schema.used:
        if column.distinct != len(values) or column.missing:
            continue
        if pd.factorize(frame[column.name])[0].tobytes() == key:
            same.append(column.name)
    if not same:
        return []
    return [
        Guardrail(
            "Target leak",
            "alerted",
            f"{listed(same)} tell{'' if len(same) > 1 else 's'} the target '{schema.target}' "
            "one to one",
            "kept; ignore what is not known at the time of prediction",
            tuple(same),
        )
    ]
