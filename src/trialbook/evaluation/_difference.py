"""Two models on the same rows: how much better one of them is, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trialbook.evaluation._metric import Metric, error

# The interval of the difference leaves out this share on both sides together.
ALPHA = 0.05
# Resamples: the ends of a 95 % interval are known to about a fifth of its half-width then.
RESAMPLES = 500
# So many rows times resamples are scored at most: that takes seconds for the slowest metrics.
MOST_SCORED = 10_000_000
FEWEST_RESAMPLES = 100
# Of fewer groups, to draw groups says less than to draw rows.
FEWEST_GROUPS = 10


@dataclass(frozen=True)
class Difference:
    """What a metric says of two models on the same rows.

    Parameters
    ----------
    metric : str
    n_rows : int
    first, second : float
        Their scores.
    gain : float
        By how much the second is better, in the metric's own unit: positive is better, whichever
        way the metric runs.
    low, high : float
        A 95 % interval of the gain, by a paired bootstrap; not a number where too few resamples
        have a score.
    sure : float
        Share of the resamples in which the second is better; a tie is half.
    """

    metric: str
    n_rows: int
    first: float
    second: float
    gain: float
    low: float
    high: float
    sure: float

    @property
    def told(self) -> str:
        """The difference in words."""
        if self.gain == 0:
            return f"both have {self.metric} {self.second:.6g}"
        word = "better" if self.gain > 0 else "worse"
        text = f"{abs(self.gain):.4g} {word} in {self.metric}"
        if math.isnan(self.low):
            return f"{text}, on too few rows to say how sure that is"
        interval = f"{self.low:+.4g} to {self.high:+.4g}"
        doubt = "" if self.low > 0 or self.high < 0 else ", which may be chance"
        return f"{text} (95% interval {interval}){doubt}"


def difference(
    metric: Metric,
    y: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    positive: int | None = None,
    *,
    groups: np.ndarray | None = None,
    seed: int = 0,
) -> Difference:
    """Compare two models' predictions of the same rows.

    Parameters
    ----------
    metric : Metric
    y : ndarray of shape (n_rows,)
        Class positions, or numbers.
    first, second : ndarray of shape (n_rows, n_classes) or (n_rows,)
        Probabilities, or numbers.
    positive : int, optional
        Position of the positive class.
    groups : ndarray of shape (n_rows,), optional
        Rows that go together, such as the series of each: whole groups are drawn, if there are
        enough of them.
    seed : int
        Of the resamples.

    Returns
    -------
    Difference

    Notes
    -----
    Rows are drawn with replacement, the same ones for both models, so that what makes a row hard
    for both cancels out (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8).
    A resample on which the metric has no value, as ROC AUC with a single class, is left out.
    """

    def gain(rows: np.ndarray | slice) -> float:
        before, after = (
            error(metric, metric.score(y[rows], one[rows], positive)) for one in (first, second)
        )
        return float(before - after)

    everything = slice(None)
    n_rows = len(y)
    rng = np.random.default_rng(seed)
    n_resamples = int(np.clip(MOST_SCORED // max(1, n_rows), FEWEST_RESAMPLES, RESAMPLES))
    draw = _drawer(n_rows, groups)
    gains = np.array([gain(draw(rng)) for _ in range(n_resamples)])
    gains = gains[np.isfinite(gains)]
    known = len(gains) >= FEWEST_RESAMPLES / 2
    # Of B resamples the (B + 1) q-th: others lie too far in.
    sides = [ALPHA / 2, 1 - ALPHA / 2]
    ends = np.quantile(gains, sides, method="weibull") if known else [math.nan, math.nan]
    sure = float(np.mean((gains > 0) + 0.5 * (gains == 0))) if known else math.nan
    return Difference(
        metric=metric.name,
        n_rows=n_rows,
        first=float(metric.score(y, first, positive)),
        second=float(metric.score(y, second, positive)),
        gain=gain(everything),
        low=float(ends[0]),
        high=float(ends[1]),
        sure=sure,
    )


def _drawer(n_rows: int, groups: np.ndarray | None) -> Callable[[np.random.Generator], np.ndarray]:
    """What draws rows with replacement: each by itself, or with all that go with it."""
    names, place = np.unique([] if groups is None else groups, return_inverse=True)
    if len(names) < FEWEST_GROUPS:
        return lambda rng: rng.integers(0, n_rows, n_rows)
    order = np.argsort(place, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(place))[:-1])
    return lambda rng: np.concatenate(
        [members[k] for k in rng.integers(0, len(names), len(names))]
    )
