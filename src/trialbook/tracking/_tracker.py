"""One experiment in MLflow: a parent run, a child run for each trial, and their artifacts."""

from __future__ import annotations

import contextlib
import getpass
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from trialbook._words import shorten
from trialbook.errors import WorkspaceError, nearest
from trialbook.tracking._workspace import ARTIFACTS, Workspace, slug

if TYPE_CHECKING:
    from mlflow.entities import Run

# Tags carry this prefix, so that a filter in the MLflow UI finds them together.
TAG = "trialbook."
Unfinished = Literal["failed", "killed", "stopped"]
MAX_VALUE = 500
MAX_NOTE = 5000


@dataclass(frozen=True)
class TrialRecord:
    """A trial as MLflow keeps it.

    Parameters
    ----------
    run_id : str
    number : int
        Position in the plan.
    label : str
        Unique within the experiment, such as ``lightgbm-2``.
    learner : str
        Key of the learner, or ``voting`` or ``stacking``.
    status : {"running", "finished", "failed", "killed", "stopped"}
        The engine killed what runs again on `resume`, and stopped what brought nothing.
    score, std : float, optional
        Mean and standard deviation of the metric over the folds.
    metrics : dict of str to float
    params : dict of str to str
    tags : dict of str to str
        Without the prefix.
    locate : callable
        Where the artifacts of a run are, by its id; asked when they are wanted, since a server
        must send them.
    """

    run_id: str
    number: int
    label: str
    learner: str
    status: str
    score: float | None
    std: float | None
    metrics: dict[str, float]
    params: dict[str, str]
    tags: dict[str, str]
    locate: Callable[[str], Path] = field(repr=False)

    @property
    def folder(self) -> Path:
        """Its artifacts."""
        return self.locate(self.run_id)

    @property
    def finished(self) -> bool:
        """Whether it has a model."""
        return self.status == "finished"

    @property
    def partial(self) -> bool:
        """Whether only some of its folds ended in time."""
        return "folds" in self.tags

    @property
    def rows(self) -> int | None:
        """Rows that a fold trained on, of a big table; ``None`` for all of any other."""
        return int(self.tags["rows"]) if "rows" in self.tags else None

    @property
    def refitted(self) -> bool:
        """Whether it is another trial made anew, with one model trained on all of its rows."""
        return "refit_of" in self.tags

    @property
    def config(self) -> dict[str, Any]:
        """The hyperparameters as they were proposed."""
        return dict(json.loads(self.tags.get("config", "{}")))


