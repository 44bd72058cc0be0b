"""Bodies that cannot be answered: each one is told why, and never costs the server."""

from __future__ import annotations

import json

import pytest

from .conftest import NAMES

JSON = "application/json"
ROW = {"age": 1, "income": 1.0, "member": True, "job": "cook", "since": None, "seen": None}


def rows(**cells):
    return json.dumps({"dataframe_records": [ROW, ROW | cells]})


def without(name):
    return {key: value for key, value in ROW.items() if key != name}


def split(columns, data):
    return json.dumps({"dataframe_split": {"columns": columns, "data": data}})


CELLS = list(ROW.values())
# What is sent, the status, what the cause says, and where.
BODIES = {
    "nothing": ("", 400, "empty"),
    "blanks": (" \n ", 400, "empty"),
    "no JSON": ("age=3", 400, "no JSON"),
    "JSON that is cut off": ('{"dataframe_records": [{"age": 1', 400, "no JSON"),
    "two documents": ("{} {}", 400, "no JSON"),
    "not UTF-8": (b'{"inputs": "\xff\xfe"}', 400, "not UTF-8"),
    "UTF-16": ('{"inputs": []}'.encode("utf-16"), 400, "not UTF-8"),
    "half a character": ('{"inputs": [{"job": "\\ud800"}]}', 400, "half a character"),
    "NaN": (rows(income=float("nan")), 400, "NaN is not JSON"),
    "Infinity": (rows(income=float("-inf")), 400, "-Infinity is not JSON"),
    "a number beyond float64": (rows().replace("1.0", "1e999", 1), 422, "too large"),
    "a number of 400 digits": (rows(age=10**400), 422, "too large"),
    "a number of 5,000 digits": (
        rows().replace("1.0", "9" * 5_000, 1),
        400,
        "thousands of digits",
    ),
    "a thousand levels": ("[" * 100_000 + "]" * 100_000, 400, "too deeply"),
    "a key twice": ('{"inputs": [{"age": 1, "age": 2}]}', 400, "'age' stands twice"),
    "a list": ("[1, 2]", 400, "a list, not an object"),
    "a text": ('"rows"', 400, "a text, not an object"),
    "null": ("null", 400, "null, not an object"),
    "an object without a form": ("{}", 400, "exactly one of"),
    "an unknown form": ('{"dataframe_record": []}', 400, "exactly one of"),
    "two forms": ('{"inputs": [], "instances": []}', 400, "has 2 of them"),
    "a key beside the form": (json.dumps({"inputs": [ROW], "param": {}}), 400, "key 'param'"),
    "no rows": ('{"dataframe_records": []}', 400, "no rows"),
    "rows that are a number": ('{"instances": 5}', 400, "a number, not a list"),
    "a row that is a number": (json.dumps({"inputs": [ROW, 5]}), 400, "row 1 is a number"),
    "a row without a column": (
        json.dumps({"inputs": [ROW, without("age")]}),
        422,
        "lacks column 'age'",
    ),
    "split without a column": (split(NAMES[1:], [CELLS[1:]]), 422, "lack column 'age'"),
    "split without data": ('{"dataframe_split": {"columns": []}}', 400, "no object with columns"),
    "split, a column twice": (split([*NAMES, "age"], [[*CELLS, 1]]), 400, "'age' is named twice"),
    "split, names that are numbers": (split([1, 2], [[1, 2]]), 400, "no list of names"),
    "split, a row too short": (split(NAMES, [CELLS, CELLS[1:]]), 400, "row 1 has 5 values"),
    "columns of two lengths": (
        json.dumps({"inputs": {"age": [1, 2], "income": [1]}}),
        400,
        "have 1 to 2 rows",
    ),
    "a text for a number": (rows(age="old"), 422, "holds 'old' where a number is expected"),
    "a number for a truth": (rows(member=3), 422, "holds 3 where true or false is expected"),
    "a text that is no date": (rows(since="soon"), 422, "holds 'soon' where a date"),
    "a number for a time": (rows(seen=5), 422, "holds 5 where a date is expected"),
    "a list for a cell": (rows(job=["cook"]), 422, "the cell is a list"),
    "an object for a cell": (rows(job={"is": "cook"}), 422, "the cell is an object"),
    "an unknown parameter": (
        json.dumps({"inputs": [ROW], "params": {"methods": 1}}),
        400,
        "parameter 'methods'",
    ),
    "parameters that are a list": (json.dumps({"inputs": [ROW], "params": []}), 400, "a list"),
    "an unknown method": (
        json.dumps({"inputs": [ROW], "params": {"method": "predict_prob"}}),
        400,
        "method 'predict_prob'",
    ),
    "a method that is a list": (
        json.dumps({"inputs": [ROW], "params": {"method": []}}),
        400,
        "unknown method",
    ),
    "Azure's without data": ('{"Inputs": {}}', 400, "key"),
    "Azure's with more": (json.dumps({"Inputs": [ROW], "Outputs": 1}), 400, "key 'Outputs'"),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_malformed_body_is_refused_with_its_cause(client, what):
    body, status, cause = BODIES[what]
    content = body if isinstance(body, bytes) else body.encode()
    answer = client.post("/invocations", content=content, headers={"content-type": JSON})
    assert answer.status_code == status
    assert answer.headers["content-type"] == JSON
    error = answer.json()["error"]
    assert cause in error["cause"]
    assert error["status"] == status
    # Who has to mend it is told where or how.
    assert error.get("place") or error.get("remedy")


@pytest.mark.parametrize(
    "what", ["a text for a number", "a list for a cell", "an object for a cell"]
)
def test_a_wrong_cell_is_told_by_row_and_column(client, what):
    body, _, cause = BODIES[what]
    (problem,) = client.post("/invocations", content=body).json()["error"]["problems"]
    assert problem["row"] == 1
    assert problem["column"] in ("age", "job")
    assert cause in problem["cause"]
    assert problem["remedy"].startswith("Send")


@pytest.mark.parametrize(
    ("headers", "cause"),
    [
        ({"content-type": "application/xml"}, "content type 'application/xml'"),
        ({"content-type": "application/json; charset=latin-1"}, "encoding 'latin-1'"),
        ({"content-type": JSON, "content-encoding": "gzip"}, "compressed"),
    ],
)
def test_other_kinds_of_bodies_are_refused(client, headers, cause):
    answer = client.post("/invocations", content=rows(), headers=headers)
    assert answer.status_code == 415
    assert cause in answer.json()["error"]["cause"]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ("", "empty"),
        ("age,income\n1,2\n", "lacks columns"),
        ("age,income,member,job,since,seen\nold,1,true,cook,,\n", "holds 'old'"),
        ("age,income,member,job,since,seen\n1,1,true\n", ""),
        (b"age\n\xff\xfe\n", "not UTF-8"),
    ],
)
def test_malformed_csv_is_refused(client, body, cause):
    answer = client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert answer.status_code in (400, 422)
    assert cause in answer.json()["error"]["cause"]


def test_a_hundred_problems_are_told_at_most(client):
    body = json.dumps({"inputs": [ROW | {"age": "old"}] * 500})
    assert len(client.post("/invocations", content=body).json()["error"]["problems"]) == 100
