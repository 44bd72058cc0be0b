"""What to try next: the portfolio in its order, then refinement, until a reason to stop."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from trialbook.learners import IterativeLearner, Learner
from trialbook.search._ledger import STOPPED, Ledger
from trialbook.search._portfolio import Step
from trialbook.search._rows import Growth
from trialbook.search._tuner import Tuner
from trialbook.tasks import AnyTable

if TYPE_CHECKING:
    import numpy as np

    from trialbook.ensemble import LiveVote

# The first 20 trials (Azure ML's landmarks) and the whole portfolio never stop a search; after
# them, ten refinements in a row that bring nothing do.
FREE_TRIALS = 20
PATIENCE = 10
# Larger steps than this cost boosted trees more than the rounds that they save.
MAX_RATE = 0.25


@dataclass(frozen=True)
class Wait:
    """Nothing to start now; ask again when a trial has ended."""


@dataclass(frozen=True)
class Stop:
    """Nothing to start any more, and why."""

    reason: str


@dataclass
class Search:
    """Chooses the next step.

    Parameters
    ----------
    plan : list of Step
        The portfolio, in order.
    learners : sequence of Learner
    table : AnyTable
    ledger : Ledger
    seed : int
    n_workers : int
        Trials that run at once.
    max_trials : int, optional
    exit_loss : float, optional
        Stop when the best loss is not above this.
    early_termination : bool
    vote : LiveVote, optional
        Tells whether a trial brought anything; without it only the best score counts.
    growth : Growth, optional
        Decides on how many rows of a big table a step is tried; without it on all of them.

    Notes
    -----
    Without a deadline the choice of step *n* depends only on the results of the steps up to
    *n* minus the number of workers, so it does not depend on which trial happens to end first,
    and two runs with one seed try the same.
    """

    plan: list[Step]
    learners: Sequence[Learner]
    table: AnyTable
    ledger: Ledger
    seed: int
    n_workers: int
    max_trials: int | None = None
    exit_loss: float | None = None
    early_termination: bool = True
    vote: LiveVote | None = None
    growth: Growth | None = None
    _steps: dict[int, Step] = field(default_factory=dict)
    _losses: dict[int, float | None] = field(default_factory=dict)
    _predictions: dict[int, np.ndarray[Any, Any]] = field(default_factory=dict)
    _stopped: dict[int, float] = field(default_factory=dict)
    _learnt: set[int] = field(default_factory=set)
    _too_slow: dict[int, str] = field(default_factory=dict)
    _replayed: set[int] = field(default_factory=set)
    _best_loss: float = math.inf
    _n_finished: int = 0
    _n_in_vain: float = 0.0

    def __post_init__(self) -> None:
        self._pending = list(self.plan)
        self._highest = max((step.number for step in self.plan), default=0)
        self._tuner = Tuner(self.learners, self.table, self.seed)
        self._by_key = {learner.key: learner for learner in self.learners}

    @property
    def pending(self) -> list[Step]:
        """Steps of the portfolio that have not started."""
        return list(self._pending)

    @property
    def highest(self) -> int:
        """The highest number that is in use."""
        return self._highest

    def reserve(self, number: int) -> None:
        """Take a number that is in use already, so that no new step gets it."""
        self._highest = max(self._highest, number)

    def replay(
        self,
        step: Step,
        loss: float | None,
        prediction: np.ndarray[Any, Any] | None = None,
        first_loss: float | None = None,
    ) -> None:
        """Take over a trial of an earlier session.

        Parameters
        ----------
        step : Step
        loss : float, optional
            ``None`` if it failed.
        prediction, first_loss : optional
            As in `tell`.
        """
        self._pending = [one for one in self._pending if one.number != step.number]
        self._steps[step.number] = step
        self._replayed.add(step.number)
        self.tell(step.number, loss, prediction, first_loss)

    def tell(
        self,
        number: int,
        loss: float | None,
        prediction: np.ndarray[Any, Any] | None = None,
        first_loss: float | None = None,
    ) -> None:
        """Learn how a step ended.

        Parameters
        ----------
        number : int
        loss : float, optional
            Lower is better; ``None`` if it failed.
        prediction : ndarray of shape (n,) or (n, n_classes), optional
            What it predicts of rows that it has not seen, for the vote.
        first_loss : float, optional
            Of the first fold, for one that was stopped after it.
        """
        self._losses[number] = loss
        if first_loss is not None:
            self._stopped[number] = first_loss
        if prediction is not None and self.vote is not None:
            self._predictions[number] = prediction

    @property
    def races(self) -> bool:
        """Whether trials are judged by their first fold.

        Only under a deadline: what the vote knows by then depends on the clock.
        """
        in_time = self.ledger.deadline_s is not None
        return self.vote is not None and in_time and self.table.n_folds > 1

    def may_gain(self, learner: str, part: np.ndarray[Any, Any]) -> bool:
        """Whether a trial is worth the rest of its folds.

        Parameters
        ----------
        learner : str
            Key of its learner.
        part : ndarray of shape (n_first,) or (n_first, n_classes)
            What it predicts of the rows of the first fold.

        Returns
        -------
        bool
        """
        if self.vote is None:
            return True
        finished = (one for one, loss in self._losses.items() if loss is not None)
        novel = all(self._steps[one].learner != learner for one in finished)
        return self.vote.may_gain(part, novel=novel)

    def ask(self) -> Step | Wait | Stop:
        """Choose the next step.

        Returns
        -------
        Step, Wait or Stop
        """
        known = self._known()
        if known is None:
            return Wait()
        started = len(self._steps)
        if self.max_trials is not None and started >= self.max_trials:
            return Stop(f"all {self.max_trials} trials have run")
        if self.ledger.search_left_s <= 0:
            return Stop("the time for trials is over")
        self._learn(known)
        if self.exit_loss is not None and self._best_loss <= self.exit_loss:
            return Stop("the exit score is reached")
        in_vain = self.early_termination and self._n_in_vain >= PATIENCE
        larger = self._grow(in_vain=in_vain)
        if larger is not None:
            return larger
        for step in self._pending:
            sized = self._sized(step)
            if sized is not None:
                self._pending.remove(step)
                return self._start(sized)
            self._too_slow[step.number] = self._reason(step)
        if self._pending and len(self._losses) < started and not self._losses:
            return Wait()  # the first measured times may show that the others do fit
        if in_vain:
            return Stop(f"{PATIENCE} refinements in a row have brought nothing")
        return self._refine()

    def smallest(self, step: Step) -> Step:
        """A step on as few rows as it can be tried on."""
        return step if self.growth is None else self.growth.smallest(step)

    def budget_s(self, step: Step) -> float | None:
        """Seconds that a step which starts now should take; ``None`` without any limit."""
        if self.growth is None:
            return self.ledger.trial_budget_s()
        return self.growth.budget_s(step, len(self._steps))

    def _sized(self, step: Step) -> Step | None:
        """A step as it fits into the time and memory of now: on a part of a big table, or faster.

        ``None`` if it does not fit.
        """
        if self.growth is not None:
            if self.ledger.deadline_s is not None and not self._losses:
                self.growth.begin()
                return self.growth.smallest(step)
            sized = self.growth.sized(step, self.growth.comparing_s(len(self._steps)))
            if sized is not None:
                return sized
            step = self.growth.smallest(step)
            if not self.growth.fits_memory(step):
                return None
        return self._in_time_for(step) if self._fits(step) else None

    def _grow(self, *, in_vain: bool) -> Step | None:
        """One of the best steps on more rows, when enough of a big table's trials were small."""
        growth = self.growth
        if growth is None or not (in_vain or growth.progress(len(self._steps)) >= 1):
            return None
        scored = [(loss, number) for number, loss in self._losses.items() if loss is not None]
        ranked = [self._steps[number] for _, number in sorted(scored)]
        failed = {number for number, loss in self._losses.items() if loss is None}
        step = growth.grown(ranked, self._steps.values(), failed)
        if step is None:
            return None
        self._highest += 1
        return self._start(replace(step, number=self._highest))

    def skipped(self) -> dict[str, str]:
        """Steps of the portfolio that did not run, and why."""
        return {
            f"{step.label} ({step.name})": self._too_slow.get(step.number, "the search had ended")
            for step in self._pending
        }

    def _reason(self, step: Step) -> str:
        """Why a step does not fit now."""
        expected = self.ledger.expected_s(step.projected_s, step.learner)
        budget = self.ledger.trial_budget_s() or 0.0
        if self.growth is not None:
            step = self.growth.smallest(step)
            if not self.growth.fits_memory(step):
                return f"would not fit into its memory, even on {step.rows:,} rows"
            expected = self.ledger.expected_s(step.projected_s, step.learner)
        return f"would take {expected:.0f} s, and a trial could have {budget:.0f} s"

    def _fits(self, step: Step) -> bool:
        iterative = isinstance(self._by_key[step.learner], IterativeLearner)
        return self.ledger.fits(step.projected_s, step.learner, iterative=iterative)

    def _in_time_for(self, step: Step) -> Step:
        """A step that can end in its time: boosting takes larger strides when that is short."""
        budget = self.ledger.trial_budget_s()
        rate = step.params.get("learning_rate")
        iterative = isinstance(self._by_key[step.learner], IterativeLearner)
        if budget is None or not iterative or not isinstance(rate, float) or rate >= MAX_RATE:
            return step
        hurry = self.ledger.expected_s(step.projected_s, step.learner) / budget
        if hurry <= 1.0:
            return step
        # Fewer, larger steps to the end beat small ones that stop half-way.
        faster = round(min(MAX_RATE, rate * hurry), 4)
        params = {**step.params, "learning_rate": faster}
        seconds = step.projected_s * rate / faster
        return replace(step, params=params, name=f"{step.name}, faster", projected_s=seconds)

    def _start(self, step: Step) -> Step:
        self._steps[step.number] = step
        return step

    def _known(self) -> list[int] | None:
        """Numbers whose results may be used for the next choice; ``None`` to wait for more."""
        if self.ledger.deadline_s is not None:
            return sorted(self._losses)
        usable = sorted(self._steps)[: max(0, len(self._steps) + 1 - self.n_workers)]
        return usable if all(number in self._losses for number in usable) else None

    def _learn(self, known: list[int]) -> None:
        """Take in results, in the order of their numbers."""
        for number in known:
            if number in self._learnt:
                continue
            self._learnt.add(number)
            step, loss = self._steps[number], self._losses[number]
            improved = self._improves(number, loss)
            if step.origin != "growth":  # more rows of a configuration that it knows
                first_loss, cost = self._stopped.get(number), self._cost(number)
                self._tuner.tell(step, loss, first_loss, cost=cost, gained=improved)
            stopped = number in self._stopped and number not in self._replayed
            if stopped and step.origin != "portfolio":
                # What was stopped is in vain for as much as it cost.
                self._n_in_vain += 1 / self.table.n_folds
            if loss is None:
                continue
            self._best_loss = min(loss, self._best_loss)
            # Who resumes wants more trials: those of earlier sessions do not end this one.
            landmark = step.origin != "tuning" or self._n_finished < FREE_TRIALS
            if improved or landmark or number in self._replayed:
                self._n_in_vain = 0.0
            else:
                self._n_in_vain += 1
            self._n_finished += 1

    def _improves(self, number: int, loss: float | None) -> bool:
        """Whether a trial improves the vote, or without one the best score."""
        if loss is None:
            return False
        prediction = self._predictions.pop(number, None)
        if self.vote is not None and prediction is not None:
            return self.vote.add(prediction)
        return loss < self._best_loss

    def _cost(self, number: int) -> float:
        """Seconds that a trial took, under a deadline; without one they must not count."""
        took = [e.actual_s for e in self.ledger.entries if e.number == number]
        return took[-1] if took and self.ledger.deadline_s is not None else 1.0

    def _refine(self) -> Step | Wait | Stop:
        number = self._highest + 1
        refuse = {key for key in self._by_key if not self._in_time(key)}
        while (step := self._tuner.ask(number, refuse)) is not None:
            if self.growth is not None:
                comparing_s = self.growth.comparing_s(len(self._steps))
                step = self.growth.sized(step, comparing_s) or self.growth.smallest(step)
                if not self.growth.fits_memory(step):
                    self._tuner.tell(step, None, cost=0.0)
                    refuse.add(step.learner)
                    continue
            self._highest = number
            return self._start(step)
        if len(self._losses) < len(self._steps):
            return Wait()
        return Stop("nothing that is left to try fits into the time")

    def _in_time(self, key: str) -> bool:
        """Whether another trial of a family fits, going by the median of those that ran."""
        if self.growth is not None:
            return True  # on fewer rows
        took = sorted(
            e.actual_s
            for e in self.ledger.entries
            if e.learner == key and e.actual_s > 0 and e.outcome != STOPPED
        )
        budget = self.ledger.trial_budget_s()
        return budget is None or not took or took[len(took) // 2] <= budget
