"""Syntax trees of Python, made by one thread at a time.

CPython 3.11 counts the depth of a tree that it makes once for all threads. If garbage is collected
meanwhile, and another thread takes over and parses, too, both may fail with "SystemError: AST
constructor recursion depth mismatch".
"""

from __future__ import annotations

import ast
import threading
from typing import cast

_PARSING = threading.RLock()


def parse(program: str) -> ast.Module:
    """Parse a program, as `ast.parse` does, where other threads may do the same.

    Raises
    ------
    SyntaxError
        If it is no Python.
    """
    return cast("ast.Module", _parsed(program, "exec"))


def parse_expression(text: str) -> ast.Expression:
    """Parse an expression; otherwise as `parse`."""
    return cast("ast.Expression", _parsed(text, "eval"))


def _parsed(source: str, mode: str) -> ast.AST:
    with _PARSING:
        try:
            return ast.parse(source, mode=mode)
        except SystemError:  # a library parsed meanwhile
            return ast.parse(source, mode=mode)
