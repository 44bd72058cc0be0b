"""Files in object stores and on servers: fetched, then read as files are."""

from __future__ import annotations

import glob
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from trialbook.addresses import place_of, scheme_of
from trialbook.errors import DataError, nearest
from trialbook.tables.files import FORMATS, open_big_files, open_stream_files, read_files
from trialbook.tables.plain import Asked, ParquetTable, Stream, TemporaryFolder
from trialbook.tables.remote import _http

CHUNK = 2**20
# What is installed to reach a store; fsspec says it of all others that it knows.
PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "adl": "adlfs",
    "az": "adlfs",
    "hf": "huggingface_hub",
    "oci": "ocifs",
    "oss": "ossfs",
    "sftp": "paramiko",
    "ssh": "paramiko",
}
# What the libraries of stores raise that is neither an OSError nor a ValueError.
FAILURES = (
    ("botocore.exceptions", "BotoCoreError"),
    ("botocore.exceptions", "ClientError"),
    ("azure.core.exceptions", "AzureError"),
    ("gcsfs.retry", "HttpError"),
    ("google.auth.exceptions", "GoogleAuthError"),
    ("aiohttp", "ClientError"),
    ("paramiko", "SSHException"),
)
_PATTERN = "*?["


@dataclass(frozen=True)
class Fetched:
    """Files on this machine, and where they came from.

    Parameters
    ----------
    folder : TemporaryFolder
        What the files lie in.
    files : dict of Path to str
        Their addresses.
    """

    folder: TemporaryFolder
    files: dict[Path, str]

    def here(self, asked: Asked) -> Asked:
        """The same question, asked of the files on this machine."""
        if len(self.files) == 1:
            return replace(asked, address=str(next(iter(self.files))))
        return replace(asked, address=f"{glob.escape(str(self.folder.path))}/*")

    def told(self, error: DataError) -> DataError:
        """What is wrong with a file, said of where it came from."""
        names = {str(path): address for path, address in self.files.items()}
        names[str(self.folder.path)] = self.folder.place

        def moved(text: str | None) -> str | None:
            for path, address in names.items():
                text = text and text.replace(path, address)
            return text

        cause = moved(error.cause) or error.cause
        return DataError(cause, place=moved(error.place), remedy=moved(error.remedy))


def claims(asked: Asked) -> bool:
    """Whether it is an address at all, and no path."""
    return scheme_of(asked.address) is not None


def fetch(address: str) -> Fetched:
    """Put the files behind an address on this machine, for as long as something refers to them.

    Parameters
    ----------
    address : str
        Of a file, a folder or a pattern.

    Returns
    -------
    Fetched

    Raises
    ------
    DataError
        If there are none, or they cannot be fetched.
    """
    return _fetch(address, _found(address))


def read(asked: Asked) -> pd.DataFrame:
    """Read the files behind an address; see `read_table`."""
    fetched = fetch(asked.address)
    try:
        return read_files(fetched.here(asked))
    except DataError as error:
        raise fetched.told(error) from None
    finally:
        fetched.folder.remove()


def open_big(asked: Asked) -> ParquetTable | None:
    """Fetch Parquet files and look at their metadata; see `open_big`."""
    found = _found(asked.address)
    if not all(_is_plain_parquet(name) for name in found.names):
        return None
    fetched = _fetch(asked.address, found)
    with fetched.folder:
        try:
            table = open_big_files(fetched.here(asked))
        except DataError as error:
            raise fetched.told(error) from None
    return table and replace(table, place=fetched.folder.place, folder=fetched.folder)


def open_stream(asked: Asked) -> Stream | None:
    """Fetch files and go through them; see `trialbook.tables.open_stream`."""
    fetched = fetch(asked.address)
    with fetched.folder:
        try:
            stream = open_stream_files(fetched.here(asked))
        except DataError as error:
            raise fetched.told(error) from None
    return stream and replace(stream, place=fetched.folder.place, held=fetched.folder)


# -- which files -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    """The files behind an address: those of a file system, or one on the web."""

    names: Sequence[str]
    system: Any = None


def _found(address: str) -> _Found:
    if scheme_of(address) in _http.SCHEMES:
        return _Found([_http.name_in(address)])
    place = place_of(address)
    system, path = _system(address, place)
    try:
        return _Found(_names(system, path, place), system)
    except _failures() as error:
        raise _failure(error, place) from None


