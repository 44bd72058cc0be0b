"""A random forest with scikit-learn's defaults: what any effort should beat."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from benchmarks.frameworks.shared import Adapter, Request, main

# More trees change little, and take memory: those of a large regression are megabytes each.
TREES = 500
# It grows so many at a time, and stops when another step would pass the budget.
STEP = 20


class RandomForest(Adapter):
    """Ordinal codes for categories, medians for missing numbers, and many trees."""

    def fit(self, request: Request) -> None:
        """Grow trees while there is time."""
        deadline = time.perf_counter() + request.budget_s
        categories = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-2, encoded_missing_value=-1
        )
        numbers = SimpleImputer(strategy="median", keep_empty_features=True)
        self.encoder = ColumnTransformer(
            [("numbers", numbers, make_column_selector(dtype_include="number"))],
            remainder=make_pipeline(categories),
        )
        X = self.encoder.fit_transform(request.X)
        kind: Any = RandomForestClassifier if request.classes else RandomForestRegressor
        self.forest = kind(warm_start=True, n_jobs=request.cores, random_state=request.seed)
        step_s = 0.0
        for trees in range(STEP, TREES + 1, STEP):
            started = time.perf_counter()
            if started + step_s > deadline:
                break
            self.forest.set_params(n_estimators=trees).fit(X, request.y)
            step_s = time.perf_counter() - started

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Probabilities, or means."""
        X = self.encoder.transform(rows)
        predict = getattr(self.forest, "predict_proba", self.forest.predict)
        return np.asarray(predict(X))


if __name__ == "__main__":
    main(RandomForest())
