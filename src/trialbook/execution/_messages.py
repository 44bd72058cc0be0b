"""What the engine and its workers say to each other: one JSON document a line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import IO, Any

# Where a trial's artifacts stand below its folder.
PROGRAM = "program/trial.py"
NOTEBOOK = "program/trial.ipynb"
OOF = "oof/oof.parquet"
CHARTS = "charts"
# What a trial in a race predicts of its first fold, until it has all.
FIRST_FOLD = "oof/first_fold.parquet"
LOG = "trial.log"


@dataclass(frozen=True)
class Request:
    """Work for a worker.

    Parameters
    ----------
    id : int
        Unique within the experiment.
    kind : {"trial", "score", "explain", "probe", "draw", "learning_curve"}
        Which function of `trialbook.execution._work`, `_charts` or `_explain` does it.
    folder : str
        Absolute path of the run's artifacts; everything is written below it, and nowhere else.
    payload : dict
        Arguments of that function.
    budget_s : float, optional
        Seconds that it should take; the worker keeps to it where it can.
    limit_s : float, optional
        Seconds after which the worker is killed.
    """

    id: int
    kind: str
    folder: str
    payload: dict[str, Any]
    budget_s: float | None = None
    limit_s: float | None = None


@dataclass(frozen=True)
class Message:
    """What became of a request.

    Parameters
    ----------
    id : int
        The request's.
    kind : {"ready", "fold", "point", "done", "failed"}
    payload : dict
        ``fold``: number, count and score; ``point``: of a learning curve; ``done``: the result;
        ``failed``: reason and log.
    """

    id: int
    kind: str
    payload: dict[str, Any] = field(default_factory=dict)


def send(stream: IO[bytes], document: Request | Message) -> None:
    """Write one document and flush.

    Parameters
    ----------
    stream : binary file
    document : Request or Message
    """
    stream.write(json.dumps(asdict(document)).encode() + b"\n")
    stream.flush()


def read_request(line: bytes) -> Request:
    """Read a request from a line."""
    return Request(**json.loads(line))


def read_message(line: bytes) -> Message:
    """Read a message from a line."""
    return Message(**json.loads(line))
