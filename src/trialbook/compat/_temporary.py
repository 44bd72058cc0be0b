"""Experiments that nobody asked to keep: a temporary workspace, one a process."""

from __future__ import annotations

import functools
import multiprocessing
import os
import shutil
import tempfile
import weakref
from pathlib import Path

# What holds a folder must not be collected before the process ends.
_holders: list[tempfile.TemporaryDirectory[str]] = []


def temporary_workspace() -> Path:
    """The folder of this process' temporary workspace; it is removed when the process ends.

    Returns
    -------
    Path
        The same at every call: to open another database takes longer than a small model.
    """
    return _workspace_of(os.getpid())


def remove_with(owner: object, folder: Path) -> None:
    """Remove a folder when an object is no longer used; in a worker process at once.

    Parameters
    ----------
    owner : object
        What a worker made is sent to another process, where the folder would not be found, and the
        worker itself may be killed before it can clean up.
    folder : Path
        It may be gone by then.
    """
    if multiprocessing.parent_process() is not None:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        weakref.finalize(owner, shutil.rmtree, folder, ignore_errors=True)


@functools.cache
def _workspace_of(_process: int) -> Path:
    holder = tempfile.TemporaryDirectory(prefix="trialbook-", ignore_cleanup_errors=True)
    _holders.append(holder)
    return Path(holder.name) / "workspace"
