"""A model with columns of every kind, packaged as a trial packages it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from trialbook.data import prepare
from trialbook.job import Job
from trialbook.models import Model, save_model
from trialbook.models._package import pinned
from trialbook.program import import_program

N_ROWS = 120

# Its functions come from a program, as those of a trial do.
PROGRAM = """
import pandas as pd


def hours(X):
    when = [pd.to_datetime(X[name], errors="coerce", dayfirst=True) for name in X.columns]
    return pd.DataFrame({i: one.dt.day.fillna(0) for i, one in enumerate(when)})


def flags(X):
    return X.apply(lambda column: column.map({True: 1.0, False: 0.0})).fillna(-1.0)
"""


def make_table():
    rng = np.random.default_rng(0)
    size = rng.normal(size=N_ROWS)
    days = pd.date_range("2024-01-01", periods=N_ROWS)
    table = pd.DataFrame(
        {
            "size": size,
            "count": rng.integers(0, 9, N_ROWS),
            "kind": rng.choice(["a", "b", "é"], N_ROWS),
            "flag": pd.Series(rng.choice([True, False, None], N_ROWS), dtype=object),
            "code": rng.choice(["007", "012"], N_ROWS),
            "day": days.strftime("%d.%m.%Y"),
            "when": days + pd.Timedelta("7h"),
        }
    )
    table["amount"] = table["size"] * 3 + table["count"]
    table["label"] = np.where(table["amount"] > 4, "yes", "no")
    table.loc[::17, ["size", "kind", "day", "when"]] = None
    return table


@pytest.fixture(scope="session")
def table():
    return make_table()


def _model(root, table, target):
    other = {"label": "amount", "amount": "label"}[target]
    job = Job(data=Job.IN_MEMORY, target=target, folds=2, ignore=(other,))
    prepared = prepare(job, frame=table)
    schema, X = prepared.schema, prepared.train[prepared.schema.names]
    path = root / "trial.py"
    path.write_text(PROGRAM)
    program = import_program(path, f"program_of_{target}")
    features = make_column_transformer(
        (SimpleImputer(), ["size", "count"]),
        (OneHotEncoder(handle_unknown="ignore"), ["kind", "code"]),
        (FunctionTransformer(program.flags), ["flag"]),
        (FunctionTransformer(program.hours), ["day", "when"]),
    )
    last = RandomForestClassifier(5, random_state=0) if schema.classes else LinearRegression()
    model = make_pipeline(features, last).fit(X, prepared.train[target])
    requires = pinned(("mlflow-skinny", "scikit-learn", "pandas", "numpy", "cloudpickle"))
    save_model(model, root / "model", X, requires, schema)
    return Model.at(root / "model", name=f"{target}-1")


@pytest.fixture(scope="session")
def model(tmp_path_factory, table):
    """One that tells two classes apart."""
    return _model(tmp_path_factory.mktemp("classes"), table, "label")


@pytest.fixture(scope="session")
def numbers(tmp_path_factory, table):
    """One that predicts numbers."""
    return _model(tmp_path_factory.mktemp("numbers"), table, "amount")
