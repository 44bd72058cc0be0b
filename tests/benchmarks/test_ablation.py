"""Each part of Trialbook can be left out, and the report says what that costs."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from benchmarks import ablation, run
from benchmarks.catalog import CONSTANT, OURS, ROOT, read_catalog
from benchmarks.datasets import Dataset
from benchmarks.frameworks import trialbook_without
from benchmarks.results import COLUMNS, Constraint
from trialbook.job import Job
from trialbook.learners._catboost import CatBoost
from trialbook.learners._tabm import TabM


@pytest.fixture
def ablations():
    return ablation.read_ablations()


@pytest.fixture
def versions():
    return [(one, "1.0") for one in read_catalog().choose([CONSTANT, OURS])]


@pytest.fixture
def churn(tmp_path):
    return Dataset("churn", tmp_path, "binary", "left", "roc_auc", {})


@pytest.fixture
def results(row):
    """Results of all sets with everything, without bagging, and on one without calibration."""
    given = {
        CONSTANT: (0.5, -2.0, -10.0),
        OURS: (0.9, -0.5, -4.0),
        "without_bagging": (0.8, -0.5, None),
    }
    rows = [
        row(name, task, result)
        for name, results in given.items()
        for task, result in zip(("churn", "letters", "prices"), results)
    ]
    rows += [row("without_calibration", "letters", -0.6)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"result": float})


def test_every_part_has_words_options_that_a_job_knows_or_a_patch(ablations):
    assert {"portfolio", "bagging", "ensemble", "diversity", "features", "calibration"} <= set(
        ablations
    )
    for one in ablations.values():
        assert one.part
        assert one.without
        assert bool(one.options) != bool(one.patch)
        Job.from_fields({"data": "a.csv", "target": "y", **one.options})


def test_a_variant_is_trialbook_with_other_options(ablations, versions):
    (_, (whole, _)) = versions
    bagging = ablations["bagging"].framework(whole)
    assert (bagging.name, bagging.adapter) == ("without_bagging", "trialbook")
    assert bagging.params == {"validation_size": 0.1}
    assert bagging.environment == whole.environment
    patched = ablations["features"].framework(whole)
    assert patched.adapter == "trialbook_without"


def test_the_version_of_a_variant_has_the_hash_of_our_sources(ablations, versions, monkeypatch):
    (_, (whole, _)) = versions
    done = subprocess.CompletedProcess([], 0, stdout="0.1.0\n")
    monkeypatch.setattr(run.subprocess, "run", lambda *_args, **_options: done)
    assert run.version_of(whole) == run.version_of(ablations["bagging"].framework(whole))
    assert run.version_of(whole).startswith("0.1.0+")


def test_a_part_is_left_out_only_where_it_can_matter(ablations, versions, churn):
    chosen = [ablations["bagging"], ablations["calibration"]]
    sets = [churn, ablation.with_metric(churn, "log_loss")]
    plans = ablation.plans(sets, chosen, versions, Constraint(60, 2), [0, 1])
    found = [(plan.dataset.name, plan.seed, plan.framework.name) for plan in plans]
    assert found[:3] == [
        ("churn", 0, CONSTANT),
        ("churn", 0, OURS),
        ("churn", 0, "without_bagging"),
    ]
    assert ("churn-log_loss", 1, "without_calibration") in found
    assert ("churn", 0, "without_calibration") not in found
    assert len(found) == 2 * 3 + 2 * 4


def test_another_metric_makes_another_set(churn):
    asked = ablation.with_metric(churn, "log_loss")
    assert (asked.name, asked.metric) == ("churn-log_loss", "log_loss")
    assert ablation.with_metric(churn, "roc_auc") == churn
    with pytest.raises(ValueError, match="no metric for churn"):
        ablation.with_metric(churn, "rmse")


def test_sets_that_a_metric_does_not_suit_are_left_out_and_named(tmp_path, churn, capsys):
    letters = Dataset("letters", tmp_path, "multiclass", "y", "log_loss", {})
    prices = Dataset("prices", tmp_path, "regression", "y", "rmse", {})
    found = ablation.judged_by([churn, letters, prices], "log_loss")
    assert [one.name for one in found] == ["churn-log_loss", "letters"]
    assert "log_loss does not suit: prices" in capsys.readouterr().err
    found = ablation.judged_by([churn, letters, prices], "roc_auc")
    assert [one.name for one in found] == ["churn"]
    with pytest.raises(ValueError, match="any of the sets"):
        ablation.judged_by([prices], "accuracy")


@pytest.mark.parametrize("named", [True, False])
def test_only_a_set_that_was_asked_for_must_suit_the_metric(
    tmp_path, monkeypatch, capsys, churn, named
):
    prices = Dataset("prices", tmp_path, "regression", "y", "rmse", {})
    ran = []
    monkeypatch.setattr(ablation, "find_datasets", lambda *_given: [churn, prices])
    monkeypatch.setattr(ablation, "versions_of", lambda _frameworks: [])
    monkeypatch.setattr(ablation, "plans", lambda datasets, *_rest: ran.extend(datasets))
    monkeypatch.setattr(ablation, "run_plans", lambda *_given, **_options: None)
    given = ["ablation", "--metric", "log_loss", "--dry-run"]
    given += ["--sets", "churn", "prices"] if named else []
    monkeypatch.setattr("sys.argv", given)
    if named:
        with pytest.raises(SystemExit):
            ablation.main()
        assert "no metric for prices" in capsys.readouterr().err
    else:
        assert ablation.main() == 0
        assert [one.name for one in ran] == ["churn-log_loss"]


def test_sets_that_were_judged_by_another_metric_are_apart(results, ablations, row):
    given = {CONSTANT: -0.7, OURS: -0.5, "without_bagging": -0.6}
    asked = [
        row(name, "churn", result) | {"task": "churn-log_loss", "metric": "neg_logloss"}
        for name, result in given.items()
    ]
    text = ablation.build(pd.concat([results, pd.DataFrame(asked)]), ablations)
    own, other = text.split("## Judged by log_loss")
    assert "## Judged by the own metric of each set" in own
    assert "| 3 | 2 | 1.710 |" in own
    assert "churn-log_loss" not in own
    assert "| 1 | 1 | 1.200 |" in other
    assert "| letters |" not in other


def test_a_ratio_is_of_the_seeds_with_and_without_the_part(results, row):
    more = [row(OURS, "churn", 0.5, seed="1"), row("without_calibration", "churn", 0.5, seed="1")]
    ratios = ablation.error_ratios(pd.concat([results, pd.DataFrame(more)]))
    assert ratios.at["churn", "bagging"] == pytest.approx(2)
    assert ratios.at["churn", "calibration"] == pytest.approx(1)


def test_a_result_of_some_seeds_is_none(results, ablations, row):
    failed = row(OURS, "churn", float("nan"), seed="1")
    text = ablation.build(pd.concat([results, pd.DataFrame([failed])]), ablations)
    assert "| churn | auc |  | 2.000 |" in text


def test_ratios_are_of_errors_and_a_failure_is_the_constant_predictor(results):
    ratios = ablation.error_ratios(ablation.comparable(results))
    assert ratios["bagging"].to_dict() == pytest.approx(
        {"churn": 0.2 / 0.1, "letters": 1.0, "prices": 10 / 4}
    )
    assert ratios["calibration"].isna().tolist() == [True, False, True]
    means = ablation.overall(ratios)
    assert means.loc["bagging", ["sets", "worse"]].tolist() == [3, 2]
    assert means.at["bagging", "ratio"] == pytest.approx((2 * 1 * 2.5) ** (1 / 3))
    assert means.at["bagging", "low"] < means.at["bagging", "ratio"]
    assert means.at["calibration", "ratio"] == pytest.approx(1.2)


def test_rows_of_other_versions_and_budgets_are_not_compared(results, row):
    old = pd.DataFrame([row(OURS, "churn", 0.1, version="0.9"), row(OURS, "churn", 0.1)])
    old.loc[1, "constraint"] = "5m2c"
    table = pd.concat([old, results])
    assert len(ablation.comparable(table)) == len(results)


def test_the_report_names_parts_sets_gaps_and_failures(results, ablations):
    text = ablation.build(results, ablations)
    assert "| 3 | 2 | 1.710 |" in text
    assert "for log_loss, accuracy, balanced_accuracy" in text
    assert "| letters | neg_logloss | -0.5 | 1.000 | 1.200 |" in text
    assert "| churn | auc | 0.9 | 2.000 |  |" in text
    assert "| without_bagging | prices | 0 | TimeoutError: ended after 240 s |" in text


def test_nothing_to_report_is_said(results, ablations):
    with pytest.raises(ValueError, match="no results"):
        ablation.build(results[results["framework"] == CONSTANT], ablations)


def test_what_the_table_has_does_not_run_again(ablations, versions, churn, tmp_path, capsys):
    plans = ablation.plans([churn], [ablations["bagging"]], versions, Constraint(60, 2), seeds=[0])
    table = tmp_path / "ablation.csv"
    rows = [dict.fromkeys(COLUMNS, "") | plan.identity for plan in plans[:2]]
    run.append(table, rows)
    run.run_plans(plans, table, tmp_path, dry_run=True)
    assert capsys.readouterr().out == "churn: without_bagging 1.0, seed 0\n"


# In a process of its own, for it replaces functions of the engine.
PATCHED = """
import json, sys
import numpy as np, pandas as pd
from benchmarks.frameworks.trialbook_without import PATCHES
from trialbook.experiment import Tables, plan
from trialbook.experiment._design import make_design, read_tables
from trialbook.job import Job
PATCHES[sys.argv[1]]()
rng = np.random.default_rng(0)
table = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400)})
table["y"] = (table["a"] * table["b"] > 0).astype(int)
job = Job(data=Job.IN_MEMORY, target="y", timeout=60)
design = make_design(job, read_tables(job, Tables(table)))
task = design.task.table()
by_key = {one.key: one for one in design.learners}
for step in design.plan:
    by_key[step.learner].code(step.params, task)
