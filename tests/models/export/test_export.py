"""Models in forms that others can use, where there is no Trialbook."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import replace
from importlib.metadata import version
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml

import trialbook as tb
from trialbook.errors import ExportError, OptionError
from trialbook.models import BACKGROUND_FILE
from trialbook.models.export import export
from trialbook.models.export._requirements import constraints, portable

# Runs a script of the folder where trialbook is not to be found.
ALONE = """
import runpy, sys
sys.modules["trialbook"] = None
sys.argv = sys.argv[1:]
sys.path.insert(0, "")
runpy.run_path(sys.argv[0], run_name="__main__")
"""
START_S = 60


def alone(folder, *arguments, **environment):
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.Popen(
        [sys.executable, "-c", ALONE, *map(str, arguments)],
        cwd=folder,
        env={**inherited, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )


# -- zip ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unpacked(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zip")
    made = export(model, "zip", folder / "churn.zip")
    with zipfile.ZipFile(made.path) as archive:
        assert sorted(archive.namelist()) == list(made.files)
        archive.extractall(folder / "churn")
    return folder / "churn"


def test_a_zip_predicts_where_there_is_no_trialbook(unpacked, model, table, tmp_path):
    table.to_csv(tmp_path / "rows.csv", index=False)
    out = tmp_path / "out.csv"
    run = alone(unpacked, "score.py", tmp_path / "rows.csv", "--proba", "-o", out)
    assert run.wait(timeout=120) == 0, run.stderr.read()
    written = pd.read_csv(out, float_precision="round_trip")
    assert written["prediction"].tolist() == model.predict(table).tolist()
    expected = model.predict_proba(table).to_numpy()
    np.testing.assert_array_equal(written[["probability_no", "probability_yes"]], expected)


def test_a_zip_names_every_package_and_the_python_that_made_it(unpacked):
    read = {
        line
        for name in ("requirements.txt", "constraints.txt")
        for line in (unpacked / name).read_text().splitlines()
    }
    assert f"scikit-learn=={version('scikit-learn')}" in read
    assert f"joblib=={version('joblib')}" in read  # which only scikit-learn wants
    environment = yaml.safe_load((unpacked / "conda.yaml").read_text())
    python, _, packages = environment["dependencies"]
    assert python == "python={}.{}.{}".format(*sys.version_info)
    assert set(packages["pip"]) == read


def test_a_zip_holds_no_rows_but_the_example_and_no_path(unpacked, model, tmp_path):
    assert (model.folder / BACKGROUND_FILE).is_file()
    assert not list(unpacked.rglob("*.parquet"))
    example = json.loads((unpacked / "input_example.json").read_text(), parse_constant=pytest.fail)
    assert len(example["dataframe_records"]) == 3
    home = str(model.folder.parent).encode()
    assert not [one for one in unpacked.rglob("*") if one.is_file() and home in one.read_bytes()]


def test_the_same_model_gives_the_same_bytes(model, tmp_path, monkeypatch):
    first = export(model, "zip", tmp_path / "a.zip").path.read_bytes()
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert export(model, "zip", tmp_path / "b.zip").path.read_bytes() == first


def test_its_readme_says_how_to_use_it_and_that_it_is_a_pickle(unpacked):
    text = (unpacked / "README.md").read_text()
    for words in ("label-1", "one of `no`, `yes`", "score.py", "if you trust", "`size` | number"):
        assert words in text


def test_a_model_of_before_that_kept_no_schema_is_exported_with_it(model, tmp_path):
    folder = shutil.copytree(model.folder, tmp_path / "model")
    (folder / "schema.json").unlink()
    made = export(replace(model, folder=folder), "zip", tmp_path / "churn.zip")
    assert tb.load_model(made.path, trust=True).schema == model.schema


def test_an_exported_zip_is_a_model_again(model, table, tmp_path):
    path = export(model, "zip", tmp_path / "churn.zip").path
    again = tb.load_model(path, trust=True)
    np.testing.assert_array_equal(again.predict(table), model.predict(table))


# -- docker -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def context(model, tmp_path_factory):
    return export(model, "docker", tmp_path_factory.mktemp("docker") / "churn").path


def instructions(text):
    """The instructions of a Dockerfile, each on one line."""
    lines = text.replace("\\\n", "").splitlines()
    return [tuple(line.split(None, 1)) for line in lines if line and not line.startswith("#")]


def test_the_image_is_pinned_runs_as_nobody_and_is_asked_for_its_health(context):
    steps = instructions((context / "Dockerfile").read_text())
    names = [name for name, _ in steps]
    assert steps[0] == ("ARG", "PYTHON={}.{}.{}".format(*sys.version_info))
    assert steps[1] == ("FROM", "python:${PYTHON}-slim-bookworm")
    user = names.index("USER")
    assert steps[user][1] not in ("root", "0")
    assert "RUN" not in names[user:]
    assert "HEALTHCHECK" in names
    for command in (steps[-1][1], dict(steps)["HEALTHCHECK"].split("CMD ")[1]):
        assert json.loads(command)[0] == "python"


def test_what_the_image_copies_is_there(context):
    steps = instructions((context / "Dockerfile").read_text())
    sources = [word for name, rest in steps if name == "COPY" for word in rest.split()[:-1]]
    assert {"model/", "requirements.txt", "server.py"} <= set(sources)
    assert all((context / one).exists() for one in sources)
    assert "trialbook." not in (context / "server.py").read_text()
    pinned = (context / "requirements.txt").read_text()
    assert "uvicorn==" in pinned
    assert "mlflow" not in pinned


def test_openmp_is_installed_for_lightgbm_alone(context):
    from trialbook.models.export._texts import dockerfile

    assert "apt-get" not in (context / "Dockerfile").read_text()
    assert "libgomp1" in dockerfile("3.11.7", ["numpy==2.0", "lightgbm==4.7.0"])


@pytest.fixture(scope="module")
def server(context):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    process = alone(context, "server.py", PORT=str(port), HOST="127.0.0.1", MAX_BYTES="20000")
    home = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_S
    try:
        while True:
            try:
                urllib.request.urlopen(f"{home}/health", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the server does not start: {process.stderr.read()}")
                time.sleep(0.1)
        yield SimpleNamespace(home=home)
    finally:
        process.terminate()
        process.wait(timeout=START_S)
        process.stderr.close()


def ask(server, body, kind="application/json", path="/invocations"):
    headers = {} if body is None else {"Content-Type": kind}
    request = urllib.request.Request(server.home + path, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        return error.code, json.loads(text) if text.startswith("{") else text


def test_the_server_answers_as_the_model_does(server, context, model, table):
    expected = model.predict(table).tolist()
    body = table.to_csv(index=False).encode()
    assert ask(server, body, "text/csv; charset=utf-8") == (200, {"predictions": expected})
    example = (context / "input_example.json").read_bytes()
    assert ask(server, example) == (200, {"predictions": expected[:3]})
    assert ask(server, None, path="/health") == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        (b"{", "application/json", 400, "Expecting"),
        (b"[" * 5000, "application/json", 400, "recursion"),
        (b"\xff", "application/json", 400, "decode"),
        (b'{"inputs": [{"size": 1}]}', "application/json", 400, "lacks"),
        (b"size\nmany\n", "text/csv", 400, "lacks"),
        (b"", "text/csv", 400, "lacks|No columns"),
        (b"<rows/>", "text/xml", 415, "application/json"),
        (b" " * 20001, "application/json", 413, "20000"),
    ],
)
def test_a_bad_request_is_told_why(server, body, kind, status, says):
    got, answer = ask(server, body, kind)
    assert got == status
    assert any(one in answer["error"] for one in says.split("|")), answer


def test_there_is_nothing_else_to_ask_for(server):
    assert ask(server, None, path="/model/model.pkl")[0] == 404
    assert ask(server, None, path="/invocations")[0] == 405


# -- pickle, and all forms ----------------------------------------------------------------


def test_a_pickle_is_the_estimator_with_its_requirements(model, table, tmp_path):
    made = export(model, "pickle", tmp_path / "churn.pkl")
    estimator = pickle.loads(made.path.read_bytes())
    X = model.conform(table)
    np.testing.assert_array_equal(estimator.predict(X), model.predict(table))
    assert made.files == ("churn.pkl", "churn.requirements.txt")
    assert "scikit-learn==" in (tmp_path / "churn.requirements.txt").read_text()


def test_forms_and_places_that_are_none_are_refused(model, tmp_path):
    with pytest.raises(OptionError, match="Did you mean 'onnx'"):
        export(model, "onx", tmp_path / "a")
    with pytest.raises(OptionError, match="does not exist"):
        export(model, "zip", tmp_path / "none" / "a.zip")
    with pytest.raises(OptionError, match="is a folder"):
        export(model, "zip", tmp_path)
    (tmp_path / "kept").write_text("kept")
    with pytest.raises(OptionError, match="something already"):
        export(model, "docker", tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]


def test_a_name_with_a_version_names_the_file(model, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert export(model, "pickle").path == tmp_path / "label-1.pkl"
    assert export(model, "docker").path == tmp_path / "label-1-docker"


@pytest.mark.parametrize("which", ["model", "numbers"])
def test_an_onnx_file_answers_as_the_model_on_real_rows(request, which, table, tmp_path):
    model = request.getfixturevalue(which)
    made = export(model, "onnx", tmp_path / "churn.onnx", rows=table)
    assert made.parity.holds
    assert (made.parity.n_rows, made.size) == (len(table), made.path.stat().st_size)
    again = tb.load_model(made.path)
    assert again.schema == model.schema
    ask = "predict_proba" if model.is_classification else "predict"
    difference = np.abs(getattr(again, ask)(table) - getattr(model, ask)(table))
    assert np.max(difference) == pytest.approx(made.parity.max_difference, abs=1e-15)
    assert np.max(difference) < 1e-5  # of single precision


def test_a_file_that_answers_otherwise_is_not_written(model, table, tmp_path, monkeypatch):
    from trialbook.models import onnx

    wrong = onnx.to_onnx(model.estimator, model.schema)
    for one in wrong.graph.initializer:  # any weight of the model
        if one.data_type == 11 and len(one.dims) == 2 and np.prod(one.dims) > 5:
            values = onnx_array(one)
            one.raw_data = (values + 0.01).tobytes()
    monkeypatch.setattr(onnx, "to_onnx", lambda *_: wrong)
    with pytest.raises(ExportError, match="answer otherwise than the model does, on 160 rows"):
        export(model, "onnx", tmp_path / "churn.onnx", rows=table)
    assert not list(tmp_path.iterdir())


def onnx_array(tensor):
    from onnx import numpy_helper

    return numpy_helper.to_array(tensor)


def test_without_rows_no_onnx_is_written(model, tmp_path):
    with pytest.raises(ExportError, match="there are no rows"):
        export(model, "onnx", tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_constraints_are_what_comes_along_in_the_versions_that_are_here():
    lines = constraints([f"scikit-learn=={version('scikit-learn')}"])
    assert f"joblib=={version('joblib')}" in lines
    assert not any(line.startswith("scikit-learn") for line in lines)
    # What comes with another version is not known here.
    assert constraints(["scikit-learn==0.24"]) == []
    assert constraints(["no-such-library==1"]) == []


def test_xgboost_is_installed_as_its_platform_has_it():
    from packaging.requirements import Requirement

    cpu, other = map(Requirement, portable(["xgboost-cpu==3.0"]))
    assert (cpu.name, other.name) == ("xgboost-cpu", "xgboost")
    for platform in ("linux", "win32", "darwin"):
        here = {"sys_platform": platform, "platform_machine": "x86_64"}
        assert cpu.marker.evaluate(here) is (platform != "darwin")
        assert other.marker.evaluate(here) is (platform == "darwin")
