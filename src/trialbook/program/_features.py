"""The features of a trial: from the kinds of columns and a learner's needs to source code.

What a learner needs is data (`Preprocessing`); what each need looks like in scikit-learn and
skrub is one small function below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from trialbook.program._code import Code, call, literal, spread

# One-hot columns of more levels are mostly zeros; target encoding says more in one column.
ONE_HOT_MAX_LEVELS = 32
# Histogram gradient boosting in scikit-learn takes at most 255 levels of a category.
MAX_NATIVE_LEVELS = 250
# Levels with fewer rows than this share one column: a rarer one cannot be learnt from.
MIN_LEVEL_ROWS = 3
# Features of several columns are made for so many columns of a kind at most: choosing among the
# columns of a wider table takes longer than it is worth.
MAX_COMBINED_COLUMNS = 300
# What the transformers of `_transformers` keep at most.
MAX_PAIRS = 16
MAX_CROSSES = 10
# Of so many columns all pairs are made, four features each. Against `MAX_PAIRS` chosen ones, one
# LightGBM lost 4.5 % of its out-of-fold error (five folds) on 7,000 rows of HIGGS, 2.5 % on
# concrete and 3.4 % on wine quality; with eight columns as much. On HIGGS the best 250 or 1,000 of
# all pairs, or so many at random, were worse. On spambase and segment, all pairs of eleven columns
# made another LightGBM worse by more than a tenth: they are for some members of a vote only.
PAIRED_COLUMNS = 10

Numeric = Literal["keep", "impute", "standard", "squash", "minmax"]
Categorical = Literal["codes", "one_hot"]
Datetime = Literal["parts", "cyclic"]
Text = Literal["topics", "ngrams", "words"]
Extra = Literal["arithmetic", "all_pairs", "crosses", "target_encoding"]


@dataclass(frozen=True)
class Preprocessing:
    """What a learner needs of its features.

    Parameters
    ----------
    numeric : {"keep", "impute", "standard", "squash", "minmax"}
        Leave numbers as they are (missing ones too), impute, and then scale by standard
        deviation, by quantiles with a smooth clip, or into the unit interval.
    categorical : {"codes", "one_hot"}
        Categories as codes, or as one-hot columns with target encoding above
        `ONE_HOT_MAX_LEVELS` levels.
    datetime : {"parts", "cyclic"}
        Dates as calendar parts, or as parts on circles.
    text : {"topics", "ngrams", "words"}
        Free text as a few topics (TF-IDF, then SVD), as sparse TF-IDF n-grams, or as whether it
        has each of the most frequent words and pairs of words.
    n_words : int
        How many of these.
    dense : bool
        Whether the learner needs a dense matrix.
    frame : bool
        Whether the learner needs a table in which codes of categories are whole numbers.
    extra : tuple of {"arithmetic", "all_pairs", "crosses", "target_encoding"}
        Features beside those of the columns themselves: arithmetic of two numbers, for the best
        pairs or for all pairs of the best columns, two categories as one, and what a category
        says of the target. Those that the columns do not allow (see `possible_extras`) are left
        out.
    select : int, optional
        Of all columns after encoding, only so many: those most important to extra trees.
    """

    numeric: Numeric = "keep"
    categorical: Categorical = "codes"
    datetime: Datetime = "parts"
    text: Text = "topics"
    n_words: int = 1000
    dense: bool = True
    frame: bool = False
    extra: tuple[Extra, ...] = ()
    select: int | None = None

    @property
    def complete(self) -> bool:
        """Whether missing values must be gone."""
        return self.numeric != "keep"


@dataclass(frozen=True)
class Columns:
    """The columns of a table by kind.

    Parameters
    ----------
    numeric : tuple of str
    counts : tuple of str
        Those of `numeric` that count things which are mostly absent, such as words.
    categorical : mapping of str to int
        Categories and booleans with their number of levels.
    coded : tuple of str
        Those of `categorical` that are stored as numbers, so that 5 and 5.0 are one level.
    datetime : mapping of str to (str or None)
        The format of dates stored as text; ``None`` when stored as dates.
    timed : tuple of str
        Those of `datetime` that have a time of day.
    text : tuple of str
    """

    numeric: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    categorical: Mapping[str, int] = field(default_factory=dict)
    coded: tuple[str, ...] = ()
    datetime: Mapping[str, str | None] = field(default_factory=dict)
    timed: tuple[str, ...] = ()
    text: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.numeric) + len(self.categorical) + len(self.datetime) + len(self.text)


def possible_extras(columns: Columns) -> tuple[Extra, ...]:
    """The kinds of features of several columns, and of the target, that a table allows.

    Parameters
    ----------
    columns : Columns

    Returns
    -------
    tuple of str
        Values of `Preprocessing.extra`.
    """
    return tuple(extra for extra, width in _extra_widths(columns).items() if width)


def extra_width(columns: Columns, extra: tuple[Extra, ...], n_outputs: int = 1) -> int:
    """How many columns such features are, at most.

    Parameters
    ----------
    columns : Columns
    extra : tuple of str
        Values of `Preprocessing.extra`.
    n_outputs : int
        What a category says of the target is one number, or one for each of several classes.

    Returns
    -------
    int
    """
    widths = _extra_widths(columns)
    encoded = ("crosses", "target_encoding")
    return sum(widths[one] * (n_outputs if one in encoded else 1) for one in extra)


def _extra_widths(columns: Columns) -> dict[Extra, int]:
    numbers = len(columns.numeric) if len(columns.numeric) <= MAX_COMBINED_COLUMNS else 0
    paired = min(PAIRED_COLUMNS, numbers)
    levels = len(columns.categorical) if len(columns.categorical) <= MAX_COMBINED_COLUMNS else 0
    return {
        "arithmetic": min(MAX_PAIRS, numbers * (numbers - 1) // 2),
        "all_pairs": 2 * paired * (paired - 1),
        "crosses": min(MAX_CROSSES, levels * (levels - 1) // 2),
        "target_encoding": levels,
    }


@dataclass(frozen=True)
class FeatureCode:
    """Source of a column transformer.

    Parameters
    ----------
    expression : Code
        The transformer.
    constants : tuple of (str, list of str)
        Names of column lists it uses, with their columns.
    imports : tuple of str
    snippets : tuple of str
        Names of functions in `trialbook.program._snippets`, and of classes in
        `trialbook.program._transformers`, that it uses.
    n_categorical : int
        How many of its first output columns are category codes.
    """

    expression: Code
    constants: tuple[tuple[str, list[str]], ...]
    imports: tuple[str, ...]
    snippets: tuple[str, ...]
    n_categorical: int


class _Builder:
    """Collects the parts of a column transformer."""

    def __init__(self, *, regression: bool) -> None:
        self.regression = regression
        self.steps: list[Code] = []
        self.constants: list[tuple[str, list[str]]] = []
        self.imports: set[str] = {"from sklearn.compose import ColumnTransformer"}
        self.snippets: set[str] = set()

    def use(self, line: str) -> None:
        self.imports.add(line)

    def group(self, step: str, constant: str, columns: list[str], transformer: Code | str) -> None:
        """Add one transformer for a list of columns that becomes a constant."""
        if columns:
            self.constants.append((constant, columns))
            self.steps.append(_step(step, transformer, Code(constant)))

    def lists(self, *starts: str) -> Code:
        """The constants whose names start so, as one list; they must have been added."""
        names = [name for name, _ in self.constants if name.startswith(starts)]
        return Code(" + ".join(names))

    def transformer(self, name: str, **sizes: int | None) -> Code:
        """A call of a class of `_transformers`, with the functions that it uses."""
        self.use("from sklearn.base import BaseEstimator, TransformerMixin")
        self.use("from itertools import combinations")
        self.snippets |= {name, *_FUNCTIONS[name]}
        return call(name, **sizes, random_state=Code("SEED"))

    def pipeline(self, *steps: Code | None) -> Code:
        """One step, or several in a pipeline."""
        present = [step for step in steps if step is not None]
        if len(present) == 1:
            return present[0]
        self.use("from sklearn.pipeline import make_pipeline")
        return call("make_pipeline", *present)

    def as_text(self) -> Code:
        self.use("from sklearn.preprocessing import FunctionTransformer")
        self.snippets.add("as_text")
        return call("FunctionTransformer", Code("as_text"), feature_names_out="one-to-one")

    def as_table(self) -> Code:
        self.use("from sklearn.preprocessing import FunctionTransformer")
        self.snippets.add("as_table")
        counted = {"n_categorical": Code("N_CATEGORICAL")}
        return call("FunctionTransformer", Code("as_table"), kw_args=counted)

    def imputer(self, *, indicator: bool, keep_empty: bool = False) -> Code:
        self.use("from sklearn.impute import SimpleImputer")
        options = {"add_indicator": True} if indicator else {}
        options |= {"keep_empty_features": True} if keep_empty else {}
        return call("SimpleImputer", strategy="median", **options)

    def selector(self, n_columns: int) -> Code:
        trees = "ExtraTreesRegressor" if self.regression else "ExtraTreesClassifier"
        self.use(f"from sklearn.ensemble import {trees}")
        self.use("from sklearn.feature_selection import SelectFromModel")
        self.use("import numpy as np")
        options = {"n_estimators": SELECTING_TREES, "min_samples_leaf": 3}
        told = call(trees, **options, random_state=Code("SEED"), n_jobs=Code("N_JOBS"))
        best = {"max_features": n_columns, "threshold": Code("-np.inf")}
        return call("SelectFromModel", told, **best)

    def scaler(self, numeric: Numeric) -> Code | None:
        if numeric == "standard":
            self.use("from sklearn.preprocessing import StandardScaler")
            return call("StandardScaler")
        if numeric == "squash":
            self.use("from skrub import SquashingScaler")
            return call("SquashingScaler")
        if numeric == "minmax":
            self.use("from sklearn.preprocessing import MinMaxScaler")
            return call("MinMaxScaler", clip=True)
        return None


def feature_code(
    columns: Columns, needs: Preprocessing, *, regression: bool = False
) -> FeatureCode:
    """Write the column transformer that gives a learner what it needs.

    Parameters
    ----------
    columns : Columns
        The columns of the table.
    needs : Preprocessing
        What the learner needs.
    regression : bool
        Whether the target is a number.

    Returns
    -------
    FeatureCode

    Notes
    -----
    Category codes come first in the output, so that a learner can name them by position.
    """
    build = _Builder(regression=regression)
    n_codes = _add_categories(build, columns, needs)
    _add_numbers(build, columns, needs)
    for name, form in columns.datetime.items():
        _add_datetime(build, name, form, needs, timed=name in columns.timed)
    for name in columns.text:
        _add_text(build, name, needs)
    extra = [one for one in possible_extras(columns) if one in needs.extra]
    for one in extra:
        _EXTRAS[one](build, needs)
    # Target encoding names its columns as their codes are named, which then tells them apart.
    options: dict[str, object] = {} if extra else {"verbose_feature_names_out": False}
    if needs.dense:
        options["sparse_threshold"] = 0
    steps_list = Code(spread("[", build.steps, "]", room=0))
    expression = call("ColumnTransformer", steps_list, **options)
    if needs.frame:
        expression = build.pipeline(expression, build.as_table())
    if needs.select is not None:
        expression = build.pipeline(expression, build.selector(needs.select))
    return FeatureCode(
        expression=expression,
        constants=tuple(build.constants),
        imports=tuple(sorted(build.imports)),
        snippets=tuple(sorted(build.snippets)),
        n_categorical=n_codes,
    )


def _add_categories(build: _Builder, columns: Columns, needs: Preprocessing) -> int:
    """Add the steps for categories; return how many category codes they put first."""
    coded = set(columns.coded)
    if needs.categorical == "one_hot":
        low = [c for c, n in columns.categorical.items() if n <= ONE_HOT_MAX_LEVELS]
        high = [c for c, n in columns.categorical.items() if n > ONE_HOT_MAX_LEVELS]
        for suffix, chosen, encoder in (
            ("", low, _one_hot(build) if low else None),
            ("_many", high, _target_encoder(build, needs) if high else None),
        ):
            if encoder is not None:
                _add_by_storage(build, chosen, coded, suffix, encoder)
        return 0
    names = list(columns.categorical)
    if not names:
        return 0
    build.use("from sklearn.preprocessing import OrdinalEncoder")
    options: dict[str, object] = {"handle_unknown": "use_encoded_value"}
    if needs.complete or needs.frame:
        options |= {"unknown_value": -1, "encoded_missing_value": -2}
    else:
        build.use("import numpy as np")
        options |= {"unknown_value": Code("np.nan"), "encoded_missing_value": Code("np.nan")}
    many = any(levels > MAX_NATIVE_LEVELS for levels in columns.categorical.values())
    if many and not needs.frame:
        options["max_categories"] = MAX_NATIVE_LEVELS
    _add_by_storage(build, names, coded, "", call("OrdinalEncoder", **options))
    return len(names)


def _add_by_storage(
    build: _Builder, names: list[str], coded: set[str], suffix: str, encoder: Code
) -> None:
    """Encode text through `as_text`, and categories stored as numbers as they are."""
    constant = "CATEGORICAL" + suffix.upper()
    text = [name for name in names if name not in coded]
    numbers = [name for name in names if name in coded]
    if text:
        build.group(
            f"categorical{suffix}", constant, text, build.pipeline(build.as_text(), encoder)
        )
    build.group(f"coded{suffix}", constant.replace("CATEGORICAL", "CODED"), numbers, encoder)


def _one_hot(build: _Builder) -> Code:
    build.use("from sklearn.preprocessing import OneHotEncoder")
    return call(
        "OneHotEncoder",
        min_frequency=MIN_LEVEL_ROWS,
        handle_unknown="infrequent_if_exist",
    )


def _target_encoder(build: _Builder, needs: Preprocessing) -> Code:
    build.use("from sklearn.model_selection import KFold")
    build.use("from sklearn.preprocessing import TargetEncoder")
    folds = call("KFold", 5, shuffle=True, random_state=Code("SEED"))
    # Left to guess, it would take numbers without a fraction for classes.
    kind = {"target_type": "continuous"} if build.regression else {}
    return build.pipeline(call("TargetEncoder", **kind, cv=folds), build.scaler(needs.numeric))


def _add_numbers(build: _Builder, columns: Columns, needs: Preprocessing) -> None:
    """Add the steps for numbers; counts of words get row norms where others get a scale."""
    counts = columns.counts if needs.numeric in ("standard", "squash") else ()
    others = [name for name in columns.numeric if name not in set(counts)]
    if needs.numeric == "keep":
        build.group("numeric", "NUMERIC", others, Code('"passthrough"'))
    elif others:
        steps = build.pipeline(build.imputer(indicator=True), build.scaler(needs.numeric))
        build.group("numeric", "NUMERIC", others, steps)
    if counts:
        build.use("import numpy as np")
        build.use("from sklearn.preprocessing import FunctionTransformer, Normalizer")
        logarithm = call("FunctionTransformer", Code("np.log1p"), feature_names_out="one-to-one")
        steps = build.pipeline(build.imputer(indicator=False), logarithm, call("Normalizer"))
        build.group("counts", "COUNTS", list(counts), steps)


def _add_datetime(
    build: _Builder, name: str, form: str | None, needs: Preprocessing, *, timed: bool
) -> None:
    build.use("from sklearn.preprocessing import FunctionTransformer")
    build.use("from skrub import DatetimeEncoder")
    build.use("import pandas as pd")
    parse = call(
        "FunctionTransformer",
        Code("pd.to_datetime"),
        kw_args=_date_options(form),
        feature_names_out="one-to-one",
    )
    options: dict[str, object] = {
        "resolution": "minute" if timed else "day",
        "add_weekday": True,
        "add_day_of_year": True,
    }
    if needs.datetime == "cyclic":
        options["periodic_encoding"] = "circular"
    finish = (
        [build.imputer(indicator=True), build.scaler(needs.numeric)] if needs.complete else [None]
    )
    steps = build.pipeline(parse, call("DatetimeEncoder", **options), *finish)
    build.steps.append(_step(f"date_{len(build.steps)}", steps, name))


def _date_options(form: str | None) -> dict[str, object]:
    """Arguments of pandas' parser; dates with a time zone become UTC."""
    options: dict[str, object] = {"format": form} if form else {}
    if form and (form == "ISO8601" or "%z" in form):
        options["utc"] = True
    return {**options, "errors": "coerce"}


