"""A model that forecasts series: packaged for MLflow, and asked for the future."""

from __future__ import annotations

import functools
import json
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook.data import LEVELS, SERIES_COLUMN, TIME_COLUMN, Schema
from trialbook.errors import DataError, NoModelError
from trialbook.models._package import SCHEMA_FILE, load_model
from trialbook.models._schema_file import schema_of_text
from trialbook.tables import read_table

if TYPE_CHECKING:
    from trialbook.tables import Source as Table

# The file that MLflow keeps a model in, and that `load_model` reads.
PICKLE = "python_model.pkl"


def save_forecaster(
    forecaster: Any, folder: Path, X: pd.DataFrame, requires: Sequence[str], schema: Schema
) -> Any:
    """Write a forecaster as an MLflow model.

    Parameters
    ----------
    forecaster : object
        A ``CalibratedForecaster`` of a program.
    folder : Path
        Where to write; it must not exist.
    X : DataFrame
        The rows that it was trained on, as programs read them.
    requires : sequence of str
        Requirement lines of the environment that it needs.
    schema : Schema
        Of the table that it was trained on.

    Returns
    -------
    SeriesModel
    """
    import cloudpickle
    import mlflow.pyfunc

    from trialbook.models import _series_model

    cloudpickle.register_pickle_by_value(_series_model)
    spec = schema.series
    if spec is None:
        raise TypeError("no series")
    ends = X.groupby(SERIES_COLUMN, sort=False).tail(1).reset_index(drop=True)
    told = {
        "time": spec.time,
        "ids": list(spec.ids),
        "frequency": spec.frequency,
        "horizon": spec.horizon,
        "covariates": list(spec.covariates),
        "static": list(spec.static),
        "levels": list(LEVELS),
    }
    parts = ends[SERIES_COLUMN].str.split("/", n=max(0, len(spec.ids) - 1), expand=True)
    for position, name in enumerate(spec.ids):
        ends[name] = parts[position]
    model = _series_model.SeriesModel(forecaster, told, ends)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(str(folder), python_model=model, pip_requirements=list(requires))
    text = json.dumps(schema.to_dict(), indent=2, ensure_ascii=False)
    (folder / SCHEMA_FILE).write_text(text + "\n", "utf-8")
    return model


def load_forecaster(folder: Path) -> Any:
    """Read a model that `save_forecaster` wrote; errors as of `load_model`."""
    return load_model(folder, PICKLE)


def time_forecast(model: Any) -> dict[str, float]:
    """Measure how long a horizon takes.

    Parameters
    ----------
    model : SeriesModel

    Returns
    -------
    dict
        ``predict_ms`` for a thousand rows, ``predict_row_ms`` for the horizon of one series.
    """
    rows = model.next_rows(model.spec["horizon"])
    begun = time.perf_counter()
    model.forecast(rows)
    seconds = time.perf_counter() - begun
    one = rows[rows[SERIES_COLUMN] == rows[SERIES_COLUMN].iloc[0]]
    begun = time.perf_counter()
    model.forecast(one)
    return {
        "predict_ms": seconds * 1e6 / len(rows),
        "predict_row_ms": 1000 * (time.perf_counter() - begun),
    }


@dataclass(frozen=True)
class ForecastModel:
    """A forecaster, found by whatever name, that answers for the future of its series.

    Parameters
    ----------
    name : str
        What people call it: ``theta-2``, or its name in the registry.
    folder : Path
        Its folder as an MLflow model.
    schema : Schema
        The columns of its table, and what makes the rows series.
    version : int, optional
        Of its name in the registry.
    run_id : str, optional
        MLflow's id of the run that made it.
    workspace : Path, optional
        Where names of tables are looked up.
    """

    name: str
    folder: Path
    schema: Schema
    version: int | None = None
    run_id: str | None = None
    workspace: Path | None = None

    @property
    def label(self) -> str:
        """Its name with its version: ``sales@3``."""
        return self.name if self.version is None else f"{self.name}@{self.version}"

    @functools.cached_property
    def model(self) -> Any:
        """The forecaster itself, read when it is first asked for."""
        return load_forecaster(self.folder)

    def forecast(
        self,
        horizon: int | None = None,
        *,
        future: Table | None = None,
        quantiles: Sequence[float] | None = None,
    ) -> pd.DataFrame:
        """Forecast the next rows of every series, or the rows of a table.

        Parameters
        ----------
        horizon : int, optional
            Rows of each series; what it was trained for by default. Beyond that, forecasts are
            fed back.
        future : table, optional
            Rows to forecast in place of the next ones, with what is known of them.
        quantiles : sequence of float, optional
            Levels between 0 and 1; deciles by default.

        Returns
        -------
        DataFrame
            Times, series, ``forecast``, and a column for each quantile.

        Raises
        ------
        DataError
            If the rows do not follow the series, or lack a covariate.
        """
        levels = None if quantiles is None else list(quantiles)
        if future is None:
            if self.model.spec["covariates"]:
                names = ", ".join(self.model.spec["covariates"])
                raise DataError(
                    f"the forecast depends on what is known of the future: {names}",
                    place="future",
                    remedy="Give a table with these columns, a row for each row to forecast.",
                )
            empty = pd.DataFrame()
            return self.model.predict(None, empty, {"horizon": horizon, "quantiles": levels})
        table = self._conformed(future)
        self._check(table)
        return self.model.predict(None, table, {"quantiles": levels})

    def _conformed(self, future: Table) -> pd.DataFrame:
        table = read_table(future, text=self.schema.text, workspace=self.workspace)
        return self.schema.conform(table)

    def _check(self, table: pd.DataFrame) -> None:
        names = self.model.names_of(table)
        unknown = ~names.isin(self.model.ends[SERIES_COLUMN])
        if unknown.any():
            raise DataError(
                f"the series '{names[unknown].iloc[0]}' was not trained on",
                place=f"row {int(np.flatnonzero(unknown.to_numpy())[0]) + 1:,}",
                remedy="Train anew with its rows, or leave them out.",
            )
        ends = names.map(self.model.ends.set_index(SERIES_COLUMN)[TIME_COLUMN])
        times = pd.to_datetime(table[self.model.spec["time"]])
        early = (times <= ends).to_numpy()
        if early.any():
            row = int(np.flatnonzero(early)[0])
            raise DataError(
                f"{times.iloc[row]} is not after the end of its series, {ends.iloc[row]}",
                place=f"row {row + 1:,}",
                remedy="Give rows of the future.",
            )

    def forecast_rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Forecasts of rows under the names of programs, behind their series and times."""
        asked = [name for name in self.model.ends.columns if name in rows]
        told = self.model.forecast(rows[asked])
        return pd.concat([rows[[SERIES_COLUMN, TIME_COLUMN]].reset_index(drop=True), told], axis=1)


def forecaster_at(folder: Path) -> ForecastModel:
    """The forecaster of a folder, with its own schema.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    ForecastModel

    Raises
    ------
    NoModelError
        If it is none of Trialbook's.
    """
    path = folder / SCHEMA_FILE
    if not path.is_file():
        raise NoModelError(
            f"this is no model of Trialbook: it has no {SCHEMA_FILE}", place=str(folder)
        )
    schema = schema_of_text(path.read_text("utf-8", errors="replace"), str(path))
    return ForecastModel(folder.name, folder, schema)
