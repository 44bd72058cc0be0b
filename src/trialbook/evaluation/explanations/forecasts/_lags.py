"""Exact SHAP values of regressors on lagged values, carried back to the unit of the series.

A regressor sees a series after a difference and a scaling. Its values are multiplied by the scale;
what the difference adds is what the series was a row or a season before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from trialbook.evaluation.explanations._exact import Margins, exact_margins
from trialbook.evaluation.explanations.forecasts._effects import (
    DATE,
    OWN,
    SEASON,
    About,
    Effects,
    kind_of,
    of_any,
)

KEYS = ["unique_id", "ds"]
# What exact values may miss of a prediction, in parts of the largest; as for tables.
TOLERANCE = 1e-3


def of_lags(forecaster: Any, X: pd.DataFrame, about: About) -> Effects:
    """What each feature does to forecasts, step by step.

    Where a regressor has no exact way, or is asked beyond its horizon, only what the covariates do
    is told apart.
    """
    n_steps = int(X.groupby("unique_id", sort=False).cumcount().max()) + 1
    fitted = forecaster.fitted
    scale = _scale(fitted)
    ids = sorted(set(fitted.ts.uids) & set(X["unique_id"]))
    beyond = forecaster.direct is not None and n_steps > forecaster.direct
    if scale is None or beyond or not ids or forecaster.moved_on:
        return of_any(forecaster, X, about)
    frames: list[pd.DataFrame] = []

    def keep(features: pd.DataFrame) -> pd.DataFrame:
        frames.append(features.copy())
        return features

    told = fitted.predict(
        h=n_steps, before_predict_callback=keep, X_df=_future(forecaster, X, ids), ids=ids
    )
    models = fitted.models_["model"]
    parts = []
    for step, features in enumerate(frames):
        found = _margins(models[step] if isinstance(models, dict) else models, features)
        if found is None:
            return of_any(forecaster, X, about)
        parts.append(pd.DataFrame(found.values[:, :, 0], columns=features.columns))
    # Frames have a row for each series; forecasts are by series, then by step.
    order = np.arange(len(ids) * n_steps).reshape(n_steps, len(ids)).T.ravel()
    values = pd.concat(parts, ignore_index=True).iloc[order].reset_index(drop=True)
    values = values.mul(told["unique_id"].map(scale).to_numpy(dtype=float), axis=0)
    before = _before(forecaster)
    rows = X[KEYS].merge(pd.concat([told[KEYS], values], axis=1), how="left", on=KEYS)
    values = rows[list(values.columns)].fillna(0.0)
    # Series that are too short to be fitted have a seasonal naive: all of that is their past.
    rest = np.asarray(forecaster.forecast(X), dtype=float) - about.base(X) - values.sum(axis=1)
    values[before] = values.get(before, 0.0) + rest
    groups = {name: _group(name, forecaster, about) for name in values.columns}
    groups[before] = SEASON if before == SEASON else OWN
    return Effects(values, groups, (f"exact SHAP values: {kind_of(forecaster)}",))


def _future(forecaster: Any, X: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame | None:
    """What is known of the rows to forecast, as the forecaster itself tells it to its model."""
    lagged = getattr(forecaster, "lagged", None)
    if not forecaster.covariates and not lagged:
        return None
    future = _every_step(forecaster, X, ids)
    if lagged:
        both = pd.concat([forecaster.rows, future]).sort_values(KEYS)
        future = forecaster.as_told(both[both["unique_id"].isin(ids)])
        future = future[future["y"].isna()].drop(columns=["y", *forecaster.static])
    return future


def _every_step(forecaster: Any, X: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    """Covariates of as many steps of each series as the longest has; then they stay as they were.

    The model tells the rows of series apart by their number alone.
    """
    n_steps = int(X.groupby("unique_id", sort=False).size().max())
    grid = forecaster.fitted.make_future_dataframe(n_steps)
    names = list(forecaster.covariates)
    grid = grid[grid["unique_id"].isin(ids)].merge(X[[*KEYS, *names]], how="left", on=KEYS)
    known = grid.groupby("unique_id", sort=False)[names].ffill()
    return pd.concat([grid[KEYS], known], axis=1)


def _scale(fitted: Any) -> pd.Series[float] | None:
    """By what values of the regressor are multiplied; None if it is not known."""
    n_series = len(fitted.ts.uids)
    scale = np.ones(n_series)
    for transform in fitted.ts.target_transforms or ():
        stats = getattr(getattr(transform, "scaler_", None), "stats_", None)
        if stats is not None and np.shape(stats) == (n_series, 2):
            scale *= stats[:, 1]
        elif type(transform).__name__ != "Differences":
            return None
    return pd.Series(scale, index=pd.Index(fitted.ts.uids))


def _before(forecaster: Any) -> str:
    """What the target transforms add: what was a season before, or else the series' own past."""
    for transform in forecaster.features.get("target_transforms") or ():
        differences = getattr(transform, "differences", ())
        if forecaster.season > 1 and forecaster.season in tuple(differences):
            return SEASON
    return OWN


def _margins(model: Any, features: pd.DataFrame) -> Margins | None:
    """Exact values of a regressor, if they add up to what it predicts."""
    told = np.asarray(model.predict(features), dtype=float).ravel()
    steps = getattr(model, "steps", None)
    learner, seen = model, features
    if steps is not None:  # what is before the last step keeps the columns
        learner, seen = steps[-1][1], model[:-1].transform(features)
        if np.shape(seen) != np.shape(features):
            return None
    # Scaled features have a mean of zero: that is the row that linear values start from.
    background = np.zeros((1, features.shape[1])) if steps is not None else features
    found = exact_margins(learner, seen, background)
    if found is None:
        return None
    reached = found.link(found.end).ravel()
    most = max(1e-9, float(np.abs(told).max()))
    return found if np.allclose(reached, told, rtol=TOLERANCE, atol=TOLERANCE * most) else None


def _group(feature: str, forecaster: Any, about: About) -> str:
    """What people know a feature by."""
    columns = (*about.covariates, *about.static)
    if feature in columns:
        return feature
    dates = [
        getattr(one, "__name__", one) for one in forecaster.features.get("date_features") or ()
    ]
    if feature in dates:
        return DATE
    lag = re.fullmatch(r"lag(\d+)", feature)
    if lag and about.season > 1 and int(lag[1]) % about.season == 0:
        return SEASON
    # A lag of a covariate begins with its name.
    return next((name for name in columns if feature.startswith(f"{name}_")), OWN)
