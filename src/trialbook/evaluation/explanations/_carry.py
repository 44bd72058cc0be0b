"""Values of one thing carried over to a function of it, such as log-odds to probabilities.

What a model says is ``g(m)``, and the values explain how ``m`` came from its base to where it is.
On the straight line between both, each step's change of ``g`` is shared among what moved ``m``:
the integral of the slope times the movement (Aumann and Shapley 1974; for one output of two
classes it is the Rescale rule of DeepLIFT, Shrikumar et al. 2017). So the values of ``g`` add up
to ``g(m) - g(base)``, whatever ``g`` is, are linear in the values of ``m``, and of two classes
they keep their order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# Steps of the line. What they leave of the sum is put along it, so they decide the shares alone.
N_STEPS = 24
# Numbers that the function is asked about at once: 32 MB.
BLOCK = 4_000_000
# Movements below this have the slope at one point.
LEAST_STEP = 1e-6

Function = Callable[[np.ndarray], np.ndarray]


def identity(margin: np.ndarray) -> np.ndarray:
    """Numbers as they are."""
    return margin


def softmax(margin: np.ndarray) -> np.ndarray:
    """Probabilities of log-odds, each class against all."""
    power = np.exp(margin - margin.max(axis=1, keepdims=True))
    return np.asarray(power / power.sum(axis=1, keepdims=True))


def sigmoid(margin: np.ndarray) -> np.ndarray:
    """Probabilities of two classes of one column of log-odds."""
    second = 0.5 * (1 + np.tanh(margin[:, :1] / 2))
    return np.hstack([1 - second, second])


def one_by_one(margin: np.ndarray) -> np.ndarray:
    """Each class' own probability, scaled to a sum of one."""
    each = 0.5 * (1 + np.tanh(margin / 2))
    total = each.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, each / np.where(total > 0, total, 1), 1 / each.shape[1]))


def exponential(margin: np.ndarray) -> np.ndarray:
    """Numbers of their logarithms."""
    return np.asarray(np.exp(margin))


def slopes(function: Function, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The mean slope of a function on the lines from one point to others.

    Parameters
    ----------
    function : callable
        Of an array of shape (n, n_inputs) to one of shape (n, n_outputs).
    start : ndarray of shape (n_inputs,)
    end : ndarray of shape (n_rows, n_inputs)

    Returns
    -------
    ndarray of shape (n_rows, n_inputs, n_outputs)
        How much of each output comes of a unit of each input; times the movement it is exactly
        what the output moved.
    """
    if function is identity:
        return np.broadcast_to(np.eye(len(start)), (len(end), len(start), len(start)))
    at_once = max(1, BLOCK // (2 * len(start) ** 2))
    if len(end) > at_once:
        parts = [end[at : at + at_once] for at in range(0, len(end), at_once)]
        return np.concatenate([slopes(function, start, part) for part in parts])
    moved = end - start
    step = moved / N_STEPS
    wide = np.where(np.abs(step) < LEAST_STEP, LEAST_STEP, step)
    n_rows, n_inputs = end.shape
    total: np.ndarray | float = 0.0
    for k in range(N_STEPS):
        middle = start + (k + 0.5) * step
        # One more axis: the input that moves by half a step to both sides.
        aside = 0.5 * wide[:, :, None] * np.eye(n_inputs)
        both = np.concatenate([middle[:, None] + aside, middle[:, None] - aside])
        told = function(both.reshape(-1, n_inputs)).reshape(2, n_rows, n_inputs, -1)
        total = total + (told[0] - told[1]) / wide[:, :, None]
    slope = np.asarray(total / N_STEPS)
    left = function(end) - function(start[None]) - np.einsum("rk,rkc->rc", moved, slope)
    length = (moved**2).sum(axis=1, keepdims=True)
    along = moved / np.where(length > 0, length, 1)
    return np.asarray(slope + along[:, :, None] * left[:, None, :])


def spread(values: np.ndarray, missing: np.ndarray, by: np.ndarray | None = None) -> np.ndarray:
    """Values that add up: what is missing of the sum is shared among them.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_features, n_outputs)
    missing : ndarray of shape (n_rows, n_outputs)
    by : ndarray of the shape of values, optional
        Shares: the size of the values unless others are given.

    Returns
    -------
    ndarray of the shape of values
    """
    weight = np.abs(values) if by is None else by
    total = weight.sum(axis=1, keepdims=True)
    even = np.full_like(weight, 1 / max(1, values.shape[1]))
    share = np.where(total > 0, weight / np.where(total > 0, total, 1), even)
    return np.asarray(values + share * missing[:, None, :])
