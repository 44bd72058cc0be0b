"""The model card: all that is known of a model, on one page."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import trialbook as tb
from trialbook.cli import main
from trialbook.data import prepare
from trialbook.errors import NoModelError, OptionError
from trialbook.evaluation import charts
from trialbook.evaluation.conformal import calibrate
from trialbook.evaluation.errors import Cell, ErrorMap
from trialbook.execution import OOF
from trialbook.execution._oof import write_oof
from trialbook.experiment import state
from trialbook.job import Job
from trialbook.lifecycle import Experiment
from trialbook.lifecycle.card._blocks import (
    Bars,
    Checks,
    Code,
    Facts,
    Grid,
    Heat,
    Picture,
    Pictures,
    Points,
    Section,
    Text,
)
from trialbook.lifecycle.card._html import card_page
from trialbook.lifecycle.card._judged import _by_class
from trialbook.lifecycle.card._markdown import card_text
from trialbook.models import Covered
from trialbook.tracking import Tracker, Workspace

PARTS = [
    "Model",
    "Intended use and limits",
    "How good it is",
    "Where it errs",
    "How it treats groups",
    "What its sets of classes promise",
    "What it looks at",
    "Data",
    "Checks of the data",
    "How to use it",
    "Environment",
]


@pytest.fixture
def experiment(predicted, prepared):
    """The experiment, whose model has charts and requirements, and is registered."""
    trial = predicted.best
    predicted._tracker.log(predicted.run_id, tags={"data": "bank@3"})
    predicted.register("churn")
    y = (prepared.test["label"] == "yes").to_numpy().astype(int)
    drawn = charts("classification", y, trial.model.predict_proba(prepared.test), ("no", "yes"), 1)
    (trial.folder / "test").mkdir()
    drawn["roc"].write_data(trial.folder / "test")
    (trial.folder / "model" / "requirements.txt").write_text("scikit-learn==1.9.1\n", "utf-8")
    return predicted


def only_size(X):
    return X[["size"]]


def people(n=120):
    """A table with a column that is no feature."""
    size = np.sin(np.arange(n))
    return pd.DataFrame(
        {
            "size": size,
            "kind": "a",
            "flag": True,
            "day": pd.Timestamp("2025-01-01"),
            "sex": np.where(np.arange(n) % 2, "f", "m"),
            "label": np.where(size > 0, "yes", "no"),
        }
    )


@pytest.fixture
def numbers(tmp_path):
    """An experiment with a model of a number, written by hand; rows have a day."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"size": rng.normal(size=400)})
    table["day"] = pd.date_range("2024-01-01", periods=400)
    table["lacking"] = np.where(np.arange(400) % 2, np.nan, 1.5 * np.arange(400))
    table["price"] = 10 + 3 * table["size"] + rng.normal(size=400)
    job = Job(data=Job.IN_MEMORY, target="price", name="prices", test_size=0.25, folds=2)
    prepared = prepare(job, frame=table)
    tracker = Tracker.create(
        Workspace.open(tmp_path / "w", create=True), "prices", {"metric": "rmse", "data": "x"}
    )
    state.write_inputs(tracker.new_folder(tracker.run_id), job, prepared)
    run_id = tracker.start_trial(1, "line-1", "line", {"config": "{}"})
    folder = tracker.new_folder(run_id)
    model = make_pipeline(FunctionTransformer(only_size), LinearRegression())
    model.fit(prepared.train, prepared.train["price"])
    (folder / "model").mkdir()
    (folder / "model" / "model.pkl").write_bytes(cloudpickle.dumps(model))
    (folder / "model" / "schema.json").write_text(json.dumps(prepared.schema.to_dict()), "utf-8")
    prediction = model.predict(prepared.train)
    write_oof(folder / OOF, [np.arange(len(prediction))], [prediction])
    calibrate(prepared.train["price"].to_numpy(), prediction).write(folder / "model")
    tracker.finish_trial(run_id, {"score": 1.0, "score_std": 0.1}, {}, {})
    return Experiment(tracker)


def test_a_card_of_a_number_has_intervals_and_the_limits_of_its_data(numbers):
    made = numbers.card(timeout="20s", fairness_by="day")
    text = made.to_markdown()
    table = re.search(r"\| 90 % \| ([\d.]+) % \| ([\d.]+) \| ([\d.]+) % \| ([\d.]+) \|", text)
    kept, width, kept_in_test, width_in_test = map(float, table.groups())
    # Errors are of standard deviation 1: nine of ten are within 1.645 of both sides.
    assert kept == pytest.approx(90, abs=4)
    assert kept_in_test == pytest.approx(90, abs=9)
    assert width == pytest.approx(2 * 1.645, rel=0.2)
    assert width_in_test == pytest.approx(width, rel=0.1)
    assert "'day' is from 2024-" in text
    assert "are missing in lacking" in text
    assert "Rows were divided at random, not by time" in text
    assert "| mean absolute error |" in text.lower()
    assert "**price, median**" in text
    assert "predict_interval" in text
    assert re.search(r"\| rmse \| [\d.]+ \| [\d.]+ to [\d.]+ \| [\d.]+ \|", text)


class Links(HTMLParser):
    """What a page asks for from elsewhere, and its texts."""

    def __init__(self, page):
        super().__init__()
        self.asked, self.tags = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.asked += [value for name, value in attrs if name in ("src", "href")]


