"""What the document of a server says of a model that predicts rows."""

from __future__ import annotations

from typing import Any

from trialbook.serving.server._described import (
    Described,
    column_schema,
    forms_of,
    of_object,
    ref,
    table_schemas,
)
from trialbook.serving.server._protocol import METHODS
from trialbook.serving.server._rows import ServedRows


def described_rows(served: ServedRows) -> Described:
    """Describe a model that predicts rows."""
    schema, first = served.schema, served.examples[0]
    properties = {
        one.name: column_schema(one, served.known.get(one.name, frozenset()), first.get(one.name))
        for one in schema.used
    }
    params = of_object({"method": {"enum": list(METHODS), "default": "predict"}})
    names, data = served.columns, served.examples[:2]
    split = {"columns": names, "data": [[one[name] for name in names] for one in data]}
    return Described(
        verb="Predicts",
        request={
            "anyOf": [
                of_object({key: value, _options_of(key): ref("Params")}, [key])
                for key, value in forms_of(names, 1).items()
            ]
        },
        answer={
            "anyOf": [
                of_object(
                    {
                        key: {"type": "array", "items": ref("Prediction")},
                        "classes": {"type": "array"},
                        "warnings": ref("Warnings"),
                    },
                    [key],
                )
                for key in ("predictions", "Results")
            ]
        },
        schemas={
            **table_schemas(properties, "A row; columns that the model does not use are ignored."),
            "Params": params,
            "Prediction": _prediction(served),
        },
        examples={
            "split": {"dataframe_split": split},
            "azure": {"Inputs": {"data": data}, "GlobalParameters": {"method": "predict"}},
        },
    )


def _options_of(form: str) -> str:
    return "GlobalParameters" if form == "Inputs" else "params"


def _prediction(served: ServedRows) -> dict[str, Any]:
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
