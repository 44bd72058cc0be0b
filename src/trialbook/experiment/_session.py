"""What every session on an experiment holds: workers, a lock, and words for a failing disk."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from trialbook.execution import Pool
from trialbook.experiment._machine import n_cores
from trialbook.tracking import Workspace, disk_error, get_ready

if TYPE_CHECKING:
    from filelock import FileLock


class TrackingReady(threading.Thread):
    """Gets MLflow ready while the table is read.

    Nobody else may import it meanwhile: two threads that import the same libraries from two ends
    can hand each other half of a module.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._error: Exception | None = None

    def run(self) -> None:
        """Import, and keep what goes wrong for `wait`."""
        try:
            get_ready()
        except Exception as error:  # noqa: BLE001 -- raised again where it is waited for
            self._error = error

    def wait(self) -> None:
        """Wait until it is done, and raise what went wrong."""
        self.join()
        if self._error is not None:
            raise self._error


@contextlib.contextmanager
def workers(n_workers: int | None = None) -> Iterator[tuple[Pool, TrackingReady]]:
    """Workers whose libraries are imported while the table is read."""
    tracking = TrackingReady()
    tracking.start()
    pool = Pool(n_workers or n_cores(), threads=n_cores())
    pool.prepare()
    try:
        yield pool, tracking
    finally:
        pool.close()


@contextlib.contextmanager
def locked(workspace: Workspace, name: str) -> Iterator[FileLock]:
    lock = workspace.lock(name)
    try:
        yield lock
    finally:
        lock.release()


@contextlib.contextmanager
def disk_errors(workspace: Workspace) -> Iterator[None]:
    """Say what a full or read-only disk means."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OSError, MlflowException, SQLAlchemyError) as error:
        told = disk_error(workspace.path, error)
        if told is None:
            raise
        raise told from error