def _add_text(build: _Builder, name: str, needs: Preprocessing) -> None:
    if needs.text == "ngrams":
        build.use("from sklearn.feature_extraction.text import TfidfVectorizer")
        steps = build.pipeline(
            build.as_text(),
            call("TfidfVectorizer", ngram_range=(1, 2), max_features=20000, sublinear_tf=True),
        )
    elif needs.text == "words":
        build.use("from sklearn.feature_extraction.text import CountVectorizer")
        steps = build.pipeline(
            build.as_text(),
            call("CountVectorizer", ngram_range=(1, 2), max_features=needs.n_words, binary=True),
        )
    else:
        build.use("from skrub import StringEncoder")
        steps = call(
            "StringEncoder",
            n_components=TOPICS,
            vectorizer="tfidf",
            analyzer="word",
            ngram_range=(1, 2),
            random_state=Code("SEED"),
        )
        steps = build.pipeline(steps, build.scaler(needs.numeric))
    build.steps.append(_step(f"text_{len(build.steps)}", steps, name))


def _add_arithmetic(build: _Builder, needs: Preprocessing) -> None:
    _add_pairs(build, needs, "arithmetic", n_features=MAX_PAIRS)


def _add_all_pairs(build: _Builder, needs: Preprocessing) -> None:
    _add_pairs(build, needs, "all_pairs", n_features=None, n_columns=PAIRED_COLUMNS)


