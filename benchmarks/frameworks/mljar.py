"""mljar-supervised in its mode for competitions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from supervised import AutoML

from benchmarks.frameworks.shared import Adapter, Request, in_order, main

TASKS = {
    "binary": "binary_classification",
    "multiclass": "multiclass_classification",
    "regression": "regression",
}
METRICS = {"roc_auc": "auc", "log_loss": "logloss", "rmse": "rmse"}
PREFIX = "prediction_"


class Mljar(Adapter):
    """The best model or ensemble of a search."""

    def fit(self, request: Request) -> None:
        """Search until the budget is spent.

        A number of jobs would take its neural network away; by itself it uses the cores it may.
        """
        self.classes = request.classes
        self.automl = AutoML(
            results_path=str(request.scratch / "mljar"),
            ml_task=TASKS[request.task],
            eval_metric=METRICS[request.metric],
            total_time_limit=int(request.budget_s),
            random_state=request.seed,
            **request.params,
        )
        self.automl.fit(request.X, request.y)

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Probabilities in the order of the classes, or numbers."""
        if not self.classes:
            return np.asarray(self.automl.predict(rows))
        found = self.automl.predict_all(rows)
        columns = {name: name.removeprefix(PREFIX) for name in found if name.startswith(PREFIX)}
        return in_order(found[list(columns)].rename(columns=columns), self.classes)

    def models_count(self) -> int:
        """Models that it kept, ensembles included."""
        return len(self.automl.get_leaderboard())


if __name__ == "__main__":
    main(Mljar())
