"""Which options of a job go together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trialbook.job._job import Job

# What is asked of the features beyond their types; it makes featurization custom.
ORDERS = ("imputers", "block_transformers", "transformer_params", "language")
# Options of forecasts alone, and those that forecasts do not have.
OF_SERIES = (
    "series",
    "find_series",
    "horizon",
    "frequency",
    "season",
    "aggregate",
    "unknown_in_future",
    "short_series",
    "target_lags",
    "rolling_window",
    "feature_lags",
    "use_stl",
    "holidays",
    "hierarchy",
    "hierarchy_level",
    "reconcile",
    "window_step",
)
# What hands a trained level down to those below it.
PROPORTIONS = ("average_historical_proportions", "proportions_of_historical_average")
NOT_OF_SERIES = (
    "positive_label",
    "weight",
    "validation",
    "validation_size",
    "group_column",
    "fold_columns",
    *ORDERS,
    "featurization",
    "stacking",
    "calibrate",
    "tune_threshold",
    "refit",
)
EXCLUSIVE = (
    ("validation", "validation_size"),
    ("validation", "folds"),
    ("validation", "fold_columns"),
    ("validation", "group_column"),
    ("fold_columns", "folds"),
    ("fold_columns", "validation_size"),
    ("fold_columns", "group_column"),
    ("fold_columns", "time_column"),
    ("fold_columns", "test_size"),
    ("group_column", "time_column"),
    ("validation", "time_column"),
    ("test", "test_size"),
)


def disagreements(job: Job) -> Iterator[str]:
    """What of a job has no meaning beside the rest of it, each with what to do.

    Parameters
    ----------
    job : Job
        Each of its fields is fine by itself.

    Yields
    ------
    str
    """
    for first, second in EXCLUSIVE:
        if getattr(job, first) and getattr(job, second):
            yield f"{first} and {second} cannot both be given; drop one of them"
    ordered = [name for name in ORDERS if getattr(job, name)]
    if job.featurization == "off" and ordered:
        yield f"featurization is off, so {ordered[0]} has no place; drop one of them"
    for option in ("weight", "group_column", "time_column"):
        if getattr(job, option) == job.target:
            yield f"{option} names the target '{job.target}'; name another column"
    if job.target in job.ignore:
        yield f"the target '{job.target}' is also in ignore; take it out"
    if job.task == "forecasting":
        yield from _of_forecast(job)
        yield from _of_hierarchy(job)
    else:
        given = (name for name in OF_SERIES if getattr(job, name) != _default(job, name))
        yield from (
            f"{name} is an option of forecasting; set the task, or drop it" for name in given
        )


def _of_forecast(job: Job) -> Iterator[str]:
    """Each column has one role in a series."""
    # What is switched off need not be refused.
    asked = (name for name in NOT_OF_SERIES if getattr(job, name))
    given = (name for name in asked if getattr(job, name) != _default(job, name))
    yield from (f"{name} has no meaning for a forecast; drop it" for name in given)
    roles = {
        "time_column": (job.time_column,),
        "series": job.series,
        "ignore": job.ignore,
        "unknown_in_future": job.unknown_in_future,
    }
    seen: dict[str | None, str] = {job.target: "the target"}
    for option, columns in roles.items():
        for column in columns:
            if column is not None and column in seen:
                yield f"{option} names '{column}', which is {seen[column]}; name another column"
            seen[column] = f"also in {option}"


def _of_hierarchy(job: Job) -> Iterator[str]:
    """Its leaves are the series, and what is trained suits how the rest is made of it."""
    if not job.hierarchy:
        given = (name for name in ("hierarchy_level", "reconcile") if getattr(job, name))
        yield from (f"{one} has no meaning without a hierarchy; name its columns" for one in given)
        return
    if job.series != job.hierarchy:
        yield (
            "series are the leaves of the hierarchy; name its columns there alone, the last ones"
            " tell series apart"
        )
    level, leaves = job.hierarchy_level, job.hierarchy[-1]
    if level not in (None, "total", *job.hierarchy):
        yield (
            f"hierarchy_level is '{level}', which is no level; name total, or one of"
            f" {', '.join(job.hierarchy)}"
        )
    if job.reconcile in ("mint", "wls") and level is not None:
        yield f"{job.reconcile} needs all levels trained; drop hierarchy_level"
    if job.reconcile == "bottom_up" and level not in (None, leaves):
        yield "bottom_up trains the leaves; drop hierarchy_level"
    if job.reconcile in PROPORTIONS and level in (None, leaves):
        yield (
            f"{job.reconcile} hands a level down to those below it; name that hierarchy_level,"
            " above the leaves"
        )


def _default(job: Job, name: str) -> object:
    return type(job).model_fields[name].default
