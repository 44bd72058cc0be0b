import json

import pandas as pd
import pytest

from benchmarks.forecasting.run import COLUMNS
from benchmarks.forecasting.sets import find_sets, load_split

MACHINE = "Some CPU, 2 cores, 8 GB"


@pytest.fixture
def folder(tmp_path):
    """Three shops by the month, of which one never sells another number, and one lacks a month."""
    where = tmp_path / "data" / "shops"
    where.mkdir(parents=True)
    meta = {
        "name": "shops",
        "task": "forecasting",
        "target": "sold",
        "time_column": "month",
        "id_columns": ["town", "street"],
        "frequency": "MS",
        "horizon": 2,
        "seasonality": 3,
        "known_future_columns": ["holidays"],
        "past_only_columns": ["visitors"],
        "static_columns": [],
        "files": {"train": "train.csv.gz", "valid": "valid.csv.gz", "test": "test.csv.gz"},
    }
    (where / "meta.json").write_text(json.dumps(meta))
    months = pd.date_range("2020-01-01", periods=13, freq="MS")
    values = {
        ("Ulm", 1): [1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6, 5],
        ("Ulm", 2): [7] * 13,
        ("Bonn", 1): [10, 20, 30, 10, 20, 33, 10, 20, 30, 10, 20, 30, 10],
    }
    tables = [
        pd.DataFrame(
            {
                "month": months,
                "town": town,
                "street": street,
                "sold": sold,
                "holidays": range(13),
                "visitors": 0.5,
                "unnamed": 1,
            }
        )
        for (town, street), sold in values.items()
    ]
    table = pd.concat(tables).sort_values("month", kind="stable")
    lacking = (table["town"] == "Bonn") & (table["month"] == "2020-03-01")
    table = table[~lacking]
    parts = {"train": months[:7], "valid": months[7:8], "test": months[8:]}
    for part, within in parts.items():
        rows = table[table["month"].isin(within)]
        rows.to_csv(where / f"{part}.csv.gz", index=False)
    other = tmp_path / "data" / "rows"
    other.mkdir()
    (other / "meta.json").write_text(json.dumps({"name": "rows", "task": "binary"}))
    return where.parent


@pytest.fixture
def shops(folder):
    (found,) = find_sets(folder)
    return found


@pytest.fixture
def split(shops):
    return load_split(shops)


@pytest.fixture
def row():
    def make(system, task, mase, **more):
        row = dict.fromkeys(COLUMNS, "")
        row |= {
            "id": task,
            "task": task,
            "framework": system,
            "constraint": "1m2c",
            "fold": "0",
            "metric": "neg_mase",
            "version": "1.0",
            "seed": "0",
            "machine": MACHINE,
            "duration": 50.0,
            "training_duration": 40.0,
            "predict_duration": 2.0,
            "peak_memory_mb": 800.0,
            "models": "A, B",
        }
        if mase is None:
            return row | {"info": "TimeoutError: ended after 240 s"} | more
        scores = dict.fromkeys(("smape", "wape", "pinball", "mase_rolling"), mase)
        return (
            row
            | scores
            | {"result": -mase, "mase": mase, "coverage": 75.0, "width": 2.5, "windows": 1}
            | more
        )

    return make
