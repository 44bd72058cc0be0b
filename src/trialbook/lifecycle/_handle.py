"""An experiment, as a person uses it: all read from MLflow when asked."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialbook.addresses import hide_password
from trialbook.errors import NoModelError, OptionError, nearest
from trialbook.experiment import leaderboard_table, learning_curve, ranked, state, winner
from trialbook.job import Task
from trialbook.lifecycle._forecasting import Forecasting
from trialbook.lifecycle._judging import Judging
from trialbook.lifecycle._predicting import Predicting
from trialbook.lifecycle._series import require_rows
from trialbook.lifecycle._trial import Trial
from trialbook.tracking import ModelVersion, Tracker, register, registered, versions

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.data import Guardrail, Schema
    from trialbook.evaluation import Chart, Metric
    from trialbook.evaluation.explanations import Explanation
    from trialbook.models import Model
    from trialbook.models.export import Exported
    from trialbook.tables import Source as Table


class Experiment(Judging, Predicting, Forecasting):
    """One execution of a job: its trials, ranked.

    Parameters
    ----------
    tracker : Tracker
        Where it is kept.

    Notes
    -----
    Nothing is cached but the schema: what another process adds is seen at the next look.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def __repr__(self) -> str:
        return f"<Experiment {self.name}: {self.status}, {len(self.trials)} trials>"

    @property
    def name(self) -> str:
        """Its name."""
        return self._tracker.name

    @property
    def workspace(self) -> Path:
        """The folder that keeps it."""
        return self._tracker.workspace.path

    @property
    def tracking_uri(self) -> str:
        """Where MLflow finds it."""
        return self._tracker.workspace.uri

    @property
    def elsewhere(self) -> str | None:
        """The tracking URI to open it with, password hidden; None where the folder is enough."""
        space = self._tracker.workspace
        if space.own_database:
            return None
        return hide_password(space.uri)

    @property
    def run_id(self) -> str:
        """MLflow's id of the parent run."""
        return self._tracker.run_id

    @property
    def folder(self) -> Path:
        """Artifacts of the parent run."""
        return self._tracker.folder

    @property
    def task(self) -> Task:
        """``classification``, ``regression`` or ``forecasting``."""
        return self.schema.task

    @property
    def metric(self) -> str:
        """Name of the metric that ranks."""
        return self._metric.name

    @property
    def status(self) -> str:
        """``running``, ``finished``, ``failed`` or ``killed``."""
        return self._tracker.status()

    @functools.cached_property
    def schema(self) -> Schema:
        """The columns and the target."""
        from trialbook.data import Schema

        return Schema.from_dict(state.read_json(self.folder / state.SCHEMA))

    @functools.cached_property
    def _metric(self) -> Metric:
        from trialbook.evaluation import metric

        return metric(self._tracker.tags()["metric"], self.schema.task, len(self.schema.classes))

    @functools.cached_property
    def max_predict_ms(self) -> float | None:
        """Milliseconds that the best trial may take to predict one row; ``None`` without limit."""
        limit = self._tracker.tags().get("max_predict_ms")
        return None if limit is None else float(limit)

    @property
    def guardrails(self) -> tuple[Guardrail, ...]:
        """What the checks of the data found."""
        from trialbook.data import Guardrail

        return tuple(map(Guardrail.from_dict, state.read_json(self.folder / state.GUARDRAILS)))

    @property
    def ledger(self) -> dict[str, Any]:
        """The account of time: what each trial should take and took, and what was skipped."""
        return dict(state.read_json(self.folder / state.LEDGER))

    @property
    def exploration(self) -> Path:
        """The data exploration notebook."""
        return self.folder / state.EXPLORATION

    @property
    def profile(self) -> Path | None:
        """The page with the profile of the training table; ``None`` where it had no time."""
        path = self.folder / state.PROFILE_PAGE
        return path if path.exists() else None

    @property
    def report(self) -> Path:
        """The report in Markdown."""
        return self.folder / state.REPORT

    @property
    def trials(self) -> list[Trial]:
        """All trials: finished ones first, best first, then the others by number."""
        return [Trial(record) for record in ranked(self._tracker.trials(), self._metric)]

    @property
    def leaderboard(self) -> pd.DataFrame:
        """The trials as a table, best first.

        Returns
        -------
        DataFrame
            Columns ``rank`` (missing for trials without a model), ``trial``, ``learner``,
            ``configuration``, ``score``, ``std``, ``fit_s`` (seconds), ``predict_ms``
            (milliseconds for a thousand rows at once), ``predict_row_ms`` (milliseconds for one
            row alone), ``size_mb``, ``state``, ``best``, ``edited`` and ``error``.
        """
        records = ranked(self._tracker.trials(), self._metric)
        return leaderboard_table(records, self.max_predict_ms)

    @property
    def best(self) -> Trial:
        """The trial with the best validation score, of those that predict quickly enough.

        Raises
        ------
        NoModelError
            If no trial has a model.
        """
        best = winner(ranked(self._tracker.trials(), self._metric), self.max_predict_ms)
        if best is None:
            raise NoModelError(
                f"the experiment '{self.name}' has no model yet",
                place=str(self.workspace),
                remedy="Resume it, or look at why its trials failed.",
            )
        return Trial(best)

    def trial(self, which: str | int) -> Trial:
        """Find a trial.

        Parameters
        ----------
        which : str or int
            Its number, its label, its run's id (or the beginning of it), or ``best``.

        Returns
        -------
        Trial

        Raises
        ------
        OptionError
            If there is none, with the nearest label.
        """
        if which == "best":
            return self.best
        trials = self.trials
        text = str(which)
        for one in trials:
            if text in (one.label, str(one.number), one.run_id):
                return one
        beginning = [one for one in trials if len(text) >= 6 and one.run_id.startswith(text)]
        if len(beginning) == 1:
            return beginning[0]
        raise OptionError(
            f"no trial '{which}' in the experiment '{self.name}'",
            remedy=nearest(text, [one.label for one in trials]),
        )

    def keep(self, trial: Trial, part: str) -> None:
        """Send a part of a trial's artifacts where others find it, if that is elsewhere.

        Parameters
        ----------
        trial : Trial
        part : str
            A folder of its artifacts.
        """
        self._tracker.publish(trial.run_id, part)

    def log(self, trial: Trial, metrics: Mapping[str, float]) -> None:
        """Add metrics of your own to a trial's run.

        Parameters
        ----------
        trial : Trial
        metrics : mapping of str to float
        """
        self._tracker.log(trial.run_id, metrics=metrics)

    def register(
        self,
        name: str,
        trial: str | int = "best",
        *,
        aliases: Collection[str] = (),
        tags: Mapping[str, str] | None = None,
    ) -> ModelVersion:
        """Enter a trial's model in MLflow's registry, which the tracking store has, too.

        Parameters
        ----------
        name : str
            What the model is to be called. A name that is taken gets a new version.
        trial : str or int
            Which model; the best by default.
        aliases : collection of str
            Such as ``champion``, which a name alone then means. Each belongs to one version at a
            time.
        tags : mapping of str to str, optional
            What else is to be known of it. Always kept are the experiment, the trial, its score
            and notebook, and the table with the version that was learned from.

        Returns
        -------
        ModelVersion
            Its `name`, `version` and `uri`. With this experiment's `tracking_uri`,
            ``mlflow.sklearn.load_model(uri)`` loads it, where there is no Trialbook, too; of a
            forecast, ``mlflow.pyfunc.load_model(uri)``.

        Raises
        ------
        OptionError
            If the name or an alias cannot be one, or there is no such trial.
        NoModelError
            If the trial has no model.
        """
        from trialbook.models import MODEL_FOLDER

        chosen = self.trial(trial)
        chosen.require_model()
        lineage = {
            "experiment": self.name,
            "trial": chosen.label,
            "learner": chosen.learner,
            "task": self.task,
            "metric": self.metric,
            "score": repr(chosen.score),
            "data": self._tracker.tags()["data"],
            "notebook": f"runs:/{chosen.run_id}/program/{chosen.notebook.name}",
        }
        known = {**(tags or {}), **lineage}
        space, run_id = self._tracker.workspace, chosen.run_id
        return register(space, name, run_id, MODEL_FOLDER, known, aliases=aliases)

    def export(
        self, to: str, path: str | Path | None = None, trial: str | int = "best"
    ) -> Exported:
        """Write a trial's model in a form that others can use.

        Parameters
        ----------
        to : {"onnx", "pickle", "zip", "docker"}
        path : str or Path, optional
        trial : str or int
            Which model; the best by default.

        Returns
        -------
        Exported

        Raises
        ------
        NoModelError, ExportError, OptionError
            As `trialbook.export`, which says what the forms are.
        """
        from trialbook.lifecycle._export import export_model

        is_row_model = self.schema.series is None
        model = self.model(trial) if is_row_model else self.forecaster(trial)
        return export_model(model, to, path, self.folder / state.TRAIN)

    def names_of(self, trial: Trial) -> list[str]:
        """What a trial's model is called in the registry, with its aliases.

        Parameters
        ----------
        trial : Trial

        Returns
        -------
        list of str
            Such as ``churn@3 (champion)``.
        """
        space = self._tracker.workspace
        return [
            f"{name}@{one.version}" + (f" ({', '.join(one.aliases)})" if one.aliases else "")
            for name in registered(space)
            for one in versions(space, name)
            if one.run_id == trial.run_id
        ]

    def features(self, trial: str | int = "best") -> pd.DataFrame:
        """What became of each column of the table: its type, and the features made of it.

        Parameters
        ----------
        trial : str or int
            Which model; the best by default.

        Returns
        -------
        DataFrame
            A row for each column that was looked at: ``column``, ``type``, ``evidence``,
            ``dropped`` (why; None for a feature), ``transformations``, ``n_features`` and
            ``features``, their names. What is made of several columns is named with each. A model
            of cross-validation is told by its first fold, an ensemble by all its members.

        Raises
        ------
        NoModelError
            If the trial has no model.
        OptionError
            If it forecasts series.
        """
        from trialbook.lifecycle._features import features_table
        from trialbook.models import features_of

        chosen = self.trial(trial)
        require_rows(self.schema, chosen.label)
        return features_table(self.schema, features_of(chosen.model))

    def learning_curve(self, trial: str | int = "best", *, timeout: str | float = 60) -> Chart:
        """Train a trial's configuration on 5 % to all of its training rows, fold by fold.

        Parameters
        ----------
        trial : str or int
            Which one; the best by default.
        timeout : str or float
            Seconds, or ``5m``; no training is started that would not end in time.

        Returns
        -------
        Chart
            Score of training and validation rows. It is kept with the others of the trial.

        Raises
        ------
        NoModelError
            If the trial has no model.
        OptionError
            If it is an ensemble, which trains nothing, or forecasts series, or the time is no
            duration.
        DataError
            If no training ended in time.
        """
        chosen = self.trial(trial)
        chosen.require_model()
        require_rows(self.schema, chosen.label)
        return learning_curve(self._tracker, chosen.record, self.metric, timeout)

    def model(self, trial: str | int = "best") -> Model:
        """The model of a trial, with what it takes to answer tables.

        Parameters
        ----------
        trial : str or int
            Which model; the best by default.

        Returns
        -------
        Model

        Raises
        ------
        NoModelError
            If the trial has no model.
        OptionError
            If it forecasts series; `forecaster` is for these.
        """
        from trialbook.models import MODEL_FOLDER, Model

        chosen = self.trial(trial)
        chosen.require_model()
        require_rows(self.schema, chosen.label)
        return Model(
            chosen.label,
            chosen.folder / MODEL_FOLDER,
            self.schema,
            run_id=chosen.run_id,
            workspace=self.workspace,
        )

    def test(self, data: Table, trial: str | int = "best") -> dict[str, float]:
        """Measure a trial on rows that nothing has seen.

        Parameters
        ----------
        data : table
            With the target.
        trial : str or int
            Which model; the best by default.

        Returns
        -------
        dict of str to float
            Every metric of the task.

        Raises
        ------
        DataError
            If a column is missing, the target too, or of another kind than in training.
        """
        from trialbook.lifecycle._measure import metrics_on

        return metrics_on(self, data, trial)

    def explain(
        self,
        trial: str | int = "best",
        data: Table | None = None,
        *,
        row: int | None = None,
        timeout: str | float | None = 30.0,
        seed: int = 0,
    ) -> Explanation:
        """Explain why a trial's model predicts what it predicts.

        Parameters
        ----------
        trial : str or int
            Which model; the best by default.
        data : table, optional
            Rows to explain, with or without the target. By default some that validated the
            trial, or of a forecast the next horizon; the run then keeps the explanation.
        row : int, optional
            Position of a row that must be among the explained ones.
        timeout : str or float, optional
            Seconds, or ``30s``. Where they are short, there are fewer rows, repeats and curves.
        seed : int
            Of what is drawn by chance.

        Returns
        -------
        Explanation
            Tables (`importance`, `features`, `permutation`, `row`) and `figures`.

        Raises
        ------
        NoModelError, DataError, OptionError
            If the trial has no model, the table does not fit, or has no such row.
        """
        from trialbook.lifecycle._explain import explain_trial_of

        return explain_trial_of(self._tracker, trial, data, row=row, timeout=timeout, seed=seed)
