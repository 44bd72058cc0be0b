"""Transformers of numbers: imputers, scalers, arithmetic, and what is chosen of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from trialbook.models.onnx.graph import DOUBLE, FLOAT, Array, Graph, doubles
from trialbook.models.onnx.transformers._blocks import (
    MISSING_TEXT,
    Block,
    Kind,
    Piece,
    calculate,
    double,
    numbers,
    refuse,
    select,
    singles,
    whole,
)


def imputer(graph: Graph, transformer: Any, block: Block) -> Block:
    """SimpleImputer of numbers, or of text whose missing cells have a mark."""
    if any(piece.kind is Kind.TEXT for piece in block):
        return _text_imputer(graph, transformer, block)
    if not _is_nan(transformer.missing_values):
        refuse(transformer, f"it takes {transformer.missing_values!r} for missing")
    piece = numbers(graph, block, transformer)
    statistics = np.array([_number(one) for one in transformer.statistics_.ravel()])
    missing = graph.add("IsNaN", piece.tensor)
    made: Block = []
    kept = np.arange(len(statistics))
    if not transformer.keep_empty_features:
        kept = np.flatnonzero(~np.isnan(statistics))
    if len(kept):
        dtype = np.float32 if piece.kind is Kind.SINGLE else np.float64
        fill = graph.constant(statistics[None, :].astype(dtype))
        filled = Piece(graph.add("Where", missing, fill, piece.tensor), piece.kind, piece.width)
        made += select(graph, [filled], kept.tolist())
    if transformer.indicator_ is not None:
        marked = transformer.indicator_.features_.tolist()
        if marked:
            flags = graph.add("Gather", missing, whole(graph, *marked), axis=1)
            to = FLOAT if piece.kind is Kind.SINGLE else DOUBLE
            made.append(Piece(graph.add("Cast", flags, to=to), piece.kind, len(marked)))
    return made


def _text_imputer(graph: Graph, transformer: Any, block: Block) -> Block:
    if transformer.missing_values != MISSING_TEXT or transformer.indicator_ is not None:
        refuse(transformer, "of text it can fill what the program marks as missing, nothing else")
    made: Block = []
    gone = graph.constant(np.array(MISSING_TEXT))
    for piece, value in zip(singles(graph, block), transformer.statistics_, strict=True):
        if not isinstance(value, str):
            refuse(transformer, f"it fills text with {value!r}")
        missing = graph.add("Equal", piece.tensor, gone)
        fill = graph.constant(np.array([[value]], dtype=object))
        made.append(Piece(graph.add("Where", missing, fill, piece.tensor), Kind.TEXT))
    return made


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and bool(np.isnan(value))


def standard_scaler(graph: Graph, transformer: Any, block: Block) -> Block:
    """StandardScaler, which rounds its own figures to the type of what it gets."""
    piece = numbers(graph, block, transformer)
    dtype = np.float32 if piece.kind is Kind.SINGLE else np.float64
    if transformer.with_mean:
        piece = calculate(graph, "Sub", piece, transformer.mean_.astype(dtype))
    if transformer.with_std:
        piece = calculate(graph, "Div", piece, transformer.scale_.astype(dtype))
    return [piece]


def robust_scaler(graph: Graph, transformer: Any, block: Block) -> Block:
    """RobustScaler."""
    piece = numbers(graph, block, transformer)
    if transformer.with_centering:
        piece = calculate(graph, "Sub", piece, transformer.center_)
    if transformer.with_scaling:
        piece = calculate(graph, "Div", piece, transformer.scale_)
    return [piece]


def min_max_scaler(graph: Graph, transformer: Any, block: Block) -> Block:
    """MinMaxScaler; ONNX's Clip would turn NaN into a bound on some machines, so it is masked."""
    piece = numbers(graph, block, transformer)
    piece = calculate(graph, "Mul", piece, transformer.scale_)
    piece = calculate(graph, "Add", piece, transformer.min_)
    if transformer.clip:
        piece = _clipped(graph, piece, *transformer.feature_range)
    return [piece]


def max_abs_scaler(graph: Graph, transformer: Any, block: Block) -> Block:
    """MaxAbsScaler."""
    piece = calculate(graph, "Div", numbers(graph, block, transformer), transformer.scale_)
    return [_clipped(graph, piece, -1.0, 1.0) if transformer.clip else piece]


def _clipped(graph: Graph, piece: Piece, low: float, high: float) -> Piece:
    dtype = np.float32 if piece.kind is Kind.SINGLE else np.float64
    bounds = (graph.constant(np.array(bound, dtype=dtype)) for bound in (low, high))
    clipped = graph.add("Clip", piece.tensor, *bounds)
    kept = graph.add("Where", graph.add("IsNaN", piece.tensor), piece.tensor, clipped)
    return Piece(kept, piece.kind, piece.width)


def normalizer(graph: Graph, transformer: Any, block: Block) -> Block:
    """Normalizer: rows of one length."""
    return [rows_of_one_length(graph, numbers(graph, block, transformer), transformer.norm)]


