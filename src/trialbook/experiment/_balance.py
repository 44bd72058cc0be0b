"""Whether class weights help: asked of the data, on a sample, before the trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trialbook.data import Guardrail
from trialbook.execution import Request
from trialbook.experiment import state
from trialbook.experiment._engine import Engine
from trialbook.experiment._programs import Writer
from trialbook.learners import Learner
from trialbook.tasks import TabularTask

GUARDRAIL = "Class balance"
# Weights must improve the metric by this share of it, for a sample's score is rough.
MIN_GAIN = 0.02
PROBE_REQUEST = 10**9 + 1
# Learners that answer quickly and take weights, the first that is allowed.
PROBE_LEARNERS = ("hist_gradient_boosting", "lightgbm", "logistic_regression", "decision_tree")


def worth_asking(engine: Engine, guardrails: Sequence[Guardrail]) -> bool:
    """Whether class weights may matter.

    Parameters
    ----------
    engine : Engine
    guardrails : sequence of Guardrail
        The class balance must be alerted.

    Returns
    -------
    bool
        Only for metrics of labels: those of probabilities and ranks gain nothing from weights.
    """
    alerted = any(one.name == GUARDRAIL and one.verdict == "alerted" for one in guardrails)
    return alerted and engine.metric.label_based


def weights_help(engine: Engine, learners: Sequence[Learner]) -> bool | None:
    """Train one quick learner on a sample with and without class weights.

    Parameters
    ----------
    engine : Engine
        Nothing else runs on it.
    learners : sequence of Learner
        Those that may be tried.

    Returns
    -------
    bool or None
        ``None`` if none of the learners can tell.

    References
    ----------
    Azure ML's automated ML decides in the same way: "Prevent overfitting and imbalanced data".
    """
    by_key = {learner.key: learner for learner in learners}
    learner = next((by_key[key] for key in PROBE_LEARNERS if key in by_key), None)
    if learner is None:
        return None
    folder, task = engine.tracker.folder / "class_weights", engine.writer.task
    if not isinstance(task, TabularTask):
        return None
    programs = {}
    for name, balance in (("without", False), ("with", True)):
        writer = Writer(engine.tracker, replace(task, balance=balance))
        programs[name] = writer.write_probe(folder / name, learner)
    left = engine.ledger.trial_budget_s()
    payload = {"programs": programs, "data": str(engine.tracker.folder / state.TRAIN)}
    request = Request(PROBE_REQUEST, "probe", str(folder), payload, left, left)
    answer = engine.run_request(request)
    if answer.kind == "failed":
        return None
    with_loss = engine.loss(answer.payload["with"])
    without_loss = engine.loss(answer.payload["without"])
    return bool(with_loss < without_loss - MIN_GAIN * abs(without_loss))


def verdict(guardrails: Sequence[Guardrail], helps: bool | None) -> tuple[Guardrail, ...]:
    """The guardrails with what was decided about class weights.

    Parameters
    ----------
    guardrails : sequence of Guardrail
    helps : bool, optional
        ``None`` if it was not asked.

    Returns
    -------
    tuple of Guardrail
    """
    actions = {
        True: "class weights are used: they improved the metric on a sample",
        False: "class weights are not used: they did not improve the metric on a sample",
        None: "class weights are not used; rank by a metric that is robust, not by accuracy",
    }
    return tuple(
        replace(one, verdict="fixed" if helps else one.verdict, action=actions[helps])
        if one.name == GUARDRAIL and one.verdict == "alerted"
        else one
        for one in guardrails
    )


def clean(folder: Path) -> None:
    """Remove what the probe wrote: it is no trial."""
    import shutil

    shutil.rmtree(folder / "class_weights", ignore_errors=True)