steps = [[step.number, step.learner, step.name, dict(step.params)] for step in design.plan]
spaces = sorted({name for one in design.learners for name in one.space(task)})
print(json.dumps({"steps": steps, "spaces": spaces, "learners": len(design.learners)}))
"""


def patched(name):
    done = subprocess.run(
        [sys.executable, "-c", PATCHED, name],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "PATH": ""},
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_without_a_portfolio_each_learner_starts_from_its_library_in_alphabetical_order():
    plan = patched("library_defaults")
    learners = [learner for _, learner, _, _ in plan["steps"]]
    assert learners == sorted(learners)
    assert len(set(learners)) == len(learners) == plan["learners"]
    assert [number for number, *_ in plan["steps"]] == list(range(1, len(learners) + 1))
    params = {learner: given for _, learner, _, given in plan["steps"]}
    assert params["catboost"] == {"learning_rate": 0.03}
    assert params["mlp"] == {"layers": 1, "width": 100}


def test_defaults_of_the_libraries_are_no_tuned_starts():
    # Only the task counts for what these learners start from.
    for is_classification, defaults in (
        (True, trialbook_without.CLASSIFICATION),
        (False, trialbook_without.REGRESSION),
    ):
        table = SimpleNamespace(is_classification=is_classification)
        for learner in (CatBoost(), TabM()):
            given = defaults[learner.key]
            assert all(
                given.items() - dict(start.params).items() for start in learner.starts(table)
            )
        network = defaults["tabm"]
        assert (network["k"], network["d_block"]) == (32, 512)
        assert set(network) == set(TabM().space(table))


def test_bagging_says_that_there_are_no_races(ablations):
    assert "no races" in ablations["bagging"].without


def test_without_engineered_features_no_configuration_and_no_space_has_them():
    plan = patched("no_engineered_features")
    assert not any("features" in given for *_, given in plan["steps"])
    assert "features" not in plan["spaces"]
    assert len(plan["steps"]) > plan["learners"]
