"""The constant predictor: class frequencies, or the mean. What a failed run counts as."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.frameworks.shared import Adapter, Request, main


class Constant(Adapter):
    """The same prediction for every row."""

    def fit(self, request: Request) -> None:
        """Count the classes, or take the mean."""
        if request.classes:
            counts = np.bincount(request.y, minlength=request.classes)
            self.prediction = counts / counts.sum()
        else:
            self.prediction = np.array([request.y.mean()])

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Repeat it."""
        return np.tile(self.prediction, (len(rows), 1))


if __name__ == "__main__":
    main(Constant())
