"""The curves that a ranking of rows draws, and the areas under them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
    """

    recall: np.ndarray
    false_alarms: np.ndarray
    precision: np.ndarray
    area: float
    average_precision: float
    prevalence: float


def curve(truth: np.ndarray, score: np.ndarray) -> Curve | None:
    """Rank rows by score and follow what each threshold finds; equal scores go together.

    Parameters
    ----------
    truth : ndarray of bool, shape (n,)
        Whether a row is of the class.
    score : ndarray of float, shape (n,)
        How much it looks like it.

    Returns
    -------
    Curve or None
        ``None`` if no row is of the class.
    """
    order = np.argsort(-score)
    truth, score = truth[order], score[order]
    ends = np.flatnonzero(np.append(np.diff(score) != 0, True))
    hits = np.cumsum(truth)[ends].astype(float)
    alarms = ends + 1 - hits
    if hits[-1] == 0:
        return None
    recall, precision = hits / hits[-1], hits / (ends + 1)
    false_alarms = alarms / alarms[-1] if alarms[-1] else np.full(len(ends), np.nan)
    heights = (recall + np.concatenate([[0], recall[:-1]])) / 2
    return Curve(
        recall,
        false_alarms,
        precision,
        area=float((heights * np.diff(false_alarms, prepend=0)).sum()),
        average_precision=float((precision * np.diff(recall, prepend=0)).sum()),
        prevalence=float(hits[-1] / len(truth)),
    )
