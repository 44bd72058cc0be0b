"""Commands that use a model: predict, and test."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trialbook.cli.commands._common import (
    console,
    find_trial,
    json_option,
    say_notes,
    trust_option,
    where,
)
from trialbook.errors import OptionError

if TYPE_CHECKING:
    from trialbook.serving import Progress, Scored

# Seconds between two lines of progress where no screen can be overwritten, as in a log file.
_LINE_S = 10.0


def _columns(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[str, ...] | None:
    """Read names of columns between commas; none of them is an empty list."""
    if value is None:
        return None
    names = tuple(name.strip() for name in value.split(",") if name.strip())
    return () if names == ("none",) else names


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="[MODEL] DATA")
@click.option("-o", "--out", metavar="FILE", help="Table to write; else CSV on standard output.")
@click.option(
    "--keep",
    metavar="COLUMNS",
    callback=_columns,
    help="Columns of DATA to write, too: names with commas, 'all' or 'none'; else identifiers.",
)
@click.option("--proba", is_flag=True, help="Add the probability of each class.")
@click.option("--explain", is_flag=True, help="Add what each column contributed.")
@click.option(
    "--interval",
    type=click.FloatRange(0.5, 0.999),
    metavar="SHARE",
    help="Add an interval, or a set of classes, that holds the truth so often, such as 0.9.",
)
@click.option("--rows-per-batch", type=click.IntRange(1), help="Rows in memory at a time.")
@click.option("--resume", is_flag=True, help="Carry on where an earlier run to FILE stopped.")
@click.option("--workers", type=click.IntRange(1), default=1, help="Processes that predict.")
@where
@trust_option
@json_option
def predict(
    names: tuple[str, ...],
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    out: str | None,
    keep: tuple[str, ...] | None,
    proba: bool,
    explain: bool,
    interval: float | None,
    rows_per_batch: int | None,
    resume: bool,
    workers: int,
    trust: bool,
    as_json: bool,
) -> None:
    """Predict the rows of DATA with MODEL.

    MODEL is a trial (best, its label, number or run), a registered model (churn, churn@3,
    churn@champion), or the folder or file of a model; the best trial when it is left out.

    DATA may be larger than memory.
    """
    from trialbook import api
    from trialbook.serving import format_of

    which, data = _model_and_data(names)
    if out is not None:
        format_of(Path(out))
    elif resume:
        raise OptionError(
            "what is written on standard output cannot be carried on",
            place="option --resume",
            remedy="Name a file with --out.",
        )
    with tempfile.TemporaryDirectory(prefix="trialbook-") as folder, _Shown() as shown:
        # Standard output, too, gets all or nothing.
        path = Path(folder) / ("out.jsonl" if as_json else "out.csv") if out is None else out
        done = api.score(
            which,
            data,
            path,
            keep=keep,
            proba=proba,
            explain=explain,
            interval=interval,
            rows_per_batch=rows_per_batch,
            resume=resume,
            workers=workers,
            workspace=workspace,
            name=name,
            tracking_uri=tracking_uri,
            trust=trust,
            listener=shown,
        )
        if out is None:
            _print(Path(path), as_json=as_json)
    say_notes(done.notes)
    if done.whole is not None:
        click.echo(f"note: the table was read as a whole, for {done.whole}", err=True)
    if out is not None:
        _tell(done, out, as_json=as_json)


def _model_and_data(names: tuple[str, ...]) -> tuple[str, str]:
    """Take ``[MODEL] DATA`` apart; without a model the best trial is meant."""
    if len(names) > 2:
        raise click.UsageError(f"one model and one table, but got {', '.join(names)}")
    return (names[0], names[1]) if len(names) == 2 else ("best", names[0])


def _print(path: Path, *, as_json: bool) -> None:
    """Write predictions on standard output."""
    from trialbook.cli._output import write_json

    with path.open(encoding="utf-8", newline="") as file:
        if as_json:
            write_json([json.loads(line) for line in file])
            return
        while text := file.read(2**20):
            click.echo(text, nl=False)


def _tell(done: Scored, out: str, *, as_json: bool) -> None:
    """Say what was written."""
    from trialbook.cli._output import write_json

    if as_json:
        write_json(done)
        return
    reused = f" ({done.reused_rows:,} of an earlier run)" if done.reused_rows else ""
    click.echo(f"{done.n_rows:,} predictions in {out}{reused}", err=True)


class _Shown:
    """Tells on standard error how far it is: one line that changes, or a line now and then."""

    def __init__(self) -> None:
        self._screen = sys.stderr.isatty()
        self._last = time.monotonic()
        self._dirty = False

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if not self._screen and now - self._last < _LINE_S:
            return
        self._last = now
        text = _said(progress)
        click.echo(f"\r\033[K{text}" if self._screen else text, err=True, nl=not self._screen)
        self._dirty = self._screen

    def __enter__(self) -> _Shown:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._dirty:
            click.echo("\r\033[K", err=True, nl=False)


def _said(progress: Progress) -> str:
    from trialbook.cli._format import span

    total = ""
    if progress.total is not None:
        total = f" of {'' if progress.exact else 'about '}{progress.total:,}"
    left = "" if progress.eta_s is None else f", {span(progress.eta_s)} to go"
    return f"{progress.rows:,}{total} rows, {progress.rows_per_s:,.0f} rows/s{left}"


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="[MODEL] DATA")
@where
@json_option
def test(
    names: tuple[str, ...],
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Measure MODEL on new DATA.

    MODEL is a trial (best, its label, number or run) or a registered model (churn, churn@3,
    churn@champion); the best trial when it is left out.

    DATA is a table that has the target and that the model has not seen.
    """
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import metrics_table

    model, data = _model_and_data(names)
    experiment, found = find_trial(model, workspace, name, tracking_uri)
    metrics = experiment.test(data, trial=found.number)
    if as_json:
        write_json({"trial": found.label, "number": found.number, "metrics": metrics})
    else:
        screen = console()
        screen.print(f"test of {found.label}", style="bold", highlight=False, markup=False)
        screen.print(metrics_table(metrics, experiment.metric))
