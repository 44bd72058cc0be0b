"""The arguments of Databricks' functions as a job of this engine."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from trialbook._words import plural
from trialbook.compat.databricks._dataset import Dataset, resolve
from trialbook.compat.databricks._lookups import join
from trialbook.data import Guardrail, row_numbers
from trialbook.errors import DataError, OptionError, nearest
from trialbook.job import Job, Label, Task
from trialbook.learners import all_learners
from trialbook.tables import storage_of
from trialbook.tables.plain import Storage, shown

# Where experiments and tables are if nobody says otherwise: where the command line has them, too.
WORKSPACE = "trialbook"
# The documented split: 60 % train, 20 % validate, 20 % test.
TEST_SIZE, VALIDATION_SIZE = 0.2, 0.25  # the second one is of the rest
TIMEOUT_MINUTES = 120
# The documented range.
MOST_WEIGHT = 10_000
SPLITS = ("train", "validate", "test")
# What MLflow, which measures Databricks' trials, means by these where there are several classes.
MULTICLASS = {"f1": "f1_weighted", "precision": "precision_score_weighted"}


@dataclass(frozen=True)
class Arguments:
    """What `classify` or `regress` was asked; see there."""

    task: Task
    dataset: Any
    target_col: str
    primary_metric: str
    data_dir: str | None
    experiment_dir: str | Path | None
    experiment_name: str | None
    exclude_cols: Sequence[str] | None
    exclude_frameworks: Sequence[str] | None
    feature_store_lookups: Sequence[Mapping[str, Any]] | None
    imputers: Mapping[str, str | Mapping[str, Any]] | None
    pos_label: Label | None
    time_col: str | None
    split_col: str | None
    sample_weight_col: str | None
    max_trials: int | None
    timeout_minutes: float | None

    @property
    def workspace(self) -> str:
        """The folder of the experiment."""
        return str(WORKSPACE if self.experiment_dir is None else self.experiment_dir)

    @property
    def ignored(self) -> list[str]:
        """The columns that are no features."""
        excluded = self.exclude_cols
        return [excluded] if isinstance(excluded, str) else list(excluded or ())


def read_request(asked: Arguments) -> tuple[Job, Dataset, tuple[Guardrail, ...]]:
    """Check the arguments, and make the table and the job that they mean.

    Parameters
    ----------
    asked : Arguments

    Returns
    -------
    job : Job
    dataset : Dataset
        With the features that were looked up, and without rows of no split.
    guardrails : tuple of Guardrail
        What was found on the way.

    Raises
    ------
    OptionError, DataError
        If an argument or the table cannot be used.
    """
    _check_together(asked)
    if asked.data_dir:
        warn_of_data_dir(asked.workspace)
    dataset = resolve(asked.dataset, asked.workspace)
    _check_columns(asked, dataset.columns)
    notes: tuple[Guardrail, ...] = ()
    if asked.feature_store_lookups:
        table, notes = join(dataset.whole(), asked.feature_store_lookups, asked.workspace)
        dataset.replace(table)
    if asked.split_col is not None:
        notes += _keep_split_rows(dataset, asked.split_col)
    if asked.sample_weight_col is not None:
        _check_weights(asked, dataset)
    data = str(dataset.source) if isinstance(dataset.source, (str, Path)) else Job.IN_MEMORY
    job = Job.from_fields(_fields(asked, dataset) | {"data": data})
    return job, dataset, (*dataset.guardrails, *notes)


def _fields(asked: Arguments, dataset: Dataset) -> dict[str, Any]:
    """The fields of the job but its data."""
    imputers = {name: _imputer(one) for name, one in (asked.imputers or {}).items()}
    minutes = TIMEOUT_MINUTES if asked.timeout_minutes is None else asked.timeout_minutes
    if not minutes > 0:
        raise OptionError(f"timeout_minutes={minutes} is no time", remedy="Give a number above 0.")
    split: dict[str, Any] = {"test_size": TEST_SIZE, "validation_size": VALIDATION_SIZE}
    if asked.split_col is not None:
        split = {"fold_columns": (asked.split_col,)}
    elif asked.time_col is not None:
        split["time_column"] = asked.time_col
    fields = {
        "task": asked.task,
        "target": asked.target_col,
        "name": name_of(asked.experiment_name, asked.target_col, dataset.title),
        "metric": _metric(asked, dataset),
        "positive_label": asked.pos_label,
        "ignore": asked.ignored,
        "block": _blocked(asked),
        "types": dataset.annotated_types() | dataset.native_types([*imputers]),
        "imputers": imputers,
        "weight": asked.sample_weight_col,
        "max_trials": asked.max_trials,
        "timeout": 60.0 * minutes,
        "workspace": asked.workspace,
        **split,
    }
    return {name: value for name, value in fields.items() if value is not None}


def name_of(asked: str | None, target: str, title: str) -> str:
    """The name of an experiment: as asked, or what is learned from what, and when that began.

    Parameters
    ----------
    asked : str, optional
    target : str
    title : str
        Of the table.

    Returns
    -------
    str
    """
    return asked or f"{target}_{title}-{datetime.now():%Y_%m_%d-%H_%M_%S}"


def warn_of_data_dir(workspace: str) -> None:
    """Say that the argument ``data_dir`` is not used.

    Parameters
    ----------
    workspace : str
        Where data is kept.
    """
    kept = f"intermediate data is kept with the experiment, under {workspace}"
    warnings.warn(f"data_dir is not used: {kept}", stacklevel=5)


def _imputer(asked: str | Mapping[str, Any]) -> str | dict[str, Any]:
    return asked if isinstance(asked, str) else dict(asked)


def _metric(asked: Arguments, dataset: Dataset) -> str:
    if asked.task == "regression" or asked.primary_metric not in MULTICLASS:
        return asked.primary_metric
    classes = dataset.some([asked.target_col])[asked.target_col].nunique()
    return MULTICLASS[asked.primary_metric] if classes > 2 else asked.primary_metric


def _blocked(asked: Arguments) -> list[str]:
    """The learners that are of excluded libraries."""
    learners = [one for one in all_learners().values() if asked.task in one.tasks]
    known = sorted({one.requires for one in learners})
    excluded = asked.exclude_frameworks or ()
    for name in [excluded] if isinstance(excluded, str) else excluded:
        if name not in known:
            raise OptionError(
                f"unknown framework '{name}'",
                place="argument exclude_frameworks",
                remedy=nearest(name, known),
            )
    return [one.key for one in learners if one.requires in excluded]


# -- columns -----------------------------------------------------------------------------------


def _check_together(asked: Arguments) -> None:
    if asked.time_col is not None and asked.split_col is not None:
        raise OptionError(
            "time_col and split_col cannot both be given",
            remedy="Rows are split by their time or by their names; drop one of them.",
        )
    for argument in ("target_col", "time_col"):
        if getattr(asked, argument) in asked.ignored:
            raise OptionError(
                f"the column '{getattr(asked, argument)}' of {argument} cannot be excluded",
                place="argument exclude_cols",
                remedy="Take it out.",
            )


def _check_columns(asked: Arguments, columns: Sequence[str]) -> None:
    named: dict[str, Sequence[str | None]] = {
        "target_col": [asked.target_col],
        "time_col": [asked.time_col],
        "split_col": [asked.split_col],
        "sample_weight_col": [asked.sample_weight_col],
        "exclude_cols": asked.ignored,
    }
    if not asked.feature_store_lookups:  # which may bring the column
        named["imputers"] = list(asked.imputers or ())
    for argument, names in named.items():
        for name in names:
            if name is not None and name not in columns:
                raise OptionError(
                    f"there is no column '{name}'",
                    place=f"argument {argument}",
                    remedy=nearest(name, columns),
                )


def _keep_split_rows(dataset: Dataset, name: str) -> tuple[Guardrail, ...]:
    """Leave out the rows of no split."""
    column = dataset.some([name])[name]
    known = column.isin(SPLITS).to_numpy()
    found = set(column[known])
    for side in ("train", "validate"):
        if side not in found:
            raise DataError(
                f"the split column '{name}' has no row '{side}'",
                place="argument split_col",
                remedy="Its values are 'train', 'validate' and 'test'.",
            )
    notes: tuple[Guardrail, ...] = ()
    if "test" not in found:
        finding = f"no row of '{name}' is 'test'"
        notes += (Guardrail("Test rows", "alerted", finding, "no model is tested", (name,)),)
    if known.all():
        return notes
    other = column[~known].dropna()
    example = f", such as {shown(other.iloc[0])}" if len(other) else ""
    finding = f"{plural(int((~known).sum()), 'row')} of {len(column):,} are of no split{example}"
    rows = row_numbers(np.flatnonzero(~known))
    dataset.replace(dataset.whole()[known].reset_index(drop=True))
    note = Guardrail("Rows of no split", "alerted", finding, "left out", (name,), rows)
    return (*notes, note)


def _check_weights(asked: Arguments, dataset: Dataset) -> None:
    """Refuse weights beyond the documented range, and different ones within a class."""
    name = str(asked.sample_weight_col)
    table = dataset.some([asked.target_col, name])
    table = table[table[asked.target_col].notna()]
    place = "argument sample_weight_col"
    if storage_of(table[name]) is not Storage.NUMBER:
        return  # the engine says what is wrong with it
    if (table[name] > MOST_WEIGHT).any():
        raise DataError(
            f"the weight column '{name}' holds {table[name].max():,}",
            place=place,
            remedy=f"Weights are from 0 to {MOST_WEIGHT:,}.",
        )
    if asked.task == "regression":
        return
    by_class = table.groupby(asked.target_col)[name].nunique()
    if (by_class > 1).any():
        label = by_class.idxmax()
        raise DataError(
            f"the class {shown(label)} has {by_class.max():,} different weights in '{name}'",
            place=place,
            remedy="Give all rows of a class the same weight, as a classification asks for.",
        )
