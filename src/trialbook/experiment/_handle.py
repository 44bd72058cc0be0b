"""An experiment and its trials, as a person uses them: all read from MLflow when asked."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialbook.errors import NoModelError, OptionError, nearest
from trialbook.experiment import _state
from trialbook.job import Task
from trialbook.tracking import Tracker, TrialRecord, hide_password

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from trialbook.data import Guardrail, Schema
    from trialbook.data import Source as Table
    from trialbook.evaluation import Metric

ENSEMBLES = ("voting", "stacking")


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

        if not self.record.finished:
            raise NoModelError(
                f"the trial {self.label} has no model: {self.error or self.state}",
                place=str(self.folder),
                remedy="Choose another trial of the leaderboard.",
            )
        return load_model(self.folder / MODEL_FOLDER)


class Experiment:
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
        """``classification`` or ``regression``."""
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

        return Schema.from_dict(_state.read_json(self.folder / _state.SCHEMA))

    @functools.cached_property
    def _metric(self) -> Metric:
        from trialbook.evaluation import metric

        return metric(self._tracker.tags()["metric"], self.schema.task, len(self.schema.classes))

    @functools.cached_property
    def _y_range(self) -> float | None:
        """Range of the target in training, by which normalised errors are divided."""
        import numpy as np
        import pandas as pd

        if self.schema.classes:
            return None
        target = self.schema.target
        values = pd.read_parquet(self.folder / _state.TRAIN, columns=[target])[target]
        return float(np.ptp(values.to_numpy(dtype=float)))

    @functools.cached_property
    def max_predict_ms(self) -> float | None:
        """Milliseconds that the best trial may take to predict one row; ``None`` without limit."""
        limit = self._tracker.tags().get("max_predict_ms")
        return None if limit is None else float(limit)

    @property
    def guardrails(self) -> tuple[Guardrail, ...]:
        """What the checks of the data found."""
        from trialbook.data import Guardrail

        kept = _state.read_json(self.folder / _state.GUARDRAILS)
        return tuple(Guardrail(**{**one, "columns": tuple(one["columns"])}) for one in kept)

    @property
    def ledger(self) -> dict[str, Any]:
        """The account of time: what each trial should take and took, and what was skipped."""
        return dict(_state.read_json(self.folder / _state.LEDGER))

    @property
    def exploration(self) -> Path:
        """The data exploration notebook."""
        return self.folder / _state.EXPLORATION

    @property
    def report(self) -> Path:
        """The report in Markdown."""
        return self.folder / _state.REPORT

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

    def predict(self, data: Table, trial: str | int = "best") -> np.ndarray[Any, Any]:
        """Predict labels or numbers.

        Parameters
        ----------
        data : table
            A DataFrame, or anything that can be trained on. Columns may be in any order, and
            further ones are ignored.
        trial : str or int
            Which model; the best by default.

        Returns
        -------
        ndarray of shape (n_rows,)

        Raises
        ------
        DataError
            If a column is missing or of another kind than in training.
        """
        import numpy as np

        return np.asarray(self.trial(trial).model.predict(self._conformed(data)))

    def predict_proba(self, data: Table, trial: str | int = "best") -> pd.DataFrame:
        """Predict the probability of each class.

        Parameters
        ----------
        data, trial
            As in `predict`.

        Returns
        -------
        DataFrame of shape (n_rows, n_classes)
            One column a class, under its label.

        Raises
        ------
        OptionError
            If the target is a number.
        DataError
            If a column is missing or of another kind than in training.
        """
        import pandas as pd

        if not self.schema.classes:
            raise OptionError("a regression has no probabilities", remedy="Use predict.")
        probabilities = self.trial(trial).model.predict_proba(self._conformed(data))
        return pd.DataFrame(probabilities, columns=list(self.schema.classes))

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
        from trialbook.data import encode, keep_known_labels, read_table
        from trialbook.evaluation import all_metrics
        from trialbook.models import predict

        read = read_table(data, text=self.schema.text)
        rows, _ = keep_known_labels(
            self.schema.conform(read, require_target=True), self.schema, "test"
        )
        is_classification = bool(self.schema.classes)
        model = self.trial(trial).model
        prediction = predict(model, rows[self.schema.names], classification=is_classification)
        y = encode(rows[self.schema.target], self.schema.classes)
        ranks = {self.metric: self._metric.score(y, prediction, self.schema.positive)}
        metrics = all_metrics(
            self.task, y, prediction, self.schema.positive, y_range=self._y_range
        )
        return {**ranks, **metrics, **ranks}  # the first, by its own definition

    def _conformed(self, data: Table) -> pd.DataFrame:
        from trialbook.data import read_table

        return self.schema.conform(read_table(data, text=self.schema.text))


def ranked(records: list[TrialRecord], metric: Metric) -> list[TrialRecord]:
    """Order trials: those with a model first, best first; equal ones by number.

    Those of which only some folds ended in time come after those with all. A refitted trial, whose
    score is that of its original, stands before it. A trial that was cut
    off and has run again since is left out.

    Parameters
    ----------
    records : list of TrialRecord
    metric : Metric

    Returns
    -------
    list of TrialRecord
    """
    from trialbook.evaluation import error

    done = [record for record in records if record.finished and record.score is not None]
    done.sort(
        key=lambda one: (
            one.partial,
            error(metric, one.score or 0.0),
            not one.refitted,
            one.number,
            one.label,
        )
    )
    again = {record.label for record in records if record.status != "killed"}
    others = [record for record in records if not record.finished]
    return done + [one for one in others if one.status != "killed" or one.label not in again]


def winner(records: list[TrialRecord], max_predict_ms: float | None) -> TrialRecord | None:
    """The best trial of those that predict one row quickly enough.

    Parameters
    ----------
    records : list of TrialRecord
        Ranked.
    max_predict_ms : float, optional
        Milliseconds for one row.

    Returns
    -------
    TrialRecord or None
        If none is quick enough, the quickest; ``None`` without any model.
    """
    done = [record for record in records if record.finished and record.score is not None]
    if max_predict_ms is None:
        return done[0] if done else None
    quick = (record for record in done if row_ms(record) <= max_predict_ms)
    return next(quick, None) or min(done, key=row_ms, default=None)


def row_ms(record: TrialRecord) -> float:
    """Milliseconds that a trial's model takes for one row; infinite if nobody measured it."""
    return record.metrics.get("predict_row_ms", math.inf)


