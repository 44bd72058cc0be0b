"""Commands that show how a trial errs, and how it learns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trialbook.cli.commands._common import (
    console,
    find_trial,
    json_option,
    model_argument,
    timeout_option,
    where,
)

if TYPE_CHECKING:
    from trialbook.evaluation import Chart


@click.command()
@model_argument
@click.option("-o", "--out", metavar="FOLDER", help="Write pictures and data there.")
@click.option(
    "--chart",
    "names",
    multiple=True,
    metavar="CHART",
    help="Only this one, such as roc. May be given again.",
)
@click.option(
    "--line",
    "lines",
    multiple=True,
    metavar="LINE",
    help="Draw only this line: a class, macro, micro or weighted. May be given again.",
)
@where
@json_option
def charts(
    model: str,
    out: str | None,
    names: tuple[str, ...],
    lines: tuple[str, ...],
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """List the charts of MODEL, or write them with -o.

    MODEL is a trial (best, its label, number or run) or a registered model (churn, churn@3,
    churn@champion); the best trial when it is left out.
    """
    from trialbook.cli._output import write_json
    from trialbook.errors import OptionError, nearest

    _, found = find_trial(model, workspace, name, tracking_uri)
    all_charts = found.charts
    for wanted in names:
        if wanted not in all_charts:
            raise OptionError(
                f"the trial {found.label} has no chart '{wanted}'",
                remedy=nearest(wanted, list(all_charts)),
            )
    if lines and out is None:
        raise OptionError("--line is for drawing", remedy="Name a folder with -o.")
    chosen = {key: one for key, one in all_charts.items() if not names or key in names}
    if lines:
        chosen = _with_lines(chosen, lines)
    documents = []
    for key, chart in chosen.items():
        picture = chart.picture
        data = None if chart.folder is None else chart.folder / f"{chart.name}.json"
        if out is not None:
            folder = (Path(out) / key).parent
            data = chart.write_data(folder)
            picture = chart.write_picture(folder, lines or None)
        documents.append({"chart": key, "picture": picture, "data": data, "lines": chart.curves})
    if as_json:
        write_json({"trial": found.label, "charts": documents})
        return
    if not documents:
        click.echo(f"{found.label} has no charts")
    elif out is not None:
        click.echo(f"{len(documents)} charts of {found.label} are in {out}")
    else:
        _show(found.label, documents)


@click.command("learning-curve")
@model_argument
@timeout_option("60s", "Deadline: no training is started that would not end in this time.")
@where
@json_option
def learning_curve(
    model: str,
    timeout: float,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Train MODEL on more and more of its rows.

    Its configuration is trained on 5 % to all of them, and the scores are drawn.

    MODEL is a trial (best, its label, number or run) or a registered model (churn, churn@3,
    churn@champion); the best trial when it is left out.
    """
    from rich import box
    from rich.table import Table

    from trialbook.cli._format import number
    from trialbook.cli._output import write_json

    experiment, found = find_trial(model, workspace, name, tracking_uri)
    chart = experiment.learning_curve(found.label, timeout=timeout)
    if as_json:
        write_json({"trial": found.label, "picture": chart.picture, **chart.data})
        return
    training, validation = chart.data["curves"]
    screen = console()
    title = f"{found.label}: {chart.data['metric']} by training rows"
    screen.print(title, style="bold", highlight=False, markup=False)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for heading in ("rows", "training", "validation", "±", "folds"):
        table.add_column(heading, justify="right")
    columns = ("rows", "score", "std", "folds")
    for (rows, score, std, folds), seen in zip(
        zip(*(validation[key] for key in columns), strict=True), training["score"], strict=True
    ):
        spread = number(std) if folds > 1 else ""
        table.add_row(f"{rows:,}", _number(seen), _number(score), spread, str(folds))
    screen.print(table)
    click.echo(f"picture: {chart.picture}")


def _number(value: float | None) -> str:
    from trialbook.cli._format import number

    return "" if value is None else number(value)


def _with_lines(found: dict[str, Chart], lines: tuple[str, ...]) -> dict[str, Chart]:
    """The charts that have all these lines."""
    from trialbook.errors import OptionError, nearest

    known = list(dict.fromkeys(line for one in found.values() for line in one.curves))
    for line in lines:
        if line not in known:
            raise OptionError(f"no chart has a line '{line}'", remedy=nearest(line, known))
    return {key: one for key, one in found.items() if set(lines) <= set(one.curves)}


def _show(label: str, documents: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    screen = console()
    screen.print(f"{label}: charts", style="bold", highlight=False, markup=False)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("chart")
    table.add_column("file", overflow="fold")
    for one in documents:
        table.add_row(one["chart"], Text(str(one["picture"] or one["data"])))
    screen.print(table)
    click.echo("-o FOLDER writes all pictures")
