"""An API that records what the commands ask of it, and tells a short story of events."""

import json
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import trialbook
from trialbook import events
from trialbook.cli import main
from trialbook.data import Guardrail
from trialbook.errors import OptionError
from trialbook.evaluation.drift import Drift
from trialbook.serving import Progress, Scored
from trialbook.tables.plain import Note

STORY = (
    events.Started(
        "bank", "classification", "roc_auc", 41188, 20, "3-fold cross-validation", "W", 300.0
    ),
    events.GuardrailChecked("missing values", "passed", "no value is missing", ""),
    events.GuardrailChecked(
        "class balance", "alerted", "'yes' has 11 % of the rows", "class weights are tried"
    ),
    events.PlanReady((("Baseline", 1.0), ("LightGBM", 14.0), ("Voting ensemble", 3.0)), 2, 1),
    events.TrialStarted(1, "Baseline", "Dummy"),
    events.FoldDone(1, 0, 3, 0.5),
    events.TrialFinished(1, "Baseline", "Dummy", 0.5, 0.0, 0.4, True),
    events.TrialStarted(2, "LightGBM", "LightGBM"),
    events.TrialStarted(3, "SVM", "SVM"),
    events.FoldDone(2, 0, 3, 0.95),
    events.FoldDone(2, 1, 3, 0.97),
    events.TrialFailed(3, "SVM", "SVM", "took more memory than 4.0 GB"),
    events.TrialStopped(4, "Tree", "Tree", 0.61, "stopped after fold 1 of 3: no gain"),
    events.TrialFinished(2, "LightGBM", "LightGBM", 0.961234, 0.004, 12.3, True),
    events.StepsSkipped(("Voting ensemble",), "one trial is not enough"),
    events.Warned("the disk is nearly full"),
    events.Stopping("the deadline is near"),
    events.Tested("LightGBM", {"accuracy": 0.91, "roc_auc": 0.963}),
    events.Finished("LightGBM", 0.961234, 65.0, "W/trial.ipynb"),
)


@dataclass
class FakeTrial:
    number: int = 2
    label: str = "LightGBM"
    learner: str = "LightGBM"
    state: str = "finished"
    error: str | None = None
    params: dict = field(default_factory=lambda: {"n_estimators": 100, "l2": np.float64(0.5)})
    metrics: dict = field(default_factory=lambda: {"accuracy": 0.91, "roc_auc": 0.961234})
    notebook: Path = Path("W/artifacts/2/program/trial.ipynb")
    program: Path = Path("W/artifacts/2/program/trial.py")
    uri: str = "runs:/abc/model"
    run_id: str = "abc"
    model: object = None
    edited: bool = False
    refitted: bool = False
    log: str = "fold 1 done"


GUARDRAILS = (
    Guardrail("Missing values", "passed", "no feature has missing values", ""),
    Guardrail("Identifiers", "fixed", "'id' is an identifier", "dropped", ("id",)),
    Guardrail(
        "Class balance", "alerted", "'yes' has 11%", "weights are tried", ("y",), (3, 17, 204)
    ),
)


class FakeExperiment:
    name = "bank"
    workspace = Path("W")
    elsewhere = None
    task = "classification"
    metric = "roc_auc"
    max_predict_ms = None
    status = "finished"
    exploration = Path("W/exploration.ipynb")
    profile = Path("W/profile.html")
    report = Path("W/report.html")
    guardrails = GUARDRAILS
    ledger = ()
    schema = types.SimpleNamespace(text=(), series=None)
    best = FakeTrial()
    trials = (FakeTrial(),)

    def __init__(self):
        self.asked = []

    @property
    def leaderboard(self):
        return pd.DataFrame(
            {
                "rank": [1, 2],
                "trial": [2, 1],
                "label": ["LightGBM", "Baseline"],
                "learner": ["LightGBM", "Dummy"],
                "score": [0.961234, 0.5],
                "std": [0.004, np.nan],
                "fit_s": [12.3, 0.4],
                "predict_ms": [0.0123, 0.001],
                "predict_row_ms": [2.5, 0.4],
                "size_mb": [1.25, 0.01],
                "state": ["finished", "finished"],
                "best": [True, False],
            }
        )

    def trial(self, which):
        if which == "nonsense":
            raise OptionError("there is no trial 'nonsense'", remedy="Known: LightGBM, Baseline.")
        self.asked.append(which)
        return FakeTrial(number=int(which) if which.isdecimal() else 2)

    def features(self, trial="best"):
        self.asked.append(("features", trial))
        columns = {
            "column": ["age", "day", "id"],
            "type": ["numeric", "datetime", "identifier"],
            "evidence": ["70 different whole numbers", "stored as times", "all differ"],
            "dropped": [None, None, "identifier"],
            "transformations": [["median imputation", "ratio of two"], ["calendar"], []],
            "n_features": [2, 5, 0],
            "features": [["age", "age / size"], [f"day_{i}" for i in range(5)], []],
        }
        return pd.DataFrame(columns).astype({"dropped": object})

    def test(self, data, trial=None):
        self.asked.append((data, trial))
        return {"accuracy": 0.9, "roc_auc": np.float64(0.95)}


