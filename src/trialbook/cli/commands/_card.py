"""The command that makes a model card."""

from __future__ import annotations

from pathlib import Path

import click

from trialbook.cli.commands._common import (
    data_option,
    json_option,
    model_argument,
    timeout_option,
    where,
)


@click.command()
@model_argument
@click.option("-o", "--out", metavar="FILE", help="Write it there, too: .html or .md.")
@data_option("Rows with the target that it has not seen, to judge it on, too.")
@click.option(
    "--fairness-by",
    multiple=True,
    metavar="COLUMN",
    help="Compare groups by a sensitive column, or by two: sex,age. May be given again.",
)
@timeout_option("60s", "Deadline: the shorter, the less is on it.")
@click.option("--intended-use", metavar="TEXT", help="What the model is for, and what not.")
@click.option("--owner", metavar="TEXT", help="Who answers for it.")
@click.option("--licence", metavar="TEXT", help="Licence of the data.")
@where
@json_option
def card(
    model: str,
    out: str | None,
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
    """Make a model card of MODEL.

    What it is, how good, where not, and how to use it, on one page. It is kept with the trial.

    MODEL is a trial (best, its label, number or run) or a registered model (churn, churn@3,
    churn@champion); the best trial when it is left out.
    """
    from trialbook import api
    from trialbook.cli._output import write_json
    from trialbook.lifecycle import card_ending

    if out is not None:
        card_ending(out)
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
    if out is not None:
        made.write(out)
    page = Path(out) if out is not None else made.folder / "card.html"
    if as_json:
        parts = [section.title for section in made.sections if section.blocks]
        write_json({"title": made.title, "page": page, "folder": made.folder, "parts": parts})
    else:
        click.echo(str(page))
