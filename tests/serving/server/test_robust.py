"""What one careless client, one broken model or one full disk must not do to all others."""

from __future__ import annotations

import json
import threading
import time

import pandas as pd
import pytest

from trialbook.serving import RequestLog, create_app
from trialbook.serving.server import _app as application
from trialbook.serving.server import _rows as of_rows
from trialbook.serving.server._problems import Refused
from trialbook.serving.server._protocol import MOST_COMPARED, read_request
from trialbook.serving.server._typed import Reader

BEARER = {"authorization": "Bearer s3cret"}


def test_one_wrong_cell_among_many_is_found_by_halves(client, records, monkeypatch):
    sizes = []
    conform = Reader._conform

    def counted(self, column, values):
        sizes.append(len(values))
        return conform(self, column, values)

    monkeypatch.setattr(Reader, "_conform", counted)
    rows = [records[0] | {"age": "41"}] * 700
    rows[650] = records[0] | {"age": "old"}
    rows[699] = records[0] | {"age": "older"}
    refused = client.post("/invocations", json={"dataframe_records": rows})
    assert [one["row"] for one in refused.json()["error"]["problems"]] == [650, 699]
    assert len(sizes) < 60


def test_wrong_cells_are_looked_for_in_a_bounded_time(client, records, monkeypatch):
    calls = []
    conform = Reader._conform
    monkeypatch.setattr(Reader, "_conform", lambda *given: calls.append(1) or conform(*given))
    rows = [records[0] | {"age": "old" if row % 3 else "41"} for row in range(700)]
    refused = client.post("/invocations", json={"dataframe_records": rows})
    assert len(refused.json()["error"]["problems"]) == 100
    assert len(calls) <= 401


def test_cells_that_need_reading_do_not_hold_up_the_loop(serve, model, records, monkeypatch):
    threads = set()
    conform = Reader._conform
    monkeypatch.setattr(
        Reader, "_conform", lambda *given: threads.add(threading.get_ident()) or conform(*given)
    )
    loops = set()
    monkeypatch.setattr(
        of_rows, "read_json", lambda body: loops.add(threading.get_ident()) or json.loads(body)
    )
    answer = serve(model).post("/invocations", json={"inputs": [records[0] | {"age": "41"}]})
    assert answer.status_code == 200
    assert threads and loops and not threads & loops


def test_of_thousands_of_strange_names_some_are_compared(monkeypatch):
    compared = []
    monkeypatch.setattr(
        "trialbook.serving.server._protocol.nearest",
        lambda name, known: compared.append(len(list(known))) or "",
    )
    strange = [f"column {i}" for i in range(5_000)]
    names = [f"x{i}" for i in range(300)]
    for document in (
        {"dataframe_split": {"columns": strange, "data": [[1] * 5_000]}},
        {"dataframe_records": [dict.fromkeys(strange, 1)]},
    ):
        with pytest.raises(Refused) as refused:
            read_request(document, names)
        assert len(refused.value.problems) == 100
    assert max(compared) <= MOST_COMPARED
    assert len(compared) == 200


def test_a_name_that_stands_twice_is_told(records):
    columns = [*records[0], "age"]
    body = {"dataframe_split": {"columns": columns, "data": [[1] * len(columns)]}}
    with pytest.raises(Refused, match="'age' is named twice"):
        read_request(body, list(records[0]))


def test_a_log_that_fails_costs_no_answer(serve, model, records, tmp_path, monkeypatch):
    def broken(self, inputs, outputs, model):
        raise ValueError("no such thing")

    monkeypatch.setattr(RequestLog, "add", broken)
    client = serve(model, log=tmp_path / "log")
    for _ in range(3):
        assert client.post("/invocations", json={"inputs": records[:2]}).status_code == 200


def test_a_registry_that_is_away_leaves_the_model_and_the_watch(serve, model, other, records):
    now = [model]

    def find():
        if now[0] is None:
            raise ConnectionError("postgres://user:password@registry is away")
        return now[0]

    client = serve(find, token="s3cret", watch=0.02)
    now[0] = None
    refused = client.post("/reload", headers=BEARER)
    assert refused.status_code == 409
    assert "ConnectionError" in refused.json()["error"]["cause"]
    assert "password" not in refused.text
    time.sleep(0.2)  # the watch fails, too, some times
    now[0] = other
    for _ in range(200):
        answer = client.post("/invocations", json={"inputs": records[:1]}, headers=BEARER)
        assert answer.status_code == 200
        if answer.headers["x-trialbook-model"] == "churn@4":
            break
        time.sleep(0.05)
    assert answer.headers["x-trialbook-model"] == "churn@4"


def test_a_model_that_hangs_does_not_keep_the_process(model, records, monkeypatch):
    from starlette.testclient import TestClient

    monkeypatch.setattr(application, "CLOSE_S", 0.05)
    app = create_app(model, engine="python", timeout=0.2)
    go_on, begun = threading.Event(), threading.Event()
    queue = app.state.fleet.first.queue
    ask = queue._ask
    monkeypatch.setattr(queue, "_ask", lambda rows: begun.set() or (go_on.wait() and ask(rows)))
    with TestClient(app) as client:
        assert client.post("/invocations", json={"inputs": records[:1]}).status_code == 504
        assert begun.is_set()
    assert queue._thread.is_alive()  # nobody waited for it
    go_on.set()
    queue.close()


@pytest.mark.parametrize("key", ["Inputs", "input_data"])
def test_the_forms_of_azures_clients_are_understood(client, model, records, key):
    rows = records[:3]
    columns = list(rows[0])
    split = {"columns": columns, "index": [0, 1, 2], "data": [list(one.values()) for one in rows]}
    expected = model.predict(pd.DataFrame(rows)).tolist()
    answered = "Results" if key == "Inputs" else "predictions"
    for inputs in (split, {"data": split}, {"data": rows}, rows):
        answer = client.post("/score", json={key: inputs})
        assert answer.json() == {answered: expected}
    options = {"GlobalParameters": 1.0} if key == "Inputs" else {"params": {}}
    assert client.post("/score", json={key: split} | options).json() == {answered: expected}
    wrong = client.post("/score", json={key: split | {"rows": 3}})
    assert "unknown key 'rows'" in wrong.json()["error"]["cause"]


@pytest.mark.parametrize("given", [None, True, [1.0], [[0.5, 0.5]] * 3])
def test_a_model_that_answers_too_little_is_an_error_and_does_not_end_the_server(
    serve, model, records, monkeypatch, given
):
    client = serve(model)
    queue = client.app.state.fleet.first.queue
    with monkeypatch.context() as broken:
        broken.setattr(queue, "_ask", lambda rows: given)
        assert client.post("/invocations", json={"inputs": records[:2]}).status_code == 500
    assert client.post("/invocations", json={"inputs": records[:2]}).status_code == 200


def test_a_csv_of_millions_of_columns_is_refused_before_it_is_read(client):
    headers = {"content-type": "text/csv"}
    body = ",".join(f"column{i}" for i in range(30_000)) + "\n1\n"
    refused = client.post("/invocations", content=body, headers=headers)
    assert refused.status_code == 422
    assert "the line of names" in refused.json()["error"]["cause"]
