"""What to try next: the portfolio in its order, then refinement, until a reason to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from trialbook.learners import IterativeLearner, Learner
from trialbook.search._ledger import Ledger
from trialbook.search._portfolio import Step
from trialbook.search._tuner import Tuner
from trialbook.tasks import Table

# Azure's rule of early termination: the first 20 trials never stop a search; from the 21st on, ten
# in a row without a better score do, so the 31st trial is the earliest that does not start.
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
    table : Table
    ledger : Ledger
    seed : int
    n_workers : int
        Trials that run at once.
    max_trials : int, optional
    exit_loss : float, optional
        Stop when the best loss is not above this.
    early_termination : bool

    Notes
    -----
    Without a deadline the choice of step *n* depends only on the results of the steps up to
    *n* minus the number of workers, so it does not depend on which trial happens to end first,
    and two runs with one seed try the same.
    """

    plan: list[Step]
    learners: Sequence[Learner]
    table: Table
    ledger: Ledger
    seed: int
    n_workers: int
    max_trials: int | None = None
    exit_loss: float | None = None
    early_termination: bool = True
    _steps: dict[int, Step] = field(default_factory=dict)
    _losses: dict[int, float | None] = field(default_factory=dict)
    _told: set[int] = field(default_factory=set)
    _too_slow: dict[int, str] = field(default_factory=dict)
    _replayed: int = 0

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

    def replay(self, step: Step, loss: float | None) -> None:
        """Take over a trial of an earlier session.

        Parameters
        ----------
        step : Step
        loss : float, optional
            ``None`` if it failed.
        """
        self._pending = [one for one in self._pending if one.number != step.number]
        self._steps[step.number] = step
        self._replayed += loss is not None
        self.tell(step.number, loss)

    def tell(self, number: int, loss: float | None) -> None:
        """Learn how a step ended.

        Parameters
        ----------
        number : int
        loss : float, optional
            Lower is better; ``None`` if it failed.
        """
        self._losses[number] = loss

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
        reason = self._satisfied(known)
        if reason:
            return Stop(reason)
        for step in self._pending:
            if self._fits(step):
                self._pending.remove(step)
                return self._start(self._in_time_for(step))
            self._too_slow[step.number] = self._reason(step)
        if self._pending and len(self._losses) < started and not self._losses:
            return Wait()  # the first measured times may show that the others do fit
        return self._refine(known)

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
        usable = sorted(self._steps)[: len(self._steps) + 1 - self.n_workers]
        return usable if all(number in self._losses for number in usable) else None

    def _satisfied(self, known: list[int]) -> str | None:
        losses = [loss for number in known if (loss := self._losses[number]) is not None]
        if self.exit_loss is not None and losses and min(losses) <= self.exit_loss:
            return "the exit score is reached"
        # Who resumes wants more trials: those of earlier sessions do not end this one.
        new = len(losses) - self._replayed
        if self.early_termination and new >= PATIENCE and len(losses) >= FREE_TRIALS + PATIENCE:
            best = losses.index(min(losses))
            if best < len(losses) - PATIENCE:
                return f"the best score has not improved in {PATIENCE} trials"
        return None

    def _refine(self, known: list[int]) -> Step | Wait | Stop:
        for number in known:
            if number not in self._told:
                self._told.add(number)
                self._tuner.tell(self._steps[number], self._losses[number])
        self._highest += 1
        number = self._highest
        refuse = {key: "too slow" for key in self._by_key if not self._in_time(key)}
        step = self._tuner.ask(number, refuse)
        if step is not None:
            return self._start(step)
        self._highest -= 1
        if len(self._losses) < len(self._steps):
            return Wait()
        return Stop("nothing that is left to try fits into the time")

    def _in_time(self, key: str) -> bool:
        """Whether another trial of a family fits, going by the median of those that ran."""
        took = sorted(
            e.actual_s for e in self.ledger.entries if e.learner == key and e.actual_s > 0
        )
        budget = self.ledger.trial_budget_s()
        return budget is None or not took or took[len(took) // 2] <= budget
