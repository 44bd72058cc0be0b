"""What a model was made with, and whether that is what is here."""

from __future__ import annotations

import platform
import warnings
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from trialbook.errors import NoModelError, OtherVersionsWarning

REQUIREMENTS = "requirements.txt"
PYTHON = "python_env.yaml"
# How many places of a version must agree. A pickle is a picture of a library's inner objects:
# scikit-learn promises nothing between its minor versions (its guide on persistence), and skrub
# has no first major version yet. The rest keep their word within a major one.
PLACES = {"scikit-learn": 2, "skrub": 2}
# What only moves a model about; its answers do not depend on them.
CARRIERS = frozenset({"mlflow-skinny", "mlflow-tracing", "mlflow", "cloudpickle", "threadpoolctl"})
# One module in two distributions: either does.
TWINS = {"xgboost-cpu": "xgboost", "xgboost": "xgboost-cpu"}


def read_requirements(folder: Path) -> list[str]:
    """The requirement lines of a stored model.

    Parameters
    ----------
    folder : Path
        Its folder as an MLflow model.

    Returns
    -------
    list of str
        As ``name==version``; empty if it names none.
    """
    path = folder / REQUIREMENTS
    return path.read_text("utf-8").split() if path.is_file() else []


def python_of(folder: Path) -> str | None:
    """The version of Python that made a stored model.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    str or None
        Such as ``3.11.7``.
    """
    path = folder / PYTHON
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    for line in lines:
        if line.startswith("python:"):
            return line.partition(":")[2].strip()
    return None


def check_environment(folder: Path) -> None:
    """Say so if a model was made with other versions than those that are here.

    Parameters
    ----------
    folder : Path
        Its folder as an MLflow model.

    Raises
    ------
    NoModelError
        If it was made with another Python, or with a library that is not here. Functions are
        pickled as the code of one version of Python, and another may crash on it.

    Warns
    -----
    OtherVersionsWarning
        If the models of a library's version are not meant for the one that is here.
    """
    made, here = python_of(folder), platform.python_version()
    if made is not None and made.split(".")[:2] != here.split(".")[:2]:
        raise NoModelError(
            f"this model was made with Python {made}, and this is Python {here}, which cannot "
            "read the functions in it",
            place=str(folder),
            remedy=f"Use Python {'.'.join(made.split('.')[:2])}, or export it to ONNX there.",
        )
    lacking, others = _compared(read_requirements(folder))
    if lacking:
        raise NoModelError(
            f"this model needs {_names(lacking)}, which "
            f"{'is' if len(lacking) == 1 else 'are'} not installed",
            place=str(folder),
            remedy=f"Install: {_install(lacking)}",
        )
    if others:
        warnings.warn(
            f"this model was made with {_names(others)}, and other versions are installed: its "
            f"answers may differ, or it may fail. {_install(others)}",
            OtherVersionsWarning,
            stacklevel=3,
        )


def _compared(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Requirements that are not here, and those of which another version is."""
    lacking, others = [], []
    for line in lines:
        name, _, wanted = line.partition("==")
        found = _version(name) or _version(TWINS.get(name, name))
        if name in CARRIERS or not wanted:
            continue
        places = PLACES.get(name, 1)
        if found is None:
            lacking.append(line)
        elif found.split(".")[:places] != wanted.split(".")[:places]:
            others.append(line)
    return lacking, others


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _names(lines: Sequence[str]) -> str:
    return ", ".join(line.replace("==", " ") for line in lines)


def _install(lines: Sequence[str]) -> str:
    return "pip install " + " ".join(f"'{line}'" for line in lines)
