"""Categories fall into buckets by their hash: pandas' SipHash of their UTF-8 bytes, as nodes.

ONNX has no operator that gives the bytes of a string. But onnxruntime has MurmurHash3, and that of
a single character, which has four bytes at most, can be undone: it is a bijection for each number
of bytes. What is left is arithmetic with whole numbers of 64 bits, which wrap around.

SipHash-2-4 is by Aumasson and Bernstein (https://www.aumasson.jp/siphash/siphash.pdf), MurmurHash3
by Appleby.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialbook.models.onnx.graph import DOUBLE, INT64, ORT_DOMAIN, Graph
from trialbook.models.onnx.transformers._blocks import Block, Kind, Piece, refuse, singles, whole
from trialbook.models.onnx.transformers._characters import characters_of
from trialbook.models.onnx.transformers._texts import without

_UINT64 = 13
_32_BITS = 0xFFFFFFFF
# Of characters by how many bytes they have: what RE2 matches.
_SIZES = (r"[\x{0}-\x{7f}]", r"[\x{80}-\x{7ff}]", r"[\x{800}-\x{ffff}]", r"[\x{10000}-\x{10ffff}]")
# Of pandas: the key of its hashes.
_KEY = b"0123456789123456"
_STATE = b"uespemosmodnarodarenegylsetybdet"


def buckets(graph: Graph, transformer: Any, block: Block) -> Block:
    """The function `buckets` of programs, of text and as many buckets as a power of two."""
    n = int(transformer.kw_args["n"])
    if n & (n - 1):
        refuse("buckets", "their number is no power of two")
    made: Block = []
    for piece in singles(graph, block):
        if piece.kind is not Kind.TEXT:
            refuse("buckets", "it hashes numbers, whose bytes ONNX does not give")
        hashed = hashes(graph, graph.add("Reshape", piece.tensor, whole(graph, -1)))
        bucket = graph.add("BitwiseAnd", hashed, whole(graph, n - 1))
        column = graph.add("Reshape", bucket, whole(graph, -1, 1))
        made.append(Piece(graph.add("Cast", column, to=DOUBLE), Kind.DOUBLE))
    return made


def hashes(graph: Graph, text: str) -> str:
    """``pandas.util.hash_array`` of strings.

    Parameters
    ----------
    graph : Graph
    text : str
        Of shape (n_rows,).

    Returns
    -------
    str
        Whole numbers of 64 bits with a sign, of shape (n_rows,).
    """
    words, length = _words(graph, text)
    state = _absorbed(graph, words, length)
    state[2] = graph.add("BitwiseXor", state[2], whole(graph, 0xFF))
    for _ in range(4):
        state = _round(graph, state)
    mixed = state[0]
    for one in state[1:]:
        mixed = graph.add("BitwiseXor", mixed, one)
    # What pandas does with every hash, from splitmix64.
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        mixed = graph.add("BitwiseXor", mixed, _shifted(graph, mixed, shift, "RIGHT"))
        mixed = graph.add("Mul", mixed, _signed(graph, factor))
    return mixed


def _signed(graph: Graph, value: int) -> str:
    """A constant of 64 bits, whose highest is the sign."""
    return graph.constant(np.array([value], dtype=np.uint64).view(np.int64))


# -- bytes -----------------------------------------------------------------------------------


def _words(graph: Graph, text: str) -> tuple[str, str]:
    """Eight bytes each as a number, of shape (n_rows, n_words), and how many bytes there are."""
    characters = characters_of(graph, text)
    sizes = [graph.add("RegexFullMatch", characters, pattern=one) for one in _SIZES]
    hashed = graph.add("MurmurHash3", characters, domain=ORT_DOMAIN, positive=1, seed=0)
    hashed = graph.add("Cast", hashed, to=INT64)
    code = whole(graph, 0)
    for n_bytes, has in enumerate(sizes, start=1):
        code = graph.add("Where", has, _unhashed(graph, hashed, n_bytes), code)
    parts, kept = [], []
    last = whole(graph, 2)
    for place in range(4):
        shifted = graph.add("Div", code, whole(graph, 1 << (8 * place)))
        byte = graph.add("BitwiseAnd", shifted, whole(graph, 0xFF))
        there = sizes[place]
        for larger in sizes[place + 1 :]:
            there = graph.add("Or", there, larger)
        parts.append(graph.add("Unsqueeze", byte, last))
        kept.append(graph.add("Unsqueeze", there, last))
    rows = graph.add("Shape", text)
    flat = graph.add("Concat", rows, whole(graph, -1), axis=0)
    values, there = (
        graph.add("Reshape", graph.add("Concat", *some, axis=2), shape)
        for some, shape in ((parts, _flat(graph, characters)), (kept, _flat(graph, characters)))
    )
    length = graph.add(
        "ReduceSum", graph.add("Cast", there, to=INT64), whole(graph, 1), keepdims=0
    )
    # Zeros behind the end, for two words more, so that the last one is whole.
    closed = without(graph, values, graph.add("Not", there))
    closed = graph.add("Where", _before(graph, closed, length), closed, whole(graph, 0))
    width = graph.add("Shape", closed, start=1, end=2)
    room = graph.add("Sub", whole(graph, 16), graph.add("Mod", width, whole(graph, 8)))
    zeros = graph.add("Expand", whole(graph, 0), graph.add("Concat", rows, room, axis=0))
    padded = graph.add("Concat", closed, zeros, axis=1)
    # Four bytes at a time, for onnxruntime sums up in doubles.
    fours = graph.add("Reshape", padded, graph.add("Concat", flat, whole(graph, 2, 4), axis=0))
    powers = graph.constant(1 << (8 * np.arange(4)))
    halves = graph.add("ReduceSum", graph.add("Mul", fours, powers), whole(graph, 3), keepdims=0)
    low, high = (
        graph.add("Gather", halves, graph.constant(np.array(half, dtype=np.int64)), axis=2)
        for half in (0, 1)
    )
    return graph.add("Add", low, graph.add("Mul", high, whole(graph, 1 << 32))), length


def _flat(graph: Graph, characters: str) -> str:
    """The shape of four bytes for each character, row by row."""
    width = graph.add("Mul", graph.add("Shape", characters, start=1, end=2), whole(graph, 4))
    return graph.add("Concat", graph.add("Shape", characters, start=0, end=1), width, axis=0)


def _before(graph: Graph, values: str, length: str) -> str:
    """Which places of each row are before its length."""
    width = graph.add("Squeeze", graph.add("Shape", values, start=1, end=2))
    zero, one = (graph.constant(np.array(value, dtype=np.int64)) for value in (0, 1))
    places = graph.add("Range", zero, width, one)
    return graph.add("Less", places, graph.add("Unsqueeze", length, whole(graph, 1)))


def _unhashed(graph: Graph, hashed: str, n_bytes: int) -> str:
    """The bytes of which MurmurHash3 with seed 0 made a hash, as a number; the first is lowest."""
    x = hashed
    x = _unshifted(graph, x, (16,))
    x = _unmultiplied(graph, x, 0xC2B2AE35)
    x = _unshifted(graph, x, (13, 26))
    x = _unmultiplied(graph, x, 0x85EBCA6B)
    x = _unshifted(graph, x, (16,))
    x = graph.add("BitwiseXor", x, whole(graph, n_bytes))
    if n_bytes == 4:
        x = _low(graph, graph.add("Sub", x, whole(graph, 0xE6546B64)))
        x = _unmultiplied(graph, x, 5)
        x = _unrotated(graph, x, 13)
    x = _unmultiplied(graph, x, 0x1B873593)
    x = _unrotated(graph, x, 15)
    return _unmultiplied(graph, x, 0xCC9E2D51)


def _low(graph: Graph, x: str) -> str:
    return graph.add("BitwiseAnd", x, whole(graph, _32_BITS))


def _unshifted(graph: Graph, x: str, shifts: Sequence[int]) -> str:
    made = x
    for shift in shifts:
        made = graph.add("BitwiseXor", made, graph.add("Div", x, whole(graph, 1 << shift)))
    return made


def _unmultiplied(graph: Graph, x: str, factor: int) -> str:
    return _low(graph, graph.add("Mul", x, whole(graph, pow(factor, -1, 1 << 32))))


def _unrotated(graph: Graph, x: str, by: int) -> str:
    """32 bits turned to the right."""
    down = graph.add("Div", x, whole(graph, 1 << by))
    up = _low(graph, graph.add("Mul", x, whole(graph, 1 << (32 - by))))
    return graph.add("BitwiseOr", down, up)


# -- SipHash ---------------------------------------------------------------------------------


def _absorbed(graph: Graph, words: str, length: str) -> list[str]:
    """The state of SipHash after all words and the length."""
    keys = [int.from_bytes(_KEY[i : i + 8], "little") for i in (0, 8)]
    starts = [int.from_bytes(_STATE[i : i + 8], "little") for i in range(0, 32, 8)]
    rows = graph.add("Shape", length)
    first = [
        graph.add("Expand", _signed(graph, start ^ keys[i % 2]), rows)
        for i, start in enumerate(starts)
    ]
    full = graph.add("Div", length, whole(graph, 8))
    ending = graph.add(
        "Mul", graph.add("BitwiseAnd", length, whole(graph, 0xFF)), _signed(graph, 1 << 56)
    )
    turns = graph.add("Squeeze", graph.add("Shape", words, start=1, end=2))
    body = _turn(graph, words, full, ending)
    made = graph.add("Loop", turns, "", *first, n_outputs=4, body=body)
    return list(made)


def _turn(outer: Graph, words: str, full: str, ending: str) -> Any:
    """One word of each row goes into the state, if the row has as many."""
    from onnx import TensorProto, helper

    inner = outer.inner()
    turn, go = inner.fresh("turn"), inner.fresh("go")
    state = [inner.fresh("state") for _ in range(4)]
    word = inner.add("Gather", words, turn, axis=1)
    is_last = inner.add("Equal", full, turn)
    word = inner.add("Where", is_last, inner.add("BitwiseOr", word, ending), word)
    made = [*state[:3], inner.add("BitwiseXor", state[3], word)]
    for _ in range(2):
        made = _round(inner, made)
    made[0] = inner.add("BitwiseXor", made[0], word)
    over = inner.add("Less", full, turn)
    kept = [inner.add("Where", over, old, new) for old, new in zip(state, made, strict=True)]
    on = inner.add("Identity", go)

    def value(name: str, kind: int, shape: list[None]) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    integer = TensorProto.INT64
    return inner.body(
        [value(turn, integer, []), value(go, TensorProto.BOOL, [])]
        + [value(one, integer, [None]) for one in state],
        [value(on, TensorProto.BOOL, []), *(value(one, integer, [None]) for one in kept)],
    )


def _round(graph: Graph, state: Sequence[str]) -> list[str]:
    """SipRound."""
    v0, v1, v2, v3 = state
    v0 = graph.add("Add", v0, v1)
    v2 = graph.add("Add", v2, v3)
    v1 = graph.add("BitwiseXor", _rotated(graph, v1, 13), v0)
    v3 = graph.add("BitwiseXor", _rotated(graph, v3, 16), v2)
    v0 = graph.add("Add", _rotated(graph, v0, 32), v3)
    v2 = graph.add("Add", v2, v1)
    v1 = graph.add("BitwiseXor", _rotated(graph, v1, 17), v2)
    v3 = graph.add("BitwiseXor", _rotated(graph, v3, 21), v0)
    return [v0, v1, _rotated(graph, v2, 32), v3]


def _rotated(graph: Graph, x: str, by: int) -> str:
    left, right = _shifted(graph, x, by, "LEFT"), _shifted(graph, x, 64 - by, "RIGHT")
    return graph.add("BitwiseOr", left, right)


def _shifted(graph: Graph, x: str, by: int, direction: str) -> str:
    bits = graph.add("Cast", x, to=_UINT64)
    amount = graph.constant(np.array([by], dtype=np.uint64))
    moved = graph.add("BitShift", bits, amount, direction=direction)
    return graph.add("Cast", moved, to=INT64)
