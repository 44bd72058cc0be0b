"""Whether a model may be loaded: a pickle is a program, and is run when it is read.

A workspace is its owner's, as the folder of a project is. What lies elsewhere may be anyone's: a
pickle of it is read only on a person's word (`trust`), and an ONNX file at any time, for it holds
numbers and the names of operations, and nothing that runs by itself.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialbook.errors import NoModelError, OptionError, UntrustedError, WorkspaceError
from trialbook.models._forecaster import ForecastModel, forecaster_at
from trialbook.models._forecaster_package import is_forecaster
from trialbook.models._model import Model
from trialbook.models._package import MODEL_FOLDER, SCHEMA_FILE

if TYPE_CHECKING:
    from trialbook.models.onnx import OnnxModel

ONNX_SUFFIX = ".onnx"
# Files that hold an estimator and no schema; they are named to be refused with the way out.
PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".cloudpickle", ".dill"})
# Where a workspace keeps what its trials wrote. A folder beside it is none of theirs.
_ARTIFACTS = "artifacts"


def is_own(path: Path, workspace: Path | None) -> bool:
    """Whether a file or folder was written by the trials of a workspace.

    Parameters
    ----------
    path : Path
    workspace : Path or None

    Returns
    -------
    bool
        False for a link inside that leads elsewhere.
    """
    if workspace is None:
        return False
    return path.resolve().is_relative_to((workspace / _ARTIFACTS).resolve())


def require_trust(path: Path, *, trust: bool, workspace: Path | None = None) -> None:
    """Refuse a pickle that nobody answers for.

    Parameters
    ----------
    path : Path
        What is about to be loaded.
    trust : bool
        Whether a person said that its author is trusted.
    workspace : Path, optional
        What its own trials wrote needs nobody's word.

    Raises
    ------
    UntrustedError
    """
    if trust or is_own(path, workspace):
        return
    raise UntrustedError(
        "this model is a pickle from outside the workspace: loading it runs any code that its "
        "author put there, with your rights to files, network and passwords",
        place=str(path),
        remedy="If it is yours, name its workspace; if you trust its author, say so with "
        "trust=True (--trust). Else ask for it as ONNX, which runs no code of its own.",
    )


def is_file_of_model(which: str | Path) -> bool:
    """Whether a name is that of a model's file or folder, rather than of a trial.

    Parameters
    ----------
    which : str or Path

    Returns
    -------
    bool
    """
    path = Path(which)
    if (path / SCHEMA_FILE).is_file() or (path / MODEL_FOLDER / SCHEMA_FILE).is_file():
        return True
    ending = path.suffix.lower()
    return ending == ONNX_SUFFIX or (ending in {".zip", *PICKLES} and path.is_file())


def open_model(
    which: str | Path, *, trust: bool = False, workspace: Path | None = None
) -> Model | ForecastModel | OnnxModel:
    """Open a model that is a file or a folder, if that is safe or a person answers for it.

    Parameters
    ----------
    which : str or Path
        An ``.onnx`` file; a zip that was exported; a model's folder, or one that holds it under
        ``model``, as an exported context for Docker does.
    trust : bool
        Whether its author is trusted, so that a pickle from outside the workspace may be read.
        Never pass on what came with the file, or over a network.
    workspace : Path, optional
        Whose own models need no trust.

    Returns
    -------
    Model, ForecastModel or OnnxModel
        Nothing is unpickled yet: that happens when a model first predicts.

    Raises
    ------
    UntrustedError
        If it is a pickle from elsewhere and nobody answers for it.
    NoModelError, OptionError
        If it is no model.
    """
    path = Path(which).absolute()
    ending = path.suffix.lower()
    if ending == ONNX_SUFFIX:
        return _onnx(path)
    if ending in PICKLES:
        raise OptionError(
            "a pickle alone does not say which columns it wants",
            place=str(path),
            remedy="Name the folder or the zip of the model, or load it with cloudpickle if you "
            "trust its author.",
        )
    require_trust(path, trust=trust, workspace=workspace)
    if ending == ".zip":
        return _unzipped(path)
    inner = path / MODEL_FOLDER
    return model_at(inner if (inner / SCHEMA_FILE).is_file() else path, workspace=workspace)


def model_at(folder: Path, **known: Any) -> Model | ForecastModel:
    """The model of a folder, with its own schema: `Model.at`, or `forecaster_at` of a forecast."""
    return (forecaster_at if is_forecaster(folder) else Model.at)(folder, **known)


def _onnx(path: Path) -> OnnxModel:
    if not path.is_file():
        raise NoModelError("there is no such ONNX file", place=str(path), remedy="Check the path.")
    from trialbook.models.onnx import OnnxModel

    return OnnxModel(path)


def _unzipped(path: Path) -> Model | ForecastModel:
    """The model of an exported zip, in a folder that goes when the model does."""
    folder = tempfile.mkdtemp(prefix="trialbook-model-")
    prefix = f"{MODEL_FOLDER}/"
    try:
        with zipfile.ZipFile(path) as archive:
            # `extract` takes no member out of the folder, whatever its name.
            for name in archive.namelist():
                if name.startswith(prefix):
                    archive.extract(name, folder)
        model = model_at(Path(folder) / MODEL_FOLDER, name=path.stem)
    except (NoModelError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # RuntimeError is what zipfile says of a password, and of methods that it does not know.
        shutil.rmtree(folder, ignore_errors=True)
        raise NoModelError(
            "this zip holds no model of Trialbook",
            place=str(path),
            remedy="Make one with: trialbook export MODEL --to zip.",
        ) from error
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise WorkspaceError(
            f"cannot unpack it: {error.strerror or error}",
            place=str(path),
            remedy="Free the disk, or let TMPDIR name another folder.",
        ) from error
    weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
    return model
