"""Strings in a graph character by character: cut, changed by a table, and joined again."""

from __future__ import annotations

import functools
import unicodedata
from typing import TYPE_CHECKING, Any

import numpy as np

from trialbook.models.onnx.graph import ML_DOMAIN, ORT_DOMAIN, Graph
from trialbook.models.onnx.transformers._blocks import whole

if TYPE_CHECKING:
    import onnx

# Of Unicode's private area: no text has it, and no table of characters leads to it.
_SAME = "\ue000"
# What names begin with in the graph that joins strings.
_HALVING = "halving: "
_FINAL_SIGMA, _BIG_SIGMA = "ς", "Σ"
# Characters from here on have neither case nor accents: the planes behind that of rare ideographs.
_BEYOND = 0x30000


def characters_of(graph: Graph, text: str) -> str:
    """The characters of texts.

    Parameters
    ----------
    graph : Graph
    text : str
        Strings of shape (n_rows,).

    Returns
    -------
    str
        Strings of shape (n_rows, n_characters), "" behind the end of a text.
    """
    return graph.add(
        "Tokenizer",
        text,
        domain=ORT_DOMAIN,
        mark=0,
        mincharnum=1,
        pad_value="",
        separators=[""],
    )


def rewritten(
    graph: Graph, text: str, *, lower: bool, accents: str | None, final_sigma: bool
) -> str:
    """Texts in lower case and without accents, as scikit-learn's vectorizers begin.

    Parameters
    ----------
    graph : Graph
    text : str
        Strings of shape (n_rows,).
    lower : bool
        Whether in lower case.
    accents : {"unicode", "ascii", None}
        How accents are taken off.
    final_sigma : bool
        Whether it matters that a Greek sigma has another shape at the end of a word.

    Returns
    -------
    str
        Strings of shape (n_rows,).
    """
    if not lower and accents is None:
        return text
    key = (text, lower, accents, final_sigma)
    if key not in graph.rewritten:
        graph.rewritten[key] = _rewritten(graph, *key)
    return graph.rewritten[key]


def _rewritten(
    graph: Graph, text: str, lower: bool, accents: str | None, final_sigma: bool
) -> str:
    table = _changes(lower, accents)
    before = characters_of(graph, text)
    after = graph.add(
        "LabelEncoder",
        before,
        domain=ML_DOMAIN,
        keys_tensor=np.array(list(table), dtype=object),
        values_tensor=np.array(list(table.values()), dtype=object),
        default_tensor=np.array([_SAME], dtype=object),
    )
    same = graph.add("Equal", after, graph.constant(np.array(_SAME)))
    after = graph.add("Where", same, before, after)
    if lower and final_sigma and accents != "ascii":
        after = _with_final_sigma(graph, before, after)
    return joined(graph, after)


@functools.lru_cache(maxsize=8)
def _changes(lower: bool, accents: str | None) -> dict[str, str]:
    """The characters that change, with what becomes of them."""
    changed = {}
    for code in range(_BEYOND):
        if 0xD800 <= code < 0xE000:  # halves of characters, which no text has
            continue
        one = chr(code)
        made = one.lower() if lower else one
        if accents is not None:
            made = _without_accents(made, accents)
        if made != one:
            changed[one] = made
    return changed


def _without_accents(text: str, accents: str) -> str:
    parts = unicodedata.normalize("NFKD", text)
    if accents == "ascii":
        return parts.encode("ascii", "ignore").decode()
    return "".join(one for one in parts if not unicodedata.combining(one))


