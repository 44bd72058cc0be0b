"""Python source from Python values, laid out as a formatter would.

Generated programs are read by people, so a call or a list stays on one line while it fits and is
spread over lines, one item each with a trailing comma, when it does not.
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trialbook._syntax import parse

LINE_LENGTH = 99
# Significant digits of hyperparameters.
DIGITS = 6

# More names than this are filled into paragraphs: a table of thousands of columns must stay short.
MAX_NAMES_ONE_PER_LINE = 12


class Code(str):
    """Source text that stands for itself: `literal` does not quote it."""

    __slots__ = ()


def literal(value: Any, digits: int | None = None) -> str:
    """Source of a plain value.

    Parameters
    ----------
    value : None, bool, number, str, Code, or a list, tuple or dict of these
        What the source must evaluate to.
    digits : int, optional
        Significant digits that real numbers are rounded to; ``None`` keeps them as they are.

    Returns
    -------
    str
        One line of source.

    Examples
    --------
    >>> literal({"learning_rate": 0.0123456789, "name": "a"}, digits=6)
    '{"learning_rate": 0.0123457, "name": "a"}'
    """
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return repr(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return "np.nan" if math.isnan(value) else f'float("{value}")'
        return repr(float(value) if digits is None else float(f"{value:.{digits}g}"))
    if isinstance(value, tuple):
        inner = ", ".join(literal(item, digits) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item, digits) for item in value) + "]"
    if isinstance(value, Mapping):
        items = (f"{literal(k)}: {literal(v, digits)}" for k, v in value.items())
        return "{" + ", ".join(items) + "}"
    raise TypeError(f"no source for a {type(value).__name__}: {value!r}")


def quote(text: str) -> str:
    """A string literal in double quotes where that needs no escape."""
    plain = repr(text)
    if plain.startswith("'") and '"' not in plain and "\\" not in plain:
        return f'"{text}"'
    return plain


def call(function: str, *args: Any, **named: Any) -> Code:
    """Source of a call, on one line if it fits, else one argument a line.

    Parameters
    ----------
    function : str
        What is called.
    *args, **named
        Values (see `literal`) or `Code`; hyperparameters are easier to read, and no worse, with
        six digits.

    Returns
    -------
    Code
        Source, whose lines after the first are indented relative to the first.
    """
    items = [literal(item, DIGITS) for item in args]
    items += [f"{name}={literal(value, DIGITS)}" for name, value in named.items()]
    return Code(spread(f"{function}(", items, ")"))


def sequence(items: Sequence[Any]) -> Code:
    """Source of a list, on one line if it fits, else one item a line, or filled when long."""
    sources = [literal(item) for item in items]
    if len(sources) > MAX_NAMES_ONE_PER_LINE and not any("\n" in source for source in sources):
        width = LINE_LENGTH - 8
        filled = textwrap.fill(
            ", ".join(source.replace(" ", "\0") for source in sources),
            width=width,
            break_long_words=False,
            break_on_hyphens=False,
        ).replace("\0", " ")
        return (
            Code("[\n" + textwrap.indent(filled, "    ") + ",\n]")
            if "\n" in filled
            else Code(f"[{filled}]")
        )
    return Code(spread("[", sources, "]"))


def spread(
    opening: str, items: Sequence[str], closing: str, *, room: int = LINE_LENGTH - 24
) -> str:
    """Join items between brackets: on one line when short, else one a line."""
    line = opening + ", ".join(items) + closing
    if len(line) <= room and "\n" not in line:
        return line
    body = "".join(textwrap.indent(item, "    ") + ",\n" for item in items)
    return f"{opening}\n{body}{closing}"


def assign(name: str, value: Any) -> str:
    """Source of ``name = value``."""
    if isinstance(value, (list, tuple)) and value:
        value = sequence(list(value))
    return f"{name} = {literal(value)}"


def source_of(function: Callable[..., Any]) -> str:
    """Source of a plain function, to stand in a program just as it stands in this package."""
    return textwrap.dedent(inspect.getsource(function)).rstrip()


def set_constant(program: str, name: str, value: Any) -> str:
    """Replace the value of a top-level constant of a program.

    Parameters
    ----------
    program : str
        Source text.
    name : str
        The constant.
    value : object
        Its new value (see `literal`).

    Returns
    -------
    str
        The program with that one assignment rewritten; comments beside it are kept.

    Raises
    ------
    KeyError
        If the program has no such constant.
    """
    for node in parse(program).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == name
        ):
            lines = program.split("\n")
            # ast counts columns in UTF-8 bytes.
            last = lines[node.value.end_lineno - 1].encode()  # type: ignore[operator]
            after = last[node.value.end_col_offset :].decode()
            lines[node.lineno - 1 : node.value.end_lineno] = (assign(name, value) + after).split(
                "\n"
            )
            return "\n".join(lines)
    raise KeyError(name)


def import_block(lines: Sequence[str]) -> str:
    """Import lines, each once: standard library first, then the rest, both sorted."""
    unique = sorted(set(lines), key=lambda line: (line.startswith("from"), line.casefold()))
    standard = [line for line in unique if line.split()[1].split(".")[0] in _STANDARD]
    others = [line for line in unique if line not in standard]
    merged = [_merge(block) for block in (standard, others) if block]
    return "\n\n".join(merged)


_STANDARD = frozenset({"copy", "json", "math", "os", "pathlib", "time", "warnings"})


def _merge(lines: Sequence[str]) -> str:
    """Import lines in which every module that names are taken from stands once."""
    plain = [line for line in lines if line.startswith("import")]
    names: dict[str, set[str]] = {}
    for line in lines:
        if line.startswith("from"):
            module, taken = line.removeprefix("from ").split(" import ")
            names.setdefault(module, set()).update(part.strip() for part in taken.split(","))
    merged = []
    for module in sorted(names, key=str.casefold):
        taken_names = sorted(
            names[module], key=lambda name: (not name.isupper(), name.islower(), name)
        )
        line = f"from {module} import {', '.join(taken_names)}"
        if len(line) > LINE_LENGTH:
            line = spread(f"from {module} import (", taken_names, ")")
        merged.append(line)
    return "\n".join([*plain, *merged])
