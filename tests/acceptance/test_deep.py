"""The extra `deep`: a network is a trial like any other."""

import json
import re
import subprocess
import sys

import nbformat
import numpy as np
import pandas as pd
import pytest
from nbclient import NotebookClient

import trialbook as tb

pytest.importorskip("tabm", reason="tabm is not installed (extra deep)")

pytestmark = pytest.mark.acceptance

OPTIONS = (
    *("--target", "churn", "--folds", "2", "--allow", "tabm,logistic_regression"),
    *("--max-trials", "2", "--no-stacking", "--json"),
)
SCORE = re.compile(r"^validation roc_auc: (\S+) ± (\S+)$", re.MULTILINE)
LOAD = """
import json, sys
import mlflow.sklearn, pandas as pd
model = mlflow.sklearn.load_model(sys.argv[1])
print(json.dumps(model.predict_proba(pd.read_parquet(sys.argv[2])).tolist()))
"""


@pytest.fixture(scope="module")
def experiment(tmp_path_factory, run_process, make_customers):
    folder = tmp_path_factory.mktemp("deep")
    make_customers(160).to_csv(folder / "customers.csv", index=False)
    outcome = run_process("train", folder / "customers.csv", *OPTIONS, "--workspace", folder / "W")
    assert outcome.code == 0, outcome.err
    assert {row["learner"] for row in outcome.document["leaderboard"]} == {
        *("tabm", "logistic_regression", "voting")
    }
    return tb.open(folder / "W")


@pytest.mark.parametrize("which", ["tabm", "voting"])
def test_a_notebook_gives_the_score_of_its_run_without_trialbook(
    which, experiment, without_trialbook
):
    trial = next(one for one in experiment.trials if one.learner == which)
    assert "import trialbook" not in trial.notebook.read_text()
    notebook = nbformat.read(trial.notebook, as_version=4)
    resources = {"metadata": {"path": str(trial.notebook.parent)}}
    NotebookClient(notebook, timeout=240, resources=resources).execute(env=without_trialbook)
    printed = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    (score,) = SCORE.findall(printed)
    assert float(score[0]) == pytest.approx(trial.score, abs=1e-6)
    assert float(score[1]) == pytest.approx(trial.record.std, abs=1e-6)


def test_a_model_names_what_it_needs_and_loads_without_trialbook(
    experiment, without_trialbook, tmp_path
):
    trial = next(one for one in experiment.trials if one.learner == "tabm")
    folder = trial.notebook.parents[1]
    lines = (folder / "model" / "requirements.txt").read_text().split()
    names = {line.split("==")[0] for line in lines}
    assert {"torch", "tabm", "rtdl_num_embeddings", "scikit-learn"} <= names
    assert not any("+" in line for line in lines)  # a local build, which no index has
    check = pd.read_parquet(folder / "model_check" / "predictions.parquet")
    train = pd.read_parquet(experiment.folder / "data" / "train.parquet")
    features = tmp_path / "features.parquet"
    train[experiment.schema.names].head(len(check)).to_parquet(features, index=False)
    done = subprocess.run(
        [sys.executable, "-c", LOAD, folder / "model", features],
        env=without_trialbook,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = np.array(json.loads(done.stdout.splitlines()[-1]))
    np.testing.assert_allclose(found, check.to_numpy(), rtol=0, atol=1e-6)
