"""What each row loses, and how sure its mean is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trialbook.evaluation._intervals import mean_interval, share_interval


@dataclass(frozen=True)
class Losses:
    """The loss of each row.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        Not below zero.
    name : {"error rate", "mean absolute error", "mean absolute scaled error"}
        What their mean is called.
    """

    values: np.ndarray
    name: str

    @property
    def is_rate(self) -> bool:
        """Whether a row is right or wrong, and nothing between."""
        return self.name == "error rate"

    def interval(self, rows: np.ndarray, level: float = 0.95) -> tuple[float, float]:
        """Interval of the mean loss of some rows.

        Parameters
        ----------
        rows : ndarray
            Positions, or a mask.
        level : float

        Returns
        -------
        tuple of (float, float)
        """
        values = self.values[rows]
        if self.is_rate:
            return share_interval(float(values.sum()), len(values), level)
        return mean_interval(values, level)


def losses_of(y: np.ndarray, prediction: np.ndarray) -> Losses:
    """What each row loses.

    Parameters
    ----------
    y : ndarray of shape (n,)
        True values, or codes of the true classes.
    prediction : ndarray of shape (n,) or (n, n_classes)

    Returns
    -------
    Losses
        1 where the most probable class is not the true one, else 0; of numbers the absolute
        error, which the largest do not drown as they do squares.
    """
    if prediction.ndim == 2:
        return Losses((prediction.argmax(axis=1) != y).astype(float), "error rate")
    return Losses(np.abs(y - prediction), "mean absolute error")
