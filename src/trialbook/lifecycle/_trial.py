"""One trial, as a person uses it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialbook.errors import NoModelError
from trialbook.execution import CHARTS
from trialbook.experiment import state
from trialbook.tracking import TrialRecord

if TYPE_CHECKING:
    from trialbook.evaluation import Chart


@dataclass(frozen=True)
class Trial:
    """One configuration, trained and validated.

    Parameters
    ----------
    record : TrialRecord
        What MLflow keeps of it.
    """

    record: TrialRecord

    def __repr__(self) -> str:
        score = "" if self.score is None else f", score={self.score:.6g}"
        return f"<Trial {self.label}: {self.record.status}{score}>"

    @property
    def number(self) -> int:
        """Position in the plan."""
        return self.record.number

    @property
    def label(self) -> str:
        """Unique name within the experiment, such as ``lightgbm-2``."""
        return self.record.label

    @property
    def learner(self) -> str:
        """Key of the learner."""
        return self.record.learner

    @property
    def run_id(self) -> str:
        """MLflow's id of the run."""
        return self.record.run_id

    @property
    def uri(self) -> str:
        """URI of the model for MLflow."""
        return f"runs:/{self.run_id}/model"

    @property
    def score(self) -> float | None:
        """Mean of the metric over the folds; ``None`` without a model."""
        return self.record.score

    @property
    def state(self) -> str:
        """``finished``, ``failed``, ``killed``, ``stopped`` or ``running``."""
        return self.record.status

    @property
    def error(self) -> str | None:
        """Why it has no model."""
        return self.record.tags.get("error")

    @property
    def params(self) -> dict[str, Any]:
        """Hyperparameters."""
        return self.record.config

    @property
    def metrics(self) -> dict[str, float]:
        """Everything that was measured."""
        return dict(self.record.metrics)

    @property
    def edited(self) -> bool:
        """Whether a person edited its program."""
        return self.record.tags.get("edited") == "true"

    @property
    def refitted(self) -> bool:
        """Whether its model was trained anew on all rows; its score is the folds' models'."""
        return self.record.refitted

    @property
    def folder(self) -> Path:
        """Its artifacts."""
        return self.record.folder

    @property
    def program(self) -> Path:
        """Its program, as a script."""
        return self.folder / "program" / "trial.py"

    @property
    def notebook(self) -> Path:
        """Its program, as a notebook."""
        return self.folder / "program" / "trial.ipynb"

    @property
    def charts(self) -> dict[str, Chart]:
        """How it errs on validation rows (``roc``) and on test rows (``test/roc``), by name."""
        from trialbook.evaluation import read_charts

        tested = read_charts(self.folder / state.TESTED).items()
        return {
            **read_charts(self.folder / CHARTS),
            **{f"{state.TESTED}/{name}": chart for name, chart in tested},
        }

    @property
    def log(self) -> str:
        """What the trial printed; empty if it printed nothing."""
        path = self.folder / "trial.log"
        return path.read_text("utf-8", errors="replace") if path.exists() else ""

    @functools.cached_property
    def model(self) -> Any:
        """The fitted scikit-learn estimator.

        Raises
        ------
        NoModelError
            If the trial failed.
        """
        from trialbook.models import MODEL_FOLDER, load_model

        self.require_model()
        return load_model(self.folder / MODEL_FOLDER)

    def require_model(self) -> None:
        """Refuse to go on without a model.

        Raises
        ------
        NoModelError
            If the trial failed.
        """
        if not self.record.finished:
            raise NoModelError(
                f"the trial {self.label} has no model: {self.error or self.state}",
                place=str(self.folder),
                remedy="Choose another trial of the leaderboard.",
            )
