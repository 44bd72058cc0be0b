"""Commands that look closely at a trial: where it errs, and how it treats groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trialbook._words import brief
from trialbook.cli.commands._common import (
    console,
    data_option,
    find_trial,
    json_option,
    model_argument,
    where,
)

if TYPE_CHECKING:
    from rich.table import Table

    from trialbook.evaluation.errors import ErrorAnalysis, ErrorMap
    from trialbook.evaluation.fairness import Fairness

unseen_option = data_option(
    "Rows with the target that the model has not seen; else those of training, out of fold."
)
# Measures of groups that a terminal has room for; JSON has all.
MEASURES_SHOWN = 5


def names_of(text: str | None) -> list[str]:
    """Read names of columns that are set apart by commas."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


@click.command()
@model_argument
@unseen_option
@click.option("--by", metavar="COLUMN[,COLUMN]", help="Columns of the map; else the most telling.")
@click.option("--columns", metavar="COLUMN,...", help="Columns to tell cohorts by; else features.")
@where
@json_option
def errors(
    model: str,
    data: str | None,
    by: str | None,
    columns: str | None,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Show on which rows MODEL errs, in words.

    Cohorts of rows on which it errs more or less than elsewhere, and a map of two columns.

    MODEL is a trial (best, its label, number or run) or a registered model (churn, churn@3,
    churn@champion); the best trial when it is left out.
    """
    from trialbook.cli._output import write_json

    experiment, trial = find_trial(model, workspace, name, tracking_uri)
    label = trial.label
    found = experiment.errors(label, data, names_of(columns) or None, names_of(by))
    if as_json:
        write_json(found.to_dict())
        return
    screen = console()
    spread = f"{_figure(found, found.low)} to {_figure(found, found.high)}"
    title = f"{label}: {found.measure} {_figure(found, found.loss)} ({spread})"
    screen.print(title, style="bold", highlight=False, markup=False)
    said = f"{found.origin}; cohorts are measured on {found.measured:,} that did not shape them"
    screen.print(said, highlight=False, markup=False)
    if len(found.tree) == 1:
        screen.print("No part of the rows was found that errs more than others.")
    else:
        screen.print(_cohorts(found))
    if found.map is not None:
        screen.print(_map(found, found.map))


def _figure(found: ErrorAnalysis, value: float) -> str:
    if value != value:
        return ""
    return f"{100 * value:.1f} %" if found.measure == "error rate" else f"{value:,.4g}"


def _cohorts(found: ErrorAnalysis) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("cohort", overflow="fold")
    for heading in ("rows", found.measure, "95 %", "× all", "of errors", ""):
        table.add_column(heading, justify="right")
    for one in found.cohorts:
        table.add_row(
            Text(one.words),
            f"{one.rows:,}",
            _figure(found, one.loss),
            f"{_figure(found, one.low)} to {_figure(found, one.high)}",
            f"{one.loss / found.loss:.2f}" if found.loss and one.measured else "",
            f"{100 * one.share_of_errors:.0f} %",
            "differs" if one.stands_out else "",
        )
    return table


def _map(found: ErrorAnalysis, drawn: ErrorMap) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    title = f"{found.measure} by {' and '.join(drawn.columns)}"
    table = Table(box=box.SIMPLE_HEAD, title=Text(title), title_justify="left", pad_edge=False)
    table.add_column(Text(drawn.columns[0]), overflow="fold")
    for label in drawn.across:
        table.add_column(Text(label), justify="right")
    for label, cells in zip(drawn.down, drawn.cells, strict=True):
        line = []
        for cell in cells:
            worse = cell.low is not None and cell.low > found.high
            better = cell.high is not None and cell.high < found.low
            style = "red" if worse else "green" if better else "" if cell.is_sure else "dim"
            text = "" if cell.loss is None else f"{_figure(found, cell.loss)} ({cell.rows:,})"
            line.append(Text(text, style=style))
        table.add_row(Text(label), *line)
    return table


@click.command()
@model_argument
@click.option(
    "--by", required=True, metavar="COLUMN[,COLUMN]", help="Sensitive column, or two together."
)
@unseen_option
@where
@json_option
def fairness(
    model: str,
    by: str,
    data: str | None,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    as_json: bool,
) -> None:
    """Compare how MODEL treats groups.

    Groups are those of a column, such as --by sex. A column that the model does not use must be
    in the table of --data.

    MODEL is a trial (best, its label, number or run) or a registered model (churn, churn@3,
    churn@champion); the best trial when it is left out.
    """
    from trialbook.cli._output import write_json

    experiment, trial = find_trial(model, workspace, name, tracking_uri)
    label = trial.label
    found = experiment.fairness(names_of(by), label, data)
    if as_json:
        write_json(found)
        return
    screen = console()
    title = f"{label} by {found.by}: {found.origin}"
    screen.print(title, style="bold", highlight=False, markup=False)
    if found.positive:
        screen.print(f"rates are of '{found.positive}'", highlight=False, markup=False)
    screen.print(_groups(found))
    screen.print(_differences(found))
    for criterion, value in found.criteria.items():
        screen.print(f"{criterion.replace('_', ' ')}: {brief(value)}", highlight=False)
    if found.small:
        names = ", ".join(found.small)
        screen.print(f"not compared, of too few rows: {names}", highlight=False, markup=False)


def _groups(found: Fairness) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("group", overflow="fold")
    table.add_column("rows", justify="right")
    shown = found.rates[:MEASURES_SHOWN]
    for rate in shown:
        table.add_column(Text(rate.name), justify="right")
    for place, group in enumerate(found.groups):
        cells = [
            f"{brief(rate.values[place])} ({brief(rate.low[place])} to {brief(rate.high[place])})"
            if rate.values[place] == rate.values[place]
            else ""
            for rate in shown
        ]
        style = "dim" if group in found.small else ""
        table.add_row(Text(group), f"{found.counts[place]:,}", *cells, style=style)
    return table


def _differences(found: Fairness) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("measure")
    for heading in ("all rows", "difference", "95 %", "by chance up to"):
        table.add_column(heading, justify="right")
    table.add_column("from and to")
    for rate in found.rates:
        if not rate.lowest:  # there are no two groups with rows enough for it
            continue
        ends = f"{brief(rate.difference_low)} to {brief(rate.difference_high)}"
        table.add_row(
            Text(rate.name),
            brief(rate.overall),
            Text(brief(rate.difference), style="bold" if rate.differs else ""),
            ends,
            brief(rate.by_chance),
            Text(f"{rate.lowest} … {rate.highest}" if rate.lowest else ""),
        )
    return table
