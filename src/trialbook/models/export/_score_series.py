"""Forecast with the model beside this file. It needs the libraries of requirements.txt alone.

On the command line: ``python score.py --horizon 8 -o forecast.csv``, or ``python score.py
future.csv`` for rows with what is known of them. In Python: ``score.Model("model").forecast(8)``.
On Azure ML, as a scoring script: ``init()``, then ``run(body)`` for each request.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from trialbook.models.export._reading import Reader, finite, rows_of

# What is known of a row in Azure's form: null in rows that are to be forecast.
OBSERVED = "y_query"
AZURE_LEVELS = [0.025, 0.975]


class Model(Reader):
    """A model that forecasts series.

    Parameters
    ----------
    folder : str or Path
        With ``python_model.pkl`` and ``schema.json``. A pickle runs code when it is read: have it
        from somebody you trust.

    Attributes
    ----------
    columns : list of str
        Of rows to forecast: time, series and covariates.
    target : str
        What is forecast; a column of rows that were observed.
    """

    def __init__(self, folder: str | Path) -> None:
        import cloudpickle

        schema = json.loads((Path(folder) / "schema.json").read_text("utf-8"))
        with (Path(folder) / "python_model.pkl").open("rb") as file:
            self.forecaster = cloudpickle.load(file)
        # Forecasters change while they forecast, so they are asked one question at a time.
        self._asked = threading.Lock()
        spec = self.forecaster.spec
        self.time, self.ids, self.target = spec["time"], list(spec["ids"]), str(spec["target"])
        columns = {one["name"]: dict(one) for one in schema["columns"]}
        if columns[self.time]["storage"] == "number":  # years, which may also come as dates
            columns[self.time]["storage"] = "string"
        asked = [columns[name] for name in (self.time, *self.ids, *spec["covariates"])]
        super().__init__({**schema, "columns": asked})
        past = [columns[name] for name in spec.get("past_only", ())]
        target = {"name": self.target, "storage": "number", "dropped": None}
        self.observed = Reader({**schema, "columns": [*asked, *past, target]})

    def conform(self, table: pd.DataFrame) -> pd.DataFrame:
        """As of `Reader`; series keep whole numbers, which a file of text does not tell."""
        made = super().conform(table)
        for name in self.ids:
            cells = made[name]
            if cells.dtype.kind == "f" and cells.notna().all() and (cells % 1 == 0).all():
                made[name] = cells.astype("int64")
        return made

    def forecast(
        self,
        horizon: int | None = None,
        *,
        future: pd.DataFrame | None = None,
        context: pd.DataFrame | None = None,
        quantiles: Sequence[float] | None = None,
        level: str | None = None,
    ) -> pd.DataFrame:
        """The next rows of all series, or rows of the future.

        Parameters
        ----------
        horizon : int, optional
            Next rows of each series; as trained by default.
        future : DataFrame, optional
            Rows to forecast in place of the next ones, with what is known of them.
        context : DataFrame, optional
            Rows that were observed since training, with the target.
        quantiles : sequence of float, optional
            Levels between 0 and 1; deciles by default.
        level : str, optional
            Of a hierarchy, the level to forecast, or ``all``; the leaves by default.

        Returns
        -------
        DataFrame
            Times, series, ``forecast``, and a column for each quantile. With a `level`, it is
            named after the times.

        Raises
        ------
        ValueError
            If rows do not follow their series, lack a column, or hold what was not in training.
        """
        if future is not None and horizon is not None:
            raise ValueError("rows of the future say themselves how far they reach")
        known = None if context is None else self.observed.conform(context)
        rows = pd.DataFrame() if future is None else self.conform(future)
        params = {"horizon": horizon, "quantiles": quantiles, "level": level}
        with self._asked:
            model = self.forecaster if known is None else self.forecaster.aware_of(known)
            return pd.DataFrame(model.predict(None, rows, params))


# -- requests -----------------------------------------------------------------------------


def answer(model: Model, document: Any) -> dict[str, Any]:
    """The answer to a request.

    Parameters
    ----------
    model : Model
    document : dict
        Rows under a key of MLflow's or Azure ML's (see `rows_of`), or none for the next ones;
        ``horizon``, ``quantiles`` and ``level`` under ``params``, or ``GlobalParameters`` (Azure
        ML); and
        rows that were observed since training under ``context``, or in Azure ML's form with their
        values in ``y_query``.

    Returns
    -------
    dict
        Records under ``predictions``; in Azure ML's form ``Results`` with ``forecast``,
        ``prediction_interval`` and ``index``.

    Raises
    ------
    ValueError
        If the question makes no sense.
    """
    if not isinstance(document, dict):
        raise ValueError('send an object, such as {"params": {"horizon": 8}}')
    of_azure = "Inputs" in document
    params = document.get("GlobalParameters" if of_azure else "params")
    params = params if isinstance(params, dict) else {}
    horizon, quantiles, level = (params.get(one) for one in ("horizon", "quantiles", "level"))
    rest = {key: rows for key, rows in document.items() if key not in _BESIDE}
    rows = rows_of(rest, model.columns) if _rows_in(rest) else None
    context = document.get("context")
    known = None if context is None else rows_of(context, model.observed.columns)
    if not of_azure:
        told = model.forecast(
            horizon, future=rows, context=known, quantiles=quantiles, level=level
        )
        return answer_of(told)
    observed = None
    if rows is not None and OBSERVED in rows:
        observed = rows[rows[OBSERVED].notna()].rename(columns={OBSERVED: model.target})
        rows = rows[rows[OBSERVED].isna()]
        known = observed if len(observed) else None
    quantiles = AZURE_LEVELS if quantiles is None else quantiles
    told = model.forecast(horizon, future=rows, context=known, quantiles=quantiles, level=level)
    if rows is not None and observed is not None and model.forecaster.is_leaf(level):
        told = _with_observed(model, told.set_axis(rows.index), observed)
    return {"Results": _results(told, len(quantiles))}


_BESIDE = ("params", "GlobalParameters", "context")


def answer_of(told: pd.DataFrame) -> dict[str, Any]:
    """Forecasts as a document."""
    return {"predictions": records(told)}


def records(told: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values, with times as ISO 8601 has them and null for what is missing."""
    made = told.copy()
    for name in made.select_dtypes("datetime"):
        made[name] = [time.isoformat() for time in made[name]]
    made = made.astype(object).where(made.notna(), None)
    return [{str(name): cell for name, cell in row.items()} for row in made.to_dict("records")]


