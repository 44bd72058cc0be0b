"""The command that compares recent rows with those that a model learned from."""

from __future__ import annotations

from pathlib import Path

import click

from trialbook.cli.commands._common import (
    console,
    data_option,
    json_option,
    model_argument,
    trust_option,
    where,
)


@click.command()
@model_argument
@data_option(
    "Recent rows, of series with the target; or, but for forecasts, the folder of a server's log.",
    required=True,
)
@click.option("--html", metavar="FILE", help="Write a page with all figures.")
@click.option(
    "--predictions", is_flag=True, help="Predict the recent rows, and compare that, too."
)
@where
@trust_option
@json_option
def drift(
    model: str,
    data: str,
    html: str | None,
    predictions: bool,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    trust: bool,
    as_json: bool,
) -> None:
    """Compare recent rows with those that MODEL learned from.

    MODEL is a trial (best, its label, number or run), a registered model (churn, churn@3,
    churn@champion), or the folder or file of a model; the best trial when it is left out.

    Says which columns moved, whether the target and the predictions did, and how well a model
    tells new rows from old ones. Of a forecast: whether level, spread and season of the series
    moved, which covariates did, and how errors compare with those of the windows.
    """
    from rich.text import Text

    from trialbook import api
    from trialbook._plain import check_folder

    if html is not None:
        check_folder(Path(html))
    found = api.drift(
        model,
        data,
        predictions=predictions,
        workspace=workspace,
        name=name,
        tracking_uri=tracking_uri,
        trust=trust,
    )
    if html is not None:
        found.to_html(html)
    if as_json:
        click.echo(found.to_json(), nl=False)
        return
    screen = console()
    rows = f"{found.n_recent:,} recent rows against {found.n_reference:,}"
    screen.print(Text(f"drift of {found.model}: {rows} {found.reference}", style="bold"))
    for line in found.summary:
        screen.print(Text(f"- {line}"))
    for note in found.notes:
        click.echo(f"note: {note}", err=True)
    if html is not None:
        click.echo(f"the page is {html}", err=True)
