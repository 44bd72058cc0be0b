"""Charts of a trial as a person meets them, and a learning curve in a worker of its own."""

from __future__ import annotations

import numpy as np
import pytest

from trialbook.errors import DataError, NoModelError, OptionError
from trialbook.evaluation import charts
from trialbook.execution import PROGRAM

PROGRAM_TEXT = """\
import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier

FOLDS = ["__fold_0", "__fold_1"]


def load(path="../../../{parent}/artifacts/data/train.parquet"):
    data = pd.read_parquet(path)
    y = pd.Categorical(data["label"], categories=["no", "yes"]).codes.astype(int)
    return data[["size"]], y, data[FOLDS].to_numpy()


def cross_validate(X, y, folds):
    for fold in folds.T:
        {first}
        train, valid = np.flatnonzero(fold == 1), np.flatnonzero(fold == 0)
        model = DummyClassifier().fit(X.iloc[train], y[train])
        yield model, valid, model.predict_proba(X.iloc[valid])


def evaluate(y, valid, prediction):
    return float(np.mean(prediction[:, 1]))
"""


def with_program(written, number, label, first="pass"):
    run_id = written.add(number, label, 0.9, C=1.0)
    path = written.tracker.folder_of(run_id) / PROGRAM
    path.parent.mkdir()
    path.write_text(PROGRAM_TEXT.format(parent=written.tracker.run_id, first=first), "utf-8")
    return written.experiment.trial(label)


def test_charts_of_a_trial_are_those_of_validation_and_test_rows(written):
    written.add(1, "small-1", 0.9, C=1.0)
    trial = written.experiment.trial("small-1")
    assert trial.charts == {}
    found = charts("regression", np.arange(30.0), np.arange(30.0) + 1)
    for folder in ("charts", "test"):
        for chart in found.values():
            chart.write_data(trial.folder / folder)
    assert list(trial.charts) == [
        *("residuals", "predicted_vs_true", "test/residuals", "test/predicted_vs_true"),
    ]
    assert trial.charts["test/residuals"].data == found["residuals"].data


def test_a_learning_curve_is_kept_with_the_charts_of_its_trial(written):
    trial = with_program(written, 1, "small-1")
    chart = written.experiment.learning_curve("small-1", timeout="60s")
    assert chart.data["metric"] == "roc_auc"
    assert chart.picture == trial.folder / "charts" / "learning_curve.png"
    assert trial.charts["learning_curve"].data == chart.data


def test_a_learning_curve_of_which_nothing_came_is_told(written):
    with_program(written, 1, "small-1", first="raise ValueError('too dear')")
    with pytest.raises(DataError, match="too dear"):
        written.experiment.learning_curve("small-1")


def test_what_trains_nothing_has_no_learning_curve(written):
    written.add(1, "voting-1", 0.9, C=1.0)
    written.add(2, "small-2")
    with pytest.raises(OptionError, match="trains nothing on rows"):
        written.experiment.learning_curve("voting-1")
    with pytest.raises(OptionError, match="not a duration"):
        written.experiment.learning_curve("voting-1", timeout="soon")
    with pytest.raises(NoModelError, match="no model"):
        written.experiment.learning_curve("small-2")
