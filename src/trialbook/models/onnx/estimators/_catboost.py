"""CatBoost as operators of ONNX, with its statistics of categories.

All trees of a level ask the same question, so that a tree is a row of questions, whose answers
are the bits of the number of a leaf. Every question of a model is answered once; then each tree
picks its bits. Statistics of a category, or of categories and answers together, are looked up by
the hash that CatBoost computes of them, as its own applier does.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from trialbook.errors import ExportError
from trialbook.models.onnx.graph import (
    FLOAT,
    INT32,
    INT64,
    ML_DOMAIN,
    Array,
    Graph,
    Outputs,
    cast,
    doubles,
    flat,
    total,
    two_sided,
)

# Codes of categories begin with that of missing ones, -2, and that of unknown ones, -1.
LOWEST_CODE = -2
# CatBoost's multiplier for hashes of several values, as signed numbers of 64 bits wrap.
MULTIPLIER = 0x4906BA494954CB65
# The hash that marks an empty place of its tables.
EMPTY = 0xFFFFFFFFFFFFFFFF

_VALUES = ("RMSE", "MAE", "Quantile", "MAPE", "Huber", "MultiQuantile")
_LOG_ODDS = ("Logloss", "CrossEntropy")


def catboost(graph: Graph, estimator: Any, x: str, n_levels: int) -> Outputs:
    """Boosted trees of CatBoost, whose questions are the same for all nodes of a level.

    Parameters
    ----------
    graph : Graph
    estimator : CatBoostClassifier or CatBoostRegressor
    x : str
    n_levels : int
        Categories are codes from -2 to less than this.

    Returns
    -------
    Outputs

    Raises
    ------
    ExportError
        If its loss, its kind of trees or of statistics is not known here.
    """
    loss = estimator.get_all_params().get("loss_function", "").partition(":")[0]
    model = _exported(estimator, n_levels)
    if "oblivious_trees" not in model:
        raise ExportError("CatBoost's trees that are not oblivious have no ONNX form here")
    answers = _Questions(graph, model, x, n_levels).answer()
    scale, bias = model["scale_and_bias"]
    outputs = _leaves(graph, model["oblivious_trees"], answers, len(bias))
    raw = outputs[0] if len(outputs) == 1 else graph.add("Concat", *outputs, axis=1)
    raw = graph.add("Add", graph.add("Mul", raw, doubles(graph, scale)), doubles(graph, bias))
    if loss in _LOG_ODDS:
        return Outputs(probabilities=two_sided(graph, graph.add("Sigmoid", raw)))
    if loss == "MultiClass":
        return Outputs(probabilities=graph.add("Softmax", raw, axis=1))
    if loss in _VALUES and len(bias) == 1:
        return Outputs(values=flat(graph, raw))
    raise ExportError(f"CatBoost with the loss '{loss}' has no ONNX form here")


def _exported(estimator: Any, n_levels: int) -> Any:
    """What CatBoost writes of itself, with the hashes of all codes."""
    import pandas as pd
    from catboost import Pool

    categories = estimator.get_cat_feature_indices()
    codes = np.arange(LOWEST_CODE, max(1, n_levels))
    pool = None
    if categories:
        table = {
            column: codes if column in set(categories) else np.zeros(len(codes))
            for column in range(len(estimator.feature_names_))
        }
        frame = pd.DataFrame(table)
        frame.columns = list(estimator.feature_names_)
        pool = Pool(frame, np.zeros(len(codes)), cat_features=list(categories))
    with tempfile.TemporaryDirectory(prefix="trialbook-onnx-") as folder:
        path = Path(folder, "model.json")
        estimator.save_model(str(path), format="json", pool=pool)
        return json.loads(path.read_text("utf-8"))


def _leaves(graph: Graph, trees: list[Any], answers: str, n_outputs: int) -> list[str]:
    """What the leaves add up to: one column of doubles for each output."""
    depths = np.array([len(tree["splits"] or ()) for tree in trees])
    questions = np.zeros((depths.max(initial=0), len(trees)), dtype=np.int64)
    weights = np.zeros(questions.shape, dtype=np.int32)
    for column, tree in enumerate(trees):
        for level, split in enumerate(tree["splits"] or ()):
            questions[level, column] = split["split_index"]
            weights[level, column] = 1 << level
    starts = np.concatenate([[0], np.cumsum(1 << depths)[:-1]]).astype(np.int32)
    place = graph.constant(starts[None, :])
    for level in range(len(questions)):
        bit = graph.add("Gather", answers, graph.constant(questions[level]), axis=1)
        weight = graph.constant(weights[level])
        taken = graph.add("Mul", cast(graph, bit, INT32), weight)
        place = graph.add("Add", place, taken)
    values = np.concatenate([np.array(tree["leaf_values"], dtype=float) for tree in trees])
    values = values.reshape(-1, n_outputs)
    return [
        total(graph, graph.add("Gather", doubles(graph, values[:, one]), place))
        for one in range(n_outputs)
    ]


class _Questions:
    """All questions that the trees of a model ask, answered for every row.

    CatBoost numbers them: thresholds of numbers, then categories that are asked for by themselves,
    then thresholds of statistics.
    """

    def __init__(self, graph: Graph, model: Any, x: str, n_levels: int) -> None:
        self.graph = graph
        self.info = model["features_info"]
        self.tables: Mapping[str, Any] = model.get("ctr_data") or {}
        self.x = x
        self.n_levels = n_levels
        self.numbers: list[Any] = self.info.get("float_features") or []
        self.categories: list[Any] = self.info.get("categorical_features") or []
        self._hashes: dict[int, str] = {}
        self._narrow: dict[int, str] = {}
        self._buckets: dict[str, str] = {}

    def answer(self) -> str:
        """Booleans of shape (n_rows, n_questions)."""
        parts = [*self._thresholds(), *self._levels(), *self._statistics()]
        if not parts:
            raise ExportError("a CatBoost model that asks nothing has no ONNX form here")
        return parts[0] if len(parts) == 1 else self.graph.add("Concat", *parts, axis=1)

    def _column(self, position: int) -> str:
        chosen = self.graph.constant(np.array([position], dtype=np.int64))
        return self.graph.add("Gather", self.x, chosen, axis=1)

    def _thresholds(self) -> list[str]:
        return [
            self._above(self._number(index), one["borders"])
            for index, one in enumerate(self.numbers)
            if one.get("borders")
        ]

    def _above(self, column: str, borders: list[float]) -> str:
        wanted = np.array([borders], dtype=np.float32)
        return self.graph.add("Greater", column, self.graph.constant(wanted))

    def _number(self, index: int) -> str:
        """A column of numbers as singles; a missing one is beyond all borders, or below them."""
        if index not in self._narrow:
            one = self.numbers[index]
            column = cast(self.graph, self._column(one["flat_feature_index"]), FLOAT)
            if one["nan_value_treatment"] == "AsTrue":
                missing = self.graph.add("IsNaN", column)
                above = self.graph.constant(np.array(np.inf, dtype=np.float32))
                column = self.graph.add("Where", missing, above, column)
            self._narrow[index] = column
        return self._narrow[index]

    def _levels(self) -> list[str]:
        return [
            self._equal(index, one["values"])
            for index, one in enumerate(self.categories)
            if one.get("values")
        ]

    def _equal(self, index: int, values: list[int]) -> str:
        wanted = self.graph.constant(np.array([values], dtype=np.int64))
        return self.graph.add("Equal", self._hash(index), wanted)

    def _hash(self, index: int) -> str:
        """The hash of a category: 32 bits with a sign, as 64 bits."""
        if index not in self._hashes:
            graph = self.graph
            found = {one["value"]: one["hash"] for one in self.info["cat_features_hash"]}
            codes = range(LOWEST_CODE, max(1, self.n_levels))
            table = np.array([found[str(code)] for code in codes], dtype=np.uint32)
            column = self._column(self.categories[index]["flat_feature_index"])
            place = graph.add("Sub", cast(graph, column, INT64), _whole(graph, LOWEST_CODE))
            place = graph.add("Clip", place, _whole(graph, 0), _whole(graph, len(table) - 1))
            hashes = graph.constant(table.astype(np.int32).astype(np.int64))
            self._hashes[index] = graph.add("Gather", hashes, place)
        return self._hashes[index]

    def _statistics(self) -> list[str]:
        parts = []
        for one in self.info.get("ctrs") or ():
            values = self.graph.constant(_values(one, self.tables[one["identifier"]]))
            found = self.graph.add("Gather", values, self._bucket(one))
            parts.append(self._above(found, one["borders"]))
        return parts

    def _bucket(self, one: Any) -> str:
        """Where the counts of a row's categories are; the last place is of unseen ones."""
        key = one["identifier"]
        if key not in self._buckets:
            keys, _ = _counted(self.tables[key])
            self._buckets[key] = self.graph.add(
                "LabelEncoder",
                self._projection(one["elements"]),
                domain=ML_DOMAIN,
                keys_int64s=keys.tolist(),
                values_int64s=list(range(len(keys))),
                default_int64=len(keys),
            )
        return self._buckets[key]

    def _projection(self, elements: list[Any]) -> str:
        """The hash of categories, and of answers about others, together."""
        graph = self.graph
        first = [one for one in elements if one["combination_element"] == "cat_feature_value"]
        rest = [one for one in elements if one["combination_element"] != "cat_feature_value"]
        result = None
        for one in first:
            result = self._mixed(result, self._hash(one["cat_feature_index"]))
        for one in rest:
            if one["combination_element"] == "float_feature":
                asked = self._above(self._number(one["float_feature_index"]), [one["border"]])
            else:
                asked = self._equal(one["cat_feature_index"], [one["value"]])
            result = self._mixed(result, cast(graph, asked, INT64))
        assert result is not None  # a statistic is of something
        return result

    def _mixed(self, result: str | None, value: str) -> str:
        """One more value in a hash, as CatBoost mixes them: numbers of 64 bits that wrap."""
        times = _whole(self.graph, MULTIPLIER)
        mixed = self.graph.add("Mul", value, times)
        if result is not None:
            mixed = self.graph.add("Add", result, mixed)
        return self.graph.add("Mul", mixed, times)


