"""Forecasts as the documents that MLflow and Azure answer with."""

from __future__ import annotations

from typing import Any

import pandas as pd


def records(told: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain values, as MLflow answers with a table.

    Parameters
    ----------
    told : DataFrame
        Of texts, numbers and times.

    Returns
    -------
    list of dict
        Times as ISO 8601 has them, and null for what is missing.
    """
    names = [str(name) for name in told]
    columns = [_plain(told.iloc[:, place]) for place in range(len(names))]
    return [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def in_azures_form(told: pd.DataFrame, n_keys: int) -> dict[str, Any]:
    """Forecasts as Azure's scoring script for forecasts gives them.

    Parameters
    ----------
    told : DataFrame
        Times, series, ``forecast`` and quantiles.
    n_keys : int
        How many columns tell rows apart.

    Returns
    -------
    dict
        ``forecast``; ``prediction_interval`` from the lowest to the highest quantile, as text; and
        ``index``: time (in milliseconds since 1970) and series of each row.
    """
    keys = told.iloc[:, :n_keys].copy()
    time = keys.columns[0]
    keys[time] = keys[time].to_numpy(dtype="datetime64[ms]").astype("int64")
    levels = sorted(told.columns[n_keys + 1 :], key=float)
    made: dict[str, Any] = {"forecast": told["forecast"].tolist()}
    if levels:
        ends = zip(told[levels[0]].tolist(), told[levels[-1]].tolist(), strict=True)
        made["prediction_interval"] = [f"[{low}, {high}]" for low, high in ends]
    return {**made, "index": records(keys)}


def _plain(column: pd.Series) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(column):
        return [time.isoformat() for time in column]
    cells: list[Any] = column.tolist()
    if column.isna().any():
        return [None if missing else cell for cell, missing in zip(cells, column.isna())]
    return cells
