"""The OpenAPI document of a server, made from the schema of its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trialbook import __version__
from trialbook.data import Column
from trialbook.serving.server._fleet import MODEL_HEADER
from trialbook.serving.server._protocol import METHODS
from trialbook.serving.server._served import Options, Served
from trialbook.tables.plain import Storage

# A column of more categories than these is described by its first ones.
MOST_LEVELS: Final = 100
_JSON: Final = "application/json"
_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    Storage.NUMBER: ("number", "A number."),
    Storage.BOOL: ("boolean", "True or false."),
    Storage.STRING: ("string", "A text."),
    Storage.DATETIME: ("string", "A date and time; without a zone it is UTC."),
}
_REFUSALS: Final = {
    400: "The request is addressed to another host; or its body is no JSON, or has none of the "
    "forms that are known.",
    401: "The token is lacking or wrong.",
    403: "The request comes from a page of another host.",
    404: "There is no such address, or it was not switched on.",
    405: "Another method is asked for.",
    408: "The body took too long to arrive.",
    409: "The models cannot be loaded anew, and stay as they are.",
    413: "The body is too large.",
    415: "The content type or encoding is not known.",
    422: "Columns are lacking or cells do not fit: each one is named.",
    500: "The model failed.",
    503: "Too many connections are open, or too many rows wait.",
    504: "The model took too long.",
}


def openapi(served: Served, options: Options, *, token: bool, labels: list[str]) -> dict[str, Any]:
    """Describe a server.

    Parameters
    ----------
    served : Served
        The model whose columns are described.
    options : Options
    token : bool
        Whether a token is asked for.
    labels : list of str
        Of all models.

    Returns
    -------
    dict
        An OpenAPI 3.1 document.
    """
    paths: dict[str, Any] = {
        "/invocations": {"post": _scoring(served, "Predict, as MLflow is asked", "/invocations")},
        "/score": {"post": _scoring(served, "Predict, as Azure is asked", "/score")},
        "/health": {"get": _plain("Whether the server answers", _HEALTH, token=False)},
        "/ping": {"get": _plain("The same, as MLflow has it", None, token=False)},
        "/version": {"get": _plain("The version of Trialbook", None, token=token)},
        "/metrics": {"get": _plain("Figures for Prometheus", None, token=token)},
        "/docs": {"get": _plain("This, as a page", None, token=token)},
        "/openapi.json": {"get": _plain("This document", {"type": "object"}, token=token)},
    }
    if options.explain and served.model is not None:
        paths["/explain"] = {"post": _explaining(served)}
    if token:
        paths["/reload"] = {"post": _reloading()}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": f"Predictions of {served.label}",
            "version": served.version or "0",
            "summary": f"Predicts {served.schema.target} ({served.schema.task}).",
            "description": f"Served by Trialbook {__version__}. Models: {', '.join(labels)}.",
        },
        "paths": paths,
        "components": {"schemas": _schemas(served)},
    }
    if token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        for path in ("/health", "/ping"):
            paths[path]["get"]["security"] = []
    return document


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


def worked_example(served: Served, *, rows: int = 2) -> dict[str, Any]:
    """A request that can be sent as it is.

    Parameters
    ----------
    served : Served
    rows : int

    Returns
    -------
    dict
    """
    names = served.schema.names
    data = [[one[name] for name in names] for one in served.examples[:rows]]
    return {"dataframe_split": {"columns": names, "data": data}}


def _schemas(served: Served) -> dict[str, Any]:
    schema = served.schema
    first = served.examples[0]
    row: dict[str, Any] = {
        "type": "object",
        "description": "A row; columns that the model does not use are ignored.",
        "required": schema.names,
        "properties": {
            one.name: column_schema(
                one, served.known.get(one.name, frozenset()), first.get(one.name)
            )
            for one in schema.used
        },
    }
    values = [row["properties"][name] for name in schema.names]
    cells = {
        "type": "array",
        "prefixItems": values,
        "items": False,
        "minItems": len(values),
        "maxItems": len(values),
    }
    return {
        "Row": row,
        "Cells": {**cells, "description": f"Values of {', '.join(schema.names)}, in this order."},
        "Columns": {
            "type": "object",
            "description": "A list of values for each column, all of one length.",
            "required": schema.names,
            "properties": {
                name: {"type": "array", "items": one, "minItems": 1}
                for name, one in row["properties"].items()
            },
        },
        "Params": {
            "type": "object",
            "properties": {"method": {"enum": list(METHODS), "default": "predict"}},
            "additionalProperties": False,
        },
        "Prediction": _prediction(served),
        "Warnings": {"type": "array", "items": {"$ref": "#/components/schemas/Problem"}},
        "Problem": _PROBLEM,
        "Error": _ERROR,
    }


def _prediction(served: Served) -> dict[str, Any]:
    """One answer: a label or a number, or the probabilities."""
    classes = served.schema.classes
    if not classes:
        return {"type": "number", "description": served.schema.target}
    return {
        "description": f"{served.schema.target}, or its probabilities in the order of classes",
        "anyOf": [
            {"enum": list(classes)},
            {
                "type": "array",
                "items": {"type": "number"},
                "minItems": len(classes),
                "maxItems": len(classes),
            },
        ],
    }


def _scoring(served: Served, summary: str, path: str) -> dict[str, Any]:
    names = served.schema.names
    example = worked_example(served)
    records = served.examples[:2]
    azure = {"Inputs": {"data": records}, "GlobalParameters": {"method": "predict"}}
    examples = {"azure": {"value": azure}}
    if path == "/invocations":
        examples = {"split": {"value": example}, **examples}
    header = ",".join(f'"{name}"' for name in names)
    return {
        "summary": summary,
        "operationId": path.strip("/"),
        "parameters": [_MODEL_PARAMETER],
        "requestBody": {
            "required": True,
            "content": {
                _JSON: {
                    "schema": _request(names),
                    "examples": examples,
                },
                "text/csv": {
                    "schema": {"type": "string", "description": f"A table with the head {header}"}
                },
            },
        },
        "responses": {
            "200": {
                "description": "The predictions, in the order of the rows.",
                "headers": {MODEL_HEADER: {"schema": {"type": "string"}, "description": "Who."}},
                "content": {_JSON: {"schema": _ANSWER}},
            },
            **_refusals(400, 401, 403, 408, 413, 415, 422, 500, 503, 504),
        },
    }


def _request(names: list[str]) -> dict[str, Any]:
    """All forms of a request; of those that leave a choice, the plainest."""
    row, cells = {"$ref": "#/components/schemas/Row"}, {"$ref": "#/components/schemas/Cells"}
    params = {"$ref": "#/components/schemas/Params"}
    rows = {"type": "array", "items": row, "minItems": 1}
    lists = {"type": "array", "items": cells, "minItems": 1}
    split = {
        "type": "object",
        "required": ["columns", "data"],
        "properties": {
            "columns": {"const": names, "description": "In any order; others are ignored."},
            "data": lists,
            "index": {"type": "array"},
        },
        "additionalProperties": False,
    }

    def form(key: str, value: dict[str, Any], other: str = "params") -> dict[str, Any]:
        return {
            "type": "object",
            "required": [key],
            "properties": {key: value, other: params},
            "additionalProperties": False,
        }

    azure = {
        "anyOf": [
            rows,
            {
                "type": "object",
                "required": ["data"],
                "properties": {"data": {"anyOf": [rows, lists, split]}},
                "additionalProperties": False,
            },
            split,
        ]
    }
    columns = {"$ref": "#/components/schemas/Columns"}
    return {
        "anyOf": [
            form("dataframe_records", rows),
            form("dataframe_split", split),
            form("instances", {"anyOf": [rows, lists, columns]}),
            form("inputs", {"anyOf": [rows, lists, columns]}),
            form("Inputs", azure, "GlobalParameters"),
            form("input_data", {"anyOf": [rows, split]}),
        ]
    }


def _explaining(served: Served) -> dict[str, Any]:
    described = _scoring(served, "Explain predictions by SHAP values of the columns", "/explain")
    described["responses"] |= _refusals(404)
    described["responses"]["200"] = {
        "description": "What each column adds to the base, for each row.",
        "content": {
            _JSON: {
                "schema": {
                    "type": "object",
                    "required": ["explanations", "columns", "classes", "exact"],
                    "properties": {
                        "columns": {"type": "array", "items": {"type": "string"}},
                        "classes": {"type": "array"},
                        "exact": {"type": "boolean"},
                        "explanations": {"type": "array", "items": {"type": "object"}},
                    },
                }
            }
        },
    }
    return described


def _reloading() -> dict[str, Any]:
    return {
        "summary": "Look up the models anew, and serve those that changed",
        "operationId": "reload",
        "responses": {
            "200": {
                "description": "What changed.",
                "content": {
                    _JSON: {
                        "schema": {
                            "type": "object",
                            "required": ["models"],
                            "properties": {"models": {"type": "array"}},
                        }
                    }
                },
            },
            **_refusals(400, 401, 409, 503),
        },
    }


def _plain(summary: str, schema: dict[str, Any] | None, *, token: bool) -> dict[str, Any]:
    content: dict[str, Any] = {} if schema is None else {"content": {_JSON: {"schema": schema}}}
    refusals = _refusals(400, *[401] * token, 403, 503)
    return {"summary": summary, "responses": {"200": {"description": "OK", **content}, **refusals}}


def _refusals(*codes: int) -> dict[str, Any]:
    return {
        str(code): {
            "description": _REFUSALS[code],
            "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
        for code in codes
    }


_MODEL_PARAMETER: Final = {
    "name": MODEL_HEADER,
    "in": "header",
    "required": False,
    "description": "The model that is to answer, by its label; else one is drawn by weight.",
    "schema": {"type": "string"},
}
_HEALTH: Final = {
    "type": "object",
    "required": ["status", "models"],
    "properties": {
        "status": {"const": "ok"},
        "models": {"type": "array", "items": {"type": "object"}},
    },
}
_ANSWER: Final = {
    "anyOf": [
        {
            "type": "object",
            "required": [key],
            "properties": {
                key: {"type": "array", "items": {"$ref": "#/components/schemas/Prediction"}},
                "classes": {"type": "array"},
                "warnings": {"$ref": "#/components/schemas/Warnings"},
            },
            "additionalProperties": False,
        }
        for key in ("predictions", "Results")
    ]
}
_PROBLEM: Final = {
    "type": "object",
    "required": ["cause"],
    "properties": {
        "row": {"type": "integer", "description": "Counted from 0."},
        "column": {"type": "string"},
        "cause": {"type": "string"},
        "remedy": {"type": "string"},
    },
}
_ERROR: Final = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["status", "cause"],
            "properties": {
                "status": {"type": "integer"},
                "cause": {"type": "string"},
                "place": {"type": "string"},
                "remedy": {"type": "string"},
                "problems": {"$ref": "#/components/schemas/Warnings"},
            },
        }
    },
}
