"""A registered model made anew from new data, by the program that made it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from trialbook import events
from trialbook.addresses import hide_password
from trialbook.data import Guardrail
from trialbook.errors import DataError, NoModelError, OptionError, WorkspaceError
from trialbook.evaluation import Difference
from trialbook.experiment import ENSEMBLES, Tables, state, train
from trialbook.job import Job
from trialbook.lifecycle._compare import compare
from trialbook.lifecycle._compare_series import compare_forecasts, known_series
from trialbook.lifecycle._find_model import model_of, name_and_version
from trialbook.lifecycle._handle import Experiment
from trialbook.lifecycle._promote import compared
from trialbook.lifecycle._seen import unseen
from trialbook.lifecycle._trial import Trial
from trialbook.models import ForecastModel, Model
from trialbook.search import Step
from trialbook.tables import as_address, open_big, read_table
from trialbook.tables.plain import normalise
from trialbook.tracking import (
    CHALLENGER,
    ModelVersion,
    Tracker,
    TrialRecord,
    Workspace,
    find_version,
)

if TYPE_CHECKING:
    from trialbook.data import Schema, SeriesSpec
    from trialbook.tables import Source as Table

# Of the new rows, this share is kept to compare both models on, unless a test table is given; of
# series it is the last horizon, whatever the share.
TEST_SIZE = 0.2


@dataclass(frozen=True)
class Retrained:
    """A challenger, and how it does beside the model that it is to replace.

    Parameters
    ----------
    version : ModelVersion
        The challenger in the registry.
    former : ModelVersion
        The version whose program made it.
    experiment : Experiment
        The execution that trained it.
    trial : Trial
    difference : Difference
        Of the two, on new rows that neither was trained on.
    n_seen : int
        Test rows that the former model had been trained on.
    left_out : bool
        Whether these were left out of the comparison; else too few others were there.
    """

    version: ModelVersion
    former: ModelVersion
    experiment: Experiment
    trial: Trial
    difference: Difference
    n_seen: int
    left_out: bool


def retrain(
    which: str,
    data: Table,
    workspace: str | Path,
    *,
    test: Table | None = None,
    timeout: float | None = None,
    tracking_uri: str | None = None,
    listeners: Sequence[events.Listener] = (),
    started: float | None = None,
) -> Retrained:
    """Train the configuration of a registered model on new data, and register the result.

    Parameters
    ----------
    which : str
        A model of the registry: ``churn`` (its champion, or else its newest version) or
        ``churn@3``.
    data : table
        New rows, with the target and the columns of before.
    workspace : str or Path
    test : table, optional
        Rows to compare both models on; else a fifth of the data is kept for that, of forecasts
        the last horizon.
    timeout : float, optional
        Seconds for everything; else it takes what it takes.
    tracking_uri : str, optional
    listeners : sequence of Listener
        Told what happens while it trains.
    started : float, optional
        `time.monotonic` from which the deadline counts; now by default.

    Returns
    -------
    Retrained
        Its version is called ``challenger``; the champion stays who it is.

    Raises
    ------
    OptionError
        If a person edited the program.
    WorkspaceError
        If there is no such model, or the experiment that made it is gone.
    DataError
        If the data cannot be used.
    NoModelError
        If the training failed.

    Notes
    -----
    What is trained is the winner's configuration with its hyperparameters; of an ensemble, those
    members that count, and then their weights or their meta-learner anew. Rounds of boosting are
    found again, for other rows need other numbers. Types of columns are those of before. Where the
    new rows have more than two classes, none counts as positive any more: a guardrail says so.
    """
    name, asked = name_and_version(which)
    space = Workspace.open(workspace, tracking_uri)
    former = find_version(space, name, asked)
    model = model_of(space, former)
    tracker, record = _origin(space, former)
    parts = _parts(tracker, record)
    new = _look(data, model.schema, space)
    if isinstance(model, ForecastModel):
        _require_newer(model, data, test)
    job = _job(tracker, record, parts, model.schema, data, space, new)
    job, notes = _with_classes(job, model.schema, new)
    updates = {"timeout": timeout, "tracking_uri": tracking_uri}
    job = job.model_copy(update=updates | _test(job, test))
    in_memory = Tables(
        data=None if isinstance(data, (str, Path)) else data,
        test=None if test is None or isinstance(test, (str, Path)) else test,
        notes=notes,
    )
    made = Experiment(train(job, in_memory, listeners, started, _steps(parts)))
    trial = _counterpart(made, record)
    found, n_seen, left_out = _beside(model, made, trial, data, test, tracking_uri)
    address = hide_password(as_address(data)) if isinstance(data, (str, Path)) else Job.IN_MEMORY
    version = made.register(
        name,
        trial.run_id,
        aliases=(CHALLENGER,),
        tags={"retrained_from": str(former.version)}
        | compared(found, former, address if test is None else test),
    )
    return Retrained(version, former, made, trial, found, n_seen, left_out)


def _require_newer(model: ForecastModel, data: Table, test: Table | None) -> None:
    """Refuse rows of series that end where those of the model do, before anything is trained."""
    rows = _together(data, test, model.workspace)
    model.observed(known_series(model, rows))


def _together(data: Table, test: Table | None, workspace: Path | None) -> pd.DataFrame:
    """The rows of a table, and of another one that follows it."""
    parts = [read_table(one, workspace=workspace) for one in (data, test) if one is not None]
    return pd.concat(parts, ignore_index=True)


def _beside(
    model: Model | ForecastModel,
    made: Experiment,
    trial: Trial,
    data: Table,
    test: Table | None,
    tracking_uri: str | None,
) -> tuple[Difference, int, bool]:
    """Both models on rows that neither was trained on: of series, those of the latest window."""
    if isinstance(model, ForecastModel):
        rows = _together(data, test, model.workspace)
        compared = compare_forecasts(model, made.forecaster(trial.run_id), rows, made.metric)
        return compared.difference, 0, True
    kept = unseen(pd.read_parquet(made.folder / state.TEST), [model], tracking_uri)
    found = compare(model, made.model(trial.run_id), kept.rows, made.metric)
    return found, kept.n_seen, kept.left_out


def _origin(space: Workspace, version: ModelVersion) -> tuple[Tracker, TrialRecord]:
    """The execution and the trial that made a version."""
    tracker = Tracker.of_trial(space, version.run_id)
    if tracker is None or not (tracker.folder / state.JOB).is_file():
        raise WorkspaceError(
            f"the experiment that made version {version.version} of '{version.name}' is gone",
            place=str(space.path),
            remedy="Train anew: trialbook train.",
        )
    record = next(one for one in tracker.trials() if one.run_id == version.run_id)
    return tracker, record


def _parts(tracker: Tracker, record: TrialRecord) -> list[TrialRecord]:
    """The trials whose configurations a model is made of: itself, or the members that count."""
    by_id = {one.run_id: one for one in tracker.trials()}
    if record.refitted:
        record = by_id[record.tags["refit_of"]]
    if record.learner in ENSEMBLES:
        by_label = {one.label: one for one in by_id.values()}
        parts = [by_label[label] for label in json.loads(record.tags["members"])]
    else:
        parts = [record]
    for one in parts:
        if one.tags.get("edited") == "true":
            raise OptionError(
                f"a person edited the program of {one.label}, so it has no configuration",
                place=str(one.folder / "program" / "trial.ipynb"),
                remedy="Train on the new data, and run the notebook there: trialbook rerun.",
            )
    return parts


def _steps(parts: Sequence[TrialRecord]) -> list[Step]:
    return [
        Step(
            number,
            part.learner,
            part.tags.get("configuration", ""),
            part.config,
            part.metrics.get("fit_s", 0.0),
            "retrain",
        )
        for number, part in enumerate(parts, start=1)
    ]


def _job(
    tracker: Tracker,
    record: TrialRecord,
    parts: Sequence[TrialRecord],
    schema: Schema,
    data: Table,
    space: Workspace,
    new: _New,
) -> Job:
    """The job of before, on other data, with nothing to search."""
    before = Job.from_fields(state.read_json(tracker.folder / state.JOB))
    names = new.names
    if schema.series is not None:
        return before.model_copy(
            update=_same_search(tracker, record, parts, schema, data, space)
            | _same_series(schema.series)
        )
    used, steering = set(schema.names), {before.target, before.weight, before.group_column}
    steering |= {before.time_column, *before.fold_columns}
    return before.model_copy(
        update=_same_search(tracker, record, parts, schema, data, space)
        | {
            "types": {one.name: one.semantic.value for one in schema.used if one.name in names},
            "ignore": tuple(one for one in names if one not in used | steering),
            "fold_columns": before.fold_columns if {*before.fold_columns} <= {*names} else (),
        }
    )


def _same_search(
    tracker: Tracker,
    record: TrialRecord,
    parts: Sequence[TrialRecord],
    schema: Schema,
    data: Table,
    space: Workspace,
) -> dict[str, object]:
    """What a job says of its search, so that nothing is searched."""
    kind = record.learner
    if record.refitted:
        kind = next(
            one.learner for one in tracker.trials() if one.run_id == record.tags["refit_of"]
        )
    of_rows: dict[str, object] = {"stacking": kind == "stacking", "refit": record.refitted}
    return ({} if schema.series else of_rows) | {
        "data": as_address(data) if isinstance(data, (str, Path)) else Job.IN_MEMORY,
        "task": schema.task,
        "name": f"{tracker.name.removesuffix('-retrain')}-retrain",
        "metric": tracker.tags()["metric"],
        "validation": None,
        "test": None,
        "allow": tuple(dict.fromkeys(part.learner for part in parts)),
        "block": (),
        "max_trials": len(parts),
        "trial_timeout": None,
        "exit_score": None,
        "early_termination": False,
        "voting": kind == "voting",
        "workspace": str(space.path),
    }


def _same_series(spec: SeriesSpec) -> dict[str, object]:
    """What a job says of series: as the model understood them."""
    return {
        "series": spec.ids,
        "find_series": False,
        "season": spec.season,
        "horizon": spec.horizon,
    }


def _test(job: Job, test: Table | None) -> dict[str, object]:
    """Where the rows come from on which both models are compared."""
    if test is None:
        return {"test": None, "test_size": job.test_size or TEST_SIZE}
    address = as_address(test) if isinstance(test, (str, Path)) else Job.IN_MEMORY
    return {"test": address, "test_size": None}


@dataclass(frozen=True)
class _New:
    """New rows, as far as the job depends on them: their columns and classes."""

    names: list[str]
    classes: tuple[object, ...]


def _look(data: Table, schema: Schema, space: Workspace) -> _New:
    """Columns of a table, and the different values of a target that holds classes."""
    asked = {schema.target} if schema.classes else set()
    big = open_big(data, workspace=space.path) if isinstance(data, (str, Path)) else None
    if big is not None:
        names, found = big.names, big.read(asked) if asked else pd.DataFrame()
    else:
        read = read_table(data, text=schema.text, workspace=space.path)
        names = list(read.columns)
        found = normalise(read[[*asked & set(names)]]) if asked else pd.DataFrame()
    classes = [label for name in found.columns for label in found[name].dropna().unique().tolist()]
    return _New(names, tuple(classes))


def _with_classes(job: Job, schema: Schema, new: _New) -> tuple[Job, tuple[Guardrail, ...]]:
    """The job with a positive class only where the new rows have two, and what is to be said.

    Raises
    ------
    DataError
        If one of two classes counts as positive, and the new rows have two others.
    """
    n_classes = len(new.classes)
    # Whatever is wrong with fewer than two, training says so.
    if job.positive_label is None or schema.positive is None or n_classes < 2:
        return job, ()
    label = str(schema.classes[schema.positive])
    if n_classes > 2:
        finding = f"the model had 2 classes, and the new rows have {n_classes}"
        action = f"no class counts as positive, as '{label}' did"
        note = Guardrail("New classes", "alerted", finding, action, (schema.target,))
        return job.model_copy(update={"positive_label": None}), (note,)
    if label.casefold() not in {str(one).casefold() for one in new.classes}:
        known = " and ".join(sorted(f"'{one}'" for one in new.classes))
        raise DataError(
            f"the new rows have the classes {known}, and '{label}' counts as positive",
            place=f"column '{schema.target}'",
            remedy="Name classes as before, or train another model: trialbook train.",
        )
    return job, ()


def _counterpart(made: Experiment, record: TrialRecord) -> Trial:
    """The new trial that is what the model of before was."""
    finished = [one for one in made.trials if one.state == "finished"]
    if not finished:
        raise NoModelError(
            f"no trial of '{made.name}' has a model",
            place=str(made.workspace),
            remedy=f"Look at why: trialbook leaderboard --name {made.name}.",
        )
    ensembles = [one for one in finished if one.learner in ENSEMBLES]
    chosen = ensembles or finished
    return next((one for one in chosen if one.refitted == record.refitted), chosen[0])
