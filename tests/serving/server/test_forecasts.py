"""A forecaster that is served: all forms of a question, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import mlflow
import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient
from tests.forecasters import future_of, monthly, trained, visited

from trialbook.errors import OptionError
from trialbook.serving import create_app, read_log

COLUMNS = ["month", "shop", "price", "mood"]


@pytest.fixture(scope="module")
def naive(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("naive"), monthly())


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    """Sales depend on a price and a mood."""
    table = with_mood(monthly(price=True).drop(columns="number"))
    params = {"n_estimators": 20, "min_child_samples": 5, "difference": "step"}
    return trained(tmp_path_factory.mktemp("priced"), table, "lightgbm_recursive", params)


@pytest.fixture(scope="module")
def asked(serve, naive):
    return serve(naive, engine="auto")


@pytest.fixture(scope="module")
def of_price(serve, priced):
    return serve(priced, engine="auto")


def with_mood(table):
    mood = np.where(np.arange(len(table)) % 3 == 0, "good", "bad")
    return table.assign(mood=mood, sold=table["sold"] + 5.0 * (mood == "good"))


def rows_of(table):
    """A table as JSON has it."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return json.loads(json.dumps(rows, default=lambda time: time.isoformat()))


def split_of(table):
    return {"columns": list(table), "data": [list(row.values()) for row in rows_of(table)]}


def future(n_rows=6, **columns):
    return with_mood(
        future_of(n_rows).reset_index(drop=True).assign(**{"price": 2.0, "sold": 0.0, **columns})
    )[COLUMNS]


def table_of(answer, time="month"):
    """The predictions of an answer as the Python model gives them."""
    assert answer.status_code == 200, answer.text
    made = pd.DataFrame(answer.json()["predictions"])
    return made.assign(**{time: pd.to_datetime(made[time])})


def same(answer, expected):
    """To the last digit."""
    pd.testing.assert_frame_equal(table_of(answer), expected, check_dtype=False, check_exact=True)


def error_of(answer, status=422):
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


# -- the forms -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows", [{}, {"dataframe_records": []}, {"instances": []}, {"inputs": {"month": []}}]
)
def test_without_rows_the_next_ones_are_forecast(asked, naive, rows):
    same(asked.post("/invocations", json=rows), naive.forecast())
    params = {"horizon": 9, "quantiles": [0.05, 0.95]}
    expected = naive.forecast(9, quantiles=[0.05, 0.95])
    same(asked.post("/invocations", json={**rows, "params": params}), expected)


def test_rows_come_in_all_of_mlflows_forms(of_price, priced):
    table = future().sample(frac=1, random_state=0).reset_index(drop=True)
    expected = priced.forecast(future=table)
    by_column = {name: [row[name] for row in rows_of(table)] for name in table}
    for body in (
        {"dataframe_split": split_of(table)},
        {"dataframe_split": split_of(table[[*reversed(COLUMNS)]].assign(more=1))},
        {"dataframe_records": rows_of(table)},
        {"instances": rows_of(table)},
        {"inputs": by_column},
        {"inputs": split_of(table)["data"]},
        {"input_data": split_of(table)},
    ):
        same(of_price.post("/invocations", json=body), expected)
    levels = {"params": {"quantiles": [0.5]}}
    body = {"dataframe_records": rows_of(table), **levels}
    same(of_price.post("/invocations", json=body), priced.forecast(future=table, quantiles=[0.5]))


def test_a_table_of_csv(of_price, priced):
    table = future()
    body = table.to_csv(index=False)
    answer = of_price.post("/invocations", content=body, headers={"content-type": "text/csv"})
    same(answer, priced.forecast(future=table))


def test_mlflow_gives_the_same(asked, naive, of_price, priced):
    loaded = mlflow.pyfunc.load_model(str(naive.folder))
    params = {"horizon": 7, "quantiles": [0.2, 0.8]}
    told = loaded.predict(future_of().head(0), params=params)
    same(asked.post("/invocations", json={"params": params}), told)
    table = future()
    told = mlflow.pyfunc.load_model(str(priced.folder)).predict(table)
    same(of_price.post("/invocations", json={"dataframe_split": split_of(table)}), told)


