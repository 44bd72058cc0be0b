"""Features on their way through a graph: blocks of columns, each with the type that Python has.

Python works in float64 but for a few transformers that give float32, and rounds where the two
meet. The graph does as it does, so that a value that is compared with a threshold is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn

import numpy as np

from trialbook.errors import ExportError
from trialbook.models.onnx.graph import (
    DOUBLE,
    FLOAT,
    ML_DOMAIN,
    Array,
    Graph,
    doubles,
)

# What stands for a missing cell of text, as the `as_text` of programs writes it, so that it is a
# category of its own there.
MISSING_TEXT = "(missing)"
# What stands for a missing date: pandas' own NaT.
MISSING_TIME = np.iinfo(np.int64).min


class Kind(Enum):
    """What a column holds."""

    TEXT = "text"
    TIME = "time"
    SINGLE = "float32"
    DOUBLE = "float64"


@dataclass(frozen=True)
class Piece:
    """A tensor of shape (n_rows, width)."""

    tensor: str
    kind: Kind
    width: int = 1

    @property
    def is_number(self) -> bool:
        """Whether it can be calculated with."""
        return self.kind in (Kind.SINGLE, Kind.DOUBLE)


Block = list[Piece]
# What turns a fitted transformer's input into its output.
Maker = Callable[[Graph, Any, Block], Block]


def refuse(step: object, why: str) -> NoReturn:
    """Raise the error that a step cannot be exported.

    Parameters
    ----------
    step : object
        A transformer, or its name.
    why : str
        As a clause.

    Raises
    ------
    ExportError
        Always.
    """
    name = step if isinstance(step, str) else type(step).__name__
    raise ExportError(
        f"the step {name} cannot be written in ONNX: {why}",
        remedy="Export another trial, or this one as a zip or a pickle.",
    )


def width(block: Block) -> int:
    """How many columns it has."""
    return sum(piece.width for piece in block)


def whole(graph: Graph, *values: int) -> str:
    """A constant list of whole numbers."""
    return graph.constant(np.array(values, dtype=np.int64))


def select(graph: Graph, block: Block, positions: Sequence[int]) -> Block:
    """Some columns of a block, in a given order.

    Parameters
    ----------
    graph : Graph
    block : Block
    positions : sequence of int
        Of columns, over all pieces.

    Returns
    -------
    Block
    """
    places = [(number, i) for number, piece in enumerate(block) for i in range(piece.width)]
    chosen: list[tuple[int, list[int]]] = []
    for position in positions:
        number, i = places[position]
        if not chosen or chosen[-1][0] != number:
            chosen.append((number, []))
        chosen[-1][1].append(i)
    made = []
    for number, columns in chosen:
        piece = block[number]
        if columns != list(range(piece.width)):
            tensor = graph.add("Gather", piece.tensor, whole(graph, *columns), axis=1)
            piece = Piece(tensor, piece.kind, len(columns))
        made.append(piece)
    return made


def singles(graph: Graph, block: Block) -> Block:
    """The same columns, each a piece of its own."""
    return [one for i in range(width(block)) for one in select(graph, block, [i])]


def numbers(graph: Graph, block: Block, step: object) -> Piece:
    """A block as one matrix of numbers, as NumPy stacks its columns.

    Parameters
    ----------
    graph : Graph
    block : Block
    step : object
        What asks for it, for messages.

    Returns
    -------
    Piece
        Of float32 only if all columns are.

    Raises
    ------
    ExportError
        If it has text or dates.
    """
    wrong = next((piece for piece in block if not piece.is_number), None)
    if wrong is not None:
        refuse(step, f"it gets a column of {wrong.kind.value} where numbers are expected")
    if not block:
        refuse(step, "it gets no columns")
    if len({piece.kind for piece in block}) > 1:
        block = [double(graph, piece) for piece in block]
    if len(block) == 1:
        return block[0]
    tensor = graph.add("Concat", *(piece.tensor for piece in block), axis=1)
    return Piece(tensor, block[0].kind, width(block))


def double(graph: Graph, piece: Piece) -> Piece:
    """A piece of numbers in float64."""
    if piece.kind is Kind.DOUBLE:
        return piece
    return Piece(graph.add("Cast", piece.tensor, to=DOUBLE), Kind.DOUBLE, piece.width)


def single(graph: Graph, piece: Piece) -> Piece:
    """A piece of numbers in float32."""
    if piece.kind is Kind.SINGLE:
        return piece
    return Piece(graph.add("Cast", piece.tensor, to=FLOAT), Kind.SINGLE, piece.width)


def calculate(graph: Graph, op: str, piece: Piece, values: Any) -> Piece:
    """An operator with an array in place, as NumPy does ``X -= values``.

    NumPy calculates that in float64 and rounds to the type of X. For one operation on values of
    float32 that is what float32 gives, too.
    """
    made = graph.add(op, double(graph, piece).tensor, doubles(graph, values))
    result = Piece(made, Kind.DOUBLE, piece.width)
    return single(graph, result) if piece.kind is Kind.SINGLE else result


def look_up(graph: Graph, piece: Piece, keys: Sequence[Any], values: Array, default: Any) -> str:
    """What belongs to each value of a column.

    Parameters
    ----------
    graph : Graph
    piece : Piece
        One column of text or numbers.
    keys : sequence
        Different values; NaN finds missing numbers.
    values : ndarray of shape (n_keys,)
        Whole numbers, doubles or strings.
    default : scalar
        For other values.

    Returns
    -------
    str
        A tensor of shape (n_rows, 1).
    """
    # NaN is a float: of text it is what `MISSING_TEXT` says.
    if piece.kind is Kind.TEXT:
        names: Array = np.array(
            [MISSING_TEXT if _is_missing(key) else str(key) for key in keys], dtype=object
        )
    else:
        piece = double(graph, piece)
        names = np.asarray(keys, dtype=np.float64)
    if not len(names):  # LabelEncoder wants a key
        names = np.array(["" if piece.kind is Kind.TEXT else 0.0], dtype=names.dtype)
        values = np.array([default], dtype=values.dtype)
    return graph.add(
        "LabelEncoder",
        piece.tensor,
        domain=ML_DOMAIN,
        keys_tensor=names,
        values_tensor=values,
        default_tensor=np.array([default], dtype=values.dtype),
    )


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))
