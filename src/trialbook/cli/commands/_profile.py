"""The command that looks at a table before anything is trained on it."""

from __future__ import annotations

from pathlib import Path

import click

from trialbook.cli._options import type_pairs
from trialbook.cli.commands._common import console, json_option
from trialbook.job import Job


@click.command()
@click.argument("data")
@click.option("--target", metavar="COLUMN", help="Column that would be predicted.")
@click.option("--html", metavar="FILE", help="Write a page with all figures.")
@click.option(
    "--types", multiple=True, metavar="COLUMN=TYPE", help="Column types that override detection."
)
@click.option("--time-column", metavar="COLUMN", help="Dates by which time coverage is told.")
@click.option(
    "--workspace",
    default=Job.model_fields["workspace"].default,
    show_default=True,
    metavar="FOLDER",
    help="Folder whose tables are found by name.",
)
@json_option
def profile(
    data: str,
    target: str | None,
    html: str | None,
    types: tuple[str, ...],
    time_column: str | None,
    workspace: str,
    as_json: bool,
) -> None:
    """Describe DATA before anything is trained on it.

    Types, missing cells, distributions, and what goes with the target.
    """
    from trialbook import api
    from trialbook._plain import check_folder
    from trialbook.cli._profile import show_profile

    if html is not None:
        check_folder(Path(html))
    found = api.profile(
        data,
        target,
        types=type_pairs("types", types),
        time_column=time_column,
        workspace=workspace,
    )
    if html is not None:
        found.to_html(html)
        click.echo(f"the profile is in {html}", err=True)
    if as_json:
        click.echo(found.to_json(), nl=False)
    elif html is None:
        show_profile(console(), found)
