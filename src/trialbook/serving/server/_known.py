"""What a model knows of its columns beyond their types: categories, and rows to show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from trialbook.data import Schema
from trialbook.serving.server._typed import Rows
from trialbook.tables.plain import Storage

# A request names so many unknown categories; a column of wrong codes would else fill the answer.
MOST_NAMED: Final = 20
# How `as_text` of programs writes a missing cell.
_MARKS: Final = frozenset({"(missing)"})
# Where fitted estimators keep those that they are made of.
_PARTS: Final = ("steps", "transformers_", "estimators_")
_PART: Final = ("estimator", "estimator_", "model_", "final_estimator_", "best_estimator_")


def categories(estimator: Any, schema: Schema) -> dict[str, frozenset[str]]:
    """The categories of each column that the model has seen, as its encoders keep them.

    Parameters
    ----------
    estimator : estimator
        A fitted model of a trial.
    schema : Schema

    Returns
    -------
    dict of str to frozenset of str
        Of text columns that an encoder of categories takes, in any of the model's members.
    """
    texts = {one.name for one in schema.used if one.storage == Storage.STRING}
    found: dict[str, set[str]] = {}
    for encoder, columns in _encoders(estimator, None, set()):
        for name, levels in zip(columns, encoder.categories_):
            values = [one for one in levels if isinstance(one, str) and one not in _MARKS]
            if name in texts and values:
                found.setdefault(name, set()).update(values)
    return {name: frozenset(found[name]) for name in schema.names if name in found}


def _encoders(
    part: Any, columns: Sequence[str] | None, seen: set[int]
) -> Iterator[tuple[Any, Sequence[str]]]:
    """The encoders in a fitted estimator, with the columns that each one takes."""
    if isinstance(part, str) or part is None or id(part) in seen:
        return
    seen.add(id(part))
    if columns is not None and len(getattr(part, "categories_", ())) == len(columns):
        yield part, columns
    for name in _PARTS:
        for one in getattr(part, name, None) or ():
            if name == "transformers_":
                taken = [one[2]] if isinstance(one[2], str) else list(one[2])
                if all(isinstance(column, str) for column in taken):
                    yield from _encoders(one[1], taken, seen)
            else:
                inner = one[1] if isinstance(one, tuple) else one
                yield from _encoders(inner, columns, seen)
    for name in _PART:
        inner = getattr(part, name, None)
        if inner is not None and hasattr(inner, "get_params"):
            yield from _encoders(inner, columns, seen)


def unknown_categories(
    rows: Rows, known: Mapping[str, frozenset[str]]
) -> list[tuple[int, str, str]]:
    """Cells with a category that the model has not seen.

    Parameters
    ----------
    rows : Rows
    known : mapping
        What `categories` gave.

    Returns
    -------
    list of (int, str, str)
        Row, column and value, the first `MOST_NAMED` of them.
    """
    found: list[tuple[int, str, str]] = []
    for name, levels in known.items():
        cells = rows.cells[name]
        if levels.issuperset(cells):
            continue
        for row, cell in enumerate(cells):
            if isinstance(cell, str) and cell not in levels:
                found.append((row, name, cell))
                if len(found) >= MOST_NAMED:
                    return found
    return found


def example_rows(folder: Path | None, schema: Schema) -> list[dict[str, Any]]:
    """Rows that MLflow keeps with a model, as records of plain values.

    Parameters
    ----------
    folder : Path or None
        Of the model.
    schema : Schema

    Returns
    -------
    list of dict
        Of the features; rows of nulls where the model has no example.
    """
    path = None if folder is None else folder / "input_example.json"
    if path is not None and path.is_file():
        # MLflow writes missing numbers as NaN, which is no JSON.
        document = json.loads(path.read_text("utf-8"), parse_constant=lambda _: None)
        if isinstance(document, dict) and {"columns", "data"} <= document.keys():
            records = [dict(zip(document["columns"], row)) for row in document["data"]]
            if records and all(name in records[0] for name in schema.names):
                return [{name: one[name] for name in schema.names} for one in records]
    return [dict.fromkeys(schema.names)]
