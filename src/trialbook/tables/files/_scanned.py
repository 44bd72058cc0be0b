"""What must be known of a text file before it is read in parts: found in one pass over it."""

from __future__ import annotations

import codecs
import gzip
import zlib
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO

_CHUNK = 8 * 2**20
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Scanned:
    """A file of UTF-8 text.

    Parameters
    ----------
    path : Path
    skipped : int
        Bytes of its mark.
    n_lines : int
        Lines, the last without an end, too.
    quotes : int
        Double quotes.
    digest : bytes
        Another one when the contents are others.
    """

    path: Path
    skipped: int
    n_lines: int
    quotes: int
    digest: bytes


def open_binary(path: Path) -> IO[bytes]:
    """Open a file, unpacked if it is a gzip file."""
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP
    return gzip.open(path, "rb") if zipped else path.open("rb")  # type: ignore[return-value]


def scan(path: Path) -> Scanned | str:
    """Go through a file once.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Scanned or str
        Else why it cannot be read in parts; reading it as a whole then tells more.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    hashed = blake2b(digest_size=16)
    lines = quotes = size = skipped = 0
    last = b""
    try:
        with open_binary(path) as file:
            while chunk := file.read(_CHUNK):
                if size == 0 and chunk.startswith(codecs.BOM_UTF8):
                    skipped = len(codecs.BOM_UTF8)
                size += len(chunk)
                hashed.update(chunk)
                if not chunk.isascii() or decoder.getstate()[0]:
                    decoder.decode(chunk)
                if b"\0" in chunk:
                    return "holds NUL bytes"
                lines += chunk.count(b"\n")
                quotes += chunk.count(b'"')
                last = chunk[-1:]
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "is not UTF-8"
    except (OSError, EOFError, zlib.error):
        return "cannot be read"
    if size == skipped:
        return "is empty"
    return Scanned(path, skipped, lines + (last != b"\n"), quotes, hashed.digest())
