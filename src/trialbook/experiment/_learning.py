"""The learning curve of a trial: its configuration, trained on shares of the rows."""

from __future__ import annotations

import time

from trialbook.errors import DataError, OptionError
from trialbook.evaluation import Chart, read_charts
from trialbook.execution import CHARTS, Message, Pool, Request
from trialbook.experiment import state
from trialbook.experiment._machine import memory_limit
from trialbook.experiment._ranking import ENSEMBLES
from trialbook.experiment._session import disk_errors, workers
from trialbook.job import Job, read_seconds
from trialbook.tracking import Tracker, TrialRecord

NAME = "learning_curve"
# Beyond its time, what is under way is ended: a training may take longer than foreseen.
GRACE = 1.5
POLL_S = 0.2


def learning_curve(
    tracker: Tracker, trial: TrialRecord, metric: str, timeout: str | float
) -> Chart:
    """Train a trial's configuration on shares of the rows, and keep the chart beside its others.

    Parameters
    ----------
    tracker : Tracker
    trial : TrialRecord
        That has a model.
    metric : str
        That ranks.
    timeout : str or float
        Seconds, or ``5m``; no training is started that would not end in time.

    Returns
    -------
    Chart

    Raises
    ------
    OptionError
        If it is an ensemble, which trains nothing, or the time is no duration.
    DataError
        If no training ended.
    """
    timeout_s = read_seconds(timeout)
    if trial.learner in ENSEMBLES:
        raise OptionError(
            f"{trial.label} trains nothing on rows: it blends what other trials predict",
            remedy="Ask for the curve of one of its members.",
        )
    job = Job.from_fields(state.read_json(tracker.folder / state.JOB))
    payload = {"schema": str(tracker.folder / state.SCHEMA), "metric": metric}
    before = read_charts(trial.folder / CHARTS).get(NAME)
    began = time.time()
    with disk_errors(tracker.workspace), workers(1) as (pool, tracking):
        pool.resize(1, memory_limit(job, 1))
        request = Request(0, NAME, str(trial.folder), payload, timeout_s, GRACE * timeout_s)
        answer = _answer(pool, request)
        tracking.wait()
    path = trial.folder / CHARTS / f"{NAME}.json"
    if not path.exists() or (before is not None and path.stat().st_mtime < began):
        reason = answer.payload.get("reason", "the time was too short for a single one")
        raise DataError(
            f"no training of the learning curve ended: {reason}",
            place=trial.label,
            remedy="Give it more time, or look at the trial's log.",
        )
    chart = Chart.read(path)
    if answer.kind == "failed":  # what ended before is worth a picture
        chart.write_picture(path.parent)
    tracker.publish(trial.run_id, CHARTS)
    return chart


def _answer(pool: Pool, request: Request) -> Message:
    """Run one request to its end."""
    sent = False
    while True:
        if not sent and pool.idle:
            pool.submit(request)
            sent = True
        for message in pool.poll(POLL_S):
            if message.kind in ("done", "failed"):
                return message
