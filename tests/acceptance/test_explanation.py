"""The best model is explained at the end of an experiment, by default."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.experiment import _explain_best

pytestmark = pytest.mark.acceptance


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    dose, age, noise = rng.normal(size=(3, 300))
    ill = 2 * dose + age + rng.logistic(size=300) > 0
    return pd.DataFrame({"noise": noise, "age": age, "dose": dose, "ill": np.where(ill, "y", "n")})


def trained(table, tmp_path, **options):
    return tb.classify(
        table,
        "ill",
        allow=["decision_tree"],
        max_trials=1,
        voting=False,
        stacking=False,
        workspace=tmp_path / "workspace",
        **options,
    )


def test_the_best_model_is_explained_and_true_columns_come_first(table, tmp_path, monkeypatch):
    monkeypatch.setattr(_explain_best, "MOST_S", 20.0)
    best = trained(table, tmp_path).best
    found = json.loads((best.folder / "explanation" / "explanation.json").read_text("utf-8"))
    assert [one["column"] for one in found["importance"]] == ["dose", "age", "noise"]
    assert (best.folder / "explanation" / "importance.png").stat().st_size > 1000


def test_it_is_not_where_that_is_not_wanted(table, tmp_path, monkeypatch):
    monkeypatch.setattr(_explain_best, "MOST_S", 20.0)
    best = trained(table, tmp_path, explain=False).best
    assert not (best.folder / "explanation").exists()
