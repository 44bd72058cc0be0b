"""The calibration of a model from what it predicted out of fold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from trialbook.evaluation.conformal._coverage import coverage_of, winkler
from trialbook.models import Conformal, Scale

# In steps of a hundredth, and what people ask for where errors are costly.
COVERAGES = (*(n / 100 for n in range(50, 100)), 0.995, 0.999)
# Coverage is measured by cross-fitting for these.
MEASURED = (0.8, 0.9, 0.95)
PARTS = 5
# On so many rows at most, for every trial pays for it: a share is then known to half a percent.
MOST_MEASURED = 10_000
# Errors are averaged over at least so many rows of similar prediction, in so many groups at most:
# a mean absolute error is then known to about a tenth.
ROWS_PER_KNOT = 50
MOST_KNOTS = 12
# Where the model erred little on the rows at hand, it may still err elsewhere.
LEAST_SCALE = 0.1
# Intervals of different widths are used if they are better by this much: the score of a constant
# width is known to about a hundredth on a few thousand rows.
WORTH = 0.99


def calibrate(y: np.ndarray, prediction: np.ndarray, seed: int = 0) -> Conformal:
    """Find how far predictions are off, from rows that the models had not seen.

    Parameters
    ----------
    y : ndarray of shape (n,)
        True values, or codes of the true classes.
    prediction : ndarray of shape (n,) or (n, n_classes)
        Out-of-fold predictions: values, or probabilities.
    seed : int, optional
        Of the split into parts that measure each other.

    Returns
    -------
    Conformal

    Notes
    -----
    Split conformal prediction (Vovk et al. 2005; Lei et al. 2018) with the out-of-fold rows as
    calibration rows: of n scores, the ceil((n + 1) coverage)-th smallest. For numbers the score is
    the absolute error, or that over the mean error of rows with a similar prediction, where this
    brings narrower intervals of the same coverage (interval score, by cross-fitting). For classes
    it is one less the probability of the truth (LAC, Sadinle et al. 2019).

    The promise is exact for the folds' models. The model that is stored is their mean, or one that
    is trained on more rows, which errs less if anything, so that its intervals are a little wide
    rather than narrow. It is one on average over rows like those in training, not for every group.
    """
    some = np.random.default_rng(seed).permutation(len(y))[:MOST_MEASURED]
    few, guess = y[some], prediction[some]
    if prediction.ndim == 2:
        fit: Callable[[np.ndarray, np.ndarray], Conformal] = _classes
    else:
        fit = _adaptive if _adaptive_is_better(few, guess, seed) else _constant
    n = len(some) * (PARTS - 1) // PARTS  # rows that calibrate while the others measure
    measured = tuple(
        coverage_of(few, guess, fit, coverage, parts=PARTS, seed=seed)
        for coverage in MEASURED
        if math.ceil((n + 1) * coverage) <= n
    )
    found = replace(fit(y, prediction), measured=measured)
    return replace(found, by_class=_by_class(y, prediction)) if prediction.ndim == 2 else found


def _constant(y: np.ndarray, prediction: np.ndarray) -> Conformal:
    """Intervals of one width."""
    return _with_quantiles(np.abs(y - prediction))


def _adaptive(y: np.ndarray, prediction: np.ndarray) -> Conformal:
    """Intervals whose width goes by the predicted value."""
    errors = np.abs(y - prediction)
    order = np.random.default_rng(0).permutation(len(y))
    scores = np.empty(len(y))
    # A row must not tell how large its own error should be.
    for part in np.array_split(order, PARTS):
        rest = np.delete(np.arange(len(y)), part)
        scores[part] = errors[part] / _scale(errors[rest], prediction[rest]).at(prediction[part])
    return replace(_with_quantiles(scores), scale=_scale(errors, prediction))


def _classes(y: np.ndarray, prediction: np.ndarray) -> Conformal:
    """Sets of the classes that are probable enough."""
    return _with_quantiles(1.0 - prediction[np.arange(len(y)), y.astype(int)])


def _by_class(y: np.ndarray, prediction: np.ndarray) -> tuple[tuple[float | None, ...], ...]:
    scores = 1.0 - prediction[np.arange(len(y)), y.astype(int)]
    return tuple(_quantiles(scores[y == code]) for code in range(prediction.shape[1]))


def _with_quantiles(scores: np.ndarray) -> Conformal:
    return Conformal(len(scores), COVERAGES, _quantiles(scores))


def _quantiles(scores: np.ndarray) -> tuple[float | None, ...]:
    """The score within which each coverage stays, None where the rows are too few."""
    ordered, n = np.sort(scores), len(scores)
    # The product is rounded, for 0.9 * 10 may come out above 9.
    ranks = [math.ceil(round((n + 1) * coverage, 9)) for coverage in COVERAGES]
    return tuple(float(ordered[rank - 1]) if rank <= n else None for rank in ranks)


def _scale(errors: np.ndarray, prediction: np.ndarray) -> Scale:
    """Mean error by predicted value."""
    order = np.argsort(prediction, kind="stable")
    n_knots = min(MOST_KNOTS, max(1, len(order) // ROWS_PER_KNOT))
    groups = np.array_split(order, n_knots)
    knots = np.array([prediction[group].mean() for group in groups])
    values = np.array([errors[group].mean() for group in groups])
    floor = max(LEAST_SCALE * float(errors.mean()), float(np.finfo(float).tiny))
    # Many rows may share one prediction: their groups are one knot.
    shared, first = np.unique(knots, return_index=True)
    means = np.add.reduceat(values, first) / np.diff([*first, len(values)])
    return Scale(tuple(shared.tolist()), tuple(np.maximum(means, floor).tolist()))


def _adaptive_is_better(y: np.ndarray, prediction: np.ndarray, seed: int) -> bool:
    if len(y) < 2 * PARTS * ROWS_PER_KNOT:  # too few to tell
        return False
    constant, adaptive = (
        winkler(y, prediction, fit, 0.9, parts=PARTS, seed=seed) for fit in (_constant, _adaptive)
    )
    return adaptive < WORTH * constant
