"""Which table, or which query, the address of a database asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from trialbook.errors import DataError, nearest

# Texts, quoted names and comments: a semicolon or a dot inside them means nothing.
_QUOTED = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|\$(\w*)\$.*?\$\1\$"
    r"|--[^\n]*|/\*.*?\*/",
    re.DOTALL,
)
# What a statement that is no query begins with.
_COMMAND = re.compile(
    r"(alter|analyze|attach|call|copy|create|delete|detach|drop|exec|execute|explain|export|grant"
    r"|insert|install|load|merge|pragma|replace|revoke|set|show|truncate|update|vacuum|values)\s",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Name:
    """A table, in the schema that the connection looks into unless another is named."""

    schema: str | None
    table: str

    def __str__(self) -> str:
        return self.table if self.schema is None else f"{self.schema}.{self.table}"


def single_query(query: str, *, place: str) -> str:
    """A query without the semicolon at its end.

    Parameters
    ----------
    query : str
    place : str
        Where it is sent, for messages.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If more than one statement is there.
    """
    bare = _QUOTED.sub(lambda found: " " * len(found[0]), query)
    end = bare.find(";")
    if end < 0:
        return query
    if bare[end:].strip("; \t\r\n"):
        raise DataError(
            "there is more than one statement, and only a query can be read",
            place=place,
            remedy="Write one SELECT or WITH after the #.",
        )
    return query[:end]


def choose(
    fragment: str | None,
    near: Sequence[Name],
    far: Callable[[], Sequence[Name]],
    *,
    own: str | None,
    place: str,
) -> Name:
    """Find the table that an address names.

    Parameters
    ----------
    fragment : str, optional
        What follows the ``#``: a table, with its schema or without. It may be left out where
        there is one table only.
    near : sequence of Name
        Tables and views that need no schema.
    far : callable
        Those of other schemas; called only if the near ones do not answer it.
    own : str, optional
        The schema of the near ones, which may be named all the same.
    place : str
        The address, for messages.

    Returns
    -------
    Name

    Raises
    ------
    DataError
        If there is no such table, or several would do; the message lists them.
    """
    if fragment is None:
        return _only(near, far, place)
    found = _match(fragment, near, own)
    if found:
        return found[0]
    others = [*far()]
    found = _match(fragment, others, own)
    known = [str(name) for name in (*near, *others)]
    if len(found) > 1:
        raise DataError(
            f"several schemas have a table '{fragment}'",
            place=place,
            remedy=f"Name the schema, too: {' or '.join(map(str, found[:5]))}.",
        )
    if found:
        return found[0]
    if _COMMAND.match(fragment):
        raise DataError(
            "only a query can be read, and this is another statement",
            place=place,
            remedy="Write a table, or SELECT or WITH, after the #.",
        )
    raise DataError(
        f"there is no table '{fragment}'",
        place=place,
        remedy=nearest(fragment, known) if known else "The database has no tables.",
    )


def _only(near: Sequence[Name], far: Callable[[], Sequence[Name]], place: str) -> Name:
    if len(near) == 1:
        return near[0]
    names = [*near, *far()]
    if len(names) == 1:
        return names[0]
    if not names:
        raise DataError(
            "the database has no tables", place=place, remedy="Check which database it is."
        )
    shown = ", ".join(map(str, names[:20]))
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    raise DataError(
        f"the database has {len(names)} tables, and the address names none",
        place=place,
        remedy=f"Add one of them after a #: {shown}{more}.",
    )


def _match(fragment: str, names: Sequence[Name], own: str | None) -> list[Name]:
    """The names that are meant: as they are written, else in any case."""
    for fold in (str, str.casefold):
        whole = fold(fragment)
        parts = tuple(fold(part) for part in _parts(fragment))
        found = [
            name
            for name in names
            if whole in (fold(name.table), fold(str(name)))
            or parts == (fold(name.table),)
            or parts == (fold(name.schema or own or ""), fold(name.table))
        ]
        if found:
            return found
    return []


def _parts(fragment: str) -> list[str]:
    """The parts of a dotted name, without their quotes."""
    bare = _QUOTED.sub(lambda found: "_" * len(found[0]), fragment)
    parts, start = [], 0
    for end in [i for i, sign in enumerate(bare) if sign == "."] + [len(fragment)]:
        parts.append(_unquoted(fragment[start:end].strip()))
        start = end + 1
    return parts


def _unquoted(name: str) -> str:
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'`":
        return name[1:-1].replace(name[0] * 2, name[0])
    return name[1:-1] if name[:1] == "[" and name[-1:] == "]" else name