def _with_final_sigma(graph: Graph, before: str, after: str) -> str:
    """A big sigma behind a letter with a case, and before none, is a small one of its own.

    Python looks past apostrophes and accents to find that letter, and this does not.
    """
    cased = _cased()
    flags = graph.add(
        "LabelEncoder",
        before,
        domain=ML_DOMAIN,
        keys_tensor=np.array(cased, dtype=object),
        values_tensor=np.ones(len(cased), dtype=np.int64),
        default_tensor=np.array([0], dtype=np.int64),
    )
    is_cased = graph.add("Greater", flags, whole(graph, 0))
    n_rows = graph.add("Shape", before, start=0, end=1)
    shape = graph.add("Concat", n_rows, whole(graph, 1), axis=0)
    none = graph.add("Expand", graph.constant(np.array([False])), shape)
    length = graph.add("Shape", before, start=1, end=2)
    axes, zero, two = whole(graph, 1), whole(graph, 0), whole(graph, 2)
    padded = graph.add("Concat", none, is_cased, none, axis=1)
    previous = graph.add("Slice", padded, zero, length, axes)
    following = graph.add("Slice", padded, two, graph.add("Add", length, two), axes)
    sigma = graph.add("Equal", before, graph.constant(np.array(_BIG_SIGMA)))
    last = graph.add("And", previous, graph.add("Not", following))
    here = graph.add("And", sigma, last)
    return graph.add("Where", here, graph.constant(np.array(_FINAL_SIGMA)), after)


@functools.cache
def _cased() -> list[str]:
    """The characters that are of some case."""
    return [
        one for one in map(chr, range(_BEYOND)) if one.islower() or one.isupper() or one.istitle()
    ]


def joined(graph: Graph, parts: str) -> str:
    """The strings of each row as one, in as many turns as the number of columns has bits.

    Parameters
    ----------
    graph : Graph
    parts : str
        Strings of shape (n_rows, n_parts).

    Returns
    -------
    str
        Strings of shape (n_rows,).
    """
    # One column of nothing more, for a Tokenizer makes none of texts without characters.
    n_rows = graph.add("Shape", parts, start=0, end=1)
    shape = graph.add("Concat", n_rows, whole(graph, 1), axis=0)
    end = graph.add("Expand", graph.constant(np.array([""])), shape)
    start = graph.add("Concat", parts, end, axis=1)
    go = graph.add("Greater", graph.add("Size", start), graph.add("Squeeze", n_rows))
    made = graph.add("Loop", "", go, start, body=_halving())
    return graph.add("Reshape", made, whole(graph, -1))


def _halving() -> onnx.GraphProto:
    """A turn of `joined`: each two neighbours become one."""
    from onnx import TensorProto, helper

    def own(name: str) -> str:
        # The columns of a table are tensors around this graph, and may be called "rows" or "left".
        return f"{_HALVING}{name}"

    def node(op: str, inputs: list[str], outputs: list[str], **options: Any) -> onnx.NodeProto:
        return helper.make_node(op, [*map(own, inputs)], [*map(own, outputs)], **options)

    def constant(name: str, values: Any, shape: list[int], kind: int = TensorProto.INT64) -> Any:
        return helper.make_tensor(own(name), kind, shape, values)

    def value(name: str, kind: int, shape: list[None]) -> Any:
        return helper.make_tensor_value_info(own(name), kind, shape)

    most = np.iinfo(np.int64).max
    return helper.make_graph(
        [
            node("Shape", ["parts"], ["rows"], start=0, end=1),
            node("Shape", ["parts"], ["length"], start=1, end=2),
            node("Mod", ["length", "two"], ["odd"]),
            node("Concat", ["rows", "odd"], ["shape"], axis=0),
            node("Expand", ["nothing", "shape"], ["pad"]),
            node("Concat", ["parts", "pad"], ["even"], axis=1),
            node("Slice", ["even", "zero", "most", "one", "two"], ["left"]),
            node("Slice", ["even", "one", "most", "one", "two"], ["right"]),
            node("StringConcat", ["left", "right"], ["halved"]),
            node("Shape", ["halved"], ["half"], start=1, end=2),
            node("Greater", ["half", "one"], ["longer"]),
            node("Squeeze", ["longer"], ["go_on"]),
        ],
        "halving",
        [
            value("turn", TensorProto.INT64, []),
            value("go", TensorProto.BOOL, []),
            value("parts", TensorProto.STRING, [None, None]),
        ],
        [
            value("go_on", TensorProto.BOOL, []),
            value("halved", TensorProto.STRING, [None, None]),
        ],
        [
            constant("zero", [0], [1]),
            constant("one", [1], [1]),
            constant("two", [2], [1]),
            constant("most", [most], [1]),
            constant("nothing", [b""], [1], TensorProto.STRING),
        ],
    )
