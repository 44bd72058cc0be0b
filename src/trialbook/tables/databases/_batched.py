"""Kinds of address whose tables come a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing

import pandas as pd
import pyarrow as pa

from trialbook.addresses import place_of
from trialbook.tables.plain import Asked, Kind, ParquetTable, gather, spool


def batched(
    name: str,
    claims: Callable[[Asked], bool],
    batches: Callable[[str], Generator[pa.RecordBatch, None, None]],
) -> Kind:
    """A kind of address by the batches that it gives.

    Parameters
    ----------
    name, claims
        As in `Kind`.
    batches : callable
        Sends what an address asks for, and gives its rows a batch at a time; closed when no more
        are wanted.

    Returns
    -------
    Kind
        The whole table is gathered in memory; one to read in parts is put aside on disk.
    """

    def read(asked: Asked) -> pd.DataFrame:
        with closing(batches(asked.address)) as found:
            return gather(found, place=place_of(asked.address))

    def open_big(asked: Asked) -> ParquetTable:
        with closing(batches(asked.address)) as found:
            return spool(found, place=place_of(asked.address))

    return Kind(name, claims, read, open_big)
