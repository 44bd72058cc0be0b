"""What several commands share: options, and the way to an experiment."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trialbook.job import Job, seconds

if TYPE_CHECKING:
    from rich.console import Console

    from trialbook.lifecycle import Experiment, Trial
    from trialbook.tables.plain import Note

Command = TypeVar("Command", bound=Callable[..., Any])


class Commands(click.Group):
    """The commands, in sections; an unknown one is answered with the nearest."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.sections: dict[str, list[str]] = {}

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under the headings of their sections."""
        width = max(map(len, self.commands))
        room = formatter.width - 6 - width
        for title, names in (self.sections or {"Commands": list(self.commands)}).items():
            with formatter.section(title):
                formatter.write_dl(
                    [
                        (name.ljust(width), self.commands[name].get_short_help_str(room))
                        for name in names
                    ]
                )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was asked for."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], known, n=1)
            hint = f"Did you mean '{close[0]}'?" if close else f"Known: {', '.join(known)}."
            ctx.fail(f"unknown command '{args[0]}'. {hint}")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order in which a person meets them."""
        return list(self.commands)


def read_duration(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> float | None:
    """Read a duration, or say how one is written."""
    try:
        return None if value is None else seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, parameter) from None


tracking_option = click.option(
    "--tracking-uri", metavar="URI", help="MLflow tracking server instead of the workspace's own."
)


def where(command: Command) -> Command:
    """Decorate a command with the options that name an experiment."""
    options = (
        click.option(
            "--workspace",
            default=Job.model_fields["workspace"].default,
            show_default=True,
            metavar="FOLDER",
            help="Folder that keeps the experiments.",
        ),
        click.option("--name", help="Name of the experiment; else the latest."),
        tracking_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Write one JSON document on standard output."
)
trust_option = click.option(
    "--trust",
    is_flag=True,
    help="Load a pickle from outside the workspace: it may run any code of its author's.",
)
top_option = click.option("--top", type=click.IntRange(1), help="Only so many, the best.")
model_argument = click.argument("model", required=False, default="best")


def console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    # A file or a pipe has no width; a table there is as wide as it needs to be.
    on_screen = (sys.stderr if stderr else sys.stdout).isatty()
    return Console(stderr=stderr, width=None if on_screen else 160)


def open_experiment(workspace: str, name: str | None, tracking_uri: str | None) -> Experiment:
    from trialbook import api

    return api.open(workspace, name, tracking_uri=tracking_uri)


def find_trial(
    model: str, workspace: str, name: str | None, tracking_uri: str | None
) -> tuple[Experiment, Trial]:
    """Find a trial by its number, its run, its label or what it is called in the registry."""
    from trialbook import api

    return api.find_trial(model, workspace=workspace, name=name, tracking_uri=tracking_uri)


def timeout_option(default: str | None, text: str) -> Callable[[Command], Command]:
    """The deadline of a command that is not a job."""
    return click.option(
        "--timeout",
        default=default,
        show_default=default is not None,
        metavar="DURATION",
        callback=read_duration,
        help=text,
    )


def data_option(text: str, *, required: bool = False) -> Callable[[Command], Command]:
    """A table that a command is about, whatever `trialbook train` takes."""
    return click.option("--data", metavar="TABLE", required=required, help=text)


def say_notes(notes: Iterable[Note]) -> None:
    """Tell what the reader of a table interpreted or left out, such as rows without prediction."""
    for note in notes:
        click.echo(f"note: {note}", err=True)
