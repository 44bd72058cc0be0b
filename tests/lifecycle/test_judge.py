"""Trials looked at closely, on rows that their models had not seen."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from trialbook.cli import main
from trialbook.data import Schema
from trialbook.errors import DataError, OptionError
from trialbook.execution import OOF
from trialbook.lifecycle._held import held_rows, readable


@pytest.fixture
def experiment(predicted):
    return predicted


def given(n=120):
    """A table with a column that is no feature."""
    rng = np.random.default_rng(3)
    size = rng.normal(size=n)
    return pd.DataFrame(
        {
            "size": size,
            "kind": "a",
            "flag": True,
            "day": pd.Timestamp("2025-01-01"),
            "sex": rng.choice(["f", "m"], n),
            "label": np.where(size > 0, "yes", "no"),
        }
    )


def test_rows_are_those_of_training_as_predicted_out_of_fold(experiment, prepared):
    held = held_rows(experiment, experiment.best)
    assert held.origin == f"{len(prepared.train)} out-of-fold rows of training"
    yes = experiment.best.model.predict_proba(prepared.train)[:, 1]
    inside = (yes > 0.1) & (yes < 0.9)
    np.testing.assert_allclose(held.prediction[inside, 1], yes[inside])
    assert (held.y == (prepared.train["label"] == "yes")).all()
    assert held.rows["flag"].dropna().isin(["true", "false"]).all()
    assert held.rows["day"].dtype.kind == "M"
    assert "label" not in held.rows


def test_a_table_that_is_given_keeps_its_other_columns(experiment):
    table = given()
    table.loc[5, "label"] = None
    held = held_rows(experiment, experiment.best, table)
    assert len(held.y) == len(table) - 1
    assert held.column("sex").tolist() == table["sex"].drop(5).tolist()
    assert "sex" not in held.features
    np.testing.assert_allclose(
        held.prediction, experiment.predict_proba(table.drop(index=5)).to_numpy()
    )


def test_texts_are_told_by_their_words_and_codes_are_texts(experiment):
    columns = {"note": "text", "code": "categorical", "day": "datetime"}
    forms = {"day": "%d/%m/%Y"}
    storages = {"note": "string", "code": "number", "day": "string"}
    document = experiment.schema.to_dict()
    document["columns"] = [
        {
            "name": name,
            "semantic": semantic,
            "storage": storages[name],
            "evidence": "",
            "missing": 0,
            "distinct": 2,
            "datetime_format": forms.get(name),
        }
        for name, semantic in columns.items()
    ]
    rows = pd.DataFrame(
        {"note": ["one two", np.nan], "code": [3.0, np.nan], "day": ["31/12/2024", np.nan]}
    )
    found = readable(rows, Schema.from_dict(document))
    assert found["note"].tolist()[0] == 2
    assert found["code"].tolist()[0] == "3"
    assert found["day"].tolist()[0] == pd.Timestamp("2024-12-31")
    assert found.iloc[1].isna().all()


def test_errors_and_fairness_are_of_the_rows_that_are_given(experiment):
    errors = experiment.errors(data=given(), columns=["size", "sex"], by=["sex"])
    assert errors.rows == 120
    assert errors.map.columns == ("sex",)
    fair = experiment.fairness("sex", data=given())
    assert fair.by == "sex"
    assert sum(fair.counts) == 120
    assert fair.positive == "yes"
    with pytest.raises(OptionError, match="must be in a table that is given"):
        experiment.fairness("sex")
    with pytest.raises(OptionError, match="Did you mean 'size'"):
        experiment.errors(columns=["sizes"])


def test_a_trial_without_out_of_fold_predictions_needs_a_table(experiment):
    (experiment.best.folder / OOF).unlink()
    with pytest.raises(DataError, match="kept no out-of-fold"):
        experiment.errors()


def test_sets_are_of_the_model_s_folder(experiment):
    found = experiment.predict_set(given(5), 0.8)
    assert found["prediction"].tolist() == experiment.predict(given(5)).tolist()
    assert all(row["prediction"] in row["set"] for row in found.to_dict("records"))


def test_commands_show_both_as_tables_and_as_json(experiment, tmp_path, capsys):
    path = tmp_path / "given.csv"
    given().to_csv(path, index=False)
    where = ["--data", str(path), "--workspace", str(experiment.workspace)]
    assert main(["errors", "--by", "sex,size", *where]) == 0
    shown = capsys.readouterr().out
    assert "error rate by sex and size" in shown
    assert main(["fairness", "best", "--by", "sex,kind", *where]) == 0
    shown = capsys.readouterr().out
    assert "demographic parity difference" in shown
    assert "sex f, kind a" in shown
    assert main(["errors", "--json", *where]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["tree"][0]["cohort"] == "all rows"
    assert document["rows"] == 120
    assert main(["fairness", "--by", "sex", "--json", *where]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["groups"]) == {"f", "m"}
    assert {rate["name"] for rate in document["rates"]} >= {"accuracy", "selection rate"}
