"""From raw columns to what a learner gets: every transformer of a fitted pipeline as nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trialbook.models.onnx.graph import DOUBLE, ML_DOMAIN, OPSET, Array, Graph, failures
from trialbook.models.onnx.transformers._blocks import (
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
from trialbook.models.onnx.transformers._categories import (
    category_crosses,
    one_hot_encoder,
    ordinal_encoder,
    target_encoder,
)
from trialbook.models.onnx.transformers._dates import date_imputer, datetime_encoder, times
from trialbook.models.onnx.transformers._hashes import buckets
from trialbook.models.onnx.transformers._numbers import (
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
from trialbook.models.onnx.transformers._texts import (
    string_encoder,
    topics,
    truncated_svd,
    vectorizer,
)

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
    names = [str(name) for name in getattr(transformer, "feature_names_in_", ())]
    if not names:
        refuse(transformer, "it was fitted to a table without names of columns")
    other = next((name for name in names if name not in columns), None)
    if other is not None:
        refuse(transformer, f"it wants the column '{other}', which the schema has not")
    block = [Piece(columns[name], Kind(graph.kinds[columns[name]])) for name in names]
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
    name, library = type(transformer).__name__, type(transformer).__module__.partition(".")[0]
    if name not in _OF_PROGRAMS and library not in _LIBRARIES:
        return _converted(graph, transformer, block)  # of the same name, and something else
    return _KINDS.get(name, _converted)(graph, transformer, block)


def _of_columns(graph: Graph, transformer: Any, block: Block) -> Block:
    if transformer.transformer_weights:
        refuse(transformer, "it has weights")
    names = list(getattr(transformer, "feature_names_in_", range(transformer.n_features_in_)))
    made: Block = []
    for _, step, chosen in transformer.transformers_:
        positions = _positions(chosen, names)
        if not positions or (isinstance(step, str) and step == "drop"):
            continue
        made += made_by(graph, step, select(graph, block, positions))
    return made


def _positions(chosen: Any, names: list[Any]) -> list[int]:
    """Columns as scikit-learn lets one choose them: by names, numbers, flags or a range."""
    if isinstance(chosen, slice):
        ends = [chosen.start, chosen.stop]
        if not any(isinstance(end, str) for end in ends):
            return list(range(len(names))[chosen])
        first = 0 if ends[0] is None else names.index(ends[0])
        last = len(names) if ends[1] is None else names.index(ends[1]) + 1  # with its end
        return list(range(first, last)[:: chosen.step])
    listed: list[Any] = (
        [chosen] if isinstance(chosen, str) or np.isscalar(chosen) else list(chosen)
    )
    if listed and all(isinstance(one, bool | np.bool_) for one in listed):
        return np.flatnonzero(listed).tolist()
    return [
        names.index(one) if isinstance(one, str) else range(len(names))[int(one)] for one in listed
    ]


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

    drawn = np.random.default_rng(0)
    rows = drawn.normal(size=(PROBES, n_columns)) * 10.0 ** drawn.integers(-1, 4, n_columns)
    holed = np.where(drawn.random(rows.shape) < 0.3, np.nan, rows)
    try:
        session = onnxruntime.InferenceSession(
            proto.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        expected = _answers(transformer, rows)
        alike = _alike(session, rows, expected)
        try:
            missing = _answers(transformer, holed)
        except ValueError:  # Python refuses missing numbers, so that nobody asks for them
            pass
        else:
            alike = alike and _alike(session, holed, missing)
    except failures(onnxruntime):
        refuse(transformer, "skl2onnx writes a graph for it that does not run")
    if not alike:
        refuse(transformer, "skl2onnx writes a graph for it that answers otherwise")
    return int(expected.shape[1])


def _answers(transformer: Any, rows: Array) -> Array:
    made = transformer.transform(rows)
    return np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)


def _alike(session: Any, rows: Array, expected: Array) -> bool:
    (found,) = session.run(None, {"x": rows})
    close = found.shape == expected.shape and np.allclose(
        found, expected, rtol=1e-6, atol=1e-9, equal_nan=True
    )
    return bool(close)


# Whose classes the names below are; programs bring some of their own along.
_LIBRARIES = frozenset({"sklearn", "skrub"})
_OF_PROGRAMS = frozenset({"ArithmeticPairs", "CategoryCrosses", "DateImputer", "Topics"})
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
