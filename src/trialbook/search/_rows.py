"""Big tables: how many rows each trial trains on, few at first and as many as fit at the end."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trialbook.learners import Learner
from trialbook.search._ledger import Ledger
from trialbook.search._portfolio import Step, projected_s
from trialbook.tasks import Table

# The first trial trains on so many rows, in seconds; no trial on fewer.
FIRST_ROWS = 20_000
# From one size to the next: fine enough to leave little of a limit unused.
SIZE_STEP = 2**0.5
# Of the time for trials, this share compares configurations on samples; then the best ones are
# trained on as much as fits.
COMPARING_SHARE = 0.6
# While configurations are compared a trial may take this share of that time at first, and this at
# the end: about twenty-five trials, with rows that grow.
TRIAL_SHARES = (1 / 60, 1 / 15)
TRIAL_LEAST_S = 3.0
# The best configuration gets this share of what is left, and so on: a few models of different
# families on many rows, for a vote. The rest of the time is what projections are wrong by.
GROWN_SHARE = 0.5
# What trains in rounds is stopped when it took so many times what it should while configurations
# are compared, and later at this share of what is left: there must be time to store its model.
LATE, GROWN_LIMIT = 3.0, 0.75
# Training anew is worth it for so many times the rows, of one of the best so many.
GROWN_TIMES, GROWN_CHOICE = 1.4, 10
# One that fails on more rows, as for want of memory, gets another chance on fewer of them.
GROWN_OFTEN = 2


def sizes(n_rows: int, fewest: int) -> list[int]:
    """Numbers of rows to train on.

    Parameters
    ----------
    n_rows : int
        All rows that a fold trains on.
    fewest : int
        The fewest that it can train on.

    Returns
    -------
    list of int
        Ascending; the last one is `n_rows`.
    """
    found, size = [], float(max(FIRST_ROWS, fewest))
    while size * SIZE_STEP**0.5 < n_rows:
        found.append(max(fewest, int(_two_digits(size))))
        size *= SIZE_STEP
    return [*found, n_rows]


def _two_digits(size: float) -> float:
    unit = 10.0 ** (int(math.log10(size)) - 1)
    return round(size / unit) * unit


@dataclass
class Growth:
    """Decides on how many rows of a big table a step is tried, and which steps on more.

    Parameters
    ----------
    learners : mapping of str to Learner
    table : Table
        With all rows.
    ledger : Ledger
    fewest_rows : int
        That a trial can train on.
    memory_limit : int, optional
        Bytes that a trial may use.
    max_trials : int, optional
    """

    learners: Mapping[str, Learner]
    table: Table
    ledger: Ledger
    fewest_rows: int
    memory_limit: int | None = None
    max_trials: int | None = None
    _began_s: float | None = field(default=None, init=False)

    def begin(self) -> None:
        """Count the time for trials from now, unless that has begun."""
        if self._began_s is None:
            self._began_s = self.ledger.elapsed_s

    def progress(self, n_started: int) -> float:
        """How much of the comparing is over: 0 at first, 1 and more when it is done.

        Parameters
        ----------
        n_started : int
            Trials that have started.

        Returns
        -------
        float
            0 without a deadline, for then every trial may take as long as it likes.
        """
        if self.ledger.deadline_s is None:
            return 0.0
        self.begin()
        spent = self.ledger.elapsed_s - (self._began_s or 0.0)
        over = spent / max(1e-9, spent + self.ledger.search_left_s)
        if self.max_trials is not None:
            over = max(over, n_started / self.max_trials)
        return over / COMPARING_SHARE

    def comparing_s(self, n_started: int) -> float:
        """Seconds that a trial may take while configurations are compared.

        Parameters
        ----------
        n_started : int

        Returns
        -------
        float
        """
        limit = self.ledger.trial_budget_s()
        if limit is None or self.ledger.deadline_s is None:
            return math.inf if limit is None else limit
        progress = min(1.0, self.progress(n_started))
        total = self.ledger.elapsed_s - (self._began_s or 0.0) + self.ledger.search_left_s
        first, last = TRIAL_SHARES
        share = first + progress * (last - first)
        return min(limit, max(TRIAL_LEAST_S, share * total))

    def budget_s(self, step: Step, n_started: int) -> float | None:
        """Seconds after which a trial that starts now is stopped, where it can be."""
        limit = self.ledger.trial_budget_s()
        if limit is None or self.ledger.deadline_s is None:
            return limit
        if step.origin == "growth":
            return min(limit, GROWN_LIMIT * self.ledger.search_left_s)
        return min(limit, LATE * self.comparing_s(n_started))

    def sized(self, step: Step, budget_s: float) -> Step | None:
        """A step on as many rows as fit into a time and the memory.

        Parameters
        ----------
        step : Step
        budget_s : float

        Returns
        -------
        Step or None
            ``None`` if not even the fewest rows fit.
        """
        for rows in reversed(self._sizes()):
            sized = self.at(step, rows)
            expected = self.ledger.expected_s(sized.projected_s, step.learner)
            if expected <= budget_s and self.fits_memory(sized):
                return sized
        return None

    def smallest(self, step: Step) -> Step:
        """A step on the fewest rows."""
        return self.at(step, self._sizes()[0])

    def at(self, step: Step, rows: int) -> Step:
        """A step on some rows, with the time that it should take."""
        seconds = projected_s(self.learners[step.learner], step.params, self.of(rows))
        return replace(step, rows=rows, projected_s=seconds)

    def of(self, rows: int) -> Table:
        """The table if it had only so many rows to train on."""
        rarest = max(1, int(self.table.smallest_class * rows / max(1, self.table.n_rows)))
        return replace(self.table, n_rows=rows, smallest_class=rarest)

    def projected_bytes(self, step: Step) -> float:
        """What a trial should hold beside the libraries, before correction.

        Parameters
        ----------
        step : Step
            With its rows.

        Returns
        -------
        float
        """
        table = self.of(step.rows or self.table.n_rows)
        return self.learners[step.learner].memory(step.params, table)

    def fits_memory(self, step: Step) -> bool:
        """Whether a trial will probably stay within its memory."""
        if self.memory_limit is None:
            return True
        expected = self.ledger.expected_bytes(self.projected_bytes(step), step.learner)
        return expected <= self.memory_limit

    def grown(
        self, ranked: Sequence[Step], started: Iterable[Step], failed: Collection[int] = ()
    ) -> Step | None:
        """The best configuration that is worth training on more rows in the time that is left.

        Parameters
        ----------
        ranked : sequence of Step
            Trials that have a model, best first.
        started : iterable of Step
            All trials so far.
        failed : collection of int
            Numbers of those that have no model.

        Returns
        -------
        Step or None
        """
        most: Counter[str] = Counter()
        grown: Counter[str] = Counter()
        for step in started:
            grew = step.origin == "growth"
            grown.update({step.learner: grew, _key(step): grew})
            if step.number not in failed:
                most[_key(step)] = max(most[_key(step)], step.rows or 0)
        budget = min(
            self.ledger.trial_budget_s() or math.inf, GROWN_SHARE * self.ledger.search_left_s
        )
        # A family's best first, and its second best when every family had its turn.
        for step in sorted(ranked[:GROWN_CHOICE], key=lambda step: grown[step.learner]):
            if grown[_key(step)] >= GROWN_OFTEN:
                continue
            larger = self.sized(step, budget)
            if larger is not None and (larger.rows or 0) >= GROWN_TIMES * most[_key(step)]:
                return replace(larger, origin="growth", gain=0.0)
        return None

    def _sizes(self) -> list[int]:
        return sizes(self.table.n_rows, self.fewest_rows)


def _key(step: Step) -> str:
    """A text that is the same for the same configuration."""
    return json.dumps([step.learner, dict(sorted(step.params.items()))])
