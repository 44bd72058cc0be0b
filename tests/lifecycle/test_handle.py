"""An experiment and its trials as a person uses them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from trialbook.errors import DataError, NoModelError, OptionError
from trialbook.evaluation import metric
from trialbook.experiment._finish import tag_best
from trialbook.experiment._ranking import ranked, winner
from trialbook.lifecycle import Experiment
from trialbook.tracking import Tracker, TrialRecord, Workspace


@pytest.fixture
def experiment(written):
    """Two models, the better one second, and a trial that failed."""
    written.add(1, "small-1", 0.7, C=0.001)
    written.add(2, "failing-2", error="ValueError: no")
    written.add(3, "large-3", 0.9, C=1.0)
    return written.experiment


def rows(n=5):
    return pd.DataFrame(
        {
            "size": np.linspace(-2, 2, n),
            "kind": (["a", "b", "new"] * n)[:n],
            "flag": True,
            "day": pd.Timestamp("2025-01-01"),
        }
    )


# -- ranking ---------------------------------------------------------------------------------


def record(number, score, status="finished", *, row_ms=None, refit_of=None):
    """A trial as the tracker gives it."""
    return TrialRecord(
        run_id=f"run{number}",
        number=number,
        label=f"tree-{number}",
        learner="tree",
        status=status,
        score=score,
        std=None,
        metrics={} if row_ms is None else {"predict_row_ms": row_ms},
        params={},
        tags={} if refit_of is None else {"refit_of": refit_of},
        locate=lambda run_id: None,
    )


def numbers(records, name, task="classification", n_classes=2):
    return [one.number for one in ranked(records, metric(name, task, n_classes))]


def test_the_best_comes_first_whichever_way_the_metric_points():
    records = [record(1, 0.5), record(2, 0.9), record(3, 0.7)]
    assert numbers(records, "roc_auc") == [2, 3, 1]
    assert numbers(records, "log_loss") == [1, 3, 2]
    assert numbers(records, "rmse", "regression", 0) == [1, 3, 2]


def test_equal_scores_are_ranked_by_their_numbers():
    assert numbers([record(3, 0.5), record(1, 0.5), record(2, 0.5)], "roc_auc") == [1, 2, 3]


def test_trials_without_a_model_come_last_in_the_order_of_their_numbers():
    records = [record(1, None, "failed"), record(2, 0.1), record(3, None, "running")]
    assert numbers(records, "roc_auc") == [2, 1, 3]


def test_an_undefined_score_ranks_behind_all_others():
    records = [record(1, float("nan")), record(2, 0.1), record(3, 0.9)]
    assert numbers(records, "roc_auc") == [3, 2, 1]
    assert numbers(records, "log_loss") == [2, 3, 1]


def test_a_refitted_trial_stands_before_its_original():
    records = [record(1, 0.5), record(2, 0.9), record(3, 0.9, refit_of="run2"), record(4, 0.95)]
    assert numbers(records, "roc_auc") == [4, 3, 2, 1]


def test_without_a_limit_the_first_wins():
    records = [record(1, 0.9, row_ms=50.0), record(2, 0.8, row_ms=1.0)]
    assert winner(records, None).number == 1
    assert winner([record(1, None, "failed")], None) is None
    assert winner([], None) is None


@pytest.mark.parametrize(
    ("limit", "number"), [(60.0, 1), (50.0, 1), (49.0, 3), (4.9, 4), (0.1, 4)]
)
def test_with_a_limit_the_best_that_is_quick_enough_wins_or_else_the_quickest(limit, number):
    records = [
        record(1, 0.9, row_ms=50.0),
        record(2, 0.85),  # nobody measured it
        record(3, 0.8, row_ms=5.0),
        record(4, 0.7, row_ms=1.0),
        record(5, None, "failed"),
    ]
    assert winner(records, limit).number == number


def test_with_a_limit_a_trial_without_a_model_never_wins():
    assert winner([record(1, None, "failed")], 5.0) is None
    assert winner([], 5.0) is None


# -- the experiment --------------------------------------------------------------------------


def test_it_knows_what_it_is(experiment, written, job):
    assert (experiment.name, experiment.task, experiment.metric) == (
        "bank",
        "classification",
        "roc_auc",
    )
    assert experiment.status == "running"
    assert experiment.workspace == written.tracker.workspace.path
    assert experiment.folder.is_relative_to(experiment.workspace)
    assert experiment.schema.target == job.target
    assert "bank" in repr(experiment)
    assert "3 trials" in repr(experiment)


def test_the_leaderboard_is_a_table_best_first(experiment):
    table = experiment.leaderboard
    assert table["trial"].tolist() == ["large-3", "small-1", "failing-2"]
    assert table["rank"].tolist()[:2] == [1, 2]
    assert table["rank"].isna().tolist() == [False, False, True]
    assert table["score"].tolist()[:2] == [0.9, 0.7]
    assert table["size_mb"].tolist()[:2] == [5.0, 5.0]
    assert table["state"].tolist() == ["finished", "finished", "failed"]
    assert table["error"].tolist() == ["", "", "ValueError: no"]
    assert {"learner", "configuration", "std", "fit_s", "predict_ms", "edited"} <= set(table)


def test_an_empty_leaderboard_has_its_columns(written, experiment):
    empty = Experiment(Tracker.create(written.tracker.workspace, "new", {"metric": "rmse"}))
    empty.__dict__["schema"] = experiment.schema
    empty.__dict__["_metric"] = experiment._metric
    assert list(empty.leaderboard.columns) == list(experiment.leaderboard.columns)
    assert len(empty.leaderboard) == 0


def test_what_another_process_adds_is_seen_at_the_next_look(experiment, written):
    assert experiment.best.label == "large-3"
    written.add(4, "best-4", 0.99, C=1.0)
    assert experiment.best.label == "best-4"
    assert len(experiment.trials) == 4


def test_a_limit_on_the_time_of_a_prediction_passes_over_slower_trials(written):
    written.add(1, "small-1", 0.7, C=0.001, metrics={"predict_row_ms": 2.0})
    written.add(2, "large-2", 0.9, C=1.0, metrics={"predict_row_ms": 20.0})
    written.tracker.log(written.tracker.run_id, tags={"max_predict_ms": "5.0"})
    limited = Experiment(written.tracker)
    assert limited.max_predict_ms == 5.0
    assert limited.best.label == limited.trial("best").label == "small-1"
    assert limited.predict(rows()).tolist() == limited.predict(rows(), "small-1").tolist()
    table = limited.leaderboard
    assert table["trial"].tolist() == ["large-2", "small-1"]
    assert table["best"].tolist() == [False, True]
    assert table["predict_row_ms"].tolist() == [20.0, 2.0]


def test_the_winner_is_marked_and_no_other(written):
    written.add(1, "small-1", 0.7, C=0.001, metrics={"predict_row_ms": 2.0})
    written.add(2, "large-2", 0.9, C=1.0, metrics={"predict_row_ms": 20.0})
    auc = metric("roc_auc", "classification", 2)
    for limit, label in ((None, "large-2"), (5.0, "small-1"), (None, "large-2")):
        assert tag_best(written.tracker, auc, limit).label == label
        marked = [one for one in written.tracker.trials() if one.tags.get("best") == "true"]
        assert [one.label for one in marked] == [label]
        assert written.tracker.tags()["best_label"] == label


def test_guardrails_and_the_account_of_time_are_read(experiment, prepared):
    assert experiment.guardrails == prepared.guardrails
    assert experiment.ledger["trials"][0]["label"] == "small-1"
    assert experiment.ledger["skipped"] == {"large-9 (default)": "would take 90 s"}


def test_an_experiment_without_a_model_says_so(written):
    with pytest.raises(NoModelError, match="'bank' has no model yet"):
        written.experiment.best  # noqa: B018 -- reading it is what is tested
    written.add(1, "failing-1")
    with pytest.raises(NoModelError, match="'bank' has no model yet"):
        written.experiment.predict(rows())


# -- trials ----------------------------------------------------------------------------------


def test_a_trial_is_found_by_label_number_run_or_rank(experiment):
    one = experiment.trials[1]
    for which in ("small-1", 1, "1", one.run_id, one.run_id[:8]):
        assert experiment.trial(which).run_id == one.run_id
    assert experiment.trial("best").label == "large-3"


@pytest.mark.parametrize("which", ["smal-1", 99, "", "x"])
def test_an_unknown_trial_is_refused(experiment, which):
    with pytest.raises(OptionError, match=f"no trial '{which}'") as caught:
        experiment.trial(which)
    assert "small-1" in str(caught.value)


def test_a_trial_shows_what_is_kept_of_it(experiment):
    one = experiment.trial("large-3")
    assert (one.number, one.learner, one.state, one.score) == (3, "large", "finished", 0.9)
    assert one.params == {"C": 1.0}
    assert one.metrics["fit_s"] == 2.0
    assert one.uri == f"runs:/{one.run_id}/model"
    assert one.notebook.name == "trial.ipynb"
    assert one.program.parent == one.folder / "program"
    assert (one.edited, one.error, one.log) == (False, None, "")
    assert repr(one) == "<Trial large-3: finished, score=0.9>"


def test_a_failed_trial_shows_why_and_has_no_model(experiment):
    one = experiment.trial("failing-2")
    assert (one.state, one.score, one.error) == ("failed", None, "ValueError: no")
    assert one.log == "Traceback: ü"
    assert repr(one) == "<Trial failing-2: failed>"
    with pytest.raises(NoModelError, match="failing-2 has no model: ValueError: no"):
        one.model  # noqa: B018 -- reading it is what is tested


def test_an_edited_trial_says_so(written):
    written.add(1, "edited-1", 0.5, C=1.0, tags={"edited": "true"})
    assert written.experiment.best.edited
    assert written.experiment.leaderboard["edited"].tolist() == [True]


# -- predictions -----------------------------------------------------------------------------


def test_the_best_model_predicts_labels(experiment):
    assert experiment.predict(rows()).tolist() == experiment.best.model.predict(rows()).tolist()
    assert experiment.predict(rows())[[0, -1]].tolist() == ["no", "yes"]


def test_probabilities_stand_under_their_labels(experiment):
    table = experiment.predict_proba(rows())
    assert list(table.columns) == ["no", "yes"]
    np.testing.assert_allclose(table.sum(axis=1), 1)
    assert table["yes"].is_monotonic_increasing


def test_another_model_can_be_asked(experiment):
    flat, steep = (experiment.predict_proba(rows(), trial)["yes"] for trial in ("small-1", 3))
    assert flat.max() - flat.min() < steep.max() - steep.min()


def test_columns_may_come_in_any_order_and_with_others(experiment):
    mixed = rows()[["day", "flag", "size", "kind"]].assign(further=1, label="yes")
    assert experiment.predict(mixed).tolist() == experiment.predict(rows()).tolist()


def test_a_missing_column_is_named(experiment):
    with pytest.raises(DataError, match="size"):
        experiment.predict(rows().drop(columns="size"))


def test_a_table_with_the_target_tests_a_model(experiment):
    table = rows(6).assign(label=["no", "no", "yes", "no", "yes", "yes"])
    scores = experiment.test(table)
    assert scores["roc_auc"] == pytest.approx(8 / 9)
    assert scores["accuracy"] == pytest.approx(4 / 6)


def test_a_test_without_the_target_is_refused(experiment):
    with pytest.raises(DataError, match="label"):
        experiment.test(rows())


# -- where it is kept ------------------------------------------------------------------------


def test_an_experiment_in_its_own_folder_needs_no_tracking_uri(written):
    assert written.experiment.elsewhere is None


def test_the_tracking_uri_of_a_database_elsewhere_hides_its_password():
    space = Workspace(Path("W"), "postgresql://ada:secret@db:5432/runs", client=None, served=False)
    experiment = Experiment(SimpleNamespace(workspace=space))
    assert experiment.elsewhere == "postgresql://ada:***@db:5432/runs"


def test_a_tracking_server_is_named_as_it_is():
    space = Workspace(Path("W"), "http://127.0.0.1:5000", client=None, served=True)
    assert Experiment(SimpleNamespace(workspace=space)).elsewhere == "http://127.0.0.1:5000"


def test_metrics_of_ones_own_are_added_to_a_trial(written):
    written.add(1, "small-1", 0.8, C=1.0)
    trial = written.experiment.best
    written.experiment.log(trial, {"val_f1_score": 0.75})
    assert written.experiment.best.metrics["val_f1_score"] == 0.75
