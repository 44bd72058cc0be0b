"""The command that explains a model."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trialbook.cli.commands._common import (
    console,
    data_option,
    json_option,
    model_argument,
    timeout_option,
    trust_option,
    where,
)

if TYPE_CHECKING:
    from rich.table import Table

    from trialbook.evaluation.explanations import Explanation

# Lines of a table that a terminal has room for; JSON and files have all.
SHOWN = 15


@click.command()
@model_argument
@data_option("Rows to explain; else some that validated the trial, or the next to forecast.")
@click.option(
    "--row", type=click.IntRange(0), help="Show what each column did to this row, from 0."
)
@timeout_option("30s", "Deadline: the shorter, the fewer rows.")
@click.option(
    "-o", "--out", metavar="FOLDER", help="Write tables, values and pictures there, too."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of what is drawn by chance.")
@where
@trust_option
@json_option
def explain(
    model: str,
    data: str | None,
    row: int | None,
    timeout: float,
    out: str | None,
    seed: int,
    workspace: str,
    name: str | None,
    tracking_uri: str | None,
    trust: bool,
    as_json: bool,
) -> None:
    """Explain why MODEL predicts what it predicts.

    MODEL is a trial (best, its label, number or run), a registered model (churn, churn@3,
    churn@champion), or the folder or file of a model; the best trial when it is left out.

    Without --data, the trial's run keeps the explanation.
    """
    from trialbook import api
    from trialbook.cli._output import write_json

    found = api.explain(
        model,
        data,
        row=row,
        timeout=timeout,
        seed=seed,
        workspace=workspace,
        name=name,
        tracking_uri=tracking_uri,
        trust=trust,
    )
    place = None if row is None else int(found.rows.index.get_loc(row))
    if out is not None:
        found.save(Path(out), place or 0)
        click.echo(f"the explanation is in {out}", err=True)
    if as_json:
        write_json(found.to_dict() | ({} if place is None else {"row": _row_dict(found, place)}))
        return
    screen = console()
    kind = "exact" if found.exact else "sampled"
    title = f"{found.model}: {found.value_name}s of {len(found.rows)} rows, {kind}"
    screen.print(title, style="bold", highlight=False, markup=False)
    screen.print(_row_table(found, place) if place is not None else _importance(found))
    for note in found.notes:
        screen.print(f"note: {note}", highlight=False, markup=False)


def _row_dict(found: Explanation, place: int) -> dict[str, object]:
    table = found.row(place)
    return {**table.attrs, "values": table.to_dict(orient="records")}


def _importance(found: Explanation) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    alone = {
        columns[0]: (value, std)
        for columns, value, std in zip(
            *(found.permutation.get(key, ()) for key in ("columns", "importance", "std")),
            strict=True,
        )
        if len(columns) == 1
    }
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("column", overflow="fold")
    unit = "of probability" if found.schema.classes else f"of {found.schema.target}"
    table.add_column(f"mean |{found.value_name.removesuffix(' value')}| {unit}", justify="right")
    if alone:
        table.add_column(f"{found.metric} worse by, if mixed up", justify="right")
    for one in found.importance.head(SHOWN).itertuples():
        lost, std = alone.get(one.column, (None, math.nan))
        # One repeat has no spread.
        spread = "" if math.isnan(std) else f" ± {std:.2g}"
        cells = ["" if lost is None else f"{lost:.4g}{spread}"] if alone else []
        table.add_row(Text(str(one.column)), f"{one.importance:.4g}", *cells)
    return table


def _row_table(found: Explanation, place: int) -> Table:
    import pandas as pd
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from trialbook._words import plural

    of_row = found.row(place)
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("column", overflow="fold")
    table.add_column("cell", overflow="fold")
    label = of_row.attrs["label"]
    what = found.schema.target if label is None else f"probability of {label}"
    table.add_column(what, justify="right")
    table.add_row("(base)", "", f"{of_row.attrs['base']:.4g}")
    for one in of_row.head(SHOWN).itertuples():
        cell = "" if pd.isna(one.cell) else str(one.cell)
        table.add_row(Text(str(one.column)), Text(cell), f"{one.value:+.4g}")
    rest = of_row["value"].iloc[SHOWN:]
    if len(rest):
        table.add_row(f"({plural(len(rest), 'other column')})", "", f"{rest.sum():+.4g}")
    table.add_row("(prediction)", "", f"{of_row.attrs['prediction']:.4g}")
    return table
