"""The examples run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

# Generous, for a machine that does other work: the runs end with their one trial.
pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_basic_scenario_ends_with_a_model_from_the_registry(tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, EXAMPLES / "basic_scenario.py", "--workspace", tmp_path / "W"),
            *("--max-trials", "1", "--timeout", "90s"),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=540,
    )
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert re.search(r"1\. birds@0: [\d,]+ rows, 17 columns", out)
    said = re.search(
        r"The leaderboard says (\S+), the notebook:\s+validation roc_auc: (\S+) ±", out
    )
    assert said[1] == said[2]
    assert "models:/bird-strikes/1" in out
    assert {line.split()[-1] for line in out.splitlines()[-5:]} <= {"yes", "no"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["W", "W-birds.csv"]
