"""Commands that use a model: predict, and test."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from trialbook.cli.commands._common import (
    console,
    find_trial,
    json_option,
    say_notes,
    trust_option,
    where,
)
from trialbook.errors import OptionError, TrialbookError

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.models import ForecastModel
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


def read_levels(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> list[str] | None:
    """Read levels of quantiles between commas; the model says whether they are any."""
    return None if value is None else [level.strip() for level in value.split(",")]


# Options that have a meaning for a table alone, and for forecasts alone.
_OF_TABLES = ("keep", "proba", "explain", "interval", "rows_per_batch", "resume", "workers")
_OF_FUTURE = ("horizon", "context", "quantiles", "level")
_OF_FORECASTS = (*_OF_FUTURE, "fitted", "rolling")


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL] [DATA]")
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
@click.option(
    "--horizon",
    type=click.IntRange(1),
    metavar="ROWS",
    help="Of a forecast without DATA: rows of each series; else as trained.",
)
@click.option(
    "--context",
    metavar="TABLE",
    help="Of a forecast: rows that were observed since training, with the target.",
)
@click.option(
    "--quantiles",
    metavar="LEVEL,...",
    callback=read_levels,
    help="Of a forecast: levels such as 0.1,0.9; else deciles.",
)
@click.option(
    "--level", metavar="LEVEL", help="Of a hierarchy: the level to forecast, or all; else leaves."
)
@click.option(
    "--fitted",
    is_flag=True,
    help="Of a forecast: what it says of its training rows, one step ahead of each.",
)
@click.option(
    "--rolling",
    type=click.IntRange(1),
    metavar="STEP",
    help="Of a forecast: forecast DATA as time went on, every STEP rows, and measure that.",
)
@where
@trust_option
@json_option
@click.pass_context
def predict(
    ctx: click.Context,
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
    horizon: int | None,
    context: str | None,
    quantiles: list[str] | None,
    level: str | None,
    fitted: bool,
    rolling: int | None,
    trust: bool,
    as_json: bool,
) -> None:
    """Predict the rows of DATA with MODEL.

    MODEL is a trial (best, its label, number or run), a registered model (churn, churn@3,
    churn@champion), or the folder or file of a model; the best trial when it is left out.

    DATA may be larger than memory. A model that forecasts series needs none: it tells the next
    rows of each. With DATA it tells its rows, from what is known of the future there; rows of one
    series must stand together. With --rolling it tells what it would have forecast of DATA as
    time went on, and how far that is off.
    """
    from trialbook import api
    from trialbook.serving import format_of

    if out is not None:
        format_of(Path(out))
    elif resume:
        raise OptionError(
            "what is written on standard output cannot be carried on",
            place="option --resume",
            remedy="Name a file with --out.",
        )
    where: dict[str, Any] = {"workspace": workspace, "name": name, "trust": trust}
    where["tracking_uri"] = tracking_uri
    which: Any
    which, table = _forecaster(names, where)
    levels = cast("Any", quantiles)
    if which is None:
        _refuse(ctx, _OF_FORECASTS, "it is for models that forecast series")
        which, table = _model_and_data(names)
    elif fitted or level or rolling is not None or table is None:
        _refuse(ctx, _OF_TABLES, "it is for rows of the future in a table")
        if fitted:
            _refuse(ctx, (*_OF_FUTURE, "rolling"), "--fitted tells of rows of training")
            told = which.fitted()
        elif rolling is not None:
            _refuse(ctx, _OF_FUTURE, "--rolling tells of rows that came")
            told = _rolled(which, table, rolling, out, as_json=as_json)
        else:
            told = which.forecast(
                horizon, future=table, context=context, quantiles=levels, level=level
            )
        if told is not None:
            write_forecasts(told, out, as_json=as_json)
        return
    elif horizon is not None:
        _refuse(ctx, ("horizon",), "rows of the future say themselves how far they reach")
    with tempfile.TemporaryDirectory(prefix="trialbook-") as folder, _Shown() as shown:
        # Standard output, too, gets all or nothing.
        path = Path(folder) / ("out.jsonl" if as_json else "out.csv") if out is None else out
        done = api.score(
            which,
            table,
            path,
            keep=keep,
            proba=proba,
            explain=explain,
            interval=interval,
            quantiles=levels,
            context=context,
            rows_per_batch=rows_per_batch,
            resume=resume,
            workers=workers,
            **where,
            listener=shown,
        )
        if out is None:
            _print(Path(path), as_json=as_json)
    say_notes(done.notes)
    if done.whole is not None:
        click.echo(f"note: the table was read as a whole, for {done.whole}", err=True)
    if out is not None:
        _tell(done, out, as_json=as_json)


def _forecaster(
    names: tuple[str, ...], where: dict[str, Any]
) -> tuple[ForecastModel | None, str | None]:
    """The model of ``[MODEL] [DATA]``, if it forecasts series, and the table of the future."""
    from trialbook import api
    from trialbook.models import ForecastModel, is_file_of_model

    if len(names) > 2:
        return None, None
    meant: list[tuple[str, str | None]] = [("best", names[0] if names else None)]
    if len(names) == 2:
        meant = [(names[0], names[1])]
    if len(names) == 1 and (is_file_of_model(names[0]) or not Path(names[0]).exists()):
        meant.insert(0, (names[0], None))
    for which, table in meant:
        with suppress(TrialbookError):  # what is none at all is said where rows are predicted
            model = api.load_model(which, **where)
            if isinstance(model, ForecastModel):
                return model, table
    return None, None


def _rolled(
    forecaster: ForecastModel, data: str | None, step: int, out: str | None, *, as_json: bool
) -> pd.DataFrame | None:
    """Forecasts as time went on; their metrics are shown, or written as JSON beside the file."""
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import backtest_table
    from trialbook.lifecycle import backtest
    from trialbook.serving import write_frame

    if data is None:
        raise OptionError(
            "--rolling needs rows that came since training, with the target",
            place="option --rolling",
            remedy="Name their table: trialbook predict MODEL DATA --rolling STEP.",
        )
    found = backtest(forecaster, data, step)
    if not as_json:
        console(stderr=True).print(backtest_table(found))
        return found.forecasts
    if out is not None:
        write_frame(found.forecasts, Path(out))
    write_json(
        {
            "path": out,
            "n_rows": len(found.forecasts),
            "origins": found.forecasts["origin"].nunique(),
            "series": found.metrics,
            "steps": found.by_step,
            **({} if out else {"forecasts": found.forecasts}),
        }
    )
    return None


def _refuse(ctx: click.Context, options: tuple[str, ...], why: str) -> None:
    """Refuse options that were given and have no meaning for a model."""
    for option in options:
        if ctx.get_parameter_source(option) is not ParameterSource.DEFAULT:
            flag = f"--{option.replace('_', '-')}"
            raise OptionError(
                f"{flag} has no meaning here: {why}",
                place=f"option {flag}",
                remedy="Leave it out.",
            )


def write_forecasts(told: pd.DataFrame, out: str | None, *, as_json: bool) -> None:
    """Write forecasts into a file, or on standard output."""
    from trialbook.cli._output import write_json
    from trialbook.serving import write_frame

    if out is not None:
        write_frame(told, Path(out))
        if as_json:
            write_json({"path": out, "n_rows": len(told)})
        else:
            click.echo(f"{len(told):,} forecasts in {out}", err=True)
        return
    with tempfile.TemporaryDirectory(prefix="trialbook-") as folder:
        path = Path(folder) / ("out.jsonl" if as_json else "out.csv")
        write_frame(told, path)
        _print(path, as_json=as_json)


def _model_and_data(names: tuple[str, ...]) -> tuple[str, str]:
    """Take ``[MODEL] DATA`` apart; without a model the best trial is meant."""
    if not names:
        raise click.UsageError("Missing argument 'DATA': the table to predict.")
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
