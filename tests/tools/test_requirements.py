"""The environment of the notebooks has Trialbook's dependencies, without Trialbook."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_lines_are_the_dependencies_and_the_extras():
    script = ROOT / "tools" / "requirements.py"
    done = subprocess.run(
        [sys.executable, str(script), "notebook", "tables"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert any(line.startswith("scikit-learn") for line in lines)
    assert any(line.startswith("nbconvert") for line in lines)
    assert any(line.startswith("deltalake") for line in lines)
    assert not any("trialbook" in line for line in lines)


def test_the_tested_versions_name_no_place_of_one_machine():
    text = (ROOT / "constraints.txt").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) > 100
    assert all("==" in line and "/" not in line and "@" not in line for line in lines)
