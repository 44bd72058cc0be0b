"""A small model and its table, in a folder as a trial writes it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from trialbook.data import Schema, detect
from trialbook.models import Model, requirements, save_model
from trialbook.tables import read_table


def make_people(n_rows, seed=0):
    random = np.random.default_rng(seed)
    age = random.integers(18, 90, n_rows)
    city = random.choice(["Köln", "Bonn", "a,b"], n_rows).astype(object)
    city[random.random(n_rows) < 0.1] = np.nan
    income = random.normal(1000, 300, n_rows).round(2)
    income[random.random(n_rows) < 0.1] = np.nan
    odds = (age - 50) / 20 + (city == "Köln") + random.normal(0, 0.5, n_rows)
    return pd.DataFrame(
        {
            "id": [f"{i:06d}" for i in range(n_rows)],
            "age": age,
            "income": income,
            "city": city,
            "number": range(n_rows),
            "churn": np.where(odds > 0, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def table():
    return make_people(400)


@pytest.fixture(scope="session")
def people():
    """Makes such tables, of any number of rows."""
    return make_people


def _stored(table, target, folder):
    task = "classification" if table[target].dtype == object else "regression"
    read = read_table(table)
    columns = detect(read.drop(columns=target), overrides={"number": "identifier"})
    classes = tuple(sorted(set(read[target]))) if task == "classification" else ()
    schema = Schema(task, target, classes, len(classes) - 1 if classes else None, columns)
    X, y = schema.conform(read), read[target]
    numbers = [column.name for column in schema.used if column.storage == "number"]
    texts = [column.name for column in schema.used if column.storage == "string"]
    encode = make_column_transformer(
        (SimpleImputer(), numbers),
        (make_pipeline(OneHotEncoder(handle_unknown="ignore")), texts),
    )
    learner = LogisticRegression(max_iter=1000) if classes else LinearRegression()
    fitted = make_pipeline(encode, learner).fit(X, y)
    save_model(fitted, folder, X, requirements("import sklearn"), schema)
    return Model.at(folder, name="people")


@pytest.fixture(scope="session")
def model(table, tmp_path_factory):
    return _stored(table, "churn", tmp_path_factory.mktemp("classes") / "model")


@pytest.fixture(scope="session")
def regression(table, tmp_path_factory):
    return _stored(
        table.drop(columns="churn").dropna(subset="income"),
        "income",
        tmp_path_factory.mktemp("numbers") / "model",
    )
