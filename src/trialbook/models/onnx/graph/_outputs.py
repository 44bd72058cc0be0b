"""What the graph of a fitted model gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outputs:
    """Tensors that answer.

    Parameters
    ----------
    probabilities : str, optional
        Of a classifier: doubles of shape (n_rows, n_classes), in the order of its classes.
    values : str, optional
        Of a regressor: doubles of shape (n_rows,).
    label : str, optional
        Of a whole classifier: the most probable class of each row, shape (n_rows,), in the type
        of the classes.
    """

    probabilities: str | None = None
    values: str | None = None
    label: str | None = None
