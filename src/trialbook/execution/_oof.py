"""Out-of-fold predictions as a file: what a trial predicts of rows that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd


def write_oof(path: Path, rows: Sequence[np.ndarray], predictions: Sequence[np.ndarray]) -> None:
    """Keep the predictions of all folds.

    Parameters
    ----------
    path : Path
        Parquet file to write: row, fold, and a column a class, or ``prediction``.
    rows : sequence of ndarray
        Positions of the validation rows, for each fold.
    predictions : sequence of ndarray
        Of those rows, in the same order.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = []
    for fold, (mine, prediction) in enumerate(zip(rows, predictions, strict=True)):
        columns = prediction if prediction.ndim == 2 else prediction[:, None]
        names = (
            [str(i) for i in range(columns.shape[1])] if prediction.ndim == 2 else ["prediction"]
        )
        part = pd.DataFrame(columns, columns=names)
        part.insert(0, "row", mine)
        part.insert(1, "fold", fold)
        parts.append(part)
    pd.concat(parts, ignore_index=True).to_parquet(path, index=False)


def stored_folds(path: Path) -> Iterator[tuple[None, np.ndarray, np.ndarray]]:
    """What a program's ``cross_validate`` yielded, from the file that keeps it.

    Parameters
    ----------
    path : Path
        What `write_oof` wrote.

    Yields
    ------
    tuple of (None, ndarray of shape (n,), ndarray of shape (n,) or (n, n_classes))
        For each fold, in place of the model nothing, then rows and their predictions.
    """
    fold = pd.read_parquet(path, columns=["fold"])["fold"].to_numpy()
    rows, prediction = read_oof(path)
    for number in np.unique(fold):
        yield None, rows[fold == number], prediction[fold == number]


def read_oof(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read what `write_oof` wrote.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple of (ndarray of shape (n,), ndarray of shape (n,) or (n, n_classes))
        Rows, fold by fold, and their predictions.
    """
    table = pd.read_parquet(path)
    prediction = table.drop(columns=["row", "fold"]).to_numpy()
    return table["row"].to_numpy(), prediction[:, 0] if "prediction" in table else prediction
