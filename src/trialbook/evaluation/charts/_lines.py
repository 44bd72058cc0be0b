"""Charts of lines as data: each class against the rest, and the averages of the classes.

Averages are those of the metrics: *macro* is the plain mean of the classes, *weighted* their mean
by their numbers of rows, and *micro* ranks all scores of all classes together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trialbook.evaluation._curves import Curve, curve, pooled_curve

MACRO, MICRO, WEIGHTED = "macro", "micro", "weighted"
# Points of all lines of a chart, and of one of them: the file of many classes stays below a
# megabyte, and a line of 250 points looks like one of all of them.
MAX_POINTS, LINE_POINTS, LEAST_POINTS = 6_000, 250, 40
# Scores of all classes together are sorted up to here.
MAX_SORTED = 100_000
DIGITS = 5
GRID = np.linspace(0, 1, 101)

N_BINS, N_SCORE_BINS = 10, 40
# Of the normal distribution, for margins of 95 %.
Z = 1.96
# Bins of fewer rows say nothing of one class among several.
LEAST_ROWS = 5


def line_charts(
    y: np.ndarray,
    proba: np.ndarray,
    names: list[str],
    positive: int | None,
    weight: np.ndarray | None = None,
) -> dict[str, dict[str, Any]]:
    """Follow what each threshold finds of each class.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
    proba : ndarray of shape (n, n_classes)
    names : list of str
    positive : int, optional
        Code of the positive class, which is then the only line that is shown.
    weight : ndarray of shape (n,), optional

    Returns
    -------
    dict of str to dict
        Data of ``roc``, ``precision_recall``, ``cumulative_gains`` and ``lift``; empty if all rows
        are of one class. Each has ``curves`` with ``name``, ``average`` (whether it is one of
        classes), ``shown``, its points, and its area.
    """
    found = {k: line for k in range(len(names)) if (line := curve(y == k, proba[:, k], weight))}
    ranked = {k: line for k, line in found.items() if np.isfinite(line.area)}
    if not ranked:
        return {}
    truth = (y[:, None] == np.arange(len(names))).ravel()
    pool = curve if truth.size <= MAX_SORTED else pooled_curve
    pooled = pool(truth, proba.ravel(), None if weight is None else np.repeat(weight, len(names)))
    lines = _Lines(names, ranked, pooled, positive)
    about = {"class_labels": names, "weighted": weight is not None}
    if positive is not None:
        about["positive"] = names[positive]
    return {
        "roc": {**about, "curves": lines.roc()},
        "precision_recall": {**about, "curves": lines.precision_recall()},
        "cumulative_gains": {**about, "curves": lines.gains()},
        "lift": {**about, "curves": lines.lift()},
    }


class _Lines:
    """The curves of all classes, and what is made of them."""

    def __init__(
        self,
        names: list[str],
        ranked: dict[int, Curve],
        pooled: Curve | None,
        positive: int | None,
    ) -> None:
        self.names, self.ranked, self.pooled, self.positive = names, ranked, pooled, positive
        self.n_points = int(np.clip(MAX_POINTS / (len(ranked) + 3), LEAST_POINTS, LINE_POINTS))
        shares = np.array([line.prevalence for line in ranked.values()])
        self.weights = shares / shares.sum()

    def roc(self) -> list[dict[str, Any]]:
        keys = ("false_positive_rate", "true_positive_rate", "area")
        lines = [self._class_points(k, *_roc_of(line), line) for k, line in self.ranked.items()]
        heights = np.array([np.interp(GRID, *_roc_of(line)) for line in self.ranked.values()])
        areas = np.array([line.area for line in self.ranked.values()])
        if self.pooled is not None:
            lines.append(self._pooled_points(*_roc_of(self.pooled), self.pooled))
        return self._named(keys, [*self._means(heights, areas, start=0.0), *lines])

    def precision_recall(self) -> list[dict[str, Any]]:
        keys = ("recall", "precision", "average_precision")
        lines, heights, areas = [], [], []
        for k, line in self.ranked.items():
            x, height = _precision_recall_of(line)
            lines.append(self._class_points(k, x, height, line, line.average_precision))
            heights.append(height[np.searchsorted(x, GRID).clip(1, len(x) - 1)])
            areas.append(line.average_precision)
        if self.pooled is not None:
            area = self.pooled.average_precision
            x, height = _precision_recall_of(self.pooled)
            lines.append(self._pooled_points(x, height, self.pooled, area))
        return self._named(keys, [*self._means(np.array(heights), np.array(areas)), *lines])

    def gains(self) -> list[dict[str, Any]]:
        keys = ("share_of_rows", "share_of_class", None)
        return self._named(keys, self._by_share(lambda found: found, GRID))

    def lift(self) -> list[dict[str, Any]]:
        keys = ("share_of_rows", "lift", None)
        return self._named(keys, self._by_share(lambda found: found[1:] / GRID[1:], GRID[1:]))

    def _by_share(self, measure: Any, grid: np.ndarray) -> list[dict[str, Any]]:
        """What is found among so many rows of the highest scores."""
        found = {k: measure(_gains_of(line)) for k, line in self.ranked.items()}
        lines = [self._line(k, grid, height) for k, height in found.items()]
        heights = np.array(list(found.values()))
        means = [
            _average(MACRO, grid, heights.mean(axis=0)),
            _average(WEIGHTED, grid, self.weights @ heights),
        ]
        if self.pooled is not None:
            means.append(_average(MICRO, grid, measure(_gains_of(self.pooled))))
        return [*means, *lines]

    def _means(
        self, heights: np.ndarray, areas: np.ndarray, start: float | None = None
    ) -> list[dict[str, Any]]:
        """The averages over the classes on a grid, which may begin below its first point."""
        means = []
        alike = np.full(len(areas), 1 / len(areas))
        for name, weights in ((MACRO, alike), (WEIGHTED, self.weights)):
            x, height = GRID, weights @ heights
            if start is not None:
                x, height = np.append(0.0, x), np.append(start, height)
            means.append(_average(name, x, height, float(weights @ areas)))
        return means

    def _line(self, k: int, x: np.ndarray, height: np.ndarray) -> dict[str, Any]:
        return {
            "name": self.names[k],
            "average": False,
            "shown": self.positive in (None, k),
            "prevalence": round(self.ranked[k].prevalence, DIGITS + 2),
            "x": x,
            "y": height,
        }

    def _class_points(
        self, k: int, x: np.ndarray, height: np.ndarray, line: Curve, area: float | None = None
    ) -> dict[str, Any]:
        kept = _told_apart(x, height, self.n_points)
        thresholds = np.append(np.nan, line.thresholds)[kept]  # the first point takes no row
        made = self._line(k, x[kept], height[kept])
        return {**made, "area": line.area if area is None else area, "threshold": thresholds}

    def _pooled_points(
        self, x: np.ndarray, height: np.ndarray, line: Curve, area: float | None = None
    ) -> dict[str, Any]:
        kept = _told_apart(x, height, self.n_points)
        area = line.area if area is None else area
        return _average(MICRO, x[kept], height[kept], area)

    def _named(
        self, keys: tuple[str, str, str | None], lines: Sequence[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Lines by the names of what they measure, averages shown where classes are."""
        across, up, area = keys
        named = []
        for line in lines:
            one = {key: line[key] for key in ("name", "average", "shown")}
            if "prevalence" in line:
                one["prevalence"] = line["prevalence"]
            if one["name"] == MACRO:
                one["shown"] = self.positive is None and len(self.ranked) > 1
            if area is not None:
                one[area] = round(float(line["area"]), DIGITS + 2)
            one[across] = rounded(line["x"])
            one[up] = rounded(line["y"])
            if "threshold" in line:
                one["threshold"] = [None, *rounded(line["threshold"][1:])]
            named.append(one)
        return named


