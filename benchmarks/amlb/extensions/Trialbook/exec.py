"""Trialbook in the public AutoML benchmark: what runs in its environment."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from frameworks.shared.callee import call_run, measure_inference_times, result
from frameworks.shared.utils import Timer

import trialbook as tb

# The benchmark's names of metrics that Trialbook calls otherwise.
METRICS = {"logloss": "log_loss", "auc": "roc_auc", "acc": "accuracy"}


def run(dataset: Any, config: Any) -> dict[str, Any]:
    """Train on the training rows, and predict the test rows.

    Parameters
    ----------
    dataset, config : Namespace
        As the benchmark gives them.

    Returns
    -------
    dict
        As the benchmark wants it.
    """
    is_classification = config.type == "classification"
    target = dataset.target.name
    options = {key: value for key, value in config.framework_params.items() if key[0] != "_"}
    train, test = (pd.read_parquet(part.path) for part in (dataset.train, dataset.test))
    use_cores(config.cores)
    with tempfile.TemporaryDirectory() as folder:
        with Timer() as training:
            search = tb.classify if is_classification else tb.regress
            experiment = search(
                train,
                target,
                metric=METRICS.get(config.metric, config.metric),
                timeout=config.max_runtime_seconds,
                seed=config.seed % 2**31,
                total_memory=config.max_mem_size_mb * 2**20,
                workspace=Path(folder) / "workspace",
                **options,
            )
        schema, model = experiment.schema, experiment.best.model
        labels = [str(label) for label in schema.classes]

        def infer(rows: str | pd.DataFrame) -> tuple[Any, Any]:
            table = pd.read_parquet(rows) if isinstance(rows, str) else rows
            X = schema.conform(table)
            if is_classification:
                probabilities = model.predict_proba(X)
                return pd.Index(labels).take(probabilities.argmax(axis=1)), probabilities
            return model.predict(X), None

        times = None
        if config.measure_inference_time:
            times = {"file": measure_inference_times(infer, dataset.samples)}
        with Timer() as predicting:
            predictions, probabilities = infer(test)
        models = int(experiment.leaderboard["rank"].notna().sum())
    return dict(
        result(
            output_file=config.output_predictions_file,
            predictions=predictions.to_numpy() if is_classification else predictions,
            truth=test[target].to_numpy(),
            probabilities=probabilities,
            probabilities_labels=labels or None,
            target_is_encoded=False,
            models_count=models,
            training_duration=training.duration,
            predict_duration=predicting.duration,
            inference_times=times,
        )
    )


def use_cores(cores: int) -> None:
    """Keep to the first cores of this process, where the platform can; its children inherit that.

    Parameters
    ----------
    cores : int
        How many the constraint allows.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


if __name__ == "__main__":
    call_run(run)
