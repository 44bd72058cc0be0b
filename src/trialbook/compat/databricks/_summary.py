"""What an experiment comes to, with the attributes that Databricks documents."""

from __future__ import annotations

import ast
import html
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trialbook._syntax import parse
from trialbook._words import plural
from trialbook.compat.databricks._metrics import PRIMARY, renamed
from trialbook.learners import find

if TYPE_CHECKING:
    from trialbook.lifecycle import Experiment, Trial

# Bars of the distribution of scores, and letters of the longest one.
BARS, BAR_LETTERS = 5, 30
SHOWN_TRIALS = 10
# A cell of text; notebooks put cells to the right.
LEFT = '<td style="text-align: left">'


@dataclass(frozen=True)
class TrialInfo:
    """One trial.

    Parameters
    ----------
    notebook_path : str or None
        Where its notebook is.
    notebook_url : str or None
        The same as an address for a browser.
    artifact_uri : str or None
        Address of the notebook among the artifacts of its run; `import_notebook` copies it.
    mlflow_run_id : str
        Its MLflow run.
    metrics : dict of str to float
        ``val_…``, ``training_…`` and, of the best trial, ``test_…``, as MLflow names them:
        ``val_f1_score``, ``val_r2_score``.
    params : dict of str to str
        Hyperparameters.
    model_path : str or None
        Address of the MLflow model, for ``mlflow.pyfunc.load_model`` and others.
    model_description : str
        The algorithm and its hyperparameters.
    duration : str
        How long it trained.
    preprocessors : str
        How the columns become features.
    evaluation_metric_score : float or None
        The primary metric on the validation rows.

    Notes
    -----
    A trial without a model, such as one that failed, has ``None`` where there is nothing.
    """

    notebook_path: str | None
    notebook_url: str | None
    artifact_uri: str | None
    mlflow_run_id: str
    metrics: dict[str, float]
    params: dict[str, str]
    model_path: str | None
    model_description: str
    duration: str
    preprocessors: str
    evaluation_metric_score: float | None
    _trial: Trial

    def load_model(self) -> Any:
        """Load the model.

        Returns
        -------
        estimator or Forecaster
            A fitted scikit-learn estimator of the table's columns; of a forecast MLflow's model,
            with ``predict_timeseries`` and ``make_future_dataframe``.

        Raises
        ------
        NoModelError
            If the trial has none.
        """
        from trialbook.compat.databricks._forecaster import Forecaster
        from trialbook.models import MODEL_FOLDER, is_forecaster

        self._trial.require_model()
        folder = self._trial.folder / MODEL_FOLDER
        if not is_forecaster(folder):
            return self._trial.model
        import mlflow.pyfunc

        return Forecaster(mlflow.pyfunc.load_model(str(folder)))

    def __repr__(self) -> str:
        score = self.evaluation_metric_score
        lines = {
            "Model": self.model_description,
            "Model path": self.model_path,
            "Preprocessors": self.preprocessors,
            "Training duration": self.duration,
            "Evaluation metric score": "none" if score is None else f"{score:.6g}",
            "Notebook": self.notebook_path,
            "MLflow run id": self.mlflow_run_id,
        }
        return "\n".join(f"{name}: {value}" for name, value in lines.items())


@dataclass(frozen=True)
class AutoMLSummary:
    """An experiment and its trials.

    Parameters
    ----------
    experiment : mlflow.entities.Experiment
        The MLflow experiment.
    trials : list of TrialInfo
        Best first; those without a model last.
    best_trial : TrialInfo
        The winner.
    metric_distribution : str
        How the scores of the trials are spread.
    output_table_name : str or None
        Table of the forecast, if a database for it was named.
    primary_metric : str
        What ranks the trials; Trialbook's own.
    alerts : list of str
        What was found in the data that a person should look at; Trialbook's own.
    """

    experiment: Any
    trials: list[TrialInfo]
    best_trial: TrialInfo
    metric_distribution: str
    output_table_name: str | None
    primary_metric: str
    alerts: list[str]

    def __repr__(self) -> str:
        rows = [f"  {_one_line(one)}" for one in self.trials[:SHOWN_TRIALS]]
        more = len(self.trials) - len(rows)
        return "\n".join(
            [
                f"Experiment {self.experiment.name}: {plural(len(self.trials), 'trial')},"
                f" ranked by {self.primary_metric}",
                *rows,
                *([f"  and {more} more"] if more > 0 else []),
                "",
                "Best trial",
                *(f"  {line}" for line in repr(self.best_trial).splitlines()),
                "",
                self.metric_distribution,
                *(["", "Alerts", *(f"  {one}" for one in self.alerts)] if self.alerts else []),
            ]
        )

    def _repr_html_(self) -> str:
        """The same as a table, with links to the notebooks."""
        cells = []
        for number, one in enumerate(self.trials[:SHOWN_TRIALS], start=1):
            score = one.evaluation_metric_score
            link = "" if one.notebook_url is None else f'<a href="{one.notebook_url}">notebook</a>'
            texts = ("none" if score is None else f"{score:.6g}", one.model_description)
            inner = "".join(f"{LEFT}{html.escape(text)}</td>" for text in (*texts, one.duration))
            cells.append(f"<tr><td>{number}</td>{inner}{LEFT}{link}</td></tr>")
        names = (html.escape(self.primary_metric), "model", "duration", "")
        head = "".join(f"{LEFT.replace('td', 'th')}{name}</th>" for name in names)
        more = len(self.trials) - len(cells)
        return (
            f"<p><b>{html.escape(self.experiment.name)}</b>:"
            f" {plural(len(self.trials), 'trial')}</p>"
            f"<table><tr><th></th>{head}</tr>{''.join(cells)}</table>"
            + (f"<p>and {more} more</p>" if more > 0 else "")
            + f"<pre>{html.escape(self.metric_distribution)}</pre>"
            + "".join(f"<p>Alert: {html.escape(one)}</p>" for one in self.alerts)
        )


