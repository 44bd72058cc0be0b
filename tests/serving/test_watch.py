"""What a model is asked now, compared with what it learned from."""

import shutil

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.errors import NoModelError
from trialbook.models import BACKGROUND_FILE, Model
from trialbook.serving import RequestLog, drift


def test_a_folder_alone_is_compared_by_the_rows_beside_it(model, people):
    honest = drift(model, people(400, seed=5), predictions=True)
    assert not honest.alarm, honest.summary
    assert honest.reference == "training rows that lie beside the model"
    assert "not known here" in honest.notes[0]
    assert "no out-of-fold predictions" in honest.notes[1]
    assert honest.target is None
    recent = people(400, seed=6).assign(age=lambda rows: rows["age"] + 30)
    assert drift(model, recent).moved == ("age",)


def test_a_log_of_requests_is_compared(model, people, tmp_path):
    with RequestLog(tmp_path / "log") as log:
        for seed in range(4):
            rows = people(100, seed).assign(city="Oslo")
            log.add(rows, pd.DataFrame({"prediction": model.predict(rows)}), model.label)
    found = drift(model, tmp_path / "log")
    assert found.moved == ("city",)
    assert found.n_recent == 400
    assert found.recent == f"requests logged in {tmp_path / 'log'}"
    assert "new levels such as 'Oslo'" in found.columns[0].said


def test_of_a_long_log_a_bounded_number_of_rows_is_compared(model, people, tmp_path, monkeypatch):
    monkeypatch.setattr("trialbook.evaluation.drift.ROWS", 250)
    with RequestLog(tmp_path / "log") as log:
        for seed in range(8):
            rows = people(100, seed).assign(city="Oslo" if seed else "Bonn")
            log.add(rows, pd.DataFrame({"prediction": model.predict(rows)}), model.label)
            log.flush()
    found = drift(model, tmp_path / "log")
    assert found.n_recent == 800
    assert found.compared[1] == 250
    assert "250 of the 800 recent rows are compared, drawn at random" in found.notes
    assert found.moved == ("city",)  # not the first rows alone


def test_a_model_without_any_old_rows_is_told_so(model, table, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(model.folder, folder)
    (folder / BACKGROUND_FILE).unlink()
    with pytest.raises(NoModelError, match="are nowhere"):
        drift(Model.at(folder), table)


def test_training_rows_target_and_predictions_come_from_the_experiment(people, tmp_path):
    table = people(600)
    made = tb.classify(
        table,
        "churn",
        allow=["decision_tree"],
        max_trials=1,
        folds=2,
        voting=False,
        stacking=False,
        workspace=tmp_path / "W",
    )
    honest = tb.drift(made.model(), people(300, seed=9), predictions=True)
    assert not honest.alarm, honest.summary
    assert honest.reference == f"training rows of the experiment '{made.name}'"
    assert (honest.n_reference, honest.n_recent) == (600, 300)
    assert honest.target is not None
    assert honest.labels is not None
    assert honest.notes == ()
    older = people(300, seed=9).assign(age=lambda rows: rows["age"] + 25)
    older["churn"] = np.where(older.index % 10 > 0, "yes", "no")
    moved = tb.drift("best", older, predictions=True, workspace=tmp_path / "W")
    assert moved.moved == ("age",)
    assert moved.target.moved
    assert moved.labels.moved
