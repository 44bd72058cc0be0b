"""Missing cells that a person asked to be filled in some way: a step before all others.

Whatever comes after it, features of several columns too, sees the filled columns. Columns that
say which numbers were missing are made here, for afterwards nothing could tell.
"""

from __future__ import annotations

import re

from trialbook.orders import Imputer
from trialbook.program._builder import MISSING, Builder, step
from trialbook.program._code import Code, call, literal, spread
from trialbook.program._needs import Columns


def fill(build: Builder, columns: Columns) -> Code | None:
    """What fills the missing cells of a table as was asked; ``None`` where nothing was."""
    kinds = {
        "number": columns.numeric,
        "text": tuple(name for name in columns.categorical if name not in set(columns.coded)),
        "code": columns.coded,
    }
    steps: list[Code] = []
    for kind, names in kinds.items():
        for imputer, filled in _by_imputer(build, names).items():
            name = build.constant(f"FILLED_{imputer.strategy.upper()}", filled)
            steps.append(step(name.lower(), _imputer(build, imputer, kind), Code(name)))
    for name, form in columns.datetime.items():
        if name in build.orders.imputers:
            steps.append(step(f"filled_date_{len(steps)}", _dates(build, name, form), [name]))
    if not steps:
        return None
    named = {"remainder": "passthrough", "verbose_feature_names_out": False}
    filling = call("ColumnTransformer", Code(spread("[", steps, "]", room=0)), **named)
    # Later steps name the columns, so that the filled ones must be a table.
    return Code(f'{filling}.set_output(transform="pandas")')


def add_markers(build: Builder, columns: Columns) -> None:
    """Keep the columns that say where a number was missing before it was filled."""
    asked = [name for name in columns.numeric if name in build.orders.imputers]
    if asked and build.orders.allows("missing_indicator"):
        build.use("from sklearn.compose import make_column_selector")
        # As scikit-learn's imputer names them, and only those of a fold that there are.
        names = "|".join(map(re.escape, asked))
        chosen = call("make_column_selector", f"^missingindicator_(?:{names})$")
        build.steps.append(step("missing", Code('"passthrough"'), chosen))


def _by_imputer(build: Builder, names: tuple[str, ...]) -> dict[Imputer, list[str]]:
    found: dict[Imputer, list[str]] = {}
    for name in names:
        if name in build.orders.imputers:
            found.setdefault(build.orders.imputers[name], []).append(name)
    return found


def _imputer(build: Builder, asked: Imputer, kind: str) -> Code:
    build.use("from sklearn.impute import SimpleImputer")
    options: dict[str, object] = {"missing_values": MISSING} if kind == "text" else {}
    options["strategy"] = asked.strategy
    value = asked.fill_value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is not None:
        # Six digits, as hyperparameters have, would not do for a year or an identifier.
        options["fill_value"] = Code(literal(value))
    if kind == "number" and build.orders.allows("missing_indicator"):
        options["add_indicator"] = True
    # A column of which a fold has nothing must stay a column.
    imputer = call("SimpleImputer", **options, keep_empty_features=True)
    if kind == "text":
        return build.pipeline(build.as_text(), imputer)
    return build.pipeline(_as_float(build) if value is not None else None, imputer)


def _as_float(build: Builder) -> Code:
    """A constant does not go into whole numbers after fractions, nor a fraction into them."""
    build.use("from sklearn.preprocessing import FunctionTransformer")
    build.use("import pandas as pd")
    named = {"kw_args": {"dtype": Code("float")}, "feature_names_out": "one-to-one"}
    return call("FunctionTransformer", Code("pd.DataFrame.astype"), **named)


def _dates(build: Builder, name: str, form: str | None) -> Code:
    asked = build.orders.imputers[name]
    options: dict[str, object] = {"strategy": asked.strategy}
    if asked.fill_value is not None:
        options["fill_value"] = asked.fill_value
    build.use("import pandas as pd")
    return build.transformer("DateImputer", **options, parsing=build.date_options(form))