def answer_table(model: Model, table: pd.DataFrame) -> dict[str, Any]:
    """The answer to a request that is a table."""
    return answer_of(model.forecast(future=table))


def _rows_in(document: dict[str, Any]) -> bool:
    """Whether a document has rows."""
    for rows in document.values():
        inner = rows.get("data", rows) if isinstance(rows, dict) else rows
        if isinstance(inner, dict) and "data" in inner:
            inner = inner["data"]
        if isinstance(inner, dict) and all(cells == [] for cells in inner.values()):
            return False
        return inner != [] and inner is not None
    return False


def _with_observed(model: Model, told: pd.DataFrame, observed: pd.DataFrame) -> pd.DataFrame:
    """Forecasts, and in the other rows what was observed, as Azure's script gives them."""
    if not len(observed):
        return told
    table = model.observed.conform(observed)
    known = table[model.ids].copy()
    known.insert(0, model.time, model.forecaster.rows_of(table)["ds"])
    for name in told.columns[known.shape[1] :]:
        known[name] = table[model.target]
    return pd.concat([told, known.set_axis(observed.index)]).sort_index()


def _results(told: pd.DataFrame, n_levels: int) -> dict[str, Any]:
    keys = told.iloc[:, : told.shape[1] - 1 - n_levels].copy()  # the time is the first
    keys[keys.columns[0]] = keys.iloc[:, 0].to_numpy(dtype="datetime64[ms]").astype("int64")
    made: dict[str, Any] = {"forecast": told["forecast"].tolist(), "index": records(keys)}
    levels = sorted(told.columns[keys.shape[1] + 1 :], key=float)
    if levels:
        ends = zip(told[levels[0]].tolist(), told[levels[-1]].tolist())
        made["prediction_interval"] = [f"[{low}, {high}]" for low, high in ends]
    return made


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
    """Forecast; see the top of this file."""
    parser = argparse.ArgumentParser(description="Forecast series.")
    parser.add_argument("rows", nargs="?", help="rows of the future; else the next ones")
    parser.add_argument("-o", "--out", help="where to write: .csv, .parquet or .jsonl; else CSV")
    parser.add_argument("--horizon", type=int, help="next rows of each series")
    parser.add_argument("--quantiles", metavar="LEVEL,...", help="such as 0.1,0.9")
    parser.add_argument("--level", help="of a hierarchy, or all; else the leaves")
    parser.add_argument("--context", help="a table of rows that were observed since training")
    parser.add_argument("--model", default=Path(__file__).parent / "model", help="its folder")
    given = parser.parse_args(arguments)
    try:
        model = Model(given.model)
        told = model.forecast(
            given.horizon,
            future=None if given.rows is None else model.read(given.rows),
            context=None if given.context is None else model.observed.read(given.context),
            quantiles=None if given.quantiles is None else given.quantiles.split(","),
            level=given.level,
        )
    except (ValueError, OSError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    if given.out is None:
        told.to_csv(sys.stdout, index=False)
    elif given.out.endswith(".parquet"):
        told.to_parquet(given.out, index=False)
    elif given.out.endswith((".jsonl", ".ndjson")):
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in records(told)]
        Path(given.out).write_text("".join(lines), "utf-8")
    else:
        told.to_csv(given.out, index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
