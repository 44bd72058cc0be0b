"""Forecasters as notebooks of Databricks use them, and the table of their forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from trialbook._words import plural
from trialbook.compat.databricks._lookups import join, read_lookup
from trialbook.data import read_times, write_times
from trialbook.tables import Storage, read_table, storage_of, upload

if TYPE_CHECKING:
    from trialbook.compat.databricks._dataset import Dataset
    from trialbook.lifecycle import Experiment

# Its name in the database, before what tells experiments apart.
TABLE = "forecast_prediction"
SHORT_ID = 8


class Forecaster:
    """MLflow's model of a forecast, with the methods of the Python model within it.

    Parameters
    ----------
    loaded : mlflow.pyfunc.PyFuncModel
        All its attributes are here, too.
    """

    def __init__(self, loaded: Any) -> None:
        self._loaded = loaded

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "_loaded"), name)

    def predict(self, data: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Forecasts of rows of the future, or of the next ones if none are given.

        Parameters
        ----------
        data : DataFrame
            Times, series and covariates.
        params : dict, optional
            ``horizon`` and ``quantiles``.

        Returns
        -------
        DataFrame
            Times and series, ``forecast``, and a column for each quantile.
        """
        return pd.DataFrame(self._loaded.predict(data, params=params))

    def predict_timeseries(
        self,
        horizon: int | None = None,
        include_history: bool = True,
        df: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Forecasts with intervals of 80 %, after what the model says of its training rows.

        Parameters
        ----------
        horizon : int, optional
            Rows of each series to come; that of the training by default.
        include_history : bool
            Whether the rows of training come first. What is said of them needs Trialbook.
        df : DataFrame, optional
            The rows to tell of, with what is known of them: those to forecast, and rows of
            training; else the next ones, with covariates as they were last.

        Returns
        -------
        DataFrame
            ``ds``, series, ``yhat``, ``yhat_lower`` and ``yhat_upper``.
        """
        model = self._loaded.unwrap_python_model()
        return pd.DataFrame(model.predict_timeseries(horizon, include_history, df))

    def make_future_dataframe(
        self, horizon: int | None = None, include_history: bool = True
    ) -> pd.DataFrame:
        """The times and series that `predict_timeseries` tells of: of all series, not of some.

        Parameters
        ----------
        horizon, include_history
            As in `predict_timeseries`.

        Returns
        -------
        DataFrame
        """
        model = self._loaded.unwrap_python_model()
        return pd.DataFrame(model.make_future_dataframe(horizon, include_history))


def write_forecast(
    experiment: Experiment,
    database: str,
    lookups: Sequence[Mapping[str, Any]] | None,
    dataset: Dataset,
) -> tuple[str, list[str]]:
    """Keep the best trial's forecast of the next rows as a table of the workspace.

    Parameters
    ----------
    experiment : Experiment
    database : str
        What stands before the name of the table.
    lookups : sequence of mapping, optional
        Feature tables that tell of the future. Of keys that are other columns of the dataset the
        last values of each series are looked up.
    dataset : Dataset
        The rows of training, with their features.

    Returns
    -------
    name : str
        Of the table, with its database.
    alerts : list of str
        What a person should know of it.
    """
    model, workspace = experiment.best.model, str(experiment.workspace)
    future, alerts = None, []
    if lookups:
        rows = _in_order(dataset.whole(), model.spec)
        future = model.make_future_dataframe(include_history=False)
        future = _as_written(read_table(future), rows, model.spec)
        for lookup in lookups:
            future = _with_keys(future, rows, lookup, model.spec["ids"])
            future, _ = join(future, [lookup], workspace)
        future, n_missing = _filled(future, rows, model.spec)
        if n_missing:
            unknown = f"{plural(n_missing, 'row')} of the forecast have no features"
            alerts.append(f"Future features: {unknown}; those of the last row before are taken")
    told = model.predict_timeseries(include_history=False, df=future)
    name = f"{TABLE}_{experiment.run_id[:SHORT_ID]}"
    upload(told, name, workspace)
    return f"{database}.{name}", alerts


def _in_order(rows: pd.DataFrame, spec: Mapping[str, Any]) -> pd.DataFrame:
    """Rows in the order of their times, which may be texts that are not."""
    times = read_times(rows[spec["time"]], spec["time_form"])
    return rows.loc[times.sort_values(kind="stable").index]


def _as_written(future: pd.DataFrame, rows: pd.DataFrame, spec: Mapping[str, Any]) -> pd.DataFrame:
    """Rows of the future with times as the dataset has them, by which features are looked up."""
    time, form = spec["time"], spec["time_form"]
    if form is None:
        return future
    written = pd.Series(write_times(future[time], form), index=future.index, dtype=object)
    if storage_of(rows[time]) is Storage.NUMBER:
        written = written.astype(rows[time].dtype)
    return future.assign(**{time: written})


def _with_keys(
    future: pd.DataFrame, rows: pd.DataFrame, lookup: Mapping[str, Any], ids: list[str]
) -> pd.DataFrame:
    """Rows of the future with the keys of a lookup as they were last in their series."""
    asked = read_lookup(lookup)
    keys = [key for key in (*asked.keys, asked.time) if key in rows and key not in future]
    if not keys:
        return future
    if not ids:
        return future.merge(rows[keys].ffill().tail(1), how="cross")
    last = rows.groupby(ids, sort=False)[keys].last().reset_index()
    return future.merge(last, how="left", on=ids)


def _filled(
    future: pd.DataFrame, rows: pd.DataFrame, spec: Mapping[str, Any]
) -> tuple[pd.DataFrame, int]:
    """Rows of the future with features, or with the last ones before, and how many lacked them.

    Rows of training are in the order of their times.
    """
    names, ids = list(spec["covariates"]), list(spec["ids"])
    lacking = future[names].isna().any(axis=1)
    if not lacking.any():
        return future, 0
    both = pd.concat([rows[[*ids, *names]], future[[*ids, *names]]], ignore_index=True)
    groups = both.groupby(ids, sort=False)[names] if ids else both[names]
    filled = groups.ffill().iloc[len(rows) :].set_axis(future.index)
    return future.assign(**{name: filled[name] for name in names}), int(lacking.sum())
