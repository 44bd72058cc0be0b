"""Trialbook with its defaults."""

from __future__ import annotations

import numpy as np
import pandas as pd

import trialbook as tb
from benchmarks.frameworks.shared import Adapter, Request, main


class Trialbook(Adapter):
    """The best model of an experiment."""

    def fit(self, request: Request) -> None:
        """Run an experiment; reading, ensembles and report are inside the budget."""
        train = tb.classify if request.classes else tb.regress
        self.experiment = train(
            request.train,
            request.target,
            metric=request.metric,
            timeout=request.budget_s,
            seed=request.seed,
            workspace=request.scratch / "workspace",
            **request.params,
        )

    def ready(self) -> None:
        """Load the model once."""
        self.schema = self.experiment.schema
        self.model = self.experiment.best.model

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Probabilities in the order of the classes, which are codes, or numbers."""
        X = self.schema.conform(rows)
        is_classifier = bool(self.schema.classes)
        return np.asarray(self.model.predict_proba(X) if is_classifier else self.model.predict(X))

    def models_count(self) -> int:
        """Trials with a model, ensembles included."""
        return int(self.experiment.leaderboard["rank"].notna().sum())


if __name__ == "__main__":
    main(Trialbook())
