"""A forecaster that is given away: as a zip, for Docker, as a pickle, but not as ONNX."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient
from tests.forecasters import future_of, monthly, trained

import trialbook as tb
from trialbook.errors import ExportError
from trialbook.models.export import _reading, _score_series, export

# As in the tests of models of rows: scripts run where there is no trialbook.
ALONE = """
import runpy, sys


class NoTrialbook:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "trialbook":
            raise ModuleNotFoundError(name)


sys.meta_path.insert(0, NoTrialbook())
sys.path.insert(0, ".")
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def naive(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("naive"), monthly())


@pytest.fixture(scope="module")
def given_away(naive):
    return _score_series.Model(naive.folder)


def exact(found, expected):
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False)


def test_a_zip_forecasts_where_there_is_no_trialbook(naive, tmp_path):
    made = export(naive, "zip", tmp_path / "shops.zip")
    with zipfile.ZipFile(made.path) as archive:
        archive.extractall(tmp_path / "shops")
    assert {"score.py", "reading.py", "README.md", "model/python_model.pkl"} <= {*made.files}
    future_of().to_csv(tmp_path / "future.csv", index=False)
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for arguments, expected in (
        (
            ["--horizon", "9", "--quantiles", "0.05,0.95"],
            naive.forecast(9, quantiles=[0.05, 0.95]),
        ),
        ([tmp_path / "future.csv"], naive.forecast(future=future_of())),
    ):
        done = subprocess.run(
            [sys.executable, "-c", ALONE, "score.py", *arguments, "-o", tmp_path / "out.csv"],
            cwd=tmp_path / "shops",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        read = {"parse_dates": ["month"], "float_precision": "round_trip"}
        exact(pd.read_csv(tmp_path / "out.csv", **read), expected)
    text = (tmp_path / "shops" / "README.md").read_text("utf-8")
    for words in ("forecasts `sold`", "horizon of 6", "python_model.pkl", "--horizon 6"):
        assert words in text
    again = tb.load_model(made.path, trust=True)
    exact(again.forecast(), naive.forecast())


def test_a_context_for_docker_has_what_its_model_is_read_with(naive, tmp_path):
    made = export(naive, "docker", tmp_path / "context")
    lines = (made.path / "requirements.txt").read_text().splitlines()
    assert any(line.startswith("mlflow-skinny==") for line in lines)
    assert "COPY reading.py score.py server.py" in (made.path / "Dockerfile").read_text()
    server = (made.path / "server.py").read_text()
    assert "trialbook" not in server
    assert "from score import Model" in server
    example = json.loads((made.path / "input_example.json").read_text())
    answer = _score_series.answer(_score_series.Model(made.path / "model"), example)
    assert len(answer["predictions"]) == len(example["dataframe_records"])


def test_a_pickle_is_the_forecaster_alone(naive, tmp_path):
    made = export(naive, "pickle", tmp_path / "shops.pkl")
    with made.path.open("rb") as file:
        forecaster = cloudpickle.load(file)
    exact(forecaster.predict(None, pd.DataFrame()), naive.forecast())
    assert "mlflow-skinny==" in (tmp_path / "shops.requirements.txt").read_text()


def test_there_is_no_graph_of_a_forecaster(naive, tmp_path):
    with pytest.raises(ExportError, match=r"cannot be written as ONNX: it keeps the past") as told:
        export(naive, "onnx", tmp_path / "shops.onnx")
    assert told.value.remedy == "Export it as zip, docker or pickle."
    assert list(tmp_path.iterdir()) == []


def test_what_is_given_away_answers_as_the_model_does(naive, given_away):
    recent = monthly(75)
    exact(given_away.forecast(), naive.forecast())
    exact(given_away.forecast(3, context=recent), naive.forecast(3, context=recent))
    body = {"params": {"horizon": 4, "quantiles": [0.2]}}
    told = pd.DataFrame(_score_series.answer(given_away, body)["predictions"])
    expected = naive.forecast(4, quantiles=[0.2])
    assert told["month"].tolist() == [time.isoformat() for time in expected["month"]]
    assert told["0.2"].tolist() == expected["0.2"].tolist()
    empty = {"dataframe_split": {"columns": ["month", "shop"], "data": []}}
    assert len(_score_series.answer(given_away, empty)["predictions"]) == 12


def test_whole_numbers_of_series_stay_whole(tmp_path):
    model = trained(tmp_path, monthly(48), series=("number", "shop"))
    scorer, told = _score_series.Model(model.folder), model.forecast()
    told[["month", "number", "shop"]].to_csv(tmp_path / "future.csv", index=False)
    exact(scorer.forecast(future=scorer.read(tmp_path / "future.csv")), told)
    assert scorer.forecast()["number"].dtype.kind == "i"


def test_azures_form_is_answered_as_azure_does(naive, given_away):
    after, recent = future_of(2, "2024-03-01"), monthly(74)[["month", "shop", "sold"]]
    recent = recent[recent["month"] >= "2024-01-01"].rename(columns={"sold": "y_query"})
    rows = [{**row, "month": str(row["month"])} for row in recent.to_dict("records")]
    rows += [
        {"month": str(row.month), "shop": row.shop, "y_query": None} for row in after.itertuples()
    ]
    body = {"Inputs": {"data": rows}}
    results = _score_series.answer(given_away, body)["Results"]
    split = {
        "columns": ["y_query", "shop", "month"],
        "index": [*range(len(rows))],
        "data": [[row["y_query"], row["shop"], row["month"]] for row in rows],
    }
    for inputs in (split, {"data": split}, rows):
        assert _score_series.answer(given_away, {"Inputs": inputs}) == {"Results": results}
    told = naive.forecast(future=after, context=monthly(74), quantiles=[0.025, 0.975])
    assert results["forecast"] == [*recent["y_query"], *told["forecast"]]
    low, high = told["0.025"].iloc[-1], told["0.975"].iloc[-1]
    assert results["prediction_interval"][-1] == f"[{low}, {high}]"
    assert results["index"][0] == {"month": 1704067200000, "shop": "north"}


def test_a_scoring_script_of_azure_ml(naive, monkeypatch):
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(naive.folder.parent))
    monkeypatch.setattr(_score_series, "_served", None)
    _score_series.init()
    assert len(_score_series.run("{}")["predictions"]) == 12
    wrong = _score_series.run('{"instances": [{"month": "2024-01-01", "shop": "west"}]}')
    assert "the series 'west' was not trained on (row 1)" in wrong["error"]
    assert "error" in _score_series.run("{")