def _system(address: str, place: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it."""
    try:
        import fsspec
    except ImportError:
        raise DataError(
            "addresses of stores are read with fsspec, which is not installed",
            place=place,
            remedy="Install it: pip install 'trialbook[tables]'.",
        ) from None
    scheme = str(scheme_of(address))
    known = fsspec.available_protocols()
    if scheme not in known:
        raise DataError(
            f"unknown kind of address '{scheme}://'", place=place, remedy=nearest(scheme, known)
        )
    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        package = PACKAGES.get(scheme)
        remedy = f"Install it: pip install {package}." if package else f"{error}."
        raise DataError(
            f"what reads addresses of {scheme}:// is not installed", place=place, remedy=remedy
        ) from None
    except _failures() as error:
        raise _failure(error, place) from None
    return system, str(path)


def _names(system: Any, path: str, place: str) -> list[str]:
    """Paths of the files that a path, a folder or a pattern names."""
    if any(sign in path for sign in _PATTERN):
        entries = system.glob(path, detail=True).values()
        names = [entry["name"] for entry in entries if entry["type"] == "file"]
        if names:
            return sorted(names)
        raise DataError(
            "no file matches the pattern", place=place, remedy="Check the folder and the name."
        )
    if system.isfile(path):
        return [path]
    if not system.isdir(path):
        raise DataError("there is no such file", place=place, remedy=_near(system, path))
    names = [entry["name"] for entry in system.ls(path, detail=True) if entry["type"] == "file"]
    if any(_base(name) == "MLTable" for name in names):
        raise DataError(
            "the folder has a file MLTable, whose steps are done on this machine only",
            place=place,
            remedy="Download the folder, and give its path.",
        )
    names = [name for name in names if _base(name)[:1] not in (".", "_") and _format(name)]
    if names:
        return sorted(names)
    raise DataError(
        "the folder has no tables in it",
        place=place,
        remedy="Folders inside the folder are not searched; name files with a pattern.",
    )


def _near(system: Any, path: str) -> str:
    """A remedy that names a file beside the one that is not there."""
    try:
        names = [
            _base(entry["name"].rstrip("/"))
            for entry in system.ls(path.rpartition("/")[0], detail=True)
        ]
    except (OSError, ValueError):
        names = []
    return nearest(_base(path), names) if names else "Check the folder and the name."


def _base(name: str) -> str:
    return PurePosixPath(name).name


def _format(name: str) -> str | None:
    return FORMATS.get(PurePosixPath(name.lower().removesuffix(".gz")).suffix)


def _is_plain_parquet(name: str) -> bool:
    return _format(name) == "Parquet" and not name.lower().endswith(".gz")


# -- fetching them ---------------------------------------------------------------------------


def _fetch(address: str, found: _Found) -> Fetched:
    """Put files into a folder of their own, a piece at a time."""
    with TemporaryFolder(place_of(address)) as folder:
        if found.system is None:
            return Fetched(folder, {_http.fetch(address, folder): folder.place})
        files: dict[Path, str] = {}
        for position, name in enumerate(found.names):
            path = folder.path / _base(name)
            if path in files:  # of another folder
                path = folder.path / f"{position:05d}-{_base(name)}"
            files[path] = found.system.unstrip_protocol(name)
            try:
                with found.system.open(name, "rb") as source, path.open("wb") as target:
                    shutil.copyfileobj(source, target, CHUNK)
            except _failures() as error:
                if folder.is_full(error):
                    raise folder.full(error) from None
                raise _failure(error, files[path]) from None
        return Fetched(folder, files)


def _failures() -> tuple[type[Exception], ...]:
    """What may be raised by the libraries that are loaded."""
    loaded = [
        getattr(sys.modules[module], name) for module, name in FAILURES if module in sys.modules
    ]
    return (OSError, ValueError, *loaded)


def _failure(error: Exception, place: str) -> DataError:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if isinstance(error, PermissionError):
        cause, remedy = "the file may not be read", "Check your rights, and who you are there."
    elif isinstance(error, FileNotFoundError):
        cause, remedy = "there is no such file", "Check the folder and the name."
    else:
        cause = "the files cannot be fetched"
        remedy = "Check the address, the network, and that you are known there."
    return DataError(f"{cause}: {lines[0].rstrip('.')}", place=place, remedy=remedy)
