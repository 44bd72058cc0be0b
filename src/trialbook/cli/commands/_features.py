"""The command that shows what became of the columns of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trialbook.cli.commands._common import (
    console,
    find_trial,
    json_option,
    model_argument,
    where,
)

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

# Names of features that are shown of each column; JSON has all.
NAMES_SHOWN = 3


@click.command()
@model_argument
@where
@json_option
def features(
    model: str, workspace: str, name: str | None, tracking_uri: str | None, as_json: bool
) -> None:
    """Show what MODEL makes of each column of the table.

    MODEL is a trial (best, its label, number or run) or a registered model (churn, churn@3,
    churn@champion); the best trial when it is left out.
    """
    from trialbook.cli._output import write_json

    experiment, trial = find_trial(model, workspace, name, tracking_uri)
    label = trial.label
    found = experiment.features(label)
    if as_json:
        from trialbook.lifecycle import featurization_summary

        write_json({"trial": label, "columns": featurization_summary(found)})
        return
    used = int(found["dropped"].isna().sum())
    title = f"{label}: features of {used} of {len(found)} columns"
    console().print(title, style="bold", highlight=False, markup=False)
    console().print(_table(found))


def _table(found: pd.DataFrame) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for heading in ("column", "type", "features", "how", "names"):
        justify = "right" if heading == "features" else "left"
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in found.to_dict("records"):
        if row["dropped"] is not None:
            how = Text(f"dropped: {row['dropped']}", style="dim")
            table.add_row(Text(row["column"]), row["type"], "0", how, "")
            continue
        names = ", ".join(row["features"][:NAMES_SHOWN])
        more = len(row["features"]) - NAMES_SHOWN
        names += f" and {more:,} more" if more > 0 else ""
        how = Text("; ".join(row["transformations"]))
        count = f"{row['n_features']:,}"
        table.add_row(Text(row["column"]), row["type"], count, how, Text(names))
    return table
