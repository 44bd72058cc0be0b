"""What forecasters said of the rows that they were fitted to, one step ahead of each.

A stored forecaster keeps its fitted models of public libraries and the rows that they saw. So
their in-sample values are asked for afterwards, and no program has to make them.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

KEYS = ["unique_id", "ds"]


class NoFittedValuesError(Exception):
    """A forecaster of which no in-sample values are known; the text is what it is."""


def fitted_rows(forecaster: Any) -> pd.DataFrame:
    """The rows that a forecaster was fitted to, with its forecast of each.

    Parameters
    ----------
    forecaster : object
        Of a program: what stands within a ``CalibratedForecaster``.

    Returns
    -------
    DataFrame
        ``unique_id``, ``ds``, ``y`` and ``fitted``, by series and time; ``fitted`` is missing
        where the model had too few rows before one.

    Raises
    ------
    NoFittedValuesError
        If a forecaster, or a member of a vote, is of another kind.
    """
    known: dict[str, Callable[[Any], pd.DataFrame]] = {
        "WeightedForecaster": _of_vote,
        "StatisticalForecaster": _of_statistics,
        "ProphetForecaster": _of_prophet,
        "RecursiveForecaster": _of_lags,
        "DecomposedForecaster": _of_parts,
        "LogForecaster": _of_logarithms,
        "HolidayForecaster": lambda told: fitted_rows(told.forecaster),
    }
    kind = type(forecaster).__name__
    if kind not in known:
        raise NoFittedValuesError(kind)
    return known[kind](forecaster)


def history(forecaster: Any) -> pd.DataFrame:
    """The rows that a forecaster keeps of each series, with what was observed since.

    Parameters
    ----------
    forecaster : object
        As in `fitted_rows`.

    Returns
    -------
    DataFrame
        ``unique_id``, ``ds``, ``y``, covariates where it takes any; of a vote those of the member
        that keeps most. Empty if it keeps none.
    """
    kept = getattr(forecaster, "rows", getattr(forecaster, "history", None))
    if isinstance(kept, pd.DataFrame):
        return kept
    within = [*getattr(forecaster, "forecasters", {}).values()]
    if hasattr(forecaster, "forecaster"):  # one that tells it more, or makes it add up
        within.append(forecaster.forecaster)
    there = [history(one) for one in within]
    return max(there, key=len) if there else pd.DataFrame(columns=[*KEYS, "y"])


def _of_parts(forecaster: Any) -> pd.DataFrame:
    """The values of the forecaster of the rest, with what STL took from the rows."""
    rows = fitted_rows(forecaster.forecaster)[[*KEYS, "fitted"]]
    told = forecaster.history.merge(rows, on=KEYS)
    told["fitted"] += told.pop("parts")
    return pd.DataFrame(told)


def _of_logarithms(forecaster: Any) -> pd.DataFrame:
    """The values of the forecaster of logarithms, as they were before."""
    rows = fitted_rows(forecaster.forecaster)[[*KEYS, "fitted"]]
    told = forecaster.history.merge(rows, on=KEYS)
    return pd.DataFrame(told.assign(fitted=np.exp(told["fitted"])))


def _of_vote(vote: Any) -> pd.DataFrame:
    """The weighted mean of the members' values, of rows that all of them were fitted to."""
    told: pd.DataFrame | None = None
    for name, member in vote.forecasters.items():
        rows = fitted_rows(member)
        rows["fitted"] *= vote.weights[name]
        if told is None:
            told = rows
            continue
        told = told.merge(rows, on=[*KEYS], suffixes=("", "_more"))
        told["fitted"] += told.pop("fitted_more")
        told = told.drop(columns="y_more")
    if told is None:
        raise NoFittedValuesError("a vote without members")
    return told


def _of_statistics(forecaster: Any) -> pd.DataFrame:
    """What the model of each series says of its own rows.

    Nothing is before the first of them, though some libraries tell of it, too.
    """
    rows = forecaster.history[[*KEYS, "y"]].reset_index(drop=True)
    values = np.full(len(rows), np.nan)
    models = dict(zip(forecaster.fitted.uids, forecaster.fitted.fitted_[:, 0], strict=True))
    for name, places in rows.groupby("unique_id", sort=False).indices.items():
        y = rows["y"].to_numpy(dtype=float)[places]
        values[places[1:]] = _in_sample(models[name], y)[1:]
    return rows.assign(fitted=values)


def _in_sample(model: Any, y: np.ndarray) -> np.ndarray:
    """The values of one model of statsforecast."""
    try:
        return np.asarray(model.predict_in_sample()["fitted"], dtype=float)
    except NotImplementedError as error:
        # Means of the last values or seasons are simple enough to be told here.
        season, size = getattr(model, "season_length", 1), getattr(model, "window_size", 0)
        if not size:
            raise NoFittedValuesError(type(model).__name__) from error
        past = [pd.Series(y).shift(k * season) for k in range(1, size + 1)]
        return np.asarray(pd.concat(past, axis=1).mean(axis=1, skipna=False), dtype=float)


def _of_prophet(forecaster: Any) -> pd.DataFrame:
    """The fitted curve of each series."""
    parts = []
    for name, rows in forecaster.history.groupby("unique_id", sort=False):
        told = rows[[*KEYS, "y"]].reset_index(drop=True)
        model = forecaster.models.get(name)
        told_of = forecaster.as_told(rows)
        fitted = np.nan if model is None else model.predict(told_of)["yhat"].to_numpy()
        parts.append(told.assign(fitted=fitted))
    return pd.concat(parts, ignore_index=True)


def _of_lags(forecaster: Any) -> pd.DataFrame:
    """What the regressor says of each row by its true lags; of many, that of the first step."""
    from mlforecast import MLForecast

    model = forecaster.fitted.models_["model"]
    first = model[min(model)] if isinstance(model, dict) else model
    # The rows that were fitted to: what was observed since does not belong to them.
    ends = pd.Series(forecaster.fitted.ts.last_dates, index=forecaster.fitted.ts.uids)
    rows = forecaster.rows[forecaster.rows["ds"] <= forecaster.rows["unique_id"].map(ends)]
    again = MLForecast(
        {"model": _Fitted(first)},
        freq=forecaster.freq,
        **copy.deepcopy(forecaster.features),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names of columns, and categories of dates
        again.fit(
            forecaster.as_told(rows),
            static_features=forecaster.static,
            dropna=False,
            fitted=True,
            as_numpy=True,
        )
        told = again.forecast_fitted_values()
    return pd.DataFrame(
        rows[[*KEYS, "y"]]
        .merge(told[[*KEYS, "model"]], how="left", on=KEYS)
        .rename(columns={"model": "fitted"})
    )


class _Fitted:
    """A regressor that is not to be fitted again."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def __sklearn_clone__(self) -> _Fitted:
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """What scikit-learn asks of an estimator."""
        return {"model": self.model}

    def fit(self, X: Any, y: Any) -> _Fitted:
        """Leave it as it is."""
        return self

    def predict(self, X: Any) -> Any:
        """What the regressor says."""
        return self.model.predict(X)
