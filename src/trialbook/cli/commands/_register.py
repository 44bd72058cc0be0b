"""The command that gives a model a name by which others find it."""

from __future__ import annotations

import click

from trialbook.cli.commands._common import (
    console,
    find_trial,
    json_option,
    open_experiment,
    trial_argument,
    where,
)


@click.command()
@click.argument("model")
@trial_argument
@where
@json_option
def register(
    model: str,
    trial: str,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Enter a trial in MLflow's registry of models, as a new version of MODEL.

    MODEL is what it is to be called. TRIAL is its number, its label or its run; the best when it
    is left out.
    """
    from rich.text import Text

    from trialbook.cli._output import write_json
    from trialbook.cli._tables import print_steps

    experiment = open_experiment(workspace, name, tracking_uri)
    found = find_trial(experiment, trial)
    made = experiment.register(model, found.run_id)
    store = experiment.elsewhere or experiment.tracking_uri
    document = {"name": made.name, "version": made.version, "uri": made.uri, "trial": found.label}
    if as_json:
        write_json({**document, "tracking_uri": store})
        return
    screen = console()
    screen.print(Text(f"{found.label} is version {made.version} of {made.name}", style="bold"))
    steps = [
        ("load it", f'mlflow.set_tracking_uri("{store}")'),
        ("", f'mlflow.sklearn.load_model("{made.uri}")'),
    ]
    print_steps(screen, steps)
