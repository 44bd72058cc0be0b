"""Which version of a table an experiment learns from, and whether its programs read it there.

A program reads its features from the table where that gives the very same rows as the copy that
the experiment keeps, which is tried once, at the beginning. Else it reads the copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from trialbook.addresses import title_of
from trialbook.data import BIG_ROWS, Prepared
from trialbook.errors import DataError
from trialbook.experiment import state
from trialbook.experiment._design import Tables
from trialbook.job import Job
from trialbook.program import ROW_COLUMN, Code, TableCode
from trialbook.tables import DeltaVersion, find_folder, find_table, pinned
from trialbook.tracking import Workspace

# From the folder of a run's program, or of the exploration, to the tables of the workspace.
_TABLES = "../../../../../tables"


@dataclass(frozen=True)
class Origin:
    """What programs say of the table, and what they read of it.

    Parameters
    ----------
    sentence : str
        Empty unless it is a version of a table.
    table : TableCode or None
        ``None`` where programs read the copy of the rows.
    """

    sentence: str = ""
    table: TableCode | None = None


NO_ORIGIN = Origin()


def pin(job: Job, tables: Tables) -> Job:
    """Name the versions that a job's tables have now, so that later ones do not matter.

    Parameters
    ----------
    job : Job
    tables : Tables
        Tables in memory, in place of those that the job names.

    Returns
    -------
    Job
    """
    named = {
        role: address
        for role in ("data", "validation", "test")
        if (address := getattr(job, role)) is not None and getattr(tables, role) is None
    }
    space = Path(job.workspace)
    return job.model_copy(update={role: pinned(named[role], space) for role in named})


def keep(folder: Path, job: Job, prepared: Prepared, workspace: Workspace) -> None:
    """Write down which version was read and, if programs can read it, which of its rows are used.

    Parameters
    ----------
    folder : Path
        Artifacts of the parent run, where the copy of the rows is already.
    job : Job
        With its versions; see `pin`.
    prepared : Prepared
    workspace : Workspace
    """
    named = find_table(job.data, workspace.path)
    found = named or find_folder(job.data)
    if job.data == Job.IN_MEMORY or found is None:
        return
    about = {"name": title_of(job.data), "version": found.version, "unused": None}
    if named is not None and not workspace.served:
        used = {prepared.schema.target, *prepared.schema.names}
        unused = tuple(name for name, _ in named.types if name not in used)
        if _reads_the_same(named, prepared, unused, folder):
            about |= {"id": named.id, "unused": unused}
            _write_rows(folder, prepared)
    state.write_json(folder / state.TABLE, about)


def origin_of(folder: Path, workspace: Workspace) -> Origin:
    """What `keep` wrote down; a version that is gone since then is not read any more.

    Parameters
    ----------
    folder : Path
        Artifacts of the parent run.
    workspace : Workspace

    Returns
    -------
    Origin
    """
    if not (folder / state.TABLE).exists():
        return NO_ORIGIN
    about = state.read_json(folder / state.TABLE)
    name, version, unused = about["name"], about["version"], about["unused"]
    learned = f"It learns from version {version} of the table `{name}`"
    if unused is None or not _is_there(name, version, about["id"], workspace):
        return Origin(f"{learned}; it reads a copy of the rows.")
    table = TableCode(Code(f'"{_TABLES}/{name}"'), version, about["id"], tuple(unused))
    return Origin(f"{learned}, which it reads.", table)


def _reads_the_same(
    found: DeltaVersion, prepared: Prepared, unused: tuple[str, ...], folder: Path
) -> bool:
    """Whether the table gives the features exactly as the copy of the rows has them."""
    from trialbook.program import read_version

    rows = prepared.positions
    if rows is None or (rows < 0).any():
        return False
    if ROW_COLUMN in (prepared.schema.target, prepared.schema.weight):
        return False
    if found.n_rows > BIG_ROWS:  # programs read the beginning of the copy
        return False
    table = read_version(str(found.folder), found.version, found.id).iloc[rows]
    dropped = [name for name in (prepared.schema.target, *unused) if name in table.columns]
    table = table.drop(columns=dropped).reset_index(drop=True)
    kept = pd.read_parquet(folder / state.TRAIN, columns=prepared.schema.names)
    return list(table.columns) == list(kept.columns) and table.equals(kept)


def _write_rows(folder: Path, prepared: Prepared) -> None:
    """Keep all but the features: the row of the table, the target, folds and weights."""
    rest = prepared.train.drop(columns=prepared.schema.names)
    rest.insert(0, ROW_COLUMN, prepared.positions)
    rest.to_parquet(folder / state.ROWS, index=False)


def _is_there(name: str, version: int, table_id: str, workspace: Workspace) -> bool:
    try:
        found = find_table(f"{name}@{version}", workspace.path)
    except DataError:
        return False
    return found is not None and found.id == table_id and all(map(Path.is_file, found.files))