@pytest.mark.parametrize("form", [rows_of, split_of])
def test_what_was_observed_since_comes_as_context(asked, naive, form):
    recent = monthly(75)[["month", "shop", "sold"]]
    body = {"context": form(recent), "params": {"horizon": 4}}
    same(asked.post("/invocations", json=body), naive.forecast(4, context=recent))
    after = future_of(3, "2024-04-01")
    body = {"context": form(recent), "instances": rows_of(after)}
    same(asked.post("/invocations", json=body), naive.forecast(future=after, context=recent))
    # The next question is of the model as it was.
    same(asked.post("/invocations", json={}), naive.forecast())


def test_the_context_tells_columns_of_which_only_the_past_is_known(serve, tmp_path):
    params = {"alpha": 1.0, "difference": "none", "column_lags": True}
    options = {"unknown_in_future": ("visits",)}
    model = trained(tmp_path, visited(), "linear_recursive", params, **options)
    client = serve(model)
    recent = visited(75)
    body = {"context": rows_of(recent), "params": {"horizon": 2}}
    same(client.post("/invocations", json=body), model.forecast(2, context=recent))
    body["context"] = rows_of(recent.drop(columns="visits"))
    error = error_of(client.post("/invocations", json=body))
    assert error["cause"] == "the row lacks column 'visits'"


def test_azures_form_is_answered_as_azure_does(of_price, priced):
    table = future()
    told = priced.forecast(future=table, quantiles=[0.025, 0.975])
    answer = of_price.post("/score", json={"Inputs": {"data": rows_of(table)}}).json()["Results"]
    assert answer["forecast"] == told["forecast"].tolist()
    low, high = told["0.025"][0], told["0.975"][0]
    assert answer["prediction_interval"][0] == f"[{low}, {high}]"
    assert answer["index"][1] == {"month": 1706745600000, "shop": "north"}
    body = {"Inputs": {"data": rows_of(table)}, "GlobalParameters": {"quantiles": [0.5, 0.1, 0.9]}}
    answer = of_price.post("/score", json=body).json()["Results"]
    told = priced.forecast(future=table, quantiles=[0.1, 0.9])
    assert answer["prediction_interval"][3] == f"[{told['0.1'][3]}, {told['0.9'][3]}]"


def test_azures_rows_with_what_was_observed_are_context(asked, naive):
    recent = monthly(74)[["month", "shop", "sold"]]
    recent = recent[recent["month"] >= "2024-01-01"]
    after = future_of(2, "2024-03-01")
    rows = [
        *({**row, "y_query": None} for row in rows_of(after)),
        *({**row, "y_query": row.pop("sold")} for row in rows_of(recent)),
    ]
    results = asked.post("/score", json={"Inputs": {"data": rows}}).json()["Results"]
    told = naive.forecast(future=after, context=recent)
    assert results["forecast"] == [*told["forecast"], *recent["sold"]]
    assert [row["shop"] for row in results["index"]] == [*after["shop"], *recent["shop"]]
    assert results["index"][-1]["month"] == 1706745600000


def test_a_year_may_come_as_a_number_or_a_date(serve, tmp_path):
    table = (
        monthly(30, ("north",)).drop(columns=["shop", "number"]).assign(month=range(1994, 2024))
    )
    model = trained(tmp_path, table, series=(), horizon=2)
    client = serve(model)
    expected = model.forecast()
    for years in ([2024, 2025], ["2024", "2025"], ["2024-01-01", "2025-01-01T00:00:00"]):
        same(client.post("/invocations", json={"inputs": {"month": years}}), expected)
    split = client.get("/openapi.json").json()["paths"]["/invocations"]["post"]["requestBody"]
    example = split["content"]["application/json"]["examples"]["split"]["value"]
    assert example["dataframe_split"]["data"] == [["2024"], ["2025"]]
    assert client.post("/invocations", json=example).status_code == 200


# -- what is refused -------------------------------------------------------------------------


