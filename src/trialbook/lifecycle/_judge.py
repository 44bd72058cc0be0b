"""A trial looked at closely: where it errs, and how it treats groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from trialbook.errors import OptionError, nearest
from trialbook.lifecycle._held import Held, held_rows
from trialbook.lifecycle._held_series import HeldForecasts, held_forecasts

if TYPE_CHECKING:
    from trialbook.evaluation.errors import ErrorAnalysis
    from trialbook.evaluation.fairness import Fairness
    from trialbook.lifecycle._handle import Experiment
    from trialbook.tables import Source as Table


def errors_of(
    experiment: Experiment,
    which: str | int,
    data: Table | None = None,
    columns: Sequence[str] | None = None,
    by: Sequence[str] = (),
) -> ErrorAnalysis:
    """Where a trial errs; see `Experiment.errors`."""
    trial = experiment.trial(which)
    if experiment.schema.series is not None:
        held: Held | HeldForecasts = held_forecasts(experiment, trial, data)
    else:
        held = held_rows(experiment, trial, data)
    return errors_on(held, trial.label, columns, by)


def errors_on(
    held: Held | HeldForecasts,
    label: str,
    columns: Sequence[str] | None = None,
    by: Sequence[str] = (),
) -> ErrorAnalysis:
    """Where a trial errs on rows that it had not seen."""
    from trialbook.evaluation.errors import analyse_errors

    for name in columns or ():
        if name not in held.rows:
            raise OptionError(
                f"there is no column '{name}'",
                place="option columns",
                remedy=nearest(name, held.rows.columns),
            )
    return analyse_errors(
        held.rows,
        held.losses,
        trial=label,
        origin=held.origin,
        columns=held.features if columns is None else columns,
        by=by,
        counted=held.texts if isinstance(held, Held) else (),
    )


def fairness_of(
    experiment: Experiment,
    by: str | Sequence[str],
    which: str | int,
    data: Table | None = None,
) -> Fairness:
    """How a trial treats groups; see `Experiment.fairness`."""
    trial = experiment.trial(which)
    return fairness_on(held_rows(experiment, trial, data), by, experiment, trial.label)


def fairness_on(
    held: Held, by: str | Sequence[str], experiment: Experiment, label: str
) -> Fairness:
    """How a trial treats groups of rows that it had not seen."""
    from trialbook.evaluation.fairness import fairness

    names = [by] if isinstance(by, str) else list(by)
    schema = experiment.schema
    return fairness(
        [held.column(name) for name in names],
        held.y,
        held.prediction,
        classes=schema.classes,
        positive=schema.positive,
        trial=label,
        origin=held.origin,
    )
