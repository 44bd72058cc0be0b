"""A notebook that is written for Databricks' AutoML runs here, from its first cell to its last."""

import importlib.util
import os
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

import trialbook

# Generous, for a machine that does other work: the runs end with their one trial.
pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLES = Path(__file__).parents[2] / "examples" / "databricks"
LIMITS = {"TIMEOUT_MINUTES": "2", "MAX_TRIALS": "1"}


def execute(notebook, folder):
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=540, resources=resources).execute(env=os.environ | LIMITS)
    outputs = [cell.get("outputs", []) for cell in notebook.cells]
    return ["".join(str(output) for output in one) for one in outputs]


def test_the_example_for_databricks_runs_and_what_it_leaves_is_there(folder):
    told = execute(jupytext.read(EXAMPLES / "automl.py"), folder)
    assert sum("Distribution of val_" in one for one in told) == 2
    assert any("test_r2_score" in one for one in told)
    assert trialbook.open(name="diabetes").best.score is not None
    (classified,) = (folder / "trialbook" / "artifacts").glob("diagnosis_breast_masses-*")
    imported = nbformat.read(folder / "notebooks" / "best_trial.ipynb", as_version=4)
    (score,) = [one for one in execute(imported, folder) if "validation roc_auc" in one]
    best = trialbook.open(name=classified.name).best
    assert f"validation roc_auc: {best.score:.9f}" in score


@pytest.mark.skipif(
    importlib.util.find_spec("statsforecast") is None, reason="the extra forecast is missing"
)
def test_the_example_of_forecasts_runs_and_its_forecasts_are_tables(folder):
    told = execute(jupytext.read(EXAMPLES / "forecast.py"), folder)
    assert any("Distribution of val_smape" in one for one in told)
    kept = {entry.name: entry for entry in trialbook.tables.list(folder / "trialbook")}
    forecasts = [trialbook.tables.read(name) for name in kept if name.startswith("forecast_")]
    assert sorted(len(table) for table in forecasts) == [14, 32]
    best = trialbook.open(name="hotel").best
    assert best.score is not None
