"""A table behind a web address, fetched with the standard library."""

from __future__ import annotations

import base64
import shutil
from email.message import Message
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.error import HTTPError
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from trialbook.addresses import place_of
from trialbook.errors import DataError
from trialbook.tables.files import FORMATS
from trialbook.tables.plain import TemporaryFolder

SCHEMES: Final = ("http", "https")
# A server that is silent for so many seconds is away.
SILENT_S = 30
CHUNK = 2**20
# What a server calls a format, where neither the address nor a file name tells it.
TYPES = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.apache.arrow.file": ".arrow",
    "application/vnd.apache.arrow.stream": ".arrow",
}


def name_in(address: str) -> str:
    """The file's name, as the address has it; may be empty or without an extension."""
    return PurePosixPath(unquote(_parts(address).path)).name


def fetch(address: str, folder: TemporaryFolder) -> Path:
    """Fetch the file behind an address.

    Parameters
    ----------
    address : str
        May hold a user and a password, which are sent as basic authentication.
    folder : TemporaryFolder
        Where the file is put.

    Returns
    -------
    Path
        Named so that the extension tells the format, if anything does.

    Raises
    ------
    DataError
        If the server is away, refuses or sends no file.
    """
    place = folder.place
    try:
        with urlopen(_request(address), timeout=SILENT_S) as answer:
            path = folder.path / _name(address, answer.url, answer.headers)
            if answer.headers.get_content_type() == "text/html":
                raise DataError(
                    "there is a web page, not a table",
                    place=place,
                    remedy="Give the address of the file itself; it may ask to log in first.",
                )
            with path.open("wb") as file:
                shutil.copyfileobj(answer, file, CHUNK)
            wanted = answer.headers.get("Content-Length")
    except HTTPError as error:
        raise _refused(error, place) from None
    except (OSError, HTTPException, ValueError) as error:
        if folder.is_full(error):
            raise folder.full(error) from None
        reason = getattr(error, "reason", None) or error
        raise DataError(
            f"the server cannot be reached: {str(reason) or type(error).__name__}",
            place=place,
            remedy="Check the address and the network.",
        ) from None
    if wanted is not None and path.stat().st_size != int(wanted):
        raise DataError("the file was cut off on its way", place=place, remedy="Try it once more.")
    return path


def _parts(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError as error:
        raise DataError(
            f"this is not an address: {error}",
            place=place_of(address),
            remedy="Write it like https://host/bank.csv.",
        ) from None


def _request(address: str) -> Request:
    parts = _parts(address)
    login, _, host = parts.netloc.rpartition("@")
    request = Request(urlunsplit(parts._replace(netloc=host, fragment="")))
    request.add_header("User-Agent", "trialbook")
    if login:
        # Not for another server that this one may point to.
        secret = base64.b64encode(unquote(login).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {secret}")
    return request


def _name(address: str, final: str, headers: Message) -> str:
    names = [name_in(address), headers.get_filename() or "", name_in(final)]
    for name in names:
        plain = PurePosixPath(name.replace("\\", "/")).name
        if _known(plain):
            return plain
    stem = names[0] or "table"
    return stem + TYPES.get(headers.get_content_type(), "")


def _known(name: str) -> bool:
    return PurePosixPath(name.lower().removesuffix(".gz")).suffix in FORMATS


def _refused(error: HTTPError, place: str) -> DataError:
    if error.code in (404, 410):
        return DataError("there is no such file", place=place, remedy="Check the address.")
    if error.code in (401, 403):
        return DataError(
            f"the file may not be read: the server says {error.code} {error.reason}",
            place=place,
            remedy="Put the user and password, or the key that you were given, into the address.",
        )
    return DataError(
        f"the server says {error.code} {error.reason}", place=place, remedy="Try it later."
    )
