"""H2O AutoML on a local server, which is started before the clock and ended after it."""

from __future__ import annotations

import socket

import h2o
import numpy as np
import pandas as pd
from h2o.automl import H2OAutoML

from benchmarks.frameworks.shared import Adapter, Request, in_order, main

METRICS = {"roc_auc": "AUC", "log_loss": "logloss", "rmse": "RMSE"}
# Text, so that H2O takes the target for classes.
LABEL = "class{}".format


class H2O(Adapter):
    """The leader of a search."""

    def start(self, request: Request) -> None:
        """Start a server on the loopback interface, and hand it the training rows."""
        h2o.init(
            ip="127.0.0.1",
            port=free_port(),
            bind_to_localhost=True,
            nthreads=request.cores,
            max_mem_size=f"{request.memory_mb}M",
            ice_root=str(request.scratch),
            log_dir=str(request.scratch),
            strict_version_check=False,
        )
        h2o.no_progress()
        self.target, self.classes = request.target, request.classes
        table = request.train
        if self.classes:
            table = table.copy()
            table[self.target] = request.y.map(LABEL)
        self.train = h2o.H2OFrame(table)
        if self.classes:
            self.train[self.target] = self.train[self.target].asfactor()
        # The test rows are read as the training rows were, whatever they look like by themselves.
        self.types = {name: kind for name, kind in self.train.types.items() if name != self.target}

    def fit(self, request: Request) -> None:
        """Search until the budget is spent."""
        self.automl = H2OAutoML(
            max_runtime_secs=int(request.budget_s),
            sort_metric=METRICS[request.metric],
            seed=request.seed + 1,
            **request.params,
        )
        self.automl.train(y=self.target, training_frame=self.train)
        if self.automl.leader is None:
            raise RuntimeError("H2O found no model within the budget")

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """Probabilities in the order of the classes, or numbers."""
        frame = h2o.H2OFrame(rows, column_types=self.types)
        found = self.automl.leader.predict(frame).as_data_frame(use_multi_thread=False)
        if not self.classes:
            return np.asarray(found["predict"], dtype=float)
        codes = {LABEL(code): code for code in range(self.classes)}
        return in_order(found[list(codes)].rename(columns=codes), self.classes)

    def models_count(self) -> int:
        """Models of its leaderboard, ensembles included."""
        return int(self.automl.leaderboard.nrows)

    def stop(self) -> None:
        """End the server."""
        cluster = h2o.cluster()
        if cluster is not None:
            cluster.shutdown()


def free_port() -> int:
    """A port that nobody listens on; H2O takes the next one too."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


if __name__ == "__main__":
    main(H2O())
