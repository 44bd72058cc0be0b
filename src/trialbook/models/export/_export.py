"""A model written in a form that others can use."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import pandas as pd

from trialbook._plain import check_folder, whole_file, write_text
from trialbook.errors import ExportError, OptionError, nearest
from trialbook.models._environment import read_requirements
from trialbook.models._forecaster import NO_ONNX, ForecastModel
from trialbook.models._model import Model
from trialbook.models.export._bundle import docker_files, write_folder, write_zip, zip_files
from trialbook.models.export._requirements import portable

if TYPE_CHECKING:
    from trialbook.models.onnx import Parity

Format = Literal["onnx", "pickle", "zip", "docker"]
FORMATS: tuple[Format, ...] = get_args(Format)
ENDINGS: dict[Format, str] = {
    "onnx": ".onnx",
    "pickle": ".pkl",
    "zip": ".zip",
    "docker": "-docker",
}


@dataclass(frozen=True)
class Exported:
    """What was written.

    Parameters
    ----------
    model : str
        What the model is called: ``lightgbm-2``, or its name in the registry.
    version : int or None
        Of its name in the registry.
    format : {"onnx", "pickle", "zip", "docker"}
    path : Path
        The file, or the folder.
    files : tuple of str
        What was written: names beside the path, or of what is within it.
    size : int
        In bytes.
    parity : Parity, optional
        How alike the ONNX file and the model in Python are, on real rows.
    """

    model: str
    version: int | None
    format: Format
    path: Path
    files: tuple[str, ...]
    size: int
    parity: Parity | None = None


def export(
    model: Model | ForecastModel,
    to: str,
    path: str | Path | None = None,
    *,
    rows: pd.DataFrame | None = None,
) -> Exported:
    """Write a model in a form that others can use.

    Parameters
    ----------
    model : Model or ForecastModel
    to : {"onnx", "pickle", "zip", "docker"}
        ``onnx``: one file that holds everything from the columns of the table to the prediction,
        which any language can run, and which is safe to load. ``pickle``: the estimator alone,
        with a file of its requirements. ``zip``: the MLflow model, its environment and a script
        that predicts. ``docker``: a folder that an image which answers over HTTP is built from.
    path : str or Path, optional
        Where; by default the model's name in the current folder. A file there is replaced, a
        folder is not.
    rows : DataFrame, optional
        Rows of the training table on which an ONNX file is compared with the model; needed for
        ``onnx``.

    Returns
    -------
    Exported

    Raises
    ------
    ExportError
        If a step of the model cannot be written as ONNX, or the file would answer otherwise than
        the model does; nothing is written then.
    OptionError
        If there is no such form, or the place cannot be written to.
    """
    form = next((one for one in FORMATS if one == to), None)
    if form is None:
        raise OptionError(
            f"there is no form '{to}'", place="option to", remedy=nearest(to, FORMATS)
        )
    label = model.label.replace("/", "-")
    target = Path(path or f"{label}{ENDINGS[form]}").expanduser().absolute()
    check_folder(target)
    if form != "docker" and target.is_dir():
        raise OptionError(
            "this is a folder, and a file is to be written",
            place=str(target),
            remedy=f"Name a file, such as {label}{ENDINGS[form]}.",
        )
    if form == "onnx":
        if isinstance(model, ForecastModel):
            raise ExportError(
                f"a forecast cannot be written as ONNX: {NO_ONNX}",
                place=model.label,
                remedy="Export it as zip, docker or pickle.",
            )
        return _onnx(model, target, rows)
    if form == "pickle":
        return _pickle(model, target)
    files = zip_files(model) if form == "zip" else docker_files(model)
    if form == "zip":
        with whole_file(target) as draft:
            write_zip(files, draft)
        size = target.stat().st_size
    else:
        write_folder(files, target)
        size = sum(one.stat().st_size for one in target.rglob("*") if one.is_file())
    return Exported(model.name, model.version, form, target, tuple(sorted(files)), size)


def _pickle(model: Model | ForecastModel, target: Path) -> Exported:
    """The estimator as it is stored, and its requirements beside it."""
    beside = target.with_name(f"{target.stem}.requirements.txt")
    lines = portable(read_requirements(model.folder))
    with whole_file(target) as draft:
        shutil.copyfile(model.pickle, draft)
    write_text(beside, "".join(f"{line}\n" for line in lines))
    names = (target.name, beside.name)
    return Exported(model.name, model.version, "pickle", target, names, target.stat().st_size)


def _onnx(model: Model, target: Path, rows: pd.DataFrame | None) -> Exported:
    """One graph, if it answers as the model does."""
    from trialbook.models.onnx import compare, to_onnx

    if rows is None or not len(rows):
        raise ExportError(
            "an ONNX file is compared with its model before it is written, and there are no rows",
            place=model.label,
            remedy="Export the trial from its workspace, or give rows of its training table.",
        )
    X = model.conform(rows)
    proto = to_onnx(model.estimator, model.schema, X)
    parity = compare(model, proto, X)
    if not parity.holds:
        raise ExportError(
            f"the ONNX file would answer otherwise than the model does, on {parity}",
            place=model.label,
            remedy="Nothing was written. Export another trial, or this one as zip.",
        )
    try:
        content = proto.SerializeToString()
    except ValueError as error:  # protobuf's limit
        raise ExportError(
            "the model is larger than the 2 GB that an ONNX file can hold",
            place=model.label,
            remedy="Export another trial, or this one as zip.",
        ) from error
    with whole_file(target) as draft:
        draft.write_bytes(content)
    files = (target.name,)
    return Exported(model.name, model.version, "onnx", target, files, len(content), parity)