def leaderboard_table(
    records: list[TrialRecord], max_predict_ms: float | None = None
) -> pd.DataFrame:
    """Ranked trials as a table; see `Experiment.leaderboard`."""
    import pandas as pd

    best = winner(records, max_predict_ms)
    rows = [
        {
            "rank": position if record.finished else None,
            "trial": record.label,
            "learner": record.learner,
            "configuration": record.tags.get("configuration", ""),
            "score": record.score,
            "std": record.std,
            "fit_s": record.metrics.get("fit_s"),
            "predict_ms": record.metrics.get("predict_ms"),
            "predict_row_ms": record.metrics.get("predict_row_ms"),
            "size_mb": record.metrics.get("model_bytes", 0.0) / 1e6 if record.finished else None,
            "state": record.status,
            "best": record is best,
            "edited": record.tags.get("edited") == "true",
            "error": record.tags.get("error", ""),
        }
        for position, record in enumerate(records, start=1)
    ]
    columns = [
        "rank",
        "trial",
        "learner",
        "configuration",
        "score",
        "std",
        "fit_s",
        "predict_ms",
        "predict_row_ms",
        "size_mb",
        "state",
        "best",
        "edited",
        "error",
    ]
    table = pd.DataFrame(rows, columns=columns).astype({"rank": "Int64"})
    if any(record.rows is not None for record in records):
        trained = pd.array([record.rows for record in records], dtype="Int64")
        table.insert(columns.index("score"), "rows", trained)
    return table


def config_tag(params: Any) -> str:
    """Hyperparameters as the tag that `TrialRecord.config` reads."""
    return json.dumps(dict(params))
