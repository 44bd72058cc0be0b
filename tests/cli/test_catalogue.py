"""The commands that keep tables by name."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from trialbook.cli import main


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bank.csv").write_text("age,job\n30,a\n41,\n")

    def run(*arguments):
        code = main(["tables", *arguments, "--workspace", "work"])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_what_was_interpreted_is_told(run):
    Path("prices.csv").write_text("price;y\n1.234,5;a\n7,25;b\n")
    code, out, err = run("upload", "prices.csv")
    assert (code, out) == (0, "prices@0: 2 rows, 2 columns\n")
    assert err == "note: numbers are written like 1.234,5 in 'price'; read as 1234.5\n"


def test_a_table_is_uploaded_listed_shown_and_dropped(run):
    assert run("upload", "bank.csv") == (0, "bank@0: 2 rows, 2 columns\n", "")
    assert run("upload", "bank.csv", "--append")[1] == "bank@1: 4 rows, 2 columns\n"
    assert run("upload", "bank.csv", "--name", "other")[1].startswith("other@0")
    listed = run("list")[1]
    assert "bank" in listed and "other" in listed and "bank.csv" in listed
    shown = run("show", "bank")[1]
    assert "bank@1: 4 rows, 2 columns" in shown
    assert "30 | 41 | 30 | 41" in shown and "a | – | a | –" in shown
    assert shown.count("upload") == 2
    assert "bank@0: 2 rows" in run("show", "bank@0", "--rows", "0")[1]
    assert run("drop", "bank", "--yes") == (0, "bank is deleted.\n", "")
    assert "bank " not in run("list")[1]


def test_without_tables_the_list_says_how_to_add_one(run):
    run("upload", "bank.csv")
    run("drop", "bank", "--yes")
    assert "trialbook tables upload FILE" in run("list")[1]


def test_programs_get_one_document_of_each(run):
    assert json.loads(run("upload", "bank.csv", "--json")[1])["version"] == 0
    assert [entry["name"] for entry in json.loads(run("list", "--json")[1])] == ["bank"]
    shown = json.loads(run("show", "bank", "--json")[1])
    assert shown["schema"][0] == {"name": "age", "storage": "number", "type": "int64"}
    assert shown["sample"] == [{"age": 30, "job": "a"}, {"age": 41, "job": None}]
    assert shown["versions"][0]["source"] == "bank.csv"
    assert json.loads(run("drop", "bank", "--yes", "--json")[1]) == {
        "dropped": "bank",
        "versions": 1,
    }


def test_nothing_is_dropped_where_nobody_can_be_asked(run):
    run("upload", "bank.csv")
    code, _, err = run("drop", "bank")
    assert code == 2 and "Add --yes" in err
    assert run("show", "bank")[0] == 0


@pytest.mark.parametrize(("answer", "kept"), [("n\n", True), ("y\n", False)])
def test_who_is_asked_decides(run, monkeypatch, answer, kept):
    run("upload", "bank.csv")
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    code, out, err = run("drop", "bank")
    assert (code, err) == (0, "")
    assert out.endswith(f"bank is {'kept' if kept else 'deleted'}.\n")
    assert (run("show", "bank")[0] == 0) is kept


def test_a_damaged_table_can_be_dropped(run):
    run("upload", "bank.csv")
    (log,) = Path().rglob("_delta_log/*.json")
    log.write_text("broken")
    assert "cannot be opened" in run("drop", "bank")[2]
    assert run("drop", "bank", "--yes") == (0, "bank is deleted.\n", "")
    assert "no table 'bank'" in run("drop", "bank", "--yes")[2]


def test_an_upload_that_is_interrupted_has_nothing_to_resume(run, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("trialbook.tables.upload", stopped)
    code, _, err = run("upload", "bank.csv")
    assert (code, err.strip()) == (130, "Interrupted.")


def test_bad_input_names_the_remedy(run):
    run("upload", "bank.csv")
    assert "Did you mean 'upload'?" in run("uplaod", "bank.csv")[2]
    code, _, err = run("show", "bnak")
    assert code == 2 and "Did you mean 'bank'?" in err
    assert "Did you mean 'bank.csv'?" in run("upload", "bnk.csv")[2]
