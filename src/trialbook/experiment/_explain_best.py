"""The winner is explained at the end of an experiment, within its time."""

from __future__ import annotations

from trialbook import events
from trialbook.execution import Request
from trialbook.experiment import state
from trialbook.experiment._engine import Engine
from trialbook.search import Ledger
from trialbook.tracking import TrialRecord

# An explanation is worth a twentieth of the time, but no more than this: averages over more rows
# hardly differ. With deadlines shorter than a minute the search needs all of it; what is left
# over is used.
SHARE, MOST_S, FROM_S = 0.05, 20.0, 60.0
# Less than this is not enough to load a model and to draw pictures.
LEAST_S = 2.5
# Without a deadline it may take a tenth of what the experiment took, and this at least.
SHARE_OF_PAST, FREE_S = 0.1, 6.0
# The report is written afterwards; and what runs longer than asked is killed after this much more.
REPORT_S, GRACE_S = 0.5, 20.0
# Beyond any trial's number, and that of the test.
EXPLAIN_REQUEST = 10**9 + 1
# Who asks for the end does not want to wait for an explanation; the engine says so, too.
STOPPED = "stopped by the user"


def kept_s(deadline_s: float | None) -> float:
    """Seconds that the search leaves for an explanation.

    Parameters
    ----------
    deadline_s : float, optional
        For everything.

    Returns
    -------
    float
    """
    if deadline_s is None or deadline_s < FROM_S:
        return 0.0
    return min(MOST_S, max(LEAST_S, SHARE * deadline_s))


def explain_best(engine: Engine, best: TrialRecord, seed: int) -> None:
    """Explain the winner, and keep that in its run.

    Parameters
    ----------
    engine : Engine
    best : TrialRecord
    seed : int
    """
    from trialbook.evaluation.explanations import FILE, FOLDER

    ledger, tracker = engine.ledger, engine.tracker
    budget_s = _budget_s(ledger)
    if engine.interrupted:
        ledger.skip("explanation", STOPPED)
        return
    if budget_s < LEAST_S:
        ledger.skip("explanation", "no time was left")
        return
    payload = {
        "schema": str(tracker.folder / state.SCHEMA),
        "train": str(tracker.folder / state.TRAIN),
        "test": str(tracker.folder / state.TEST),
        "name": best.label,
        "metric": engine.metric.name,
        "seed": seed,
    }
    limit_s = budget_s + (GRACE_S if ledger.deadline_s is None else 0.0)
    request = Request(
        EXPLAIN_REQUEST, "explain", str(best.folder), payload, budget_s=budget_s, limit_s=limit_s
    )
    answer = engine.run_requests([request], stoppable=True)[request.id]
    # Of a forecast, what was known before its windows were fitted for anew is kept.
    if answer.kind == "failed" and not (best.folder / FOLDER / FILE).is_file():
        reason = str(answer.payload["reason"])
        ledger.skip("explanation", reason)
        if reason != STOPPED:
            engine.emit(events.Warned(f"{best.label} was not explained: {reason}"))
        return
    tracker.publish(best.run_id, FOLDER)


def _budget_s(ledger: Ledger) -> float:
    if ledger.deadline_s is not None:
        return min(MOST_S, ledger.left_s - REPORT_S)
    return min(MOST_S, max(FREE_S, SHARE_OF_PAST * ledger.elapsed_s))
