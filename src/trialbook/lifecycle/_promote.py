"""Which version of a registered model is used: the champion, and who takes its place."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trialbook.errors import OptionError
from trialbook.evaluation import Difference
from trialbook.lifecycle._compare import compare
from trialbook.lifecycle._compare_series import compare_forecasts
from trialbook.lifecycle._find_model import model_of, name_and_version
from trialbook.lifecycle._seen import unseen
from trialbook.lifecycle._series import refuse_series
from trialbook.models import ForecastModel, Model
from trialbook.tables import as_address, read_table
from trialbook.tracking import (
    CHALLENGER,
    CHAMPION,
    PREVIOUS,
    ModelVersion,
    Workspace,
    drop_alias,
    find_version,
    move_alias,
    tag_version,
    versions,
)

if TYPE_CHECKING:
    from trialbook.tables import Source as Table


@dataclass(frozen=True)
class Promotion:
    """What became of the wish to promote a version.

    Parameters
    ----------
    version : ModelVersion
        The one that was to be promoted.
    former : ModelVersion or None
        The version that had the alias before.
    alias : str
    promoted : bool
        Whether the version has the alias now.
    difference : Difference or None
        How both answer the new data; ``None`` where nothing was compared.
    n_seen : int
        Rows of the data that one of the two was trained on.
    left_out : bool
        Whether these were left out of the comparison; else too few others were there.
    """

    version: ModelVersion
    former: ModelVersion | None
    alias: str
    promoted: bool
    difference: Difference | None
    n_seen: int = 0
    left_out: bool = False


def promote(
    which: str,
    workspace: str | Path,
    *,
    data: Table | None = None,
    alias: str = CHAMPION,
    force: bool = False,
    tracking_uri: str | None = None,
) -> Promotion:
    """Give an alias to a version, if it answers new data better than the one that has it.

    Parameters
    ----------
    which : str
        A model of the registry: ``churn`` (its challenger, or else its newest version),
        ``churn@3`` or ``churn@candidate``.
    workspace : str or Path
    data : table, optional
        Rows with the target. Those that one of the two was trained on do not count, if a hundred
        others are left.
    alias : str
        What it is promoted to.
    force : bool
        Whether it is promoted without a comparison, or in spite of it.
    tracking_uri : str, optional

    Returns
    -------
    Promotion
        The version that loses the champion's alias is called ``previous`` from then on.

    Raises
    ------
    OptionError
        If another version has the alias, and there is neither data to compare them on nor force.
    WorkspaceError
        If there is no such model or version.
    DataError
        If the data cannot be used.
    """
    name, asked = name_and_version(which)
    space = Workspace.open(workspace, tracking_uri)
    known = versions(space, name)
    version = _candidate(space, name, asked, known)
    former = next((one for one in known if alias in one.aliases), None)
    if former is not None and former.version == version.version:
        return Promotion(version, former, alias, promoted=True, difference=None)
    found, n_seen, left_out = None, 0, False
    if former is not None and data is not None:
        first, second = model_of(space, former), model_of(space, version)
        found, n_seen, left_out = _compared(
            first, second, data, version.tags["metric"], tracking_uri
        )
    elif former is not None and not force:
        raise OptionError(
            f"version {former.version} of '{name}' is its {alias}, and nothing says that version"
            f" {version.version} is better",
            place="option data",
            remedy="Give new rows with the target to compare them on (--data), or promote it all"
            " the same (--force).",
        )
    promoted = found is None or found.gain > 0 or force
    if found is not None:
        tag_version(space, version, compared(found, former, data))
    if promoted:
        move_alias(space, version, alias)
        if alias == CHAMPION:
            if former is not None:
                move_alias(space, former, PREVIOUS)
            if CHALLENGER in version.aliases:
                drop_alias(space, name, CHALLENGER)
        tag_version(space, version, {f"{alias}_since": time.strftime("%Y-%m-%dT%H:%M:%S%z")})
    return Promotion(
        find_version(space, name, str(version.version)),
        former,
        alias,
        promoted,
        found,
        n_seen,
        left_out,
    )


def _compared(
    first: Model | ForecastModel,
    second: Model | ForecastModel,
    data: Table,
    by: str,
    tracking_uri: str | None,
) -> tuple[Difference, int, bool]:
    """How both answer the data, how many of its rows one of them knew, and whether they count."""
    if isinstance(first, ForecastModel) and isinstance(second, ForecastModel):
        compared = compare_forecasts(first, second, data, by)
        return compared.difference, compared.n_seen, True
    for one in (first, second):
        if not isinstance(one, Model):
            refuse_series(one.label)
    assert isinstance(first, Model) and isinstance(second, Model)
    text = first.schema.text | second.schema.text
    read = read_table(data, text=text, workspace=second.workspace)
    kept = unseen(read, (first, second), tracking_uri)
    return compare(first, second, kept.rows, by), kept.n_seen, kept.left_out


def compared(found: Difference, other: ModelVersion | None, data: Table | None) -> dict[str, str]:
    """Tags that say what a comparison found."""
    where = as_address(data) if isinstance(data, (str, Path)) else "a table in memory"
    against = "" if other is None else f"version {other.version}: "
    return {"comparison": f"{against}{found.told}, {found.n_rows:,} rows of {where}"}


def _candidate(
    space: Workspace, name: str, which: str | None, known: list[ModelVersion]
) -> ModelVersion:
    if which is not None:
        return find_version(space, name, which)
    return next((one for one in known if CHALLENGER in one.aliases), known[0])
