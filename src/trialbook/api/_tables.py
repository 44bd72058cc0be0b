"""What a table is like, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trialbook.job import Job

if TYPE_CHECKING:
    from trialbook.data import Guardrail
    from trialbook.profiling import Profile
    from trialbook.tables import Source


def profile(
    data: Source,
    target: str | None = None,
    *,
    types: Mapping[str, str] | None = None,
    time_column: str | None = None,
    workspace: str | Path = "trialbook",
) -> Profile:
    """Describe a table before training: each column, and how they go together.

    Parameters
    ----------
    data : path or table
        As in `classify`. Of a table that is too big, a random sample of the rows is looked at, and
        the profile says so.
    target : str, optional
        Column that would be predicted: with it, the profile tells what says most about it, and
        what the checks of the data find.
    types : mapping of str to str, optional
        As in `classify`.
    time_column : str, optional
        Column of dates by which time coverage is told; else the one with the fewest missing cells.
    workspace : str or Path
        Folder whose catalogue of tables is asked for a table by name.

    Returns
    -------
    Profile
        Its ``to_html(path)`` writes a page, its ``to_json(path)`` a document.

    Raises
    ------
    TrialbookError
        If the table cannot be read, or an option names what is not there.

    Examples
    --------
    >>> import trialbook as tb
    >>> tb.profile("bank.csv", target="y").to_html("bank.html")  # doctest: +SKIP
    """
    from trialbook.addresses import hide_password
    from trialbook.profiling import look, profile_of
    from trialbook.tables import pinned

    source = "a table in memory"
    if isinstance(data, str):
        data = pinned(data, Path(workspace))
    if isinstance(data, (str, Path)):
        source = hide_password(str(data))
    return profile_of(
        look(data, workspace),
        source=source,
        target=target,
        types=types,
        time_column=time_column,
    )


def guardrails(
    job: Job,
    *,
    data: Source | None = None,
    validation: Source | None = None,
    test: Source | None = None,
) -> tuple[Guardrail, ...]:
    """Check the data of a job, without training.

    Parameters
    ----------
    job : Job
        What would be asked; its columns, validation and test are read.
    data, validation, test : table, optional
        Tables in memory, in place of those that the job names.

    Returns
    -------
    tuple of Guardrail
        Each with a verdict, what was found, what would be done, and the columns or rows
        concerned.

    Raises
    ------
    TrialbookError
        If the data or an option cannot be used.

    Examples
    --------
    >>> import trialbook as tb
    >>> checks = tb.guardrails(tb.Job(data="bank.csv", target="y"))  # doctest: +SKIP
    >>> [check.name for check in checks if check.verdict == "alerted"]  # doctest: +SKIP
    """
    from trialbook import experiment

    return experiment.check(job, experiment.Tables(data, validation, test))
