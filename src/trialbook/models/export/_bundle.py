"""A model with all that it needs where there is no Trialbook: a zip, or what makes an image."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from importlib.resources import files as files_of
from pathlib import Path
from typing import Any

from trialbook._plain import cannot_write
from trialbook.data import Schema
from trialbook.errors import ExportError, OptionError
from trialbook.models._conformal import CONFORMAL_FILE
from trialbook.models._environment import python_of, read_requirements
from trialbook.models._forecaster import ForecastModel
from trialbook.models._forecaster_package import PICKLE, SCALES_FILE
from trialbook.models._model import Model
from trialbook.models._package import MODEL_FOLDER, SCHEMA_FILE, pinned
from trialbook.models.export._requirements import LOADERS, constraints, portable
from trialbook.models.export._texts import conda, dockerfile, readme

# Content by its path below the root, always with forward slashes.
Files = dict[str, bytes | Path]

# What is taken along of a model's folder. Whatever else may lie there, such as rows to explain
# predictions by, may be of the people that the model learned from.
MODEL_FILES = (
    "MLmodel",
    "model.pkl",
    PICKLE,
    "conda.yaml",
    "python_env.yaml",
    "requirements.txt",
    "input_example.json",
    "serving_input_example.json",
    SCHEMA_FILE,
    CONFORMAL_FILE,
    SCALES_FILE,
)
EXAMPLE = "input_example.json"
# What score.py reads Parquet files with, and what server.py listens with. MLflow brings the latter
# along, so they are there wherever a model is exported.
READS = ("pyarrow",)
SERVES = ("starlette", "uvicorn", "anyio")
# The first moment that a zip can hold: the same model gives the same bytes at any time.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644


def zip_files(model: Model | ForecastModel) -> Files:
    """What the zip of a model holds.

    Parameters
    ----------
    model : Model

    Returns
    -------
    dict of str to bytes or Path
    """
    lines = [*read_requirements(model.folder), *pinned(READS)]
    files = _common(model, lines)
    others = constraints(lines)
    python = _python(model)
    files["conda.yaml"] = conda(python, [*lines, *others]).encode()
    files["README.md"] = readme(model.label, _asked(model), python, files, docker=False).encode()
    return files


def docker_files(model: Model | ForecastModel) -> Files:
    """What the build context of a model holds.

    The image serves without Trialbook: it needs a third of the packages, they come from public
    indexes in the versions that trained the model, and an image of today can be built in years.

    Parameters
    ----------
    model : Model

    Returns
    -------
    dict of str to bytes or Path
    """
    # A forecaster is a model of MLflow's own kind, and is not read without it.
    left_out = LOADERS if isinstance(model, Model) else frozenset()
    lines = read_requirements(model.folder)
    own = [line for line in lines if line.partition("==")[0] not in left_out]
    lines = [*own, *pinned(SERVES)]
    files = _common(model, lines)
    files["server.py"] = _source("_server").encode()
    files[".dockerignore"] = b"README.md\n*.json\n!model/*.json\n__pycache__\n"
    python = _python(model)
    files["Dockerfile"] = dockerfile(python, lines).encode()
    files["README.md"] = readme(model.label, _asked(model), python, files, docker=True).encode()
    return files


def _common(model: Model | ForecastModel, lines: list[str]) -> Files:
    files: Files = {
        f"{MODEL_FOLDER}/{name}": model.folder / name
        for name in MODEL_FILES
        if (model.folder / name).is_file()
    }
    if not (model.folder / SCHEMA_FILE).is_file():  # those stored earlier have their experiment's
        schema = json.dumps(model.schema.to_dict(), indent=2, ensure_ascii=False)
        files[f"{MODEL_FOLDER}/{SCHEMA_FILE}"] = (schema + "\n").encode()
    kind = "_score" if isinstance(model, Model) else "_score_series"
    files["score.py"] = _source(kind).encode()
    files["reading.py"] = _source("_reading").encode()
    files["requirements.txt"] = _lines(portable(lines))
    files["constraints.txt"] = _lines(constraints(lines))
    example = model.folder / EXAMPLE
    if example.is_file():
        files[EXAMPLE] = _records(json.loads(example.read_text("utf-8")))
    return files


def _python(model: Model | ForecastModel) -> str:
    """The version of Python that a model needs.

    Raises
    ------
    ExportError
        If the model does not say.
    """
    python = python_of(model.folder)
    if python is None:
        raise ExportError(
            "the model does not say which Python made it",
            place=str(model.folder),
            remedy="Name a trial, or a model whose folder is as MLflow wrote it.",
        )
    return python


def _asked(model: Model | ForecastModel) -> Schema:
    """The columns of a row that is asked for."""
    return model.schema if isinstance(model, Model) else model.future_schema


def _source(module: str) -> str:
    """The text of a module beside this one, which is given away as it is: among its like."""
    text = (files_of("trialbook.models.export") / f"{module}.py").read_text("utf-8")
    return text.replace("trialbook.models.export._", "")


def _lines(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _records(example: Mapping[str, Any]) -> bytes:
    """MLflow's example as a request, with null for what is missing, which is NaN or NaT there."""
    rows = [
        {
            name: None if cell == "NaT" or cell != cell else cell
            for name, cell in zip(example["columns"], row, strict=True)
        }
        for row in example["data"]
    ]
    text = json.dumps({"dataframe_records": rows}, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


# -- written ------------------------------------------------------------------------------


def write_zip(files: Files, path: Path) -> None:
    """Write a zip whose bytes depend on what is in it alone.

    Parameters
    ----------
    files : dict of str to bytes or Path
    path : Path
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # of Unix, wherever it is written: permissions are its
            member.external_attr = _FILE_MODE << 16
            content = files[name]
            if isinstance(content, bytes):
                archive.writestr(member, content)
            else:
                member.file_size = content.stat().st_size
                with content.open("rb") as source, archive.open(member, "w") as target:
                    shutil.copyfileobj(source, target, 2**20)


def write_folder(files: Files, path: Path) -> None:
    """Write a folder whole or not at all.

    Parameters
    ----------
    files : dict of str to bytes or Path
    path : Path
        It must not exist, or be empty.

    Raises
    ------
    OptionError
        If there is something in it.
    WorkspaceError
        If the disk is full or the place cannot be written.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise OptionError(
            "there is something already",
            place=str(path),
            remedy="Remove it, or name a folder that is new.",
        )
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".trialbook-") as folder:
            draft = Path(folder) / "draft"
            for name, content in files.items():
                target = draft / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if isinstance(content, bytes):
                    target.write_bytes(content)
                else:
                    shutil.copyfile(content, target)
            for one in (draft, *draft.rglob("*")):
                # Whoever runs the image reads them, whatever this user keeps to itself by default.
                one.chmod(0o755 if one.is_dir() else 0o644)
            if path.exists():
                path.rmdir()
            draft.rename(path)
    except OSError as error:
        raise cannot_write(path, error) from error
