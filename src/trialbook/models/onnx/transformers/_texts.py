"""Free text in a graph: n-grams of words or characters as scikit-learn counts them, and topics.

Strings are cut by onnxruntime's Tokenizer, which its standard builds have in every language, and
become whole numbers at once: the n-grams are counted over these. Case and accents are mapped
character by character with what Python itself says of each, for onnxruntime's own StringNormalizer
asks the system's locale, which differs from machine to machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trialbook.models.onnx.graph import DOUBLE, INT64, ORT_DOMAIN, Array, Graph, doubles
from trialbook.models.onnx.transformers._blocks import (
    MISSING_TEXT,
    Block,
    Kind,
    Piece,
    calculate,
    numbers,
    refuse,
    select,
    single,
    whole,
)
from trialbook.models.onnx.transformers._characters import characters_of, rewritten
from trialbook.models.onnx.transformers._numbers import rows_of_one_length

# Python's \w and \b are of Unicode; RE2, which onnxruntime uses, has them for ASCII only.
_WORDS = {
    r"(?u)\b\w\w+\b": r"[\p{L}\p{N}_]{2,}",
    r"\b\w\w+\b": r"[\p{L}\p{N}_]{2,}",
    r"(?u)\b\w+\b": r"[\p{L}\p{N}_]+",
    r"\b\w+\b": r"[\p{L}\p{N}_]+",
}
# What Python's `str.split` takes for blank, as a class of RE2.
_BLANKS = (
    r"\x{09}-\x{0d}\x{1c}-\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}"
    r"\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
)
# Items that no n-gram has, words that are left out before n-grams are made, and ends of words.
_OTHER, _STOP, _END = 0, -1, -2


def vectorizer(graph: Graph, transformer: Any, block: Block) -> Block:
    """CountVectorizer and TfidfVectorizer."""
    return [_vectorized(graph, transformer, _only_text(transformer, block))]


def _only_text(step: Any, block: Block) -> str:
    if len(block) != 1 or block[0].kind is not Kind.TEXT or block[0].width != 1:
        refuse(step, "it gets no single column of text")
    return block[0].tensor


def _vectorized(graph: Graph, transformer: Any, text: str) -> Piece:
    _check(transformer)
    text = graph.add("Reshape", text, whole(graph, -1))
    counted = _counts(graph, transformer, text)
    if transformer.binary:
        present = graph.add("Greater", counted.tensor, doubles(graph, 0))
        counted = Piece(graph.add("Cast", present, to=DOUBLE), Kind.DOUBLE, counted.width)
    if hasattr(transformer, "idf_") or hasattr(transformer, "sublinear_tf"):
        counted = _weighted(graph, transformer, counted)
    return counted


def _check(transformer: Any) -> None:
    """Refuse what only Python can do."""
    for name in ("preprocessor", "tokenizer"):
        if getattr(transformer, name) is not None:
            refuse(transformer, f"it has a {name} of its own")
    if callable(transformer.analyzer) or callable(transformer.strip_accents):
        refuse(transformer, "it has a function of its own")
    if transformer.analyzer == "word" and transformer.token_pattern not in _WORDS:
        refuse(transformer, f"it finds words by the pattern {transformer.token_pattern!r}")


def _weighted(graph: Graph, transformer: Any, piece: Piece) -> Piece:
    """What TfidfTransformer makes of counts."""
    if transformer.sublinear_tf:
        one, none = doubles(graph, 1), doubles(graph, 0)
        absent = graph.add("Equal", piece.tensor, none)
        # The logarithm of what is absent would be infinite.
        safe = graph.add("Where", absent, one, piece.tensor)
        grown = graph.add("Add", graph.add("Log", safe), one)
        piece = Piece(graph.add("Where", absent, none, grown), Kind.DOUBLE, piece.width)
    if transformer.use_idf:
        piece = calculate(graph, "Mul", piece, transformer.idf_)
    return (
        piece if transformer.norm is None else rows_of_one_length(graph, piece, transformer.norm)
    )


def _counts(graph: Graph, transformer: Any, text: str) -> Piece:
    terms = sorted(transformer.vocabulary_, key=lambda term: int(transformer.vocabulary_[term]))
    text = rewritten(
        graph,
        text,
        lower=transformer.lowercase,
        accents=transformer.strip_accents,
        final_sigma=any("σ" in term or "ς" in term for term in terms),
    )
    if transformer.analyzer == "word":
        ids, ngrams = _words(graph, transformer, text, terms)
    elif transformer.analyzer == "char":
        ids, ngrams = _characters(graph, text, terms)
    else:
        ids, ngrams = _characters_in_words(graph, text, terms, transformer.ngram_range[0])
    return _ngrams(graph, ids, ngrams)


def _ngrams(graph: Graph, ids: str, ngrams: list[tuple[int, ...]]) -> Piece:
    """How often each n-gram occurs.

    Parameters
    ----------
    graph : Graph
    ids : str
        Whole numbers of shape (n_rows, n_items).
    ngrams : list of tuple of int
        One for each column of the result.
    """
    lengths = sorted({len(ngram) for ngram in ngrams})
    pool: list[int] = []
    places: list[int] = []
    starts = []
    for length in range(1, lengths[-1] + 1):
        starts.append(len(pool))
        for place, ngram in enumerate(ngrams):
            if len(ngram) == length:
                pool += ngram
                places.append(place)
    counts = graph.add(
        "TfIdfVectorizer",
        ids,
        mode="TF",
        min_gram_length=lengths[0],
        max_gram_length=lengths[-1],
        max_skip_count=0,
        ngram_counts=starts,
        ngram_indexes=places,
        pool_int64s=pool,
    )
    # Whole numbers: float32 is exact.
    return Piece(graph.add("Cast", counts, to=DOUBLE), Kind.DOUBLE, len(ngrams))


# -- words -----------------------------------------------------------------------------------


def _words(
    graph: Graph, transformer: Any, text: str, terms: list[str]
) -> tuple[str, list[tuple[int, ...]]]:
    """Numbers of the words of each text, and the n-grams in these."""
    pattern = _WORDS[transformer.token_pattern]
    words = graph.add(
        "Tokenizer",
        text,
        domain=ORT_DOMAIN,
        mark=0,
        mincharnum=1,
        pad_value="",
        tokenexp=pattern,
    )
    stops = transformer.get_stop_words() or frozenset()
    known = sorted({word for term in terms for word in term.split(" ")} - set(stops))
    number = {word: i for i, word in enumerate(known, start=1)}
    keys = [*known, *sorted(stops)]
    values = [*number.values(), *[_STOP] * len(stops)]
    ids = _numbered(graph, words, keys, values)
    if stops:
        ids = without(graph, ids, graph.add("Equal", ids, whole(graph, _STOP)))
    return ids, [tuple(number[word] for word in term.split(" ")) for term in terms]


def _numbered(
    graph: Graph, items: str, keys: list[str], values: list[int], end: int = _OTHER
) -> str:
    """Strings as whole numbers, with one more at the end so that no row is empty."""
    ids = graph.add(
        "LabelEncoder",
        items,
        domain="ai.onnx.ml",
        keys_tensor=np.array(keys, dtype=object),
        values_tensor=np.array(values, dtype=np.int64),
        default_tensor=np.array([_OTHER], dtype=np.int64),
    )
    n_rows = graph.add("Shape", ids, start=0, end=1)
    shape = graph.add("Concat", n_rows, whole(graph, 1), axis=0)
    last = graph.add("Expand", whole(graph, end), shape)
    return graph.add("Concat", ids, last, axis=1)


def without(graph: Graph, ids: str, dropped: str) -> str:
    """Rows closed up over what is dropped; the places that get free are at the end.

    Parameters
    ----------
    graph : Graph
    ids, dropped : str
        Whole numbers and booleans of shape (n_rows, n_items).

    Returns
    -------
    str
        Of the same shape.
    """
    length = graph.add("Shape", ids, start=1, end=2)
    scalar = graph.add("Squeeze", length)
    places = graph.add(
        "Range",
        graph.constant(np.array(0, dtype=np.int64)),
        scalar,
        graph.constant(np.array(1, dtype=np.int64)),
    )
    later = graph.add("Where", dropped, graph.add("Add", places, length), places)
    _, order = graph.add("TopK", later, length, axis=1, largest=0, sorted=1, n_outputs=2)
    cleared = graph.add("Where", dropped, whole(graph, _OTHER), ids)
    return graph.add("GatherElements", cleared, order, axis=1)


# -- characters ------------------------------------------------------------------------------


def _characters(graph: Graph, text: str, terms: list[str]) -> tuple[str, list[tuple[int, ...]]]:
    """Numbers of the characters of each text: several blanks in a row are one space."""
    number = {one: i for i, one in enumerate(sorted({" ", *"".join(terms)}), start=1)}
    blanks = [one for one in map(chr, range(0x3001)) if one.isspace()]
    # Blanks that no n-gram has still count as blanks.
    for one in blanks:
        number.setdefault(one, len(number) + 1)
    ids = _numbered(graph, characters_of(graph, text), list(number), list(number.values()))
    table = np.zeros(len(number) + 1, dtype=bool)
    table[[number[one] for one in blanks]] = True
    is_blank = graph.add("Gather", graph.constant(table), ids, axis=0)
    before, after = _neighbours(graph, is_blank)
    several = graph.add("And", is_blank, graph.add("Or", before, after))
    ids = graph.add("Where", several, whole(graph, number[" "]), ids)
    ids = without(graph, ids, graph.add("And", is_blank, before))
    return ids, [tuple(number[one] for one in term) for term in terms]


def _neighbours(graph: Graph, flags: str) -> tuple[str, str]:
    """The flags of what comes before and after each item; none at the ends."""
    n_rows = graph.add("Shape", flags, start=0, end=1)
    shape = graph.add("Concat", n_rows, whole(graph, 1), axis=0)
    none = graph.add("Expand", graph.constant(np.array([False])), shape)
    axes = whole(graph, 1)
    most = whole(graph, np.iinfo(np.int64).max)
    body = graph.add("Slice", flags, whole(graph, 0), whole(graph, -1), axes)
    tail = graph.add("Slice", flags, whole(graph, 1), most, axes)
    return graph.add("Concat", none, body, axis=1), graph.add("Concat", tail, none, axis=1)


def _characters_in_words(
    graph: Graph, text: str, terms: list[str], shortest: int
) -> tuple[str, list[tuple[int, ...]]]:
    """Numbers of the characters of each word with a space at both ends, word after word.

    A word that is shorter than the shortest n-gram counts as a whole: that is an n-gram which
    stands between two ends.
    """
    words = graph.add(
        "Tokenizer",
        text,
        domain=ORT_DOMAIN,
        mark=0,
        mincharnum=1,
        pad_value="",
        tokenexp=f"[^{_BLANKS}]+",
    )
    nothing, space = graph.constant(np.array("")), graph.constant(np.array(" "))
    absent = graph.add("Equal", words, nothing)
    spaced = graph.add("StringConcat", graph.add("StringConcat", space, words), space)
    spaced = graph.add("Where", absent, nothing, spaced)
    # A row without words would make an empty tensor of unknown shape.
    n_rows = graph.add("Shape", spaced, start=0, end=1)
    column = graph.add("Concat", n_rows, whole(graph, 1), axis=0)
    spaced = graph.add(
        "Concat", graph.add("Expand", graph.constant(np.array([""])), column), spaced, axis=1
    )
    flat = graph.add("Reshape", spaced, whole(graph, -1))
    number = {one: i for i, one in enumerate(sorted({" ", *"".join(terms)}), start=1)}
    # Behind a word there is nothing, which is an end.
    keys, values = [*number, ""], [*number.values(), _END]
    ids = _numbered(graph, characters_of(graph, flat), keys, values, end=_END)
    ids = graph.add("Reshape", ids, graph.add("Concat", n_rows, whole(graph, -1), axis=0))
    numbered = [tuple(number[one] for one in term) for term in terms]
    return ids, [one if len(one) >= shortest else (_END, *one, _END) for one in numbered]


# -- topics ----------------------------------------------------------------------------------


def topics(graph: Graph, transformer: Any, block: Block) -> Block:
    """Topics."""
    return truncated_svd(graph, transformer.svd_, block)


def truncated_svd(graph: Graph, transformer: Any, block: Block) -> Block:
    """TruncatedSVD."""
    piece = numbers(graph, block, transformer)
    return [_projected(graph, piece, transformer.components_)]


def _projected(graph: Graph, piece: Piece, components: Array) -> Piece:
    """A matrix with few values that are not 0, times components of shape (n_topics, n_words)."""
    n_topics = len(components)
    if piece.kind is Kind.SINGLE:
        return Piece(_summed_in_order(graph, piece.tensor, components), Kind.SINGLE, n_topics)
    product = graph.add("MatMul", piece.tensor, doubles(graph, components.T))
    return Piece(product, Kind.DOUBLE, n_topics)


def _summed_in_order(graph: Graph, x: str, components: Array) -> str:
    """The product in float32, summed up word by word, as SciPy does it.

    Any other order gives other last digits, and trees with many thresholds find them.
    """
    axis, n_words = whole(graph, 1), components.shape[1]
    present = graph.add("Greater", x, graph.constant(np.array(0, dtype=np.float32)))
    counted = graph.add("ReduceSum", graph.add("Cast", present, to=INT64), axis, keepdims=0)
    at_least = graph.add("Concat", counted, whole(graph, 1), axis=0)
    most = graph.add("ReduceMax", at_least, whole(graph, 0), keepdims=1)
    places = graph.constant(np.arange(n_words)[None, :])
    ordered = graph.add("Where", present, places, whole(graph, n_words))
    _, words = graph.add("TopK", ordered, most, axis=1, largest=0, sorted=1, n_outputs=2)
    weights = graph.add(
        "Unsqueeze", graph.add("GatherElements", x, words, axis=1), whole(graph, 2)
    )
    table = graph.constant(np.ascontiguousarray(components.T, dtype=np.float32))
    terms = graph.add("Mul", weights, graph.add("Gather", table, words, axis=0))
    sums = graph.add("CumSum", terms, graph.constant(np.array(1, dtype=np.int64)))
    end = whole(graph, np.iinfo(np.int64).max)
    return graph.add("Squeeze", graph.add("Slice", sums, whole(graph, -1), end, axis), axis)


def string_encoder(graph: Graph, transformer: Any, block: Block) -> Block:
    """StringEncoder of skrub: TF-IDF in float32, a few topics of it, and one scale for all."""
    text = _only_text(transformer, block)
    if transformer.vectorizer != "tfidf":
        refuse(transformer, f"its vectorizer is {transformer.vectorizer!r}")
    missing = graph.add("Equal", text, graph.constant(np.array(MISSING_TEXT)))
    text = graph.add("Where", missing, graph.constant(np.array("")), text)
    piece = single(graph, _vectorized(graph, transformer.vectorizer_, text))
    if hasattr(transformer, "tsvd_"):
        piece = _projected(graph, piece, transformer.tsvd_.components_)
    else:
        size = min(piece.width, transformer.n_components)
        (piece,) = select(graph, [piece], range(size))
    return [calculate(graph, "Div", piece, transformer.scaling_factor_)]
