"""Commands that show what an experiment came to, and run an edited notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trialbook.cli.commands._common import (
    console,
    find_trial,
    json_option,
    model_argument,
    open_experiment,
    top_option,
    tracking_option,
    where,
)
from trialbook.errors import DataError

if TYPE_CHECKING:
    pass


@click.command()
@where
@top_option
@json_option
def leaderboard(
    workspace: str, name: str | None, tracking_uri: str | None, top: int | None, as_json: bool
) -> None:
    """Show the trials of an experiment, best first."""
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import experiment_document, show_experiment

    experiment = open_experiment(workspace, name, tracking_uri)
    if as_json:
        document = experiment_document(experiment)
        if top is not None:
            document["leaderboard"] = document["leaderboard"].head(top)
        write_json(document)
    else:
        show_experiment(console(), experiment, top)


@click.command()
@model_argument
@where
@click.option("--log", is_flag=True, help="Print the trial's log instead.")
@json_option
def show(
    model: str,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    log: bool,
    as_json: bool,
) -> None:
    """Show one trial in full: MODEL or the best.

    MODEL is a trial (best, its label, number or run) or a registered model (churn, churn@3,
    churn@champion); the best trial when it is left out.
    """
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import trial_document, trial_table

    experiment, found = find_trial(model, workspace, name, tracking_uri)
    if log:
        click.echo(_text_of(found.log))
    elif as_json:
        write_json(trial_document(found))
    else:
        console().print(trial_table(found, experiment.metric))


@click.command()
@model_argument
@where
@click.option("--script", is_flag=True, help="Print the path of the same program as a script.")
@json_option
def notebook(
    model: str,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    script: bool,
    as_json: bool,
) -> None:
    """Print where the notebook of MODEL is.

    MODEL is a trial (best, its label, number or run) or a registered model (churn, churn@3,
    churn@champion); the best trial when it is left out.

    Open it with: jupyter lab "$(trialbook notebook)"
    """
    from trialbook.cli._output import write_json

    _, found = find_trial(model, workspace, name, tracking_uri)
    if as_json:
        files = {"notebook": found.notebook, "program": found.program}
        write_json({"trial": found.label, "number": found.number, **files})
    else:
        click.echo(str(found.program if script else found.notebook))


@click.command()
@click.argument("notebook", metavar="NOTEBOOK")
@click.option("--workspace", metavar="FOLDER", help="Else the one that the notebook came from.")
@click.option("--name", help="Name of the experiment; else the one the notebook came from.")
@tracking_option
@json_option
def rerun(
    notebook: str,
    workspace: str | None,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Run an edited NOTEBOOK as a new trial.

    It joins the leaderboard of the experiment that it came from.
    """
    from trialbook import api
    from trialbook.cli._output import write_json
    from trialbook.cli._screen import progress
    from trialbook.cli._tables import trial_document, trial_table

    path = Path(notebook)
    if not path.is_file():
        raise DataError(
            "there is no such notebook",
            place=notebook,
            remedy="'trialbook notebook TRIAL' prints where a trial's notebook is.",
        )
    with progress(as_json=as_json) as listener:
        trial = api.rerun(
            path, workspace=workspace, name=name, tracking_uri=tracking_uri, listeners=[listener]
        )
    if as_json:
        write_json(trial_document(trial))
    else:
        started = listener.state.started
        console().print(trial_table(trial, started.metric if started else ""))


def _text_of(log: str | Path) -> str:
    """Read a log that is kept in a file."""
    return log.read_text(encoding="utf-8") if isinstance(log, Path) else log