@dataclass
class Tracker:
    """Writes and reads one execution of a job.

    Parameters
    ----------
    workspace : Workspace
    name : str
        The experiment.
    experiment_id : str
    run_id : str
        The parent run.
    """

    workspace: Workspace
    name: str
    experiment_id: str
    run_id: str
    _made: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def create(
        cls,
        workspace: Workspace,
        name: str,
        tags: Mapping[str, str],
        own: Mapping[str, str] | None = None,
    ) -> Tracker:
        """Begin a new execution.

        Parameters
        ----------
        workspace : Workspace
        name : str
            The experiment; it is made if there is none.
        tags : mapping of str to str
            Of the parent run, without the prefix.
        own : mapping of str to str, optional
            The user's tags of the parent run, which get no prefix.

        Returns
        -------
        Tracker
        """
        experiment_id = workspace.experiment_id(name)
        run = workspace.client.create_run(
            experiment_id,
            run_name=name,
            tags={**(own or {}), **prefixed({"kind": "experiment", **tags}), **_origin()},
        )
        return cls(workspace, name, experiment_id, run.info.run_id)

    @classmethod
    def latest(cls, workspace: Workspace, name: str | None = None) -> Tracker:
        """Find the latest execution of an experiment.

        Parameters
        ----------
        workspace : Workspace
        name : str, optional
            The experiment; the only or latest one if it is not given.

        Returns
        -------
        Tracker

        Raises
        ------
        WorkspaceError
            If there is none, with the nearest name.
        """
        place = str(workspace.path)
        known = workspace.experiments()
        if name is not None and name not in known:
            raise WorkspaceError(
                f"no experiment '{name}'", place=place, remedy=nearest(name, known)
            )
        chosen = [known[name]] if name is not None else list(known.values())
        runs = chosen and workspace.client.search_runs(
            chosen,
            filter_string=f"tags.`{TAG}kind` = 'experiment'",
            order_by=["attributes.start_time DESC"],
            max_results=1,
        )
        if not runs:
            raise WorkspaceError(
                "the workspace has no experiment yet", place=place, remedy="Train first."
            )
        found = runs[0].info
        names = {experiment_id: name for name, experiment_id in known.items()}
        return cls(workspace, names[found.experiment_id], found.experiment_id, found.run_id)

    @classmethod
    def at(cls, workspace: Workspace, run_id: str) -> Tracker | None:
        """Find the execution of a parent run.

        Parameters
        ----------
        workspace : Workspace
        run_id : str

        Returns
        -------
        Tracker or None
            ``None`` if the workspace has no such run.
        """
        from mlflow.exceptions import MlflowException

        try:
            found = workspace.client.get_run(run_id).info
        except MlflowException:
            return None
        names = {experiment_id: name for name, experiment_id in workspace.experiments().items()}
        if found.experiment_id not in names or found.lifecycle_stage == "deleted":
            return None
        return cls(workspace, names[found.experiment_id], found.experiment_id, run_id)

    @classmethod
    def of_trial(cls, workspace: Workspace, run_id: str) -> Tracker | None:
        """Find the execution that a trial belongs to.

        Parameters
        ----------
        workspace : Workspace
        run_id : str
            Of the trial.

        Returns
        -------
        Tracker or None
            ``None`` if the workspace has no such run.
        """
        from mlflow.exceptions import MlflowException

        try:
            tags = workspace.client.get_run(run_id).data.tags
        except MlflowException:
            return None
        return cls.at(workspace, tags.get("mlflow.parentRunId", run_id))

    @property
    def folder(self) -> Path:
        """Artifacts of the parent run."""
        return self.folder_of(self.run_id)

    @property
    def root(self) -> Path:
        """Local folder of all runs of the experiment."""
        return self.workspace.path / ARTIFACTS / slug(self.name)

    def folder_of(self, run_id: str) -> Path:
        """Local folder of a run's artifacts.

        Parameters
        ----------
        run_id : str

        Returns
        -------
        Path
            Where they are, or a copy of them that a tracking server has sent.
        """
        local = self.root / run_id / "artifacts"
        if self.workspace.served and not local.exists() and run_id not in self._made:
            part = local.with_name("artifacts.part")  # an interrupted one is not taken for all
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            self.workspace.client.download_artifacts(run_id, "", str(part))
            part.replace(local)
        return local

    def new_folder(self, run_id: str) -> Path:
        """Make the folder that a run's artifacts are written into.

        Parameters
        ----------
        run_id : str

        Returns
        -------
        Path
        """
        folder = self.root / run_id / "artifacts"
        folder.mkdir(parents=True, exist_ok=True)
        self._made[run_id] = folder
        return folder

    def publish(self, run_id: str, part: str = "") -> None:
        """Send a run's artifacts where others find them, when that is not where they lie.

        Parameters
        ----------
        run_id : str
        part : str, optional
            A folder of them alone.
        """
        if self.workspace.served:
            folder = self.folder_of(run_id) / part
            self.workspace.client.log_artifacts(run_id, str(folder), part or None)

    def start_trial(self, number: int, label: str, learner: str, tags: Mapping[str, str]) -> str:
        """Open a child run.

        Parameters
        ----------
        number, label, learner
            See `TrialRecord`.
        tags : mapping of str to str
            Further tags, without the prefix.

        Returns
        -------
        str
            Its id.
        """
        own = {"kind": "trial", "number": str(number), "label": label, "learner": learner, **tags}
        run = self.workspace.client.create_run(
            self.experiment_id,
            run_name=label,
            tags={**prefixed(own), **_origin(), "mlflow.parentRunId": self.run_id},
        )
        return str(run.info.run_id)

    def finish_trial(
        self,
        run_id: str,
        metrics: Mapping[str, float],
        params: Mapping[str, Any],
        tags: Mapping[str, str],
    ) -> None:
        """Make a trial durable: its artifacts are in place, so now its run is finished.

        Parameters
        ----------
        run_id : str
        metrics, params : mapping
        tags : mapping of str to str
            Without the prefix.
        """
        self.publish(run_id)
        self.log(run_id, metrics=metrics, params=params, tags=tags)
        self.workspace.client.set_terminated(run_id, "FINISHED")

    def fail_trial(
        self,
        run_id: str,
        reason: str,
        *,
        status: Unfinished = "failed",
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Record that a trial has no model, and why.

        Parameters
        ----------
        run_id : str
        reason : str
            One line.
        status : {"failed", "killed", "stopped"}
            As in `TrialRecord`.
        metrics : mapping, optional
            What is known of it.
        """
        folder = self.folder_of(run_id)
        if not self.workspace.served:
            # What a dead trial left half-written must not be taken for a model.
            for child in folder.iterdir() if folder.exists() else ():
                if child.is_dir() and child.name != "program":
                    shutil.rmtree(child, ignore_errors=True)
        else:
            self.publish(run_id)
        self.log(run_id, metrics=metrics, tags={"error": reason, "unfinished": status})
        # MLflow has no word for a run that was stopped because it was not worth its time.
        ended = "FAILED" if status == "failed" else "KILLED"
        self.workspace.client.set_terminated(run_id, ended)

    def log(
        self,
        run_id: str,
        *,
        metrics: Mapping[str, float] | None = None,
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add metrics, parameters and tags to a run in one go.

        Parameters
        ----------
        run_id : str
        metrics, params, tags : mapping, optional
        """
        from mlflow.entities import Metric, Param, RunTag

        now = int(time.time() * 1000)
        self.workspace.client.log_batch(
            run_id,
            metrics=[Metric(key, float(value), now, 0) for key, value in (metrics or {}).items()],
            params=[
                Param(key, shorten(str(value), MAX_VALUE)) for key, value in (params or {}).items()
            ],
            tags=[RunTag(key, value) for key, value in prefixed(tags or {}).items()],
        )

    def describe(self, run_id: str, text: str) -> None:
        """Give a run the description that MLflow shows on its page.

        Parameters
        ----------
        run_id : str
        text : str
            Markdown.
        """
        note = text if len(text) <= MAX_NOTE else text[: MAX_NOTE - 1] + "…"
        self.workspace.client.set_tag(run_id, "mlflow.note.content", note)

    def log_table(self, name: str, digest: str, source: str) -> None:
        """Say which table the experiment was trained on, where MLflow shows data sets.

        Parameters
        ----------
        name, digest, source : str
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        table = Dataset(name, digest, "local", json.dumps({"uri": source}))
        context = InputTag("mlflow.data.context", "training")
        self.workspace.client.log_inputs(self.run_id, [DatasetInput(table, [context])])

    def tags(self) -> dict[str, str]:
        """Tags of the parent run, without the prefix."""
        return _own_tags(self.workspace.client.get_run(self.run_id))

    def status(self) -> str:
        """Status of the parent run: running, finished, failed or killed."""
        return str(self.workspace.client.get_run(self.run_id).info.status).lower()

    def end(self, status: str) -> None:
        """Close the parent run.

        Parameters
        ----------
        status : {"FINISHED", "FAILED", "KILLED", "RUNNING"}
            ``RUNNING`` opens it again.
        """
        if status == "RUNNING":
            self.workspace.client.update_run(self.run_id, status=status)
        else:
            self.workspace.client.set_terminated(self.run_id, status)

    def end_if_possible(self, status: str) -> None:
        """Close the parent run while another error is on its way, which must not be hidden.

        Parameters
        ----------
        status : str
            See `end`.
        """
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        with contextlib.suppress(OSError, MlflowException, SQLAlchemyError):
            self.end(status)

    def trials(self) -> list[TrialRecord]:
        """All trials, in the order of their numbers."""
        runs: list[Run] = []
        token = None
        while True:
            page = self.workspace.client.search_runs(
                [self.experiment_id],
                filter_string=f"tags.`mlflow.parentRunId` = '{self.run_id}'",
                max_results=1000,
                page_token=token,
            )
            runs += page
            token = page.token
            if not token:
                break
        records = [self._record(run) for run in runs]
        return sorted(records, key=lambda record: (record.number, record.label))

    def _record(self, run: Run) -> TrialRecord:
        tags = _own_tags(run)
        metrics = dict(run.data.metrics)
        status = str(run.info.status).lower()
        return TrialRecord(
            run_id=run.info.run_id,
            number=int(tags.get("number", "-1")),
            label=tags.get("label", run.info.run_name),
            learner=tags.get("learner", ""),
            status="stopped" if tags.get("unfinished") == "stopped" else status,
            score=metrics.get("score"),
            std=metrics.get("score_std"),
            metrics=metrics,
            params=dict(run.data.params),
            tags=tags,
            locate=self.folder_of,
        )


def _origin() -> dict[str, str]:
    """Tags that MLflow itself shows: who ran it, and with what."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"  # a container may run under an id that has no name
    source = {"mlflow.source.name": "trialbook", "mlflow.source.type": "LOCAL"}
    return {"mlflow.user": user, **source}


def prefixed(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as MLflow keeps them."""
    return {f"{TAG}{key}": str(value) for key, value in tags.items()}


def _own_tags(run: Run) -> dict[str, str]:
    return {
        key.removeprefix(TAG): value for key, value in run.data.tags.items() if key.startswith(TAG)
    }
