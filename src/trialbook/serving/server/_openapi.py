"""The OpenAPI document of a server, made from the schema of its model."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from trialbook import __version__
from trialbook.serving.server._described import Described, ref
from trialbook.serving.server._described_forecasts import described_forecasts
from trialbook.serving.server._described_rows import described_rows
from trialbook.serving.server._fleet import MODEL_HEADER
from trialbook.serving.server._forecasts import ServedForecaster
from trialbook.serving.server._rows import ServedRows
from trialbook.serving.server._served import Options, Served

_JSON: Final = "application/json"
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
    about = described(served)
    scoring = partial(_scoring, served, about)
    paths: dict[str, Any] = {
        "/invocations": {"post": scoring("Predict, as MLflow is asked", "/invocations")},
        "/score": {"post": scoring("Predict, as Azure is asked", "/score")},
        "/health": {"get": _plain("Whether the server answers", _HEALTH, token=False)},
        "/ping": {"get": _plain("The same, as MLflow has it", None, token=False)},
        "/version": {"get": _plain("The version of Trialbook", None, token=token)},
        "/metrics": {"get": _plain("Figures for Prometheus", None, token=token)},
        "/docs": {"get": _plain("This, as a page", None, token=token)},
        "/openapi.json": {"get": _plain("This document", {"type": "object"}, token=token)},
    }
    if options.explain and isinstance(served, ServedRows) and served.model is not None:
        paths["/explain"] = {"post": _explaining(served, about)}
    if token:
        paths["/reload"] = {"post": _reloading()}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": f"Predictions of {served.label}",
            "version": served.version or "0",
            "summary": f"{about.verb} {served.schema.target} ({served.schema.task}).",
            "description": f"Served by Trialbook {__version__}. Models: {', '.join(labels)}.",
        },
        "paths": paths,
        "components": {"schemas": {**about.schemas, **_COMMON}},
    }
    if token:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        for path in ("/health", "/ping"):
            paths[path]["get"]["security"] = []
    return document


def described(served: Served) -> Described:
    """What is said of a model."""
    if isinstance(served, ServedForecaster):
        return described_forecasts(served)
    assert isinstance(served, ServedRows)
    return described_rows(served)


def worked_example(served: Served) -> dict[str, Any]:
    """A request that can be sent as it is, of one row where it has rows."""
    made: dict[str, Any] = dict(next(iter(described(served).examples.values())))
    split = made["dataframe_split"]
    return {**made, "dataframe_split": {**split, "data": split["data"][:1]}}


def _scoring(served: Served, about: Described, summary: str, path: str) -> dict[str, Any]:
    shown = about.examples if path == "/invocations" else {"azure": about.examples["azure"]}
    header = ",".join(f'"{name}"' for name in served.columns)
    return {
        "summary": summary,
        "operationId": path.strip("/"),
        "parameters": [_MODEL_PARAMETER],
        "requestBody": {
            "required": True,
            "content": {
                _JSON: {
                    "schema": about.request,
                    "examples": {name: {"value": one} for name, one in shown.items()},
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
                "content": {_JSON: {"schema": about.answer}},
            },
            **_refusals(400, 401, 403, 408, 413, 415, 422, 500, 503, 504),
        },
    }


def _explaining(served: Served, about: Described) -> dict[str, Any]:
    made = _scoring(served, about, "Explain predictions by SHAP values of the columns", "/explain")
    made["responses"] |= _refusals(404)
    made["responses"]["200"] = {
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
    return made


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
_COMMON: Final = {
    "Warnings": {"type": "array", "items": ref("Problem")},
    "Problem": _PROBLEM,
    "Error": _ERROR,
}
