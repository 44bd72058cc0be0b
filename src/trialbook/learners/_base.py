"""What a learner is: an algorithm that can propose configurations and write its part of a program.

A learner is a class in a file of its own, in this package or in anybody's (entry point group
``trialbook.learners``). It trains nothing itself: it writes source code, and the engine runs that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from trialbook.program import ModelCode
from trialbook.tasks import Table

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
    """

    key: ClassVar[str]
    name: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")
    aliases: ClassVar[tuple[str, ...]] = ()
    max_classes: ClassVar[int | None] = None
    requires: ClassVar[str] = "sklearn"

    @abstractmethod
    def space(self, table: Table) -> Space:
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
    def starts(self, table: Table) -> tuple[Start, ...]:
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
    def cost(self, params: Params, table: Table) -> float:
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

    @abstractmethod
    def code(self, params: Params, table: Table) -> ModelCode:
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
