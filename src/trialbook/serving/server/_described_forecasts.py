"""What the document of a server says of a model that forecasts series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trialbook.data import LEVELS
from trialbook.models import EVERY_LEVEL
from trialbook.serving.server._described import (
    Described,
    column_schema,
    forms_of,
    of_object,
    ref,
    table_schemas,
)
from trialbook.serving.server._forecasts import ServedForecaster
from trialbook.serving.server._future import AZURE_LEVELS, CONTEXT, OBSERVED
from trialbook.serving.server._protocol import AZURE


def described_forecasts(served: ServedForecaster) -> Described:
    """Describe a model that forecasts series."""
    names, spec = served.columns, served.model.model.spec
    properties = _properties(served)
    number = {"type": ["number", "null"]}
    observed = {**dict.fromkeys(served.observed.schema.names, number), **properties}
    rows = served.examples[:2]
    split = {"columns": names, "data": [[one[name] for name in names] for one in rows]}
    # Where forecasts depend on nothing, rows need not be given.
    free = not spec["covariates"]
    quantiles = {"quantiles": [0.1, 0.9]}
    examples: dict[str, Any] = {"split": {"dataframe_split": split, "params": quantiles}}
    if free:
        examples["next"] = {"params": {"horizon": spec["horizon"], **quantiles}}
    examples["azure"] = {
        AZURE: {"data": rows},
        "GlobalParameters": {"quantiles": list(AZURE_LEVELS)},
    }
    return Described(
        verb="Forecasts",
        request={"anyOf": _requests(names, free=free)},
        answer=_answers(),
        schemas={
            **table_schemas(properties, "A row of the future; other columns are ignored."),
            "Observed": of_object(observed, list(observed), more=True),
            "Params": _params(spec["horizon"], served.model.series.hierarchy),
            "Prediction": _prediction(served),
        },
        examples=examples,
    )


def _properties(served: ServedForecaster) -> dict[str, Any]:
    """The columns of a row of the future: of time and covariates no cell may be missing."""
    first, spec = served.examples[0], served.model.model.spec
    made = {}
    for column in served.schema.used:
        levels = served.known.get(column.name, frozenset())
        made[column.name] = one = column_schema(column, levels, first[column.name])
        if column.name == served.time:
            one |= {"type": ["string"], "description": "A time after the end of its series."}
        elif column.name in spec["ids"]:
            one["description"] = "Tells series apart."
        else:
            one["type"] = one["type"][:1]
            one["description"] = one["description"].removesuffix(" Null if it is not known.")
    return made


def _params(horizon: int, hierarchy: Sequence[str]) -> dict[str, Any]:
    rows = {"type": "integer", "minimum": 1, "default": horizon}
    level = {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    about = "Rows of each series to forecast, where no rows are given."
    made = {
        "horizon": {**rows, "description": about},
        "quantiles": {
            "type": "array",
            "items": level,
            "uniqueItems": True,
            "description": f"Levels; {LEVELS[0]} to {LEVELS[-1]} if nothing is said.",
        },
    }
    if hierarchy:
        about = "What to forecast, of rows of leaves; all for every level."
        made["level"] = {
            "type": "string",
            "enum": [*hierarchy, EVERY_LEVEL],
            "default": hierarchy[-1],
            "description": about,
        }
    return of_object(made)


def _requests(names: list[str], *, free: bool) -> list[dict[str, Any]]:
    """All forms of a request; without rows the next ones are meant."""
    context = {
        "type": "array",
        "items": ref("Observed"),
        "minItems": 1,
        "description": "Rows that were observed since training.",
    }
    beside = {"params": ref("Params"), CONTEXT: context}
    made = [of_object(beside)] if free else []
    for key, value in forms_of(names, 0 if free else 1).items():
        params = "GlobalParameters" if key == AZURE else "params"
        made.append(of_object({key: value, params: ref("Params"), CONTEXT: context}, [key]))
    return made


def _answers() -> dict[str, Any]:
    texts = {"type": "array", "items": {"type": "string"}}
    numbers = {"type": "array", "items": {"type": "number"}}
    index = {"type": "array", "items": {"type": "object"}}
    azure = of_object(
        {"forecast": numbers, "prediction_interval": texts, "index": index}, ["forecast", "index"]
    )
    azure["description"] = (
        f"As Azure's script for forecasts answers; rows with {OBSERVED} have what was observed."
    )
    warnings = {"warnings": ref("Warnings")}
    rows = {"type": "array", "items": ref("Prediction")}
    return {
        "anyOf": [
            of_object({"predictions": rows, **warnings}, ["predictions"]),
            of_object({"Results": azure, **warnings}, ["Results"]),
        ]
    }


def _prediction(served: ServedForecaster) -> dict[str, Any]:
    """A row of the answer; of quantiles, there are those that were asked."""
    keys = [served.time, *served.model.model.spec["ids"]]
    # Above the leaves some of these are missing.
    there = [served.time] if served.model.series.hierarchy else keys
    columns: dict[str, Any] = {name: {} for name in keys}
    columns[served.time] = {"type": "string", "description": "ISO 8601, without a zone."}
    levels = {str(level): {"type": "number"} for level in LEVELS}
    about = f"Time and series, the forecast of {served.target}, and a number for each quantile."
    made = of_object(
        {**columns, "forecast": {"type": "number"}, **levels}, [*there, "forecast"], more=True
    )
    return {**made, "description": about}
