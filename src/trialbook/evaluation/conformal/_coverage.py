"""What coverage a way to calibrate keeps, measured on rows that had no part in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from trialbook.models import Conformal, Covered

Fit = Callable[[np.ndarray, np.ndarray], Conformal]


def coverage_of(
    y: np.ndarray,
    prediction: np.ndarray,
    calibration: Conformal | Fit,
    coverage: float,
    *,
    parts: int = 5,
    seed: int = 0,
) -> Covered:
    """Measure a coverage.

    Parameters
    ----------
    y : ndarray of shape (n,)
        True values, or codes of the true classes.
    prediction : ndarray of shape (n,) or (n, n_classes)
    calibration : Conformal or callable
        What was calibrated on other rows, or how to do that: then each part of the rows is
        measured by what the others say.
    coverage : float
        What is promised.
    parts, seed : int, optional
        Of cross-fitting.

    Returns
    -------
    Covered
    """
    held = np.empty(len(y), dtype=bool)
    size = np.empty(len(y))
    for part, known in _parts(y, prediction, calibration, parts, seed):
        if prediction.ndim == 2:
            within = known.sets(prediction[part], coverage)
            held[part] = within[np.arange(len(part)), y[part].astype(int)]
            size[part] = within.sum(axis=1)
        else:
            lower, upper = known.interval(prediction[part], coverage)
            held[part] = (lower <= y[part]) & (y[part] <= upper)
            size[part] = upper - lower
    classes: tuple[float | None, ...] = ()
    if prediction.ndim == 2:
        of_class = [held[y == code] for code in range(prediction.shape[1])]
        classes = tuple(float(rows.mean()) if len(rows) else None for rows in of_class)
    return Covered(coverage, float(held.mean()), float(size.mean()), classes)


def winkler(
    y: np.ndarray,
    prediction: np.ndarray,
    fit: Fit,
    coverage: float,
    *,
    parts: int = 5,
    seed: int = 0,
) -> float:
    """Mean interval score by cross-fitting: width, and a penalty for what lies outside.

    Parameters
    ----------
    y, prediction : ndarray of shape (n,)
    fit : callable
        How to calibrate.
    coverage : float
    parts, seed : int, optional

    Returns
    -------
    float
        In units of the target; less is better.

    Notes
    -----
    Gneiting and Raftery (2007), section 6.2: proper for the quantiles that are the ends.
    """
    scores = np.empty(len(y))
    for part, known in _parts(y, prediction, fit, parts, seed):
        lower, upper = known.interval(prediction[part], coverage)
        outside = np.maximum(lower - y[part], 0) + np.maximum(y[part] - upper, 0)
        scores[part] = upper - lower + 2 / (1 - coverage) * outside
    return float(scores.mean())


def _parts(
    y: np.ndarray, prediction: np.ndarray, calibration: Conformal | Fit, parts: int, seed: int
) -> Iterator[tuple[np.ndarray, Conformal]]:
    """Rows to measure, and a calibration that they had no part in."""
    if isinstance(calibration, Conformal):
        yield np.arange(len(y)), calibration
        return
    order = np.random.default_rng(seed).permutation(len(y))
    for part in np.array_split(order, parts):
        rest = np.delete(np.arange(len(y)), part)
        yield part, calibration(y[rest], prediction[rest])
