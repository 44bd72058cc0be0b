"""The portfolio: tuned configurations of all learners, ordered by expected gain per second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from trialbook.learners import IterativeLearner, Learner, Params
from trialbook.search._ledger import OVERHEAD_S
from trialbook.tasks import AnyTable

# How much faster a learner is on n cores: boosted trees and forests on tables of laptop size.
SPEED_UP = {1: 1.0, 2: 1.7, 4: 2.8, 8: 4.0}


@dataclass(frozen=True)
class Step:
    """A configuration to try.

    Parameters
    ----------
    number : int
        Position in the plan, from 1.
    learner : str
        Key of the learner.
    name : str
        Name of the configuration.
    params : mapping
        Hyperparameters.
    projected_s : float
        Seconds that it should take.
    origin : {"portfolio", "tuning", "growth", "ensemble", "refit", "edited"}
        Who proposed it.
    rows : int, optional
        Rows that a fold trains on, on a big table; ``None`` for all of any other.
    """

    number: int
    learner: str
    name: str
    params: Params
    projected_s: float
    origin: str = "portfolio"
    gain: float = field(default=0.0, compare=False)
    rows: int | None = None

    @property
    def label(self) -> str:
        """Unique name within the experiment."""
        return f"{self.learner}-{self.number}"


def projected_s(learner: Learner, params: Params, table: AnyTable) -> float:
    """Seconds that all folds of a configuration should take.

    Parameters
    ----------
    learner : Learner
    params : mapping
    table : AnyTable

    Returns
    -------
    float
    """
    cores = max(n for n in SPEED_UP if n <= max(1, table.n_jobs))
    return table.n_folds * learner.cost(params, table) / SPEED_UP[cores]


def portfolio(
    learners: Sequence[Learner], table: AnyTable, budget_s: float | None = None
) -> list[Step]:
    """Order the learners' starts: a cheap model first, then by expected gain per second.

    Parameters
    ----------
    learners : sequence of Learner
    table : AnyTable
    budget_s : float, optional
        Seconds that a trial may take: a learner that trains in rounds will not take longer.

    Returns
    -------
    list of Step
        The order depends on the table and the budget alone, so it is the same on every machine.
    """
    in_rounds = {one.key for one in learners if isinstance(one, IterativeLearner)}

    def rank(step: Step) -> tuple[float, str, str]:
        capped = budget_s is not None and step.learner in in_rounds
        seconds = min(step.projected_s, budget_s or 0.0) if capped else step.projected_s
        return -step.gain / (OVERHEAD_S + seconds), step.learner, step.name

    steps = [
        Step(
            0,
            learner.key,
            start.name,
            start.params,
            projected_s(learner, start.params, table),
            gain=start.gain,
        )
        for learner in learners
        for start in learner.starts(table)
        if (start.max_rows is None or table.n_rows <= start.max_rows)
        and (learner.max_classes is None or table.n_classes <= learner.max_classes)
    ]
    if not steps:
        return []
    floor = min(steps, key=lambda step: (step.projected_s, step.learner))
    rest = sorted((step for step in steps if step is not floor), key=rank)
    return [
        Step(number, step.learner, step.name, step.params, step.projected_s, gain=step.gain)
        for number, step in enumerate([floor, *rest], start=1)
    ]
