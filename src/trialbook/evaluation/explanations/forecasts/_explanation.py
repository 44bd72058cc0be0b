"""Explanations of forecasts: effects of rows, importances, and what series are made of."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from trialbook._plain import plain
from trialbook.evaluation.explanations._explanation import Explanation
from trialbook.evaluation.explanations._importance import HeldOut, permutation_importance
from trialbook.evaluation.explanations._values import Values
from trialbook.evaluation.explanations.forecasts._effects import (
    DATE,
    OWN,
    SEASON,
    About,
    Effects,
    effects_of,
)
from trialbook.evaluation.explanations.forecasts._parts import Parts, components, decompose
from trialbook.models import Feature

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from trialbook.data import SeriesSpec

# Forecasts that are explained: whole horizons of series that are drawn by chance.
MOST_FORECASTS = 2000
# Series that are taken apart: the largest ones, and that of a row that is asked for.
MOST_APART = 3
# When, in a share of the time, effects must have ended.
EFFECTS_END = 0.5


@dataclass
class ForecastExplanation(Explanation):
    """Why forecasts are what they are.

    As `Explanation`, whose columns here are what people know a forecast by: ``(own past)``,
    ``(season before)``, ``(date)``, and covariates and static columns by their names. The base of
    a row is the mean of its series.

    Parameters
    ----------
    keys : DataFrame
        ``unique_id`` and ``ds`` of each row.
    decomposition : list of Parts
        Of some series with their forecasts: trend, season and rest.
    components : list of Parts
        Of the same, the model's own parts; empty where it has none.
    """

    value_name: ClassVar[str] = "effect"

    keys: pd.DataFrame = field(default_factory=pd.DataFrame)
    decomposition: list[Parts] = field(default_factory=list)
    components: list[Parts] = field(default_factory=list)

    def __repr__(self) -> str:
        top = ", ".join(self.importance["column"].head(3))
        return f"<Explanation of {self.model}: {len(self.rows)} forecasts; {top}>"

    def title(self, position: int) -> str:
        """What a forecast is called in pictures."""
        name, when = self.keys.iloc[position][["unique_id", "ds"]]
        day = when.date() if when == when.normalize() else when.isoformat(" ", "minutes")
        return str(day) if self.keys["unique_id"].nunique() == 1 else f"{name}, {day}"

    def figures(self, row: int = 0) -> dict[str, Figure]:
        """The pictures.

        Parameters
        ----------
        row : int
            Which forecast the waterfall is of; its series is the one that is drawn over time.

        Returns
        -------
        dict of str to Figure
            ``importance``, ``beeswarm``, ``waterfall``, ``horizon`` and ``decomposition``;
            ``features``, ``permutation`` and ``components`` where there is something to show.
        """
        from trialbook.evaluation.explanations.forecasts._draw import draw_forecasts

        return {**super().figures(row), **draw_forecasts(self, row)}

    def to_dict(self) -> dict[str, Any]:
        """All that is small, as JSON holds it."""
        base = self.keys.assign(base=self.values.bases[:, 0]).groupby("unique_id", sort=False)
        return super().to_dict() | {
            "task": "forecasting",
            "base": plain(base["base"].first().to_dict()),
            "decomposition": plain([one.to_dict() for one in self.decomposition]),
            "components": plain([one.to_dict() for one in self.components]),
        }

    def _long(self, values: np.ndarray, names: list[str]) -> pd.DataFrame:
        """As for tables, with the series and the time of each forecast behind its position."""
        table = super()._long(values, names)
        table.insert(1, "unique_id", self.keys["unique_id"].to_numpy())
        table.insert(2, "ds", self.keys["ds"].to_numpy())
        return table

    def parts_of(self, position: int, *, own: bool) -> Parts | None:
        """What the series of a forecast is made of, or that of the first series that is known."""
        known = self.components if own else self.decomposition
        name = self.keys["unique_id"].iloc[position]
        return next((one for one in known if one.series == name), next(iter(known), None))


@dataclass(frozen=True)
class ForecastQuestion:
    """What is to be explained.

    Parameters
    ----------
    name : str
        Of the model.
    forecaster : object
        Of a program: what stands within a ``CalibratedForecaster``.
    schema : Schema
        Of its table.
    X : DataFrame
        Rows that follow those that were fitted to, without gaps, by series and time, as programs
        read them. Their index is their position in the table that they are of, and below 0 where
        they are not in it.
    known : DataFrame
        ``unique_id``, ``ds``, ``y`` and covariates: the rows before them.
    row : int, optional
        Index of a row that must be among the explained ones.
    notes : tuple of str
        What to know beforehand.
    """

    name: str
    forecaster: Any
    schema: Any
    X: pd.DataFrame
    known: pd.DataFrame
    row: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def spec(self) -> SeriesSpec:
        """What makes the rows series."""
        spec: SeriesSpec = self.schema.series
        return spec


def explain_forecast(
    question: ForecastQuestion, *, timeout: float | None = None, seed: int = 0
) -> ForecastExplanation:
    """Explain forecasts.

    Parameters
    ----------
    question : ForecastQuestion
    timeout : float, optional
        Seconds. Where they are short, members of a vote beyond the first are not looked into.
    seed : int

    Returns
    -------
    ForecastExplanation
        Without permutation importance; `add_permutation` measures that.
    """
    begun = time.monotonic()
    spec, known = question.spec, question.known
    X = _some(question, seed)
    covariates = [name for name in spec.covariates if name in known]
    by_series = known.groupby("unique_id", sort=False)
    about = About(
        spec.season,
        spec.covariates,
        spec.static,
        by_series["y"].mean(),
        by_series[covariates].mean(),
        None if timeout is None else begun + EFFECTS_END * timeout,
    )
    effects = effects_of(question.forecaster, X, about)
    found = ForecastExplanation(
        question.name,
        question.schema,
        _cells(X, effects, known, spec),
        _values(effects, about.base(X)),
        keys=X[["unique_id", "ds"]].reset_index(drop=True),
    )
    found.notes = list(question.notes)
    n_series, n_all = X["unique_id"].nunique(), question.X["unique_id"].nunique()
    if n_series < n_all:
        found.notes.append(f"{n_series:,} of {n_all:,} series, drawn by chance")
    if effects.late:
        who = ", ".join(effects.late)
        found.notes.append(f"time was short: all that moves {who} counts as the own past")
    _take_apart(found, question, X, effects, about)
    found.seconds = time.monotonic() - begun
    return found


def add_permutation(
    found: ForecastExplanation,
    held: HeldOut,
    score: Callable[[np.ndarray, np.ndarray], float],
    metric: str,
    *,
    timeout: float | None = None,
    seed: int = 0,
) -> None:
    """Measure how much worse forecasts get when cells of a covariate are mixed up.

    Parameters
    ----------
    found : ForecastExplanation
    held : HeldOut
        Windows; its columns are covariates.
    score : callable
        Of true values with their scale, and forecasts; higher is better.
    metric : str
        Name of it.
    timeout : float, optional
        Seconds.
    seed : int
    """
    begun = time.monotonic()
    found.metric, found.held = metric, held.what
    order = [name for name in found.importance["column"] if name in held.X]
    deadline = None if timeout is None else begun + timeout
    found.permutation = permutation_importance(held, score, order, deadline=deadline, seed=seed)
    found.seconds += time.monotonic() - begun


def _some(question: ForecastQuestion, seed: int) -> pd.DataFrame:
    """Whole horizons of some series, so many that they are quick to explain."""
    X = question.X
    names = X["unique_id"].unique()
    most = max(1, MOST_FORECASTS * len(names) // max(1, len(X)))
    # Forecasts of a hierarchy add up, so they are made together.
    if most >= len(names) or question.spec.hierarchy:
        return X
    drawn = set(names[np.random.default_rng(seed).permutation(len(names))[:most]])
    if question.row is not None:
        drawn.add(X["unique_id"].loc[question.row])
    return X[X["unique_id"].isin(drawn)]


def _values(effects: Effects, base: np.ndarray) -> Values:
    """Effects of features, and of what people know them by."""
    names = list(effects.values)
    known = list(dict.fromkeys(effects.groups[name] for name in names))
    raw = np.column_stack(
        [
            effects.values[[name for name in names if effects.groups[name] == one]].sum(axis=1)
            for one in known
        ]
    )[:, :, None]
    features = [Feature(name, (effects.groups[name],), ()) for name in names]
    several = len(names) > len(known)
    return Values(
        raw=raw,
        base=base[:, None],
        error=np.zeros_like(raw),
        engineered=effects.values.to_numpy(dtype=float)[:, :, None] if several else None,
        features=features if several else [],
        exact=True,
        methods=effects.methods,
    )


def _cells(
    X: pd.DataFrame, effects: Effects, known: pd.DataFrame, spec: SeriesSpec
) -> pd.DataFrame:
    """What pictures show beside the effects: covariates, the last value, that of a season ago."""
    by_series = known.groupby("unique_id", sort=False)["y"]
    last = {name: y.to_numpy()[-spec.season :] for name, y in by_series}
    steps = X.groupby("unique_id", sort=False).cumcount()
    cells: dict[str, Any] = {}
    for name in dict.fromkeys(effects.groups[one] for one in effects.values):
        if name in X:
            cells[name] = _named(X[name], spec.codes.get(name))
        elif name == OWN:
            cells[name] = [last[one][-1] for one in X["unique_id"]]
        elif name == SEASON:
            pairs = zip(X["unique_id"], steps, strict=True)
            cells[name] = [last[one][k % len(last[one])] for one, k in pairs]
        elif name == DATE:
            cells[name] = X["ds"].to_numpy()
        else:
            cells[name] = np.nan
    return pd.DataFrame(cells, index=X.index)


def _named(column: pd.Series[Any], levels: Sequence[str] | None) -> Any:
    """Categories by their names, in place of their codes."""
    if levels is None:
        return column.to_numpy()
    return column.map(dict(enumerate(levels))).astype(object).to_numpy()


def _take_apart(
    found: ForecastExplanation,
    question: ForecastQuestion,
    X: pd.DataFrame,
    effects: Effects,
    about: About,
) -> None:
    """Decompose the largest series, and that of the row that is asked for."""
    told = X[["unique_id", "ds"]].assign(y=about.base(X) + effects.values.sum(axis=1).to_numpy())
    sizes = about.mean[X["unique_id"].unique()].abs().sort_values(ascending=False, kind="stable")
    names = list(sizes.index[:MOST_APART])
    if question.row is not None:
        names = list(dict.fromkeys([X["unique_id"].loc[question.row], *names]))[:MOST_APART]
    for name in names:
        past = question.known[question.known["unique_id"] == name]
        ahead = told[told["unique_id"] == name]
        found.decomposition.append(decompose(name, past, ahead, question.spec.season))
        rows = X[X["unique_id"] == name]
        own = components(question.forecaster, name, past, ahead, rows)
        if own is not None:
            found.components.append(own)
