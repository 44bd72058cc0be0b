"""What boosted trees share: how many rounds, and when to stop early."""

from __future__ import annotations

from trialbook.learners._base import Params
from trialbook.tasks import Table

# A cap that early stopping hardly ever reaches at the learning rates in use.
MAX_ROUNDS = 5000


def leaf_rows(wanted: int, table: Table) -> int:
    """Rows that a leaf must have, fewer than wanted where that would leave hardly any leaves.

    Parameters
    ----------
    wanted : int
        What was tuned on tables of a thousand rows and more.
    table : Table

    Returns
    -------
    int
    """
    return min(wanted, max(2, table.n_rows // 20))


def patience(learning_rate: float) -> int:
    """Rounds without improvement before training stops.

    Slow learners need longer to show that they still improve: two over the learning rate gives
    20 rounds at 0.1 and 100 at 0.02, and more than 150 has not paid within minutes.

    Parameters
    ----------
    learning_rate : float

    Returns
    -------
    int
    """
    return int(min(150, max(20, round(2.0 / learning_rate))))


def expected_rounds(params: Params, table: Table) -> float:
    """Rounds that early stopping will probably take, for projecting the time.

    Boosting stops sooner on few rows and with large steps; 15 over the learning rate is where
    tables of ten thousand rows usually end. Numbers take longer to approach than classes,
    and two classes longer than many, of which each round grows a tree.
    """
    rate = float(params.get("learning_rate", 0.05) or 0.05)
    size = min(2.0, max(0.3, (table.n_rows / 10_000) ** 0.35))
    kind = 1.5 if not table.is_classification else 1.0 if table.n_classes <= 2 else 0.6
    return float(min(MAX_ROUNDS, 15 / rate * size * kind))
