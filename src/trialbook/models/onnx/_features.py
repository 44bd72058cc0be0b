"""From raw columns to what a learner gets: every transformer of a fitted pipeline as nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trialbook.models.onnx._blocks import (
    MISSING_TEXT,
    Block,
    Kind,
    Maker,
    Piece,
    double,
    numbers,
    refuse,
    select,
)
from trialbook.models.onnx._categories import (
    category_crosses,
    one_hot_encoder,
    ordinal_encoder,
    target_encoder,
)
from trialbook.models.onnx._dates import date_imputer, datetime_encoder, times
from trialbook.models.onnx._graph import ML_DOMAIN, OPSET, Graph
from trialbook.models.onnx._hashes import buckets
from trialbook.models.onnx._numbers import (
    arithmetic_pairs,
    imputer,
    logarithm,
    max_abs_scaler,
    min_max_scaler,
    normalizer,
    robust_scaler,
    selection,
    squashing_scaler,
    standard_scaler,
)
from trialbook.models.onnx._operators import DOUBLE
from trialbook.models.onnx._texts import string_encoder, topics, truncated_svd, vectorizer

if TYPE_CHECKING:
    import onnx

# Rows on which a graph that another converter wrote is tried.
PROBES = 16


def features(graph: Graph, transformer: Any, columns: Mapping[str, str]) -> str:
    """What a learner gets, from the columns of the table.

    Parameters
    ----------
    graph : Graph
    transformer : estimator
        The fitted transformer before a learner: a ColumnTransformer, or a pipeline with one.
    columns : mapping of str to str
        Tensors of the raw columns, as `trialbook.models.onnx.inputs` makes them.

    Returns
    -------
    str
        Doubles of shape (n_rows, n_features).

    Raises
    ------
    ExportError
        If a step cannot be written in ONNX; it is named.
    """
    block = [
        Piece(columns[str(name)], Kind(graph.kinds[columns[str(name)]]))
        for name in transformer.feature_names_in_
    ]
    made = numbers(graph, made_by(graph, transformer, block), transformer)
    return double(graph, made).tensor


def made_by(graph: Graph, transformer: Any, block: Block) -> Block:
    """What a fitted transformer makes of some columns.

    Parameters
    ----------
    graph : Graph
    transformer : estimator or str
    block : Block

    Returns
    -------
    Block

    Raises
    ------
    ExportError
        As of `features`.
    """
    if transformer is None or (isinstance(transformer, str) and transformer == "passthrough"):
        return block
    if hasattr(transformer, "steps"):
        for _, step in transformer.steps:
            block = made_by(graph, step, block)
        return block
    if hasattr(transformer, "transformers_"):
        return _of_columns(graph, transformer, block)
    known = _KINDS.get(type(transformer).__name__, _converted)
    return known(graph, transformer, block)


def _of_columns(graph: Graph, transformer: Any, block: Block) -> Block:
    names = list(getattr(transformer, "feature_names_in_", range(transformer.n_features_in_)))
    place = {name: i for i, name in enumerate(names)}
    made: Block = []
    for _, step, chosen in transformer.transformers_:
        listed = [chosen] if isinstance(chosen, str) else list(chosen)
        if not listed or (isinstance(step, str) and step == "drop"):
            continue
        positions = [place[one] if isinstance(one, str) else int(one) for one in listed]
        made += made_by(graph, step, select(graph, block, positions))
    return made


def _function(graph: Graph, transformer: Any, block: Block) -> Block:
    if transformer.func is None:
        return block
    name = getattr(transformer.func, "__name__", "a function")
    if name not in _FUNCTIONS:
        refuse(f"FunctionTransformer({name})", "it is no function that Trialbook writes")
    return _FUNCTIONS[name](graph, transformer, block)


def _as_text(graph: Graph, transformer: Any, block: Block) -> Block:
    """Text is text already, since what is fed marks missing cells as this function does."""
    code = getattr(transformer.func, "__code__", None)
    if code is None or MISSING_TEXT not in code.co_consts:
        refuse("as_text", "it is not the function that Trialbook writes")
    if any(piece.kind is not Kind.TEXT for piece in block):
        refuse("as_text", "it writes numbers or dates as text")
    return block


def _as_table(graph: Graph, transformer: Any, block: Block) -> Block:
    """Only the type of whole numbers changes."""
    return block


def _as_type(graph: Graph, transformer: Any, block: Block) -> Block:
    if (transformer.kw_args or {}).get("dtype") is not float:
        refuse("astype", "it makes something other than float")
    return [double(graph, numbers(graph, [piece], "astype")) for piece in block]


_FUNCTIONS: dict[str, Maker] = {
    "as_table": _as_table,
    "as_text": _as_text,
    "astype": _as_type,
    "buckets": buckets,
    "log1p": logarithm,
    "to_datetime": times,
}


def _converted(graph: Graph, transformer: Any, block: Block) -> Block:
    """Other transformers of numbers, as of an edited notebook, by skl2onnx if that is right."""
    piece = double(graph, numbers(graph, block, transformer))
    try:
        proto = _by_skl2onnx(transformer, piece.width)
        (made,) = graph.embed(proto, {"x": piece.tensor}).values()
    except (NotImplementedError, RuntimeError, ValueError) as error:
        refuse(transformer, str(error).strip().splitlines()[0].rstrip("."))
    n_columns = _tried(transformer, proto, piece.width)
    return [Piece(graph.add("Cast", made, to=DOUBLE), Kind.DOUBLE, n_columns)]


def _by_skl2onnx(transformer: Any, n_columns: int) -> onnx.ModelProto:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType

    proto: onnx.ModelProto = convert_sklearn(
        transformer,
        initial_types=[("x", DoubleTensorType([None, n_columns]))],
        target_opset={"": OPSET, ML_DOMAIN: 3},
    )
    # It names the oldest version that has all its operators, and wrote them for this one.
    for one in proto.opset_import:
        one.version = OPSET if one.domain == "" else one.version
    return proto


def _tried(transformer: Any, proto: onnx.ModelProto, n_columns: int) -> int:
    """How many columns a converted transformer makes, if it makes the right ones of some rows."""
    import onnxruntime

    rows = np.random.default_rng(0).normal(size=(PROBES, n_columns))
    expected = np.asarray(transformer.transform(rows), dtype=np.float64)
    try:
        session = onnxruntime.InferenceSession(
            proto.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        (found,) = session.run(None, {"x": rows})
    except onnxruntime.capi.onnxruntime_pybind11_state.Fail:
        refuse(transformer, "skl2onnx writes a graph for it that does not run")
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=1e-6, atol=1e-9):
        refuse(transformer, "skl2onnx writes a graph for it that answers otherwise")
    return int(expected.shape[1])


_KINDS: dict[str, Maker] = {
    "ArithmeticPairs": arithmetic_pairs,
    "CategoryCrosses": category_crosses,
    "CountVectorizer": vectorizer,
    "DateImputer": date_imputer,
    "DatetimeEncoder": datetime_encoder,
    "FunctionTransformer": _function,
    "MaxAbsScaler": max_abs_scaler,
    "MinMaxScaler": min_max_scaler,
    "Normalizer": normalizer,
    "OneHotEncoder": one_hot_encoder,
    "OrdinalEncoder": ordinal_encoder,
    "RobustScaler": robust_scaler,
    "SelectFromModel": selection,
    "SimpleImputer": imputer,
    "SquashingScaler": squashing_scaler,
    "StandardScaler": standard_scaler,
    "StringEncoder": string_encoder,
    "TargetEncoder": target_encoder,
    "TfidfVectorizer": vectorizer,
    "Topics": topics,
    "TruncatedSVD": truncated_svd,
}
