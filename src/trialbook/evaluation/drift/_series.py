"""Recent rows of series beside those that a forecaster learned from: what moved.

Of each series three things are measured: its level, its spread and its season, each against the
season before. How much of that is usual, the series itself says: the same is measured of every
stretch of so many rows in training.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trialbook._plain import plain, write_text
from trialbook.evaluation._difference import ALPHA
from trialbook.evaluation.drift._figures import Moved

# How far a level or the season must be from what is usual, in units of the seasonal naive error,
# and the factor of the spread: less is told apart from chance on long series, and matters little.
LEVEL, SEASON, SPREAD = 0.5, 0.5, 1.5
# Stretches of training that say what is usual, at least and at most: of fewer than these, even the
# farthest would be no rarer than one in twenty.
FEWEST, MOST = 19, 200
# A series moved beyond chance if no more than this share of its stretches moved as far.
UNUSUAL = 0.05
# Errors are worse if they are so many times those of the windows, beyond chance.
WORSE = 1.2
RESAMPLES = 1000
# Series that are named, those that moved most.
NAMED = 5

KINDS = {
    "level": "by how much the mean is above that of the same rows a season before",
    "spread": "how much more changes from season to season differ",
    "season": "how far the shape of the season is from the one before",
}


@dataclass(frozen=True)
class SeriesMoved:
    """How one property of the series changed.

    Parameters
    ----------
    name : {"level", "spread", "season"}
    effect : float
        Of the median series: in units of the seasonal naive error; of the spread the factor.
    usual : float
        The same of its stretches of training, on average.
    n_moved, n_series : int
        Series that moved, beyond chance and far enough, and those that could be measured.
    by_chance : int
        So many may move by chance.
    moved : bool
    worst : tuple of (str, float)
        The series that moved most, with their effect.
    """

    name: str
    effect: float
    usual: float
    n_moved: int
    n_series: int
    by_chance: int
    moved: bool
    worst: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class ErrorsMoved:
    """How errors of the forecasts changed.

    Parameters
    ----------
    before, after : float
        Mean absolute scaled error of the windows that validated, and of the recent rows.
    low, high : float
        Interval of 95 % of `after` minus `before`, by bootstrap of series, or of rows.
    coverage : float
        Share of the recent rows within the interval of 80 %.
    covered : float
        The same of the windows.
    n_before, n_after : int
        Forecasts.
    moved : bool
        Whether they are worse, beyond chance.
    """

    before: float
    after: float
    low: float
    high: float
    coverage: float
    covered: float
    n_before: int
    n_after: int
    moved: bool


@dataclass(frozen=True)
class SeriesDrift:
    """A comparison of the rows that a forecaster learned from with those that came since.

    Parameters
    ----------
    model : str
    reference, recent : str
        What the old rows are, and where the new ones come from.
    n_reference, n_recent, n_series : int
        Rows of either, and series with recent rows.
    series : tuple of SeriesMoved
    columns : tuple of Moved
        Covariates.
    errors : ErrorsMoved or None
    picture : bytes
        Forecasts of the recent rows beside what came, as PNG.
    notes : tuple of str
        What could not be compared, and why.
    """

    model: str
    reference: str
    recent: str
    n_reference: int
    n_recent: int
    n_series: int
    series: tuple[SeriesMoved, ...]
    columns: tuple[Moved, ...] = ()
    errors: ErrorsMoved | None = None
    picture: bytes = b""
    notes: tuple[str, ...] = ()

    @property
    def moved(self) -> tuple[str, ...]:
        """What moved: ``level``, ``spread``, ``season``, ``errors``, and covariates by name."""
        found = [one.name for one in self.series if one.moved]
        found += ["errors"] if self.errors is not None and self.errors.moved else []
        return (*found, *(one.name for one in self.columns if one.moved))

    @property
    def alarm(self) -> bool:
        """Whether anything moved."""
        return bool(self.moved)

    @property
    def summary(self) -> tuple[str, ...]:
        """What moved, in sentences; one sentence if nothing did."""
        from trialbook.evaluation.drift._series_words import summary_of_series

        return summary_of_series(self)

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON holds them."""
        found: dict[str, Any] = plain({k: v for k, v in vars(self).items() if k != "picture"})
        return {"alarm": self.alarm, "moved": list(self.moved), "summary": list(self.summary)} | (
            found
        )

    def to_json(self, path: str | Path | None = None) -> str:
        """All figures as a JSON document; as `Drift.to_json`."""
        text = json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"
        if path is not None:
            write_text(path, text)
        return text

    def to_html(self, path: str | Path | None = None) -> str:
        """A page that needs nothing beside it; as `Drift.to_html`."""
        from trialbook.evaluation.drift._series_page import series_page

        text = series_page(self)
        if path is not None:
            write_text(path, text)
        return text


