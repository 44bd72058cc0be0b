"""The features of a trial: from the kinds of columns and a learner's needs to source code.

What a learner needs is data (`Preprocessing`), and so is what a person asked of the columns
(`trialbook.orders.Orders`); what each looks like in scikit-learn and skrub is one small function
here or in the modules for categories and text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from trialbook.program._builder import Builder, step
from trialbook.program._categories import add_categories, target_encoder
from trialbook.program._code import Code, call, spread
from trialbook.program._filling import add_markers, fill
from trialbook.program._needs import (
    MAX_CROSSES,
    MAX_PAIRS,
    PAIRED_COLUMNS,
    Columns,
    Extra,
    Preprocessing,
    possible_extras,
)
from trialbook.program._text import add_text


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
    build = Builder(columns.orders, regression=regression)
    filling = fill(build, columns)
    n_codes = add_categories(build, columns, needs)
    _add_numbers(build, columns, needs)
    add_markers(build, columns)
    for name, form in columns.datetime.items():
        _add_datetime(build, name, form, needs, timed=name in columns.timed)
    for name in columns.text:
        add_text(build, name, needs)
    extra = [one for one in possible_extras(columns) if one in needs.extra]
    for one in extra:
        _EXTRAS[one](build, needs)
    # Target encoding names its columns as their codes are named, which then tells them apart.
    options: dict[str, object] = {} if extra else {"verbose_feature_names_out": False}
    if needs.dense:
        options["sparse_threshold"] = 0
    steps_list = Code(spread("[", build.steps, "]", room=0))
    expression = call("ColumnTransformer", steps_list, **options)
    expression = build.pipeline(filling, expression)
    if needs.frame:
        expression = build.pipeline(expression, build.as_table())
    if needs.select is not None and columns.orders.allows("selection"):
        expression = build.pipeline(expression, build.selector(needs.select))
    return FeatureCode(
        expression=expression,
        constants=tuple(build.constants),
        imports=tuple(sorted(build.imports)),
        snippets=tuple(sorted(build.snippets)),
        n_categorical=n_codes,
    )


def _add_numbers(build: Builder, columns: Columns, needs: Preprocessing) -> None:
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
    build: Builder, name: str, form: str | None, needs: Preprocessing, *, timed: bool
) -> None:
    build.use("from sklearn.preprocessing import FunctionTransformer")
    build.use("from skrub import DatetimeEncoder")
    build.use("import pandas as pd")
    parse = call(
        "FunctionTransformer",
        Code("pd.to_datetime"),
        kw_args=build.date_options(form),
        feature_names_out="one-to-one",
    )
    encoder = call("DatetimeEncoder", **_calendar(build, needs, timed=timed))
    finish = (
        [build.imputer(indicator=True), build.scaler(needs.numeric)] if needs.complete else [None]
    )
    steps = build.pipeline(parse, encoder, *finish)
    build.steps.append(step(f"date_{len(build.steps)}", steps, name))


def _calendar(build: Builder, needs: Preprocessing, *, timed: bool) -> dict[str, object]:
    """What of a date is told: parts of the calendar and seconds since 1970, or these alone."""
    if not build.orders.allows("dates"):
        return {"resolution": None}
    options: dict[str, object] = {
        "resolution": "minute" if timed else "day",
        "add_weekday": True,
        "add_day_of_year": True,
    }
    if needs.datetime == "cyclic":
        options["periodic_encoding"] = "circular"
    return options


def _add_arithmetic(build: Builder, needs: Preprocessing) -> None:
    _add_pairs(build, needs, "arithmetic", n_features=MAX_PAIRS)


def _add_all_pairs(build: Builder, needs: Preprocessing) -> None:
    _add_pairs(build, needs, "all_pairs", n_features=None, n_columns=PAIRED_COLUMNS)


def _add_pairs(build: Builder, needs: Preprocessing, name: str, **sizes: int | None) -> None:
    pairs = build.transformer("ArithmeticPairs", **sizes, random_state=Code("SEED"))
    # A pair may have no finite result in any row, and must still be a column.
    imputer = build.imputer(indicator=False, keep_empty=True) if needs.complete else None
    steps = build.pipeline(pairs, imputer, build.scaler(needs.numeric))
    build.steps.append(step(name, steps, build.lists("NUMERIC", "COUNTS")))


def _add_crosses(build: Builder, needs: Preprocessing) -> None:
    sizes: dict[str, object] = {"n_features": MAX_CROSSES}
    crosses = build.transformer("CategoryCrosses", **sizes, random_state=Code("SEED"))
    steps = build.pipeline(crosses, target_encoder(build, needs))
    build.steps.append(step("crosses", steps, build.lists("CATEGORICAL", "CODED")))


def _add_target_encoding(build: Builder, needs: Preprocessing) -> None:
    encoder = target_encoder(build, needs)
    text, coded = build.lists("CATEGORICAL"), build.lists("CODED")
    if text:
        build.steps.append(step("encoded", build.pipeline(build.as_text(), encoder), text))
    if coded:
        build.steps.append(step("encoded_codes", encoder, coded))


_EXTRAS: dict[Extra, Callable[[Builder, Preprocessing], None]] = {
    "arithmetic": _add_arithmetic,
    "all_pairs": _add_all_pairs,
    "crosses": _add_crosses,
    "target_encoding": _add_target_encoding,
}
