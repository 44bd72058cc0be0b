"""What a file ``MLTable`` says: the files of a table, how they are read, and the steps after."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from trialbook.addresses import path_of
from trialbook.documents import Document, read_yaml
from trialbook.errors import DataError, nearest
from trialbook.tables.files import find_files, natural_order
from trialbook.tables.plain import Note
from trialbook.tables.remote import Fetched, fetch

FILE = "MLTable"
# A schema and metadata describe the file, and change nothing in the table.
_KEYS = ("paths", "transformations", "traits", "$schema", "metadata")
_HOW_WRITTEN = "Write paths: and transformations: as Azure Machine Learning documents them."


@dataclass(frozen=True)
class Step:
    """One step with its arguments.

    Parameters
    ----------
    name : str
    value : Any
        What follows its name.
    place : str
        File and line.
    """

    name: str
    value: Any
    place: str

    def wrong(self, reason: str, remedy: str) -> DataError:
        """The error that something about it is wrong."""
        return DataError(f"{self.name} {reason}", place=self.place, remedy=remedy)

    def options(self, *known: str) -> dict[str, Any]:
        """Its arguments by name; unknown ones are refused."""
        given = {} if self.value is None else self.value
        if not isinstance(given, Mapping):
            raise self.wrong("takes arguments by name", f"Known: {', '.join(known)}.")
        for name in given:
            if name not in known:
                raise self.wrong(f"has no argument '{name}'", nearest(str(name), known))
        return dict(given)

    def names(self) -> list[str]:
        """Names of columns, one or a list."""
        value = self.value if isinstance(self.value, list) else [self.value]
        if not value or any(one is None or isinstance(one, (Mapping, list)) for one in value):
            raise self.wrong("takes names of columns", "Write [one, another].")
        return [str(one) for one in value]

    def count(self) -> int:
        """A number of rows."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or self.value < 0:
            raise self.wrong(f"takes a number of rows, not {self.value!r}", "Write one such as 5.")
        return self.value


class Location(NamedTuple):
    """Where files of the table are: a file, a folder or a pattern."""

    kind: str
    value: str
    place: str


@dataclass(frozen=True)
class Described:
    """A table as its file describes it.

    Parameters
    ----------
    folder : Path
        What relative paths are relative to.
    locations : list of Location
    reader : Step or None
        How the files are read; by their names if it does not say.
    steps : list of Step
        What follows.
    notes : list of Note
        What has no effect.
    fetched : list of Fetched
        Files that were fetched from elsewhere so far.
    """

    folder: Path
    locations: list[Location]
    reader: Step | None
    steps: list[Step]
    notes: list[Note]
    fetched: list[Fetched] = field(default_factory=list)

    def files(self) -> list[Path]:
        """The files, in the order of their rows; none is an error."""
        found = []
        for location in self.locations:
            if "://" in location.value:
                self.fetched.append(fetch(location.value))
                found += sorted(self.fetched[-1].files, key=natural_order)
            else:
                found += _found(self.path(location), location)
        return found

    def label(self, file: Path) -> str:
        """What a file is called in the table: its address, or its path from the folder."""
        for fetched in self.fetched:
            if file in fetched.files:
                return fetched.files[file]
        return Path(os.path.relpath(file, self.folder)).as_posix()

    def told(self, error: DataError) -> DataError:
        """What is wrong with a file that was fetched, said of where it came from."""
        for fetched in self.fetched:
            error = fetched.told(error)
        return error

    @property
    def is_local(self) -> bool:
        """Whether all its files are on this machine."""
        return not any("://" in location.value for location in self.locations)

    def path(self, location: Location) -> Path:
        """A location as a path."""
        return Path(os.path.normpath(self.folder / path_of(location.value)))


def find_description(address: str) -> Path | None:
    """The file ``MLTable`` that an address names, itself or by its folder."""
    path = path_of(address)
    try:
        if path.name == FILE and path.is_file():
            return path
        return path / FILE if (path / FILE).is_file() else None
    except (OSError, ValueError):  # an address that is no path
        return None


