"""The command that gives a model a name by which others find it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from trialbook.cli.commands._common import (
    console,
    json_option,
    open_experiment,
    where,
)
from trialbook.cli.commands._models import version_document
from trialbook.errors import OptionError


@click.command()
@click.argument("model")
@click.argument("trial", required=False, default="best")
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    metavar="NAME",
    help="Further name of the version, such as champion, which MODEL alone then means.",
)
@click.option(
    "--tag", "tags", multiple=True, metavar="NAME=VALUE", help="What else is to be known."
)
@where
@json_option
def register(
    model: str,
    trial: str,
    aliases: tuple[str, ...],
    tags: tuple[str, ...],
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Enter TRIAL in MLflow's registry, as a version of MODEL.

    MODEL is what it is to be called. TRIAL is its label, its number or its run; the best one when
    it is left out.
    """
    from rich.text import Text

    from trialbook.cli._output import write_json
    from trialbook.cli._tables import print_steps

    experiment = open_experiment(workspace, name, tracking_uri)
    found = experiment.trial(trial)
    made = experiment.register(model, found.run_id, aliases=aliases, tags=_read_tags(tags))
    store = experiment.elsewhere or experiment.tracking_uri
    document = {**version_document(made), "trial": found.label}
    if as_json:
        write_json({**document, "tracking_uri": store})
        return
    screen = console()
    flavour = "pyfunc" if made.tags.get("task") == "forecasting" else "sklearn"
    screen.print(Text(f"{found.label} is version {made.version} of {made.name}", style="bold"))
    steps = [
        ("load it", f'mlflow.set_tracking_uri("{store}")'),
        ("", f'mlflow.{flavour}.load_model("{made.uri}")'),
    ]
    print_steps(screen, steps)


def _read_tags(texts: Sequence[str]) -> dict[str, str]:
    tags = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise OptionError(
                f"'{text}' is no tag", place="option --tag", remedy="Write it like owner=Ada."
            )
        tags[key.strip()] = value
    return tags
