"""The account of time: what is left, what things took, and what that says of things to come."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from trialbook.models import CHECK_ROWS, LEAST_ROW_CALLS, MOST_ROW_S

# Kept back for ensembles, the test and the report while no model is there to tell how long they
# take: a share of the budget within bounds that hold on the smallest and the largest budgets.
RESERVE_SHARE = 0.10
RESERVE_MIN_S = 9.0
# On a very short budget the search still gets most of it.
RESERVE_MAX_SHARE = 0.3
RESERVE_MAX_S = 60.0
# What they take in all: a start, and what the models that will probably be members add by the
# time that it took to store them, and takes to predict. Of 37 ensembles of nine tables, of which
# two are built at once, none took longer than this start and `MARGIN` times what was foreseen of
# the members of the larger of the two.
ENSEMBLES_S = 2.2
ENDING_S = 1.5
# An ensemble that needs longer than foreseen is killed, which costs more than the last trials of a
# search are worth.
MARGIN = 1.3
# No more than this share of the deadline, or these seconds if they are more, is kept for
# ensembles, however slow the best models are to store: members are chosen by the time that is left
# anyway.
# With slow models, 15 s of 60 had been kept, of which 7 were used.
ENSEMBLES_MAX_SHARE, ENSEMBLES_MAX_S = 0.15, 6.0
# Members may always take this share of the time that is left for an ensemble.
LEAST_SHARE = 0.25
# When the winner is made anew from refitted members: to score and to store it once more.
REBUILD_S = 1.5
# Any model takes this long to store; an ensemble pays it once. What is beyond, an ensemble takes
# so many times, to load its members and to store them again.
STORE_S, STORING = 0.3, 1.5
# Predictions of test rows are written as text, which takes so long for each beyond the first.
WRITING_S, WRITTEN_ROWS = 8e-6, 100_000
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
# Outcome of a trial that was not worth the rest of its folds.
STOPPED = "stopped"
# Only trials that were to take this long tell how fast the machine is for other learners.
TELLING_S = 1.0
# A projection is corrected by this factor at most.
MAX_CORRECTION = 5.0
# What a worker holds on a table of no size, and from where on a trial's own memory tells anything
# beside that.
LIBRARIES_BYTES, TELLING_BYTES = 450e6, 200e6
# A trial on fewer rows than this part of those of the largest tells little of one on more.
SIMILAR_ROWS = 0.25


@dataclass(frozen=True)
class Cost:
    """What a finished trial says of how long the end of its experiment will take.

    Parameters
    ----------
    loss : float
        Lower is better: the best ones will probably be members.
    predict_ms : float
        Milliseconds to predict a thousand rows, measured on `CHECK_ROWS` at once.
    predict_row_ms : float
        Milliseconds to predict one row.
    store_s, fit_s : float
        Seconds to store the model, and to train it in all folds.
    import_s : float
        Seconds to import what it needs, in a process that does not have it yet.
    forecast_s : float
        Seconds to forecast the horizon of all series at once, which is all that anything asks of a
        forecast; 0 for other tasks.
    """

    loss: float
    predict_ms: float = 0.0
    predict_row_ms: float = 0.0
    store_s: float = 0.0
    fit_s: float = 0.0
    import_s: float = 0.0
    forecast_s: float = 0.0

    def predict_s(self, n_rows: int) -> float:
        """Seconds to predict some rows at once: each call costs something, and each row."""
        if self.forecast_s:
            return self.forecast_s
        check_s, call_s = self.predict_ms * CHECK_ROWS / 1e6, self.predict_row_ms / 1e3
        return call_s + max(0.0, check_s - call_s) / CHECK_ROWS * n_rows

    def member_s(self) -> float:
        """Seconds that it adds to what an ensemble takes: to load and store it, and to predict."""
        store_s = STORING * max(0.0, self.store_s - STORE_S)
        row_s = self.predict_row_ms / 1e3
        if self.forecast_s:
            return store_s + self.forecast_s + row_s
        calls_s = min(LEAST_ROW_CALLS * row_s, MOST_ROW_S + row_s)
        return store_s + self.predict_s(PACKAGING_ROWS) + calls_s


def _likely(models: Sequence[Cost]) -> list[Cost]:
    return sorted(models, key=lambda one: one.loss)[:LIKELY_MEMBERS]


@dataclass(frozen=True)
class Entry:
    """What one trial was expected to take, and took.

    Parameters
    ----------
    number : int
    label, learner : str
    projected_s, actual_s : float
    outcome : str
        ``finished``, ``stopped`` after its first fold, or why it failed.
    peak_bytes : int
        Most resident memory of its process, 0 if it was never measured.
    projected_bytes : float
        What that was expected to be beside the libraries.
    rows : int
        Rows that a fold trained on, of a big table; 0 for all of any other.
    """

    number: int
    label: str
    learner: str
    projected_s: float
    actual_s: float
    outcome: str
    peak_bytes: int = 0
    projected_bytes: float = 0.0
    rows: int = 0


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
    refit_s : float
        Seconds that it will probably take to train the winner anew on all rows, if that is asked.
    ending_s : float
        Seconds that the test and the report will probably take.
    explain_s : float
        Seconds that are kept to explain the winner.
    import_s : float
        Seconds that an ensemble imports what its members need.

    Attributes
    ----------
    ended : str, optional
        Why no more trials are started; ``None`` as long as they are.
    """

    deadline_s: float | None
    spent_s: float = 0.0
    trial_timeout: float | None = None
    started: float = field(default_factory=time.monotonic)
    ensembles_s: float | None = None
    refit_s: float = 0.0
    ending_s: float = ENDING_S
    explain_s: float = 0.0
    import_s: float = 0.0
    entries: list[Entry] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    ended: str | None = field(default=None, init=False)

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
            foreseen_s = self.ensembles_s + self.refit_s + self.explain_s + self.ending_s
            return min(FORESEEN_MAX_SHARE * self.deadline_s, foreseen_s)
        least = min(RESERVE_MIN_S, RESERVE_MAX_SHARE * self.deadline_s)
        return min(RESERVE_MAX_S, max(least, RESERVE_SHARE * self.deadline_s))

    def foresee(self, n_test_rows: int, models: Sequence[Cost], *, ensembles: bool = True) -> None:
        """Estimate how long ensembles, the test and the report will take.

        Parameters
        ----------
        n_test_rows : int
        models : sequence of Cost
            Of each finished trial.
        ensembles : bool
            Whether there will be any; else the best trial is the winner.
        """
        likely = _likely(models)[: None if ensembles else 1]
        self.import_s = max((one.import_s for one in likely), default=0.0)
        members_s = MARGIN * sum(one.member_s() for one in likely)
        most_s = max(ENSEMBLES_MAX_S, ENSEMBLES_MAX_SHARE * (self.deadline_s or 0.0))
        ensembles_s = min(most_s, ENSEMBLES_S + self.import_s + members_s)
        self.ensembles_s = ensembles_s if ensembles else 0.0
        written_s = WRITING_S * max(0, n_test_rows - WRITTEN_ROWS)
        self.ending_s = ENDING_S + sum(one.predict_s(n_test_rows) for one in likely) + written_s

    def foresee_refit(self, share: float, models: Sequence[Cost], n_workers: int) -> None:
        """Estimate how long it will take to train the winner anew on all rows.

        Parameters
        ----------
        share : float
            How much of the time of all folds one model of all rows takes.
        models : sequence of Cost
            Of each finished trial.
        n_workers : int
            Models that are trained at once.
        """
        seconds = [share * one.fit_s for one in _likely(models)]
        self.refit_s = together_s(seconds, n_workers) + REBUILD_S

    def members_s(self, left_s: float) -> float:
        """Seconds that the members of an ensemble may add to what it takes.

        Parameters
        ----------
        left_s : float
            Seconds for the ensemble.

        Returns
        -------
        float
            Infinite without a deadline.
        """
        # With little time left a few small members are tried all the same.
        return max(LEAST_SHARE * left_s, (left_s - ENSEMBLES_S - self.import_s) / MARGIN)

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
        own = _of_most_rows([entry for entry in done if entry.learner == learner])
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

    def expected_bytes(self, projected_bytes: float, learner: str) -> float:
        """Most memory that a trial's process will probably hold.

        Parameters
        ----------
        projected_bytes : float
            Beside the libraries, before correction.
        learner : str

        Returns
        -------
        float
            With the libraries, and corrected by the highest ratio of the learner's own trials, or
            of all if it has none: one that is killed is lost.
        """
        told = [e for e in self.entries if e.peak_bytes and e.projected_bytes >= TELLING_BYTES]
        told = _of_most_rows([e for e in told if e.learner == learner] or told)
        ratios = [(e.peak_bytes - LIBRARIES_BYTES) / e.projected_bytes for e in told]
        ratio = min(MAX_CORRECTION, max(ratios, default=1.0))
        return LIBRARIES_BYTES + projected_bytes * max(1 / MAX_CORRECTION, ratio)

    def record(self, entry: Entry) -> None:
        """Add what a trial took."""
        self.entries.append(entry)

    def skip(self, label: str, reason: str) -> None:
        """Add what did not run, and why."""
        self.skipped[label] = reason


def together_s(models_s: Sequence[float], n_workers: int) -> float:
    """Seconds to train some models, as many at once as there are workers.

    Parameters
    ----------
    models_s : sequence of float
        Seconds that each takes to train.
    n_workers : int

    Returns
    -------
    float
        What stores them included.
    """
    each = [seconds + OVERHEAD_S for seconds in models_s]
    return max(sum(each) / n_workers, *each) if each else 0.0


def _of_most_rows(entries: list[Entry]) -> list[Entry]:
    """The trials on nearly as many rows as the largest of them."""
    most = max((entry.rows for entry in entries), default=0)
    return [entry for entry in entries if entry.rows >= SIMILAR_ROWS * most]
