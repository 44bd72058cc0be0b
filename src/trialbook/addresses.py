"""Addresses of tables: what they are made of, and how they are named and shown.

An address is a path, ``scheme://…`` or ``spark:…``. In a database, what follows the first ``#``
names a table or is a query.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from trialbook.errors import DataError

# One letter is a drive of Windows.
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
# A table of Spark's has no host, and so no slashes.
SPARK = "spark:"
_DATABASE_FILE = re.compile(r"\.(duckdb|ddb|sqlite3?|db)(?=#|$)", re.IGNORECASE)
_QUERY = re.compile(
    r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/)*(?:select|with)(?![\w.]|$)", re.IGNORECASE
)
# From the colon after the user to the last "@" before the path: a password may hold a slash, a
# "#" or even an "@" that should have been escaped. A port is no password.
_PASSWORD = (
    re.compile(r"(?<=://)([^:/?#@]*):[^@#]*@(?:[^/?#@]*@)*"),
    re.compile(r"(?<=://)([^:/?#@]*):(?!\d*(?:[/?]|$))[^@]*@(?:[^/?#@]*@)*"),
)
# On the web, who comes with a name alone comes with a token.
_TOKEN = re.compile(r"(?<=://)[^:/?#@]+@")
# Parameters of an address that let someone in, such as those of a signed link.
_SECRET = re.compile(
    r"(?<=[?&])([^=&#]*(?:passw|pwd|secret|token|signature|credential|api-?_?key|access-?_?key|"
    r"private-?_?key|passphrase|odbc_connect)[^=&#]*|sig|key|auth)=[^&#]*",
    re.IGNORECASE,
)
# So much of a query is shown where it only says which one it is.
_SHOWN_QUERY = 100


def scheme_of(address: str) -> str | None:
    """What stands before ``://``, in small letters; ``None`` for a path."""
    found = _SCHEME.match(address)
    return found[1].lower() if found else None


def without_file_scheme(address: str) -> str:
    """The path in an address such as ``file:///data/my%20bank.csv``; any other as it is."""
    if scheme_of(address) != "file":
        return address
    from urllib.request import url2pathname  # which brings all of HTTP along

    return url2pathname(urlsplit(address.replace("#", "%23").replace("?", "%3F")).path)


def path_of(text: str | Path) -> Path:
    """A path, whose ``~`` is the home of a user.

    Raises
    ------
    DataError
        If there is no such user.
    """
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise DataError(
            "there is no such user",
            place=str(text),
            remedy="Check the name after the '~'; a name of a file that begins so is ./~name.",
        ) from None


def split_fragment(address: str) -> tuple[str, str | None]:
    """An address in two: where the database is, and the table or query, if it names one."""
    url, sign, fragment = address.partition("#")
    return url, fragment.strip() if sign and fragment.strip() else None


def is_query(fragment: str) -> bool:
    """Whether it is a query rather than the name of a table."""
    return _QUERY.match(fragment) is not None


def is_database_file(path: str, *extensions: str) -> bool:
    """Whether a path, with or without a fragment, is named like a file of a database."""
    found = _DATABASE_FILE.search(path)
    return bool(found and scheme_of(path) is None and found[1].lower() in extensions)


def hide_password(address: str) -> str:
    """An address without the passwords and keys that it may hold.

    Parameters
    ----------
    address : str

    Returns
    -------
    str
        The same with ``***`` in their places.

    Examples
    --------
    >>> hide_password("postgresql://ada:secret@db/shop#orders")
    'postgresql://ada:***@db/shop#orders'
    """
    for pattern in _PASSWORD:
        address = pattern.sub(r"\1:***@", address)
    if scheme_of(address) in ("http", "https"):
        address = _TOKEN.sub("***@", address, count=1)
    return _SECRET.sub(r"\1=***", address)


def place_of(address: str) -> str:
    """An address as messages show it: without passwords, a long query cut short."""
    url, sign, fragment = hide_password(address).partition("#")
    fragment = " ".join(fragment.split())
    if len(fragment) > _SHOWN_QUERY:
        fragment = f"{fragment[: _SHOWN_QUERY - 3]}..."
    return f"{url}{sign}{fragment}"


def title_of(address: str) -> str:
    """What an experiment on a table is called: ``bank`` for ``data/bank.csv.gz``.

    Parameters
    ----------
    address : str

    Returns
    -------
    str
        The name of the table, else of the database or the file; of a glob, the folder's. May be
        empty.

    Examples
    --------
    >>> title_of("sqlite:///shop.db#main.orders"), title_of("shop.db#SELECT 1"), title_of("bank@3")
    ('orders', 'shop', 'bank')
    """
    if address.lower().startswith(SPARK):
        name = address[len(SPARK) :].strip()
        return "spark" if is_query(name) else _last_name(name)
    scheme = scheme_of(address)
    url, fragment = split_fragment(address)
    if scheme is None and not _DATABASE_FILE.search(address):
        return _file_name(Path(address))
    if fragment is not None and not is_query(fragment):
        return _last_name(fragment)
    if scheme is None:
        return _file_name(Path(url))
    parts = urlsplit(url)
    path = parts.path if parts.path.strip("/") else parts.hostname or ""
    return _file_name(Path(unquote(path)))


def _last_name(table: str) -> str:
    return table.rpartition(".")[2].strip("\"'`[] ")


def _file_name(path: Path) -> str:
    while any(sign in path.name for sign in "*?["):  # a pattern is named after its folder
        path = path.parent
    return re.sub(r"@\d+$", "", path.name).split(".")[0]  # a version is no part of a name
