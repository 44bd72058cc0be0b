"""What the commands show when there is nothing to wait for: tables, and documents for programs."""

from __future__ import annotations

import math
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from trialbook._words import plural
from trialbook.cli._checks import show_alerts
from trialbook.cli._format import number, span
from trialbook.errors import NoModelError

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.cli._progress import State
    from trialbook.lifecycle import Backtest, Experiment, Trial
    from trialbook.tracking import ModelVersion

# Columns of the leaderboard with their headings and how they are written. A column that a
# leaderboard has beyond these is for programs.
COLUMNS = {
    "rank": ("rank", "integer"),
    "trial": ("trial", "text"),
    "label": ("label", "text"),
    "learner": ("learner", "text"),
    "rows": ("rows", "count"),
    "score": ("score", "number"),
    "std": ("±", "number"),
    "test_score": ("test", "number"),
    "fit_s": ("fit", "span"),
    "predict_ms": ("predict", "milliseconds"),
    "predict_row_ms": ("one row", "milliseconds"),
    "size_mb": ("size", "megabytes"),
    "state": ("state", "text"),
}

# Metrics of a backtest that a terminal has room for, and series of it.
BACKTEST_METRICS = ("mase", "smape", "wape", "mean_absolute_error", "coverage")
BACKTEST_SERIES = 10

# A terminal that is narrower has no room for the time of one row.
WIDE = 120


def _cell(value: Any, kind: str) -> str:
    if value is None or value != value:  # NaN and NaT
        return ""
    if kind == "integer":
        return f"{int(value)}"
    if kind == "count":
        return f"{int(value):,}"
    if kind == "number":
        return number(float(value))
    if kind == "span":
        return span(float(value))
    if kind == "milliseconds":
        return f"{float(value):.3g} ms" if float(value) < 999.5 else span(float(value) / 1000)
    if kind == "megabytes":
        return f"{float(value):.2f} MB"
    return str(value)


def leaderboard_table(
    leaderboard: pd.DataFrame,
    metric: str,
    top: int | None = None,
    *,
    wide: bool = True,
    alone: str = "one row",
) -> Table:
    """Draw the leaderboard, best first.

    Parameters
    ----------
    leaderboard : pandas.DataFrame
        As `Experiment.leaderboard` gives it.
    metric : str
        Heading of the scores.
    top : int, optional
        Number of rows; all when not given.
    wide : bool
        Whether there is room for everything.
    alone : str
        What the shortest time is of.

    Returns
    -------
    rich.table.Table
    """
    headings = {"score": metric, "predict_row_ms": alone}
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    names = [name for name in COLUMNS if name in leaderboard.columns]
    # A state is worth a column only where not all are alike.
    if "state" in names and leaderboard["state"].nunique() < 2:
        names.remove("state")
    if not wide and "predict_row_ms" in names:
        names.remove("predict_row_ms")
    for name in names:
        heading, kind = COLUMNS[name]
        table.add_column(
            headings.get(name, heading),
            justify="left" if kind == "text" else "right",
            no_wrap=name != "label",
        )
    shown = leaderboard if top is None else leaderboard.head(top)
    for row in shown.to_dict(orient="records"):
        cells = [_cell(row[name], COLUMNS[name][1]) for name in names]
        table.add_row(*map(Text, cells), style="bold" if row["best"] else "")
    return table


def metrics_table(metrics: dict[str, float], first: str | None = None) -> Table:
    """Draw metrics by name, with the one that ranks at the top."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right")
    for name in sorted(metrics, key=lambda name: (name != first, name)):
        table.add_row(Text(name), number(metrics[name]), style="bold" if name == first else "")
    return table


def backtest_table(found: Backtest) -> Table:
    """Draw the metrics of forecasts over all rows and of the series that were worst."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("series", overflow="fold")
    for heading in ("rows", *BACKTEST_METRICS):
        table.add_column(heading.replace("_", " "), justify="right")
    told = found.metrics
    for one in told.head(1 + BACKTEST_SERIES).to_dict(orient="records"):
        figures = [number(one[name]) for name in BACKTEST_METRICS]
        table.add_row(Text(str(one["series"])), f"{one['rows']:,}", *figures)
    left = len(told) - 1 - BACKTEST_SERIES
    if left > 0:
        table.add_row(Text(f"{left:,} more series, which are better (--json has all)"))
    return table


def trial_table(trial: Trial, metric: str) -> RenderableType:
    """Draw everything about one trial."""
    facts = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    about = ", edited by hand" * trial.edited
    about += ", trained anew on all of its rows" * trial.refitted
    facts.add_row("trial", Text(f"{trial.number} {trial.label}{about}"))
    facts.add_row("learner", Text(trial.learner))
    if trial.state != "finished":
        facts.add_row("state", Text(": ".join(filter(None, (trial.state, trial.error)))))
    if "score" in trial.metrics:
        mean, spread = number(trial.metrics["score"]), number(trial.metrics.get("score_std"))
        whose = " of the folds' models" if trial.refitted else ""
        facts.add_row("score", Text(f"{metric} {mean} ± {spread}".strip() + whose))
    facts.add_row("notebook", Text(str(trial.notebook)))
    facts.add_row("program", Text(str(trial.program)))
    facts.add_row("model", Text(trial.uri))
    facts.add_row("run", Text(trial.run_id))
    params = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    params.add_column(no_wrap=True)
    params.add_column(overflow="fold")
    for name, value in trial.params.items():
        params.add_row(Text(str(name)), Text(str(value)))
    parts: list[RenderableType] = [facts]
    if trial.params:
        parts += [Text("\nparameters", style="bold"), params]
    first = metric if metric in trial.metrics else "score"
    return Group(*parts, Text("\nmetrics", style="bold"), metrics_table(trial.metrics, first))


