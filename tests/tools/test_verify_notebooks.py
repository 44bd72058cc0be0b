"""The verification finds what does not agree, and only that."""

import importlib.util
import sys
from pathlib import Path

import mlflow.sklearn
import nbformat
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

import trialbook as tb

SCRIPT = Path(__file__).parents[2] / "tools" / "verify_notebooks.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("verify_notebooks", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def write_notebook(path, source):
    path.parent.mkdir(parents=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, path)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A workspace of one experiment: trials that are right, wrong, and failed."""
    folder = tmp_path_factory.mktemp("workspace")
    client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
    # The place that the database names is gone, as after a move.
    experiment = client.create_experiment("bank", artifact_location="file:///gone/bank")
    parent = client.create_run(experiment, run_name="bank")

    def artifacts(run):
        return folder / "artifacts" / "bank" / run.info.run_id / "artifacts"

    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(700, 2)), columns=["a", "b"]).assign(y=0)
    table.loc[table["a"] > 0, "y"] = 1
    data = artifacts(parent) / "data" / "train.parquet"
    data.parent.mkdir(parents=True)
    table.to_parquet(data)
    features = table[["a", "b"]]
    model = LogisticRegression().fit(features, table["y"])
    proba = pd.DataFrame(model.predict_proba(features.head(500)), columns=["0", "1"])

    stories = (
        ("right", 0.75, proba, "FINISHED"),
        ("wrong score", 0.76, proba, "FINISHED"),
        ("wrong model", 0.75, proba + 1e-3, "FINISHED"),
        ("failed", 0.1, proba, "FAILED"),
    )
    for label, score, predictions, status in stories:
        run = client.create_run(
            experiment, run_name=label, tags={"mlflow.parentRunId": parent.info.run_id}
        )
        client.log_metric(run.info.run_id, "score", score)
        client.set_terminated(run.info.run_id, status)
        here = artifacts(run)
        write_notebook(
            here / "program" / "trial.ipynb",
            "import os\n"
            "assert os.path.exists('../model'), 'the notebook runs in its own folder'\n"
            "print('begin')\nprint('validation roc_auc: 0.750000000 ± 0.010000000')",
        )
        mlflow.sklearn.save_model(
            model,
            str(here / "model"),
            signature=infer_signature(features, model.predict(features)),
            pip_requirements=["scikit-learn"],
            serialization_format="cloudpickle",
        )
        (here / "model_check").mkdir()
        predictions.to_parquet(here / "model_check" / "predictions.parquet")
    return folder


def verify(tool, capsys, *arguments):
    code = tool.main([*map(str, arguments), "--with-trialbook"])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.mark.slow
def test_a_trial_that_agrees_passes(tool, workspace, capsys):
    code, text = verify(tool, capsys, workspace, "--trial", "right")
    assert code == 0, text
    assert "1 of 1 agree" in text
    assert "  500 " in text


@pytest.mark.slow
def test_every_difference_is_found_and_failed_trials_are_left_out(tool, workspace, capsys):
    code, text = verify(tool, capsys, workspace, "--experiment", "bank", "--jobs", "3")
    assert code == 1
    assert "1 of 3 agree" in text
    assert "the notebook gives 0.75, the run has 0.76" in text
    assert "the model's predictions differ by 0.001" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("--experiment", "bnak"), "no experiment 'bnak'"), ((), "has no mlflow.db")],
)
def test_nothing_to_check_is_not_a_success(tool, workspace, capsys, arguments, message):
    place = workspace if arguments else workspace / "artifacts"
    code, text = verify(tool, capsys, place, *arguments)
    assert code == 2
    assert message in text


def test_an_environment_that_has_trialbook_is_refused(tool, workspace, capsys):
    assert tool.main([str(workspace)]) == 2
    assert "would prove nothing" in capsys.readouterr().err


def test_a_failing_notebook_says_why(tool, tmp_path):
    write_notebook(tmp_path / "n" / "trial.ipynb", "1 / 0")
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        tool.execute(tmp_path / "n" / "trial.ipynb", 60)


def test_a_notebook_without_a_score_is_a_problem(tool):
    with pytest.raises(RuntimeError, match="printed no line"):
        tool.printed_score({"cells": [{"outputs": [{"text": ["hello\n"]}]}, {}]})


@pytest.mark.parametrize(
    ("first", "second", "agree"),
    [
        (0.5, 0.5 + 9e-7, True),
        (0.5, 0.5 + 2e-6, False),
        (51234.5, 51234.51, True),
        (51234.5, 51235.5, False),
        (float("nan"), 0.5, False),
    ],
)
def test_numbers_agree_to_a_millionth(tool, first, second, agree):
    assert (tool.apart(first, second) <= tool.TOLERANCE) is agree


@pytest.mark.slow
def test_forecasts_and_their_models_are_checked_too(tool, tmp_path, capsys):
    days = pd.date_range("2026-01-01", periods=40)
    parts = [pd.DataFrame({"day": days, "shop": s, "y": np.arange(40.0) % 7}) for s in "ab"]
    tb.forecast(
        pd.concat(parts),
        "y",
        time="day",
        series=["shop"],
        horizon=3,
        allow=("theta", "linear_recursive"),
        max_trials=2,
        workspace=tmp_path / "space",
    )
    code, text = verify(tool, capsys, tmp_path / "space", "--jobs", "2")
    assert code == 0, text
    assert "3 of 3 agree" in text
    assert text.count("     6 ") == 3  # rows: the horizon of two series
