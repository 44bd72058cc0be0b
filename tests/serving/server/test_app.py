"""What a server does beside predicting: tokens, limits, reloads, splits, figures."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import threading
import time

import httpx
import numpy as np
import pandas as pd
import pytest
from prometheus_client.parser import text_string_to_metric_families

from trialbook.errors import OptionError
from trialbook.models import Model
from trialbook.serving import create_app, read_log
from trialbook.serving.server._queue import Queue

from .conftest import NAMES

TOKEN = "s3cret-tök"
BEARER = {"authorization": f"Bearer {TOKEN}".encode()}


def figures(client, **headers):
    found = {}
    for family in text_string_to_metric_families(client.get("/metrics", **headers).text):
        for sample in family.samples:
            found[sample.name, frozenset(sample.labels.values())] = sample.value

    def value(name, *labels):
        return found[name, frozenset(labels)]

    return value


# -- tokens and limits -----------------------------------------------------------------------


def test_a_token_is_asked_for_everywhere_but_where_probes_ask(serve, model, records):
    client = serve(model, token=TOKEN)
    body = {"inputs": records[:1]}
    for path in ("/invocations", "/score", "/explain", "/reload", "/nowhere"):
        refused = client.post(path, json=body)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")
    for path in ("/metrics", "/openapi.json", "/docs", "/version"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers=BEARER).status_code == 200
    for path in ("/health", "/ping"):
        assert client.get(path).status_code == 200
    wrong = client.post("/invocations", json=body, headers={"authorization": "Bearer other"})
    assert wrong.status_code == 401
    assert client.post("/invocations", json=body, headers=BEARER).status_code == 200


def test_a_browser_gives_the_token_as_a_password(serve, model):
    client = serve(model, token=TOKEN)
    assert client.get("/docs").headers["www-authenticate"].startswith("Basic")
    pair = base64.b64encode(f"anyone:{TOKEN}".encode()).decode()
    assert client.get("/docs", headers={"authorization": f"Basic {pair}"}).status_code == 200
    assert client.get("/docs", headers={"authorization": "Basic §".encode()}).status_code == 401


def test_a_body_beyond_the_limit_is_refused(serve, model, records):
    client = serve(model, max_body=2_000)
    body = {"inputs": records * 3}
    refused = client.post("/invocations", json=body)
    assert refused.status_code == 413
    assert "2,000 bytes" in refused.json()["error"]["cause"]

    def parts():
        for _ in range(100):
            yield b" " * 1_000

    assert client.post("/invocations", content=parts()).status_code == 413
    assert client.post("/invocations", json={"inputs": records[:1]}).status_code == 200


class Slow:
    """An estimator that answers when it is told to."""

    def __init__(self, estimator):
        self.inner = estimator
        self.go = threading.Event()
        self.asked = []

    def predict_proba(self, table):
        if self.asked or len(table) > 1:  # not the try at the start
            self.go.wait(10)
        self.asked.append(len(table))
        return self.inner.predict_proba(table)


def slowed(model):
    made = Model(model.name, model.folder, model.schema, model.version)
    made.__dict__["estimator"] = Slow(model.estimator)
    return made


async def post(http, records, **more):
    return await http.post("/invocations", json={"inputs": records}, **more)


def over(app):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://server")


def test_a_model_that_takes_too_long_is_not_waited_for(model, records):
    slow = slowed(model)
    app = create_app(slow, engine="python", timeout=0.1)

    async def scene():
        async with over(app) as http:
            answer = await post(http, records[:2])
            assert answer.status_code == 504
            slow.estimator.go.set()
            for _ in range(200):  # a busy machine takes longer than that, too
                answer = await post(http, records[:2])
                if answer.status_code == 200:
                    break
            assert answer.status_code == 200

    asyncio.run(scene())
    app.state.fleet.close()


def test_a_body_that_does_not_arrive_is_not_waited_for(model):
    app = create_app(model, engine="python", timeout=0.05)
    sent = []

    async def receive():
        await asyncio.sleep(5)

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/invocations",
        "headers": [],
        "query_string": b"",
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408
    app.state.fleet.close()


# -- requests together -----------------------------------------------------------------------


def test_requests_that_come_while_the_model_is_busy_are_answered_at_once(
    model, records, monkeypatch
):
    slow = slowed(model)
    come = 0

    async def ask(queue, rows, given=Queue.ask):
        nonlocal come
        come += 1
        return await given(queue, rows)

    monkeypatch.setattr(Queue, "ask", ask)
    app = create_app(slow, engine="python")
    expected = model.predict(pd.DataFrame(records)).tolist()

    async def scene():
        async with over(app) as http:
            tasks = [asyncio.create_task(post(http, [one])) for one in records]
            while not all(task.done() for task in tasks):
                await asyncio.sleep(0.05)
                if come == len(records):
                    slow.estimator.go.set()
            return [task.result().json()["predictions"][0] for task in tasks]

    assert asyncio.run(scene()) == expected
    batches = slow.estimator.asked[1:]
    assert sum(batches) == len(records)
    assert len(batches) <= 2
    app.state.fleet.close()


class Picky:
    """An estimator that fails at some rows, in one way or another."""

    def __init__(self, estimator):
        self.inner = estimator

    def predict_proba(self, table):
        time.sleep(0.02)
        if (table["age"] == 66_666).any():
            raise ValueError("Input X contains infinity")
        if (table["age"] == 77_777).any():
            raise KeyError("broken")
        given = self.inner.predict_proba(table)
        given[table["age"] == 88_888] = np.nan
        return given


def test_a_row_that_the_model_cannot_take_costs_its_own_request_only(model, records):
    picky = Model(model.name, model.folder, model.schema)
    picky.__dict__["estimator"] = Picky(model.estimator)
    app = create_app(picky, engine="python")
    rows = [[one] for one in records[:9]]
    rows[3] = [records[3] | {"age": 66_666}]
    rows[6] = [records[6] | {"age": 77_777}]
    rows[8] = [records[8], records[8] | {"age": 88_888}]

    async def scene():
        async with over(app) as http:
            return await asyncio.gather(*(post(http, one) for one in rows))

    answers = asyncio.run(scene())
    codes = [200] * 9
    codes[3], codes[6], codes[8] = 422, 500, 422
    assert [one.status_code for one in answers] == codes
    assert "contains infinity" in answers[3].json()["error"]["cause"]
    assert "broken" not in answers[6].text
    without = answers[8].json()["error"]
    assert "no answer" in without["cause"]
    assert [one["row"] for one in without["problems"]] == [1]
    app.state.fleet.close()


# -- reload and split ------------------------------------------------------------------------


def test_a_reload_answers_with_the_new_version(serve, model, other, records):
    now = [model]
    client = serve(lambda: now[0], token=TOKEN)
    body = {"inputs": records, "params": {"method": "predict_proba"}}

    def probabilities():
        answer = client.post("/invocations", json=body, headers=BEARER)
        return answer.headers["x-trialbook-model"], answer.json()["predictions"]

    label, before = probabilities()
    unchanged = client.post("/reload", headers=BEARER).json()["models"]
    assert unchanged == [{"before": "churn@3", "after": "churn@3", "changed": False}]
    now[0] = other
    changed = client.post("/reload", headers=BEARER).json()["models"]
    assert changed == [{"before": "churn@3", "after": "churn@4", "changed": True}]
    new, after = probabilities()
    assert (label, new) == ("churn@3", "churn@4")
    np.testing.assert_allclose(after, other.predict_proba(pd.DataFrame(records)), atol=1e-12)
    assert before != after


def test_a_reload_that_fails_leaves_the_model(serve, model, records):
    found = [model]

    def find():
        if not found:
            raise OptionError("the version is gone", remedy="Register one.")
        return found[0]

    client = serve(find, token=TOKEN)
    found.clear()
    refused = client.post("/reload", headers=BEARER)
    assert refused.status_code == 409
    assert "the version is gone" in refused.json()["error"]["cause"]
    body = {"inputs": records[:2]}
    assert client.post("/invocations", json=body, headers=BEARER).status_code == 200
    assert figures(client, headers=BEARER)("trialbook_reloads_total", "failed") == 1


def test_without_a_token_nobody_reloads(client):
    assert client.post("/reload").status_code == 403


def test_no_request_is_lost_while_models_are_reloaded(model, other, records):
    now = [model, other]
    app = create_app(lambda: now[0], engine="python", token=TOKEN)
    labels = []

    async def ask(http, stop):
        while not stop.is_set():
            answer = await post(http, records[:2], headers=BEARER)
            assert answer.status_code == 200
            labels.append(answer.headers["x-trialbook-model"])

    async def scene():
        async with over(app) as http:
            stop = asyncio.Event()
            clients = [asyncio.create_task(ask(http, stop)) for _ in range(8)]
            for _ in range(6):
                await asyncio.sleep(0.05)
                now.reverse()
                answer = await http.post("/reload", headers=BEARER)
                assert answer.json()["models"][0]["changed"]
            stop.set()
            await asyncio.gather(*clients)

    asyncio.run(scene())
    assert set(labels) == {"churn@3", "churn@4"}
    app.state.fleet.close()


def test_a_watched_model_is_replaced_when_its_name_means_another(serve, model, other):
    now = [model]
    client = serve(lambda: now[0], watch=0.02)
    now[0] = other
    deadline = time.monotonic() + 20
    while client.get("/health").json()["models"][0]["model"] != "churn@4":
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_requests_are_split_by_weight_and_by_name(serve, model, other, records):
    client = serve(model, other, split=(80, 20))
    body = {"inputs": records[:1]}
    drawn = [
        client.post("/invocations", json=body).headers["x-trialbook-model"] for _ in range(60)
    ]
    assert 60 > drawn.count("churn@3") > 30
    for label in ("churn@3", "churn@4"):
        answer = client.post("/invocations", json=body, headers={"X-Trialbook-Model": label})
        assert answer.headers["x-trialbook-model"] == label
    refused = client.post("/invocations", json=body, headers={"X-Trialbook-Model": "churn@5"})
    assert refused.status_code == 400
    assert "churn@" in refused.json()["error"]["remedy"]
    assert figures(client)("trialbook_model_weight", "churn", "4", "python") == 20


@pytest.mark.parametrize("split", [(1,), (0, 0), (-1, 2), (1, 2, 3)])
def test_shares_that_do_not_split_are_refused(model, other, split):
    with pytest.raises(OptionError, match="shares"):
        create_app(model, other, split=split)


def test_two_models_of_one_name_are_refused(model):
    with pytest.raises(OptionError, match="both models are called"):
        create_app(model, model, engine="python")


# -- figures, log, other addresses -----------------------------------------------------------


def test_figures_count_requests_rows_errors_and_batches(serve, model, records):
    client = serve(model)
    client.post("/invocations", json={"inputs": records[:3]})
    client.post("/invocations", json={"inputs": [records[0] | {"job": "pilot"}]})
    client.post("/invocations", content="no")
    client.get("/nowhere")
    found = figures(client)
    assert found("trialbook_requests_total", "/invocations", "200", "churn@3") == 2
    assert found("trialbook_requests_total", "/invocations", "400", "churn@3") == 1
    assert found("trialbook_requests_total", "other", "404", "") == 1
    assert found("trialbook_rows_total", "/invocations", "churn@3") == 4
    assert found("trialbook_errors_total", "/invocations", "400") == 1
    assert found("trialbook_request_seconds_count", "/invocations") == 3
    assert found("trialbook_batch_rows_sum") == 4
    assert found("trialbook_unknown_categories_total", "churn@3") == 1
    assert found("trialbook_model_weight", "churn", "3", "python") == 100


def test_what_was_asked_and_answered_is_logged(model, records, tmp_path):
    from starlette.testclient import TestClient

    with TestClient(create_app(model, engine="python", log=tmp_path / "log")) as client:
        client.post("/invocations", json={"inputs": records})
    logged = read_log(tmp_path / "log")
    frame = pd.DataFrame(records)
    assert list(logged.inputs.columns) == NAMES
    assert logged.outputs["prediction"].tolist() == model.predict(frame).tolist()
    expected = model.predict_proba(frame)["yes"]
    np.testing.assert_allclose(logged.outputs["probability_yes"], expected, atol=1e-12)
    assert set(logged.about["model"]) == {"churn@3"}


def test_health_ping_and_version_answer(client):
    health = client.get("/health").json()
    assert health == {"status": "ok", "models": [{"model": "churn@3", "engine": "python"}]}
    assert client.get("/ping").text == "\n"
    assert client.get("/version").text


def test_an_unknown_address_and_method_are_told(client):
    lost = client.get("/invocation")
    assert lost.status_code == 404
    assert lost.json()["error"]["remedy"] == "Did you mean '/invocations'?"
    wrong = client.get("/invocations")
    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "POST"


def test_explanations_are_off_unless_asked_for(client, records):
    refused = client.post("/explain", json={"inputs": records[:1]})
    assert refused.status_code == 404
    assert "--explain" in refused.json()["error"]["remedy"]


def test_explanations_add_up_to_the_probabilities(serve, onnx_pair, records):
    model, path = onnx_pair
    client = serve(model, explain=True)
    assert "/explain" in client.get("/openapi.json").json()["paths"]
    answer = client.post("/explain", json={"inputs": records[:3]}).json()
    assert answer["classes"] == ["no", "yes"]
    expected = model.predict_proba(pd.DataFrame(records[:3])).to_numpy()
    for one, shares in zip(answer["explanations"], expected, strict=True):
        added = np.add(one["base"], np.sum(list(one["values"].values()), axis=0))
        np.testing.assert_allclose(added, shares, atol=1e-6)
        assert one["prediction"] == answer["classes"][int(shares.argmax())]
        assert list(one["values"]) == NAMES
    assert client.post("/explain", json={"inputs": records * 10}).status_code == 422
    by_file = serve(str(path), explain=True)
    refused = by_file.post("/explain", json={"inputs": records[:1]})
    assert refused.status_code == 404
    assert "ONNX" in refused.json()["error"]["cause"]


# -- documents -------------------------------------------------------------------------------


def test_the_document_describes_the_columns_of_the_model(client, records):
    document = client.get("/openapi.json").json()
    row = document["components"]["schemas"]["Row"]
    assert row["required"] == NAMES
    columns = row["properties"]
    assert columns["age"]["type"] == ["number", "null"]
    assert columns["member"]["type"] == ["boolean", "null"]
    assert columns["job"]["x-categories"] == ["clerk", "cook", "nurse", "smith"]
    assert columns["seen"]["format"] == "date-time"
    assert "%d.%m.%Y" in columns["since"]["description"]
    assert "/explain" not in document["paths"]


@pytest.mark.parametrize("path", ["/invocations", "/score"])
def test_the_worked_examples_of_the_document_are_answered(client, path):
    post = client.get("/openapi.json").json()["paths"][path]["post"]
    examples = post["requestBody"]["content"]["application/json"]["examples"]
    assert examples
    for one in examples.values():
        answer = client.post(path, json=one["value"])
        assert answer.status_code == 200, answer.text
        assert "warnings" not in answer.json()


def test_the_page_shows_a_request_and_loads_nothing_else(client):
    text = client.get("/docs").text
    assert "curl http://testserver/invocations" in text
    assert "nurse" in text
    assert "<script" not in text
    assert "src=" not in text


def test_an_example_with_a_missing_number_is_shown_with_null(serve, model, tmp_path):
    shutil.copytree(model.folder, tmp_path / "churn")
    path = tmp_path / "churn" / "input_example.json"
    example = json.loads(path.read_text("utf-8"))
    column = example["columns"].index("income")
    for row in example["data"]:
        row[column] = float("nan")
    path.write_text(json.dumps(example), "utf-8")
    client = serve(Model.at(tmp_path / "churn", name="churn"))
    document = client.get("/openapi.json")
    assert document.status_code == 200
    shown = document.json()["paths"]["/invocations"]["post"]["requestBody"]["content"]
    body = shown["application/json"]["examples"]["split"]["value"]
    assert [row[column] for row in body["dataframe_split"]["data"]] == [None, None]
    assert client.post("/invocations", json=body).status_code == 200
    assert "NaN" not in client.get("/docs").text
