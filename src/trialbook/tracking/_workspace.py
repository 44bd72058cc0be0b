"""A workspace: the folder, or the tracking server, that keeps experiments."""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from trialbook.addresses import hide_password, path_of
from trialbook.errors import WorkspaceError
from trialbook.tracking._server import check_server, is_server
from trialbook.tracking._template import copy_template, import_mlflow

if TYPE_CHECKING:
    from filelock import FileLock
    from mlflow import MlflowClient

DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"
LOCKS = "locks"
TABLES = "tables"  # kept by the room of that name; they may be there before anything else
WRITE_TEST = ".write-test"

# Below this, a model and its plots may no longer fit, and SQLite starts to fail in odd ways.
MIN_FREE_BYTES = 100 * 2**20


@dataclass(frozen=True)
class Workspace:
    """Where experiments are kept.

    Parameters
    ----------
    path : Path
        The folder.
    uri : str
        MLflow tracking URI: the folder's own database unless another was asked for.
    client : MlflowClient
    served : bool
        Whether the tracking URI is a server that stores artifacts itself, so that they must be
        sent to it; else they lie in the folder.
    """

    path: Path
    uri: str
    client: MlflowClient
    served: bool

    @classmethod
    def open(
        cls, path: str | Path, tracking_uri: str | None = None, *, create: bool = False
    ) -> Workspace:
        """Open a workspace.

        Parameters
        ----------
        path : str or Path
            The folder.
        tracking_uri : str, optional
            Any MLflow tracking URI, PostgreSQL's or a server's, in place of the folder's database.
        create : bool
            Whether a folder that is not there is made.

        Returns
        -------
        Workspace

        Raises
        ------
        WorkspaceError
            If it does not exist, is not a workspace, cannot be written or is full; or if the
            tracking server does not answer.
        """
        folder = path_of(path).absolute()
        if tracking_uri is None and ("?" in str(folder) or unquote(str(folder)) != str(folder)):
            raise WorkspaceError(
                "the path of a workspace cannot hold '?' or an escape such as %20",
                place=str(folder),
                remedy="Choose another folder (--workspace).",
            )
        check_server(tracking_uri)
        served = tracking_uri is not None and is_server(tracking_uri)
        if create:
            _make(folder)
        # With a server the folder only holds what is fetched, and is made when that is done.
        elif not folder.is_dir() and not served:
            raise WorkspaceError(
                "there is no such workspace",
                place=str(folder),
                remedy="Check the path, or train first.",
            )
        if not create and tracking_uri is None and not (folder / DATABASE).is_file():
            raise WorkspaceError(
                f"this folder is not a workspace: it has no {DATABASE}",
                place=str(folder),
                remedy="Name the folder that `trialbook train` wrote into.",
            )
        uri = tracking_uri or f"sqlite:///{folder / DATABASE}"
        if tracking_uri is None:
            copy_template(folder / DATABASE)
        client = _connect(uri)
        workspace = cls(folder, uri, client, served=served)
        if tracking_uri is None:
            workspace._relocate()
        return workspace

    @property
    def own_database(self) -> bool:
        """Whether runs are tracked in the folder itself."""
        return self.uri == f"sqlite:///{self.path / DATABASE}"

    def experiment_id(self, name: str) -> str:
        """The MLflow experiment of a name, made if there is none.

        Parameters
        ----------
        name : str

        Returns
        -------
        str
        """
        found = self.client.get_experiment_by_name(name)
        location = None if self.served else f"{self._location}{slug(name)}"
        if found is not None:
            if location is not None and found.artifact_location != location:
                raise WorkspaceError(
                    f"the experiment '{name}' of this database is kept in another folder",
                    place=found.artifact_location,
                    remedy="Name that workspace, or give this one another name (--name).",
                )
            if found.lifecycle_stage == "deleted":
                raise WorkspaceError(
                    f"the experiment '{name}' was deleted",
                    place=str(self.path),
                    remedy="Restore it with `mlflow experiments restore`, or choose another name.",
                )
            return str(found.experiment_id)
        # The kind decides which pages MLflow shows: those for training models.
        tags = {"mlflow.experimentKind": "custom_model_development"}
        return str(self.client.create_experiment(name, artifact_location=location, tags=tags))

    def experiments(self) -> dict[str, str]:
        """Names of the experiments that are kept here, with MLflow's ids of them.

        Those that are deleted are left out, and those of other folders in the same database.
        """
        return {
            one.name: str(one.experiment_id)
            for one in self.client.search_experiments()
            if self.served or one.artifact_location.startswith(self._location)
        }

    @property
    def _location(self) -> str:
        """What addresses of artifacts begin with, if they lie in the folder."""
        return f"{(self.path / ARTIFACTS).as_uri()}/"

    def lock(self, name: str) -> FileLock:
        """Claim an experiment for this process; the claim ends with the process.

        Parameters
        ----------
        name : str
            The experiment.

        Returns
        -------
        FileLock
            Held until it is released.

        Raises
        ------
        WorkspaceError
            If another process works on the experiment.
        """
        from filelock import FileLock, Timeout

        folder = self.path / LOCKS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / f"{slug(name)}.lock")
            lock.acquire(timeout=0)
        except Timeout:
            raise WorkspaceError(
                f"the experiment '{name}' is running in another process",
                place=str(self.path),
                remedy="Wait for it, stop it, or give this one another name (--name).",
            ) from None
        except OSError as error:
            raise cannot_write(self.path, error) from error
        return lock

    def _relocate(self) -> None:
        """Let the database point to the artifacts where they are now, after a move or a copy."""
        here = (self.path / ARTIFACTS).as_uri()
        stale = [
            experiment
            for experiment in self.client.search_experiments()
            if f"/{ARTIFACTS}/" in experiment.artifact_location
            and not experiment.artifact_location.startswith(f"{here}/")
        ]
        if not stale:
            return
        from sqlalchemy import create_engine, text

        engine = create_engine(self.uri)
        with engine.begin() as connection:
            for experiment in stale:
                old = experiment.artifact_location
                new = f"{here}/{old.rsplit('/', 1)[1]}"
                for table, column in (
                    ("experiments", "artifact_location"),
                    ("runs", "artifact_uri"),
                ):
                    statement = text(
                        f"UPDATE {table} SET {column} = :new || substr({column}, :after)"
                        f" WHERE {column} = :old OR substr({column}, 1, :after) = :old || '/'"
                    )
                    connection.execute(statement, {"new": new, "old": old, "after": len(old) + 1})
        engine.dispose()


