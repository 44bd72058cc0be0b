import pandas as pd
import pytest

from benchmarks.results import COLUMNS

METRICS = {"churn": "auc", "letters": "neg_logloss", "prices": "neg_rmse"}
PEERS = {
    "constant": "constant",
    "random_forest": "random_forest",
    "trialbook": "trialbook",
    "rival_small": "Rival",
    "rival_large": "Rival",
    "other": "Other",
}
RESULTS = {
    "constant": (0.5, -2.0, -10.0),
    "random_forest": (0.8, -1.0, -6.0),
    "trialbook": (0.9, -0.5, -4.0),
    "rival_small": (0.85, -0.4, -5.0),
    "rival_large": (0.88, -0.8, -4.0),
    "other": (0.7, -1.0, None),
}


def make_row(framework, task, result, **more):
    row = dict.fromkeys(COLUMNS, "")
    row |= {
        "id": task,
        "task": task,
        "framework": framework,
        "constraint": "1m2c",
        "fold": 0,
        "result": result,
        "metric": METRICS[task],
        "version": "1.0",
        "seed": "0",
        "machine": "Some CPU, 2 cores, 8 GB",
        "duration": 50.0,
        "training_duration": 45.0,
        "predict_duration": 0.5,
        "single_row_ms": 3.0,
        "peak_memory_mb": 800.0,
        "info": "" if result is not None else "TimeoutError: ended after 240 s",
    }
    return row | more


@pytest.fixture
def rows():
    return [
        make_row(framework, task, result)
        for framework, results in RESULTS.items()
        for task, result in zip(METRICS, results)
    ]


@pytest.fixture
def table(rows):
    return pd.DataFrame(rows, columns=COLUMNS).astype({"result": float})


@pytest.fixture
def peers():
    return PEERS


@pytest.fixture
def row():
    return make_row
