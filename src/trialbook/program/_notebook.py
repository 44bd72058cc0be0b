"""Programs as scripts, notebooks and modules: one text, three forms."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from trialbook.errors import DataError

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def to_notebook(program: str, metadata: Mapping[str, Any]) -> str:
    """Turn a program in percent format into the JSON of a notebook.

    Parameters
    ----------
    program : str
        Source text.
    metadata : mapping
        Kept under the key ``trialbook`` of the notebook's metadata.

    Returns
    -------
    str
        JSON text of an ``.ipynb`` file.
    """
    notebook = {
        "cells": [_cell(number, *cell) for number, cell in enumerate(_cells(program))],
        "metadata": {
            "kernelspec": dict(KERNEL),
            "language_info": {"name": "python"},
            "trialbook": dict(metadata),
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cells(program: str) -> list[tuple[bool, str]]:
    """Whether each cell of a generated program is text, and what it holds.

    Every worker needs this in its first second; importing jupytext alone takes longer. It reads
    what Trialbook writes and no more: scripts of people go through jupytext (`from_notebook`).
    """
    cells = []
    for part in re.split(r"^# %%", program, flags=re.MULTILINE)[1:]:
        head, _, body = part.partition("\n")
        is_text = head.strip().startswith("[markdown]")
        lines = body.strip("\n").split("\n")
        if is_text:
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        cells.append((is_text, "\n".join(lines)))
    return cells


def _cell(number: int, is_text: bool, source: str) -> dict[str, Any]:
    cell = {"id": f"cell-{number}", "metadata": {}, "source": source.splitlines(keepends=True)}
    if is_text:
        return {"cell_type": "markdown", **cell}
    return {"cell_type": "code", **cell, "execution_count": None, "outputs": []}


def from_notebook(path: Path) -> tuple[str, dict[str, Any]]:
    """Read a notebook, or a script in percent format, as a program.

    Parameters
    ----------
    path : Path
        An ``.ipynb`` or ``.py`` file.

    Returns
    -------
    program : str
        Source text in percent format.
    metadata : dict
        What `to_notebook` kept; empty for a script.

    Raises
    ------
    DataError
        If the file is missing or is no notebook.
    """
    import jupytext

    if not path.is_file():
        raise DataError("no such notebook", place=str(path), remedy="Check the path.")
    try:
        notebook = jupytext.read(path)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise DataError(
            f"cannot read the notebook: {error}",
            place=str(path),
            remedy="Save it as .ipynb or .py.",
        ) from error
    own = dict(notebook.metadata.get("trialbook", {}))
    return str(jupytext.writes(notebook, fmt="py:percent")), own


def with_absolute_paths(source: str, folder: Path) -> str:
    """Let a program find its artifacts from anywhere, not from its own folder alone.

    Parameters
    ----------
    source : str
        Source text, or a cell of it.
    folder : Path
        Where the program lies.

    Returns
    -------
    str
        With absolute paths in place of those that begin with ``..``.
    """

    def absolute(found: re.Match[str]) -> str:
        return f'("{(folder / found[1]).resolve().as_posix()}"'

    return re.sub(r'\("((?:\.\./)*\.\.(?:/[^"]*)?)"', absolute, source)


def import_program(path: Path, name: str = "trial") -> ModuleType:
    """Import a program from a file, so that its functions can be called.

    Parameters
    ----------
    path : Path
        A Python file.
    name : str
        Name of the module; an earlier module of that name is replaced.

    Returns
    -------
    module

    Notes
    -----
    Its functions and classes are pickled by value from then on: a model must load where the
    program does not exist.
    """
    import cloudpickle

    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DataError("not a Python program", place=str(path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # Under its name alone: a model keeps where its functions are from, and takes that along to
    # wherever it is given away.
    module.__file__ = path.name
    exec(compile(path.read_bytes(), path.name, "exec"), module.__dict__)
    cloudpickle.register_pickle_by_value(module)
    return module