def calibration(
    y: np.ndarray,
    proba: np.ndarray,
    names: list[str],
    positive: int | None,
    weight: np.ndarray | None = None,
) -> dict[str, Any]:
    """Compare probabilities with how often they come true.

    Parameters
    ----------
    y, proba, names, positive, weight
        As in `line_charts`.

    Returns
    -------
    dict
        ``bin_edges``; ``curves``, each with ``mean_probability``, ``share``, ``low`` and ``high``
        (margins of 95 %, by Wilson's interval) and ``rows`` of the bins that hold rows, and its
        expected ``calibration_error``; ``histogram`` of the scores of what is shown.
    """
    n_classes = len(names)
    few = positive is None and n_classes > 1
    curves, bins = [], []
    for k in range(n_classes):
        binned = _binned(y == k, proba[:, k], weight)
        bins.append(binned)
        if binned[3].sum() > 0:
            at_least = LEAST_ROWS if few else 1
            curves.append(_reliability(names[k], binned, at_least, shown=positive in (None, k)))
    together = np.sum(bins, axis=0)
    bins = [binned for binned in bins if binned[3].sum() > 0]
    means = [_reliability(MICRO, together, 1, shown=positive is None, average=True)]
    shares = np.array([binned[3].sum() for binned in bins])
    for name, weights in ((MACRO, np.ones(len(bins))), (WEIGHTED, shares)):
        means.append(_mean_reliability(name, bins, weights))
    scores = proba.ravel() if positive is None else proba[:, positive]
    repeated = None if weight is None else np.repeat(weight, scores.size // len(y))
    edges = np.linspace(0, 1, N_SCORE_BINS + 1)
    counts = np.histogram(scores, N_SCORE_BINS, (0, 1), weights=repeated)[0]
    about: dict[str, Any] = {"class_labels": names, "weighted": weight is not None}
    if positive is not None:
        about["positive"] = names[positive]
    return {
        **about,
        "bin_edges": rounded(np.linspace(0, 1, N_BINS + 1)),
        "curves": [*means, *curves],
        "histogram": {"bin_edges": rounded(edges), "bin_counts": rounded(counts, 3)},
    }


def _binned(truth: np.ndarray, score: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
    """Of each bin of scores: rows, weight, weighted sums of score and truth; shape (4, n_bins)."""
    bins = np.clip((score * N_BINS).astype(np.int64), 0, N_BINS - 1)

    def sums(values: np.ndarray | None) -> np.ndarray:
        return np.bincount(bins, weights=values, minlength=N_BINS)

    rows, total = sums(None), sums(weight)
    if weight is not None:
        score, truth = score * weight, truth * weight
    return np.array([rows, total, sums(score), sums(truth)], dtype=float)


def _reliability(
    name: str, binned: np.ndarray, at_least: int, *, shown: bool, average: bool = False
) -> dict[str, Any]:
    rows, weight, scores, hits = binned
    error = float(np.abs(scores - hits).sum() / weight.sum())
    kept = rows >= at_least
    n, score, share = rows[kept], scores[kept] / weight[kept], hits[kept] / weight[kept]
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return {
        "name": name,
        "average": average,
        "shown": shown,
        "calibration_error": round(error, DIGITS + 2),
        "mean_probability": rounded(score),
        "share": rounded(share),
        "low": rounded(np.minimum(centre - half, share)),
        "high": rounded(np.maximum(centre + half, share)),
        "rows": [int(one) for one in n],
    }


def _mean_reliability(
    name: str, binned: Sequence[np.ndarray], weights: np.ndarray
) -> dict[str, Any]:
    """Means over the classes that have rows in a bin."""
    rows, weight, scores, hits = np.stack(binned, axis=1)
    there = np.where(rows > 0, weights[:, None], 0.0)
    kept = there.sum(axis=0) > 0
    there = there[:, kept] / there[:, kept].sum(axis=0)
    inner = np.where(weight[:, kept] > 0, weight[:, kept], 1.0)
    errors = np.abs(scores - hits).sum(axis=1) / weight.sum(axis=1)
    return {
        "name": name,
        "average": True,
        "shown": False,
        "calibration_error": round(float(errors @ weights / weights.sum()), DIGITS + 2),
        "mean_probability": rounded((there * scores[:, kept] / inner).sum(axis=0)),
        "share": rounded((there * hits[:, kept] / inner).sum(axis=0)),
        "rows": [int(one) for one in rows.sum(axis=0)[kept]],
    }


def _average(
    name: str, x: np.ndarray, height: np.ndarray, area: float | None = None
) -> dict[str, Any]:
    return {"name": name, "average": True, "shown": False, "x": x, "y": height, "area": area}


def _roc_of(line: Curve) -> tuple[np.ndarray, np.ndarray]:
    return np.append(0.0, line.false_alarms), np.append(0.0, line.recall)


def _precision_recall_of(line: Curve) -> tuple[np.ndarray, np.ndarray]:
    return np.append(0.0, line.recall), np.append(line.precision[0], line.precision)


def _gains_of(line: Curve) -> np.ndarray:
    found = np.interp(GRID, np.append(0.0, line.taken), np.append(0.0, line.recall))
    return np.asarray(found)


def _told_apart(x: np.ndarray, height: np.ndarray, n_points: int) -> np.ndarray:
    """Positions of points that are evenly spread along a line, the first and last among them."""
    if len(x) <= n_points:
        return np.arange(len(x))
    way = np.append(0.0, np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(height))))
    return np.unique(np.searchsorted(way, np.linspace(0, way[-1], n_points)).clip(0, len(x) - 1))


def rounded(values: np.ndarray, digits: int = DIGITS) -> list[float]:
    """Numbers as JSON holds them, with the digits that a picture can show."""
    exact: list[float] = np.round(values, digits).tolist()
    return exact