def test_every_wrong_row_is_named_with_its_column(of_price):
    table = future(price=[2.0, None, 2.0, None] + [2.0] * 8)
    error = error_of(of_price.post("/invocations", json={"dataframe_records": rows_of(table)}))
    assert error["place"] == "row 1, column 'price'"
    assert [one["row"] for one in error["problems"]] == [1, 3]
    assert error["problems"][1]["column"] == "price"
    assert "the forecast depends on it" in error["problems"][1]["cause"]
    rows = rows_of(future())
    rows[2]["shop"], rows[5]["shop"] = "west", "east"
    error = error_of(of_price.post("/invocations", json={"instances": rows}))
    assert [(one["row"], one["column"]) for one in error["problems"]] == [(2, "shop"), (5, "shop")]
    rows = rows_of(future())
    rows[4]["price"], rows[7]["month"] = "cheap", "soon"
    error = error_of(of_price.post("/invocations", json={"instances": rows}))
    assert {(one["row"], one["column"]) for one in error["problems"]} == {
        (4, "price"),
        (7, "month"),
    }


WRONG = {
    "no rows": ({}, "depends on what is known of the future: price, mood", "the body"),
    "empty rows": ({"instances": []}, "depends on what is known of the future", "the body"),
    "horizon and rows": (
        {"instances": rows_of(future()), "params": {"horizon": 3}},
        "say themselves how far they reach",
        "horizon",
    ),
    "no level": (
        {"instances": rows_of(future()), "params": {"quantiles": [0.5, 1]}},
        "'1' is no level of a quantile",
        "quantiles",
    ),
    "many levels": (
        {"instances": rows_of(future()), "params": {"quantiles": [0.5] * 5000}},
        "5,000 quantiles are asked for",
        "quantiles",
    ),
    "far away": (
        {"instances": rows_of(future(month=pd.Timestamp("2200-01-01")))},
        "is more than 1,000 rows after the end",
        "row 0, column 'month'",
    ),
    "lacking column": (
        {"instances": rows_of(future().drop(columns="price"))},
        "lacks column 'price'",
        "row 0, column 'price'",
    ),
    "context without target": (
        {"instances": rows_of(future()), "context": rows_of(future())},
        "lacks column 'sold'",
        "row 0, column 'sold'",
    ),
    "context of the past": (
        {
            "instances": rows_of(future()),
            "context": rows_of(future(month=pd.Timestamp("2023-01-01")).assign(sold=1.0)),
        },
        "no row follows the end of its series",
        "context",
    ),
    "context of a new series of few rows": (
        {
            "instances": rows_of(future()),
            "context": rows_of(future(shop="west").assign(sold=1.0).head(3)),
        },
        "the series 'west' is new, and its target at 3 times tells too little",
        "context, row 0, column 'shop'",
    ),
    "text in the context": (
        {"instances": rows_of(future()), "context": rows_of(future().assign(sold="much"))},
        "holds 'much' where a number is expected",
        "context, row 0, column 'sold'",
    ),
    "all is known": (
        {"Inputs": {"data": rows_of(future().assign(y_query=1.0))}},
        "nothing to forecast",
        "Inputs",
    ),
    "a gap, among rows that are known": (
        {
            "Inputs": {
                "data": [
                    *rows_of(future().head(1).assign(y_query=1.0)),
                    *rows_of(future().iloc[3:5].assign(y_query=None)),
                ]
            }
        },
        "nothing tells of the 2 rows from there",
        "row 1, column 'month'",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_forecast_is_refused(of_price, case):
    body, cause, place = WRONG[case]
    error = error_of(of_price.post("/invocations", json=body))
    assert cause in error["cause"]
    assert error["place"] == place
    assert error["remedy"]


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        ([], "a list, not an object"),
        ({"dataframe_recrods": []}, "unknown key 'dataframe_recrods'"),
        ({"instances": [], "inputs": []}, "the body has instances and inputs"),
        ({"params": {"horizont": 3}}, "unknown parameter 'horizont'"),
        ({"params": [3]}, "params is a list"),
        ({"params": {"quantiles": 0.5}}, "the quantiles are a number, not a list"),
        ({"instances": None}, "the rows are null"),
        ({"inputs": {}}, "there are no rows"),
        ({"context": 3}, "the rows are a number"),
        ({"context": []}, "there are no rows"),
        ({"Inputs": {"data": "much"}}, "the rows are a text"),
        ({"GlobalParameters": {}}, "unknown key 'GlobalParameters'"),
    ],
)
def test_what_is_no_form_is_refused(asked, body, cause):
    assert cause in error_of(asked.post("/invocations", json=body), 400)["cause"]


