"""Bad input: a clear line with cause, place and remedy, exit code 2, nothing half-written."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import trialbook as tb
from trialbook import events

pytestmark = pytest.mark.acceptance

QUICK = ("--allow", "decision_tree", "--max-trials", "1", "--folds", "2")
ROWS = [f"{20 + i},{'ab'[i % 2]},{'no' if i % 3 else 'yes'}\n" for i in range(30)]
GOOD = "age,job,y\n" + "".join(ROWS)

# -- tables that cannot be trained on ---------------------------------------------------------

# What is in the table, what the line must say of cause, place and remedy.
BAD_TABLES = {
    "empty": ("", "the file is empty", "table.csv", "Give a file with data"),
    "header only": ("age,job,y\n", "no rows", "table.csv", "Add rows"),
    "one row": ("age,job,y\n41,a,no\n", "only one row", "table.csv", "more rows"),
    "ragged": (
        GOOD + "41,a,no,extra\n" + "".join(ROWS),
        "4 cells",
        "line 32",
        "quotes",
    ),
    "wrong encoding": (
        GOOD.replace("a,", "Мюллер,").encode("cp1251"),
        "not UTF-8",
        "line 2",
        "Save the file as UTF-8",
    ),
    "UTF-16": (GOOD.encode("utf-16")[:-1], "UTF-16", "table.csv", "Save it as UTF-8"),
    "two columns of one name": (
        GOOD.replace("age,job,y", "age,age,y"),
        "'age'",
        "table.csv",
        "Rename",
    ),
    "no value of the target": (
        "age,job,y\n" + "".join(f"{i},a,\n" for i in range(30)),
        "every cell of the target 'y' is missing",
        "'y'",
        "Name another target",
    ),
    "one class": (
        "age,job,y\n" + "".join(f"{i},a,no\n" for i in range(30)),
        "only one class",
        "'y'",
        "another target",
    ),
    "every column unusable": (
        "empty,same,y\n" + "".join(f",x,{'no' if i % 3 else 'yes'}\n" for i in range(30)),
        "no column can be used as a feature",
        "table.csv",
        "option types",
    ),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_table_that_cannot_be_trained_on(refuse, case, run, folder, contents):
    text, *parts = BAD_TABLES[case]
    data = folder / "table.csv"
    data.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = contents(folder)
    refuse(run("train", data, "--target", "y", *QUICK), *parts)
    assert contents(folder) == before


def test_a_missing_file_is_answered_with_the_nearest_name(refuse, run, folder, contents):
    Path("customers.csv").write_text(GOOD)
    before = contents(folder)
    refuse(
        run("train", "custmers.csv", "--target", "y"),
        "there is no such file",
        "custmers.csv",
        "Did you mean 'customers.csv'?",
    )
    assert contents(folder) == before


def test_an_unknown_target_is_answered_with_the_nearest_name(refuse, run, folder, contents):
    Path("table.csv").write_text(GOOD.replace(",y\n", ",outcome\n"))
    before = contents(folder)
    refuse(run("train", "table.csv", "--target", "outcom"), "'outcom'", "Did you mean 'outcome'?")
    assert contents(folder) == before


# What is wrong with the options, and what the line must say.
BAD_OPTIONS = {
    "unknown metric": (("--metric", "roc_acu"), ("roc_acu", "Did you mean 'roc_auc'?")),
    "metric of another task": (
        ("--task", "regression", "--metric", "roc_auc"),
        ("roc_auc", "regression"),
    ),
    "unknown learner": (("--allow", "LightGBN"), ("LightGBN", "Did you mean 'lightgbm'?")),
    "unknown blocked learner": (("--block", "knm"), ("knm", "Did you mean 'knn'?")),
    "learner of another task": (
        ("--allow", "lasso_lars", "--task", "classification"),
        ("lasso_lars", "classification"),
    ),
    "nothing left to try": (("--allow", "knn", "--block", "knn"), ("no learner is left",)),
    "unknown column type": (("--types", "age=numerc"), ("numerc", "Did you mean 'numeric'?")),
    "unknown column in types": (("--types", "agee=numeric"), ("agee", "Did you mean 'age'?")),
    "unknown weight": (("--weight", "agee"), ("agee", "Did you mean 'age'?")),
    "unknown ignored column": (("--ignore", "jobb"), ("jobb", "Did you mean 'job'?")),
    "unknown positive label": (("--positive-label", "yess"), ("yess", "Did you mean 'yes'?")),
    "no duration": (("--timeout", "soon"), ("timeout", "soon", "90s, 5m or 1.5h")),
    "no amount of memory": (("--memory-limit", "much"), ("memory_limit", "much", "4GB")),
    "two that exclude each other": (
        ("--fold-columns", "job", "--folds", "3"),
        ("fold_columns", "folds", "drop one"),
    ),
    "missing test table": (("--test", "tset.csv"), ("there is no such file", "tset.csv")),
}


@pytest.mark.parametrize("case", BAD_OPTIONS)
def test_options_that_cannot_be_used(refuse, case, run, folder, contents):
    options, parts = BAD_OPTIONS[case]
    Path("table.csv").write_text(GOOD)
    before = contents(folder)
    refuse(run("train", "table.csv", "--target", "y", *options), *parts)
    assert contents(folder) == before


def test_an_unknown_option_is_answered_with_the_nearest(run, folder, contents):
    Path("table.csv").write_text(GOOD)
    before = contents(folder)
    outcome = run("train", "table.csv", "--target", "y", "--max-trial", "3")
    assert outcome.code == 2
    assert "--max-trial" in outcome.err
    assert "Did you mean one of" in outcome.err
    assert "'--max-trials'" in outcome.err
    assert contents(folder) == before


def test_an_unknown_key_of_a_job_file_is_answered_with_the_nearest(refuse, run, folder, contents):
    Path("table.csv").write_text(GOOD)
    Path("job.yml").write_text(yaml.safe_dump({"data": "table.csv", "target": "y", "metrc": "f1"}))
    before = contents(folder)
    refuse(run("run", "job.yml"), "unknown option 'metrc'", "Did you mean 'metric'?")
    assert contents(folder) == before


def test_python_raises_what_the_command_says_and_writes_nothing(folder, contents):
    table = pd.DataFrame({"age": [1.0, 2.0, 3.0], "y": ["no", "no", "no"]})
    with pytest.raises(tb.DataError, match="only one class"):
        tb.classify(table, "y", max_trials=1)
    with pytest.raises(tb.OptionError, match="Did you mean 'lightgbm'"):
        tb.classify(table, "y", allow=["lightgmb"])
    with pytest.raises(tb.OptionError, match="max_trials"):
        tb.classify(table, "y", max_trials=0)
    with pytest.raises(TypeError, match="max_trial"):
        tb.classify(table, "y", max_trial=3)
    assert contents(folder) == {}


def test_a_refused_table_adds_nothing_to_a_workspace_that_exists(
    refuse, run, trained, folder, contents
):
    workspace = trained.copy_to(folder / "workspace")
    run("leaderboard", "--workspace", workspace)
    before = contents(workspace)
    text, *parts = BAD_TABLES["one class"]
    Path("table.csv").write_text(text)
    refuse(run("train", "table.csv", "--target", "y", "--workspace", workspace), *parts)
    assert contents(workspace) == before


# -- tables that cannot be predicted ----------------------------------------------------------


@pytest.fixture
def predict(run, trained, folder):
    """Predict a table with the trained workspace; what came out is None when nothing did."""

    def predict_table(table):
        table.to_csv("new.csv", index=False)
        out = Path("out.csv")
        out.unlink(missing_ok=True)
        outcome = run(
            *("predict", "new.csv", "--workspace", trained.workspace, "--proba", "--out", out)
        )
        assert {path.name for path in folder.iterdir()} <= {"new.csv", "out.csv"}
        return outcome, pd.read_csv(out) if out.exists() else None

    return predict_table


@pytest.fixture
def new(trained):
    return pd.read_csv(trained.new).drop(columns="churn")


def test_a_prediction_table_that_lacks_a_column(refuse, predict, new):
    outcome, predicted = predict(new.drop(columns="income").rename(columns={"age": "Age"}))
    refuse(outcome, "'age'", "Did you mean 'Age'?")
    assert predicted is None
    outcome, predicted = predict(new.drop(columns="income"))
    refuse(outcome, "'income'")
    assert predicted is None


def test_a_prediction_table_with_wrong_types(refuse, predict, new):
    new["income"] = new["income"].astype(object)
    new.loc[7, "income"] = "plenty"
    outcome, predicted = predict(new)
    refuse(outcome, "'income'", "'plenty'", "row 8", "a number is expected", "in training")
    assert predicted is None


def test_a_prediction_table_with_new_categories_is_predicted(predict, new):
    new.loc[:9, "city"] = "Atlantis"
    outcome, predicted = predict(new)
    assert outcome.code == 0
    assert len(predicted) == len(new)
    assert set(predicted["prediction"]) <= {"no", "yes"}
    assert np.allclose(predicted["probability_no"] + predicted["probability_yes"], 1)


def test_columns_in_another_order_and_further_ones_change_nothing(predict, new):
    _, predicted = predict(new)
    outcome, again = predict(new[list(new.columns[::-1])].assign(further=1))
    assert outcome.code == 0
    pd.testing.assert_frame_equal(again, predicted)


def test_a_prediction_table_that_is_not_there(refuse, run, trained, folder):
    refuse(
        run("predict", "new.csv", "--workspace", trained.workspace, "--out", "out.csv"),
        "there is no such file",
        "new.csv",
    )
    assert list(folder.iterdir()) == []


def test_an_output_whose_format_or_folder_is_unknown(refuse, run, trained, folder):
    where = ("--workspace", trained.workspace)
    refuse(run("predict", trained.new, *where, "--out", "out.xlsx"), "out.xlsx", ".csv")
    refuse(run("predict", trained.new, *where, "--out", "no/out.csv"), "'no'", "Make it first")
    assert list(folder.iterdir()) == []


def test_an_unknown_model_is_answered_with_the_nearest(refuse, run, trained, folder):
    refuse(
        run("predict", "lightgmb-9", trained.new, "--workspace", trained.workspace),
        "no model 'lightgmb-9'",
        "Did you mean 'lightgbm-",
    )
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("test", "lightgmb-9", "NEW"),
        ("show", "lightgmb-9"),
        ("notebook", "lightgmb-9"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_unknown_trial_is_answered_with_the_nearest(refuse, arguments, run, trained, folder):
    given = [trained.new if argument == "NEW" else argument for argument in arguments]
    refuse(
        run(*given, "--workspace", trained.workspace),
        "there is no model 'lightgmb-9': neither in the registry nor among the trials",
        "Did you mean 'lightgbm-",
    )


def test_a_test_table_without_the_target(refuse, run, trained, new, folder):
    new.to_csv("new.csv", index=False)
    refuse(run("test", "new.csv", "--workspace", trained.workspace), "'churn'")


# -- workspaces -------------------------------------------------------------------------------

READERS = (
    ("leaderboard",),
    ("show",),
    ("notebook",),
    ("resume",),
    ("predict", "NEW"),
    ("test", "NEW"),
)


@pytest.mark.parametrize("arguments", READERS, ids=lambda arguments: arguments[0])
def test_a_workspace_that_is_not_one(refuse, arguments, run, trained, folder, contents):
    other = folder / "photos"
    other.mkdir()
    (other / "cat.jpg").write_text("a cat")
    given = [trained.new if argument == "NEW" else argument for argument in arguments]
    before = contents(folder)
    refuse(run(*given, "--workspace", other), "not a workspace", str(other), "trialbook train")
    refuse(run(*given, "--workspace", folder / "no"), "no such workspace", "train first")
    refuse(run(*given, "--workspace", other / "cat.jpg"), "workspace", "cat.jpg")
    assert contents(folder) == before


def test_training_into_a_folder_of_other_things(refuse, run, folder, contents):
    Path("table.csv").write_text(GOOD)
    (folder / "photos").mkdir()
    (folder / "photos" / "cat.jpg").write_text("a cat")
    before = contents(folder)
    train = ("train", "table.csv", "--target", "y", *QUICK, "--workspace")
    refuse(run(*train, "photos"), "holds other things", "photos", "Choose a new or empty folder")
    refuse(run(*train, "table.csv"), "is a file", "table.csv", "Choose a folder")
    assert contents(folder) == before


def test_a_database_that_is_not_one(refuse, run, folder, contents):
    (folder / "W").mkdir()
    (folder / "W" / "mlflow.db").write_text("this is no database, however much it should be one")
    before = contents(folder)
    refuse(run("leaderboard", "--workspace", "W"), "cannot open the tracking store", "mlflow.db")
    assert contents(folder) == before


def test_an_unknown_experiment_is_answered_with_the_nearest(refuse, run, trained):
    refuse(
        run("leaderboard", "--workspace", trained.workspace, "--name", "custmers"),
        "no experiment 'custmers'",
        "Did you mean 'customers'?",
    )


def test_there_is_nothing_to_resume_in_a_complete_experiment(
    refuse, run, trained, folder, contents
):
    workspace = trained.copy_to(folder / "W")
    run("leaderboard", "--workspace", workspace)
    before = contents(workspace / "artifacts")
    refuse(run("resume", "--workspace", workspace), "complete", "--max-trials or --timeout")
    assert contents(workspace / "artifacts") == before
    assert run("leaderboard", "--workspace", workspace, "--json").document["status"] == "finished"


def test_rerun_of_what_is_no_notebook(refuse, run, trained, folder, contents):
    Path("broken.ipynb").write_text("{not json")
    before = contents(folder)
    refuse(run("rerun", "no.ipynb"), "no such notebook", "no.ipynb", "trialbook notebook")
    where = ("--workspace", trained.workspace)
    refuse(run("rerun", "broken.ipynb", *where), "cannot read the notebook", "broken.ipynb")
    shutil.copy(run("notebook", *where).out.strip(), "lost.ipynb")
    refuse(run("rerun", "lost.ipynb"), "lies in no workspace", "lost.ipynb", "--workspace")
    Path("lost.ipynb").unlink()
    assert contents(folder) == before


def test_a_second_training_into_a_running_experiment_is_refused(
    refuse, warm_workers, run_process, folder, contents
):
    Path("table.csv").write_text(GOOD)
    second, seen = [], []

    def start_another(event):
        if isinstance(event, events.TrialStarted) and not second:
            before = contents(folder / "W" / "artifacts").keys()
            second.append(
                run_process("train", "table.csv", "--target", "y", *QUICK, "--workspace", "W")
            )
            with pytest.raises(tb.WorkspaceError, match="'table' is running"):
                tb.resume("W")
            seen.append(contents(folder / "W" / "artifacts").keys() - before)

    experiment = tb.classify(
        *("table.csv", "y"),
        allow=["decision_tree"],
        max_trials=1,
        folds=2,
        workspace="W",
        listeners=[start_another],
    )
    refuse(second[0], "'table' is running", "W", "Wait for it, stop it")
    # The first one goes on writing meanwhile, but there is no second experiment.
    assert {path.split("/")[1] for path in seen[0] if "/" in path} <= {
        experiment.run_id,
        *(trial.run_id for trial in experiment.trials),
    }
    assert [trial.state for trial in experiment.trials] == ["finished"]