def read_description(
    path: Path, readers: Collection[str], steps: Collection[str], refused: Mapping[str, str]
) -> Described:
    """Read what a file ``MLTable`` says.

    Parameters
    ----------
    path : Path
    readers, steps : collection of str
        Names of steps that read, and of others.
    refused : mapping of str to str
        Steps that are not done, and what to do instead.

    Returns
    -------
    Described

    Raises
    ------
    DataError
        If a key or step is unknown or refused; the message names the line.
    """
    document = read_yaml(path, kind=f"file {FILE}", remedy=_HOW_WRITTEN)
    if not isinstance(document.values, Mapping):
        raise DataError(f"the file {FILE} has no keys", place=str(path), remedy=_HOW_WRITTEN)
    for key, value in document.values.items():
        _check_key(document, str(key), value)
    found = [
        _step(document, position, [*readers, *steps], refused)
        for position in range(len(_list(document, "transformations")))
    ]
    for step in found[1:]:
        if step.name in readers:
            raise step.wrong("is not the first step", "Read the files first, and once.")
    reader = found.pop(0) if found and found[0].name in readers else None
    notes = []
    if document.values.get("traits"):
        place = document.place("traits")
        notes.append(Note(f"{place}: there are traits", "left out: a table has no index columns"))
    return Described(path.parent, _locations(document), reader, found, notes)


def _check_key(document: Document, key: str, value: Any) -> None:
    place = document.place(key)
    if key in _KEYS:
        return
    if key == "type":
        if value != "mltable":
            raise DataError(f"its type is '{value}'", place=place, remedy="Write type: mltable.")
        return
    raise DataError(
        f"unknown key '{key}'",
        place=place,
        remedy=nearest(key, (*_KEYS, "type")),
    )


def _list(document: Document, key: str) -> list[Any]:
    value = document.values.get(key)
    if value is None and key == "transformations":
        return []
    if not isinstance(value, list) or not value:
        raise DataError(
            f"{key} is no list" if value is not None else f"there are no {key}",
            place=document.place(key),
            remedy=_HOW_WRITTEN,
        )
    return value


def _step(document: Document, position: int, known: list[str], refused: Mapping[str, str]) -> Step:
    value = document.values["transformations"][position]
    place = document.place("transformations", position)
    if isinstance(value, str):
        value = {value: None}
    if not isinstance(value, Mapping) or len(value) != 1:
        raise DataError(
            "a step is one name with its arguments", place=place, remedy="Write - take: 5."
        )
    name, argument = next(iter(value.items()))
    if name in refused:
        raise DataError(f"{name} is refused: {refused[name]}", place=place)
    if name not in known:
        raise DataError(
            f"there is no step '{name}'", place=place, remedy=nearest(str(name), known)
        )
    return Step(str(name), argument, place)


def _locations(document: Document) -> list[Location]:
    locations = []
    for position, entry in enumerate(_list(document, "paths")):
        place = document.place("paths", position)
        if not isinstance(entry, Mapping) or len(entry) != 1:
            raise DataError(
                "a path is one of file, folder and pattern",
                place=place,
                remedy="Write - file: ./table.csv.",
            )
        kind, value = next(iter(entry.items()))
        if kind not in ("file", "folder", "pattern"):
            raise DataError(
                f"unknown kind of path '{kind}'",
                place=place,
                remedy=nearest(str(kind), ("file", "folder", "pattern")),
            )
        if str(value).lower().startswith("azureml:"):
            raise DataError(
                f"{value} is a path that only Azure Machine Learning can reach",
                place=place,
                remedy="Download the files, and write their paths.",
            )
        locations.append(Location(str(kind), str(value), place))
    return locations


def _found(path: Path, location: Location) -> list[Path]:
    if location.kind != "folder":
        return find_files(str(path))
    if not path.is_dir():
        raise DataError(
            f"there is no folder {path}", place=location.place, remedy="Check the path."
        )
    files = [file for file in path.rglob("*") if file.is_file() and file.name != FILE]
    files = [file for file in files if not _hidden(file.relative_to(path))]
    if not files:
        raise DataError(
            f"the folder {path} has no files", place=location.place, remedy="Check the path."
        )
    return sorted(files, key=natural_order)


def _hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)
