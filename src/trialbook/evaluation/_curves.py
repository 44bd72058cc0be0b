"""The curves that a ranking of rows draws, and the areas under them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Of scores that are not sorted.
N_BINS = 2**17


@dataclass(frozen=True)
class Curve:
    """ROC and precision-recall curve of one class against the rest.

    Parameters
    ----------
    recall, false_alarms, precision : ndarray of shape (n_thresholds,)
        Share of the class's rows found, share of the other rows taken for it, and share of rows
        taken for it that are, from the highest threshold to the lowest.
    area : float
        Area under the ROC curve; NaN without other rows.
    average_precision : float
        Area under the precision-recall curve, by steps.
    prevalence : float
        Share of rows that are of the class.
    taken : ndarray of shape (n_thresholds,)
        Share of all rows taken for the class.
    thresholds : ndarray of shape (n_thresholds,)
        Scores from which on rows are taken for it.
    """

    recall: np.ndarray
    false_alarms: np.ndarray
    precision: np.ndarray
    area: float
    average_precision: float
    prevalence: float
    taken: np.ndarray
    thresholds: np.ndarray


def curve(truth: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None) -> Curve | None:
    """Rank rows by score and follow what each threshold finds; equal scores go together.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
        Whether a row is of the class.
    score : ndarray of float, shape (n,)
        How much it looks like it.
    weight : ndarray of float, shape (n,), optional
        How many rows a row stands for; one each by default.

    Returns
    -------
    Curve or None
        ``None`` if no row is of the class.
    """
    if weight is not None:
        truth, score, weight = truth[weight > 0], score[weight > 0], weight[weight > 0]
    order = np.argsort(-score)
    truth, score = truth[order], score[order]
    ends = np.flatnonzero(np.append(np.diff(score) != 0, True))
    if weight is None:
        hits = np.cumsum(truth)[ends].astype(float)
        alarms = ends + 1 - hits
    else:
        hits = np.cumsum(truth * weight[order])[ends]
        alarms = np.cumsum(~truth * weight[order])[ends]
    return _curve_of(hits, alarms, score[ends])


def pooled_curve(
    truth: np.ndarray, score: np.ndarray, weight: np.ndarray | None = None
) -> Curve | None:
    """The curve of very many scores from 0 to 1, without sorting them.

    Scores that hardly differ go together. Bins are finer near 0 and 1, where most scores are, and
    areas change by less than 0.0001.

    Parameters
    ----------
    truth, score, weight
        As in `curve`.

    Returns
    -------
    Curve or None
    """
    scale = 0.5**0.75
    below = np.sqrt(np.sqrt(np.minimum(score, 1 - score))) * scale  # 0 to 0.5, by a fourth root
    bins = (np.where(score <= 0.5, 1 - below, below) * N_BINS).astype(np.int64)
    ones = truth.astype(float) if weight is None else truth * weight
    hits = np.bincount(bins, weights=ones, minlength=N_BINS + 1)
    all_rows = np.bincount(bins, weights=weight, minlength=N_BINS + 1)
    kept = all_rows > 0
    alarms = (all_rows - hits)[kept].clip(0)
    places = np.flatnonzero(kept) / N_BINS
    near = (np.minimum(places, 1 - places) / scale) ** 4
    thresholds = np.where(places < 0.5, 1 - near, near)
    return _curve_of(np.cumsum(hits[kept]), np.cumsum(alarms), thresholds)


def _curve_of(hits: np.ndarray, alarms: np.ndarray, thresholds: np.ndarray) -> Curve | None:
    if not len(hits) or hits[-1] == 0:
        return None
    seen = hits + alarms
    recall, precision = hits / hits[-1], hits / seen
    false_alarms = alarms / alarms[-1] if alarms[-1] else np.full(len(alarms), np.nan)
    heights = (recall + np.concatenate([[0], recall[:-1]])) / 2
    return Curve(
        recall,
        false_alarms,
        precision,
        area=float((heights * np.diff(false_alarms, prepend=0)).sum()),
        average_precision=float((precision * np.diff(recall, prepend=0)).sum()),
        prevalence=float(hits[-1] / seen[-1]),
        taken=seen / seen[-1],
        thresholds=thresholds,
    )
