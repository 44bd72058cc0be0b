"""What notebooks that were written for models of Prophet ask a forecaster.

The names and columns are Prophet's, and those of the models that Databricks' AutoML makes of it.
The class is pickled by value with the model, so that it answers where there is no trialbook; what
a model says of its own training rows is asked of trialbook.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from trialbook.models._series_problems import KEYS, refuse

# The ends of an interval of 80 %, which is Prophet's.
LOW, HIGH = 0.1, 0.9
TOLD = ["yhat", "yhat_lower", "yhat_upper"]


class Timeseries:
    """Forecasts under Prophet's names: what a `SeriesModel` is beside one of MLflow."""

    def make_future_dataframe(
        self: Any, horizon: int | None = None, include_history: bool = True
    ) -> pd.DataFrame:
        """The times that `predict_timeseries` tells of.

        Parameters
        ----------
        horizon : int, optional
            Rows of each series to come; what the model was trained for by default.
        include_history : bool
            Whether the rows of training come first.

        Returns
        -------
        DataFrame
            Times and series under their own names.
        """
        rows = self.next_rows(horizon or self.spec["horizon"])[KEYS]
        if include_history:
            rows = pd.concat([self._told_of_training()[KEYS], rows])
        return self._named(rows, self.spec["time"])

    def predict_timeseries(
        self: Any,
        horizon: int | None = None,
        include_history: bool = True,
        df: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Forecasts with intervals of 80 %, after what the model says of its training rows.

        Parameters
        ----------
        horizon : int, optional
            Rows of each series to come; what the model was trained for by default.
        include_history : bool
            Whether the rows of training come first, which takes Trialbook.
        df : DataFrame, optional
            The rows to tell of in place of the next ones, with what is known of them, such as
            `make_future_dataframe` gives; those of training among them are told as without it.
            Without it covariates are as they were last.

        Returns
        -------
        DataFrame
            ``ds``, series under their own names, ``yhat``, ``yhat_lower`` and ``yhat_upper``,
            which are missing of a row of the past that was none of training.

        Raises
        ------
        ValueError
            If the rows do not follow the series, or lack a covariate.
        """
        past, rows = None, self.next_rows(horizon or self.spec["horizon"])
        if df is not None:
            past, rows = self._past_and_future(df)
        told = pd.DataFrame(columns=TOLD, dtype=float)
        if len(rows):
            told = self.forecast(rows, [LOW, HIGH]).set_axis(TOLD, axis=1)
        table = pd.concat([rows[KEYS].reset_index(drop=True), told], axis=1)
        if include_history or (past is not None and len(past)):
            seen = self._told_of_training()
            asked = seen[:0] if past is None else past.merge(seen, how="left", on=KEYS)
            parts = [seen, asked] if include_history else [asked]
            table = pd.concat([*parts, table]).drop_duplicates(KEYS)
        return self._named(table, "ds")

    def _past_and_future(self: Any, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The times of rows up to the ends of their series, and the rows to forecast."""
        needed = {self.spec["time"], *self.spec["ids"], *self.spec["covariates"]}
        if not needed <= set(table):
            refuse(self.problems_of(table)[0])
        rows = self.rows_of(table)
        is_past = (rows["ds"] <= rows["unique_id"].map(self.ends["ds"])).to_numpy()
        places = np.flatnonzero(~is_past)
        for problem in self.problems_of(table.iloc[places]) if len(places) else ():
            row = None if problem.row is None else int(places[problem.row])
            refuse(problem._replace(row=row))
        return rows.loc[is_past, KEYS].drop_duplicates(), rows[~is_past].reset_index(drop=True)

    def _told_of_training(self: Any) -> pd.DataFrame:
        """What the model says of each row of training from the rows before it."""
        from trialbook.models._fitted import NoFittedValuesError, fitted_rows

        try:
            rows = fitted_rows(self.forecaster.forecaster)
        except NoFittedValuesError as error:
            warnings.warn(f"{error} tells nothing of the rows of training", stacklevel=3)
            return pd.DataFrame(columns=[*KEYS, *TOLD])
        rows = rows[rows["unique_id"].isin(self.ids.index)]  # not those above it in a hierarchy
        residual = (rows["y"] - rows["fitted"]).groupby(rows["unique_id"])
        offsets = {
            "yhat": 0.0,
            "yhat_lower": rows["unique_id"].map(residual.quantile(LOW)),
            "yhat_upper": rows["unique_id"].map(residual.quantile(HIGH)),
        }
        told = {name: rows["fitted"] + offset for name, offset in offsets.items()}
        return rows[KEYS].assign(**told)

    def _named(self: Any, rows: pd.DataFrame, time: str) -> pd.DataFrame:
        """Rows of programs under their own names, series by series."""
        rows = rows.sort_values(KEYS, kind="stable")
        ids = self.ids.loc[rows["unique_id"]].reset_index(drop=True)
        ids.insert(0, time, rows["ds"].to_numpy())
        return pd.concat([ids, rows.drop(columns=KEYS).reset_index(drop=True)], axis=1)