def slug(name: str) -> str:
    """A folder name for an experiment: its own where that is safe, else with a digest.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:60]
    if safe == name:
        return safe
    return f"{safe or 'experiment'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def cannot_write(path: Path, error: OSError) -> WorkspaceError:
    """The error to raise when writing to a workspace failed.

    Parameters
    ----------
    path : Path
    error : OSError

    Returns
    -------
    WorkspaceError
    """
    import errno

    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WorkspaceError(
            "the disk is full", place=str(path), remedy="Free some space and resume."
        )
    reason = error.strerror or str(error)
    return WorkspaceError(
        f"cannot write to the workspace: {reason}",
        place=str(path),
        remedy="Choose a folder that you may write to (--workspace).",
    )


def disk_error(path: Path, error: BaseException) -> WorkspaceError | None:
    """What a failure says of the disk, if anything: databases wrap the system's own error.

    Parameters
    ----------
    path : Path
        The workspace.
    error : BaseException

    Returns
    -------
    WorkspaceError or None
    """
    import errno

    if isinstance(error, OSError) and error.errno is not None:
        return cannot_write(path, error)
    text = f"{error} {error.__cause__}".casefold()
    for words, number in _DISK_WORDS.items():
        if words in text:
            return cannot_write(path, OSError(getattr(errno, number), words))
    return None


# What SQLite, and a worker's one-line reason, say of a disk.
_DISK_WORDS = {
    "database or disk is full": "ENOSPC",
    "no space left on device": "ENOSPC",
    "disk i/o error": "EIO",
    "readonly database": "EROFS",
    "read-only file system": "EROFS",
}


def _make(folder: Path) -> None:
    """Make the folder if it is missing, and see that it can be written."""
    if folder.exists() and not folder.is_dir():
        raise WorkspaceError(
            "the workspace is a file", place=str(folder), remedy="Choose a folder (--workspace)."
        )
    existing = folder.exists()
    if existing and any(folder.iterdir()) and not (folder / DATABASE).exists():
        # Another run may be making it at this moment.
        known = (ARTIFACTS, LOCKS, WRITE_TEST, DATABASE, TABLES)
        if not all(child.name.startswith(known) for child in folder.iterdir()):
            raise WorkspaceError(
                "this folder holds other things and is not a workspace",
                place=str(folder),
                remedy="Choose a new or empty folder (--workspace).",
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / WRITE_TEST
        probe.write_text("x", "utf-8")
        probe.unlink(missing_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise cannot_write(folder, error) from error
    if free < MIN_FREE_BYTES:
        if not existing:
            folder.rmdir()
        raise WorkspaceError(
            f"the disk is full: {free >> 20} MiB are free, {MIN_FREE_BYTES >> 20} MiB are needed",
            place=str(folder),
            remedy="Free some space, or choose a folder on another disk (--workspace).",
        )


def _connect(uri: str) -> Any:
    """A client of a tracking URI, whose tables exist."""
    import_mlflow()
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        client = MlflowClient(uri)
        client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError, ImportError) as error:
        first = str(error).strip().split("\n")[0]
        raise WorkspaceError(
            f"cannot open the tracking store: {first}",
            place=hide_password(uri),
            remedy="Check the tracking URI, and that its database driver is installed.",
        ) from error
    return client
