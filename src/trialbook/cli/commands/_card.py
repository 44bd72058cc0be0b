"""The command that makes a model card."""

from __future__ import annotations

from pathlib import Path

import click

from trialbook.cli.commands._common import json_option, read_duration, where


@click.command()
@click.argument("model", required=False, default="best")
@click.option("-o", "--output", metavar="FILE", help="Write it there, too: .html or .md.")
@click.option("--data", help="Judge it on this table, with the target, that it has not seen.")
@click.option(
    "--fairness-by",
    multiple=True,
    metavar="COLUMN",
    help="Compare groups by a sensitive column, or by two: sex,age. May be given again.",
)
@click.option(
    "--timeout", default="60s", show_default=True, callback=read_duration, help="Time for it."
)
@click.option("--intended-use", metavar="TEXT", help="What the model is for, and what not.")
@click.option("--owner", metavar="TEXT", help="Who answers for it.")
@click.option("--licence", metavar="TEXT", help="Licence of the data.")
@where
@json_option
def card(
    model: str,
    output: str | None,
    data: str | None,
    fairness_by: tuple[str, ...],
    timeout: float,
    intended_use: str | None,
    owner: str | None,
    licence: str | None,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Make a model card: what a model is, how good, where not, and how to use it.

    MODEL is one of the registry (churn, churn@champion), or a trial: its number, its label or its
    run; the best when it is left out. The card is kept with the trial.
    """
    from trialbook import api
    from trialbook.cli._output import write_json
    from trialbook.experiment import card_ending

    if output is not None:
        card_ending(output)
    made = api.card(
        model,
        workspace=workspace,
        name=name,
        tracking_uri=tracking_uri,
        data=data,
        fairness_by=fairness_by,
        timeout=timeout,
        intended_use=intended_use,
        owner=owner,
        licence=licence,
    )
    if output is not None:
        made.write(output)
    page = Path(output) if output is not None else made.folder / "card.html"
    if as_json:
        parts = [section.title for section in made.sections if section.blocks]
        write_json({"title": made.title, "page": page, "folder": made.folder, "parts": parts})
    else:
        click.echo(str(page))
