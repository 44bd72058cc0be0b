"""A forecaster, written as an MLflow model and read again."""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from trialbook.data import (
    LEVELS,
    SERIES_COLUMN,
    TIME_COLUMN,
    Schema,
    SeriesSpec,
    bins_of,
    read_frequency,
    series_scales,
    together,
)
from trialbook.models._package import (
    CHECK_ROWS,
    EXAMPLE_ROWS,
    SCHEMA_FILE,
    input_schema,
    load_model,
)
from trialbook.tables.plain import Storage

# The file that MLflow keeps a model in, and that `load_model` reads.
PICKLE = "python_model.pkl"
# What errors of each series are measured by: scale and range in training.
SCALES_FILE = "scales.parquet"


def save_forecaster(
    forecaster: Any,
    folder: Path,
    X: pd.DataFrame,
    y: np.ndarray,
    requires: Sequence[str],
    schema: Schema,
    nodes: pd.DataFrame | None = None,
) -> Any:
    """Write a forecaster as an MLflow model.

    Parameters
    ----------
    forecaster : object
        A ``CalibratedForecaster`` of a program.
    folder : Path
        Where to write; it must not exist.
    X : DataFrame of shape (n_rows, n_columns)
        The rows that it was trained on, as programs read them.
    y : ndarray of shape (n_rows,)
        Their target.
    requires : sequence of str
        Requirement lines of the environment that it needs.
    schema : Schema
        Of the table that it was trained on.
    nodes : DataFrame, optional
        Of a hierarchy; see `trialbook.data.Hierarchy`.

    Returns
    -------
    SeriesModel
    """
    import cloudpickle
    import mlflow.pyfunc

    from trialbook.models import (
        _hierarchy_model,
        _series_model,
        _series_problems,
        _timeseries,
    )

    of_data = (sys.modules[one.__module__] for one in (bins_of, together))
    for module in (_hierarchy_model, _series_model, _series_problems, _timeseries, *of_data):
        cloudpickle.register_pickle_by_value(module)
    spec = series_of(schema)
    told = {
        "time": spec.time,
        "ids": list(spec.ids),
        "target": schema.target,
        "frequency": read_frequency(spec.frequency).freqstr,
        "horizon": spec.horizon,
        "covariates": list(spec.covariates),
        "static": [name for name in spec.static if name in _used(forecaster, "static")],
        "aggregate": spec.aggregate,
        "codes": {name: list(levels) for name, levels in spec.codes.items()},
        "time_form": spec.time_form,
    }
    past = [name for name in spec.past_only if name in _used(forecaster, "past_only")]
    told["past_only"] = past
    columns = [SERIES_COLUMN, TIME_COLUMN, *spec.covariates, *told["static"], *past]
    rows = X[columns].assign(**{schema.target: y})
    ends = rows.groupby(SERIES_COLUMN, sort=False).tail(1).set_index(SERIES_COLUMN).sort_index()
    if nodes is None:
        model = _series_model.SeriesModel(forecaster, told, ends, _ids(ends.index, schema))
    else:
        ids = _ids(pd.Index(nodes.iloc[:, -1]), schema)
        model = _hierarchy_model.HierarchyModel(forecaster, told, ends, ids, nodes)
    example = example_rows(model, spec)
    # MLflow would say of every trial that a pickle is one.
    logging.getLogger("mlflow.pyfunc").setLevel(logging.ERROR)
    logging.getLogger("mlflow.models.signature").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            str(folder),
            python_model=model,
            signature=_signature(example, spec),
            input_example=example,
            pip_requirements=list(requires),
        )
    text = json.dumps(_asked(schema, past).to_dict(), indent=2, ensure_ascii=False)
    (folder / SCHEMA_FILE).write_text(text + "\n", "utf-8")
    series_scales(rows, schema.target, spec.season).to_parquet(folder / SCALES_FILE)
    return model


def _used(forecaster: Any, kind: Literal["past_only", "static"]) -> set[str]:
    """Columns of a kind that a forecaster uses."""
    within = getattr(forecaster, "forecasters", None)
    if within is not None:  # a vote
        return set().union(*(_used(one, kind) for one in within.values()))
    if hasattr(forecaster, "forecaster"):  # with quantiles
        return _used(forecaster.forecaster, kind)
    return set(getattr(forecaster, kind, ()))


