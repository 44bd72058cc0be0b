"""A forecaster that is given away: as a zip, for Docker, as a pickle, but not as ONNX."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile

import cloudpickle
import pandas as pd
import pytest
from tests.forecasters import future_of, monthly, trained

import trialbook as tb
from trialbook.errors import ExportError
from trialbook.models.export import _score_series, export

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