def test_a_card_has_every_part_and_is_kept_with_the_trial(experiment):
    made = experiment.card(
        data=people(),
        fairness_by="sex",
        timeout="20s",
        intended_use="Only for <tests>",
        owner="Ada",
    )
    assert [one.title for one in made.sections if one.blocks] == PARTS
    assert made.title == "churn@1"
    page = (experiment.best.folder / "card" / "card.html").read_text("utf-8")
    assert page == made.to_html()
    for said in ("Only for &lt;tests&gt;", "Owner: Ada", "roc_auc", "small-1", "predict_set"):
        assert said in page
    assert "data:image/png;base64," in page
    text = (experiment.best.folder / "card" / "card.md").read_text("utf-8")
    assert "## How it treats groups" in text
    assert re.search(r"\| roc\\?_auc \| [\d.]+ \| [\d.]+ to", text)
    picture = re.search(r"!\[.*?\]\((card_files/.*?\.png)\)", text)[1]
    assert (experiment.best.folder / "card" / picture).read_bytes().startswith(b"\x89PNG")


def test_a_card_asks_for_nothing_from_elsewhere(experiment):
    found = Links(experiment.card(timeout="2s").to_html())
    assert all(one.startswith(("#", "data:image/png")) for one in found.asked)
    assert "link" not in found.tags
    assert "script" not in found.tags


def test_a_card_tells_no_places_of_this_machine(experiment):
    page = experiment.card(timeout="2s").to_html()
    assert str(experiment.workspace.parent) not in page


def test_what_there_is_no_time_for_is_said(experiment):
    made = experiment.card(timeout=0.001)
    said = {one.key: one.blocks[0] for one in made.sections if one.blocks}
    assert "were over" in said["errors"].text


def test_without_calibration_and_predictions_the_card_says_so(experiment):
    folder = experiment.best.folder
    (folder / "model" / "conformal.json").unlink()
    (folder / "oof" / "oof.parquet").unlink()
    made = experiment.card(timeout="60s")
    said = {one.key: one.blocks for one in made.sections}
    assert "stored without" in said["intervals"][0].text
    assert "20 rows" in said["errors"][0].text  # those of the test are too few


def test_a_card_is_found_by_the_name_of_the_model(experiment, tmp_path):
    made = tb.card("churn", workspace=experiment.workspace, timeout="2s")
    assert made.folder == experiment.best.folder / "card"
    made.write(tmp_path / "a.md")
    assert "a_files/" in (tmp_path / "a.md").read_text("utf-8")
    assert list((tmp_path / "a_files").glob("*.png"))
    with pytest.raises(OptionError, match=r"\.html or \.md"):
        made.write(tmp_path / "a.pdf")
    with pytest.raises(OptionError, match="does not say which trial"):
        tb.card(experiment.best.folder / "model", workspace=experiment.workspace)


def test_a_trial_without_a_model_has_no_card(written):
    written.add(1, "failing-1")
    with pytest.raises(NoModelError):
        written.experiment.card("failing-1")


def test_the_command_writes_a_card_and_prints_where(experiment, tmp_path, capsys):
    where = ["--workspace", str(experiment.workspace), "--timeout", "2s"]
    assert main(["card", "churn", "-o", str(tmp_path / "x.html"), *where]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "x.html")
    assert (tmp_path / "x.html").is_file()
    assert main(["card", "--json", *where]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["page"].endswith("card.html")
    assert "Where it errs" in document["parts"]
    assert main(["card", "-o", "x.pdf", *where]) == 2


SECTION = Section(
    "a",
    "A <b>",
    [
        Text("1 < 2 and *not* bold"),
        Facts([("name", "snake_case"), ("nothing", "")]),
        Grid(("a|b", "c"), [("x|y", "1")], (1,), title="T"),
        Bars([("one", 0.5, "50 %")]),
        Checks([("alerted", "Leak", "found.")]),
        Points(["a point"]),
        Code("x = 1 < 2", "python"),
        Heat(ErrorMap(("a", "b"), ("l",), ("m", "n"), ((Cell(0), Cell(9, 0.5)),)), 0.1, True, "H"),
        Pictures([Picture("p", "a picture", b"png")]),
    ],
    lead="why",
)


def test_a_wide_picture_has_a_line_of_its_own():
    def png(width):
        return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big") + bytes(9)

    pictures = [Picture("one", "Curves", png(930)), Picture("two", "Bars", png(480))]
    page = card_page("card", "a", "b", [Section("s", "S", [Pictures(pictures)])])
    found = re.findall(r'<figure class="([^"]*)"><figcaption>(\w+)', page)
    assert found == [("card wide", "Curves"), ("card", "Bars")]


def test_of_many_classes_those_that_keep_least_are_told():
    kept = tuple(0.701 + place / 100 for place in range(14))
    rows, weak = _by_class([*"abcdefghijklmn"], Covered(0.9, 0.8, 1.0, (*kept[::-1],)))
    assert [label for label, _ in rows] == [*"nmlkjihgfedc"] and rows[0][1] == "70.1 %"
    assert len(weak) == 10
    few, _ = _by_class(["a", "b"], Covered(0.9, 0.8, 1.0, (0.9, None)))
    assert few == [("a", "90.0 %"), ("b", "no rows")]


def test_texts_are_no_markup_in_html():
    page = card_page("Kind", "T", "about", [SECTION, Section("none", "Left out", [])])
    assert "1 &lt; 2 and *not* bold" in page
    assert "A &lt;b&gt;" in page
    assert "Left out" not in page
    assert "<dt>nothing" not in page
    assert "50.0 %<small>9</small>" in page


def test_texts_are_no_markup_in_markdown():
    text = card_text("Kind", "T", "about", [SECTION, Section("none", "Left out", [])], "p_files")
    assert r"1 \< 2 and \*not\* bold" in text
    assert "- **name**: snake_case" in text
    assert r"| x\|y | 1 |" in text
    assert "```python\nx = 1 < 2\n```" in text
    assert "50.0 % (9)" in text
    assert "![a picture](p_files/p.png)" in text
    assert "Left out" not in text
