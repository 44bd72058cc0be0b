"""Inputs of ONNX models are made of rows as they are made of tables."""

from __future__ import annotations

import json
import shutil
from functools import partial

import numpy as np
import onnx
import pandas as pd
import pytest

from trialbook.models.onnx import feeds
from trialbook.serving.server._feeds import Feeder
from trialbook.serving.server._typed import Reader

from .conftest import NAMES


@pytest.fixture(scope="module")
def feeder(model):
    return Feeder(model.schema)


def same(feeder, schema, rows):
    for _ in range(2):  # dates that were seen are remembered
        made, expected = feeder.feed(rows), feeds(rows.frame(), schema)
        assert list(made) == list(expected)
        for name, cells in expected.items():
            assert made[name].dtype == cells.dtype
            assert made[name].shape == cells.shape
            np.testing.assert_array_equal(made[name], cells)


@pytest.mark.parametrize("n_rows", [1, 7, 40])
def test_rows_are_fed_as_tables_are(feeder, model, records, n_rows):
    columns = {name: [one[name] for one in records[:n_rows]] for name in NAMES}
    same(feeder, model.schema, Reader(model.schema).read(columns, n_rows))


@pytest.mark.parametrize("name", NAMES)
def test_missing_cells_are_fed_as_tables_have_them(feeder, model, records, name):
    for part in (records[:1], records[:3]):
        columns = {key: [one[key] for one in part] for key in NAMES}
        columns[name] = [None, *columns[name][1:]]
        same(feeder, model.schema, Reader(model.schema).read(columns, len(part)))


def test_an_onnx_file_is_served_as_its_model_is(serve, onnx_pair, records):
    """The file and the model that it was made of give the same labels and probabilities."""
    model, path = onnx_pair
    body = {"inputs": records, "params": {"method": "predict_proba"}}
    by_file, by_model = serve(str(path)), serve(model, engine="onnx")
    assert by_file.get("/health").json()["models"][0]["engine"] == "onnx"
    assert by_model.get("/health").json()["models"][0]["engine"] == "onnx"
    expected = model.predict_proba(pd.DataFrame(records)).to_numpy()
    for client in (by_file, by_model):
        given = client.post("/invocations", json=body).json()["predictions"]
        np.testing.assert_allclose(given, expected, atol=1e-5)
        labels = client.post("/invocations", content=json.dumps({"inputs": records})).json()
        assert labels["predictions"] == model.predict(pd.DataFrame(records)).tolist()


def test_an_onnx_file_that_was_replaced_is_served_anew(serve, onnx_pair, tmp_path):
    _, path = onnx_pair
    served = tmp_path / "model.onnx"
    shutil.copyfile(path, served)
    client = serve(str(served), token="secret")
    reload = partial(client.post, "/reload", headers={"Authorization": "Bearer secret"})
    assert not reload().json()["models"][0]["changed"]
    proto = onnx.load(served)
    proto.doc_string = "another one"
    onnx.save(proto, served)
    assert reload().json()["models"][0]["changed"]
    assert not reload().json()["models"][0]["changed"]
