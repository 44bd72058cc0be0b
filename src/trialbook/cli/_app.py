"""The program ``trialbook``: its commands, and how it ends."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import click

from trialbook import __version__
from trialbook.cli.commands import COMMANDS
from trialbook.errors import TrialbookError

INTERRUPTED = 130


class Commands(click.Group):
    """The commands; an unknown one is answered with the nearest."""

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


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__)
def app() -> None:
    """AutoML whose every trial is a notebook you can run.

    Start with: trialbook train data.csv --target y --timeout 5m
    """


for command in COMMANDS:
    app.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process when not given.

    Returns
    -------
    int
        0 when all went well, 2 for bad input, 3 when there is no model, 130 when interrupted.
    """
    try:
        result = app.main(
            None if arguments is None else list(arguments),
            prog_name="trialbook",
            standalone_mode=False,
        )
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except TrialbookError as error:
        click.echo(f"Error: {error}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        # The engine stops gracefully by itself; this is the second Ctrl-C, or one before it began.
        click.echo("Interrupted. Finished trials are kept; go on with trialbook resume.", err=True)
        return INTERRUPTED
    return result if isinstance(result, int) else 0
