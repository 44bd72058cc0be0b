"""Commands that use a model: predict, and test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trialbook.cli.commands._common import (
    console,
    find_trial,
    json_option,
    open_experiment,
    say_notes,
    where,
)
from trialbook.errors import OptionError

if TYPE_CHECKING:
    from trialbook.experiment import Experiment, Trial
    from trialbook.tables.plain import Note


@click.command()
@click.argument("data")
@where
@click.option("--trial", default="best", help="Trial to predict with; else the best.")
@click.option("--out", metavar="FILE", help="Table to write; else CSV on standard output.")
@click.option("--proba", is_flag=True, help="Add the probability of each class.")
@json_option
def predict(
    data: str,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    trial: str,
    out: str | None,
    proba: bool,
    as_json: bool,
) -> None:
    """Predict the rows of DATA with the best model, or with another."""
    from trialbook.cli._output import write_json, write_table, writer_for
    from trialbook.tables import read_table

    target = Path(out) if out else None
    if target is not None:
        writer_for(target)
    experiment = open_experiment(workspace, name, tracking_uri)
    if proba and experiment.task != "classification":
        raise OptionError(
            f"there are no probabilities in {experiment.task}",
            place="option --proba",
            remedy="Leave it out.",
        )
    found = find_trial(experiment, trial)
    notes: list[Note] = []
    table = read_table(
        data, text=experiment.schema.text, workspace=experiment.workspace, notes=notes
    )
    say_notes(notes)
    predictions = _predictions(experiment, found, table, proba=proba)
    if target is not None:
        write_table(predictions, target)
        click.echo(f"{len(predictions):,} predictions in {target}", err=True)
    elif as_json:
        write_json(predictions)
    else:
        click.echo(predictions.to_csv(index=False), nl=False)


def _predictions(experiment: Experiment, trial: Trial, table: Any, *, proba: bool) -> Any:
    """Make the table of predictions: one column, then one for each class."""
    import pandas as pd

    which = trial.run_id
    predicted = pd.Series(experiment.predict(table, which)).reset_index(drop=True)
    columns = {"prediction": predicted}
    if proba:
        probabilities = experiment.predict_proba(table, which)
        for label in probabilities.columns:
            columns[f"probability_{label}"] = probabilities[label].reset_index(drop=True)
    return pd.DataFrame(columns)


@click.command()
@click.argument("data")
@where
@click.option("--trial", default="best", help="Trial to test; else the best.")
@json_option
def test(
    data: str,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    trial: str,
    as_json: bool,
) -> None:
    """Measure a model on new data.

    DATA is a table that has the target and that the model has not seen.
    """
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import metrics_table

    experiment = open_experiment(workspace, name, tracking_uri)
    found = find_trial(experiment, trial)
    metrics = experiment.test(data, trial=found.number)
    if as_json:
        write_json({"trial": found.number, "label": found.label, "metrics": metrics})
    else:
        screen = console()
        screen.print(f"test of {found.label}", style="bold", highlight=False, markup=False)
        screen.print(metrics_table(metrics, experiment.metric))