class FakeApi(types.ModuleType):
    """Stands for `trialbook.api`; `calls` is what was asked, in order."""

    def __init__(self):
        super().__init__("trialbook.api")
        self.calls = []
        self.experiment = FakeExperiment()
        self.error = None

    def _play(self, call, /, *arguments, listeners=(), **named):
        self.calls.append((call, arguments, named))
        if self.error is not None:
            raise self.error
        for event in STORY:
            for listener in listeners:
                listener(event)

    def train(self, job, *, listeners=()):
        self._play("train", job, listeners=listeners)
        return self.experiment

    def plan(self, job):
        self._play("plan", job)
        return types.SimpleNamespace(
            job=job,
            steps=STORY[3].steps,
            guardrails=GUARDRAILS,
            n_workers=2,
            cores_per_trial=1,
            schema=None,
        )

    def guardrails(self, job):
        self._play("guardrails", job)
        return GUARDRAILS

    def resume(self, workspace, name=None, *, listeners=(), **named):
        self._play("resume", workspace, name, listeners=listeners, **named)
        return self.experiment

    def open(self, workspace="trialbook", name=None, *, tracking_uri=None):
        self._play("open", workspace, name, tracking_uri=tracking_uri)
        return self.experiment

    def find_trial(self, model="best", *, workspace="trialbook", name=None, tracking_uri=None):
        self._play("find_trial", model, workspace=workspace, name=name, tracking_uri=tracking_uri)
        chosen = self.experiment.best if model == "best" else self.experiment.trial(model)
        return self.experiment, chosen

    def load_model(self, which, **named):
        """No model here forecasts series, which is what is asked before rows are predicted."""
        raise OptionError(f"there is no model '{which}'")

    def score(self, model, data, out, *, listener, **named):
        self._play("score", model, data, Path(out).name, **named)
        listener(Progress(rows=1, reused=0, total=2, exact=True, seconds=0.5))
        answers = [{"prediction": "no"}, {"prediction": "yes"}]
        if Path(out).suffix == ".jsonl":
            Path(out).write_text("".join(json.dumps(row) + "\n" for row in answers))
        else:
            Path(out).write_text("prediction\nno\nyes\n")
        note = Note("dates are written in 2 ways", "read as dates", ("day",))
        return Scored(Path(out), "best", 2, 1, 0.5, ("prediction",), None, (note,))

    def drift(self, model, data, **named):
        self._play("drift", model, data, **named)
        return Drift("churn@3", "training rows", "new.csv", 400, 90, (400, 90), (), notes=("few",))

    def rerun(self, notebook, *, listeners=(), **named):
        self._play("rerun", notebook, listeners=listeners, **named)
        return FakeTrial(number=4, label="LightGBM edited", edited=True)


@pytest.fixture
def api(monkeypatch):
    fake = FakeApi()
    monkeypatch.setitem(sys.modules, "trialbook.api", fake)
    monkeypatch.setattr(trialbook, "api", fake, raising=False)
    return fake


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys, tmp_path, monkeypatch):
    """Run one command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run_command


@pytest.fixture
def story():
    return STORY
