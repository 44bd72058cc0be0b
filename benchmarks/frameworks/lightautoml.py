"""LightAutoML: the preset that repeats itself until the time is spent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from lightautoml.automl.presets.tabular_presets import TabularUtilizedAutoML
from lightautoml.tasks import Task

from benchmarks.frameworks.shared import Adapter, Request, both_classes, in_order, main

TASKS = {"binary": "binary", "multiclass": "multiclass", "regression": "reg"}
METRICS = {"roc_auc": "auc", "log_loss": "crossentropy", "rmse": "mse"}


class LightAutoML(Adapter):
    """Linear models and boosted trees, blended."""

    def fit(self, request: Request) -> None:
        """Fit until the budget is spent."""
        self.task, self.classes = request.task, request.classes
        metric = "logloss" if (self.task, request.metric) == ("binary", "log_loss") else None
        self.automl = TabularUtilizedAutoML(
            task=Task(TASKS[request.task], metric=metric or METRICS[request.metric]),
            timeout=request.budget_s,
            cpu_limit=request.cores,
            memory_limit=request.memory_mb / 1024,
            random_state=request.seed,
            reader_params={"n_jobs": request.cores},
            **request.params,
        )
        self.automl.fit_predict(request.train, roles={"target": request.target}, verbose=1)

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Probabilities in the order of the classes, or numbers."""
        found = self.automl.predict(rows).data
        if self.task == "binary":
            return both_classes(found)
        if self.task == "regression":
            return np.asarray(found).reshape(-1)
        return in_order(pd.DataFrame(found, columns=self._codes()), self.classes)

    def models_count(self) -> int:
        """Runs of the preset; each has several models."""
        return sum(len(pipe.ml_algos) for pipe in self.automl.outer_pipes)

    def _codes(self) -> list[int]:
        """The codes of the columns: LightAutoML may order classes by its own mind."""
        reader: Any = self.automl.outer_pipes[0].ml_algos[0].models[0][0].reader
        mapping = reader.class_mapping
        if mapping is None:
            return list(range(self.classes))
        return sorted(mapping, key=mapping.__getitem__)


if __name__ == "__main__":
    main(LightAutoML())
