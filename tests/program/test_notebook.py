"""One text, three forms: script, notebook and module."""

from __future__ import annotations

import json
import subprocess
import sys

import cloudpickle
import jupytext
import nbformat
import pytest

from trialbook.errors import DataError
from trialbook.program import from_notebook, import_program, to_notebook, with_absolute_paths

PROGRAM = '''\
# %% [markdown]
# # A title
#
# Some *words* — größer.

# %%
import math

FACTOR = 3


# %%
def area(r):
    """A circle's."""
    return FACTOR * math.pi * r**2


# %%
if __name__ == "__main__":
    print(area(2))
'''


def notebook_of(program, **metadata):
    return nbformat.reads(to_notebook(program, metadata), as_version=4)


def test_a_program_becomes_a_valid_notebook_of_its_cells():
    notebook = notebook_of(PROGRAM)
    nbformat.validate(notebook)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "code", "code"]
    assert notebook.cells[0].source == "# A title\n\nSome *words* — größer."
    assert notebook.cells[2].source.startswith("def area(r):")
    assert notebook.metadata["kernelspec"]["language"] == "python"


def test_its_cells_are_those_that_jupytext_finds():
    theirs = jupytext.reads(PROGRAM, fmt="py:percent").cells
    ours = notebook_of(PROGRAM).cells
    assert [(c.cell_type, c.source) for c in ours] == [(c.cell_type, c.source) for c in theirs]


def test_what_jupytext_writes_above_and_beside_the_cells_is_no_cell():
    above = "# ---\n# jupyter: {}\n# ---\n\n"
    program = above + '# %% [markdown] tags=["a"]\n# Text\n\n# %% a title\nx = 1\n'
    cells = notebook_of(program).cells
    assert [(c.cell_type, c.source) for c in cells] == [("markdown", "Text"), ("code", "x = 1")]


def test_a_notebook_says_where_it_comes_from():
    assert notebook_of(PROGRAM, experiment="bank").metadata["trialbook"] == {"experiment": "bank"}


def test_the_same_program_gives_the_same_notebook():
    assert to_notebook(PROGRAM, {"run_id": "a"}) == to_notebook(PROGRAM, {"run_id": "a"})
    ids = [cell["id"] for cell in notebook_of(PROGRAM).cells]
    assert len(set(ids)) == len(ids)


def test_a_notebook_is_read_as_the_program_that_it_was(tmp_path):
    path = tmp_path / "trial.ipynb"
    path.write_text(to_notebook(PROGRAM, {"trial": "tree-1"}), "utf-8")
    program, metadata = from_notebook(path)
    assert metadata == {"trial": "tree-1"}
    assert code_of(program) == code_of(PROGRAM)


def test_a_script_is_read_too(tmp_path):
    path = tmp_path / "trial.py"
    path.write_text(PROGRAM, "utf-8")
    program, metadata = from_notebook(path)
    assert metadata == {}
    assert code_of(program) == code_of(PROGRAM)


def test_outputs_of_a_notebook_that_was_run_are_left_behind(tmp_path):
    notebook = notebook_of(PROGRAM)
    notebook.cells[3]["outputs"] = [nbformat.v4.new_output("stream", text="37.69\n")]
    notebook.cells[3]["execution_count"] = 4
    path = tmp_path / "trial.ipynb"
    nbformat.write(notebook, path)
    assert "37.69" not in from_notebook(path)[0]


def test_a_program_read_from_a_notebook_runs(tmp_path):
    notebook = notebook_of(PROGRAM)
    notebook.cells[1]["source"] = "import math\n\nFACTOR = 0"
    nbformat.write(notebook, tmp_path / "trial.ipynb")
    program, _ = from_notebook(tmp_path / "trial.ipynb")
    (tmp_path / "edited.py").write_text(program, "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "edited.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0.0\n"


def test_a_missing_notebook_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such notebook"):
        from_notebook(tmp_path / "trial.ipynb")


@pytest.mark.parametrize("text", ["no JSON", "{}", "[1]", '{"cells": 3, "nbformat": 4}', ""])
def test_a_file_that_is_no_notebook_is_refused(tmp_path, text):
    (tmp_path / "trial.ipynb").write_text(text, "utf-8")
    with pytest.raises(DataError, match="cannot read the notebook"):
        from_notebook(tmp_path / "trial.ipynb")


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "trial.xlsx").write_bytes(b"PK")
    with pytest.raises(DataError, match="cannot read the notebook"):
        from_notebook(tmp_path / "trial.xlsx")


# -- as a module -----------------------------------------------------------------------------


@pytest.fixture
def module(tmp_path):
    (tmp_path / "trial.py").write_text(PROGRAM, "utf-8")
    yield import_program(tmp_path / "trial.py", "a_trial")
    sys.modules.pop("a_trial")


def test_a_program_is_imported_without_running_its_last_cells(module, capsys):
    assert module.FACTOR == 3
    assert module.area(1) == pytest.approx(9.42477796)
    assert capsys.readouterr().out == ""


def test_a_later_program_replaces_an_earlier_one_of_the_name(module, tmp_path):
    (tmp_path / "other.py").write_text("FACTOR = 5\n", "utf-8")
    other = import_program(tmp_path / "other.py", "a_trial")
    assert other.FACTOR == 5
    assert sys.modules["a_trial"] is other


def test_its_functions_load_where_the_program_does_not_exist(module):
    script = (
        "import sys, pickle; area = pickle.loads(bytes.fromhex(sys.argv[1]));"
        "print(area(2), 'a_trial' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", script, cloudpickle.dumps(module.area).hex()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(module.area(2)), "False"]


def code_of(program):
    """Cells of a program without what jupytext writes above them."""
    notebook = json.loads(to_notebook(program, {}))
    return [(cell["cell_type"], cell["source"]) for cell in notebook["cells"]]


def test_a_program_finds_its_artifacts_from_anywhere_with_absolute_paths(tmp_path):
    source = 'DATA = Path("../../a/train.parquet")\nMEMBERS = {"x-1": Path("../b")}\nSIGN = "../b"'
    folder = tmp_path / "run" / "program"
    told = with_absolute_paths(source, folder)
    assert f'DATA = Path("{tmp_path.as_posix()}/a/train.parquet")' in told
    assert f'Path("{tmp_path.as_posix()}/run/b")' in told
    assert told.endswith('SIGN = "../b"')
