"""Explanations of a trial, or of a model by whatever name it goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trialbook.errors import OptionError
from trialbook.experiment import state
from trialbook.job import read_seconds
from trialbook.lifecycle._find_model import find_fitted_model
from trialbook.lifecycle._handle import Experiment
from trialbook.models import ForecastModel
from trialbook.tracking import Tracker, Workspace

if TYPE_CHECKING:
    import pandas as pd

    from trialbook.evaluation.explanations import Explanation
    from trialbook.evaluation.explanations.forecasts import ForecastExplanation
    from trialbook.execution import Explained
    from trialbook.models import Model
    from trialbook.tables import Source as Table


def explain_trial_of(
    tracker: Tracker,
    which: str | int,
    data: Table | None = None,
    *,
    row: int | None = None,
    timeout: str | float | None = None,
    seed: int = 0,
) -> Explanation:
    """Explain a trial; see `Experiment.explain`."""
    from trialbook.evaluation.explanations import FOLDER
    from trialbook.execution import Explained, explain_trial

    experiment = Experiment(tracker)
    trial = experiment.trial(which)
    trial.require_model()
    asked = Explained(
        trial.folder,
        experiment.schema,
        experiment.folder / state.TRAIN,
        experiment.folder / state.TEST,
        trial.label,
        experiment.metric,
    )
    if experiment.schema.series is not None:
        forecaster = experiment.forecaster(trial.run_id)
        told = _forecasts(forecaster, asked, data, row, timeout, seed)
        if data is None:
            told.save(trial.folder / FOLDER, row=_place(told, row))
            tracker.publish(trial.run_id, FOLDER)
        return told
    model = experiment.model(trial.run_id)
    rows = None if data is None else _rows(model, data, row)
    found = explain_trial(
        asked, rows, row=row, timeout=_limit(timeout), seed=seed, estimator=model.estimator
    )
    if data is None:
        found.save(trial.folder / FOLDER, row=_place(found, row))
        tracker.publish(trial.run_id, FOLDER)
    return found


def explain_model(
    which: str | Path = "best",
    data: Table | None = None,
    *,
    row: int | None = None,
    timeout: str | float | None = 30.0,
    seed: int = 0,
    workspace: str | Path = "trialbook",
    name: str | None = None,
    tracking_uri: str | None = None,
    trust: bool = False,
) -> Explanation:
    """Explain a model of any name.

    Parameters
    ----------
    which : str or Path
        As in `find_model`.
    data, row, timeout, seed
        As in `Experiment.explain`. A model in a folder has no validation rows beside it: without
        data, those that stand for all are explained.
    workspace, name, tracking_uri, trust
        As in `find_model`.

    Returns
    -------
    Explanation
    """
    model = find_fitted_model(which, workspace, name, tracking_uri, trust=trust)
    if model.run_id is not None:
        tracker = Tracker.of_trial(Workspace.open(workspace, tracking_uri), model.run_id)
        if tracker is not None:
            return explain_trial_of(
                tracker, model.run_id, data, row=row, timeout=timeout, seed=seed
            )
    return _explain_alone(model, data, row=row, timeout=timeout, seed=seed)


def _forecasts(
    model: ForecastModel,
    asked: Explained,
    data: Table | None,
    row: int | None,
    timeout: str | float | None,
    seed: int,
) -> ForecastExplanation:
    """Explain forecasts: the next ones, or those of a table."""
    from trialbook.execution import explain_forecasts

    rows = None if data is None else model.asked(data)
    spec = model.schema.series
    assert spec is not None
    n_rows = len(model.model.ends) * spec.horizon if rows is None else int(rows.index.max()) + 1
    _require_row(row, n_rows)
    return explain_forecasts(asked, rows, row=row, timeout=_limit(timeout), seed=seed)


def _explain_alone(
    model: Model | ForecastModel,
    data: Table | None,
    *,
    row: int | None,
    timeout: str | float | None,
    seed: int,
) -> Explanation:
    """Explain a model of which only the folder is there."""
    from trialbook.evaluation import default_metric
    from trialbook.evaluation.explanations import load_background
    from trialbook.execution import Explained, explain_trial

    schema = model.schema
    metric = default_metric(schema.task, len(schema.classes)).name
    asked = Explained(model.folder.parent, schema, model.folder, model.folder, model.label, metric)
    if isinstance(model, ForecastModel):
        return _forecasts(model, asked, data, row, timeout, seed)
    rows = load_background(model) if data is None else _rows(model, data, row)
    return explain_trial(
        asked, rows, row=row, timeout=_limit(timeout), seed=seed, estimator=model.estimator
    )


def _rows(model: Model, data: Table, row: int | None) -> pd.DataFrame:
    """Rows as the model wants them, with the target where it is there and known."""
    from trialbook.data import keep_known_labels
    from trialbook.tables import read_table

    schema = model.schema
    read = read_table(data, text=schema.text, workspace=model.workspace)
    with_target = schema.target in read.columns and read[schema.target].notna().any()
    rows = schema.conform(read, require_target=with_target)
    if with_target:
        known, _ = keep_known_labels(rows, schema, "data")
        # Positions must stay those of the table that was given.
        rows = known if len(known) == len(rows) else rows[schema.names]
    _require_row(row, len(rows))
    return rows.reset_index(drop=True)


def _require_row(row: int | None, n_rows: int) -> None:
    if row is not None and not 0 <= row < n_rows:
        raise OptionError(
            f"there is no row {row}", remedy=f"Rows are counted from 0 to {n_rows - 1}."
        )


def _limit(timeout: str | float | None) -> float | None:
    """Seconds of a time that may be written like ``30s``."""
    return None if timeout is None else read_seconds(timeout)


def _place(found: Explanation, row: int | None) -> int:
    """Where a row of the table is among the explained ones."""
    return 0 if row is None else int(found.rows.index.get_loc(row))
