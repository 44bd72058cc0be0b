"""One trial, as a person uses it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialbook.errors import NoModelError
from trialbook.execution import CHARTS
from trialbook.experiment import state
from trialbook.lifecycle._series import refuse_rows
from trialbook.tracking import TrialRecord

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.evaluation import Chart
    from trialbook.models import ForecastModel
    from trialbook.tables import Source as Table


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
    def note(self) -> str | None:
        """What its model could not do, such as series that got a seasonal naive."""
        return self.record.tags.get("note")

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
        """The fitted scikit-learn estimator; of a forecast, MLflow's Python model.

        Raises
        ------
        NoModelError
            If the trial failed.
        """
        from trialbook.models import MODEL_FOLDER, is_forecaster, load_forecaster, load_model

        self.require_model()
        folder = self.folder / MODEL_FOLDER
        return load_forecaster(folder) if is_forecaster(folder) else load_model(folder)

    def forecaster(self, workspace: Path | None = None) -> ForecastModel:
        """Its model, if it forecasts series.

        Parameters
        ----------
        workspace : Path, optional
            Where names of tables are looked up.

        Returns
        -------
        ForecastModel

        Raises
        ------
        NoModelError
            If the trial failed.
        OptionError
            If it is no forecast.
        """
        from trialbook.models import MODEL_FOLDER, forecaster_at, is_forecaster

        self.require_model()
        folder = self.folder / MODEL_FOLDER
        if not is_forecaster(folder):
            refuse_rows(self.label)
        known = {"name": self.label, "run_id": self.run_id, "workspace": workspace}
        return forecaster_at(folder, **known)

    def forecast(
        self,
        horizon: int | None = None,
        *,
        future: Table | None = None,
        context: Table | None = None,
        quantiles: Sequence[float] | None = None,
        level: str | None = None,
    ) -> pd.DataFrame:
        """Forecast the next rows of every series, or the rows of a table.

        Parameters
        ----------
        horizon, future, context, quantiles, level
            As in `ForecastModel.forecast`; tables by name need `Experiment.forecast`.

        Returns
        -------
        DataFrame of shape (n_rows, n_ids + 2 + n_quantiles)
            Times, series, ``forecast``, and a column for each quantile.

        Raises
        ------
        NoModelError
            If the trial failed.
        DataError, OptionError
            As in `Experiment.forecast`.
        """
        return self.forecaster().forecast(
            horizon, future=future, context=context, quantiles=quantiles, level=level
        )

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
