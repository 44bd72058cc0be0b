"""What a reader did to a table besides reading it: said, so that nothing changes in silence."""

from __future__ import annotations

from dataclasses import dataclass

from trialbook._words import listed


@dataclass(frozen=True)
class Note:
    """Something that a reader interpreted or left out.

    Parameters
    ----------
    finding : str
        What was found, as a clause; the columns' names come after it.
    action : str
        What was done.
    columns : tuple of str, optional
        The columns concerned; none where it is the file as a whole.
    rows : tuple of int, optional
        First rows concerned, counted from 1.
    form : str, optional
        How the cells of these columns are written, so that another table's are read alike: a
        number by example (``1.234,5``), or formats of dates (see `trialbook.tables.text._dates`).
    doubtful : bool, optional
        Whether another reading was possible, so that a person should look.
    """

    finding: str
    action: str
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    form: str | None = None
    doubtful: bool = False

    @property
    def found(self) -> str:
        """What was found, and where."""
        return f"{self.finding} in {listed(self.columns)}" if self.columns else self.finding

    def __str__(self) -> str:
        return f"{self.found}; {self.action}"


def file_of(place: str) -> str:
    """The name of a file without its folders, which a note needs not tell."""
    return place.replace("\\", "/").rsplit("/", 1)[-1]


def written(notes: list[Note]) -> dict[str, str]:
    """How the cells of columns are written, by column, as far as it is not the plain way."""
    return {name: note.form for note in notes if note.form for name in note.columns}
