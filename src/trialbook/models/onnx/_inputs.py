"""From a table to the inputs of a graph, and what the graph makes of them at once.

========================  ==============================================================
A column of               is fed as a tensor of shape (n_rows, 1) of
========================  ==============================================================
numbers                   double; NaN is missing
booleans                  double: 1, 0, or NaN where missing
dates, however stored     int64: nanoseconds since 1970, in UTC; the smallest int64 is missing
anything else             string; ``(missing)`` is missing, and so is an empty one
========================  ==============================================================

Dates that are stored as text are parsed here, by the format that the schema has: ONNX has no
parser, and every language has one.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.data import Schema, Semantic
from trialbook.models.onnx.graph import DOUBLE, INT64, STRING, Graph, doubles
from trialbook.models.onnx.transformers import MISSING_TEXT, Kind

if TYPE_CHECKING:
    from trialbook.data import Column


class Fed(Enum):
    """How a column is fed."""

    NUMBER = "number"
    TRUTH = "truth"
    TIME = "time"
    TEXT = "text"

    @property
    def onnx_type(self) -> int:
        """Of ``onnx.TensorProto``."""
        return {Fed.TIME: INT64, Fed.TEXT: STRING}.get(self, DOUBLE)


def fed(column: Column) -> Fed:
    """How a column is fed.

    Parameters
    ----------
    column : Column
        Of the schema.

    Returns
    -------
    Fed
    """
    if column.semantic is Semantic.DATETIME and column.storage in ("string", "datetime"):
        return Fed.TIME
    if column.storage == "number":
        return Fed.NUMBER
    return Fed.TRUTH if column.storage == "bool" else Fed.TEXT


_KINDS = {Fed.NUMBER: Kind.DOUBLE, Fed.TIME: Kind.TIME}


def inputs(graph: Graph, schema: Schema) -> dict[str, str]:
    """Declare the inputs of a model.

    Parameters
    ----------
    graph : Graph
    schema : Schema
        Of the training table.

    Returns
    -------
    dict of str to str
        Each feature of the schema with the tensor that holds it. Booleans are text by then, as
        the programs' `as_text` makes them.
    """
    made = {}
    # All of them before anything is made of one: what is made gets a name that no column has.
    declared = [graph.input(one.name, fed(one).onnx_type, [None, 1]) for one in schema.used]
    for column, given in zip(schema.used, declared, strict=True):
        how, tensor = fed(column), given
        if how is Fed.TRUTH:
            tensor = _truth_as_text(graph, tensor)
        elif how is Fed.TEXT:
            # As tables are read: `Schema.conform` leaves no empty cell.
            empty = graph.add("Equal", tensor, graph.constant(np.array("")))
            gone = graph.constant(np.array(MISSING_TEXT))
            tensor = graph.add("Where", empty, gone, tensor)
        made[column.name] = tensor
        graph.kinds[tensor] = _KINDS.get(how, Kind.TEXT).value
    return made


def _truth_as_text(graph: Graph, tensor: str) -> str:
    def word(text: str) -> str:
        return graph.constant(np.array(text))

    is_false = graph.add("Equal", tensor, doubles(graph, 0.0))
    said = graph.add("Where", is_false, word("False"), word("True"))
    return graph.add("Where", graph.add("IsNaN", tensor), word(MISSING_TEXT), said)


def feeds(X: pd.DataFrame, schema: Schema) -> dict[str, np.ndarray[Any, Any]]:
    """A table as the inputs of a model.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_features)
        As `Schema.conform` gives it.
    schema : Schema

    Returns
    -------
    dict of str to ndarray of shape (n_rows, 1)
        By column: doubles, int64 or strings (dtype object), as the table above says.
    """
    return {column.name: _cells(X[column.name], column)[:, None] for column in schema.used}


def _cells(cells: pd.Series[Any], column: Column) -> np.ndarray[Any, Any]:
    how = fed(column)
    if how is Fed.TIME:
        return _nanoseconds(cells, column.datetime_format)
    if how is not Fed.TEXT:
        return np.asarray(cells, dtype=np.float64)
    values = np.array(cells, dtype=object)
    values[pd.isna(values)] = MISSING_TEXT
    if pd.api.types.infer_dtype(values, skipna=False) != "string":
        values = values.astype(str).astype(object)
    return values


def _nanoseconds(cells: pd.Series[Any], form: str | None) -> np.ndarray[Any, Any]:
    times = pd.to_datetime(cells, **date_options(form))
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return np.asarray(times, dtype="datetime64[ns]").view(np.int64)


def date_options(form: str | None) -> dict[str, Any]:
    """How programs parse dates of a format: as arguments of `pandas.to_datetime`.

    Parameters
    ----------
    form : str, optional
        None for dates that are stored as such.

    Returns
    -------
    dict
    """
    options: dict[str, Any] = {"format": form} if form else {}
    if form and (form == "ISO8601" or "%z" in form):
        options["utc"] = True
    return {**options, "errors": "coerce"}
