"""Rows as the inputs of an ONNX model: what `trialbook.models.onnx.feeds` gives, sooner.

That function takes a table, and for each column of it as long as the graph takes for a row. Here
the columns are taken as they are, and dates that are stored as text are remembered by their text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from trialbook.data import Schema
from trialbook.models.onnx import MISSING_TEXT, feeds
from trialbook.serving.server._typed import Cells, Rows
from trialbook.tables.plain import Storage

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Texts of dates whose moment is remembered, by column.
MOST_DATES: Final = 10_000


class Feeder:
    """Makes rows into the inputs of one model.

    Parameters
    ----------
    schema : Schema
        Of the model.
    """

    def __init__(self, schema: Schema) -> None:
        self._alone = {one.name: replace(schema, columns=(one,)) for one in schema.used}
        # How a column is fed is seen from what `feeds` makes of a missing cell of it.
        self._kinds = {
            name: self._one(name, _nothing(self._storage(name))) for name in self._alone
        }
        self._dates: dict[str, dict[Any, int]] = {
            name: {}
            for name, kind in self._kinds.items()
            if kind.dtype == np.int64 and self._storage(name) == Storage.STRING
        }

    def feed(self, rows: Rows) -> dict[str, NDArray[Any]]:
        """The inputs for some rows.

        Parameters
        ----------
        rows : Rows

        Returns
        -------
        dict of str to ndarray of shape (n_rows, 1)
            As `trialbook.models.onnx.feeds` gives them.
        """
        return {name: self._column(name, rows.cells[name])[:, None] for name in self._alone}

    def _column(self, name: str, cells: Cells) -> Cells:
        kind = self._kinds[name].dtype
        if kind == np.float64 and cells.dtype != object:
            return cells.astype(np.float64)
        if kind == np.float64:  # truth with missing cells
            return np.array([np.nan if one is None else one for one in cells], dtype=np.float64)
        if kind == np.int64 and cells.dtype.kind == "M":
            return cells.astype("datetime64[ns]").view(np.int64)
        if kind == np.int64:
            return self._moments(name, cells)
        if kind.kind == "O":
            made = np.empty(len(cells), dtype=object)
            made[:] = [one if isinstance(one, str) else MISSING_TEXT for one in cells.tolist()]
            return made
        return self._one(name, cells)

    def _moments(self, name: str, cells: Cells) -> Cells:
        """Dates as text as moments."""
        known = self._dates[name]
        texts = ["" if not isinstance(one, str) else one for one in cells.tolist()]
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            asked = np.array([text or np.nan for text in new], dtype=object)
            if len(known) + len(new) > MOST_DATES:
                known.clear()
                return self._one(name, cells)
            known.update(zip(new, self._one(name, asked).tolist()))
        return np.array([known[text] for text in texts], dtype=np.int64)

    def _storage(self, name: str) -> str:
        return self._alone[name].used[0].storage

    def _one(self, name: str, cells: Cells) -> Cells:
        """One column as `feeds` makes it."""
        frame = pd.DataFrame({name: pd.Series(cells)})
        return np.asarray(feeds(frame, self._alone[name])[name][:, 0])


def _nothing(storage: str) -> Cells:
    """A missing cell of a storage."""
    if storage == Storage.DATETIME:
        return np.array(["NaT"], dtype="datetime64[ns]")
    if storage == Storage.NUMBER:
        return np.array([np.nan])
    return np.array([None if storage == Storage.BOOL else np.nan], dtype=object)
