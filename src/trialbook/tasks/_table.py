"""The facts of a table that configurations depend on."""

from __future__ import annotations

from dataclasses import dataclass

from trialbook.program import Columns


@dataclass(frozen=True)
class Table:
    """What a learner may know of the data when it proposes and writes.

    Parameters
    ----------
    task : {"classification", "regression"}
    n_rows : int
        Rows that a fold trains on.
    n_folds : int
    n_classes : int
        0 for regression.
    columns : Columns
    n_features : int
        Columns after one-hot encoding, roughly.
    metric : str
        Name of the metric that ranks.
    n_jobs : int
        Threads that a trial may use.
    weighted : bool
        Whether rows have weights.
    balance : bool
        Whether classes are to be weighted against their frequency.
    smallest_class : int
        Rows of the rarest class in the smallest training part of a fold. A learner that splits
        its rows once more, class by class, needs a few of each.
    n_coded : int
        Columns after encoding where a category is one column of codes; `n_features` if 0.
    """

    task: str
    n_rows: int
    n_folds: int
    n_classes: int
    columns: Columns
    n_features: int
    metric: str
    n_jobs: int
    weighted: bool = False
    balance: bool = False
    smallest_class: int = 100
    n_coded: int = 0

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return self.task == "classification"

    @property
    def n_outputs(self) -> int:
        """Models that a one-against-rest learner trains: classes above two, else one."""
        return self.n_classes if self.n_classes > 2 else 1

    @property
    def n_columns(self) -> int:
        """Columns where a category is one column of codes."""
        return max(1, self.n_coded or self.n_features)

    @property
    def million_codes(self) -> float:
        """Size of the training part of a fold, in millions of cells, categories as codes."""
        return self.n_rows * self.n_columns / 1e6

    @property
    def million_cells(self) -> float:
        """Size of the training part of a fold, in millions of encoded cells."""
        return self.n_rows * max(1, self.n_features) / 1e6
