"""YAML files that people write: their values, and the lines that these stand on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trialbook.errors import DataError

if TYPE_CHECKING:
    from yaml import Node


@dataclass(frozen=True)
class Document:
    """What a YAML file holds.

    Parameters
    ----------
    path : Path
        The file.
    values : Any
        Mappings, lists, texts, numbers, booleans, dates and ``None``; nothing that runs.
    lines : mapping of tuple to int
        Lines, from 1, by the way to a value: names of keys and positions in lists.
    """

    path: Path
    values: Any
    lines: Mapping[tuple[str | int, ...], int] = field(repr=False)

    def place(self, *way: str | int) -> str:
        """Where a value stands, for messages: ``job.yml, line 7``.

        Parameters
        ----------
        *way : str or int
            Keys and positions that lead to it.

        Returns
        -------
        str
            The file alone if the value has no line of its own.
        """
        line = self.lines.get(way)
        return str(self.path) if line is None else f"{self.path}, line {line}"


def read_yaml(path: Path, *, kind: str, remedy: str) -> Document:
    """Read a YAML file; nothing in it can run code.

    Parameters
    ----------
    path : Path
    kind : str
        What the file is, for messages: ``job file``.
    remedy : str
        How such a file is written.

    Returns
    -------
    Document

    Raises
    ------
    DataError
        If the file cannot be read, is not YAML, or has a key twice.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8-sig")
        lines: dict[tuple[str | int, ...], int] = {}
        top = yaml.compose(text, Loader=yaml.SafeLoader)
        if top is not None:
            _find_lines(top, (), lines, set(), path)
        return Document(path, yaml.safe_load(text), lines)
    except OSError as error:
        raise DataError(
            f"cannot read the {kind}: {error.strerror}", place=str(path), remedy="Check the path."
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise DataError(f"the {kind} is not YAML", place=f"{path}{line}", remedy=remedy) from None


def _find_lines(
    node: Node,
    way: tuple[str | int, ...],
    lines: dict[tuple[str | int, ...], int],
    seen: set[int],
    path: Path,
) -> None:
    import yaml

    if id(node) in seen:  # an alias: its lines are those of its anchor
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            lines[*way, position] = item.start_mark.line + 1
            _find_lines(item, (*way, position), lines, seen, path)
    elif isinstance(node, yaml.MappingNode):
        names: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if name in names and name != "<<":
                raise DataError(
                    f"the key '{name}' is there twice, first in line {names[name]}",
                    place=f"{path}, line {line}",
                    remedy="Keep one of them.",
                )
            names[name] = line
            lines[*way, name] = line
            _find_lines(value, (*way, name), lines, seen, path)
