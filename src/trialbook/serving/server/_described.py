"""What the document of a server says of a model, whichever kind it is of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from trialbook.data import Column
from trialbook.tables.plain import Storage

# A column of more categories than these is described by its first ones.
MOST_LEVELS: Final = 100
_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    Storage.NUMBER: ("number", "A number."),
    Storage.BOOL: ("boolean", "True or false."),
    Storage.STRING: ("string", "A text."),
    Storage.DATETIME: ("string", "A date and time; without a zone it is UTC."),
}


@dataclass(frozen=True)
class Described:
    """How a model is asked, and how it answers.

    Parameters
    ----------
    verb : str
        What it does, as a summary begins: ``Predicts``.
    request, answer : dict
        As JSON Schema; both may refer to `schemas`.
    schemas : dict
        By name.
    examples : dict
        Of requests, by name; the one of Azure is called ``azure``.
    """

    verb: str
    request: dict[str, Any]
    answer: dict[str, Any]
    schemas: dict[str, Any]
    examples: dict[str, Any]


def column_schema(column: Column, levels: frozenset[str], example: Any) -> dict[str, Any]:
    """A column as JSON Schema.

    Parameters
    ----------
    column : Column
    levels : frozenset of str
        Its known categories; empty if there are none.
    example : object
        A plain value.

    Returns
    -------
    dict
    """
    kind, told = _TYPES[column.storage]
    made: dict[str, Any] = {"type": [kind, "null"]}
    if column.storage == Storage.DATETIME:
        made["format"] = "date-time"
    if column.storage == Storage.STRING and column.datetime_format is not None:
        told = f"A date as text, written as {column.datetime_format}."
        made["format"] = "date-time"
    if levels:
        shown = sorted(levels)
        told = f"One of {len(shown)} categories that the model knows."
        made["x-categories"] = shown[:MOST_LEVELS]
    made["description"] = f"{told} Null if it is not known."
    if example is not None:
        made["examples"] = [example]
    return made


def ref(name: str) -> dict[str, Any]:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def of_object(
    properties: dict[str, Any], required: Sequence[str] = (), *, more: bool = False
) -> dict[str, Any]:
    """An object, by default of these properties alone."""
    made: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        made["required"] = list(required)
    return made if more else {**made, "additionalProperties": False}


def table_schemas(properties: Mapping[str, Any], about: str) -> dict[str, Any]:
    """Rows of a table: one as an object, one as a list, and all of them by columns.

    Parameters
    ----------
    properties : mapping of str to dict
        The columns in their order, as JSON Schema.
    about : str
        Of a row.

    Returns
    -------
    dict
        ``Row``, ``Cells`` and ``Columns``.
    """
    names, values = list(properties), list(properties.values())
    lists = {
        name: {"type": "array", "items": one, "minItems": 1} for name, one in properties.items()
    }
    return {
        "Row": {**of_object(dict(properties), names, more=True), "description": about},
        "Cells": {
            "type": "array",
            "prefixItems": values,
            "items": False,
            "minItems": len(values),
            "maxItems": len(values),
            "description": f"Values of {', '.join(names)}, in this order.",
        },
        "Columns": {
            **of_object(lists, names, more=True),
            "description": "A list of values for each column, all of one length.",
        },
    }


def forms_of(names: list[str], least: int) -> dict[str, dict[str, Any]]:
    """The forms in which rows come; of those that leave a choice, the plainest.

    Parameters
    ----------
    names : list of str
        The columns, in their order.
    least : int
        Fewest rows.

    Returns
    -------
    dict
        The schema of what stands under each key.
    """
    rows = {"type": "array", "items": ref("Row"), "minItems": least}
    lists = {"type": "array", "items": ref("Cells"), "minItems": least}
    named = {"const": names, "description": "In any order; others are ignored."}
    split = of_object(
        {"columns": named, "data": lists, "index": {"type": "array"}}, ["columns", "data"]
    )
    any_of_all = {"anyOf": [rows, lists, ref("Columns")]}
    data = of_object({"data": {"anyOf": [rows, lists, split]}}, ["data"])
    return {
        "dataframe_records": rows,
        "dataframe_split": split,
        "instances": any_of_all,
        "inputs": any_of_all,
        "Inputs": {"anyOf": [rows, data, split]},
        "input_data": {"anyOf": [rows, split]},
    }
