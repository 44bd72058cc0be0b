"""Writes the programs of an experiment into the folders of its runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trialbook.execution import PROGRAM
from trialbook.experiment import state
from trialbook.experiment._origin import NO_ORIGIN, Origin
from trialbook.learners import Learner, all_learners
from trialbook.program import (
    AdjustmentKind,
    Code,
    Frame,
    set_constant,
    stacking_program,
    tabular_program,
    voting_program,
)
from trialbook.program.series import forecast_voting_program
from trialbook.search import FIRST_ROWS, Step
from trialbook.tasks import AnyTask
from trialbook.tracking import Tracker, TrialRecord

# Who reads a refitted model's notebook or report must not take its score for one of that model.
SCORE_OF_REFIT = (
    "Its score is that of the folds' models of this configuration, each on rows that it had not"
    " seen; the one model that takes their place has seen them all."
)


@dataclass
class Writer:
    """Knows how the programs of one experiment look and where their data is.

    Parameters
    ----------
    tracker : Tracker
    task : TabularTask or ForecastingTask
    origin : Origin
        The version of a table that is learned from, if it is one.
    """

    tracker: Tracker
    task: AnyTask
    origin: Origin = NO_ORIGIN

    def frame(self, rows: int | None = None) -> Any:
        """What all programs share, on so many training rows if not on all."""
        read = state.TRAIN if self.origin.table is None else state.ROWS
        frame = self.task.frame(self._expression(self.tracker.run_id, read), rows)
        frame = replace(frame, origin=self.origin.sentence)
        if isinstance(frame, Frame):
            frame = replace(frame, table=self.origin.table)
        else:
            frame = frame.in_hierarchy(self._expression(self.tracker.run_id, state.NODES))
        workspace = self.tracker.workspace
        return replace(frame, server=workspace.uri) if workspace.served else frame

    def write_trial(self, folder: Path, step: Step, learner: Learner) -> None:
        """Write the program of a configuration.

        Parameters
        ----------
        folder : Path
            Artifacts of the trial's run.
        step : Step
        learner : Learner
        """
        title = f"{learner.name} predicts `{self.task.schema.target}`"
        where = f"Trial {step.number} of the experiment *{self.task.experiment}*"
        summary = f"{where}, configuration `{step.name}`."
        frame = self.frame(step.rows)
        if step.rows is not None and frame.rows is not None:
            summary += f" It trains on {step.rows:,} of {self.task.table().n_rows:,} rows."
        code = learner.code(step.params, self.task.table(step.rows))
        self.write(folder, self.task.program(frame, code, title=title, summary=summary))

    def write_refit(self, folder: Path, record: TrialRecord, step: Step, learner: Learner) -> None:
        """Write the program of a trial anew, with one model that is trained on all rows.

        Parameters
        ----------
        folder : Path
            Artifacts of the new run.
        record : TrialRecord
            The trial; if it trains in rounds, it has found how many.
        step : Step
            Its configuration, under the new label.
        learner : Learner
        """
        title = f"{learner.name} predicts `{self.task.schema.target}`"
        summary = (
            f"{step.label} of the experiment *{self.task.experiment}*: the configuration of"
            f" {record.label}, trained anew on all of its rows. {SCORE_OF_REFIT}"
        )
        code = learner.code(step.params, self.task.table(step.rows))
        frame = self.frame(step.rows)
        program = tabular_program(frame, code, title=title, summary=summary, refit=True)
        if "rounds" in record.tags:
            program = set_constant(program, "ROUNDS", json.loads(record.tags["rounds"]))
        self.write(folder, program)

    def write_probe(self, folder: Path, learner: Learner) -> str:
        """Write the program that shows what class weights do.

        Parameters
        ----------
        folder : Path
        learner : Learner

        Returns
        -------
        str
            Path of the program.
        """
        table = self.task.table(self._few)
        code = learner.code(learner.starts(table)[0].params, table)
        frame = self.frame(self._few)
        self.write(folder, tabular_program(frame, code, title="Class weights", summary=""))
        return str(folder / PROGRAM)

    def write_voting(
        self,
        folder: Path,
        members: Sequence[TrialRecord],
        label: str,
        adjustment: AdjustmentKind | None = None,
        *,
        refitted: bool = False,
    ) -> None:
        """Write the program of a vote.

        Parameters
        ----------
        folder : Path
        members : sequence of TrialRecord
            Candidates, best first.
        label : str
        adjustment : {"temperature", "temperature_or_isotonic", "class_weights"}, optional
            How its probabilities are adjusted to the metric.
        refitted : bool
            Whether the models of those that count are trained on all rows.
        """
        from trialbook.ensemble import inverse_error_weights, select_weights

        title = f"A vote predicts `{self.task.schema.target}`"
        of_series = self.task.schema.series is not None
        other = " and from the errors of each kind of model (Bates and Granger 1969)"
        summary = (
            f"{label} of the experiment *{self.task.experiment}*: a weighted mean of the"
            " predictions of its best trials, with weights from ensemble selection"
            f" (Caruana et al. 2004){other if of_series else ''}.{_members_of_refit(refitted)}"
        )
        folders = self._folders(members)
        if of_series:
            kinds = [all_learners()[one.learner].family or one.learner for one in members]
            weigh = (select_weights, inverse_error_weights)
            program = forecast_voting_program(
                self.frame(), folders, kinds, weigh, title=title, summary=summary
            )
        else:
            program = voting_program(
                self.frame(self._few),
                folders,
                select_weights,
                title=title,
                summary=summary,
                adjustment=adjustment,
            )
        self.write(folder, program)

    def write_stacking(
        self,
        folder: Path,
        members: Sequence[TrialRecord],
        label: str,
        adjustment: AdjustmentKind | None = None,
        *,
        refitted: bool = False,
    ) -> None:
        """Write the program of a stack.

        Parameters
        ----------
        folder : Path
        members : sequence of TrialRecord
            First layer, best first.
        label : str
        adjustment : {"temperature", "temperature_or_isotonic", "class_weights"}, optional
            How its probabilities are adjusted to the metric.
        refitted : bool
            Whether the models of the first layer are trained on all rows.
        """
        title = f"A stack predicts `{self.task.schema.target}`"
        summary = (
            f"{label} of the experiment *{self.task.experiment}*: a linear model on top of the"
            " out-of-fold predictions of its best trials (Wolpert 1992)."
            f"{_members_of_refit(refitted)}"
        )
        program = stacking_program(
            self.frame(self._few),
            self._folders(members),
            title=title,
            summary=summary,
            adjustment=adjustment,
        )
        self.write(folder, program)

    def payload(self, run_id: str, step: Step, *, learner: str | None) -> dict[str, Any]:
        """What a worker needs besides the program.

        Parameters
        ----------
        run_id : str
        step : Step
        learner : str, optional
            Key of the learner that wrote the program, if one did.

        Returns
        -------
        dict
        """
        return {
            "learner": learner,
            "schema": str(self.tracker.folder / state.SCHEMA),
            "metadata": self.metadata(run_id, step.label),
        }

    def metadata(self, run_id: str, label: str) -> dict[str, str]:
        """What a notebook says of where it comes from."""
        return {
            "experiment": self.tracker.name,
            "parent_run_id": self.tracker.run_id,
            "run_id": run_id,
            "trial": label,
        }

    def write(self, folder: Path, program: str) -> None:
        """Write a program where its run keeps it."""
        path = folder / PROGRAM
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(program, "utf-8")

    @property
    def _few(self) -> int | None:
        """Training rows of programs that train nothing, or only to compare; all if few."""
        return FIRST_ROWS if self.task.folds.growable else None

    def _folders(self, members: Sequence[TrialRecord]) -> Mapping[str, Code]:
        return {member.label: self._expression(member.run_id) for member in members}

    def _expression(self, run_id: str, artifact: str = "") -> Code:
        """Source of the path of a run's artifact, as seen from any run's program folder."""
        if self.tracker.workspace.served:
            arguments = f'run_id="{run_id}", artifact_path="{artifact}"'
            return Code(f"Path(mlflow.artifacts.download_artifacts({arguments}))")
        tail = f"{run_id}/artifacts/{artifact}".rstrip("/")
        return Code(f'Path("../../../{tail}")')


def _members_of_refit(refitted: bool) -> str:
    """What the notebook of an ensemble says of refitted members."""
    if not refitted:
        return ""
    return f" Each that counts is one model, trained anew on all of its rows. {SCORE_OF_REFIT}"
