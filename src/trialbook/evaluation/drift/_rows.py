"""Some rows of a table of any size, drawn at random in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from trialbook.data import Schema
from trialbook.tables import open_stream
from trialbook.tables.plain import rebatch

if TYPE_CHECKING:
    from trialbook.tables import Source

_BATCH = 50_000


@dataclass(frozen=True)
class Drawn:
    """Some rows of a table.

    Parameters
    ----------
    frame : DataFrame
        Features as the model wants them, and the target if the table has it.
    positions : ndarray of int
        Which rows of the table they are, from 0, rising.
    n_rows : int
        Of the whole table.
    place : str
        Where it comes from.
    """

    frame: pd.DataFrame
    positions: np.ndarray
    n_rows: int
    place: str

    def target(self, schema: Schema) -> pd.Series | None:
        """The target, where the table has it for some row."""
        if schema.target not in self.frame or self.frame[schema.target].isna().all():
            return None
        return self.frame[schema.target]


def draw(
    source: Source,
    schema: Schema,
    most: int,
    *,
    workspace: str | Path | None = None,
    seed: int = 0,
) -> Drawn:
    """Draw rows of a table without holding more than a batch beside them.

    Parameters
    ----------
    source : path or table
    schema : Schema
        Of the model.
    most : int
        Rows to draw; all of a table that has no more.
    workspace : str or Path, optional
    seed : int, optional

    Returns
    -------
    Drawn

    Raises
    ------
    DataError
        If the table cannot be read, or does not fit the model.
    """
    stream = open_stream(source, text=schema.text, workspace=workspace)
    has = stream.has or (lambda name: False)
    names = [*stream.names]
    names += [one for one in (*schema.names, schema.target) if one not in names and has(one)]
    schema.check_names(names)
    wanted = [*schema.names, *([schema.target] if schema.target in names else [])]
    random = np.random.default_rng(seed)
    frame, keys, rows, start = pd.DataFrame(), np.array([]), np.array([], dtype=int), 0
    for table in rebatch(stream.read(wanted), _BATCH):
        part = _conformed(stream.plain(table.select(wanted)), schema)
        frame = part if not start else pd.concat([frame, part], ignore_index=True)
        # Rows with the smallest of random keys are a random sample, however many there will be.
        keys = np.append(keys, random.random(len(part)))
        rows = np.append(rows, start + np.arange(len(part)))
        start += len(part)
        if len(keys) > most:
            kept = np.sort(np.argpartition(keys, most)[:most])
            frame, keys, rows = frame.iloc[kept].reset_index(drop=True), keys[kept], rows[kept]
    return Drawn(frame, rows, start, stream.place)


def _conformed(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    made = schema.conform(frame)
    if schema.target in frame.columns:
        target = frame[schema.target]
        known = target[target.notna()]
        if len(known):
            values = schema.conform(frame.loc[known.index], require_target=True)[schema.target]
            made[schema.target] = pd.Series(
                values.to_numpy(dtype=object), index=known.index
            ).reindex(made.index)
        else:
            made[schema.target] = None
    return made