def _add_pairs(build: _Builder, needs: Preprocessing, name: str, **sizes: int | None) -> None:
    pairs = build.transformer("ArithmeticPairs", **sizes)
    # A pair may have no finite result in any row, and must still be a column.
    imputer = build.imputer(indicator=False, keep_empty=True) if needs.complete else None
    steps = build.pipeline(pairs, imputer, build.scaler(needs.numeric))
    build.steps.append(_step(name, steps, build.lists("NUMERIC", "COUNTS")))


def _add_crosses(build: _Builder, needs: Preprocessing) -> None:
    crosses = build.transformer("CategoryCrosses", n_features=MAX_CROSSES)
    steps = build.pipeline(crosses, _target_encoder(build, needs))
    build.steps.append(_step("crosses", steps, build.lists("CATEGORICAL", "CODED")))


def _add_target_encoding(build: _Builder, needs: Preprocessing) -> None:
    encoder = _target_encoder(build, needs)
    text, coded = build.lists("CATEGORICAL"), build.lists("CODED")
    if text:
        build.steps.append(_step("encoded", build.pipeline(build.as_text(), encoder), text))
    if coded:
        build.steps.append(_step("encoded_codes", encoder, coded))


_EXTRAS: dict[Extra, Callable[[_Builder, Preprocessing], None]] = {
    "arithmetic": _add_arithmetic,
    "all_pairs": _add_all_pairs,
    "crosses": _add_crosses,
    "target_encoding": _add_target_encoding,
}
# The functions of `_snippets` that each class of `_transformers` uses.
_FUNCTIONS = {
    "ArithmeticPairs": ("arithmetic", "centred", "explained", "parts"),
    "CategoryCrosses": ("centred", "explained"),
}


# Thirty topics are skrub's own default; more cost time and rarely help trees.
TOPICS = 30
# Trees that tell which columns are important. They stay in the model: on 2,000 rows of 500 columns
# a hundred take 7 MB and choose as well as three hundred.
SELECTING_TREES = 100


def _step(name: str, transformer: Code | str, columns: Code | str) -> Code:
    items = [literal(name), str(transformer), literal(columns)]
    return Code(spread("(", items, ")"))
