"""The keys of a job file, found in the table of keys, with their values and places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialbook.compat.azure._keys import BLOCKS, BY_PATH, KEYS, SHORT, Fate, Key, folded
from trialbook.documents import Document
from trialbook.errors import OptionError, nearest

_BINDING = re.compile(r"\$\{\{\s*(?:parent\.)?inputs\.([\w-]+)\s*\}\}")


@dataclass(frozen=True)
class Entry:
    """One key with its value.

    Parameters
    ----------
    key : Key
    name : str
        The key as it is written, with its blocks.
    value : Any
    place : str
        File and line.
    """

    key: Key
    name: str
    value: Any
    place: str

    def wrong(self, reason: str, remedy: str) -> OptionError:
        """The error that its value is wrong.

        Parameters
        ----------
        reason : str
            What is wrong with it, as a clause after its name.
        remedy : str

        Returns
        -------
        OptionError
        """
        return OptionError(f"{self.name} {reason}", place=self.place, remedy=remedy)


def read_entries(document: Document) -> dict[str, Entry]:
    """Find every key of a job in the table of keys.

    Parameters
    ----------
    document : Document
        The job file; a mapping.

    Returns
    -------
    dict of str to Entry
        By `Key.path`, in the order of the file. Keys without a value are left out.

    Raises
    ------
    OptionError
        If a key is unknown, is refused, is given twice, or lacks its block.
    """
    entries: dict[str, Entry] = {}
    inputs = next(
        (value for key, value in document.values.items() if folded(str(key)) == "inputs"), None
    )
    _read_block(document, document.values, (), inputs, entries)
    return entries


def _read_block(
    document: Document,
    block: Mapping[Any, Any],
    way: tuple[str, ...],
    inputs: Any,
    entries: dict[str, Entry],
) -> None:
    for name, value in block.items():
        here = (*way, str(name))
        dotted, place = ".".join(here), document.place(*here)
        known = BY_PATH.get(folded(dotted))
        if value is None and not (known is not None and known.null):
            if folded(dotted) not in BY_PATH and folded(dotted) not in BLOCKS:
                raise _unknown(here, place)
            continue
        found = _bound(value, inputs, dotted, place)
        if folded(dotted) in BLOCKS:
            if isinstance(found, Mapping):
                _read_block(document, found, here, inputs, entries)
                continue
            if folded(dotted) not in SHORT or not isinstance(found, str | bool):
                raise OptionError(
                    f"{dotted} holds no keys",
                    place=place,
                    remedy=f"Write its keys below it, such as {_example(dotted)}.",
                )
            key = BY_PATH[folded(f"{dotted}.{SHORT[folded(dotted)]}")]
        elif known is not None:
            key = known
        else:
            raise _unknown(here, place)
        if key.fate is Fate.REFUSED:
            raise OptionError(f"{dotted} is refused: {key.text}", place=place)
        if key.path in entries:
            raise OptionError(
                f"{entries[key.path].name} and {dotted} mean the same",
                place=place,
                remedy="Keep one of them.",
            )
        entries[key.path] = Entry(key, dotted, found, place)


def _bound(value: Any, inputs: Any, dotted: str, place: str) -> Any:
    """The value, or that of the input which it is bound to."""
    if not isinstance(value, str) or "${{" not in value:
        return value
    match = _BINDING.fullmatch(value.strip())
    known = inputs if isinstance(inputs, Mapping) else {}
    if match is None or match[1] not in known:
        raise OptionError(
            f"{dotted} is bound to {value.strip()}, which has no value in this file",
            place=place,
            remedy="Write the value itself, or give it below inputs.",
        )
    return known[match[1]]


def _unknown(way: tuple[str, ...], place: str) -> OptionError:
    """Say which key was meant: one of the same block, or one that belongs in another."""
    *block, name = way
    depth, above = len(block), folded(".".join(block))
    paths = [key.path.split(".") for key in KEYS if key.fate is not Fate.REFUSED]
    same = [
        path[depth]
        for path in paths
        if len(path) > depth and folded(".".join(path[:depth])) == above
    ]
    elsewhere = [key.path for key in KEYS if folded(key.path).endswith("." + folded(name))]
    if elsewhere:
        outer, _, inner = elsewhere[0].rpartition(".")
        remedy = f"Write {inner} below {outer}."
    else:
        remedy = nearest(name, dict.fromkeys(same))
    return OptionError(f"unknown key '{'.'.join(way)}'", place=place, remedy=remedy)


def _example(dotted: str) -> str:
    start = folded(dotted) + "."
    return next(key.path for path, key in BY_PATH.items() if path.startswith(start))
