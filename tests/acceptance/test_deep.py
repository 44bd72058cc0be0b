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
from trialbook.learners.series import _neural

pytest.importorskip("tabm", reason="tabm is not installed (extra deep)")

pytestmark = pytest.mark.acceptance

OPTIONS = (
    *("--target", "churn", "--folds", "2", "--allow", "tabm,logistic_regression"),
    *("--max-trials", "2", "--no-stacking", "--json"),
)
SCORE = re.compile(r"^validation (?:roc_auc|mase): (\S+) ± (\S+)$", re.MULTILINE)
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


@pytest.fixture(scope="module")
def forecasts(tmp_path_factory, warm_workers):
    pytest.importorskip("neuralforecast", reason="neuralforecast is not installed (extra deep)")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SHORT", "LONG"):
            patch.setattr(_neural, name, 20)  # steps
        return tb.forecast(
            weekly(),
            "sold",
            time="day",
            series=["shop"],
            horizon=7,
            allow=("nhits", "seasonal_naive"),
            max_trials=2,
            workspace=tmp_path_factory.mktemp("deep_series") / "W",
        )


def weekly(n_rows=150):
    """Days of ten shops, with a week."""
    rng, day = np.random.default_rng(0), np.arange(n_rows)
    when, week = pd.date_range("2024-01-01", periods=n_rows), 5 * np.sin(2 * np.pi * day / 7)
    return pd.concat(
        pd.DataFrame({"day": when, "shop": f"s{k}", "sold": k + week + rng.normal(50, 1, n_rows)})
        for k in range(10)
    )


@pytest.mark.parametrize(
    ("kind", "which"),
    [("experiment", "tabm"), ("experiment", "voting"), ("forecasts", "nhits")],
)
def test_a_notebook_gives_the_score_of_its_run_without_trialbook(
    kind, which, request, without_trialbook
):
    trial = next(one for one in request.getfixturevalue(kind).trials if one.learner == which)
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


FORECAST = """
import sys
import mlflow.pyfunc, pandas as pd
rows = pd.DataFrame({"day": pd.to_datetime([]), "shop": pd.Series([], dtype=str)})
mlflow.pyfunc.load_model(sys.argv[1]).predict(rows).to_parquet(sys.argv[2], index=False)
"""


def test_a_network_votes_and_forecasts_the_same_without_trialbook(
    forecasts, without_trialbook, tmp_path
):
    assert {one.learner for one in forecasts.trials} == {"nhits", "seasonal_naive", "voting"}
    assert {one.record.status for one in forecasts.trials} == {"finished"}
    trial = next(one for one in forecasts.trials if one.learner == "nhits")
    folder = trial.notebook.parents[1] / "model"
    lines = (folder / "requirements.txt").read_text().split()
    assert {"torch", "neuralforecast"} <= {line.split("==")[0] for line in lines}
    done = subprocess.run(
        [sys.executable, "-c", FORECAST, folder, tmp_path / "told.parquet"],
        env=without_trialbook,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = pd.read_parquet(tmp_path / "told.parquet")
    # 32-bit numbers, whose sums are the same for the same number of threads.
    pd.testing.assert_frame_equal(told, trial.forecast(), rtol=1e-5, check_dtype=False)
    # Three horizons ahead, and from rows that were observed since.
    assert np.isfinite(trial.forecast(21)["forecast"]).all()
    later = weekly(157)
    assert trial.forecast(context=later)["day"].min() == later["day"].max() + pd.Timedelta("1D")
