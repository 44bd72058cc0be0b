"""What a learner is: an algorithm that can propose configurations and write its part of a program.

A learner is a class in a file of its own, in this package or in anybody's (entry point group
``trialbook.learners``). It trains nothing itself: it writes source code, and the engine runs that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from trialbook.program import extra_width
from trialbook.tasks import Table

# Numbers of eight bytes that a trial holds at its peak. Of each cell of the table: what it loads
# and the rows of a fold. Of each encoded cell: the parts, the whole, and what the learner makes of
# it; an entry of a sparse matrix has its position too, and codes before it. What trials are seen
# to hold corrects it.
CELL_BYTES, LOADED_COPIES, ENCODED_COPIES, SPARSE = 8, 2.5, 3.0, 3.0
# Words of a cell of text, of which each is an entry of a sparse matrix.
WORDS = 30

Value = str | int | float | bool | None
Params = Mapping[str, Value]


@dataclass(frozen=True)
class Float:
    """A real hyperparameter between two bounds, on a linear or a logarithmic scale."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Int:
    """A whole hyperparameter between two bounds, both included."""

    low: int
    high: int
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """A hyperparameter that is one of a few values."""

    values: tuple[Value, ...]


Space = Mapping[str, Float | Int | Choice]


@dataclass(frozen=True)
class Start:
    """A tuned configuration to begin with.

    Parameters
    ----------
    name : str
        Short name, unique within the learner.
    params : mapping
        Hyperparameters.
    gain : float
        Expected worth beside the best single model's 1.0, given what usually ran before it. It
        orders the portfolio, divided by the projected time. Trialbook's own are from what votes
        of sixteen experiments of a minute lost without the configuration, rounded generously.
    max_rows : int, optional
        Only for tables with no more training rows than this.
    """

    name: str
    params: Params
    gain: float
    max_rows: int | None = None


@dataclass
class Deadline:
    """A moment to stop at, shared between the engine and a callback.

    Parameters
    ----------
    at : float
        `time.monotonic` seconds; infinite when there is no limit. The engine moves it from fold
        to fold.
    """

    at: float = float("inf")
    hit: bool = field(default=False)


@dataclass(frozen=True)
class History:
    """How a model got better from round to round, as its library recorded it.

    Parameters
    ----------
    measure : str
        What the library measured, by its own name.
    training, validation : tuple of float
        Of every round; empty where it was not recorded.
    """

    measure: str
    training: tuple[float, ...] = ()
    validation: tuple[float, ...] = ()


class Learner(ABC):
    """One algorithm family.

    Attributes
    ----------
    key : str
        Its name in options and files: lower case, underscores.
    name : str
        Its name for people.
    tasks : tuple of str
        Tasks that it can do.
    aliases : tuple of str
        Other spellings, such as those of other products; case and punctuation do not matter.
    max_classes : int, optional
        Beyond this many classes it is not proposed.
    requires : str
        Package that must be importable.
    extra : str, optional
        The extra of Trialbook that installs it, if it is not of the core.
    import_s : float
        Seconds to import what its models need, if workers do not have it from the start.
    family : str
        Learners of one family err alike, and half of a vote of forecasts counts the best of them;
        empty for one that is alone.
    """

    key: ClassVar[str]
    name: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    aliases: ClassVar[tuple[str, ...]] = ()
    max_classes: ClassVar[int | None] = None
    requires: ClassVar[str] = "sklearn"
    extra: ClassVar[str | None] = None
    import_s: ClassVar[float] = 0.0
    family: ClassVar[str] = ""

    @abstractmethod
    def space(self, table: Any) -> Space:
        """Hyperparameters to search, each with its range.

        Parameters
        ----------
        table : Table
            The data.

        Returns
        -------
        mapping of str to Float, Int or Choice
            Empty when there is nothing to search.
        """

    @abstractmethod
    def starts(self, table: Any) -> tuple[Start, ...]:
        """Tuned configurations to try first, best first.

        Parameters
        ----------
        table : Table
            The data.

        Returns
        -------
        tuple of Start
            Empty when the learner does not suit the table.
        """

    @abstractmethod
    def cost(self, params: Params, table: Any) -> float:
        """Expected time to train one fold on one core of a laptop.

        Parameters
        ----------
        params : mapping
            Hyperparameters.
        table : Table
            The data.

        Returns
        -------
        float
            Seconds; right within a factor of three is good enough, for measured times soon
            correct it.
        """

    def memory(self, params: Params, table: Any) -> float:
        """Expected memory of a trial beside the libraries, at its peak.

        Parameters
        ----------
        params : mapping
            Hyperparameters.
        table : Table
            The data.

        Returns
        -------
        float
            Bytes; asked for big tables only, and corrected by what trials were seen to hold.
        """
        needs = self.code(params, table).preprocessing
        width: float = table.n_columns
        if needs.categorical != "codes":
            entries = len(table.columns) + WORDS * len(table.columns.text)
            width = table.n_features if needs.dense else SPARSE * entries
        if needs.text == "words":
            width += needs.n_words * len(table.columns.text)
        width += extra_width(table.columns, needs.extra, table.n_outputs)
        cells = LOADED_COPIES * len(table.columns) + ENCODED_COPIES * width
        return float(CELL_BYTES * table.n_rows * cells)

    @abstractmethod
    def code(self, params: Params, table: Any) -> Any:
        """Write the learner's part of a program.

        Parameters
        ----------
        params : mapping
            Hyperparameters.
        table : Table
            The data.

        Returns
        -------
        ModelCode
        """

    def history(self, model: Any) -> History | None:
        """Tell how a model got better from round to round.

        Parameters
        ----------
        model : estimator
            The last step of a fitted pipeline.

        Returns
        -------
        History or None
            ``None`` if it was not trained in rounds, or nothing was recorded.
        """
        return None


def recorded(results: Mapping[str, Mapping[str, Sequence[float]]]) -> History | None:
    """The history in what boosting libraries keep: by set of rows, then by measure.

    Parameters
    ----------
    results : mapping
        A set whose name begins with ``v`` (``valid_0``, ``validation_0``) has validation rows.

    Returns
    -------
    History or None
    """
    sets: dict[str, tuple[float, ...]] = {}
    measure = ""
    # Validation rows last: their first measure is the one that stops the training.
    for name, measures in sorted(results.items()):
        if measures:
            own = measure if measure in measures else next(iter(measures))
            measure = own
            side = "validation" if name.startswith("v") else "training"
            sets.setdefault(side, tuple(float(value) for value in measures[own]))
    return History(measure, **sets) if sets else None


class IterativeLearner(Learner):
    """A learner that trains in rounds, stops early, and can be stopped at a deadline.

    Its `ModelCode` has a ``fit``, which takes ``rounds`` and ``callbacks``.
    """

    @abstractmethod
    def stopper(self, deadline: Deadline) -> Any:
        """Make a callback that ends training when a deadline has passed.

        Parameters
        ----------
        deadline : Deadline
            Read at every round.

        Returns
        -------
        object
            What the learner's library takes as a callback.
        """

    @abstractmethod
    def rounds(self, model: Any) -> int:
        """Count the rounds that a fitted model uses.

        Parameters
        ----------
        model : estimator
            The last step of a fitted pipeline.

        Returns
        -------
        int
        """


def class_weight(table: Table) -> dict[str, str]:
    """Arguments that weight classes against their frequency, where that is asked for."""
    return {"class_weight": "balanced"} if table.balance and table.is_classification else {}
