"""The way of a person: train, look, run the notebooks, edit one, predict, test, move."""

import io
import json
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import yaml
from nbclient import NotebookClient

import trialbook as tb

pytestmark = pytest.mark.acceptance

SCORE = re.compile(r"^validation roc_auc: (\S+) ± (\S+)$", re.MULTILINE)
IMPORT_CELL = """
try:
    import trialbook
    print("trialbook is here")
except ImportError:
    print("there is no trialbook")
"""


@pytest.fixture(scope="module")
def moved(trained, tmp_path_factory, run_process):
    """A workspace that was copied, used there, and moved: its earlier place is gone."""
    folder = tmp_path_factory.mktemp("moved")
    first = trained.copy_to(folder / "first")
    copied = run_process("leaderboard", "--workspace", first, "--json")
    (folder / "deeper").mkdir()
    second = shutil.move(first, folder / "deeper" / "second place")
    return Path(second), copied.document


@pytest.fixture(scope="module")
def experiment(moved):
    return tb.open(moved[0])


# -- what train leaves -----------------------------------------------------------------------


def test_train_ranks_its_trials_and_tests_the_winner(trained):
    document = trained.outcome.document
    assert document["task"] == "classification"
    assert document["metric"] == "roc_auc"
    assert document["status"] == "finished"
    board = document["leaderboard"]
    assert {row["state"] for row in board} == {"finished"}
    assert {row["learner"] for row in board} == {
        *("logistic_regression", "lightgbm", "voting", "stacking")
    }
    assert [row["rank"] for row in board] == list(range(1, 7))
    scores = [row["score"] for row in board]
    assert scores == sorted(scores, reverse=True)
    assert all(0.5 < score <= 1 for score in scores)
    assert document["best"]["trial"] == board[0]["trial"]
    assert 0.5 < document["test"]["roc_auc"] <= 1
    assert Path(document["report"]).read_text().startswith("# customers")
    verdicts = {check["name"]: check["verdict"] for check in document["guardrails"]}
    assert verdicts["Missing values"] == "fixed"


def test_progress_is_plain_lines_without_a_terminal(trained):
    assert "\x1b" not in trained.outcome.err
    for words in ("plan of", "trial 1 ", "best so far", "test of ", "finished in"):
        assert words in trained.outcome.err


def test_leaderboard_and_show_say_the_same_as_train(run, trained):
    where = ("--workspace", trained.workspace)
    board = run("leaderboard", *where, "--json").document
    assert board["leaderboard"] == trained.outcome.document["leaderboard"]
    best = board["best"]
    shown = run("show", *where, "--json").document
    assert shown == best == run("show", best["trial"], *where, "--json").document
    text = run("show", *where).out
    assert best["trial"] in text
    assert "roc_auc" in text
    assert len(run("leaderboard", *where, "--top", "2", "--json").document["leaderboard"]) == 2
    assert run("notebook", *where).out.strip() == best["notebook"]
    assert Path(run("notebook", "--script", *where).out.strip()).suffix == ".py"
    assert run("notebook", "best", *where, "--json").document["notebook"] == best["notebook"]


def test_types_are_detected_and_used(trained):
    schema = tb.open(trained.workspace).schema
    assert {column.name: column.semantic.value for column in schema.columns} == {
        "age": "numeric",
        "city": "categorical",
        "joined": "datetime",
        "member": "boolean",
        "note": "text",
        "income": "numeric",
        "visits": "numeric",
    }


# -- a workspace that was copied and moved ----------------------------------------------------


def test_a_copied_workspace_shows_its_own_files(moved, trained):
    _, copied = moved
    assert copied["leaderboard"] == trained.outcome.document["leaderboard"]
    assert str(trained.workspace) not in json.dumps(copied)


def test_a_moved_workspace_shows_and_predicts_the_same(moved, trained, run, tmp_path):
    workspace, _ = moved
    document = run("leaderboard", "--workspace", workspace, "--json").document
    assert document["leaderboard"] == trained.outcome.document["leaderboard"]
    assert Path(document["best"]["notebook"]).is_relative_to(workspace)
    assert Path(document["best"]["notebook"]).is_file()
    predict = ("predict", trained.new, "--proba", "--workspace")
    assert run(*predict, workspace).out == run(*predict, trained.workspace).out


