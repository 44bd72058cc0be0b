"""A fitted model as an MLflow model that loads where there is no trialbook."""

from __future__ import annotations

import ast
import functools
import json
import statistics
import time
import warnings
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trialbook._syntax import parse
from trialbook.data import Schema
from trialbook.models._environment import check_environment

# What every model needs, and what some learners add; versions are pinned when a model is saved.
BASE_REQUIREMENTS = (
    "mlflow-skinny",
    "scikit-learn",
    "pandas",
    "numpy",
    "cloudpickle",
    "threadpoolctl",
)
# What only reads the rows to train on.
READERS = ("deltalake", "pyarrow")
MODEL_FOLDER = "model"
# Beside the files of MLflow in the folder of a model: its columns, and the classes.
SCHEMA_FILE = "schema.json"
# Some of the training rows, which stand for all where a prediction is explained or compared.
BACKGROUND_FILE = "background.parquet"
# SHAP's own advice: a hundred rows tell averages well enough, and each costs a prediction.
BACKGROUND_ROWS = 100
EXAMPLE_ROWS = 3
# Rows whose predictions are kept beside a model, so that anyone can check a loaded one.
CHECK_ROWS = 500
# One row is predicted so often if that takes no more than these seconds, for every trial pays for
# it; but three times, so that an interruption does not count, unless a model is very slow.
ROW_CALLS, ROW_S = 7, 0.15
LEAST_ROW_CALLS, MOST_ROW_S = 3, 0.5


def pinned(packages: tuple[str, ...]) -> list[str]:
    """Requirement lines with the installed versions.

    Parameters
    ----------
    packages : tuple of str
        Names of distributions.

    Returns
    -------
    list of str
        Those that are installed, as ``name==version``.
    """
    lines = []
    for name in dict.fromkeys(packages):
        try:
            # What follows a plus, as in torch's 2.13.0+cpu, is a build that not every index has.
            lines.append(f"{name}=={version(name).partition('+')[0]}")
        except PackageNotFoundError:
            continue
    return lines


def requirements(program: str) -> list[str]:
    """Pinned requirements of a program, from its import lines.

    Parameters
    ----------
    program : str
        Source text.

    Returns
    -------
    list of str
    """
    by_module = {
        module: packages for module, packages in _distributions().items() if module not in READERS
    }
    found: list[str] = list(BASE_REQUIREMENTS)
    tree = parse(program)
    # What a notebook alone runs, such as its charts, no model needs.
    tree.body = [node for node in tree.body if not _is_run_alone(node)]
    for node in ast.walk(tree):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules = [node.module]
        for module in modules:
            packages = by_module.get(module.split(".")[0], [])
            # One that is required anyway will do: parts of `mlflow` are in three distributions.
            if not set(packages) & set(BASE_REQUIREMENTS):
                found += packages[:1]
    return pinned(tuple(found))


def _is_run_alone(node: ast.stmt) -> bool:
    """Whether it is skipped where a program is imported."""
    return isinstance(node, ast.If) and "__name__ == '__main__'" in ast.unparse(node.test)


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    """Names of distributions by module; the scan of what is installed takes half a second."""
    return packages_distributions()