def compare_series(
    before: Mapping[str, np.ndarray],
    after: Mapping[str, np.ndarray],
    scale: Mapping[str, float],
    season: int,
) -> tuple[SeriesMoved, ...]:
    """Compare recent values of series with those of training.

    Parameters
    ----------
    before, after : mapping of str to ndarray
        Values of each series in the order of time, without gaps.
    scale : mapping of str to float
        The seasonal naive error of each.
    season : int
        Rows; 1 for none.

    Returns
    -------
    tuple of SeriesMoved
        Without what no series is long enough for.
    """
    found: dict[str, list[tuple[str, float, float, float]]] = {name: [] for name in KINDS}
    for name, new in after.items():
        old = before.get(name, np.array([]))
        measured = _measured(old, new, scale.get(name, np.nan), season)
        for kind, (effect, usual, chance) in measured.items():
            found[kind].append((name, effect, usual, chance))
    return tuple(_told(kind, rows) for kind, rows in found.items() if rows)


def _told(kind: str, rows: Sequence[tuple[str, float, float, float]]) -> SeriesMoved:
    from scipy.stats import binom

    far = {"level": LEVEL, "season": SEASON, "spread": np.log(SPREAD)}[kind]
    moved = [one for one in rows if one[3] <= UNUSUAL and abs(one[1] - one[2]) >= far]
    most = int(binom.ppf(1 - UNUSUAL, len(rows), UNUSUAL))
    ranked = sorted(moved, key=lambda one: -abs(one[1] - one[2]))[:NAMED]

    def shown(value: float) -> float:
        return float(np.exp(value)) if kind == "spread" else float(value)

    return SeriesMoved(
        kind,
        shown(float(np.median([one[1] for one in rows]))),
        shown(float(np.median([one[2] for one in rows]))),
        len(moved),
        len(rows),
        most,
        len(moved) > most,
        tuple((one[0], shown(one[1])) for one in ranked),
    )


def _measured(
    old: np.ndarray, new: np.ndarray, scale: float, season: int
) -> dict[str, tuple[float, float, float]]:
    """Effect, what is usual, and the share of stretches of training that moved as far."""
    size = len(new)
    if not np.isfinite(scale) or scale <= 0:
        return {}
    ends = np.arange(len(old), 2 * season + size - 1, -1)
    ends = ends[:: max(1, len(ends) // MOST)]
    if len(ends) < FEWEST:
        return {}
    told = _effects(old, new, scale, season)
    usual = [_effects(old[: end - size], old[end - size : end], scale, season) for end in ends]
    found = {}
    for kind, effect in told.items():
        past = np.array([one[kind] for one in usual if kind in one])
        past = past[np.isfinite(past)]
        if np.isfinite(effect) and len(past) >= FEWEST:
            # Level and spread move both ways, and the shape of a season is only ever off.
            middle = 0.0 if kind == "season" else float(np.median(past))
            as_far = np.abs(past - middle) >= abs(effect - middle)
            chance = (1 + as_far.sum()) / (1 + len(past))
            found[kind] = (effect, float(np.mean(past)), float(chance))
    return found


def _effects(old: np.ndarray, new: np.ndarray, scale: float, season: int) -> dict[str, float]:
    """How a stretch differs from the season before it."""
    both = np.concatenate([old, new])
    place = np.arange(len(old), len(both))
    back = season * ((place - len(old)) // season + 1)
    change = both[place] - both[place - back]
    usual = np.diff(old[-(len(old) // season) * season :].reshape(-1, season), axis=0)
    found = {"level": float(np.mean(change)) / scale}
    spread, known = float(np.std(change)), float(np.std(usual))
    if len(new) >= 4 and spread > 0 and known > 0:
        found["spread"] = float(np.log(spread / known))
    if season > 1 and len(new) >= season:
        last = new[: len(new) // season * season].reshape(-1, season).mean(axis=0)
        past = old[-season:]
        off = (last - last.mean()) - (past - past.mean())
        found["season"] = float(np.sqrt(np.mean(off**2))) / scale
    return found


def compare_errors(
    before: pd.DataFrame, after: pd.DataFrame, *, seed: int = 0
) -> ErrorsMoved | None:
    """Compare scaled errors of forecasts of recent rows with those of the windows.

    Parameters
    ----------
    before, after : DataFrame
        ``series``, ``error`` (absolute and scaled) and ``kept``, whether the interval of 80 %
        held the value.
    seed : int

    Returns
    -------
    ErrorsMoved, optional
        None if errors of either are not known.
    """
    parts = [one[np.isfinite(one["error"])] for one in (before, after)]
    if not all(len(one) for one in parts):
        return None
    means = [float(one["error"].mean()) for one in parts]
    rng = np.random.default_rng(seed)
    drawn = [_resampled(one, rng) for one in parts]
    low, high = np.quantile(drawn[1] - drawn[0], [ALPHA / 2, 1 - ALPHA / 2])
    return ErrorsMoved(
        means[0],
        means[1],
        float(low),
        float(high),
        float(parts[1]["kept"].mean()),
        float(parts[0]["kept"].mean()),
        len(parts[0]),
        len(parts[1]),
        bool(low > 0 and means[1] >= WORSE * means[0]),
    )


def _resampled(errors: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Means of resamples: of series, or of rows where there is one."""
    by_series = errors.groupby("series")["error"].agg(["sum", "size"]).to_numpy(dtype=float)
    if len(by_series) > 1:
        drawn = by_series[rng.integers(0, len(by_series), (RESAMPLES, len(by_series)))].sum(axis=1)
        return np.asarray(drawn[:, 0] / drawn[:, 1])
    values = errors["error"].to_numpy(dtype=float)
    return np.asarray(values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1))
