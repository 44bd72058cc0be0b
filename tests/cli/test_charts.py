"""Charts on the command line: listed, written, and the learning curve."""

import json

import numpy as np
import pytest

from trialbook.evaluation import Chart, charts, learning_curve, read_charts


@pytest.fixture
def kept(api, tmp_path, monkeypatch):
    """A trial with charts in a folder; one of them has a picture."""
    rng = np.random.default_rng(0)
    y, score = rng.integers(0, 2, 60), rng.random(60)
    proba = np.column_stack([1 - score, score])
    for chart in charts("classification", y, proba, ["no", "yes"], 1).values():
        chart.write_data(tmp_path / "charts")
        chart.write_data(tmp_path / "test")
    read_charts(tmp_path / "charts")["roc"].write_picture(tmp_path / "charts")
    found = read_charts(tmp_path / "charts")
    found |= {f"test/{name}": chart for name, chart in read_charts(tmp_path / "test").items()}
    monkeypatch.setattr(type(api.experiment.best), "charts", found, raising=False)
    return tmp_path


def test_charts_are_listed_with_their_files(kept, run):
    document = json.loads(run("charts", "2", "--json").out)
    assert document["trial"] == "LightGBM"
    by_name = {one["chart"]: one for one in document["charts"]}
    assert {"roc", "lift", "test/roc", "test/lift"} <= set(by_name)
    assert by_name["roc"]["picture"] == str(kept / "charts" / "roc.png")
    assert by_name["lift"]["picture"] is None
    assert by_name["lift"]["data"] == str(kept / "charts" / "lift.json")
    assert by_name["lift"]["lines"][:2] == ["macro", "weighted"]
    out = run("charts").out
    assert "LightGBM: charts" in out and "cumulative_gains" in out


def test_charts_are_written_into_a_folder(kept, run, tmp_path):
    target = tmp_path / "out"
    outcome = run("charts", "-o", str(target), "--chart", "lift", "--chart", "test/roc")
    assert outcome.code == 0
    assert "2 charts of LightGBM are in" in outcome.out.replace("\n", " ")
    files = {str(path.relative_to(target)) for path in target.rglob("*.*")}
    assert files == {"lift.png", "lift.json", "test/roc.png", "test/roc.json"}


def test_a_line_can_be_drawn_alone(kept, run, tmp_path):
    outcome = run("charts", "-o", str(tmp_path / "out"), "--line", "micro", "--json")
    written = {one["chart"] for one in json.loads(outcome.out)["charts"]}
    assert "roc" in written and "confusion_matrix" not in written


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--chart", "rok"), "has no chart 'rok'"),
        (("--line", "micro"), "--line is for drawing"),
        (("--line", "mikro", "-o", "out"), "no chart has a line 'mikro'"),
    ],
)
def test_what_there_is_not_is_told(kept, run, options, reason):
    outcome = run("charts", *options)
    assert outcome.code != 0
    assert reason in outcome.err.replace("\n", " ")


def test_the_learning_curve_is_told_in_a_table(api, run, monkeypatch):
    points = [
        {
            "fold": 1,
            "share": s,
            "rows": int(s * 1000),
            "training": t,
            "validation": v,
            "seconds": 1,
        }
        for s, t, v in ((0.5, 0.99, 0.8), (1.0, 0.95, 0.9))
    ]
    chart = Chart("learning_curve", learning_curve(points, "roc_auc", greater_is_better=True))
    asked = []

    def answer(self, trial, *, timeout):
        asked.append((trial, timeout))
        return chart

    monkeypatch.setattr(type(api.experiment), "learning_curve", answer, raising=False)
    outcome = run("learning-curve", "2", "--timeout", "2m")
    assert asked == [("LightGBM", 120.0)]
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["1,000", "0.95000", "0.90000", "1"] in rows
    document = json.loads(run("learning-curve", "--json").out)
    assert document["curves"][1]["score"] == [0.8, 0.9]
