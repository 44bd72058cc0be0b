"""The account of time: what is left, what things took, and what that says of things to come."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

# Kept back for ensembles, the test and the report while no model is there to tell how long they
# take: a share of the budget within bounds that hold on the smallest and the largest budgets.
RESERVE_SHARE = 0.10
RESERVE_MIN_S = 9.0
# On a very short budget the search still gets most of it.
RESERVE_MAX_SHARE = 0.3
RESERVE_MAX_S = 60.0
# What they take in all, measured on twenty experiments: a start, and what the models that will
# probably be members add by their size and by the time to predict the test rows.
ENSEMBLES_S = 3.0
ENDING_S = 1.5
BYTES_PER_S = 40e6
# Rows that an ensemble predicts while it is packaged.
PACKAGING_ROWS = 750
LIKELY_MEMBERS = 6
# Even slow models do not take more than this share of the budget from the search.
FORESEEN_MAX_SHARE = 0.5
# Of the time for the search, one trial may take this much, so that others get a turn; but at
# least so long, for less trains nothing of use.
TRIAL_SHARE = 0.35
TRIAL_MIN_S = 8.0
# A learner that trains in rounds is worth starting with this share of the time it would like.
USEFUL_SHARE = 0.25
# What every trial costs beside its training: packaging, charts, logging.
OVERHEAD_S = 0.5
# Only trials that were to take this long tell how fast the machine is for other learners.
TELLING_S = 1.0
# A projection is corrected by this factor at most.
MAX_CORRECTION = 5.0


@dataclass(frozen=True)
class Entry:
    """What one trial was expected to take, and took.

    Parameters
    ----------
    number : int
    label, learner : str
    projected_s, actual_s : float
    outcome : str
        ``finished``, or why it is not.
    peak_bytes : int
        Most resident memory of its process, 0 if it was never measured.
    """

    number: int
    label: str
    learner: str
    projected_s: float
    actual_s: float
    outcome: str
    peak_bytes: int = 0


@dataclass
class Ledger:
    """Time and memory of an experiment.

    Parameters
    ----------
    deadline_s : float, optional
        Seconds for everything; ``None`` if only the number of trials is limited.
    spent_s : float
        Seconds that earlier sessions of the same experiment took.
    trial_timeout : float, optional
        Seconds for each trial.
    started : float
        `time.monotonic` at the start.
    ensembles_s : float, optional
        Seconds that ensembles will probably take, once there is a model to tell it by.
    ending_s : float
        Seconds that the test and the report will probably take.
    """

    deadline_s: float | None
    spent_s: float = 0.0
    trial_timeout: float | None = None
    started: float = field(default_factory=time.monotonic)
    ensembles_s: float | None = None
    ending_s: float = ENDING_S
    entries: list[Entry] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the start, earlier sessions included."""
        return self.spent_s + time.monotonic() - self.started

    @property
    def left_s(self) -> float:
        """Seconds to the deadline."""
        return math.inf if self.deadline_s is None else self.deadline_s - self.elapsed_s

    @property
    def reserve_s(self) -> float:
        """Seconds kept back for what follows the search."""
        if self.deadline_s is None:
            return 0.0
        if self.ensembles_s is not None:
            return min(FORESEEN_MAX_SHARE * self.deadline_s, self.ensembles_s + self.ending_s)
        least = min(RESERVE_MIN_S, RESERVE_MAX_SHARE * self.deadline_s)
        return min(RESERVE_MAX_S, max(least, RESERVE_SHARE * self.deadline_s))

    def foresee(self, n_test_rows: int, models: Sequence[tuple[float, float, float]]) -> None:
        """Estimate how long everything after the search will take.

        Parameters
        ----------
        n_test_rows : int
        models : sequence of (float, float, float)
            Of each finished trial: loss, milliseconds to predict a thousand rows, bytes.
        """
        likely = sorted(models)[:LIKELY_MEMBERS]
        row_s = sum(milliseconds for _, milliseconds, _ in likely) / 1e6
        store_s = sum(n_bytes for _, _, n_bytes in likely) / BYTES_PER_S
        self.ensembles_s = ENSEMBLES_S + store_s + row_s * PACKAGING_ROWS
        self.ending_s = ENDING_S + row_s * n_test_rows

    @property
    def search_left_s(self) -> float:
        """Seconds in which trials may still run."""
        return self.left_s - self.reserve_s

    def trial_budget_s(self) -> float | None:
        """Seconds that a trial which starts now should take; ``None`` without any limit."""
        limits = [] if self.trial_timeout is None else [self.trial_timeout]
        if self.deadline_s is not None:
            share = TRIAL_SHARE * (self.deadline_s - self.reserve_s)
            limits.append(min(self.search_left_s, max(TRIAL_MIN_S, share)))
        return min(limits) if limits else None

    def trial_limit_s(self) -> float | None:
        """Seconds after which a trial that starts now is killed; ``None`` without any limit."""
        limits = [] if self.trial_timeout is None else [self.trial_timeout]
        if self.deadline_s is not None:
            limits.append(max(0.0, self.search_left_s))
        return min(limits) if limits else None

    def fits(self, projected_s: float, learner: str, *, iterative: bool) -> bool:
        """Whether a trial is worth starting now.

        Parameters
        ----------
        projected_s : float
            Projected time, before correction.
        learner : str
        iterative : bool
            Whether it can be cut short and still be of use.

        Returns
        -------
        bool
        """
        budget = self.trial_budget_s()
        if budget is None:
            return True
        expected = self.expected_s(projected_s, learner)
        return expected * (USEFUL_SHARE if iterative else 1.0) <= budget

    def expected_s(self, projected_s: float, learner: str) -> float:
        """A projection corrected by what was measured.

        Parameters
        ----------
        projected_s : float
        learner : str

        Returns
        -------
        float
            Training scaled by the ratio of actual to projected time of the learner itself, or of
            all learners when it has not run yet, plus what every trial costs besides.
        """
        done = [e for e in self.entries if e.outcome == "finished" and e.projected_s > 0]
        own = [entry for entry in done if entry.learner == learner]
        # What took no time to speak of says nothing of what will take long.
        telling = own or [entry for entry in done if entry.projected_s >= TELLING_S]
        if not telling:
            return projected_s + OVERHEAD_S
        ratios = [max(e.actual_s - OVERHEAD_S, 0.05) / max(e.projected_s, 0.05) for e in telling]
        log_mean = sum(math.log(ratio) for ratio in ratios) / len(ratios)
        # Half-way in doubt: a projection and a few measurements are both rough.
        weight = len(ratios) / (len(ratios) + 1)
        bound = math.log(MAX_CORRECTION)
        return projected_s * math.exp(max(-bound, min(bound, weight * log_mean))) + OVERHEAD_S

    def record(self, entry: Entry) -> None:
        """Add what a trial took."""
        self.entries.append(entry)

    def skip(self, label: str, reason: str) -> None:
        """Add what did not run, and why."""
        self.skipped[label] = reason
