"""What collects the parts of a column transformer: its steps, constants, imports and snippets."""

from __future__ import annotations

from itertools import count

from trialbook.orders import Orders
from trialbook.program._code import Code, call, literal, spread
from trialbook.program._needs import Numeric

# Trees that tell which columns are important. They stay in the model: on 2,000 rows of 500 columns
# a hundred take 7 MB and choose as well as three hundred.
SELECTING_TREES = 100
# What `as_text` writes for a missing category.
MISSING = "(missing)"

_PAIRS = "from itertools import combinations"
# The functions of `_snippets` that each class of `_transformers` uses, and its imports.
_CLASSES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ArithmeticPairs": (("arithmetic", "centred", "explained", "parts"), (_PAIRS,)),
    "CategoryCrosses": (("centred", "explained"), (_PAIRS,)),
    "DateImputer": ((), ()),
    "Topics": ((), ("from sklearn.decomposition import TruncatedSVD",)),
}


class Builder:
    """Collects the parts of a column transformer.

    Parameters
    ----------
    orders : Orders
        What a person asked of the columns.
    regression : bool
        Whether the target is a number.
    """

    def __init__(self, orders: Orders, *, regression: bool) -> None:
        self.orders = orders
        self.regression = regression
        self.steps: list[Code] = []
        self.constants: list[tuple[str, list[str]]] = []
        self.imports: set[str] = {"from sklearn.compose import ColumnTransformer"}
        self.snippets: set[str] = set()

    def use(self, line: str) -> None:
        """Add an import."""
        self.imports.add(line)

    def constant(self, name: str, columns: list[str]) -> str:
        """Add a list of columns, or words; its name gets a number if another list has it."""
        if (name, columns) in self.constants:
            return name
        taken = {constant for constant, _ in self.constants}
        if name in taken:
            name = next(f"{name}_{i}" for i in count(2) if f"{name}_{i}" not in taken)
        self.constants.append((name, columns))
        return name

    def group(self, name: str, constant: str, columns: list[str], transformer: Code | str) -> None:
        """Add one transformer for a list of columns that becomes a constant."""
        if columns:
            listed = self.constant(constant, columns)
            name += listed.removeprefix(constant)
            self.steps.append(step(name, transformer, Code(listed)))

    def lists(self, *starts: str) -> Code:
        """The constants whose names start so, as one list; they must have been added."""
        names = [name for name, _ in self.constants if name.startswith(starts)]
        return Code(" + ".join(names))

    def transformer(self, name: str, **options: object) -> Code:
        """A call of a class of `_transformers`, with what it uses."""
        functions, imports = _CLASSES[name]
        self.use("from sklearn.base import BaseEstimator, TransformerMixin")
        self.imports |= set(imports)
        self.snippets |= {name, *functions}
        return call(name, **options)

    def pipeline(self, *steps: Code | None) -> Code:
        """One step, or several in a pipeline."""
        present = [step for step in steps if step is not None]
        if len(present) == 1:
            return present[0]
        self.use("from sklearn.pipeline import make_pipeline")
        return call("make_pipeline", *present)

    def function(self, name: str, **named: object) -> Code:
        """A function of `_snippets` as a transformer."""
        self.use("from sklearn.preprocessing import FunctionTransformer")
        self.snippets.add(name)
        return call("FunctionTransformer", Code(name), **named)

    def as_text(self) -> Code:
        """Categories as text, missing ones too."""
        return self.function("as_text", feature_names_out="one-to-one")

    def as_table(self) -> Code:
        """A table in which codes of categories are whole numbers."""
        return self.function("as_table", kw_args={"n_categorical": Code("N_CATEGORICAL")})

    def imputer(self, *, indicator: bool, keep_empty: bool = False) -> Code:
        """What fills missing numbers where nobody said how."""
        self.use("from sklearn.impute import SimpleImputer")
        marked = indicator and self.orders.allows("missing_indicator")
        options = {"add_indicator": True} if marked else {}
        options |= {"keep_empty_features": True} if keep_empty else {}
        return call("SimpleImputer", strategy="median", **options)

    def date_options(self, form: str | None) -> dict[str, object]:
        """Arguments of pandas' parser; dates with a time zone become UTC."""
        options: dict[str, object] = {"format": form} if form else {}
        if form and (form == "ISO8601" or "%z" in form):
            options["utc"] = True
        return {**options, "errors": "coerce"}

    def selector(self, n_columns: int) -> Code:
        """What keeps the most important columns."""
        trees = "ExtraTreesRegressor" if self.regression else "ExtraTreesClassifier"
        self.use(f"from sklearn.ensemble import {trees}")
        self.use("from sklearn.feature_selection import SelectFromModel")
        self.use("import numpy as np")
        options = {"n_estimators": SELECTING_TREES, "min_samples_leaf": 3}
        told = call(trees, **options, random_state=Code("SEED"), n_jobs=Code("N_JOBS"))
        best = {"max_features": n_columns, "threshold": Code("-np.inf")}
        return call("SelectFromModel", told, **best)

    def scaler(self, numeric: Numeric) -> Code | None:
        """What scales numbers, where a learner needs that."""
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


def step(name: str, transformer: Code | str, columns: Code | str | list[str]) -> Code:
    """Source of one step of a column transformer."""
    items = [literal(name), str(transformer), literal(columns)]
    return Code(spread("(", items, ")"))