def summarise(
    experiment: Experiment,
    primary_metric: str,
    output_table_name: str | None = None,
    alerts: Sequence[str] = (),
) -> AutoMLSummary:
    """Describe an experiment.

    Parameters
    ----------
    experiment : Experiment
        It has a model.
    primary_metric : str
        As it was asked for.
    output_table_name : str, optional
        The table of its forecast.
    alerts : sequence of str
        What else a person should look at.

    Returns
    -------
    AutoMLSummary
    """
    import mlflow

    best = experiment.best
    infos = {one.run_id: trial_info(experiment, one) for one in experiment.trials}
    name = f"val_{PRIMARY.get(primary_metric, primary_metric)}"
    scores = [info.evaluation_metric_score for info in infos.values()]
    return AutoMLSummary(
        experiment=mlflow.get_experiment_by_name(experiment.name),
        trials=list(infos.values()),
        best_trial=infos[best.run_id],
        metric_distribution=_distribution(name, [one for one in scores if one is not None]),
        output_table_name=output_table_name,
        primary_metric=primary_metric,
        alerts=[
            f"{one.name}: {one.finding}" + (f"; {one.action}" if one.action else "")
            for one in experiment.guardrails
            if one.verdict == "alerted"
        ]
        + list(alerts),
    )


def trial_info(experiment: Experiment, trial: Trial) -> TrialInfo:
    """Describe one trial of an experiment."""
    has_model = trial.state == "finished"
    notebook = trial.notebook if trial.notebook.exists() else None
    schema = experiment.schema
    return TrialInfo(
        notebook_path=None if notebook is None else str(notebook),
        notebook_url=None if notebook is None else notebook.as_uri(),
        artifact_uri=None if notebook is None else notebook.as_uri(),
        mlflow_run_id=trial.run_id,
        metrics=renamed(trial.metrics, schema.task, len(schema.classes)),
        params={name: str(value) for name, value in trial.params.items()},
        model_path=(trial.folder / "model").as_uri() if has_model else None,
        model_description=_model_description(trial),
        duration=_duration(trial.metrics.get("fit_s")),
        preprocessors=_preprocessors(trial.program) if has_model else "",
        evaluation_metric_score=trial.score,
        _trial=trial,
    )


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    return f"{seconds:.1f} seconds" if seconds < 60 else f"{seconds / 60:.1f} minutes"


def _one_line(one: TrialInfo) -> str:
    score = "   no model" if one.evaluation_metric_score is None else ""
    return f"{score or f'{one.evaluation_metric_score:11.6g}'}  {one.model_description}"


def _model_description(trial: Trial) -> str:
    params = ", ".join(f"{name}={value}" for name, value in trial.params.items())
    if trial.learner in ("voting", "stacking"):
        return f"{trial.learner.capitalize()} ensemble of {trial.params.get('members', '')}"
    known = trial.learner not in ("edited", "")
    title = find(trial.learner).name if known else "Edited notebook"
    return f"{title} ({params})" if params else title


def _preprocessors(program: Path) -> str:
    """How a program makes features, read from its ``ColumnTransformer``."""
    tree = parse(program.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "ColumnTransformer":
            parts = [_transformer(part) for part in getattr(node.args[0], "elts", ())]
            return "; ".join(part for part in parts if part)
    return "those of its members" if "MEMBERS" in program.read_text("utf-8") else "none"


def _transformer(node: ast.AST) -> str:
    """One element of a ``ColumnTransformer``: its name and the classes that it is made of."""
    if not isinstance(node, ast.Tuple) or not isinstance(node.elts[0], ast.Constant):
        return ""
    steps = [_called(call) for call in ast.walk(node) if isinstance(call, ast.Call)]
    names = [name for name in steps if name and name[0].isupper()]
    return f"{node.elts[0].value!s}: {', '.join(dict.fromkeys(names)) or 'as it is'}"


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _distribution(name: str, scores: Sequence[float]) -> str:
    """The spread of the trials' scores, as text."""
    values = np.asarray(scores, dtype=float)
    if np.ptp(values) == 0:
        return f"Distribution of {name} over {plural(len(scores), 'trial')}: {values[0]:.6g}"
    quartiles = np.percentile(values, [0, 25, 50, 75, 100])
    words = ("lowest", "25 %", "median", "75 %", "highest")
    told = ", ".join(f"{word} {value:.6g}" for word, value in zip(words, quartiles, strict=True))
    lines = [f"Distribution of {name} over {plural(len(scores), 'trial')}: {told}"]
    counts, edges = np.histogram(values, bins=BARS)
    for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
        bar = "█" * int(np.ceil(BAR_LETTERS * count / counts.max()))
        lines.append(f"  {low:10.5g} to {high:10.5g}  {count:4d} {bar}".rstrip())
    return "\n".join(lines)
