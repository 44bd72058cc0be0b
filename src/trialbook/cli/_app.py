"""The program ``trialbook``: its commands, and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from trialbook import __version__
from trialbook.cli.commands import SECTIONS
from trialbook.cli.commands._common import Commands
from trialbook.errors import TrialbookError

INTERRUPTED = 130
# Commands that run trials.
TRAINING = {"train", "forecast", "run", "resume"}


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__)
def app() -> None:
    """AutoML whose every trial is a notebook you can run.

    Start with: trialbook train data.csv --target y --timeout 5m
    """


for section, commands in SECTIONS.items():
    for command in commands:
        app.add_command(command)
    app.sections[section] = [str(command.name) for command in commands]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process when not given.

    Returns
    -------
    int
        0 when all went well, 1 where promote promotes nothing, 2 for bad input, 3 when there is no
        model, 130 when interrupted.
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
        given = sys.argv[1:] if arguments is None else arguments
        parts = any(str(one).startswith("--partition") for one in given)
        again = "trialbook many resume" if parts else "trialbook resume"
        kept = f" Finished trials are kept; go on with {again}."
        click.echo(f"Interrupted.{kept if {*given[:1]} & TRAINING else ''}", err=True)
        return INTERRUPTED
    return result if isinstance(result, int) else 0
