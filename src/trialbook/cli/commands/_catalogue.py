"""Commands for the tables that a workspace keeps by name."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from trialbook.cli.commands._common import Commands, console, json_option, say_notes
from trialbook.errors import DataError, OptionError
from trialbook.job import Job

if TYPE_CHECKING:
    from trialbook.tables.plain import Note

workspace_option = click.option(
    "--workspace",
    default=Job.model_fields["workspace"].default,
    show_default=True,
    metavar="FOLDER",
    help="Folder that keeps the tables and experiments.",
)


@click.group(cls=Commands)
def tables() -> None:
    """Keep tables by name, with versions.

    After `trialbook tables upload bank.csv`, commands take `bank` for its latest version, and
    `bank@3` for another. An experiment remembers which version it was trained on.
    """


@tables.command()
@click.argument("file")
@click.option("--name", help="What it is called; else as the file.")
@click.option("--append", is_flag=True, help="Add the rows to those that are there.")
@workspace_option
@json_option
def upload(file: str, name: str | None, append: bool, workspace: str, as_json: bool) -> None:
    """Keep FILE as a new version of a table.

    FILE is anything that `trialbook train` takes.
    """
    from trialbook.cli._output import write_json
    from trialbook.tables import upload as upload_table

    notes: list[Note] = []
    entry = upload_table(file, name, workspace, append=append, notes=notes)
    say_notes(notes)
    if as_json:
        write_json(entry)
    else:
        size = f"{entry.rows:,} rows, {entry.columns:,} columns"
        click.echo(f"{entry.name}@{entry.version}: {size}")


@tables.command("list")
@workspace_option
@json_option
def list_(workspace: str, as_json: bool) -> None:
    """List the tables with their latest versions."""
    from trialbook import tables as catalogue
    from trialbook.cli._catalogue import entries_table
    from trialbook.cli._output import write_json

    entries = catalogue.list(workspace)
    if as_json:
        write_json(entries)
    elif entries:
        console().print(entries_table(entries))
    else:
        click.echo("The workspace has no tables yet. Add one: trialbook tables upload FILE")


@tables.command()
@click.argument("table")
@click.option(
    "--rows",
    type=click.IntRange(0, 1000),
    default=5,
    show_default=True,
    help="Rows of the sample.",
)
@workspace_option
@json_option
def show(table: str, rows: int, workspace: str, as_json: bool) -> None:
    """Show the columns, first rows and versions of TABLE.

    TABLE is its name, with a version if another than the latest is meant: bank, bank@3.
    """
    from trialbook.cli._catalogue import show_details
    from trialbook.cli._output import write_json
    from trialbook.tables import show as show_table

    details = show_table(table, workspace, rows)
    if as_json:
        write_json(details)
    else:
        show_details(console(), details)


@tables.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@workspace_option
@json_option
def drop(name: str, yes: bool, workspace: str, as_json: bool) -> None:
    """Delete a table with all of its versions."""
    from trialbook.cli._output import write_json
    from trialbook.tables import drop as drop_table
    from trialbook.tables import show as show_table

    versions: int | None = None
    try:
        versions = len(show_table(name, workspace, 0).versions)
    except DataError:
        if not yes:  # else a damaged table goes, too, and one that is not there is told below
            raise
    if not yes:
        if not sys.stdin.isatty():
            raise OptionError(
                "nobody is there to be asked", place="option --yes", remedy="Add --yes."
            )
        several = f"all of its {versions} versions" if versions != 1 else "its one version"
        if not click.confirm(f"Delete the table {name} with {several}?"):
            click.echo(f"{name} is kept.", err=as_json)
            return
    drop_table(name, workspace)
    if as_json:
        write_json({"dropped": name, "versions": versions})
    else:
        click.echo(f"{name} is deleted.")
