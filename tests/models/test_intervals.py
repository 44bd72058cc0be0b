"""A stored model that says how far it may be off."""

from __future__ import annotations

import json

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression

from trialbook.data import prepare
from trialbook.errors import DataError, NoModelError, OptionError
from trialbook.evaluation.conformal import calibrate
from trialbook.job import Job
from trialbook.models import CONFORMAL_FILE, Model

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": RNG.normal(size=300)})
NUMBER = TABLE.assign(y=3 * TABLE["a"] + RNG.normal(size=300))
LETTER = TABLE.assign(y=np.where(TABLE["a"] + RNG.normal(size=300) > 0, "yes", "no"))


def stored(folder, estimator, table):
    """A model in a folder, calibrated on the rows that it has learned."""
    schema = prepare(Job(data=Job.IN_MEMORY, target="y", folds=2), frame=table).schema
    estimator.fit(table[["a"]], table["y"])
    (folder / "model.pkl").write_bytes(cloudpickle.dumps(estimator))
    (folder / "schema.json").write_text(json.dumps(schema.to_dict()), "utf-8")
    if schema.classes:
        y = (table["y"] == "yes").to_numpy().astype(int)
        calibrate(y, estimator.predict_proba(table[["a"]])).write(folder)
    else:
        calibrate(table["y"].to_numpy(), estimator.predict(table[["a"]])).write(folder)
    return Model.at(folder)


def test_numbers_stand_within_their_intervals(tmp_path):
    model = stored(tmp_path, LinearRegression(), NUMBER)
    found = model.predict_interval(NUMBER, 0.8)
    assert list(found.columns) == ["prediction", "lower", "upper"]
    assert found["prediction"].tolist() == model.predict(NUMBER).tolist()
    assert NUMBER["y"].between(found["lower"], found["upper"]).mean() == pytest.approx(
        0.8, abs=0.01
    )
    with pytest.raises(OptionError, match="predict_interval"):
        model.predict_set(NUMBER)


def test_what_overflows_is_no_answer(tmp_path):
    model = stored(tmp_path, LinearRegression(), NUMBER)
    rows = pd.DataFrame({"a": [0.0, 1.0, 1.7e308]})
    for ask in (model.predict, model.predict_interval):
        with pytest.raises(DataError, match="no answer") as caught:
            ask(rows)
        assert caught.value.place == "row 3"


def test_sets_are_of_labels_the_most_probable_first(tmp_path):
    model = stored(tmp_path, LogisticRegression(), LETTER)
    rows = pd.DataFrame({"a": [-4.0, 0.05, 4.0]})
    found = model.predict_set(rows, 0.9)
    assert found["prediction"].tolist() == model.predict(rows).tolist()
    assert found["set"].tolist() == [["no"], ["yes", "no"], ["yes"]]
    with pytest.raises(OptionError, match="predict_set"):
        model.predict_interval(rows)


def test_a_model_without_calibration_predicts_but_promises_nothing(tmp_path):
    model = stored(tmp_path, LinearRegression(), NUMBER)
    (tmp_path / CONFORMAL_FILE).unlink()
    assert len(model.predict(NUMBER)) == len(NUMBER)
    with pytest.raises(NoModelError, match="Train it anew"):
        model.predict_interval(NUMBER)