@pytest.mark.parametrize(
    ("horizon", "cause"),
    [(0, "'0' is no number"), (1e9, "no number of rows"), ("7", "no number"), (True, "no number")],
)
def test_a_horizon_that_is_none(asked, horizon, cause):
    error = error_of(asked.post("/invocations", json={"params": {"horizon": horizon}}))
    assert cause in error["cause"]
    assert "from 1 to 1,000" in error["remedy"]


def test_an_answer_beyond_all_measure_is_refused(asked, monkeypatch):
    monkeypatch.setattr("trialbook.serving.server._forecasts.MOST_NUMBERS", 30)
    body = {"params": {"horizon": 5, "quantiles": [0.1, 0.9]}}
    assert asked.post("/invocations", json=body).status_code == 200
    body["params"]["horizon"] = 6
    error = error_of(asked.post("/invocations", json=body))
    assert error["cause"] == "the answer would have 36 numbers, and 30 are the most"


def test_a_new_category_is_a_warning_or_refused(serve, of_price, priced):
    body = {"instances": rows_of(future().assign(mood="odd"))}
    answer = of_price.post("/invocations", json=body)
    assert answer.status_code == 200
    assert answer.json()["warnings"][0]["cause"] == "the category 'odd' was not there in training"
    strict = serve(priced, unknown="error")
    assert error_of(strict.post("/invocations", json=body))["place"] == "row 0, column 'mood'"


def test_onnx_and_explanations_are_refused_in_a_sentence(serve, naive):
    with pytest.raises(OptionError, match=r"cannot be served as ONNX: it keeps the past"):
        create_app(naive, engine="onnx")
    client = serve(naive, explain=True)
    error = error_of(client.post("/explain", json={}), 404)
    assert error["cause"] == "it forecasts series, which a server does not explain"
    assert "/explain" not in client.get("/openapi.json").json()["paths"]


# -- around it -------------------------------------------------------------------------------


def test_health_figures_page_and_document(asked, naive):
    health = asked.get("/health").json()
    assert health["models"] == [{"model": naive.label, "engine": "python"}]
    asked.post("/invocations", json={"params": {"horizon": 2}})
    assert f'trialbook_rows_total{{endpoint="/invocations",model="{naive.label}"}}' in (
        asked.get("/metrics").text
    )
    page = asked.get("/docs").text
    assert "Forecasts sold (forecasting)." in page
    assert "Tells series apart." in page
    operation = asked.get("/openapi.json").json()["paths"]["/invocations"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    assert set(examples) == {"split", "next", "azure"}
    for one in examples.values():
        assert asked.post("/invocations", json=one["value"]).status_code == 200


def test_examples_of_covariates_can_be_sent(of_price):
    operation = of_price.get("/openapi.json").json()["paths"]["/invocations"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    assert set(examples) == {"split", "azure"}
    for one in examples.values():
        assert of_price.post("/invocations", json=one["value"]).status_code == 200


def test_what_was_asked_is_logged(priced, tmp_path):
    with TestClient(create_app(priced, log=tmp_path / "log")) as client:
        table = future()
        told = table_of(client.post("/invocations", json={"instances": rows_of(table)}))
    kept = read_log(tmp_path / "log")
    assert kept.inputs["mood"].tolist() == table["mood"].tolist()
    assert kept.outputs["forecast"].tolist() == told["forecast"].tolist()
    assert kept.outputs["0.9"].tolist() == told["0.9"].tolist()
    assert set(kept.about["model"]) == {priced.label}


def test_two_forecasters_and_a_reload(naive, priced, tmp_path):
    current, priced = [naive], replace(priced, name="priced")
    app = create_app(lambda: current[0], priced, split=(100, 0), token="secret")
    bearer = {"authorization": "Bearer secret"}
    with TestClient(app) as client:
        same(client.post("/invocations", json={}, headers=bearer), naive.forecast())
        named = {**bearer, "X-Trialbook-Model": priced.label}
        body = {"instances": rows_of(future())}
        same(
            client.post("/invocations", json=body, headers=named),
            priced.forecast(future=future()),
        )
        current[0] = trained(tmp_path, monthly(70))
        changes = client.post("/reload", headers=bearer).json()["models"]
        assert [one["changed"] for one in changes] == [True, False]
        same(client.post("/invocations", json={}, headers=bearer), current[0].forecast())