class Counting:
    """A forecaster that knows how many ask it at the same time."""

    def __init__(self, forecaster):
        self.forecaster, self.spec = forecaster, forecaster.spec
        self.busy, self.most, self.lock = 0, 0, threading.Lock()

    def _counted(self, ask, *given):
        with self.lock:
            self.busy += 1
            self.most = max(self.most, self.busy)
        time.sleep(0.02)
        made = ask(*given)
        with self.lock:
            self.busy -= 1
        return made

    def predict(self, *given):
        return self._counted(self.forecaster.predict, *given)

    def aware_of(self, table):
        self._counted(self.forecaster.aware_of, table)
        return self


def test_questions_at_the_same_time_are_answered_one_by_one(naive, monkeypatch):
    model = _score_series.Model(naive.folder)
    counting = Counting(model.forecaster)
    monkeypatch.setattr(model, "forecaster", counting)
    monkeypatch.setattr(_score_series, "_served", model)
    recent = json.loads(monthly(74).tail(2).to_json(orient="records", date_format="iso"))
    bodies = [json.dumps({"context": recent} if k % 2 else {}) for k in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(_score_series.run, bodies))
    assert [len(one["predictions"]) for one in answers] == [12] * 8
    assert counting.most == 1


def test_what_is_no_number_is_null_in_answers_of_the_server(naive, tmp_path, monkeypatch):
    made = export(naive, "docker", tmp_path / "context").path
    predict = naive.model.predict

    def endless(*given):
        told = predict(*given)
        told.loc[0, "forecast"], told.loc[1, "forecast"] = np.nan, np.inf
        return told

    def read(folder):
        model = _score_series.Model(folder)
        monkeypatch.setattr(model.forecaster, "predict", endless)
        return model

    score = {**vars(_score_series), "Model": read}
    monkeypatch.setitem(sys.modules, "reading", _reading)
    monkeypatch.setitem(sys.modules, "score", SimpleNamespace(**score))
    with TestClient(runpy.run_path(made / "server.py")["app"]) as served:
        for body in ({}, {"Inputs": {"data": []}}):
            answer = served.post("/invocations", json=body)
            assert answer.status_code == 200, answer.text
            if body:
                told = answer.json()["Results"]["forecast"]
            else:
                told = [one["forecast"] for one in answer.json()["predictions"]]
            assert told[:2] == [None, None] and None not in told[2:]
