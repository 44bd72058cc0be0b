"""A model that is an ONNX file: run by onnxruntime, with the schema that it carries."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trialbook.errors import ExportError, NoModelError
from trialbook.models._answering import Answering
from trialbook.models._schema_file import schema_of_text
from trialbook.models.onnx._inputs import feeds
from trialbook.models.onnx.graph import failures
from trialbook.models.onnx.transformers import MISSING_TEXT, MISSING_TIME

# Under this name the schema travels in a file, as JSON.
SCHEMA_KEY = "trialbook.schema"
# What a row of missing cells is fed as, by the kind of the tensor.
_EMPTY: Mapping[str, np.ndarray[Any, Any]] = {
    "f": np.array([[np.nan]]),
    "i": np.array([[MISSING_TIME]]),
    "O": np.array([[MISSING_TEXT]], dtype=object),
}
# Rows that are answered at once: of twenty thousand words each, they take 160 MB per tensor.
ROWS = 1024


class OnnxModel(Answering):
    """A model in an ONNX file, which needs onnxruntime and nothing of what it was trained with.

    Parameters
    ----------
    source : path or bytes
        The file, or what is in it.
    threads : int, optional
        Threads for one call; onnxruntime's own choice by default.

    Raises
    ------
    NoModelError
        If it is no ONNX file, or none that Trialbook wrote.
    ExportError
        If onnxruntime is not installed.

    Attributes
    ----------
    schema : Schema
        The columns that it asks for, and the classes.
    name : str
        The file's, without its ending.
    digest : str
        Another one when the model is another one.
    """

    def __init__(self, source: str | Path | bytes, *, threads: int | None = None) -> None:
        runtime = _onnxruntime()
        place = None if isinstance(source, bytes) else str(source)
        self.name = "model" if place is None else Path(place).stem
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        given = source if isinstance(source, bytes) else str(source)
        try:
            self._session = runtime.InferenceSession(
                given, options, providers=["CPUExecutionProvider"]
            )
        except failures(runtime) as error:
            raise NoModelError(
                f"onnxruntime cannot read it: {str(error).strip().splitlines()[0]}",
                place=place,
                remedy="Name a file that trialbook export wrote.",
            ) from error
        text = self._session.get_modelmeta().custom_metadata_map.get(SCHEMA_KEY)
        if text is None:
            raise NoModelError(
                "this ONNX file was not written by Trialbook: it has no schema",
                place=place,
                remedy="Name a file that trialbook export wrote.",
            )
        self.schema = schema_of_text(text, place)
        asked = {one.name for one in self._session.get_inputs()}
        if asked != {column.name for column in self.schema.used}:
            raise NoModelError(
                "this ONNX file does not ask for the columns of its schema",
                place=place,
                remedy="Name a file that trialbook export wrote.",
            )
        contents = source if isinstance(source, bytes) else Path(source).read_bytes()
        self.digest = hashlib.blake2b(contents, digest_size=16).hexdigest()

    @property
    def label(self) -> str:
        """As `Model.label`: its name."""
        return self.name

    def answers(self, X: pd.DataFrame) -> tuple[np.ndarray[Any, Any], ...]:
        """What the graph gives.

        Parameters
        ----------
        X : DataFrame of shape (n_rows, n_features)
            As `conform` gives it.

        Returns
        -------
        tuple of ndarray
            Labels (n_rows,) and probabilities (n_rows, n_classes), or numbers (n_rows,) alone.
        """
        parts = [
            self.run(feeds(X.iloc[start : start + ROWS], self.schema))
            for start in range(0, max(1, len(X)), ROWS)
        ]
        return tuple(np.concatenate(one) for one in zip(*parts, strict=True))

    def run(self, fed: Mapping[str, np.ndarray[Any, Any]]) -> tuple[np.ndarray[Any, Any], ...]:
        """What the graph gives for inputs that were made beforehand.

        Parameters
        ----------
        fed : mapping of str to ndarray of shape (n_rows, 1)
            As `feeds` gives them; of `ROWS` rows at most, or it takes a lot of memory.

        Returns
        -------
        tuple of ndarray
            As of `answers`.
        """
        if any(not len(one) for one in fed.values()):
            # Of no rows Tokenizer makes a tensor of one dimension: an empty row is asked instead.
            alone = {name: _EMPTY[one.dtype.kind] for name, one in fed.items()}
            return tuple(one[:0] for one in self._session.run(None, alone))
        return tuple(self._session.run(None, fed))

    def given(self, X: pd.DataFrame) -> np.ndarray[Any, Any]:
        """As `Answering.given`."""
        return self.answers(X)[-1]


def _onnxruntime() -> Any:
    try:
        return importlib.import_module("onnxruntime")
    except ModuleNotFoundError as error:
        raise ExportError(
            "ONNX files are run by onnxruntime, which is not installed",
            remedy="Install it: pip install 'trialbook[onnx]'.",
        ) from error
