"""How a model gets better with rows and with rounds, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trialbook.evaluation.charts._lines import rounded

# Rounds that are kept of each line.
MAX_ROUNDS = 200
DIGITS = 7


def learning_curve(
    points: Sequence[Mapping[str, float]], metric: str, *, greater_is_better: bool
) -> dict[str, Any]:
    """Summarise trainings on shares of the rows.

    Parameters
    ----------
    points : sequence of mapping
        Of each training ``fold``, ``share`` of its rows, ``rows``, ``training`` and
        ``validation`` (scores) and ``seconds``.
    metric : str
        What was measured.
    greater_is_better : bool

    Returns
    -------
    dict
        ``curves`` named ``training`` and ``validation``, each with ``rows``, ``score`` (mean over
        the folds), ``std`` and ``folds`` (how many); all ``points``; ``metric``.
    """
    curves = []
    shares = sorted({point["share"] for point in points})
    for name in ("training", "validation"):
        groups = [[one for one in points if one["share"] == share] for share in shares]
        scores = [np.array([one[name] for one in group], dtype=float) for group in groups]
        curves.append(
            {
                "name": name,
                "shown": True,
                "rows": [round(float(np.mean([one["rows"] for one in part]))) for part in groups],
                "score": _numbers([float(np.mean(found)) for found in scores]),
                "std": _numbers([float(np.std(found)) for found in scores]),
                "folds": [len(part) for part in groups],
            }
        )
    kept = [{key: _number(value) for key, value in point.items()} for point in points]
    about = {"metric": metric, "greater_is_better": greater_is_better}
    return {**about, "curves": curves, "points": kept}


def training_rounds(
    measure: str,
    histories: Sequence[tuple[Sequence[float], Sequence[float]]],
    kept: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Summarise what was recorded while models were trained in rounds.

    Parameters
    ----------
    measure : str
        What was recorded.
    histories : sequence of tuple of (sequence of float, sequence of float)
        For each fold, of every round, on training and on validation rows; empty where it was not
        recorded.
    kept : sequence of int, optional
        For each fold, the rounds that its model uses.

    Returns
    -------
    dict
        ``curves`` with ``name``, ``set`` (``training`` or ``validation``), ``fold``, ``rounds``
        and ``score``; ``measure``; ``kept``.
    """
    curves = []
    for name, side in (("training", 0), ("validation", 1)):
        for fold, history in enumerate(histories):
            values = np.array(history[side], dtype=float)
            if not len(values) or not np.isfinite(values).any():
                continue
            some = np.unique(np.linspace(0, len(values) - 1, MAX_ROUNDS).astype(int))
            curves.append(
                {
                    "name": f"{name}, fold {fold + 1}",
                    "set": name,
                    "fold": fold + 1,
                    "shown": True,
                    "rounds": [int(one) + 1 for one in some],
                    "score": _numbers(values[some].tolist()),
                }
            )
    return {"measure": measure, "curves": curves, "kept": None if kept is None else list(kept)}


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float) -> float | None:
    """A number as JSON holds it; what is undefined is null."""
    if isinstance(value, int):
        return value
    return rounded(np.array([value]), DIGITS)[0] if np.isfinite(value) else None
