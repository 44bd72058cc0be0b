"""Commands for many models: an experiment for each part of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from trialbook.cli.commands._common import (
    Commands,
    console,
    json_option,
    read_duration,
    tracking_option,
)
from trialbook.cli.commands._predict import read_levels, write_forecasts
from trialbook.errors import OptionError
from trialbook.job import Job

if TYPE_CHECKING:
    from trialbook.lifecycle import ManyModels, Part


def partition_options(command: Any) -> Any:
    """Decorate a command that trains with those that make it train many models."""
    options = (
        click.option(
            "--partition",
            metavar="COLUMN,...",
            help="Train a model of its own for each value of these columns, within one deadline.",
        ),
        click.option(
            "--divide",
            type=click.Choice(["rows", "even"]),
            default="rows",
            help="With a partition: time by the rows of a part, or the same for all.",
        ),
        click.option(
            "--at-once",
            type=click.IntRange(1),
            metavar="NUMBER",
            help="With a partition: experiments that run at once; else one a core.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def train_parts(
    job: Job, partition: str, divide: Any, at_once: int | None, *, as_json: bool, dry_run: bool
) -> None:
    """Train many models, and show what became of them."""
    from trialbook import api

    if dry_run:
        raise OptionError(
            "the plan of many models is made part by part",
            place="option --dry-run",
            remedy="Leave it out, or the partition.",
        )
    columns = [name.strip() for name in partition.split(",") if name.strip()]
    made = api.train_many(
        job, columns, divide=divide, at_once=at_once, listeners=[] if as_json else [_tell]
    )
    _show(made, as_json=as_json)


def _tell(part: Part) -> None:
    told = part.error if part.state != "finished" else f"in {part.seconds:.0f} s"
    click.echo(f"{part.key}: {part.state} {told}", err=True)


def _show(made: ManyModels, *, as_json: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    from trialbook.cli._format import number, span
    from trialbook.cli._output import write_json

    results = made.results
    if as_json:
        records = results.astype(object).where(results.notna(), None).to_dict("records")
        write_json({"name": made.name, "partition": made.partition, "parts": records})
        return
    table = Table(title=made.name, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for name in ("/".join(made.partition), "rows", "state", "best", "score", "test", "time"):
        table.add_column(name, justify="right" if name in _NUMBERS else "left")
    for part in results.itertuples():
        scores = ["" if one != one or one is None else number(one) for one in _scores(part)]
        state = f"{part.state}: {part.error}" if part.error else part.state
        cells = (part.partition, f"{part.rows:,}", state, part.best or "", *scores)
        table.add_row(*map(Text, (*cells, span(part.seconds))))
    console().print(table)


_NUMBERS = ("rows", "score", "test", "time")


def _scores(part: Any) -> tuple[Any, Any]:
    return part.score, part.test_score


def _where(command: Any) -> Any:
    options = (
        click.argument("name", required=False),
        click.option(
            "--workspace",
            default=Job.model_fields["workspace"].default,
            show_default=True,
            metavar="FOLDER",
            help="Folder that keeps them.",
        ),
        tracking_option,
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group(cls=Commands)
def many() -> None:
    """Many models of one job: list, go on, forecast.

    NAME is that of the experiment; the latest ones when it is left out.
    """


@many.command("list")
@_where
def list_parts(name: str | None, workspace: str, tracking_uri: str | None, as_json: bool) -> None:
    """Show what became of each part."""
    from trialbook import api

    _show(api.open_many(workspace, name, tracking_uri=tracking_uri), as_json=as_json)


@many.command("resume")
@click.option("--failed", is_flag=True, help="Train the parts anew that failed, too.")
@click.option(
    "--timeout", callback=read_duration, metavar="DURATION", help="For all of them, from now."
)
@_where
def resume_parts(
    name: str | None,
    workspace: str,
    tracking_uri: str | None,
    failed: bool,
    timeout: float | None,
    as_json: bool,
) -> None:
    """Train the parts that wait, and carry on with those that were stopped."""
    from trialbook import api

    made = api.open_many(workspace, name, tracking_uri=tracking_uri)
    listeners = [] if as_json else [_tell]
    run = made.retrain_failed if failed else made.resume
    _show(run(timeout=timeout, listeners=listeners), as_json=as_json)


@many.command("forecast")
@click.option("-o", "--out", metavar="FILE", help="Table to write; else CSV on standard output.")
@click.option("--horizon", type=click.IntRange(1), metavar="ROWS", help="Rows of each series.")
@click.option("--future", metavar="TABLE", help="Rows to forecast, with what is known of them.")
@click.option("--context", metavar="TABLE", help="Rows that were observed since training.")
@click.option(
    "--quantiles", metavar="LEVEL,...", callback=read_levels, help="Such as 0.1,0.9; else deciles."
)
@click.option("--level", metavar="LEVEL", help="Of hierarchies: the level to forecast, or all.")
@_where
def forecast_parts(
    name: str | None,
    workspace: str,
    tracking_uri: str | None,
    out: str | None,
    horizon: int | None,
    future: str | None,
    context: str | None,
    quantiles: Sequence[Any] | None,
    level: str | None,
    as_json: bool,
) -> None:
    """Forecast with the best model of every part."""
    from trialbook import api

    made = api.open_many(workspace, name, tracking_uri=tracking_uri)
    told = made.forecast(horizon, future=future, context=context, quantiles=quantiles, level=level)
    lacking = made.results.query("state != 'finished'")["partition"]
    if len(lacking):
        click.echo(f"note: without a model: {', '.join(lacking)}", err=True)
    write_forecasts(told, out, as_json=as_json)
