"""What computes the answers of a model: its Python estimator, or the same model as ONNX."""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np

from trialbook.errors import ExportError, OptionError
from trialbook.models import Model
from trialbook.serving.server._typed import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trialbook.models.onnx import OnnxModel
    from trialbook.serving.server._feeds import Feeder

Choice = Literal["auto", "python", "onnx"]

CHOICES: Final = ("auto", "python", "onnx")
# The most that ONNX may differ from Python on the rows that are tried at the start, in probability
# or relative to the largest number: what float32 instead of float64 makes of sums of trees.
TOLERANCE: Final = 1e-4
# With fewer rows to try, nothing is known of how the two agree, and `auto` stays with Python.
LEAST_ROWS: Final = 20
# Of onnxruntime for one batch: more of them wait for each other longer than a small one takes.
THREADS: Final = 1
# Rows that the graph gets at once: more gain nothing, and take memory.
RUN_ROWS: Final = 1_000
_log = logging.getLogger("trialbook.serving")


class Engine(Protocol):
    """Computes answers."""

    @property
    def kind(self) -> str:
        """Its name in `CHOICES`."""

    def ask(self, rows: Rows) -> NDArray[Any]:
        """Probabilities of shape (n_rows, n_classes), or numbers of shape (n_rows,)."""


@dataclass(frozen=True)
class PythonEngine:
    """The estimator itself."""

    model: Model
    kind: str = "python"

    def ask(self, rows: Rows) -> NDArray[Any]:
        """As `Engine.ask`."""
        return self.model.given(rows.frame())


@dataclass(frozen=True)
class OnnxEngine:
    """The model in onnxruntime."""

    model: OnnxModel
    feeder: Feeder
    kind: str = "onnx"

    @classmethod
    def of(cls, model: OnnxModel) -> OnnxEngine:
        """The engine of a model."""
        from trialbook.serving.server._feeds import Feeder

        return cls(model, Feeder(model.schema))

    def ask(self, rows: Rows) -> NDArray[Any]:
        """As `Engine.ask`."""
        parts = [
            self.model.run(self.feeder.feed(rows.part(start, start + RUN_ROWS)))[-1]
            for start in range(0, rows.n_rows, RUN_ROWS)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def engine_of(model: Model, choice: Choice, rows: Rows) -> Engine:
    """Choose what computes the answers of a model.

    Parameters
    ----------
    model : Model
    choice : {"auto", "python", "onnx"}
        ``auto`` takes ONNX where it gives the same on some rows, else Python.
    rows : Rows
        To compare on.

    Returns
    -------
    Engine

    Raises
    ------
    OptionError
        If ONNX was asked for, and the model cannot be exported, differs, or onnxruntime is not
        installed.
    """
    python = PythonEngine(model)
    if choice == "python" or (choice == "auto" and rows.n_rows < LEAST_ROWS):
        return python
    why = None
    if importlib.util.find_spec("onnxruntime") is None:
        why = "onnxruntime is not installed (pip install 'trialbook[onnx]')"
    else:
        try:
            made = _as_onnx(model)
        except ExportError as error:
            why = str(error)
        else:
            difference = _difference(python.ask(rows), made.ask(rows))
            if difference <= TOLERANCE:
                return made
            why = f"it differs from Python by {difference:.2g} on {rows.n_rows} rows"
    if choice == "onnx":
        raise OptionError(
            f"{model.label} cannot be served as ONNX: {why}",
            place="option engine",
            remedy="Use auto or python.",
        )
    _log.info("%s is answered by Python: %s", model.label, why)
    return python


def _as_onnx(model: Model) -> OnnxEngine:
    from trialbook.models.onnx import OnnxModel, to_onnx

    proto = to_onnx(model.estimator, model.schema)
    return OnnxEngine.of(OnnxModel(proto.SerializeToString(), threads=THREADS))


def _difference(expected: NDArray[Any], given: NDArray[Any]) -> float:
    """The largest difference, of numbers relative to the largest of them."""
    if expected.shape != given.shape or not np.isfinite(given).all():
        return float("inf")
    scale = 1.0 if expected.ndim == 2 else max(float(np.abs(expected).max()), 1e-12)
    return float(np.abs(expected - given).max()) / scale
