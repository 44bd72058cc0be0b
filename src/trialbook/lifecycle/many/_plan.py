"""What is kept of many models beside their experiments, and how their time is divided."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from trialbook.data import SeriesSpec
from trialbook.errors import DataError, OptionError, WorkspaceError
from trialbook.experiment import state
from trialbook.job import Job
from trialbook.tracking import Workspace, slug

Divide = Literal["rows", "even"]

# Where they are kept in a workspace, each under its name.
FOLDER = "many"
PLAN = "many.json"
# More experiments than this are a slip: the partition has a column of numbers or times.
MOST_PARTS = 100_000


@dataclass
class Part:
    """A part of the table.

    Parameters
    ----------
    key : str
        Values of the columns that tell parts apart, with slashes between them.
    name : str
        Of its experiment, and of its model in the registry.
    rows : int
    state : {"waiting", "finished", "failed"}
    error : str, optional
        Why it failed.
    seconds : float
        That it took.
    version : int, optional
        Of its model in the registry.
    begun : bool
        Whether a session began it.
    """

    key: str
    name: str
    rows: int
    state: Literal["waiting", "finished", "failed"] = "waiting"
    error: str | None = None
    seconds: float = 0.0
    version: int | None = None
    begun: bool = False


@dataclass
class Plan:
    """Many models: what is asked of all of them, and what became of each.

    Parameters
    ----------
    name : str
    columns : tuple of str
        Columns that tell parts apart.
    job : dict
        As `Job.told`, of the whole.
    divide : {"rows", "even"}
        How the time is divided.
    at_once : int
        Experiments that run at once.
    parts : list of Part
    begun : str
        When it was made, which tells its experiments from earlier ones of the same names.
    """

    name: str
    columns: tuple[str, ...]
    job: dict[str, Any]
    divide: Divide
    at_once: int
    parts: list[Part] = field(default_factory=list)
    begun: str = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M:%S"))

    def write(self, folder: Path) -> None:
        """Keep it; it is whole at any time."""
        state.write_json(folder / PLAN, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Plan:
        """Read what `write` kept."""
        kept = state.read_json(folder / PLAN)
        parts = [Part(**one) for one in kept.pop("parts")]
        return cls(**{**kept, "columns": tuple(kept["columns"])}, parts=parts)

    def weight(self, part: Part) -> float:
        """What a part counts when time is divided."""
        return float(part.rows) if self.divide == "rows" else 1.0

    def tags(self, part: Part) -> dict[str, str]:
        """What the run of a part's experiment, and its model, are known by."""
        return {"many_models": self.name, "partition": part.key, "many_models_begun": self.begun}

    def of(self, which: str) -> Part:
        """A part by its key; `OptionError` with the known ones if there is none."""
        for part in self.parts:
            if which in (part.key, part.name):
                return part
        known = ", ".join(part.key for part in self.parts[:10])
        raise OptionError(
            f"no part '{which}' in '{self.name}'",
            place="option partition",
            remedy=f"Known: {known}.",
        )


def share_s(
    left_s: float, at_once: int, running_s: Collection[float], mine: float, others: float
) -> float:
    """Seconds that the next experiment may take.

    Parameters
    ----------
    left_s : float
        Until the deadline of all.
    at_once : int
        Experiments that run at once.
    running_s : collection of float
        Seconds that each running one may still take.
    mine, others : float
        Weights of the next one, and of those that wait behind it together.

    Returns
    -------
    float
        Its share of what is left of all; so one that took less than its share gives to the others.
    """
    free_s = at_once * left_s - sum(running_s)
    return max(0.0, min(left_s, free_s * mine / (mine + others)))


def keys_of(table: pd.DataFrame, columns: Sequence[str], place: str) -> pd.Series[str]:
    """The part of each row.

    Parameters
    ----------
    table : DataFrame
    columns : sequence of str
    place : str
        What the table is called in a message.

    Raises
    ------
    DataError
        If it lacks a column.
    """
    lacking = [name for name in columns if name not in table]
    if lacking:
        raise DataError(
            f"the table lacks the column '{lacking[0]}', by which it is divided",
            place=place,
            remedy="Give it, or name other columns (--partition).",
        )
    return _spec(columns).name_of(table)


def by_part(table: pd.DataFrame, columns: Sequence[str], place: str) -> dict[str, pd.DataFrame]:
    """The rows of each part, by its key; parameters and errors as of `keys_of`."""
    keys = keys_of(table, columns, place).to_numpy()
    return {str(key): rows for key, rows in table.groupby(keys, sort=False)}


def values_of(key: str, columns: Sequence[str]) -> dict[str, str]:
    """What a part has in each of the columns that tell parts apart.

    Parameters
    ----------
    key : str
        Of `keys_of`.
    columns : sequence of str
    """
    found = _spec(columns).ids_of(pd.Series([key])).iloc[0]
    return {str(name): str(value) for name, value in found.items()}


def _spec(columns: Sequence[str]) -> SeriesSpec:
    """Parts are named as series are."""
    return SeriesSpec("", tuple(columns), "D", 1, 1)


def plan_of(
    table: pd.DataFrame, job: Job, columns: tuple[str, ...], divide: Divide, at_once: int
) -> Plan:
    """The parts of a table, the largest first.

    Raises
    ------
    OptionError
        If the columns make no parts, or one is the target.
    """
    if not columns or {*columns} & {job.target, job.time_column}:
        raise OptionError(
            "the columns that divide a table must be some beside its target and its times",
            place="option partition",
            remedy="Name them (--partition state).",
        )
    counts = keys_of(table, columns, job.place).value_counts()
    if len(counts) > MOST_PARTS:
        raise OptionError(
            f"there are {len(counts):,} parts, an experiment for each",
            place="option partition",
            remedy="Name columns with fewer values.",
        )
    name = job.experiment_name
    parts = [
        Part(str(key), f"{name}-{slug(str(key))}", int(rows))
        for key, rows in sorted(counts.items(), key=lambda one: (-one[1], str(one[0])))
    ]
    return Plan(name, columns, job.told(), divide, at_once, parts)


def folder_of(workspace: Workspace | Path, name: str) -> Path:
    """Where a workspace keeps many models."""
    root = workspace if isinstance(workspace, Path) else workspace.path
    return root / FOLDER / slug(name)


def latest(workspace: Workspace, name: str | None) -> Path:
    """The folder of many models, of the latest ones if no name is given.

    Raises
    ------
    WorkspaceError
        If there are none.
    """
    plans = sorted(_plans(workspace.path), key=lambda path: path.stat().st_mtime)
    if name is not None:
        plans = [path for path in plans if path == folder_of(workspace, name) / PLAN]
    if not plans:
        raise WorkspaceError(
            "there are no such models" if name is None else f"there are no models of '{name}'",
            place=str(workspace.path),
            remedy="Train them first, with a partition.",
        )
    return plans[-1].parent


def _plans(root: Path) -> Iterator[Path]:
    return (root / FOLDER).glob(f"*/{PLAN}")
