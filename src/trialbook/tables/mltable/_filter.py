"""Conditions on rows, such as ``col('age') > 30 and col('city') == 'Oslo'``.

The text is parsed, and the few forms below are computed on columns; nothing is evaluated.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from trialbook._syntax import parse_expression
from trialbook.errors import DataError, nearest
from trialbook.tables.plain import Storage, shown, storage_of

_FORMS = (
    "Write comparisons such as col('age') > 30 with ==, !=, <, <=, >, >= or in, joined by and, "
    "or, not and brackets."
)
# A condition is a line, not a program.
_LONGEST = 2_000

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.Eq,
    ast.NotEq: ast.NotEq,
    ast.Lt: ast.Gt,
    ast.LtE: ast.GtE,
    ast.Gt: ast.Lt,
    ast.GtE: ast.LtE,
}


def rows_where(frame: pd.DataFrame, condition: object, *, place: str) -> np.ndarray:
    """The rows that fulfil a condition.

    Parameters
    ----------
    frame : DataFrame
        Normalised.
    condition : str
        A missing cell fulfils no comparison, except ``!=``.
    place : str
        Where the condition stands, for messages.

    Returns
    -------
    ndarray of bool, shape (n_rows,)

    Raises
    ------
    DataError
        If it is no condition of the known forms, names no column, or compares what differs in
        kind.
    """
    if not isinstance(condition, str) or len(condition) > _LONGEST:
        raise DataError("filter takes one line of text", place=place, remedy=_FORMS)
    try:
        tree = parse_expression(condition.strip()).body
        return _rows(tree, frame, place)
    except (SyntaxError, RecursionError, MemoryError, ValueError):
        raise DataError(
            f"the filter {shown(condition)} cannot be read", place=place, remedy=_FORMS
        ) from None


def _rows(node: ast.expr, frame: pd.DataFrame, place: str) -> np.ndarray:
    if isinstance(node, ast.BoolOp):
        parts = [_rows(value, frame, place) for value in node.values]
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return np.asarray(join.reduce(parts))
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.BitAnd, ast.BitOr)):
        left, right = _rows(node.left, frame, place), _rows(node.right, frame, place)
        return np.asarray(left & right if isinstance(node.op, ast.BitAnd) else left | right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)):
        return ~_rows(node.operand, frame, place)
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        parts = [
            _compared(left, one, right, frame, place)
            for left, one, right in zip(sides, node.ops, sides[1:])
        ]
        return np.asarray(np.logical_and.reduce(parts))
    if _column_name(node) is not None:
        column = _column(node, frame, place)
        if storage_of(column) is Storage.BOOL:
            return np.asarray(column.eq(True), dtype=bool)
    raise _unknown(node, place)


def _compared(
    left: ast.expr, how: ast.cmpop, right: ast.expr, frame: pd.DataFrame, place: str
) -> np.ndarray:
    if isinstance(how, (ast.In, ast.NotIn)):
        column = _column(left, frame, place)
        found = column.isin([_fitting(column, one, place) for one in _constants(right, place)])
        return np.asarray(found if isinstance(how, ast.In) else ~found)
    if type(how) not in _COMPARE:
        raise _unknown(left, place)
    if _column_name(left) is None:  # 30 < col('age')
        left, right, how = right, left, _MIRRORED[type(how)]()
    column = _column(left, frame, place)
    if _column_name(right) is not None:
        other: Any = _column(right, frame, place)
        if storage_of(other) is not storage_of(column):
            raise _differing(column, f"those of '{other.name}'", place)
    else:
        other = _fitting(column, _constant(right, place), place)
    try:
        present = column.notna() if not isinstance(how, ast.NotEq) else True
        if column.dtype == object:
            known = column.notna() & (other.notna() if isinstance(other, pd.Series) else True)
            result = np.full(len(column), isinstance(how, ast.NotEq))
            theirs = other[known] if isinstance(other, pd.Series) else other
            result[known.to_numpy()] = _COMPARE[type(how)](column[known], theirs)
            return result
        return np.asarray(_COMPARE[type(how)](column, other) & present)
    except TypeError:
        raise _differing(column, shown(other), place) from None


def _column_name(node: ast.expr) -> str | None:
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "col"
        and len(node.args) == 1
        and not node.keywords
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    ):
        return node.args[0].value
    return None


def _column(node: ast.expr, frame: pd.DataFrame, place: str) -> pd.Series:
    name = _column_name(node)
    if name is None:
        raise _unknown(node, place)
    if name not in frame:
        raise DataError(
            f"the filter names no column '{name}'",
            place=place,
            remedy=nearest(name, frame.columns),
        )
    return frame[name]


def _constants(node: ast.expr, place: str) -> list[Any]:
    if not isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        raise _unknown(node, place)
    return [_constant(one, place) for one in node.elts]


def _constant(node: ast.expr, place: str) -> Any:
    negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
    inner = node.operand if isinstance(node, ast.UnaryOp) and negative else node
    if not isinstance(inner, ast.Constant) or not isinstance(inner.value, (str, int, float)):
        raise _unknown(node, place)
    if not negative:
        return inner.value
    if isinstance(inner.value, (str, bool)):
        raise _unknown(node, place)
    return -inner.value


def _fitting(column: pd.Series, value: Any, place: str) -> Any:
    """The value, if it is of the column's kind; a text is a time beside times."""
    storage = storage_of(column)
    if storage is Storage.DATETIME and isinstance(value, str):
        time = pd.to_datetime(value, errors="coerce", utc=True)
        if pd.notna(time):
            return time.tz_localize(None)
    fits = {
        Storage.NUMBER: isinstance(value, (int, float)),
        Storage.BOOL: isinstance(value, bool),
        Storage.STRING: isinstance(value, str),
    }
    if not fits.get(storage, False):
        raise _differing(column, shown(value), place)
    return value


def _differing(column: pd.Series, other: str, place: str) -> DataError:
    return DataError(
        f"the filter compares '{column.name}', whose cells are of kind "
        f"{storage_of(column).value}, with {other}",
        place=place,
        remedy="Compare like with like; convert_column_types may come first.",
    )


def _unknown(node: ast.expr, place: str) -> DataError:
    return DataError(
        f"the filter has {shown(ast.unparse(node))}, which is not done", place=place, remedy=_FORMS
    )
