"""What a person may ask of the features, and in which words.

The names of three vocabularies lead to the same transformers: our own, those of Azure's automated
machine learning in any spelling (``TfIdf``, ``tf_idf``, ``HashOneHotEncoder``), and those of
scikit-learn. What is asked is data: `trialbook.job` checks it, `trialbook.data` settles what it
means for the columns of a table, and `trialbook.program` writes programs that keep to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_serializer
from pydantic import model_validator as after_all

from trialbook.errors import UnknownName, nearest

Mode = Literal["auto", "off", "custom"]
Strategy = Literal["mean", "median", "most_frequent", "constant"]
Value = str | int | float | bool

STRATEGIES = ("mean", "median", "most_frequent", "constant")


def folded(name: object) -> str:
    """A name without case and punctuation: ``tfidf`` for ``TfIdf`` and ``tf_idf``."""
    return re.sub(r"[\W_]+", "", str(name)).casefold()


# -- transformers ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Transformer:
    """One that may be blocked, or given parameters.

    Parameters
    ----------
    name : str
        Our name.
    aliases : tuple of str
        Other names; case and punctuation do not matter.
    blocked : str
        What is done where it is blocked.
    parameters : mapping of str to callable
        Its parameters, each with a check that returns the value as it is kept, or raises.
    used : bool
        Whether any program has it.
    """

    name: str
    aliases: tuple[str, ...]
    blocked: str
    parameters: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    used: bool = True


def _count(least: int, most: int | None = None) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or value < least or (most is not None and value > most):
            most_text = "" if most is None else f" to {most}"
            raise ValueError(f"it takes a whole number from {least}{most_text}, not {value!r}")
        return int(value)

    return check


def _share(value: Any) -> int | float:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    if isinstance(value, float) and 0 <= value <= 1:
        return value
    raise ValueError(f"it takes a number of rows, or a share from 0.0 to 1.0, not {value!r}")


def _positive(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
        return float(value)
    raise ValueError(f"it takes a number above 0, not {value!r}")


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"it takes true or false, not {value!r}")
    return value


def _one_of(*choices: str | None) -> Callable[[Any], str | None]:
    def check(value: Any) -> str | None:
        if value not in choices:
            raise ValueError(f"it takes {', '.join(map(repr, choices))}, not {value!r}")
        return None if value is None else str(value)

    return check


def _two(value: Any) -> tuple[int, int]:
    pair = list(value) if isinstance(value, (list, tuple)) else []
    whole = len(pair) == 2 and all(type(one) is int for one in pair)
    if not whole or not 1 <= pair[0] <= pair[1]:
        raise ValueError(f"it takes two whole numbers such as [1, 3], not {value!r}")
    return pair[0], pair[1]


def _stop_words(value: Any) -> Any:
    if value is None or value == "english":
        return value
    if isinstance(value, (list, tuple)) and all(isinstance(one, str) for one in value):
        return list(value)
    raise ValueError(f"it takes 'english' or a list of words, not {value!r}")


_COUNTING: Mapping[str, Callable[[Any], Any]] = {
    "analyzer": _one_of("word", "char", "char_wb"),
    "binary": _flag,
    "lowercase": _flag,
    "max_df": _share,
    "max_features": _count(1),
    "min_df": _share,
    "ngram_range": _two,
    "stop_words": _stop_words,
    "strip_accents": _one_of("ascii", "unicode", None),
}
_NO_EFFECT = "no effect: no program has it"

TRANSFORMERS: Mapping[str, Transformer] = {
    one.name: one
    for one in (
        Transformer(
            "imputer",
            ("SimpleImputer", "Imputation"),
            "no effect: missing values are filled only where a learner cannot take them,"
            " or where an imputer was given",
            # The two are checked together; see `Imputer`.
            {"strategy": lambda value: value, "fill_value": lambda value: value},
        ),
        Transformer(
            "missing_indicator",
            ("ImputationMarker",),
            "no columns that say where a number was missing",
        ),
        Transformer(
            "one_hot",
            ("OneHotEncoder", "OneHotEncoding"),
            "categories are told by the target, by hashes or by codes",
            {"max_levels": _count(2, 10_000), "min_frequency": _count(1)},
        ),
        Transformer(
            "hash_one_hot",
            ("HashOneHotEncoder", "HashOneHotVectorizer", "FeatureHasher"),
            "categories are encoded as those of other columns",
            {"number_of_bits": _count(1, 16)},
        ),
        Transformer(
            "target_encoding",
            ("CatTargetEncoder", "TargetEncoder", "CategoricalTargetEncoder"),
            "categories of many levels get a column for each of the most frequent levels",
            {"smooth": _positive},
        ),
        Transformer(
            "codes",
            ("LabelEncoder", "LabelEncoding", "OrdinalEncoder"),
            "categories get columns for their levels, for trees too",
        ),
        Transformer(
            "tfidf",
            ("TfidfVectorizer", "TfIdfTransformer"),
            "text is told by which words it has",
            {
                **_COUNTING,
                "norm": _one_of("l1", "l2", None),
                "smooth_idf": _flag,
                "sublinear_tf": _flag,
                "use_idf": _flag,
            },
        ),
        Transformer(
            "words",
            ("CountVectorizer", "Counts", "WordCounts"),
            "text is told by TF-IDF",
            _COUNTING,
        ),
        Transformer(
            "topics",
            ("StringEncoder", "TruncatedSVD"),
            "text is told by its words",
            {"n_components": _count(1, 1000)},
        ),
        Transformer(
            "dates",
            ("DatetimeEncoder", "DateTimeFeaturesTransformer", "DateTime"),
            "a date is one number, its seconds since 1970",
        ),
        Transformer("arithmetic", ("ArithmeticPairs",), "no features of two numbers"),
        Transformer("crosses", ("CategoryCrosses",), "no features of two categories"),
        Transformer("selection", ("SelectFromModel", "FeatureSelection"), "all columns are kept"),
        Transformer("woe_target_encoding", ("WoETargetEncoder",), _NO_EFFECT, used=False),
        Transformer("text_target_encoding", ("TextTargetEncoder",), _NO_EFFECT, used=False),
        Transformer("word_embedding", ("WordEmbeddings",), _NO_EFFECT, used=False),
        Transformer("naive_bayes", ("NaiveBayesTransformer",), _NO_EFFECT, used=False),
    )
}
_BY_FOLDED = {
    folded(spelling): one.name
    for one in TRANSFORMERS.values()
    for spelling in (one.name, *one.aliases)
}
# Of these, categories need one; of the others, text does.
ENCODINGS = ("one_hot", "target_encoding", "hash_one_hot", "codes")
VECTORIZERS = ("tfidf", "words")
# Without featurization there are codes of categories, and what learners cannot do without.
OFF = frozenset(TRANSFORMERS) - {"imputer", "codes"}


def transformer_name(name: object) -> str:
    """Our name of a transformer, whatever the vocabulary.

    Parameters
    ----------
    name : str
        Such as ``TfIdf``, ``tf_idf`` or ``OneHotEncoder``.

    Returns
    -------
    str
        A key of `TRANSFORMERS`.

    Raises
    ------
    ValueError
        If there is none; the nearest name is suggested.
    """
    found = _BY_FOLDED.get(folded(name))
    if found is None:
        spellings = [*TRANSFORMERS, *(s for one in TRANSFORMERS.values() for s in one.aliases)]
        raise UnknownName(f"there is no transformer '{name}'", nearest(str(name), spellings))
    return found


# -- parts of a job --------------------------------------------------------------------------


class Imputer(BaseModel):
    """How the missing cells of a column are filled.

    Parameters
    ----------
    strategy : {"mean", "median", "most_frequent", "constant"}
    fill_value : str, int, float or bool, optional
        What is filled in; for the strategy ``constant``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: Strategy
    fill_value: Value | None = None

    @after_all(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        """Take a strategy alone, in any case."""
        if isinstance(value, str):
            value = {"strategy": value}
        if isinstance(value, Mapping) and isinstance(value.get("strategy"), str):
            known = {folded(one): one for one in STRATEGIES} | {"mode": "most_frequent"}
            asked = value["strategy"]
            if folded(asked) not in known:
                raise UnknownName(f"there is no strategy '{asked}'", nearest(asked, STRATEGIES))
            value = {**value, "strategy": known[folded(asked)]}
        return value

    @after_all(mode="after")
    def _agree(self) -> Imputer:
        if self.strategy == "constant" and self.fill_value is None:
            raise ValueError("the strategy constant needs a fill_value")
        if self.strategy != "constant" and self.fill_value is not None:
            raise ValueError(f"a fill_value goes with constant, not with {self.strategy}")
        return self

    @model_serializer
    def _short(self) -> Any:
        if self.fill_value is None:
            return self.strategy
        return {"strategy": self.strategy, "fill_value": self.fill_value}


class Parameters(BaseModel):
    """Parameters of a transformer for some columns.

    Parameters
    ----------
    fields : tuple of str
        Columns; empty for all.
    parameters : dict
        Values by name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: tuple[str, ...] = ()
    parameters: dict[str, Any] = Field(min_length=1)

    @field_validator("fields", mode="before")
    @classmethod
    def _read_fields(cls, value: Any) -> Any:
        return () if value is None else (value,) if isinstance(value, str) else value

    def of(self, transformer: str) -> Parameters:
        """The same, checked for one transformer.

        Parameters
        ----------
        transformer : str
            A key of `TRANSFORMERS`.

        Raises
        ------
        ValueError
            If it has no such parameter, or the parameter no such value.
        """
        known = TRANSFORMERS[transformer].parameters
        checked = {}
        for name, value in self.parameters.items():
            if name not in known:
                remedy = nearest(name, known) if known else "It takes none."
                raise UnknownName(f"{transformer} has no parameter '{name}'", remedy)
            try:
                checked[name] = known[name](value)
            except ValueError as error:
                raise ValueError(f"{transformer}.{name}: {error}") from None
        if transformer == "imputer":
            Imputer.model_validate(checked)
        return Parameters(fields=self.fields, parameters=checked)


def read_parameters(given: Any) -> dict[str, tuple[Parameters, ...]]:
    """Read the parameters of transformers, as jobs write them.

    Parameters
    ----------
    given : mapping
        By transformer: parameters for all columns, or a list (or one) of ``fields`` with
        ``parameters``.

    Returns
    -------
    dict of str to tuple of Parameters
        By our names of the transformers.

    Raises
    ------
    ValueError
        If something is unknown or given twice.
    """
    if not isinstance(given, Mapping):
        raise ValueError("it takes parameters by the name of a transformer")
    read: dict[str, tuple[Parameters, ...]] = {}
    for spelling, value in given.items():
        name = transformer_name(spelling)
        entries = value if isinstance(value, (list, tuple)) else [value]
        found = tuple(_entry(name, one) for one in entries)
        if not TRANSFORMERS[name].used or not TRANSFORMERS[name].parameters:
            raise ValueError(f"{spelling} takes no parameters here")
        read[name] = (*read.get(name, ()), *found)
        _check_once(name, read[name])
    return read


def _entry(transformer: str, value: Any) -> Parameters:
    if isinstance(value, Parameters):
        return value.of(transformer)
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"{transformer} takes parameters by name")
    nested = "parameters" in value or "fields" in value
    return Parameters.model_validate(value if nested else {"parameters": value}).of(transformer)


def _check_once(transformer: str, entries: tuple[Parameters, ...]) -> None:
    """Refuse a parameter that is given twice for a column."""
    seen: set[tuple[str, str | None]] = set()
    for entry in entries:
        for name in entry.parameters:
            for column in entry.fields or (None,):
                if (name, column) in seen:
                    whose = "all columns" if column is None else f"'{column}'"
                    raise ValueError(f"{transformer}.{name} is given twice for {whose}")
                seen.add((name, column))


# -- orders ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Orders:
    """What was asked of the features, settled for the columns of a table.

    Parameters
    ----------
    imputers : mapping of str to Imputer
        How missing cells are filled, by column.
    blocked : frozenset of str
        Transformers that no program may have; keys of `TRANSFORMERS`.
    parameters : mapping of str to tuple of Parameters
        By transformer.
    hashed : frozenset of str
        Categories that are encoded by hashes.
    language : str, optional
        Code of the language of text.
    """

    imputers: Mapping[str, Imputer] = field(default_factory=dict)
    blocked: frozenset[str] = frozenset()
    parameters: Mapping[str, tuple[Parameters, ...]] = field(default_factory=dict)
    hashed: frozenset[str] = frozenset()
    language: str | None = None

    def allows(self, *transformers: str) -> bool:
        """Whether none of some transformers is blocked."""
        return self.blocked.isdisjoint(transformers)

    def of(self, transformer: str, column: str) -> dict[str, Any]:
        """The parameters of a transformer for a column; those that name it come first."""
        entries = self.parameters.get(transformer, ())
        general = [one for one in entries if not one.fields]
        own = [one for one in entries if column in one.fields]
        found: dict[str, Any] = {}
        for entry in (*general, *own):
            found |= entry.parameters
        return found


def blocked_names(names: Iterable[str], mode: Mode) -> frozenset[str]:
    """The transformers that no program may have."""
    return OFF if mode == "off" else frozenset(map(transformer_name, names))