def best_trial(experiment: Experiment) -> Trial | None:
    """The winner; None when no trial has made a model."""
    try:
        return experiment.best
    except NoModelError:
        return None


def shown_path(path: Path | str) -> str:
    """A path as a person would type it: below the current folder without what leads there."""
    # Without following links: a virtual environment's Python is a link to somewhere else.
    absolute = Path(os.path.abspath(path))
    return str(absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else path)


def show_experiment(console: Console, experiment: Experiment, top: int | None) -> None:
    """Print the leaderboard of an experiment under a line that says what it is."""
    leaderboard = experiment.leaderboard
    console.print(
        f"{experiment.name}: {experiment.task} by {experiment.metric}, "
        f"{plural(len(leaderboard), 'trial')}, {experiment.status}",
        style="bold",
        highlight=False,
        markup=False,
    )
    wide = console.width >= WIDE
    alone = "one series" if experiment.task == "forecasting" else "one row"
    console.print(leaderboard_table(leaderboard, experiment.metric, top, wide=wide, alone=alone))
    if top is not None and len(leaderboard) > top:
        console.print(f"and {len(leaderboard) - top} more", style="dim", highlight=False)
    best, limit = best_trial(experiment), experiment.max_predict_ms
    if best is not None and limit is not None:
        took = best.metrics.get("predict_row_ms", math.nan)
        said = f"best is {best.label}: {alone} takes {took:.3g} ms, and may take {limit:g} ms"
        console.print(Text(said))
    show_alerts(console, experiment.guardrails)


def next_steps(experiment: Experiment, best: Trial) -> list[tuple[str, str]]:
    """What a person may do now: a purpose and a command for each."""
    folder = shlex.quote(shown_path(experiment.workspace))
    where = f"--workspace {folder} --name {shlex.quote(experiment.name)}"
    if experiment.elsewhere is not None:
        where += f" --tracking-uri {shlex.quote(experiment.elsewhere)}"
    trialbook = program("trialbook")
    notebook = shown_path(best.notebook)
    # A forecast goes on where its series end; other models are asked about rows.
    asked = "" if experiment.schema.series else "NEW.csv "
    return [
        ("best notebook", notebook),
        ("open it", f"{program('jupyter')} lab {shlex.quote(notebook)}"),
        ("all trials", f"{trialbook} leaderboard {where}"),
        ("all checks", f"{trialbook} guardrails {where}"),
        ("predict", f"{trialbook} predict {asked}{where}"),
    ]


def versions_table(versions: Sequence[ModelVersion]) -> Table:
    """The registry as a table: a row for each version."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in ("model", "version", "aliases", "trial", "score", "data", "what is known"):
        table.add_column(heading, justify="right" if heading in ("version", "score") else "left")
    for one in versions:
        score = one.tags.get("score", "None")
        table.add_row(
            Text(one.name),
            str(one.version),
            Text(", ".join(one.aliases)),
            one.tags.get("trial", ""),
            "" if score == "None" else f"{float(score):.5f}",
            Text(one.tags.get("data", "")),
            Text(one.tags.get("comparison", "")),
        )
    return table


def print_steps(console: Console, steps: Sequence[tuple[str, str]]) -> None:
    """Print what may be done now: a purpose and a line of code for each."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    # A line of code is for copying, so it is never broken.
    table.add_column(no_wrap=True, overflow="ignore")
    for purpose, line in steps:
        table.add_row(purpose, Text(line))
    console.print(table, soft_wrap=True)


def program(name: str) -> str:
    """How to call a program: by its name, or by its path where the name would not find it."""
    if shutil.which(name):
        return name
    beside = Path(sys.executable).with_name(name)
    return shlex.quote(shown_path(beside)) if beside.is_file() else name


def show_result(console: Console, experiment: Experiment, state: State, top: int = 12) -> None:
    """Print what an experiment came to, and what to do with it."""
    show_experiment(console, experiment, top)
    tested = state.tested
    if tested is not None:
        console.print(Text(f"test of {tested.label}", style="bold"))
        console.print(metrics_table(tested.metrics, experiment.metric))
        console.print()
    best = best_trial(experiment)
    if best is None:
        return
    print_steps(console, next_steps(experiment, best))


def trial_document(trial: Trial) -> dict[str, Any]:
    """Describe a trial for a program."""
    return {
        "trial": trial.label,
        "number": trial.number,
        "learner": trial.learner,
        "state": trial.state,
        "error": trial.error,
        "edited": trial.edited,
        "refitted": trial.refitted,
        "params": trial.params,
        "metrics": trial.metrics,
        "notebook": trial.notebook,
        "program": trial.program,
        "model": trial.uri,
        "run_id": trial.run_id,
    }


def experiment_document(experiment: Experiment) -> dict[str, Any]:
    """Describe an experiment for a program."""
    best = best_trial(experiment)
    return {
        "experiment": experiment.name,
        "workspace": experiment.workspace,
        "task": experiment.task,
        "metric": experiment.metric,
        "status": experiment.status,
        "leaderboard": experiment.leaderboard,
        "best": None if best is None else trial_document(best),
        "guardrails": experiment.guardrails,
        "exploration": experiment.exploration,
        "profile": experiment.profile,
        "report": experiment.report,
    }