def _asked(schema: Schema, past: Sequence[str]) -> Schema:
    """The schema without columns that are not known of the future, but for those of `past`."""
    unused = {*series_of(schema).past_only} - {*past}
    columns = tuple(
        replace(one, dropped="not known of the future, and not used")
        if one.name in unused
        else one
        for one in schema.columns
    )
    return replace(schema, columns=columns)


def example_rows(model: Any, spec: SeriesSpec, n_rows: int | None = EXAMPLE_ROWS) -> pd.DataFrame:
    """The first rows that may be asked for, or all, with covariates as they were last."""
    rows = model.next_rows(spec.horizon).iloc[:n_rows]
    example = model.ids.loc[rows[SERIES_COLUMN]].reset_index(drop=True)
    example.insert(0, spec.time, rows[TIME_COLUMN])
    for name in spec.covariates:
        example[name] = rows[name]
        if name in spec.codes:
            levels = dict(enumerate(spec.codes[name]))
            example[name] = rows[name].map(levels).fillna(spec.codes[name][0])
    return pd.DataFrame(example)


def series_of(schema: Schema) -> SeriesSpec:
    """What makes the rows of a table series."""
    if schema.series is None:
        raise TypeError("the schema has no series")
    return schema.series


def _ids(names: pd.Index[Any], schema: Schema) -> pd.DataFrame:
    """The id columns of series, by their names."""
    spec = series_of(schema)
    storages = {column.name: column.storage for column in schema.columns}
    found = spec.ids_of(pd.Series(names, index=names))
    for name in spec.ids:
        if storages[name] == Storage.NUMBER:
            found[name] = pd.to_numeric(found[name], errors="coerce")
    return found


def _signature(example: pd.DataFrame, spec: SeriesSpec) -> Any:
    """What the model asks for and gives: columns, and parameters with their defaults."""
    from mlflow.models import ModelSignature, infer_signature
    from mlflow.types import DataType, ParamSchema, ParamSpec

    params = ParamSchema(
        [
            ParamSpec("horizon", DataType.long, spec.horizon),
            ParamSpec("quantiles", DataType.double, list(LEVELS), shape=(-1,)),
            *([ParamSpec("level", DataType.string, spec.ids[-1])] if spec.hierarchy else []),
        ]
    )
    told = dict.fromkeys(["forecast", *map(str, LEVELS)], 0.0)
    answer = example.drop(columns=list(spec.covariates)).assign(**told)
    return ModelSignature(input_schema(example), infer_signature(answer).inputs, params)


def is_forecaster(folder: Path) -> bool:
    """Whether the model in a folder forecasts series."""
    return (folder / PICKLE).is_file()


def load_forecaster(folder: Path) -> Any:
    """Read a model that `save_forecaster` wrote; errors as of `load_model`."""
    return load_model(folder, PICKLE)


def time_forecast(model: Any, schema: Schema, check: Path) -> dict[str, float]:
    """Measure how long a horizon takes; what is said of some rows is kept, to check it by later.

    Parameters
    ----------
    model : SeriesModel
    schema : Schema
        Of the table that it was trained on.
    check : Path
        A Parquet file to write: rows as they are asked for, beside what is said of them.

    Returns
    -------
    dict
        ``forecast_s``: seconds for the horizon of all series. ``predict_ms``: milliseconds of
        them for a thousand rows. ``predict_row_ms``: milliseconds for the horizon of one series.
    """
    spec = series_of(schema)
    rows = example_rows(model, spec, None)
    begun = time.perf_counter()
    told = model.answer(rows)
    seconds = one_s = time.perf_counter() - begun
    check.parent.mkdir(parents=True, exist_ok=True)
    kept = rows.join(told[told.columns.difference(rows.columns)])
    kept.head(CHECK_ROWS).to_parquet(check, index=False)
    if len(rows) > spec.horizon:
        one = rows.head(spec.horizon)
        begun = time.perf_counter()
        model.answer(one)
        one_s = time.perf_counter() - begun
    return {
        "forecast_s": seconds,
        "predict_ms": seconds * 1e6 / len(rows),
        "predict_row_ms": 1000 * one_s,
    }