def rows_of_one_length(graph: Graph, piece: Piece, norm: str) -> Piece:
    """Rows divided by their norm; rows of zeros stay.

    Parameters
    ----------
    graph : Graph
    piece : Piece
    norm : {"l1", "l2", "max"}

    Returns
    -------
    Piece
    """
    axes = whole(graph, 1)
    if norm == "max":
        size = graph.add("ReduceMax", graph.add("Abs", piece.tensor), axes, keepdims=1)
    elif norm == "l1":
        size = graph.add("ReduceSum", graph.add("Abs", piece.tensor), axes, keepdims=1)
    else:
        squares = graph.add("Mul", piece.tensor, piece.tensor)
        size = graph.add("Sqrt", graph.add("ReduceSum", squares, axes, keepdims=1))
    dtype = np.float32 if piece.kind is Kind.SINGLE else np.float64
    zero, one = (graph.constant(np.array(value, dtype=dtype)) for value in (0, 1))
    size = graph.add("Where", graph.add("Equal", size, zero), one, size)
    return Piece(graph.add("Div", piece.tensor, size), piece.kind, piece.width)


def squashing_scaler(graph: Graph, transformer: Any, block: Block) -> Block:
    """SquashingScaler of skrub: robust scaling with a smooth clip, which is what infinity gets."""
    piece = numbers(graph, block, transformer)
    centre, over, by = _scales(transformer, piece.width)
    limit = transformer.max_absolute_value
    infinite = graph.add("IsInf", piece.tensor)
    scaled = calculate(graph, "Div", calculate(graph, "Sub", piece, centre), over)
    scaled = calculate(graph, "Mul", scaled, by)
    ratio = calculate(graph, "Div", scaled, limit)
    square = Piece(graph.add("Mul", ratio.tensor, ratio.tensor), piece.kind, piece.width)
    root = graph.add("Sqrt", calculate(graph, "Add", square, 1.0).tensor)
    clipped = graph.add("Div", scaled.tensor, root)
    sign = graph.add("Sign", piece.tensor)
    bound = calculate(graph, "Mul", Piece(sign, piece.kind, piece.width), limit)
    return [Piece(graph.add("Where", infinite, bound.tensor, clipped), piece.kind, piece.width)]


def _scales(transformer: Any, n_columns: int) -> tuple[Array, Array, Array]:
    """What is taken off each column, what it is divided by, and times what: 0 if constant."""
    centre, over, by = np.zeros(n_columns), np.ones(n_columns), np.ones(n_columns)
    if transformer.robust_scaler_ is not None:
        centre[transformer.robust_cols_] = transformer.robust_scaler_.center_
        over[transformer.robust_cols_] = transformer.robust_scaler_.scale_
    if transformer.minmax_scaler_ is not None:
        centre[transformer.minmax_cols_] = transformer.minmax_scaler_.median_
        by[transformer.minmax_cols_] = transformer.minmax_scaler_.scale_
    by[transformer.zero_cols_] = 0
    return centre, over, by


def logarithm(graph: Graph, transformer: Any, block: Block) -> Block:
    """``np.log1p``."""
    piece = numbers(graph, block, transformer)
    piece = calculate(graph, "Add", piece, 1.0)
    return [Piece(graph.add("Log", piece.tensor), piece.kind, piece.width)]


# As `arithmetic` of the programs has them.
_OPERATORS = ("Sub", "Mul", "Div", "Add")
_MOST = 1e30


def arithmetic_pairs(graph: Graph, transformer: Any, block: Block) -> Block:
    """ArithmeticPairs: differences, products, ratios and sums; missing without a finite result."""
    pairs = [tuple(map(int, pair)) for pair in transformer.pairs_]
    if not pairs:
        return []
    piece = double(graph, numbers(graph, block, transformer))
    made, order = [], []
    for kind, op in enumerate(_OPERATORS):
        of_kind = [(place, a, b) for place, (a, b, one) in enumerate(pairs) if one == kind]
        if of_kind:
            left, right = (
                graph.add("Gather", piece.tensor, whole(graph, *columns), axis=1)
                for columns in ([a for _, a, _ in of_kind], [b for _, _, b in of_kind])
            )
            made.append(Piece(graph.add(op, left, right), Kind.DOUBLE, len(of_kind)))
            order += [place for place, _, _ in of_kind]
    result = numbers(graph, select(graph, made, np.argsort(order).tolist()), transformer)
    small = graph.add("Less", graph.add("Abs", result.tensor), doubles(graph, _MOST))
    kept = graph.add("Where", small, result.tensor, doubles(graph, np.nan))
    return [Piece(kept, Kind.DOUBLE, len(pairs))]


def selection(graph: Graph, transformer: Any, block: Block) -> Block:
    """SelectFromModel and its like: the columns of ``get_support()``."""
    return select(graph, block, np.flatnonzero(transformer.get_support()).tolist())
