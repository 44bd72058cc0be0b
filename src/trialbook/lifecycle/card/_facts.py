"""What a model card says of a model, its data and its making: all of it is kept with the run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from trialbook._words import plural, sentence, shorten
from trialbook.addresses import place_of, title_of
from trialbook.data import Guardrail, Schema, ranked, told
from trialbook.experiment import state
from trialbook.job import Job
from trialbook.lifecycle._held import readable
from trialbook.lifecycle.card._blocks import (
    Bars,
    Block,
    Checks,
    Code,
    Facts,
    Grid,
    Pictures,
    Section,
    Text,
)
from trialbook.models import MODEL_FOLDER, python_of, read_requirements
from trialbook.profiling.page_parts import figure, share

if TYPE_CHECKING:
    from trialbook.lifecycle._handle import Experiment
    from trialbook.lifecycle._trial import Trial

# Columns and classes that a card names; the profile has all.
COLUMNS_SHOWN, CLASSES_SHOWN = 60, 20
# Characters of a value.
LENGTH = 30
CODE_LENGTH = 4000
# The charts of a trial, the most asked for first.
CHARTS = {
    "roc": "ROC curve",
    "precision_recall": "Precision-recall curve",
    "confusion_matrix": "Confusion matrix",
    "calibration": "Calibration",
    "lift": "Lift",
    "cumulative_gains": "Cumulative gains",
    "predicted_vs_true": "Predicted and true values",
    "residuals": "Residuals",
    "forecast_horizon": "Forecasts and true values",
    "error_by_step": "Error by step of the horizon",
    "error_by_series": "Error by series",
    "coverage": "What quantiles promise and keep",
}


@dataclass(frozen=True)
class Learned:
    """The rows that a model learned from.

    Parameters
    ----------
    rows : DataFrame
        Features as people understand them; see `trialbook.lifecycle._held.readable`.
    target : Series
        As it is stored.
    n_test : int
        Rows that were held out from everything.
    """

    rows: pd.DataFrame
    target: pd.Series
    n_test: int


def learned(experiment: Experiment) -> Learned:
    """Read the rows that an experiment learned from.

    Parameters
    ----------
    experiment : Experiment

    Returns
    -------
    Learned
    """
    schema = experiment.schema
    table = pd.read_parquet(
        experiment.folder / state.TRAIN, columns=[*schema.names, schema.target]
    )
    test, n_test = experiment.folder / state.TEST, 0
    if test.exists():
        n_test = len(pd.read_parquet(test, columns=[schema.target]))
    return Learned(readable(table, schema), table[schema.target], n_test)


def model_section(experiment: Experiment, trial: Trial, names: Sequence[str]) -> Section:
    """What the model is, and where its program is.

    Parameters
    ----------
    experiment : Experiment
    trial : Trial
    names : sequence of str
        What it is called in the registry, with aliases.
    """
    record, metrics = trial.record, trial.metrics
    one_row = metrics.get("predict_row_ms")
    of_series = experiment.schema.series is not None
    took = "The horizon of a series takes" if of_series else "One row takes"
    size = metrics.get("model_bytes")
    facts = [
        ("Task", f"{experiment.task} of {experiment.schema.target}"),
        ("Registered as", ", ".join(names) or "not registered"),
        ("Trial", f"{trial.label} of the experiment {experiment.name}"),
        ("Learner", trial.learner),
        ("Configuration", record.tags.get("configuration", "")),
        ("Ranked by", experiment.metric),
        ("Size", "" if size is None else f"{size / 1e6:,.2f} MB"),
        (took, "" if one_row is None else f"{one_row:,.1f} ms"),
        ("Edited by a person", "yes" if trial.edited else ""),
        ("Trained anew on all rows", "yes" if trial.refitted else ""),
        ("Run", trial.run_id),
    ]
    blocks: list[Block] = [Facts(facts)]
    if trial.params:
        text = json.dumps(trial.params, indent=2, ensure_ascii=False, default=str)
        blocks.append(Code(shorten(text, CODE_LENGTH), "json"))
    where = trial.notebook
    if where.is_relative_to(experiment.workspace):
        shown = str(where.relative_to(experiment.workspace))
    else:
        shown = where.name
    said = f"The program that made it is a notebook, {shown} in the workspace."
    blocks.append(Text(f"{said} Running it gives the same validation score again."))
    return Section("model", "Model", blocks)


def data_section(experiment: Experiment, data: Learned, licence: str | None) -> Section:
    """Where the rows are from, and what is in them.

    Parameters
    ----------
    experiment : Experiment
    data : Learned
    licence : str, optional
        Of the data, as far as a person knows.
    """
    schema = experiment.schema
    job = state.read_json(experiment.folder / state.JOB)
    kept = experiment.folder / state.TABLE
    version = state.read_json(kept).get("version") if kept.exists() else None
    address = str(job["data"])
    in_memory = address == Job.IN_MEMORY
    name = "a table in memory" if in_memory else title_of(address) or address
    dropped = [column for column in schema.columns if not column.used]
    facts = [
        ("Source", name),
        ("Place", "" if in_memory else place_of(address)),
        ("Version of the table", "" if version is None else str(version)),
        ("Licence", licence or "not stated"),
        ("Rows that trained and validated", f"{len(data.rows):,}"),
        ("Rows held out for the test", f"{data.n_test:,}" if data.n_test else "none"),
        ("Features", f"{len(schema.names):,}"),
        ("Target", schema.target),
        ("Weights of rows", schema.weight or ""),
    ]
    blocks: list[Block] = [Facts(facts), _target(schema, data.target)]
    shown = list(schema.used[:COLUMNS_SHOWN])
    rows = [_column(data.rows[one.name], one.name, one.semantic.value) for one in shown]
    head = ("Column", "Type", "Values", "Missing")
    blocks.append(Grid(head, rows, (3,), title="Features"))
    more = len(schema.used) - len(shown)
    if more > 0:
        blocks.append(Text(f"and {plural(more, 'more feature')}", muted=True))
    if dropped:
        listed = "; ".join(f"{one.name}: {one.dropped}" for one in dropped[:CLASSES_SHOWN])
        more = len(dropped) - CLASSES_SHOWN
        listed += f"; and {more:,} more" if more > 0 else ""
        blocks.append(Text(f"Not used: {listed}.", muted=True))
    return Section("data", "Data", blocks)


def _target(schema: Schema, target: pd.Series) -> Block:
    if not schema.classes:
        values = target.to_numpy(dtype=float)
        quantiles = np.quantile(values, (0, 0.25, 0.5, 0.75, 1))
        names = ("minimum", "25 %", "median", "75 %", "maximum")
        told = [(f"{schema.target}, {name}", figure(q)) for name, q in zip(names, quantiles)]
        return Facts([*told, (f"{schema.target}, mean", figure(float(values.mean())))])
    counts = target.value_counts()
    shares = counts / counts.sum()
    rows = [
        (shorten(str(label), LENGTH), float(shares[label]), share(float(shares[label])))
        for label in counts.index[:CLASSES_SHOWN]
    ]
    return Bars(rows, title=f"Classes of {schema.target}")


def _column(column: pd.Series, name: str, semantic: str) -> tuple[str, str, str, str]:
    known = column.dropna()
    lacking = share(float(column.isna().mean()))
    if not len(known):
        return name, semantic, "", lacking
    if column.dtype.kind == "M":
        values = f"{known.min().date()} to {known.max().date()}"
    elif column.dtype == object:
        counts = known.value_counts(normalize=True)
        top = ", ".join(
            f"{shorten(str(value), LENGTH)} ({share(float(part))})"
            for value, part in counts.iloc[:3].items()
        )
        more = len(counts) - 3
        values = top + (f" and {more:,} more" if more > 0 else "")
    else:
        words = " words" if semantic == "text" else ""
        ends = f"{figure(float(known.min()))} to {figure(float(known.max()))}{words}"
        values = f"{ends}, median {figure(float(known.median()))}"
    return name, semantic, values, lacking


def checks_section(guardrails: Sequence[Guardrail]) -> Section:
    """The guardrails with their verdicts; those that passed by name only.

    Parameters
    ----------
    guardrails : sequence of Guardrail
    """
    found = [one for one in ranked(guardrails) if one.verdict != "passed"]
    passed = [one.name for one in guardrails if one.verdict == "passed"]
    blocks: list[Block] = []
    if found:
        checks = [
            (one.verdict, one.name, " ".join(sentence(p) for p in (told(one), one.action) if p))
            for one in found
        ]
        blocks.append(Checks(checks))
    if passed:
        blocks.append(Text(f"Passed: {', '.join(passed)}.", muted=True))
    return Section("checks", "Checks of the data", blocks)


def validation_text(experiment: Experiment, trial: Trial, data: Learned) -> list[Block]:
    """How the model was validated, in a few sentences."""
    folds = state.read_json(experiment.folder / state.FOLDS)
    score, std = trial.score, trial.record.std
    said = [
        f"Validated by: {folds['description'].rstrip('.')}.",
        f"The score that ranks, {experiment.metric}, is {figure(score)}"
        + (f" ± {figure(std)} (mean and standard deviation over the folds)." if std else "."),
    ]
    n = sum(one.state == "finished" for one in experiment.trials)
    if n > 1:
        said.append(f"It was chosen among {plural(n, 'model')} by this score.")
    if data.n_test:
        said.append(
            f"{plural(data.n_test, 'row')} were cut off before anything else and saw the model"
            " only at the end: their figures are those to go by."
        )
    else:
        said.append(
            "No rows were held out for a test, so figures of the winner are a little hopeful."
        )
    return [Text(" ".join(said))]


def charts_of(trial: Trial, folder: str, of: str, seconds: float) -> list[Block]:
    """The charts in a folder of a trial; those that are only kept as data are drawn.

    Parameters
    ----------
    trial : Trial
    folder : str
        ``charts`` or ``test``.
    of : str
        What is said of the rows.
    seconds : float
        After which no more are drawn.
    """
    import time

    from trialbook.evaluation import Chart
    from trialbook.lifecycle.card._blocks import Picture

    until = time.monotonic() + seconds
    shown = []
    for name, title in CHARTS.items():
        path = trial.folder / folder / f"{name}.png"
        if path.is_file():
            png = path.read_bytes()
        elif path.with_suffix(".json").is_file() and time.monotonic() < until:
            png = picture_of(Chart.read(path.with_suffix(".json")).figure)
        else:
            continue
        shown.append(Picture(f"{folder}_{name}", f"{title}, {of}", png))
    return [Pictures(shown)] if shown else []


def picture_of(drawn: Any) -> bytes:
    """A figure of matplotlib as PNG."""
    import io

    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png")
    return buffer.getvalue()


def use_section(experiment: Experiment, trial: Trial, names: Sequence[str]) -> Section:
    """How to load, ask, serve and export it.

    Parameters
    ----------
    experiment : Experiment
    trial : Trial
    names : sequence of str
        As in `model_section`.
    """
    which = names[0].split(" ")[0] if names else trial.label
    place = f', name="{experiment.name}"' if not names else ""
    workspace = experiment.workspace.name
    ask = "predict_set" if experiment.schema.classes else "predict_interval"
    python = (
        "import trialbook as tb\n\n"
        f'model = tb.load_model("{which}", workspace="{workspace}"{place})\n'
        'model.predict("new.parquet")\n'
        f'model.{ask}("new.parquet", coverage=0.9)'
    )
    where = f"--workspace {workspace}" + (f" --name {experiment.name}" if not names else "")
    shell = "\n".join(
        (
            f"trialbook serve {which} {where}",
            f"trialbook export {which} --to onnx {where}",
            f"trialbook export {which} --to docker {where}",
        )
    )
    plain = (
        "import mlflow\n\n"
        f'mlflow.set_tracking_uri("sqlite:///{workspace}/mlflow.db")\n'
        f'mlflow.sklearn.load_model("{trial.uri}")  # needs no Trialbook'
    )
    blocks: list[Block] = [Code(python, "python"), Code(shell, "bash")]
    if experiment.elsewhere is None:
        blocks.append(Code(plain, "python"))
    return Section("use", "How to use it", blocks)


def environment_section(trial: Trial) -> Section:
    """What it was made with.

    Parameters
    ----------
    trial : Trial
    """
    folder = trial.folder / MODEL_FOLDER
    lines = read_requirements(folder)
    python = python_of(folder)
    facts = [("python", python or "")]
    facts += [(name, version) for name, _, version in (one.partition("==") for one in lines)]
    lead = "A model of other versions may not load, or answer otherwise."
    return Section("environment", "Environment", [Facts(facts)] if lines else [], lead)
