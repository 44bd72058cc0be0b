"""A trial is explained by its name, by its model's, or by the folder of that alone."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from tests.forecasters import future_of, monthly, trained

import trialbook as tb
from trialbook.cli.commands._explain import explain
from trialbook.errors import OptionError
from trialbook.evaluation.explanations import FILE, FOLDER
from trialbook.execution import Explained, Request, explain_trial
from trialbook.execution._explain import run_explain
from trialbook.experiment import state
from trialbook.models import background


@pytest.fixture
def explained(predicted, prepared):
    """An experiment whose rows are where they belong."""
    state.write_inputs(predicted.folder, _job(prepared), prepared)
    names = prepared.schema.names
    model = predicted.best.folder / "model"
    background(prepared.train[names]).to_parquet(model / "background.parquet", index=False)
    return predicted


def _job(prepared):
    return tb.Job(data=tb.Job.IN_MEMORY, target=prepared.schema.target)


def test_a_trial_is_explained_by_its_validation_rows_and_its_run_keeps_it(explained):
    found = explained.explain(timeout=None)
    assert found.importance["column"][0] == "size"
    assert found.importance["importance"][1:].max() < 1e-9  # the model sees nothing else
    document = json.loads((explained.best.folder / FOLDER / FILE).read_text("utf-8"))
    assert document["model"] == "small-1" and document["metric"] == "roc_auc"
    assert (explained.best.folder / FOLDER / "beeswarm.png").stat().st_size > 5000
    # It has no models of folds: test rows that it has not seen take their place.
    assert document["held"] == "test rows"
    assert document["permutation"][0]["columns"] == ["size"]


def test_given_rows_are_explained_in_their_order_and_nothing_is_kept(explained, prepared):
    rows = prepared.test.drop(columns="label").head(7).reset_index(drop=True)
    found = explained.explain("small-1", rows, row=5)
    assert list(found.rows.index) == list(range(7)) and not len(found.permutation)
    told = explained.predict_proba(rows)["yes"]
    assert [found.row(k).attrs["prediction"] for k in range(7)] == pytest.approx(list(told))
    assert not (explained.best.folder / FOLDER).exists()
    with pytest.raises(OptionError, match="no row 7"):
        explained.explain(data=rows, row=7)
    with_target = explained.explain(data=prepared.test.reset_index(drop=True), timeout=None)
    assert with_target.held == "the given rows"


def test_the_same_seed_gives_the_same_values(explained):
    first, again = (explained.explain(timeout=None, seed=4) for _ in range(2))
    np.testing.assert_array_equal(first.values.raw, again.values.raw)
    pd.testing.assert_frame_equal(first.permutation, again.permutation)


def test_a_folder_alone_is_explained_by_the_rows_beside_it(explained, tmp_path):
    elsewhere = tmp_path / "given" / "model"
    elsewhere.parent.mkdir()
    (explained.best.folder / "model").rename(elsewhere)
    found = tb.explain(elsewhere, timeout=None, trust=True)
    assert found.importance["column"][0] == "size" and len(found.rows) == 60


def test_a_forecast_is_explained_by_its_row_of_the_table(tmp_path):
    model = trained(tmp_path, monthly())
    future = future_of(4).sort_values(["month", "shop"], ascending=False, ignore_index=True)
    future = future[future.index != 3].reset_index(drop=True)
    told = model.forecast(future=future)
    for row in range(len(future)):
        found = tb.explain(model.folder, future, row=row, trust=True)
        place = found.rows.index.get_loc(row)
        assert found.keys["unique_id"][place] == future["shop"][row]
        assert found.keys["ds"][place] == future["month"][row]
        assert found.row(place).attrs["prediction"] == pytest.approx(told["forecast"][row])
    with pytest.raises(OptionError, match="no row 7") as wrong:
        tb.explain(model.folder, future, row=7, trust=True)
    assert "from 0 to 6" in wrong.value.remedy


def test_a_worker_explains_a_trial_below_its_folder(explained):
    folder = explained.best.folder
    payload = {
        "schema": str(explained.folder / state.SCHEMA),
        "train": str(explained.folder / state.TRAIN),
        "test": str(explained.folder / state.TEST),
        "name": "small-1",
        "metric": "roc_auc",
        "seed": 0,
    }
    told = run_explain(Request(1, "explain", str(folder), payload), lambda *_: None)
    assert told["columns"][0] == "size" and told["n_rows"] == 20
    assert (folder / FOLDER / FILE).exists()


def test_without_test_rows_a_note_says_that_importance_is_of_training_rows(explained, tmp_path):
    asked = Explained(
        explained.best.folder,
        explained.schema,
        explained.folder / state.TRAIN,
        tmp_path / "none.parquet",
        "small-1",
        "roc_auc",
    )
    assert any("trained on" in note for note in explain_trial(asked).notes)


def test_the_command_shows_columns_or_one_row_and_writes_a_folder(explained, prepared, tmp_path):
    rows = tmp_path / "rows.parquet"
    prepared.test.head(5).to_parquet(rows)
    where = ["--workspace", str(explained.workspace), "--name", "bank"]
    told = CliRunner().invoke(explain, where)
    assert told.exit_code == 0, told.output
    assert "size" in told.output and "roc_auc" in told.output
    options = ["--data", str(rows), "--row", "3", "-o", str(tmp_path / "why"), "--json"]
    told = CliRunner().invoke(explain, ["small-1", *options, *where])
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert document["row"]["label"] == "yes" and document["row"]["values"][0]["column"] == "size"
    added = document["row"]["base"] + sum(one["value"] for one in document["row"]["values"])
    assert added == pytest.approx(document["row"]["prediction"])
    assert (tmp_path / "why" / "waterfall.png").exists()
