"""Transformers of categories: codes, one-hot columns, what they say of the target, crosses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialbook.models.onnx.graph import DOUBLE, Array, Graph, doubles
from trialbook.models.onnx.transformers._blocks import (
    MISSING_TEXT,
    Block,
    Kind,
    Piece,
    look_up,
    refuse,
    singles,
    whole,
)


def _checked(transformer: Any, block: Block, categories: Sequence[Any]) -> None:
    """Whether text meets text and numbers meet numbers."""
    for piece, levels in zip(block, categories, strict=True):
        if piece.kind is Kind.TIME:
            refuse(transformer, "it takes dates for categories")
        words = [isinstance(level, str) for level in levels if level is not None]
        if piece.is_number and any(words):
            refuse(transformer, "its categories are text and it gets numbers")


def ordinal_encoder(graph: Graph, transformer: Any, block: Block) -> Block:
    """OrdinalEncoder, rare levels that share a code included."""
    block = singles(graph, block)
    _checked(transformer, block, transformer.categories_)
    if transformer.handle_unknown != "use_encoded_value":
        refuse(transformer, "it raises an error for an unknown category")
    made = []
    for column, (piece, levels) in enumerate(zip(block, transformer.categories_, strict=True)):
        codes = _codes(transformer, column, levels)
        unknown = float(transformer.unknown_value)
        made.append(Piece(look_up(graph, piece, list(levels), codes, unknown), Kind.DOUBLE))
    return made


def _codes(transformer: Any, column: int, levels: Array) -> Array:
    """The code of each level of a column; a missing one is not counted."""
    frequent, rare = _frequent(transformer, column, levels)
    missing = [i for i, level in enumerate(levels) if _is_nan(level)]
    counted = [i for i in frequent if i not in missing]
    codes = np.empty(len(levels))
    codes[counted] = np.arange(len(counted))
    codes[rare] = len(counted)
    codes[missing] = float(transformer.encoded_missing_value)
    return codes


def _frequent(transformer: Any, column: int, levels: Array) -> tuple[list[int], list[int]]:
    """Positions of the levels that stand for themselves, and of those that share a place."""
    by_column = getattr(transformer, "infrequent_categories_", None) or {column: None}
    found = by_column[column]
    few = set() if found is None else {_key(level) for level in found}
    rare = [i for i, level in enumerate(levels) if _key(level) in few]
    return [i for i, level in enumerate(levels) if _key(level) not in few], rare


def _key(level: Any) -> Any:
    """A level as something that equals itself."""
    return None if _is_nan(level) else level


def _is_nan(value: Any) -> bool:
    return value is None or (isinstance(value, float) and bool(np.isnan(value)))


def one_hot_encoder(graph: Graph, transformer: Any, block: Block) -> Block:
    """OneHotEncoder; unknown levels belong to the rare ones or to none."""
    block = singles(graph, block)
    _checked(transformer, block, transformer.categories_)
    if transformer.handle_unknown not in ("ignore", "infrequent_if_exist"):
        refuse(transformer, f"of an unknown category it does {transformer.handle_unknown!r}")
    if transformer.drop is not None:
        refuse(transformer, "it drops a level")
    made = []
    for column, (piece, levels) in enumerate(zip(block, transformer.categories_, strict=True)):
        frequent, rare = _frequent(transformer, column, levels)
        places = np.empty(len(levels), dtype=np.int64)
        places[frequent] = np.arange(len(frequent))
        places[rare] = len(frequent)
        shared = bool(rare) and transformer.handle_unknown == "infrequent_if_exist"
        unknown = len(frequent) if shared else -1
        n_columns = len(frequent) + bool(rare)
        place = look_up(graph, piece, list(levels), places, unknown)
        made.append(_spread(graph, place, n_columns))
    return made


def _spread(graph: Graph, place: str, n_columns: int) -> Piece:
    """Positions as columns of which one is 1; position -1 as zeros."""
    hot = graph.add("Equal", place, graph.constant(np.arange(n_columns)[None, :]))
    return Piece(graph.add("Cast", hot, to=DOUBLE), Kind.DOUBLE, n_columns)


def target_encoder(graph: Graph, transformer: Any, block: Block) -> Block:
    """TargetEncoder; an unknown level says what the target is on average."""
    block = singles(graph, block)
    _checked(transformer, block, transformer.categories_)
    many = transformer.target_type_ == "multiclass"
    n_outputs = len(transformer.classes_) if many else 1
    average = np.atleast_1d(np.asarray(transformer.target_mean_, dtype=np.float64))
    made = []
    for column, (piece, levels) in enumerate(zip(block, transformer.categories_, strict=True)):
        first = column * n_outputs
        encodings = transformer.encodings_[first : first + n_outputs]
        table = np.column_stack([np.append(one, mean) for one, mean in zip(encodings, average)])
        if n_outputs == 1:
            tensor = look_up(graph, piece, list(levels), table[:-1, 0], table[-1, 0])
        else:
            row = look_up(graph, piece, list(levels), np.arange(len(levels)), len(levels))
            flat = graph.add("Reshape", row, whole(graph, -1))
            tensor = graph.add("Gather", doubles(graph, table), flat, axis=0)
        made.append(Piece(tensor, Kind.DOUBLE, n_outputs))
    return made


def category_crosses(graph: Graph, transformer: Any, block: Block) -> Block:
    """CategoryCrosses: two categories as one number, -1 if one of them is unknown."""
    block = singles(graph, block)
    sizes = [len(levels) for levels in transformer.levels_]
    codes: dict[int, str] = {}

    def code(column: int) -> str:
        if column not in codes:
            piece, levels = block[column], list(transformer.levels_[column])
            if piece.kind is Kind.TIME:
                refuse(transformer, "it takes dates for categories")
            missing = MISSING_TEXT if piece.kind is Kind.TEXT else np.nan
            places = np.arange(len(levels) + 1)
            codes[column] = look_up(graph, piece, [*levels, missing], places, -1)
        return codes[column]

    made = []
    nothing, minus = whole(graph, 0), whole(graph, -1)
    for a, b in transformer.pairs_:
        first, second = code(int(a)), code(int(b))
        both = graph.add("Add", graph.add("Mul", first, whole(graph, sizes[b] + 1)), second)
        unknown = graph.add(
            "Or", graph.add("Less", first, nothing), graph.add("Less", second, nothing)
        )
        crossed = graph.add("Where", unknown, minus, both)
        made.append(Piece(graph.add("Cast", crossed, to=DOUBLE), Kind.DOUBLE))
    return made
