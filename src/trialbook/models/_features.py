"""Which features a fitted model makes of which columns, and how: read from the model itself.

The names that scikit-learn gives to features do not tell their columns apart: ``a_b_c`` may be
the level ``b_c`` of ``a`` or the level ``c`` of ``a_b``. So every transformer is followed from
its inputs to its outputs, by what is known of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

FEATURES_STEP = "features"


@dataclass(frozen=True)
class Feature:
    """A column of what a learner gets.

    Parameters
    ----------
    name : str
        Such as ``job_cook``; text's carry the name of their column in front.
    parents : tuple of str
        The columns of the table that it is made of.
    steps : tuple of str
        How, in order: ``median imputation``, ``standard scaling``. Empty if it is the column.
    """

    name: str
    parents: tuple[str, ...]
    steps: tuple[str, ...] = ()

    def after(self, *steps: str, name: str | None = None) -> Feature:
        """What becomes of it by some more steps."""
        return replace(self, name=name or self.name, steps=(*self.steps, *steps))


Features = list[Feature]


def features_of(model: Any) -> Features:
    """The features of a trial's model.

    Parameters
    ----------
    model : estimator
        A fitted model of a trial: one of cross-validation, refitted, or an ensemble.

    Returns
    -------
    list of Feature
        Those of the first fold's model, for the others make theirs in the same way; of an
        ensemble those of any member. What several members make alike comes once.
    """
    found: list[Feature] = []
    for pipeline in _pipelines(model):
        inputs = [Feature(str(name), (str(name),)) for name in pipeline.feature_names_in_]
        known = set(found)
        made = _outputs(pipeline.named_steps[FEATURES_STEP], inputs)
        found += [one for one in made if one not in known]
    return found


def _pipelines(model: Any) -> Iterator[Any]:
    """A pipeline of each configuration in a model."""
    if FEATURES_STEP in getattr(model, "named_steps", {}):
        yield model
    elif hasattr(model, "estimators_"):
        inner = [list(_pipelines(one)) for one in model.estimators_]
        voters = [getattr(one, "estimator", one) for one in model.estimators_]
        folds = all(hasattr(one, "named_steps") for one in voters)
        for pipelines in inner[:1] if folds else inner:
            yield from pipelines
    else:
        for name in ("estimator", "model_"):
            if hasattr(model, name):
                yield from _pipelines(getattr(model, name))
                return


def _outputs(transformer: Any, inputs: Features) -> Features:
    """What a fitted transformer makes of its inputs."""
    if isinstance(transformer, str):  # passthrough
        return inputs
    if hasattr(transformer, "steps"):
        for _, one in transformer.steps:
            inputs = inputs if one is None else _outputs(one, inputs)
        return inputs
    if hasattr(transformer, "transformers_"):
        return _of_columns(transformer, inputs)
    known = _KINDS.get(type(transformer).__name__)
    return _unknown(transformer, inputs) if known is None else known(transformer, inputs)


def _of_columns(transformer: Any, inputs: Features) -> Features:
    by_name = {one.name: one for one in inputs}
    made: Features = []
    for _, step, columns in transformer.transformers_:
        names = [columns] if isinstance(columns, str) else list(columns)
        if names and not (isinstance(step, str) and step == "drop"):
            chosen = [
                by_name[name] if isinstance(name, str) else inputs[int(name)] for name in names
            ]
            made += _outputs(step, chosen)
    return made


def _named(transformer: Any, inputs: Features) -> list[str] | None:
    """The names of its outputs as it has them, if it has any."""
    if not hasattr(transformer, "get_feature_names_out"):
        return None
    try:
        names = transformer.get_feature_names_out([one.name for one in inputs])
    except (ValueError, TypeError):
        try:
            names = transformer.get_feature_names_out()
        except (ValueError, TypeError, AttributeError):
            return None
    return [str(name) for name in names]


def _unknown(transformer: Any, inputs: Features) -> Features:
    """Outputs of a transformer of an edited notebook: each may be made of all inputs."""
    how = type(transformer).__name__
    names = _named(transformer, inputs)
    if names == [one.name for one in inputs] or names is None:
        return [one.after(how) for one in inputs]
    parents = tuple(dict.fromkeys(parent for one in inputs for parent in one.parents))
    before = tuple(dict.fromkeys(step for one in inputs for step in one.steps))
    return [Feature(name, parents, (*before, how)) for name in names]


# -- kinds -----------------------------------------------------------------------------------


def _one_to_one(*steps: str) -> Callable[[Any, Features], Features]:
    return lambda transformer, inputs: [one.after(*steps) for one in inputs]


_FUNCTIONS = {
    "as_text": (),
    "as_table": (),
    "astype": (),
    "to_datetime": (),
    "log1p": ("logarithm",),
}


def _function(transformer: Any, inputs: Features) -> Features:
    if transformer.func is None:
        return inputs
    name = getattr(transformer.func, "__name__", "a function")
    if name == "buckets":
        return [one.after(f"hash into {transformer.kw_args['n']} buckets") for one in inputs]
    return [one.after(*_FUNCTIONS.get(name, (name,))) for one in inputs]


_STRATEGIES = {
    "mean": "mean imputation",
    "median": "median imputation",
    "most_frequent": "imputation by the most frequent value",
}


def _imputation(transformer: Any) -> str:
    if transformer.strategy == "constant":
        return f"imputation by {transformer.fill_value!r}"
    return _STRATEGIES[transformer.strategy]


def _imputer(transformer: Any, inputs: Features) -> Features:
    kept = [
        transformer.keep_empty_features or not (isinstance(value, float) and np.isnan(value))
        for value in transformer.statistics_.tolist()
    ]
    how = _imputation(transformer)
    made = [
        # What was filled before has nothing left to fill.
        one if any("imputation" in step for step in one.steps) else one.after(how)
        for one, keep in zip(inputs, kept, strict=True)
        if keep
    ]
    if transformer.indicator_ is not None:
        for position in transformer.indicator_.features_:
            one = inputs[position]
            made.append(replace(one, name=f"missingindicator_{one.name}", steps=_MARKED))
    return made


_MARKED = ("whether it was missing",)


def _dates_filled(transformer: Any, inputs: Features) -> Features:
    return [one.after(_imputation(transformer)) for one in inputs]


def _one_hot(transformer: Any, inputs: Features) -> Features:
    rare = getattr(transformer, "infrequent_categories_", None) or [None] * len(inputs)
    counts = [
        len(levels) - (max(0, len(few) - 1) if few is not None else 0)
        for levels, few in zip(transformer.categories_, rare, strict=True)
    ]
    names = iter(_named(transformer, inputs) or [])
    hashed = any(step.startswith("hash into") for one in inputs for step in one.steps)
    how = () if hashed else ("one-hot encoding",)
    return [
        one.after(*how, name=next(names))
        for one, count in zip(inputs, counts, strict=True)
        for _ in range(count)
    ]


def _target(transformer: Any, inputs: Features) -> Features:
    if transformer.target_type_ != "multiclass":
        return [one.after("target encoding") for one in inputs]
    return [
        one.after("target encoding", name=f"{one.name}_{label}")
        for one in inputs
        for label in transformer.classes_
    ]


def _topics_of_text(transformer: Any, inputs: Features) -> Features:
    (column,) = inputs
    how = "topics of TF-IDF"
    return [column.after(how, name=name) for name in _named(transformer, inputs) or []]


def _vectorizer(transformer: Any, inputs: Features) -> Features:
    """Words of one column; what they are called goes behind its name."""
    (column,) = inputs
    if hasattr(transformer, "idf_"):
        kind = "TF-IDF"
    else:
        kind = "presence" if transformer.binary else "counts"
    unit = "words" if transformer.analyzer == "word" else "characters"
    low, high = transformer.ngram_range
    lengths = f"{low}" if low == high else f"{low} to {high}"
    how = f"{kind} of {lengths} {unit}"
    words = _named(transformer, inputs) or []
    return [column.after(how, name=f"{column.name}_{word}") for word in words]


def _topics(transformer: Any, inputs: Features) -> Features:
    """Topics of the words of one column."""
    column, before = inputs[0].parents[0], inputs[0].steps
    return [
        Feature(f"{column}_{name.removeprefix('topic_')}", (column,), (*before, "topics"))
        for name in _named(transformer, inputs) or []
    ]


def _calendar(transformer: Any, inputs: Features) -> Features:
    (column,) = inputs
    how = "calendar" if transformer.resolution is not None else "seconds since 1970"
    if getattr(transformer, "periodic_encoding", None):
        how = "calendar on circles"
    return [column.after(how, name=name) for name in _named(transformer, inputs) or []]


_ARITHMETIC = ("difference of two", "product of two", "ratio of two", "sum of two")


def _pairs(transformer: Any, inputs: Features) -> Features:
    made = zip(transformer.names_, transformer.pairs_, strict=True)
    return [
        _pair(str(name), inputs[a], inputs[b], _ARITHMETIC[kind]) for name, (a, b, kind) in made
    ]


def _crosses(transformer: Any, inputs: Features) -> Features:
    made = zip(transformer.names_, transformer.pairs_, strict=True)
    return [_pair(str(name), inputs[a], inputs[b], "two as one") for name, (a, b) in made]


def _pair(name: str, first: Feature, second: Feature, how: str) -> Feature:
    parents = tuple(dict.fromkeys((*first.parents, *second.parents)))
    return Feature(name, parents, (how,))


def _selected(transformer: Any, inputs: Features) -> Features:
    return [one for one, kept in zip(inputs, transformer.get_support(), strict=True) if kept]


_KINDS: dict[str, Callable[[Any, Features], Features]] = {
    "ArithmeticPairs": _pairs,
    "CategoryCrosses": _crosses,
    "CountVectorizer": _vectorizer,
    "DateImputer": _dates_filled,
    "DatetimeEncoder": _calendar,
    "FunctionTransformer": _function,
    "MaxAbsScaler": _one_to_one("scaling by the largest value"),
    "MinMaxScaler": _one_to_one("scaling into the unit interval"),
    "Normalizer": _one_to_one("scaling of rows to one length"),
    "OneHotEncoder": _one_hot,
    "OrdinalEncoder": _one_to_one("codes"),
    "RobustScaler": _one_to_one("robust scaling"),
    "SelectFromModel": _selected,
    "SimpleImputer": _imputer,
    "SquashingScaler": _one_to_one("robust scaling with a smooth clip"),
    "StandardScaler": _one_to_one("standard scaling"),
    "StringEncoder": _topics_of_text,
    "TargetEncoder": _target,
    "TfidfVectorizer": _vectorizer,
    "Topics": _topics,
}


def transformations(features: Sequence[Feature]) -> list[str]:
    """The ways in which features are made, for people.

    Parameters
    ----------
    features : sequence of Feature

    Returns
    -------
    list of str
        Such as ``median imputation, standard scaling``; ``as it is`` for a column itself.
    """
    return list(dict.fromkeys(", ".join(one.steps) or "as it is" for one in features))
