"""All forms of requests are answered alike, as the model itself answers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from .conftest import NAMES


def rows_of(records, n_rows=5):
    return records[:n_rows], [[one[name] for name in NAMES] for one in records[:n_rows]]


def bodies(records):
    by_name, by_place = rows_of(records)
    columns = {name: [one[name] for one in by_name] for name in NAMES}
    turned = NAMES[::-1]
    return {
        "split": {"dataframe_split": {"columns": NAMES, "data": by_place}},
        "split, columns in another order": {
            "dataframe_split": {
                "index": [7, 8, 9, 10, 11],
                "columns": ["more", *turned],
                "data": [[1, *(one[name] for name in turned)] for one in by_name],
            }
        },
        "records": {"dataframe_records": [one | {"more": "ignored"} for one in by_name]},
        "instances as objects": {"instances": by_name},
        "instances as lists": {"instances": by_place},
        "instances as columns": {"instances": columns},
        "inputs as columns": {"inputs": columns},
        "inputs as columns of one cell": {
            "inputs": {name: [[cell] for cell in cells] for name, cells in columns.items()}
        },
        "inputs as objects": {"inputs": by_name, "params": {"method": "predict"}},
        "without parameters": {"inputs": by_name, "params": None},
    }


@pytest.mark.parametrize("form", list(bodies([dict.fromkeys(NAMES)] * 5)))
def test_mlflows_forms_give_what_the_model_gives(client, model, records, form):
    expected = model.predict(pd.DataFrame(records[:5])).tolist()
    answer = client.post("/invocations", json=bodies(records)[form])
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": expected}
    assert answer.headers["x-trialbook-model"] == "churn@3"


def test_one_row_of_plain_values_is_one_row(client, model, records):
    answer = client.post("/invocations", json={"inputs": records[3]})
    assert answer.json()["predictions"] == model.predict(pd.DataFrame(records[3:4])).tolist()


def test_csv_is_read_as_files_are(client, model, records, tmp_path):
    path = tmp_path / "rows.csv"
    pd.DataFrame(records).to_csv(path, index=False)
    headers = {"content-type": "text/csv; charset=utf-8"}
    answer = client.post("/invocations", content=path.read_bytes(), headers=headers)
    assert answer.json() == {"predictions": model.predict(str(path)).tolist()}


def test_probabilities_come_in_the_order_of_the_classes(client, model, records):
    body = {"dataframe_records": records, "params": {"method": "predict_proba"}}
    answer = client.post("/invocations", json=body).json()
    assert answer["classes"] == ["no", "yes"]
    expected = model.predict_proba(pd.DataFrame(records)).to_numpy()
    np.testing.assert_allclose(answer["predictions"], expected, atol=1e-12)


@pytest.mark.parametrize("path", ["/score", "/invocations"])
def test_azures_form_is_answered_as_azure_does(client, model, records, path):
    body = {"Inputs": {"data": records[:4]}, "GlobalParameters": {"method": "predict"}}
    expected = model.predict(pd.DataFrame(records[:4])).tolist()
    assert client.post(path, json=body).json() == {"Results": expected}
    del body["GlobalParameters"]
    assert client.post(path, json=body).json() == {"Results": expected}
    body["GlobalParameters"] = {"method": "predict_proba"}
    shares = client.post(path, json=body).json()["Results"]
    np.testing.assert_allclose(shares, model.predict_proba(pd.DataFrame(records[:4])), atol=1e-12)


def test_numbers_are_predicted_and_have_no_probabilities(serve, regression, records):
    client = serve(regression)
    answer = client.post("/invocations", json={"inputs": records})
    np.testing.assert_allclose(
        answer.json()["predictions"], regression.predict(pd.DataFrame(records)), rtol=1e-12
    )
    body = {"inputs": records, "params": {"method": "predict_proba"}}
    refused = client.post("/invocations", json=body)
    assert refused.status_code == 422
    assert "no probabilities" in refused.json()["error"]["cause"]


def test_an_unknown_category_is_a_warning_or_an_error(client, serve, model, records):
    rows = [records[0], records[1] | {"job": "pilot"}]
    answer = client.post("/invocations", json={"inputs": rows})
    assert len(answer.json()["predictions"]) == 2
    (warning,) = answer.json()["warnings"]
    assert (warning["row"], warning["column"]) == (1, "job")
    assert "'pilot'" in warning["cause"]
    strict = serve(model, unknown="error")
    refused = strict.post("/invocations", json={"inputs": rows})
    assert refused.status_code == 422
    assert refused.json()["error"]["problems"][0]["column"] == "job"


def test_a_missing_category_is_not_unknown(client, records):
    answer = client.post("/invocations", json={"inputs": [records[0] | {"job": None}]})
    assert "warnings" not in answer.json()


def test_a_byte_order_mark_is_no_part_of_the_document(client, records):
    body = b"\xef\xbb\xbf" + json.dumps({"inputs": records[:1]}).encode()
    assert client.post("/invocations", content=body).status_code == 200


def test_a_large_body_is_read_as_a_small_one(client, model, records):
    many = records * 60
    answer = client.post("/invocations", json={"dataframe_records": many})
    assert answer.json()["predictions"] == model.predict(pd.DataFrame(records)).tolist() * 60
