"""AutoGluon's tabular predictor. It has no seed; its own is fixed."""

from __future__ import annotations

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor

from benchmarks.frameworks.shared import Adapter, Request, in_order, main

METRICS = {"roc_auc": "roc_auc", "log_loss": "log_loss", "rmse": "root_mean_squared_error"}


class AutoGluon(Adapter):
    """A preset, named in the parameters."""

    def fit(self, request: Request) -> None:
        """Fit with a time limit."""
        self.classes = request.classes
        self.predictor = TabularPredictor(
            label=request.target,
            problem_type=request.task,
            eval_metric=METRICS[request.metric],
            path=str(request.scratch / "models"),
        )
        self.predictor.fit(
            request.train,
            time_limit=request.budget_s,
            num_cpus=request.cores,
            num_gpus=0,
            **request.params,
        )

    def ready(self) -> None:
        """Keep the best model in memory, as a server would."""
        self.predictor.persist()

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Probabilities in the order of the classes, or numbers."""
        if self.classes:
            return in_order(self.predictor.predict_proba(rows), self.classes)
        return np.asarray(self.predictor.predict(rows))

    def models_count(self) -> int:
        """Models of its leaderboard, ensembles included."""
        return len(self.predictor.model_names())


if __name__ == "__main__":
    main(AutoGluon())
