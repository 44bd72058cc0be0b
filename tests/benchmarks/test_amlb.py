"""The public benchmark is given tables and tasks in its own way."""

import importlib.util
import os
import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pandas as pd
import pytest
import yaml

import trialbook as tb
from benchmarks.amlb_sets import write
from benchmarks.catalog import HERE
from benchmarks.datasets import Dataset

USER = HERE / "amlb"


def test_sets_are_written_as_it_wants_them(tmp_path):
    source = tmp_path / "pets"
    source.mkdir()
    for part in ("train", "test"):
        pd.DataFrame({"a": [1, 2], "kind": [0, 1]}).to_csv(source / f"{part}.csv", index=False)
    files = {"train": "train.csv", "test": "test.csv"}
    write([Dataset("pets", source, "binary", "kind", "roc_auc", files)], tmp_path / "user")
    written = pd.read_csv(tmp_path / "user" / "data" / "pets" / "pets_train_0.csv")
    assert written.columns.tolist() == ["a", "kind"]
    (task,) = yaml.safe_load((tmp_path / "user" / "benchmarks" / "sets.yaml").read_text())
    assert task["dataset"] == {"path": "{user}/data/pets", "target": "kind", "type": "binary"}


def test_the_extension_is_where_the_definition_says():
    frameworks = yaml.safe_load((USER / "frameworks.yaml").read_text())
    module = frameworks["Trialbook"]["module"]
    folder = USER / Path(*module.split("."))
    assert {"__init__.py", "exec.py", "setup.sh"} <= {path.name for path in folder.iterdir()}
    root = folder / "setup.sh"
    assert (root.parents[4] / "pyproject.toml").exists(), "the script looks there for Trialbook"


@pytest.fixture
def script(monkeypatch):
    """What runs in its environment, with a stand-in for what the benchmark brings."""
    callee, utils = ModuleType("frameworks.shared.callee"), ModuleType("frameworks.shared.utils")
    callee.call_run = callee.measure_inference_times = None
    callee.result = dict
    utils.Timer = lambda: nullcontext(SimpleNamespace(duration=1.0))
    for name in ("frameworks", "frameworks.shared"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, callee.__name__, callee)
    monkeypatch.setitem(sys.modules, utils.__name__, utils)
    path = USER / "extensions" / "Trialbook" / "exec.py"
    spec = importlib.util.spec_from_file_location("trialbook_in_amlb", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_cores_and_memory_of_the_constraint_hold(script, tmp_path, monkeypatch):
    kept, given = [], {}

    def regress(*_tables, **options):
        given.update(options, cores=kept[-1])
        model = SimpleNamespace(predict=lambda X: X["a"].to_numpy())
        schema = SimpleNamespace(classes=(), conform=lambda table: table)
        board = pd.DataFrame({"rank": [1.0]})
        return SimpleNamespace(schema=schema, best=SimpleNamespace(model=model), leaderboard=board)

    monkeypatch.setattr(tb, "regress", regress)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {7, 3, 5}, raising=False)
    monkeypatch.setattr(
        os, "sched_setaffinity", lambda _pid, cores: kept.append(list(cores)), raising=False
    )
    pd.DataFrame({"a": [1.0, 2.0], "y": [1.0, 2.0]}).to_parquet(tmp_path / "part.parquet")
    part = SimpleNamespace(path=tmp_path / "part.parquet")
    config = SimpleNamespace(
        type="regression",
        framework_params={},
        metric="rmse",
        max_runtime_seconds=60,
        seed=1,
        cores=2,
        max_mem_size_mb=16384,
        measure_inference_time=False,
        output_predictions_file="predictions.csv",
    )
    dataset = SimpleNamespace(train=part, test=part, target=SimpleNamespace(name="y"))
    script.run(dataset, config)
    assert given["cores"] == [3, 5]
    assert given["total_memory"] == 16 * 2**30
