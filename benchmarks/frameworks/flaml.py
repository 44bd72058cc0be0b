"""FLAML with its defaults."""

from __future__ import annotations

import numpy as np
import pandas as pd
from flaml import AutoML

from benchmarks.frameworks.shared import Adapter, Request, main


class Flaml(Adapter):
    """One tuned model, which FLAML refits on all rows when the budget is spent.

    The refit has no limit of its own and counts as training, so it can overrun the budget.
    """

    def fit(self, request: Request) -> None:
        """Search until the budget is spent."""
        self.classes = request.classes
        self.automl = AutoML()
        self.automl.fit(
            X_train=request.X,
            y_train=request.y.to_numpy(),
            task="classification" if request.classes else "regression",
            metric=request.metric,
            time_budget=request.budget_s,
            n_jobs=request.cores,
            seed=request.seed,
            log_file_name=str(request.scratch / "flaml.log"),
            verbose=1,
            **request.params,
        )
        if self.automl.model is None:
            raise RuntimeError("FLAML found no model within the budget")

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Probabilities in the order of the classes, or numbers."""
        predict = self.automl.predict_proba if self.classes else self.automl.predict
        return np.asarray(predict(rows))

    def models_count(self) -> int:
        """Configurations that it tried."""
        return len(self.automl.config_history)


if __name__ == "__main__":
    main(Flaml())