def save_model(
    model: Any, folder: Path, X: pd.DataFrame, requires: Sequence[str], schema: Schema
) -> None:
    """Write a fitted estimator as an MLflow model.

    Parameters
    ----------
    model : estimator
        A fitted scikit-learn estimator.
    folder : Path
        Where to write; it must not exist.
    X : DataFrame
        The rows of features that it was trained on, for the signature, the input example and the
        background.
    requires : sequence of str
        Requirement lines of the environment that it needs; see `requirements`.
    schema : Schema
        Of the table that it was trained on. It is kept beside the model, so that a folder that
        is given away is enough to read tables by.
    """
    import mlflow.sklearn
    from mlflow.models import ModelSignature, infer_signature

    example = X.head(EXAMPLE_ROWS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outputs = infer_signature(model.predict(example)).inputs
        mlflow.sklearn.save_model(
            model,
            str(folder),
            signature=ModelSignature(inputs=input_schema(X), outputs=outputs),
            input_example=example,
            pip_requirements=list(requires),
            serialization_format="cloudpickle",
        )
    text = json.dumps(schema.to_dict(), indent=2, ensure_ascii=False)
    (folder / SCHEMA_FILE).write_text(text + "\n", "utf-8")
    background(X).to_parquet(folder / BACKGROUND_FILE, index=False)


def background(X: pd.DataFrame) -> pd.DataFrame:
    """Rows that stand for all: drawn by chance, always the same ones.

    Parameters
    ----------
    X : DataFrame of shape (n_rows, n_features)

    Returns
    -------
    DataFrame of shape (min(n_rows, 100), n_features)
        In the order of the table.
    """
    drawn = np.random.default_rng(0).permutation(len(X))[:BACKGROUND_ROWS]
    return X.iloc[np.sort(drawn)]


def input_schema(X: pd.DataFrame) -> Any:
    """The columns that a model asks for.

    Numbers are signed as any: MLflow would else refuse whole numbers where fractions were, and
    fractions or missing ones where whole numbers were.
    """
    from mlflow.types import ColSpec, DataType
    from mlflow.types import Schema as Columns
    from mlflow.types.schema import AnyType

    def kind(column: pd.Series[Any]) -> DataType | AnyType:
        if pd.api.types.infer_dtype(column, skipna=True) == "boolean":  # missing ones or not
            return DataType.boolean
        if pd.api.types.is_numeric_dtype(column):
            return AnyType()  # type: ignore[no-untyped-call]
        return DataType.datetime if pd.api.types.is_datetime64_dtype(column) else DataType.string

    return Columns([ColSpec(kind(X[name]), name) for name in X.columns])


def load_model(folder: Path, file_name: str = "model.pkl") -> Any:
    """Read a model that `save_model` wrote.

    Parameters
    ----------
    folder : Path
    file_name : str
        The file of it that holds the pickle.

    Returns
    -------
    estimator

    Raises
    ------
    NoModelError
        If the Python or the libraries that are here cannot read it.

    Warns
    -----
    OtherVersionsWarning
        If it was made with other versions of its libraries.
    """
    import cloudpickle

    check_environment(folder)
    with (folder / file_name).open("rb") as file:
        return cloudpickle.load(file)


def predict(model: Any, X: pd.DataFrame, *, classification: bool) -> np.ndarray[Any, Any]:
    """Class probabilities, or numbers.

    Parameters
    ----------
    model : estimator
    X : DataFrame of shape (n_rows, n_features)
    classification : bool

    Returns
    -------
    ndarray of shape (n_rows, n_classes) or (n_rows,)
    """
    return np.asarray(model.predict_proba(X) if classification else model.predict(X))


def row_ms(model: Any, X: pd.DataFrame, *, classification: bool) -> float:
    """Measure how long a model takes to predict one row.

    Parameters
    ----------
    model : estimator
        One that has predicted before: many libraries prepare themselves at the first call.
    X : DataFrame of shape (n_rows, n_features)
    classification : bool

    Returns
    -------
    float
        Milliseconds: the median of a few calls, each with another row.
    """
    taken: list[float] = []
    spent = 0.0
    while len(taken) < (ROW_CALLS if spent < ROW_S else LEAST_ROW_CALLS) and spent < MOST_ROW_S:
        row = X.iloc[[len(taken) % len(X)]]
        begun = time.perf_counter()
        predict(model, row, classification=classification)
        taken.append(time.perf_counter() - begun)
        spent += taken[-1]
    return 1000 * statistics.median(taken)


def write_predictions(prediction: np.ndarray[Any, Any], path: Path) -> None:
    """Keep predictions as a table: one column a class by position, or ``prediction``.

    Parameters
    ----------
    prediction : ndarray of shape (n_rows, n_classes) or (n_rows,)
    path : Path
        A Parquet file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if prediction.ndim == 1:
        table = pd.DataFrame({"prediction": prediction})
    else:
        table = pd.DataFrame(prediction, columns=[str(i) for i in range(prediction.shape[1])])
    table.to_parquet(path, index=False)
