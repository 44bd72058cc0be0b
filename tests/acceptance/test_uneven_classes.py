"""A big table of very uneven classes: fewer rows of the largest one train, each of more weight."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import trialbook as tb
from trialbook.data import _big, _downsample, _prepare

pytestmark = pytest.mark.acceptance

N_ROWS = 8_000
SCORE = re.compile(r"^validation log_loss: (\S+) ±", re.MULTILINE)


def table(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N_ROWS, 3))
    rare = x[:, 0] + rng.logistic(size=N_ROWS) > 4
    return pd.DataFrame(x, columns=["a", "b", "c"]).assign(y=np.where(rare, "rare", "usual"))


@pytest.fixture(scope="module")
def experiment(tmp_path_factory, warm_workers):
    with pytest.MonkeyPatch.context() as patch:
        for module in (_prepare, _big):
            patch.setattr(module, "BIG_ROWS", 1_000)
        patch.setattr(_downsample, "LEAST_ROWS", 500)
        patch.setattr(_downsample, "SHARE", 0.0)
        yield tb.classify(
            table(),
            "y",
            metric="log_loss",
            test_size=0.1,
            validation_size=0.1,
            allow=["logistic_regression"],
            max_trials=1,
            timeout="240s",
            voting=False,
            stacking=False,
            workspace=tmp_path_factory.mktemp("workspace"),
        )


def test_probabilities_stay_those_of_all_rows(experiment):
    new = table(seed=1)
    probability = experiment.predict_proba(new)["rare"]
    assert len(pd.read_parquet(experiment.folder / "data" / "train.parquet")) < 0.8 * 0.9 * N_ROWS
    assert probability.mean() == pytest.approx((new["y"] == "rare").mean(), rel=0.15)


def test_it_is_a_guardrail_and_is_reported(experiment):
    found = next(one for one in experiment.guardrails if one.name == "Class sampling")
    assert re.search(r"are kept \(\d+.\d%\), with weight \d.\d+ in place of 1", found.action)
    assert found.action in experiment.report.read_text("utf-8")


def test_the_notebook_shows_the_weights_and_gives_the_score(experiment, without_trialbook):
    program = experiment.best.program
    text = program.read_text("utf-8")
    assert "# Only some rows of the largest class train." in text
    assert 'WEIGHT = "__sample_weight"' in text
    done = subprocess.run(
        [sys.executable, program.name],
        cwd=program.parent,
        env={**without_trialbook, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = float(SCORE.search(done.stdout)[1])
    assert printed == pytest.approx(experiment.best.score, abs=1e-6)


def test_mlflow_counts_the_checks(experiment):
    run = experiment._tracker.workspace.client.get_run(experiment.run_id)
    alerted = [one.name for one in experiment.guardrails if one.verdict == "alerted"]
    assert run.data.metrics["guardrails_alerted"] == len(alerted)
    assert run.data.tags["trialbook.alerted"] == ", ".join(alerted)
