"""How the checks of the data are shown: all of them as a table, or those that need a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from trialbook._words import sentence

if TYPE_CHECKING:
    from trialbook.data import Guardrail

# The colour that goes with a guardrail's verdict.
VERDICT_STYLES = {"passed": "green", "fixed": "yellow", "alerted": "red"}
# Rows that the table of all checks names; JSON has all that are kept.
ROWS_SHOWN = 8


def guardrail_table(guardrails: Sequence[Guardrail]) -> Table:
    """Draw the checks: those that need a person first, those that passed last."""
    from trialbook.data import ranked, told

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for heading in ("verdict", "check", "found", "done"):
        table.add_column(heading, no_wrap=heading == "verdict", overflow="fold")
    for one in ranked(guardrails):
        verdict = Text(one.verdict, style=VERDICT_STYLES[one.verdict])
        table.add_row(verdict, Text(one.name), Text(told(one, ROWS_SHOWN)), Text(one.action))
    return table


def summary(guardrails: Sequence[Guardrail]) -> str:
    """How many checks there were, and how they ended."""
    from trialbook.data import counts

    ended = [f"{n} {verdict}" for verdict, n in counts(guardrails).items() if n]
    return f"{len(guardrails)} checks of the data: {', '.join(ended)}"


def show_alerts(console: Console, guardrails: Sequence[Guardrail]) -> None:
    """Print how the checks ended, and those that are alerted."""
    from trialbook.data import told

    if not guardrails:
        return
    console.print(Text(summary(guardrails), style="dim"))
    for one in guardrails:
        if one.verdict == "alerted":
            text = Text("alerted ", style=VERDICT_STYLES["alerted"])
            text.append(f"{one.name}: {sentence(told(one))}", style="none")
            done = f" {sentence(one.action)}" if one.action else ""
            console.print(text.append(done, style="dim"))
