"""A trial measured on rows that nothing has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trialbook.experiment import state
from trialbook.lifecycle._backtest import backtest

if TYPE_CHECKING:
    from trialbook.lifecycle._handle import Experiment
    from trialbook.tables import Source as Table


def metrics_on(experiment: Experiment, data: Table, which: str | int) -> dict[str, float]:
    """Every metric of a trial on a table with the target; see `Experiment.test`."""
    from trialbook.data import encode, keep_known_labels
    from trialbook.evaluation import all_metrics, metric
    from trialbook.models import predict
    from trialbook.tables import read_table

    schema = experiment.schema
    if schema.series is not None:
        return backtest(experiment.forecaster(which), data).overall
    read = read_table(data, text=schema.text, workspace=experiment.workspace)
    rows, _ = keep_known_labels(schema.conform(read, require_target=True), schema, "test")
    model = experiment.trial(which).model
    prediction = predict(model, rows[schema.names], classification=bool(schema.classes))
    y = encode(rows[schema.target], schema.classes)
    ranking = metric(experiment.metric, schema.task, len(schema.classes))
    ranks = {experiment.metric: ranking.score(y, prediction, schema.positive)}
    metrics = all_metrics(
        schema.task, y, prediction, schema.positive, y_range=_y_range(experiment)
    )
    return {**ranks, **metrics, **ranks}  # the first, by its own definition


def _y_range(experiment: Experiment) -> float | None:
    """Range of the target in training, by which normalised errors are divided."""
    import numpy as np
    import pandas as pd

    if experiment.schema.classes:
        return None
    target = experiment.schema.target
    values = pd.read_parquet(experiment.folder / state.TRAIN, columns=[target])[target]
    return float(np.ptp(values.to_numpy(dtype=float)))
