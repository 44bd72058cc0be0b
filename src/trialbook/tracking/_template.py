"""An empty database of MLflow's, ready to be copied.

MLflow makes its tables by running all of its migrations, which takes seconds. They are run once
for each version of MLflow on a machine, in a cache folder, and a new workspace gets a copy.
"""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path


def import_mlflow() -> None:
    """Import MLflow, which takes seconds, without its chatter."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    import mlflow  # noqa: F401

    # It logs the traceback of every database error, which the caller tells in a sentence.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)


def get_ready() -> None:
    """Do what takes seconds and touches no workspace: import MLflow and make the template."""
    import_mlflow()
    importlib.import_module("mlflow.store.tracking.sqlalchemy_store")
    template()


def copy_template(database: Path) -> None:
    """Put an empty database where there is none yet, if the machine has a template.

    Parameters
    ----------
    database : Path
        Without a template MLflow makes it itself when it is first used.
    """
    found = template()
    if found is None or database.exists():
        return
    part = database.with_name(f"{database.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(found, part)
        try:
            # Unlike a replacement, it leaves the database of a run that was quicker.
            os.link(part, database)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            part.replace(database)
    finally:
        part.unlink(missing_ok=True)


def template() -> Path | None:
    """The empty database for the installed MLflow, made if it is not there.

    Returns
    -------
    Path or None
        ``None`` where nothing can be cached.
    """
    folder = cache_folder()
    path = folder / f"mlflow-{version('mlflow-skinny')}.db"
    if path.exists():
        return path
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            draft = Path(scratch) / "mlflow.db"
            _migrate(draft)
            draft.replace(path)
    except OSError:
        return None
    return path


def cache_folder() -> Path:
    """Where this user's caches of trialbook's are."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "trialbook"


def _migrate(database: Path) -> None:
    """Have MLflow make its tables."""
    import_mlflow()
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    root = (database.parent / "artifacts").as_uri()
    store = SqlAlchemyStore(f"sqlite:///{database}", root)  # type: ignore[no-untyped-call]
    store.engine.dispose()
