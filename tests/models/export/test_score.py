"""The script that is given away with a model: it reads tables as Trialbook does."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pytest

from trialbook._plain import plain
from trialbook.models.export import _reading, _score

# What `to_json` writes is rounded.
FORMS = {
    "records": plain,
    "columns": lambda t: {"columns": list(t), "data": [list(row.values()) for row in plain(t)]},
    "lists": lambda t: [list(row.values()) for row in plain(t)],
    "by column": lambda t: {name: plain(t[name]) for name in t},
    "of Azure": lambda t: {**FORMS["columns"](t[t.columns[::-1]]), "index": [*range(len(t))]},
}


@pytest.fixture(scope="module")
def scorer(model):
    return _score.Model(model.folder)


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz", "parquet", "jsonl", "json"])
def test_files_of_all_kinds_are_answered_as_trialbook_does(scorer, model, table, tmp_path, ending):
    path = tmp_path / f"rows.{ending}"
    if ending == "parquet":
        table.to_parquet(path)
    elif ending == "json":
        path.write_text(json.dumps({"dataframe_split": FORMS["columns"](table)}))
    elif ending == "jsonl":
        path.write_text("\n".join(map(json.dumps, FORMS["records"](table))))
    else:
        table.to_csv(path, index=False, sep="\t" if ending == "tsv" else ",")
    # Columns stand in another order, and there are more of them than the model wants.
    found = scorer.read(path)
    found = found[found.columns[::-1]]
    np.testing.assert_array_equal(scorer.predict_proba(found), model.predict_proba(table))
    np.testing.assert_array_equal(scorer.predict(found), model.predict(table))


def test_text_is_read_to_the_last_sign(scorer, table, tmp_path):
    said = ["one\r\ntwo", " a ", "NA", "", 'é;"'] * 32
    rows = table.assign(kind=said)
    rows.to_csv(tmp_path / "rows.csv", index=False, sep=";")
    found = scorer.conform(scorer.read(tmp_path / "rows.csv"))["kind"]
    assert found.fillna("").tolist() == said
    assert found.isna().tolist() == [one == "" for one in said]


def test_numbers_are_predicted(numbers, table):
    scorer = _score.Model(numbers.folder)
    np.testing.assert_array_equal(scorer.predict(table), numbers.predict(table))
    with pytest.raises(ValueError, match="no probabilities"):
        scorer.predict_proba(table)


def odd(table):
    """The same rows with cells as other tables have them."""
    made = table.copy()
    made["count"] = pd.array(table["count"], dtype="Int64")
    made["kind"] = table["kind"].astype("category")
    made["when"] = table["when"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    made["flag"] = table["flag"].map({True: " True ", False: "0"})
    made["size"] = table["size"].map(lambda cell: f" {cell!r}", na_action="ignore")
    made["code"] = table["code"].astype("string")
    day = pd.to_datetime(table["day"], format="%d.%m.%Y")
    made["day"] = day.dt.strftime("%Y-%m-%d").where(day.dt.day > 3, table["day"])
    return made.set_index(pd.Index(range(5, 5 + len(made))))


def test_cells_are_brought_to_what_they_were_in_training(scorer, model, table):
    conformed = scorer.conform(odd(table))
    pd.testing.assert_frame_equal(conformed, model.conform(odd(table)), check_dtype=False)
    np.testing.assert_array_equal(scorer.predict_proba(odd(table)), model.predict_proba(table))
    dates = table.assign(day=pd.to_datetime(table["day"], format="%d.%m.%Y").dt.date)
    np.testing.assert_array_equal(scorer.predict_proba(dates), model.predict_proba(table))


@pytest.mark.parametrize(
    ("form", "cell", "number"),
    [
        (None, " +1.5e3 ", 1500.0),
        ("1.234,5", "-1.234.567,5", -1234567.5),
        ("1.234,5", "12.5", 12.5),
        ("$1,234.5", "$2,000", 2000.0),
        ("$1,234.5", "-$ 3", -3.0),
        ("1 234,5 €", "1\u00a0234,5 €", 1234.5),
        ("1234,5", "0,5", 0.5),
        ("1234.5%", "12%", 12.0),
        (None, "n/a", float("nan")),
        (None, "1,5", None),
        (None, "1_000", None),
        ("1,234.5", "1,23", None),
        (None, "many", None),
        (None, [1], None),
    ],
)
def test_numbers_are_read_as_they_were_written_in_training(form, cell, number):
    np.testing.assert_equal(_reading._number(cell, form), number)


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("size", "many", "'many' in row 2, where a number"),
        ("size", "1,5", "where a number"),
        ("flag", "perhaps", "true or false"),
        ("when", "soon", "a date such as"),
        ("kind", ["a"], "where text"),
    ],
)
def test_a_cell_of_another_kind_is_told_with_its_row(scorer, table, column, cell, says):
    rows = table.head(4).astype({column: object})
    rows.at[1, column] = cell
    with pytest.raises(ValueError, match=f"column '{column}' .*{says}"):
        scorer.predict(rows)


def test_a_table_that_does_not_fit_is_refused(scorer, table, tmp_path):
    with pytest.raises(ValueError, match="lacks 'size', 'kind'"):
        scorer.predict(table.drop(columns=["size", "kind"]))
    with pytest.raises(ValueError, match="no rows"):
        scorer.predict(table.head(0))
    with pytest.raises(ValueError, match="cannot tell the format"):
        scorer.read(tmp_path / "rows.xls")


@pytest.mark.parametrize(
    "wrap",
    [
        lambda forms: {"dataframe_records": forms["records"]},
        lambda forms: {"dataframe_split": forms["columns"]},
        lambda forms: {"instances": forms["records"]},
        lambda forms: {"inputs": forms["by column"]},
        lambda forms: {"inputs": forms["lists"]},
        lambda forms: {"input_data": forms["columns"]},
        lambda forms: {"input_data": {"data": forms["records"]}},
        lambda forms: {"Inputs": {"data": forms["records"]}},
        lambda forms: {"Inputs": {"data": forms["of Azure"]}},
        lambda forms: {"Inputs": forms["of Azure"]},
        lambda forms: {"Inputs": forms["records"]},
        lambda forms: {"Inputs": forms["lists"]},
        lambda forms: forms["columns"],
        lambda forms: forms["records"],
        lambda forms: forms["records"][0],
    ],
)
def test_requests_of_all_forms_are_understood(scorer, model, table, wrap):
    rows = table[scorer.columns].assign(when=table["when"].dt.strftime("%Y-%m-%d %H:%M:%S"))
    rows = rows.head(5)
    document = wrap({name: make(rows) for name, make in FORMS.items()})
    answered = _score.answer(scorer, document)
    (key,) = answered
    assert key == ("Results" if "Inputs" in document else "predictions")
    expected = model.predict(rows).tolist()
    assert answered[key] == expected[: len(answered[key])]
    assert len(answered[key]) == (1 if document == FORMS["records"](rows)[0] else 5)


def test_probabilities_are_asked_for_by_azures_and_mlflows_parameters(scorer, model, table):
    records = FORMS["records"](table.head(3))
    expected = model.predict_proba(table.head(3)).to_numpy().tolist()
    ask = {"method": "predict_proba"}
    azure = {"Inputs": {"data": records}, "GlobalParameters": ask}
    assert _score.answer(scorer, azure) == {"Results": expected}
    mlflow = {"dataframe_records": records, "params": ask}
    assert _score.answer(scorer, mlflow) == {"predictions": expected}


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        3,
        "rows",
        None,
        {"dataframe_records": []},
        {"dataframe_split": {"columns": ["a"], "data": [[1, 2]]}},
        {"inputs": {"a": [1, 2], "b": [1]}},
        {"Inputs": {}},
        {"instances": [{"a": 1}, 2]},
        {"dataframe_records": [{"a": 1}], "params": {"method": "drop_tables"}},
        {"dataframe_records": [{"a": 1}], "params": ["predict"]},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(scorer, document):
    with pytest.raises(ValueError, match=r"\w"):
        _score.answer(scorer, document)


def test_a_column_that_is_there_twice_is_refused(scorer):
    names = [*scorer.columns, scorer.columns[0]]
    document = {"input_data": {"columns": names, "data": [[1] * len(names)]}}
    with pytest.raises(ValueError, match=f"the column '{names[0]}' is there twice"):
        _score.answer(scorer, document)


def test_azure_calls_init_and_run(model, table, monkeypatch):
    monkeypatch.setenv("AZUREML_MODEL_DIR", str(model.folder.parent))
    monkeypatch.setattr(_score, "_served", None)
    _score.init()
    body = json.dumps({"Inputs": {"data": FORMS["records"](table.head(2))}})
    assert _score.run(body) == {"Results": model.predict(table.head(2)).tolist()}
    assert "no rows found" in _score.run("{}")["error"]
    assert "error" in _score.run("{")


def test_the_command_line_writes_predictions(model, table, tmp_path, capsys):
    rows, out = tmp_path / "rows.csv", tmp_path / "out.parquet"
    rows.write_bytes(table.to_csv(index=False).encode("utf-8-sig"))
    given = [str(rows), "--model", str(model.folder)]
    assert _score.main([*given, "--proba", "-o", str(out)]) == 0
    written = pd.read_parquet(out)
    assert list(written) == ["prediction", "probability_no", "probability_yes"]
    assert written["prediction"].tolist() == model.predict(table).tolist()
    for name in ("out.csv", "out.jsonl"):
        assert _score.main([*given, "-o", str(tmp_path / name)]) == 0
    assert pd.read_csv(tmp_path / "out.csv")["prediction"].tolist() == list(written["prediction"])
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == len(table)
    assert _score.main(given) == 0
    assert capsys.readouterr().out.startswith("prediction\n")
    rows.write_bytes(gzip.compress(b""))
    assert _score.main(given) == 2
    assert capsys.readouterr().err.startswith("Error: ")


def test_cells_of_longer_lines_do_not_move_to_other_columns(scorer):
    names = ",".join(scorer.columns)
    cells = [str(place) for place in range(len(scorer.columns))]
    line = ",".join(cells)
    for text in (f"{names}\n{line}\n", f"{names}\n{line},\n{line},\n"):
        assert list(scorer.read_text(text).iloc[0]) == cells
    with pytest.raises(ValueError, match="more cells"):
        scorer.read_text(f"{names}\n{line},9\n{line},9\n")
