"""The public benchmark is given tables and tasks in its own way."""

from pathlib import Path

import pandas as pd
import yaml

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
