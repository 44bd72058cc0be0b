"""What was asked of the features, settled for the columns that a table has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from trialbook.data import Prepared, Semantic, orders_of, prepare
from trialbook.errors import DataError, OptionError
from trialbook.job import Job
from trialbook.orders import Imputer, Orders

N = 80


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = ["river", "stone", "cloud", "light", "bread", "night"]
    return pd.DataFrame(
        {
            "person_id": rng.permutation(N) * 3,
            "row": np.arange(N),
            "age": np.where(rng.random(N) < 0.2, np.nan, rng.integers(18, 70, N)),
            "job": rng.choice(["cook", "nurse", None], N),
            "zip": rng.integers(0, 9, N),
            "ok": pd.Series(rng.choice([True, False, None], N), dtype=object),
            "day": pd.Series(pd.date_range("2023-01-01", periods=N)).dt.strftime("%d.%m.%Y"),
            "seen": pd.date_range("2023-01-01", periods=N, freq="5h"),
            "note": [" ".join(rng.choice(words, 6)) for _ in range(N)],
            "same": "x",
            "y": np.arange(N) % 2,
        }
    )


def asked(**fields: Any) -> Job:
    return Job.from_fields({"data": Job.IN_MEMORY, "target": "y", "folds": 2, **fields})


def run(**fields: Any) -> Prepared:
    return prepare(asked(**fields), frame=table())


def orders(**fields: Any) -> Orders:
    return orders_of(asked(**fields), run(**fields).schema.columns)


def notes(prepared: Prepared, name: str = "Featurization") -> list[tuple[str, str]]:
    found = [one for one in prepared.guardrails if one.name == name]
    return [(one.verdict, f"{one.finding}: {one.action}") for one in found]


def test_nothing_asked_is_nothing_said() -> None:
    assert orders() == Orders()
    said = {one.name for one in run().guardrails}
    assert said.isdisjoint({"Featurization", "Imputers", "Language of text"})


@pytest.mark.parametrize(
    ("column", "kind", "given", "value"),
    [
        ("age", None, "41", 41.0),
        ("age", None, True, 1.0),
        ("job", None, 3, "3"),
        ("job", None, 3.0, "3"),
        ("zip", "categorical", 7, 7.0),
        ("ok", None, True, "True"),
        ("ok", None, "false", "False"),
        ("seen", None, "2020-02-03", "2020-02-03T00:00:00"),
        ("day", "datetime", "2020-02-03 04:05+01:00", "2020-02-03T03:05:00"),
    ],
)
def test_a_constant_is_kept_as_the_column_holds_values(
    column: str, kind: str | None, given: Any, value: Any
) -> None:
    imputers = {column: {"strategy": "constant", "fill_value": given}}
    types = {column: kind} if kind else {}
    found = orders(imputers=imputers, types=types).imputers[column]
    assert found == Imputer(strategy="constant", fill_value=value)
    assert type(found.fill_value) is type(value)


@pytest.mark.parametrize(
    ("column", "imputer", "message"),
    [
        ("job", "mean", "cannot be filled by mean: categories have no mean"),
        ("day", "median", "cannot be filled by median"),
        ("age", {"strategy": "constant", "fill_value": "old"}, "filled with 'old'"),
        ("seen", {"strategy": "constant", "fill_value": "soon"}, "filled with 'soon'"),
        ("ok", {"strategy": "constant", "fill_value": "maybe"}, "filled with 'maybe'"),
        ("aeg", "mean", "no feature column 'aeg'.*Did you mean 'age'"),
        ("y", "mean", "no feature column 'y'"),
    ],
)
def test_an_imputer_that_cannot_be_followed_is_refused(
    column: str, imputer: Any, message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        run(imputers={column: imputer})


def test_text_is_not_filled() -> None:
    with pytest.raises(OptionError, match="it is text"):
        run(imputers={"note": "most_frequent"}, types={"note": "text"})


def test_an_imputer_switches_detection_off_for_its_column() -> None:
    given = {"person_id": "median", "day": "most_frequent", "note": "most_frequent"}
    columns = {one.name: one for one in run(imputers=given).schema.columns}
    assert columns["person_id"].semantic is Semantic.NUMERIC
    assert columns["day"].semantic is columns["note"].semantic is Semantic.CATEGORICAL
    assert columns["day"].evidence == "as it is stored"
    assert run().schema.columns[0].semantic is Semantic.IDENTIFIER
    typed = run(imputers={"day": "mean"}, types={"day": "DateTime"})
    assert "day" in typed.schema.of(Semantic.DATETIME)


def test_an_imputer_without_fields_is_for_all_columns_that_it_suits() -> None:
    def filled(parameters: dict[str, Any]) -> set[str]:
        return set(orders(transformer_params={"Imputer": parameters}).imputers)

    numbers = {"age", "zip"}
    assert filled({"strategy": "mean"}) == numbers
    assert filled({"strategy": "constant", "fill_value": 0}) == numbers
    assert filled({"strategy": "constant", "fill_value": "none"}) == {"job"}
    assert filled({"strategy": "most_frequent"}) == {*numbers, "job", "ok", "day", "seen"}


def test_an_imputer_of_a_column_comes_before_one_of_all() -> None:
    entries = [
        {"parameters": {"strategy": "constant", "fill_value": 0}},
        {"fields": ["zip"], "parameters": {"strategy": "median"}},
    ]
    found = orders(imputers={"age": "mean"}, transformer_params={"imputer": entries}).imputers
    assert found == {"age": Imputer(strategy="mean"), "zip": Imputer(strategy="median")}


def test_text_without_means_is_left_out_and_said_so() -> None:
    prepared = run(block_transformers=["TfIdf", "CountVectorizer"])
    assert "note" not in prepared.schema.names
    assert "note" not in prepared.train.columns
    (said, lost) = notes(prepared)
    assert said[0] == "passed" and "tfidf: text is told by which words it has" in said[1]
    assert lost == (
        "alerted",
        "no means are left for 'note': tfidf, words are blocked: "
        "left out, and not asked for in prediction",
    )


def test_categories_without_means_are_left_out() -> None:
    blocked = ["OneHotEncoder", "HashOneHotEncoder", "CatTargetEncoder", "LabelEncoder"]
    prepared = run(block_transformers=blocked)
    assert {"job", "ok"}.isdisjoint(prepared.schema.names)
    with pytest.raises(DataError, match="no column can be used"):
        run(block_transformers=blocked, ignore=[c for c in table() if c not in ("job", "y")])


def test_off_leaves_numbers_categories_and_dates() -> None:
    prepared = run(featurization="off")
    columns = {one.name: one for one in prepared.schema.columns}
    assert prepared.schema.names == ["person_id", "row", "age", "job", "zip", "ok", "day", "seen"]
    assert columns["person_id"].evidence == "stored as numbers, and featurization is off"
    assert columns["note"].dropped == "text, and featurization is off"
    assert columns["same"].dropped == "constant"
    assert [verdict for verdict, _ in notes(prepared)] == ["passed", "alerted"]
    assert "note" in run(featurization="off", types={"note": "categorical"}).schema.names
    assert "row" not in run(featurization="off", ignore=["row"]).schema.names


def test_categories_to_hash_are_named_in_types() -> None:
    found = orders(types={"zip": "CategoricalHash", "age": "Numeric"})
    assert found.hashed == {"zip"}


def test_what_is_asked_in_vain_is_said() -> None:
    prepared = run(
        imputers={"same": "most_frequent"},
        transformer_params={
            "TfIdf": [{"fields": ["age"], "parameters": {"max_features": 9}}],
            "one_hot": {"max_levels": 3},
        },
        block_transformers=["one_hot", "NaiveBayes"],
    )
    said = {text: verdict for verdict, text in notes(prepared)}
    assert said["parameters are given for 'one_hot', which is blocked: no effect"] == "alerted"
    vain = "parameters of tfidf are given for 'age': no effect: tfidf is for other columns"
    assert said[vain] == "alerted"
    assert any("naive_bayes: no effect" in text for text in said)
    assert ("alerted", "an imputer is given for 'same', which is left out: no effect") in notes(
        prepared, "Imputers"
    )


def test_parameters_that_no_column_takes_are_said() -> None:
    bits = {"transformer_params": {"hash_one_hot": {"number_of_bits": 3}}}
    vain = (
        "alerted",
        "parameters of hash_one_hot are given, and no column is for it: no effect;"
        " columns of the type categorical_hash are hashed",
    )
    assert vain in notes(run(**bits))
    assert vain not in notes(run(types={"zip": "CategoricalHash"}, **bits))
    # Where nothing else may encode them, categories are hashed, too.
    blocked = ["one_hot", "target_encoding"]
    assert vain not in notes(run(block_transformers=blocked, **bits))
    named = {"hash_one_hot": [{"fields": ["job"], "parameters": {"number_of_bits": 3}}]}
    assert any(
        "given for 'job': no effect" in text for _, text in notes(run(transformer_params=named))
    )
    words = run(ignore=["note"], transformer_params={"tfidf": {"max_features": 9}})
    assert any("no column is for it" in text for _, text in notes(words))


@pytest.mark.parametrize(
    ("language", "effect"),
    [("zh", "n-grams of characters"), ("French", "with and without accents"), ("eng", "spaces")],
)
def test_what_a_language_does_is_said(language: str, effect: str) -> None:
    ((verdict, text),) = notes(run(language=language), "Language of text")
    assert verdict == "passed" and effect in text


def test_a_parameter_for_a_column_that_is_not_there_is_refused() -> None:
    entry = {"fields": ["noet"], "parameters": {"max_features": 9}}
    with pytest.raises(OptionError, match=r"'noet' \(option transformer_params.tfidf\)"):
        run(transformer_params={"tfidf": [entry]})
