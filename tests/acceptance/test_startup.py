"""Trialbook starts at once, because it imports nothing heavy until it is needed."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.acceptance

HEAVY = (
    *("numpy", "pandas", "scipy", "sklearn", "skrub", "pyarrow", "mlflow", "sqlalchemy"),
    *("lightgbm", "xgboost", "catboost", "optuna", "matplotlib", "jupytext", "nbformat"),
    *("torch", "tabm"),
)
LOADED = f"""
import sys
print(*[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""


def loaded_by(code):
    """The heavy packages that some code imports, and what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code + LOADED], capture_output=True, text=True, check=True
    )
    return done.stderr.split(), done.stdout


def test_the_list_of_heavy_packages_is_looked_for():
    loaded, _ = loaded_by("import numpy")
    assert loaded == ["numpy"]


def test_importing_trialbook_imports_nothing_heavy():
    loaded, out = loaded_by("import trialbook; print(*trialbook.__all__)")
    assert loaded == []
    assert {"classify", "regress", "open", "Job"} <= set(out.split())


def test_the_doors_for_people_from_elsewhere_import_nothing_heavy_before_one_is_opened():
    loaded, out = loaded_by("import trialbook.compat; print(*trialbook.compat.__all__)")
    assert loaded == []
    assert out.split() == ["azure", "databricks", "sklearn"]


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"]])
def test_the_help_imports_nothing_heavy(arguments):
    loaded, out = loaded_by(f"from trialbook.cli import main; assert main({arguments}) == 0")
    assert loaded == []
    assert "trialbook" in out


def test_a_command_line_that_cannot_be_understood_imports_nothing_heavy():
    loaded, _ = loaded_by(
        "import contextlib, io\n"
        "from trialbook.cli import main\n"
        "with contextlib.redirect_stderr(io.StringIO()):\n"
        "    assert main(['train', 'x.csv']) == 2\n"
    )
    assert loaded == []
