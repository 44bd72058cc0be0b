"""A profile in the terminal."""

import json

import numpy as np
import pandas as pd
import pytest

from trialbook.cli import main
from trialbook.cli._profile import blocks


@pytest.fixture
def table(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    y = rng.choice(["no", "yes"], 60)
    frame = pd.DataFrame(
        {
            "size": (y == "yes") * 3 + rng.normal(size=60).round(2),
            "code": rng.integers(0, 3, 60),
            "[red]": rng.choice(["a", "b"], 60),
            "y": y,
        }
    )
    frame.loc[:5, "size"] = np.nan
    frame.to_csv(tmp_path / "t.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return "t.csv"


def test_each_column_has_a_line(table, capsys):
    assert main(["profile", table, "--target", "y"]) == 0
    out = capsys.readouterr().out
    assert "t.csv: 60 rows, 4 columns" in out
    assert "classification of y" in out
    line = next(line for line in out.splitlines() if line.strip().startswith("size"))
    assert "numeric" in line
    assert "10.0 %" in line
    assert "█" in line
    assert "[red]" in out
    assert "Missing values" in out


def test_the_document_is_all_that_is_written(table, capsys):
    assert main(["profile", table, "--json", "--types", "code=categorical"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["n_rows"] == 60
    assert {one["name"]: one["semantic"] for one in document["columns"]}["code"] == "categorical"


def test_the_page_is_written_to_a_file(table, tmp_path, capsys):
    assert main(["profile", table, "--target", "y", "--html", "p.html"]) == 0
    assert (tmp_path / "p.html").read_text().startswith("<!DOCTYPE html>")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "p.html" in captured.err


def test_a_folder_that_is_not_there_is_refused_before_the_table_is_read(capsys):
    assert main(["profile", "nothing.csv", "--html", "no/p.html"]) == 2
    assert "folder 'no' does not exist" in capsys.readouterr().err


def test_distributions_are_drawn_with_blocks():
    assert blocks([1, 4, 2, 0]) == "▂█▄ "
    assert len(blocks([1] * 30)) == 10
    assert blocks([]) == ""