LOAD_MODELS = """
import json, sys
import mlflow, numpy as np, pandas as pd
from mlflow.tracking import MlflowClient
from pathlib import Path

try:
    import trialbook
    sys.exit("trialbook is here")
except ImportError:
    pass
workspace = Path(sys.argv[1])
mlflow.set_tracking_uri(f"sqlite:///{workspace / 'mlflow.db'}")
table = pd.read_parquet(sys.argv[2])
found = {}
for run in mlflow.search_runs(search_all_experiments=True, output_format="list"):
    if "mlflow.parentRunId" not in run.data.tags:
        continue
    model = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    check = pd.read_parquet(mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="model_check/predictions.parquet"))
    predicted = model.predict_proba(table.head(len(check)))
    generic = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model").predict(table.head(5))
    found[run.info.run_name] = [
        float(np.abs(predicted - check.to_numpy()).max()),
        len(check),
        [str(label) for label in generic],
    ]
print(json.dumps(found))
"""


def test_models_of_a_moved_workspace_load_from_mlflow_without_trialbook(
    moved, experiment, without_trialbook, tmp_path
):
    train = pd.read_parquet(experiment.folder / "data" / "train.parquet")
    features = tmp_path / "features.parquet"
    train[experiment.schema.names].to_parquet(features, index=False)
    done = subprocess.run(
        [sys.executable, "-c", LOAD_MODELS, moved[0], features],
        env=without_trialbook,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found.keys() == {trial.label for trial in experiment.trials}
    for label, (difference, n_rows, generic) in found.items():
        assert difference < 1e-6, label
        assert n_rows == len(train)
        assert generic == list(experiment.predict(train.head(5), label))


@pytest.mark.parametrize("which", ["lightgbm", "voting", "stacking", "exploration"])
def test_a_notebook_gives_the_score_of_its_run_without_trialbook(
    which, experiment, without_trialbook
):
    if which == "exploration":
        path = experiment.exploration
    else:
        trial = next(one for one in experiment.trials if one.learner == which)
        path = trial.notebook
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    notebook.cells.append(nbformat.v4.new_code_cell(IMPORT_CELL))
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=120, resources=resources).execute(env=without_trialbook)
    printed = "".join(
        output.get("text", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stdout"
    )
    assert printed.endswith("there is no trialbook\n")
    if which != "exploration":
        (score,) = SCORE.findall(printed)
        assert float(score[0]) == pytest.approx(trial.score, abs=1e-6)
        assert float(score[1]) == pytest.approx(trial.record.std, abs=1e-6)
        assert "import trialbook" not in path.read_text()


def test_an_edited_notebook_becomes_a_trial_of_its_experiment(trained, run_process, run, tmp_path):
    workspace = trained.copy_to(tmp_path / "W")
    original = next(t for t in tb.open(workspace).trials if t.learner == "logistic_regression")
    notebook = nbformat.read(original.notebook, as_version=4)
    edits = 0
    for cell in notebook.cells:
        cell.source, found = re.subn(r"\bC=[\d.]+", "C=0.0005", cell.source)
        edits += found
    assert edits == 1
    mine = tmp_path / "my regression.ipynb"
    nbformat.write(notebook, mine)

    outcome = run_process("rerun", mine, "--workspace", workspace, "--json")
    assert outcome.code == 0, outcome.err
    document = outcome.document
    assert document["edited"] is True
    board = run("leaderboard", "--workspace", workspace, "--json").document["leaderboard"]
    before = trained.outcome.document["leaderboard"]
    (row,) = [row for row in board if row["edited"]]
    assert len(board) == len(before) + 1
    assert row["trial"] == document["trial"]
    assert row["configuration"] == f"edit of {original.label}"
    assert row["score"] != pytest.approx(original.score)
    assert "C=0.0005" in Path(document["program"]).read_text()
    model = tb.open(workspace).trial(document["trial"]).model
    assert {one.estimator[-1].C for one in model.estimators_} == {0.0005}
    assert "edited by hand" in run("show", document["trial"], "--workspace", workspace).out


@pytest.mark.parametrize("learner", ["lightgbm", "voting", "stacking"])
def test_a_notebook_that_was_not_edited_gives_the_same_score(trained, learner, tmp_path):
    workspace = trained.copy_to(tmp_path / "W")
    same = next(trial for trial in tb.open(workspace).trials if trial.learner == learner)
    again = tb.rerun(same.notebook)
    assert again.score == pytest.approx(same.score, abs=1e-9)
    check = "model_check/predictions.parquet"
    before, after = (pd.read_parquet(trial.folder / check) for trial in (same, again))
    pd.testing.assert_frame_equal(before, after)


def test_an_edited_notebook_that_fails_is_a_failed_trial(trained, run, warm_workers, tmp_path):
    workspace = trained.copy_to(tmp_path / "W")
    program = tb.open(workspace).best.program
    mine = tmp_path / "mine.py"
    mine.write_text(program.read_text().replace("def load(", "def laod("))
    outcome = run("rerun", mine, "--workspace", workspace)
    assert outcome.code == 2
    assert "load" in outcome.error
    assert "trial.log" in outcome.error
    board = tb.open(workspace).leaderboard
    assert list(board["state"]).count("failed") == 1
    assert tb.open(workspace).status == "finished"


# -- predict and test --------------------------------------------------------------------------


def test_predict_writes_a_row_for_each_row(trained, run, tmp_path):
    out = tmp_path / "out.csv"
    outcome = run(
        *("predict", trained.new, "--workspace", trained.workspace, "--out", out, "--proba")
    )
    assert outcome.code == 0
    predicted = pd.read_csv(out)
    assert list(predicted.columns) == ["prediction", "probability_no", "probability_yes"]
    assert len(predicted) == 60
    likely = predicted[["probability_no", "probability_yes"]].to_numpy().argmax(axis=1)
    assert list(predicted["prediction"]) == [("no", "yes")[position] for position in likely]
    truth = pd.read_csv(trained.new)["churn"]
    assert (predicted["prediction"] == truth).mean() > 0.6
    on_screen = run("predict", trained.new, "--workspace", trained.workspace).out
    assert list(pd.read_csv(io.StringIO(on_screen))["prediction"]) == list(predicted["prediction"])


def test_any_trial_can_predict_and_be_tested(trained, run):
    where = ("--workspace", trained.workspace)
    labels = [row["trial"] for row in trained.outcome.document["leaderboard"]]
    metrics = {
        label: run("test", label, trained.new, *where, "--json").document["metrics"]
        for label in labels
    }
    assert all(0.5 < found["roc_auc"] <= 1 for found in metrics.values())
    assert len({round(found["log_loss"], 9) for found in metrics.values()}) >= len(labels) - 1
    experiment = tb.open(trained.workspace)
    assert experiment.test(pd.read_csv(trained.new)) == pytest.approx(metrics[labels[0]])
    last = labels[-1]
    outcome = run("predict", last, trained.new, "--proba", "--json", *where)
    expected = experiment.predict_proba(pd.read_csv(trained.new), last)
    assert [row["probability_yes"] for row in outcome.document] == pytest.approx(expected["yes"])


def test_the_stored_test_scores_are_those_of_the_stored_test_rows(trained):
    experiment = tb.open(trained.workspace)
    rows = pd.read_parquet(experiment.folder / "data" / "test.parquet")
    assert len(rows) == 48
    again = experiment.test(rows)
    assert again["roc_auc"] == pytest.approx(experiment.best.metrics["test_score"], abs=1e-9)
    assert again["accuracy"] == pytest.approx(experiment.best.metrics["test_accuracy"], abs=1e-9)
    train = pd.read_parquet(experiment.folder / "data" / "train.parquet")
    assert set(rows["note"]).isdisjoint(train["note"])


# -- Python -----------------------------------------------------------------------------------

SMALL = {"allow": ["decision_tree"], "max_trials": 1, "folds": 2, "voting": False}


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_tables_in_memory_give_what_a_file_gives(kind, warm_workers, make_customers, tmp_path):
    table = make_customers(80)
    table["member"] = table["member"] == "true"
    table["joined"] = pd.to_datetime(table["joined"])
    table.to_csv(tmp_path / "table.csv", index=False)
    given = {
        "pandas": lambda: table,
        "polars": lambda: pl.from_pandas(table),
        "arrow": lambda: pa.Table.from_pandas(table),
    }[kind]()
    experiment = tb.classify(given, "churn", **SMALL, workspace=tmp_path / "W")
    assert experiment.name == "experiment"
    features = [column.semantic.value for column in experiment.schema.columns]
    numeric = ["numeric", "numeric"]
    assert features == ["numeric", "categorical", "datetime", "boolean", "text", *numeric]
    predicted = experiment.predict(given)
    assert list(predicted) == list(experiment.predict(tmp_path / "table.csv"))
    assert (predicted == table["churn"]).mean() > 0.6


def test_the_experiment_of_python(warm_workers, make_customers, tmp_path):
    table = make_customers(80)
    events = []
    experiment = tb.regress(
        table,
        "income",
        name="wages",
        allow=["decision_tree", "elastic_net"],
        max_trials=3,
        folds=2,
        test_size=0.2,
        workspace=tmp_path / "W",
        listeners=[events.append],
    )
    board = experiment.leaderboard
    assert list(board.columns) == [
        *("rank", "trial", "learner", "configuration", "score", "std", "fit_s", "predict_ms"),
        *("predict_row_ms", "size_mb", "state", "best", "edited", "error"),
    ]
    assert board["score"].is_monotonic_increasing
    assert experiment.metric == "rmse"
    best = experiment.best
    assert best.label == board["trial"][0]
    assert best.notebook.is_file()
    assert best.program.is_file()
    assert best.uri == f"runs:/{best.run_id}/model"
    assert best.metrics["score"] == best.score == board["score"][0]
    assert {"validation_r2_score", "test_r2_score"} <= best.metrics.keys()
    tree = next(one for one in experiment.trials if one.learner == "decision_tree")
    assert {"validation_r2_score", "training_r2_score"} <= tree.metrics.keys()
    assert best.state == "finished"
    assert best.error is None
    assert np.allclose(
        best.model.predict(table[experiment.schema.names]), experiment.predict(table)
    )
    with pytest.raises(tb.OptionError, match="regression"):
        experiment.predict_proba(table)
    kinds = [type(event).__name__ for event in events]
    assert kinds[0] == "Started"
    assert kinds[-1] == "Finished"
    assert kinds.count("TrialFinished") == len(board)

    again = tb.open(tmp_path / "W")
    assert again.name == "wages"
    pd.testing.assert_frame_equal(again.leaderboard, board)
    assert again.status == "finished"
    assert repr(again) == f"<Experiment wages: finished, {len(board)} trials>"


def test_probabilities_are_a_column_a_class(trained):
    experiment = tb.open(trained.workspace, "customers")
    probabilities = experiment.predict_proba(pd.read_csv(trained.new))
    assert list(probabilities.columns) == ["no", "yes"]
    assert np.allclose(probabilities.sum(axis=1), 1)


# -- job files and plans ----------------------------------------------------------------------


def test_a_dry_run_is_a_job_file_that_runs_like_the_command(
    warm_workers, run, make_customers, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    make_customers(80).to_csv("customers.csv", index=False)
    options = ("--target", "churn", "--allow", "decision_tree,knn", "--max-trials", "2")
    options = (*options, "--folds", "2", "--no-stacking", "--seed", "7", "--workspace", "W")
    outcome = run("train", "customers.csv", *options, "--dry-run")
    assert outcome.code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["customers.csv"]
    assert "# plan of 3 steps" in outcome.out
    fields = yaml.safe_load(outcome.out)
    assert fields["allow"] == ["decision_tree", "knn"]
    Path("job.yml").write_text(outcome.out)

    first = run("run", "job.yml", "--json").document["leaderboard"]
    second = run("train", "customers.csv", *options, "--json").document["leaderboard"]
    names = ("trial", "configuration", "score")
    assert [[row[n] for n in names] for row in first] == [
        [row[n] for n in names] for row in second
    ]
    assert {row["learner"] for row in first} <= {"decision_tree", "knn", "voting"}
    plan = run("run", "job.yml", "--dry-run", "--json").document["plan"]
    assert [step["label"].split()[0] for step in plan][-1] == "voting"
    # Two trainings of one name are two executions; the later one is what is shown.
    assert len(tb.open("W").leaderboard) == len(second)


# -- what MLflow shows ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(moved, experiment):
    """Runs as MLflow shows them, once Trialbook has seen the workspace at its new place."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{moved[0] / 'mlflow.db'}")
    (found,) = [one for one in client.search_experiments() if one.name == "customers"]
    every = client.search_runs([found.experiment_id], max_results=100)
    (parent,) = [run for run in every if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in every if run is not parent]
    return parent, children


def artifacts(run):
    return Path(urllib.request.url2pathname(run.info.artifact_uri.removeprefix("file://")))


def test_mlflow_has_a_parent_run_and_a_child_for_each_trial(runs, trained):
    parent, children = runs
    board = trained.outcome.document["leaderboard"]
    assert parent.info.status == "FINISHED"
    assert {run.info.status for run in children} == {"FINISHED"}
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parent.info.run_id}
    assert {run.info.run_name for run in children} == {row["trial"] for row in board}
    best = [run for run in children if run.data.tags.get("trialbook.best") == "true"]
    assert [run.info.run_name for run in best] == [board[0]["trial"]]
    assert parent.data.tags["trialbook.best"] == best[0].info.run_id
    assert parent.data.metrics["best_score"] == board[0]["score"]
    assert parent.data.params["target"] == "churn"
    assert parent.data.params["max_trials"] == "4"


def test_mlflow_has_everything_of_a_trial(runs, trained):
    _, children = runs
    scores = {row["trial"]: row["score"] for row in trained.outcome.document["leaderboard"]}
    for run in children:
        metrics = run.data.metrics
        assert metrics["score"] == scores[run.info.run_name]
        prefixes = (
            {"validation"}
            if run.data.params["learner"] in ("voting", "stacking")
            else {
                "validation",
                "training",
            }
        )
        for prefix in prefixes:
            for name in ("AUC_weighted", "accuracy", "log_loss", "norm_macro_recall"):
                assert np.isfinite(metrics[f"{prefix}_{name}"]), run.info.run_name
        assert len([name for name in metrics if re.fullmatch(r"score_fold_\d", name)]) == 3
        kept = {str(p.relative_to(artifacts(run))) for p in artifacts(run).rglob("*")}
        assert {
            *("program/trial.py", "program/trial.ipynb", "oof/oof.parquet"),
            *("charts/confusion_matrix.png", "charts/roc.png", "charts/precision_recall.png"),
            *("charts/calibration.png", "model/MLmodel", "model/model.pkl"),
            "model/requirements.txt",
        } <= kept
        assert run.data.params["configuration"]
    linear = next(run for run in children if run.data.params["learner"] == "logistic_regression")
    assert float(linear.data.params["C"]) > 0
    best = [run for run in children if "test_score" in run.data.metrics]
    assert [run.data.tags["trialbook.best"] for run in best] == ["true"]


def test_a_model_has_a_signature_an_example_and_pinned_requirements(runs):
    import mlflow.models

    _, children = runs
    lightgbm = next(run for run in children if run.data.params["learner"] == "lightgbm")
    folder = artifacts(lightgbm) / "model"
    info = mlflow.models.get_model_info(str(folder))
    kinds = {column.name: str(column.type) for column in info.signature.inputs}
    assert list(kinds) == ["age", "city", "joined", "member", "note", "income", "visits"]
    assert kinds["note"] == "DataType.string"
    assert kinds["member"] == "DataType.boolean"
    assert info.signature.outputs is not None
    assert info.saved_input_example_info is not None
    lines = (folder / "requirements.txt").read_text().split()
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+", line) for line in lines)
    names = {line.split("==")[0] for line in lines}
    assert {"lightgbm", "scikit-learn", "pandas", "mlflow-skinny"} <= names
    assert "trialbook" not in names


def test_the_parent_run_keeps_what_the_experiment_was(runs):
    parent, children = runs
    folder = artifacts(parent)
    job = json.loads((folder / "job.json").read_text())
    assert job["target"] == "churn"
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["steps"][0]["number"] == 1
    ledger = json.loads((folder / "ledger.json").read_text())
    assert {entry["label"] for entry in ledger["trials"]} == {
        run.info.run_name for run in children
    }
    assert {entry["outcome"] for entry in ledger["trials"]} == {"finished"}
    assert list(pd.read_csv(folder / "leaderboard.csv")["rank"]) == list(range(1, 7))
    assert len(pd.read_parquet(folder / "data" / "train.parquet")) == 192
    assert (folder / "data" / "schema.json").is_file()
    assert "## Leaderboard" in (folder / "report.md").read_text()
    nbformat.validate(nbformat.read(folder / "exploration" / "exploration.ipynb", as_version=4))
