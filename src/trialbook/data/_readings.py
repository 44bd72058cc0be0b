"""What the reader of a table interpreted or left out, as guardrails."""

from __future__ import annotations

from collections.abc import Iterable

from trialbook.data._guardrails import Guardrail
from trialbook.tables.plain import Note


def readings(notes: Iterable[Note], table: str = "") -> tuple[Guardrail, ...]:
    """A guardrail for each thing that a reader did to a table besides reading it.

    Parameters
    ----------
    notes : iterable of Note
        What the reader told.
    table : str, optional
        Which table it is, if not the one to learn from: ``test`` or ``validation``.

    Returns
    -------
    tuple of Guardrail
        Alerted where another reading was possible.
    """
    return tuple(
        Guardrail(
            "Reading",
            "alerted" if note.doubtful else "fixed",
            f"{table} table: {note.found}" if table else note.found,
            note.action,
            note.columns,
            note.rows,
        )
        for note in notes
    )
