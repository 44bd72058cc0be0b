"""The learner that CONTRIBUTING.md shows is a learner."""

import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes

from trialbook.data import prepare
from trialbook.evaluation import metric
from trialbook.job import Job
from trialbook.program import Code, import_program, tabular_program
from trialbook.tasks import TabularTask

GUIDE = Path(__file__).parents[1] / "CONTRIBUTING.md"


@pytest.fixture
def shown() -> ModuleType:
    source = re.search(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert source is not None
    module = ModuleType("shown")
    exec(source[1], module.__dict__)
    return module


def test_the_example_writes_a_program_that_beats_the_mean(shown, tmp_path):
    table = load_diabetes(as_frame=True).frame
    job = Job.from_fields({"data": Job.IN_MEMORY, "target": "target", "folds": 3})
    prepared = prepare(job, frame=table)
    prepared.train.to_parquet(tmp_path / "train.parquet")
    rmse = metric("rmse", "regression")
    y = prepared.train["target"].to_numpy()
    task = TabularTask("diabetes", prepared.schema, prepared.folds, rmse, 0, 1, y)
    learner = shown.Ridge()
    (start,) = learner.starts(task.table())
    code = learner.code(start.params, task.table())
    frame = task.frame(Code(f"Path({str(tmp_path / 'train.parquet')!r})"))
    path = tmp_path / "trial.py"
    path.write_text(tabular_program(frame, code, title="Ridge", summary=""), "utf-8")
    program = import_program(path)
    X, y, folds = program.load()
    scores = [program.evaluate(y, rows, p) for _, rows, p in program.cross_validate(X, y, folds)]
    assert isinstance(X, pd.DataFrame)
    assert np.mean(scores) < 0.8 * y.std()
    assert learner.cost(start.params, task.table()) > 0
