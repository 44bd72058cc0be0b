"""A vote that is kept up to date while trials finish, to see whether they still bring anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# How much of the vote a new trial may take over. Few steps do: the vote that counts is selected
# anew at the end, and this one only tells whether it will be better.
SHARES = (0.5, 0.33, 0.2, 0.1, 0.05)
# A smaller improvement than this share of the error is within the noise of the validation.
MIN_IMPROVEMENT = 0.001
# More rows do not tell it better, and the engine waits for the answer.
MAX_ROWS = 10_000
# A vote of fewer trials says nothing of what is worth adding.
MIN_VOTERS = 4
# Parts of the first fold that tell how much what it says is due to chance.
BLOCKS = 8


class LiveVote:
    """The mean of what finished trials predict, each with the share that serves it best.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Truth of the rows that the trials predict without having seen them.
    loss : callable
        ``loss(y, prediction) -> float``, lower is better.
    perfect_loss : float
        Loss of a model that is always right.
    spared : float
        A trial of a new kind goes on if its error is at most so many times that of the best one:
        the final vote may count each kind's best, whether it improves this one or not.

    Notes
    -----
    Each trial is asked once, in the order in which they come: greedy like ensemble selection, but
    without going back. What it says depends on that order and on nothing else.
    """

    def __init__(
        self,
        y: np.ndarray[Any, Any],
        loss: Callable[[np.ndarray[Any, Any], np.ndarray[Any, Any]], float],
        perfect_loss: float,
        spared: float = 1.0,
    ) -> None:
        self._every = max(1, -(-len(y) // MAX_ROWS))
        self._y = y[:: self._every]
        self._loss = loss
        self._perfect_loss, self._spared = perfect_loss, spared
        self._vote: np.ndarray[Any, Any] | None = None
        self._best: np.ndarray[Any, Any] | None = None
        self._best_error = np.inf
        self._n_added = 0
        self.error = np.inf

    def add(self, prediction: np.ndarray[Any, Any]) -> bool:
        """Let a trial vote, if it helps.

        Parameters
        ----------
        prediction : ndarray of shape (n,) or (n, n_classes)
            For the rows of `y`.

        Returns
        -------
        bool
            Whether the vote's distance from a perfect one shrank by `MIN_IMPROVEMENT` of it.
        """
        mine = prediction[:: self._every]
        alone = self._error(mine)
        if self._best is None or alone < self._best_error:
            self._best, self._best_error = mine, alone
        if self._vote is None or np.isinf(self.error):
            options = [mine]
        else:
            options = _blends(self._vote, mine)
        errors = [self._error(option) for option in options]
        best = int(np.argmin(errors))
        before = self.error
        self._n_added += 1
        if self._vote is None or errors[best] < before:
            self._vote, self.error = options[best], errors[best]
        return bool(self.error < before - MIN_IMPROVEMENT * before) or np.isinf(before)

    def may_gain(self, part: np.ndarray[Any, Any], *, novel: bool = False) -> bool:
        """Whether what a trial predicts of the first rows says that it may help.

        Parameters
        ----------
        part : ndarray of shape (n_first,) or (n_first, n_classes)
            For the first rows of `y`: those of the first fold.
        novel : bool
            Whether the vote knows no other model of its kind: it then has the benefit of the
            doubt, two standard errors, because such a model is worth most.

        Returns
        -------
        bool
            False if no share of it improves the vote there, and the best trial is better there.

        Notes
        -----
        On HIGGS' 7,000 rows, a TabM that a vote then gave 28 % made that vote worse on the first
        of eight folds and better on the seven others.
        """
        if self._vote is None or self._best is None or self._n_added < MIN_VOTERS:
            return True
        mine = part[:: self._every]
        n = len(mine)
        now, best = self._error(self._vote[:n]), self._error(self._best[:n])
        if not np.isfinite(now) or self._error(mine) <= best * (self._spared if novel else 1.0):
            return True
        blends = _blends(self._vote[:n], mine)
        if min(self._error(blend) for blend in blends) < now:
            return True
        return novel and any(self._in_doubt(self._vote[:n], blend) for blend in blends)

    def _in_doubt(self, vote: np.ndarray[Any, Any], blend: np.ndarray[Any, Any]) -> bool:
        """Whether a blend is no more than two standard errors worse than the vote (jackknife)."""
        block = np.arange(len(vote)) % BLOCKS
        gains = [
            self._error(vote, block != left_out) - self._error(blend, block != left_out)
            for left_out in range(BLOCKS)
        ]
        spread = np.sqrt((BLOCKS - 1) * np.var(gains))
        return bool(np.mean(gains) + 2 * spread > 0) or not np.isfinite(spread)

    def _error(
        self, prediction: np.ndarray[Any, Any], rows: np.ndarray[Any, Any] | slice = slice(None)
    ) -> float:
        """Of a prediction for as many of the first rows as it has, or for some of these."""
        truth = self._y[: len(prediction)]
        error = self._loss(truth[rows], prediction[rows]) - self._perfect_loss
        return float(error) if np.isfinite(error) else np.inf


def _blends(vote: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    return [vote + share * (other - vote) for share in SHARES]
