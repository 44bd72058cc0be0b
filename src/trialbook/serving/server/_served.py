"""A version of a model that answers, and what the server must know of any of them."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from trialbook.data import Schema
from trialbook.models import NO_ANSWER, NO_ANSWER_REMEDY, ForecastModel, Model, rows_without_answer
from trialbook.serving.server._engine import Choice
from trialbook.serving.server._known import unknown_categories
from trialbook.serving.server._problems import Problem, refused_cells
from trialbook.serving.server._queue import Queue
from trialbook.serving.server._typed import Reader, Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialbook.models.onnx import OnnxModel

AnyModel: TypeAlias = "Model | ForecastModel | OnnxModel"
Unknown = Literal["warn", "error"]
CSV: Final = "text/csv"
# JSON of more bytes than these is read in a thread, for it would hold up other requests.
LARGE_BODY: Final = 100_000


@dataclass(frozen=True)
class Options:
    """How models are served; see `trialbook.serving.create_app`."""

    engine: Choice = "auto"
    unknown: Unknown = "warn"
    explain: bool = False
    explain_timeout_s: float = 10.0


@dataclass(frozen=True)
class Body:
    """What came with a request.

    Parameters
    ----------
    content : bytes
    is_csv : bool
        Else it is JSON.
    """

    content: bytes
    is_csv: bool

    @property
    def is_large(self) -> bool:
        """Whether to read it takes so long that others would wait."""
        return self.is_csv or len(self.content) > LARGE_BODY


@dataclass(frozen=True)
class Answer:
    """What is answered to a request.

    Parameters
    ----------
    document : dict
    n_rows : int
        That were answered.
    warnings : sequence of Problem
    """

    document: dict[str, Any]
    n_rows: int
    warnings: Sequence[Problem]


@dataclass(eq=False, kw_only=True)
class Served(ABC):
    """A version that answers.

    Parameters
    ----------
    label : str
        Such as ``churn@3``; it is in the header of each answer.
    name, version : str
        Its parts; the version is empty for what is not of the registry.
    schema : Schema
        With the columns that a request has.
    engine : str
        What computes the answers.
    queue : Queue
    reader : Reader
    known : mapping of str to frozenset of str
        Categories by column.
    examples : list of dict
        Rows to show.
    identity : tuple
        What is served: it differs if another version, or another training, took its place.
    options : Options
    """

    label: str
    name: str
    version: str
    schema: Schema
    engine: str
    queue: Queue[Any]
    reader: Reader
    known: Mapping[str, frozenset[str]]
    examples: list[dict[str, Any]]
    identity: tuple[Any, ...]
    options: Options
    users: int = field(default=0, init=False)
    retired: bool = field(default=False, init=False)

    @abstractmethod
    async def predict(self, body: Body) -> Answer:
        """Answer a request.

        Raises
        ------
        Refused
            If it cannot be answered.
        """

    @abstractmethod
    async def explain(self, body: Body, alone: Any) -> Answer:
        """Explain what is predicted; as `predict`.

        Parameters
        ----------
        body : Body
        alone : async context manager
            Entered while an explanation is computed.
        """

    @property
    def columns(self) -> list[str]:
        """The columns of a request, in the order of rows that are lists."""
        return self.schema.names

    def warnings(self, rows: Rows) -> list[Problem]:
        """Cells with a category that the model has not seen.

        Parameters
        ----------
        rows : Rows

        Returns
        -------
        list of Problem

        Raises
        ------
        Refused
            With status 422 if they are errors.
        """
        warn = self.options.unknown == "warn"
        found = [
            Problem(
                f"the category '{value[:60]}' was not there in training",
                row,
                column,
                "The model takes it as unknown." if warn else "Send a known one.",
            )
            for row, column, value in unknown_categories(rows, self.known)
        ]
        if found and not warn:
            raise refused_cells(found)
        return found

    def leave(self) -> None:
        """One request less uses it; a version that was replaced ends with the last one."""
        self.users -= 1
        self._end_if_unused()

    def retire(self) -> None:
        """Let it end once nobody uses it any more."""
        self.retired = True
        self._end_if_unused()

    def _end_if_unused(self) -> None:
        if self.retired and not self.users:
            # Its thread may still tell the log; the event loop does not wait for that.
            threading.Thread(target=self.queue.close, daemon=True).start()


def check_numbers(given: NDArray[Any]) -> None:
    """Refuse what is no number.

    Parameters
    ----------
    given : ndarray of shape (n_rows, n_numbers) or (n_rows,)
        What a model gave.

    Raises
    ------
    Refused
        With status 422, and each row that has none.
    """
    without = rows_without_answer(given)
    if without:
        raise refused_cells([Problem(NO_ANSWER, row, remedy=NO_ANSWER_REMEDY) for row in without])


def name_of(model: AnyModel) -> str:
    """What a model is called, without its version."""
    return model.name or "model"


def version_of(model: AnyModel) -> str:
    """Its version in the registry, or empty."""
    version = getattr(model, "version", None)
    return "" if version is None else str(version)


def identity_of(model: AnyModel) -> tuple[Any, ...]:
    """What tells one served model from another, without loading it.

    Parameters
    ----------
    model : Model, ForecastModel or OnnxModel

    Returns
    -------
    tuple
        Its label, and its run and the time of its pickle's last change, or what is in its file.
    """
    told = (name_of(model), version_of(model))
    if not isinstance(model, (Model, ForecastModel)):
        return (*told, model.digest)
    file = model.pickle
    changed = file.stat().st_mtime_ns if file.is_file() else None
    return (*told, model.run_id, model.folder, changed)


def known_of(model: AnyModel) -> dict[str, Any]:
    """The fields of `Served` that are told of any model."""
    name, version = name_of(model), version_of(model)
    label = f"{name}@{version}" if version else name
    return {"label": label, "name": name, "version": version, "identity": identity_of(model)}
