"""The same ONNX file gives the same predictions in Node as in Python."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trialbook._plain import plain
from trialbook.models.onnx import OnnxModel, to_onnx

EXAMPLE = Path(__file__).parents[3] / "examples" / "onnx" / "predict.mjs"
FIND = "require('onnxruntime-node')"


@pytest.fixture(scope="module")
def node():
    """The program, where the package onnxruntime-node is beside the example or on NODE_PATH."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    found = subprocess.run(
        [program, "-e", FIND], cwd=EXAMPLE.parent, capture_output=True, check=False
    )
    if found.returncode:
        pytest.skip("onnxruntime-node is not installed: run npm install in examples/onnx")
    return program


def run(node, model, rows):
    done = subprocess.run(
        [node, EXAMPLE, model, rows], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    out = rows.with_name("out.csv")
    out.write_text(done.stdout)
    return pd.read_csv(out, float_precision="round_trip")


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_classes_are_as_probable_in_node(node, model, table, tmp_path, ending):
    path, rows = tmp_path / "model.onnx", tmp_path / f"rows.{ending}"
    path.write_bytes(to_onnx(model.estimator, model.schema).SerializeToString())
    if ending == "csv":
        table.to_csv(rows, index=False)
    else:
        rows.write_text(json.dumps(plain(table)))
    found, here = run(node, path, rows), OnnxModel(path)
    assert found["prediction"].tolist() == here.predict(table).tolist()
    probabilities = found[["probability_no", "probability_yes"]].to_numpy()
    expected = here.predict_proba(table).to_numpy()
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-12)
    assert len(np.unique(expected)) > 5


def test_numbers_are_the_same_in_node(node, numbers, table, tmp_path):
    path, rows = tmp_path / "model.onnx", tmp_path / "rows.csv"
    path.write_bytes(to_onnx(numbers.estimator, numbers.schema).SerializeToString())
    table.to_csv(rows, index=False)
    found = run(node, path, rows)["prediction"].to_numpy()
    np.testing.assert_allclose(found, OnnxModel(path).predict(table), rtol=1e-12)


CELLS = 'a,b\r\n"x, ""y""",\n,"two\nlines"\n'
READ = """
import { readCsv, time } from "EXAMPLE";
console.log(JSON.stringify([
  readCsv(CELLS),
  String(time("2024-02-29 23:59:59.123456789", null)),
  String(time("2024-03-01T01:00:00+01:00", "ISO8601")),
  String(time("31/02/2024", "%d/%m/%Y")),
  String(time("03/02/99", "%d/%m/%y")),
]));
"""


def test_the_example_reads_cells_as_they_are_meant(node, tmp_path):
    script = tmp_path / "read.mjs"
    script.write_text(
        READ.replace("EXAMPLE", EXAMPLE.as_uri()).replace("CELLS", json.dumps(CELLS))
    )
    done = subprocess.run([node, script], capture_output=True, text=True, check=True)
    rows, precise, zoned, never, short = json.loads(done.stdout)
    assert rows == [{"a": 'x, "y"', "b": ""}, {"a": "", "b": "two\nlines"}]
    assert int(precise) == pd.Timestamp("2024-02-29 23:59:59.123456789").value
    assert int(zoned) == pd.Timestamp("2024-03-01").value
    assert int(never) == np.iinfo(np.int64).min
    assert int(short) == pd.Timestamp("1999-02-03").value