def _whole(graph: Graph, value: int) -> str:
    return graph.constant(np.array(value, dtype=np.int64))


def _counted(table: Any) -> tuple[Array, Array]:
    """The hashes of a statistic, and what was counted for each."""
    stride = table["hash_stride"]
    entries = table["hash_map"]
    keys = np.array([int(key) for key in entries[::stride]], dtype=np.uint64)
    counts = np.array([entries[start::stride] for start in range(1, stride)], dtype=np.float64)
    taken = keys != np.uint64(EMPTY)
    return keys[taken].view(np.int64), counts.T[taken]


def _values(one: Any, table: Any) -> Array:
    """A statistic for each hash, and last for those that training never met: singles."""
    _, counts = _counted(table)
    counts = np.concatenate([counts, np.zeros((1, counts.shape[1]))])
    kind, border = one["ctr_type"], one["target_border_idx"]
    if kind in ("Counter", "FeatureFreq"):
        good, of = counts[:, 0], np.full(len(counts), float(table["counter_denominator"]))
    elif kind in ("BinarizedTargetMeanValue", "FloatTargetMeanValue"):
        good, of = counts[:, 0], counts[:, 1]
    elif kind == "Buckets":
        good, of = counts[:, border], counts.sum(axis=1)
    elif kind == "Borders":
        good, of = counts[:, border + 1 :].sum(axis=1), counts.sum(axis=1)
    else:
        raise ExportError(f"CatBoost's statistic '{kind}' has no ONNX form here")
    single = np.float32
    share = (good.astype(single) + single(one["prior_numerator"])) / (
        of.astype(single) + single(one["prior_denomerator"])
    )
    return (share + single(one["shift"])) * single(one["scale"])
