"""The answers of a model to some rows, with the columns that are kept of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from trialbook._words import listed
from trialbook.data import Schema, Semantic
from trialbook.errors import DataError, OptionError, nearest
from trialbook.evaluation.explanations import explain_rows
from trialbook.models import Model
from trialbook.serving.batch._series import Forecaster

if TYPE_CHECKING:
    from trialbook.models.onnx import OnnxModel

AnyModel: TypeAlias = "Model | OnnxModel | Forecaster"

PREDICTION: Final = "prediction"
ALL: Final = "all"
# In the metadata of a table of answers: how the cells of kept text columns look.
LOOKS: Final = b"trialbook.looks"
# From nothing but missing cells to text: what all rows of a column have in common is the last.
_KINDS: Final = ("none", "int", "float", "text")
# Written so, nothing is lost when a text becomes a number: no zeros before it, and no more digits
# than a float holds.
_INT = r"^(0|-?[1-9][0-9]{0,17})$"
_FLOAT = r"^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$"
_DIGITS = r"[0-9].*" * 16
_ROW = re.compile(r"row ([\d,]+)")


@dataclass(frozen=True)
class Answer:
    """What is asked of a model for each row.

    Parameters
    ----------
    keep : tuple of str
        Columns of the input that come first in the answer.
    proba : bool
        Whether there is a column for the probability of each class.
    explain : bool
        Whether there is a column for what each feature contributed.
    interval : float, optional
        Coverage of intervals of numbers, or of sets of classes.
    as_text : bool
        Whether kept cells come as text, so that they may be numbers.
    short_times : bool
        Whether times of forecasts come without what is zero in all of them.
    """

    keep: tuple[str, ...] = ()
    proba: bool = False
    explain: bool = False
    interval: float | None = None
    as_text: bool = False
    short_times: bool = False


def answer_for(
    model: AnyModel,
    names: Collection[str],
    *,
    keep: Sequence[str] | None,
    proba: bool,
    explain: bool,
    interval: float | None,
    as_text: bool,
    short_times: bool,
) -> Answer:
    """What is asked, checked against a model and a table before a row is read.

    Parameters
    ----------
    model : Model or OnnxModel
    names : collection of str
        Columns of the table.
    keep : sequence of str or None
        ``["all"]`` means all columns, ``None`` the identifiers that training knew.
    proba, explain, interval, as_text, short_times
        As in `Answer`.

    Returns
    -------
    Answer

    Raises
    ------
    OptionError
        If there is no such column, or the model has no such answer.
    """
    if isinstance(model, Forecaster):
        return _of_forecasts(model, names, keep, (proba, explain, interval), as_text, short_times)
    if proba and not model.is_classification:
        raise OptionError(
            "there are no probabilities in regression",
            place="option --proba",
            remedy="Leave it out.",
        )
    if not isinstance(model, Model) and (interval is not None or explain):
        raise OptionError(
            "an ONNX file holds the model alone: it has no intervals and no explanations",
            place="option --interval" if interval is not None else "option --explain",
            remedy="Name the model that it was exported from.",
        )
    kept = _kept(model.schema, names, keep)
    made = {PREDICTION, "lower", "upper", "set"} if interval is not None else {PREDICTION}
    if proba:
        made |= {f"probability_{label}" for label in model.schema.classes}
    if explain:
        made |= set(_explaining(model.schema))
    _check_clash(kept, made)
    return Answer(tuple(kept), proba, explain, interval, as_text)


def _check_clash(kept: Sequence[str], made: Collection[str]) -> None:
    """Refuse columns to keep that are called like answers."""
    clash = [name for name in kept if name in made]
    if clash:
        raise OptionError(
            f"the table has columns that are called like answers: {listed(clash)}",
            place="option --keep",
            remedy="Name the columns to keep without them, or rename them.",
        )


def _of_forecasts(
    model: Forecaster,
    names: Collection[str],
    keep: Sequence[str] | None,
    refused: tuple[bool, bool, float | None],
    as_text: bool,
    short_times: bool,
) -> Answer:
    """As `answer_for`: forecasts come with times and series, so these need not be kept."""
    for option, given in zip(("proba", "explain", "interval"), refused, strict=True):
        if given:
            raise OptionError(
                f"--{option} has no meaning here: '{model.label}' forecasts series",
                place=f"option --{option}",
                remedy="Leave it out; quantiles tell how sure a forecast is (--quantiles).",
            )
    keys = model.names[: 1 + len(model.ids)]
    kept = [name for name in _kept(model.schema, names, keep or ()) if name not in keys]
    _check_clash(kept, model.names)
    return Answer(tuple(kept), as_text=as_text, short_times=short_times)


def _kept(schema: Schema, names: Collection[str], keep: Sequence[str] | None) -> list[str]:
    if keep is None:
        known = {one.name for one in schema.columns if one.semantic is Semantic.IDENTIFIER}
        return [name for name in names if name in known]
    if list(keep) == [ALL] and ALL not in names:
        return list(names)
    for name in keep:
        if name not in names:
            raise OptionError(
                f"the table has no column '{name}' to keep",
                place="option --keep",
                remedy=nearest(name, names),
            )
    return list(dict.fromkeys(keep))


@dataclass(frozen=True)
class Rows:
    """Some rows of a table.

    Parameters
    ----------
    start : int
        How many rows come before them.
    frame : DataFrame
        The features, normalised.
    kept : pyarrow.Table
        The columns to keep, as they are stored.
    place : str
        Where the table comes from.
    """

    start: int
    frame: pd.DataFrame
    kept: pa.Table
    place: str = field(default="the table")


def answers(model: AnyModel, rows: Rows, asked: Answer) -> pa.Table:
    """Predict some rows.

    Parameters
    ----------
    model : Model or OnnxModel
    rows : Rows
    asked : Answer

    Returns
    -------
    pyarrow.Table
        A row for each, in their order: kept columns, ``prediction``, and what else was asked.

    Raises
    ------
    DataError
        If a value does not fit, or the model has no answer; the row is counted in the whole table.
    """
    try:
        conformed = model.schema.conform(rows.frame)
        if isinstance(model, Forecaster):
            predicted = _forecast(model, conformed, asked)
        else:
            predicted = _predicted(model, conformed, asked)
    except DataError as error:
        raise _in_whole(error, rows) from None
    columns: dict[str, Any] = {}
    looks: dict[str, str] = {}
    for name in asked.keep:
        columns[name] = rows.kept[name]
        if asked.as_text:
            columns[name], looks[name] = _looked_at(rows.kept[name])
    for name, values in predicted.items():
        columns[name] = values if isinstance(values, pa.Array) else pa.array(values)
    table = pa.table(columns)
    return table.replace_schema_metadata({LOOKS: json.dumps(looks).encode()} if looks else None)


def _forecast(model: Forecaster, X: pd.DataFrame, asked: Answer) -> dict[str, Any]:
    """Times, series, forecasts and quantiles; times are of one kind in all parts."""
    told = model.answers(X)
    found: dict[str, Any] = {}
    for name in told:
        values = pa.array(told[name], from_pandas=True)
        if pa.types.is_timestamp(values.type) and name == told.columns[0] and asked.short_times:
            values = pc.cast(values, model.time_type)
        found[str(name)] = values
    return found


def _predicted(model: Model | OnnxModel, X: pd.DataFrame, asked: Answer) -> dict[str, Any]:
    classes = model.schema.classes
    answer = model.answer(X)
    # A label is the most probable class, everywhere.
    found: dict[str, Any] = {PREDICTION: model.labels_of(answer)}
    if asked.interval is not None and isinstance(model, Model):
        if classes:
            found["set"] = model.sets_of(answer, asked.interval)
        else:
            lower, upper = model.conformal.interval(answer, asked.interval)
            found |= {"lower": lower, "upper": upper}
    if asked.proba:
        for code, label in enumerate(classes):
            found[f"probability_{label}"] = answer[:, code]
    if asked.explain and isinstance(model, Model):
        found |= _contributions(model, X)
    return found


def _contributions(model: Model, X: pd.DataFrame) -> dict[str, Any]:
    """What each column did to the number, to the probability of the positive class, or of each."""
    told = explain_rows(model, X)
    classes = model.schema.classes
    base, raw = np.atleast_1d(told.base), told.raw.reshape(len(X), len(told.columns), -1)
    codes: Sequence[int] = range(len(classes)) or (0,)
    if len(classes) == 2:
        codes = (1 if model.schema.positive is None else model.schema.positive,)
    columns: list[np.ndarray] = []
    for code in codes:
        columns.append(np.full(len(X), float(base[code])))
        columns += [raw[:, i, code] for i in range(len(told.columns))]
    return dict(zip(_explaining(model.schema), columns, strict=True))


def _explaining(schema: Schema) -> list[str]:
    """Names of the columns that explain, for one number or for each of many classes."""
    ends = [f"_{label}" for label in schema.classes] if len(schema.classes) > 2 else [""]
    names = [
        name
        for end in ends
        for name in (f"base{end}", *(f"contribution_{one}{end}" for one in schema.names))
    ]
    twice = [name for name, n in Counter(names).items() if n > 1]
    if twice:
        raise OptionError(
            f"two columns of the answer would be called {listed(twice)}",
            place="option --explain",
            remedy="Explain with /explain of a server, or in Python with explain_rows.",
        )
    return names


def _in_whole(error: DataError, rows: Rows) -> DataError:
    """An error in some rows as one in the whole table."""
    if not error.place or not _ROW.search(error.place):
        return DataError(error.cause, place=error.place or rows.place, remedy=error.remedy)

    def counted(found: re.Match[str]) -> str:
        return f"row {rows.start + int(found[1].replace(',', '')):,}"

    place = f"{_ROW.sub(counted, error.place)} of {rows.place}"
    return DataError(error.cause, place=place, remedy=error.remedy)


# -- kept text that may be numbers -----------------------------------------------------------


def _looked_at(cells: pa.ChunkedArray) -> tuple[pa.ChunkedArray, str]:
    """Cells of text, the empty ones missing, and what all of them look like."""
    empty = pc.equal(cells, "")
    if pc.any(empty).as_py():
        cells = pc.if_else(empty, pa.scalar(None, cells.type), cells)
    if cells.null_count == len(cells):
        return cells, "none"
    if _all(cells, _INT):
        return cells, "int"
    many_digits = pc.any(pc.match_substring_regex(cells, _DIGITS)).as_py()
    return cells, "float" if _all(cells, _FLOAT) and not many_digits else "text"


def _all(cells: pa.ChunkedArray, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(cells, pattern)).as_py())


def looks_of(schema: pa.Schema) -> dict[str, str]:
    """How the cells of kept text columns look, as `answers` found it."""
    found: dict[str, str] = json.loads((schema.metadata or {}).get(LOOKS, b"{}"))
    return found


def common_looks(all_looks: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What the cells of all parts of a table look like, by column."""
    names = dict.fromkeys(name for looks in all_looks for name in looks)
    return {
        name: max((looks.get(name, "none") for looks in all_looks), key=_KINDS.index)
        for name in names
    }


def as_they_look(table: pa.Table, looks: Mapping[str, str]) -> pa.Table:
    """The table with texts that look like numbers as numbers."""
    types = {"int": pa.int64(), "float": pa.float64()}
    for name, kind in looks.items():
        if kind in types:
            position = table.schema.get_field_index(name)
            table = table.set_column(position, name, pc.cast(table[name], types[kind]))
    return table
