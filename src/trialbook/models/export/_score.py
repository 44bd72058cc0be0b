"""Predict rows with the model beside this file. It needs the libraries of requirements.txt alone.

On the command line: ``python score.py rows.csv -o predictions.csv --proba``.
In Python: ``score.Model("model").predict(table)``.
On Azure ML, as a scoring script: ``init()``, then ``run(body)`` for each request.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trialbook.models.export._reading import Reader, finite, rows_of


class Model(Reader):
    """A model and the columns that it wants.

    Parameters
    ----------
    folder : str or Path
        With ``model.pkl`` and ``schema.json``. A pickle runs code when it is read: have it from
        somebody you trust.

    Attributes
    ----------
    columns : list of str
        Names of the columns that it wants.
    classes : list
        What it tells apart; empty if it predicts a number.
    """

    def __init__(self, folder: str | Path) -> None:
        import cloudpickle

        schema = json.loads((Path(folder) / "schema.json").read_text("utf-8"))
        super().__init__(schema)
        self.classes: list[Any] = schema["classes"]
        with (Path(folder) / "model.pkl").open("rb") as file:
            self.estimator = cloudpickle.load(file)

    def predict(self, table: pd.DataFrame) -> np.ndarray:
        """Labels or numbers, one a row.

        Parameters
        ----------
        table : DataFrame
            With at least the columns that the model wants, in any order.

        Returns
        -------
        ndarray of shape (n_rows,)

        Raises
        ------
        ValueError
            If a column is lacking, or a cell is not of the kind that it was in training.
        """
        return np.asarray(self.estimator.predict(self.conform(table)))

    def predict_proba(self, table: pd.DataFrame) -> np.ndarray:
        """The probability of each class, in the order of `classes`.

        Parameters
        ----------
        table : DataFrame
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_rows, n_classes)

        Raises
        ------
        ValueError
            As in `predict`, or if the model predicts numbers.
        """
        if not self.classes:
            raise ValueError("this model predicts numbers, which have no probabilities")
        return np.asarray(self.estimator.predict_proba(self.conform(table)))


# -- requests -----------------------------------------------------------------------------


def answer(model: Model, document: Any) -> dict[str, Any]:
    """The answer to a request.

    Parameters
    ----------
    model : Model
    document : dict or list
        See `rows_of`. ``{"method": "predict_proba"}`` under ``GlobalParameters`` (Azure ML) or
        ``params`` (MLflow) asks for probabilities.

    Returns
    -------
    dict
        ``Results`` if the question was in Azure ML's form (``Inputs``), else ``predictions``.

    Raises
    ------
    ValueError
        If the question makes no sense.
    """
    asked = document if isinstance(document, dict) else {}
    options = asked.get("GlobalParameters") or asked.get("params") or {}
    method = options.get("method", "predict") if isinstance(options, dict) else None
    if method not in ("predict", "predict_proba"):
        raise ValueError("the method must be 'predict' or 'predict_proba'")
    ask = model.predict if method == "predict" else model.predict_proba
    results = ask(rows_of(document, model.columns)).tolist()
    return {"Results" if "Inputs" in asked else "predictions": results}


def answer_table(model: Model, table: pd.DataFrame) -> dict[str, Any]:
    """The answer to a request that is a table."""
    return {"predictions": model.predict(table).tolist()}


_served: Model | None = None


def init() -> None:
    """Read the model, once: Azure ML calls this when a deployment starts."""
    global _served  # noqa: PLW0603 - Azure ML keeps nothing between its calls
    home = os.environ.get("AZUREML_MODEL_DIR")
    found = sorted(Path(home).rglob("schema.json")) if home else []
    _served = Model(found[0].parent if found else Path(__file__).parent / "model")


def run(body: str | bytes) -> dict[str, Any]:
    """Answer a request: Azure ML calls this with the body of each.

    Parameters
    ----------
    body : str or bytes
        JSON; see `answer`.

    Returns
    -------
    dict
        The answer, or ``error`` with what is wrong with the request.
    """
    if _served is None:
        init()
    assert _served is not None
    try:
        return dict(finite(answer(_served, json.loads(body))))
    except ValueError as error:  # that of JSON, too
        return {"error": str(error)}


# -- command line -------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Predict the rows of a file; see the top of this one."""
    parser = argparse.ArgumentParser(description="Predict the rows of a table.")
    parser.add_argument("rows", help="a table: .csv, .tsv, .parquet, .json or .jsonl")
    parser.add_argument("-o", "--out", help="where to write: .csv, .parquet or .jsonl; else CSV")
    parser.add_argument("--proba", action="store_true", help="add the probability of each class")
    parser.add_argument("--model", default=Path(__file__).parent / "model", help="its folder")
    given = parser.parse_args(arguments)
    try:
        model = Model(given.model)
        table = model.read(given.rows)
        predictions = pd.DataFrame({"prediction": model.predict(table)})
        if given.proba:
            probabilities = model.predict_proba(table)
            for position, label in enumerate(model.classes):
                predictions[f"probability_{label}"] = probabilities[:, position]
    except (ValueError, OSError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    if given.out is None:
        predictions.to_csv(sys.stdout, index=False)
    elif given.out.endswith(".parquet"):
        predictions.to_parquet(given.out, index=False)
    elif given.out.endswith((".jsonl", ".ndjson")):
        predictions.to_json(given.out, orient="records", lines=True, force_ascii=False)
    else:
        predictions.to_csv(given.out, index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
