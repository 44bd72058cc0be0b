"""A forecaster as MLflow keeps it: asked with plain rows, and answering under their own names.

The class is pickled by value, so that a model loads where there is no trialbook; it uses nothing
but pandas and MLflow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel


class SeriesModel(PythonModel):
    """A forecaster of series, with what is needed to ask it for their future.

    Parameters
    ----------
    forecaster : object
        A ``CalibratedForecaster`` of a program.
    spec : dict
        ``time``, ``ids``, ``frequency``, ``horizon``, ``covariates``, ``static`` and ``levels``.
    ends : DataFrame
        The last row of each series: ``unique_id``, ``ds``, the id columns, covariates and static
        columns.
    """

    def __init__(self, forecaster: Any, spec: dict[str, Any], ends: pd.DataFrame) -> None:
        self.forecaster, self.spec, self.ends = forecaster, spec, ends

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Forecast rows of the future, or the next ones of all series if none are given.

        Parameters
        ----------
        context : object
            MLflow's; not used.
        model_input : DataFrame
            The column of times, the columns that tell series apart, and the covariates.
        params : dict, optional
            ``horizon``: rows to forecast where none are given. ``quantiles``: levels between 0
            and 1.

        Returns
        -------
        DataFrame
            Times and series under their own names, ``forecast``, and a column for each quantile.
        """
        params = params or {}
        if model_input is None or not len(model_input):
            rows = self.next_rows(int(params.get("horizon") or self.spec["horizon"]))
        else:
            rows = self.rows_of(model_input)
        told = self.forecast(rows, params.get("quantiles") or None)
        names = [self.spec["time"], *self.spec["ids"]]
        ids = self.ends.set_index("unique_id")[self.spec["ids"]]
        answer = ids.loc[rows["unique_id"]].reset_index(drop=True)
        answer.insert(0, self.spec["time"], rows["ds"].to_numpy())
        return pd.concat([answer[names], told.reset_index(drop=True)], axis=1)

    def next_rows(self, horizon: int) -> pd.DataFrame:
        """The rows that follow the end of each series, with covariates as they were last."""
        parts = [
            pd.concat([row.to_frame().T] * horizon).assign(
                ds=pd.date_range(row["ds"], periods=horizon + 1, freq=self.spec["frequency"])[1:]
            )
            for _, row in self.ends.iterrows()
        ]
        rows = pd.concat(parts, ignore_index=True)
        return rows.astype({name: self.ends[name].dtype for name in self.ends.columns})

    def rows_of(self, table: pd.DataFrame) -> pd.DataFrame:
        """Rows under the names of the program, in the order of the table."""
        name = self.names_of(table)
        rows = table[[*self.spec["covariates"], *self.spec["static"]]].reset_index(drop=True)
        rows.insert(0, "unique_id", name.to_numpy())
        rows.insert(1, "ds", pd.to_datetime(table[self.spec["time"]]).to_numpy())
        unknown = ~rows["unique_id"].isin(self.ends["unique_id"])
        if unknown.any():
            raise ValueError(
                f"the series '{rows['unique_id'][unknown].iloc[0]}' was not trained on"
            )
        return rows

    def names_of(self, table: pd.DataFrame) -> pd.Series:
        """The name of the series of each row."""
        if not self.spec["ids"]:
            return pd.Series("all", index=table.index)
        parts = [_text(table[name]) for name in self.spec["ids"]]
        name = parts[0]
        for part in parts[1:]:
            name = name + "/" + part
        return name

    def forecast(self, rows: pd.DataFrame, levels: list[float] | None = None) -> pd.DataFrame:
        """Forecasts of rows after the ends of their series, in their order.

        Steps between an end and a row that are not asked for are forecast too, with the
        covariates of the row before.
        """
        grid = self._steps(rows)
        known = rows.drop_duplicates(["unique_id", "ds"])
        filled = grid.merge(known, how="left", on=["unique_id", "ds"])
        given = [name for name in known.columns if name not in ("unique_id", "ds")]
        ends = self.ends.set_index("unique_id")
        for name in given:
            column = filled.groupby("unique_id", sort=False)[name].ffill()
            last = filled["unique_id"].map(ends[name])
            filled[name] = column.where(column.notna(), last).astype(self.ends[name].dtype)
        told = self.forecaster.predict(filled, levels)
        told.insert(0, "unique_id", filled["unique_id"])
        told.insert(1, "ds", filled["ds"])
        found = rows[["unique_id", "ds"]].merge(told, how="left", on=["unique_id", "ds"])
        return found.drop(columns=["unique_id", "ds"])

    def _steps(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Every step from the end of each series to the last row that is asked for."""
        ends = self.ends.set_index("unique_id")["ds"]
        parts = []
        for name, last in rows.groupby("unique_id", sort=True)["ds"].max().items():
            steps = pd.date_range(ends[name], last, freq=self.spec["frequency"])[1:]
            parts.append(pd.DataFrame({"unique_id": name, "ds": steps}))
        return pd.concat(parts, ignore_index=True)


def _text(column: pd.Series) -> pd.Series:
    """Cells as people write them: a number without the zero that a missing cell brings."""
    if column.dtype.kind == "f" and np.all(column.dropna() % 1 == 0):
        column = column.astype("Int64")
    return column.astype(object).where(column.notna(), "").astype(str)
