"""What may be asked of features, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from trialbook._languages import language_code, language_name
from trialbook.errors import UnknownName
from trialbook.orders import (
    OFF,
    TRANSFORMERS,
    Imputer,
    Orders,
    blocked_names,
    read_parameters,
    transformer_name,
)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("TfIdf", "tfidf"),
        ("tf_idf", "tfidf"),
        ("TF-IDF", "tfidf"),
        ("OneHotEncoder", "one_hot"),
        ("one_hot_encoder", "one_hot"),
        ("HashOneHotEncoder", "hash_one_hot"),
        ("CatTargetEncoder", "target_encoding"),
        ("TextTargetEncoder", "text_target_encoding"),
        ("WoETargetEncoder", "woe_target_encoding"),
        ("wo_e_target_encoder", "woe_target_encoding"),
        ("LabelEncoder", "codes"),
        ("LabelEncoding", "codes"),
        ("WordEmbedding", "word_embedding"),
        ("NaiveBayes", "naive_bayes"),
        ("CountVectorizer", "words"),
        ("Imputer", "imputer"),
    ],
)
def test_names_of_every_vocabulary_lead_to_ours(spelling: str, name: str) -> None:
    assert transformer_name(spelling) == name
    assert transformer_name(spelling.upper()) == name


def test_our_own_names_are_names() -> None:
    assert [transformer_name(name) for name in TRANSFORMERS] == list(TRANSFORMERS)


def test_an_unknown_transformer_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName) as error:
        transformer_name("OneHotEncodr")
    assert error.value.remedy == "Did you mean 'OneHotEncoder'?"


@pytest.mark.parametrize("given", ["Most_Frequent", "most-frequent", "mode", "MostFrequent"])
def test_strategies_are_read_in_any_spelling(given: str) -> None:
    assert Imputer.model_validate(given) == Imputer(strategy="most_frequent")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("medan", "no strategy 'medan'"),
        ("constant", "needs a fill_value"),
        ({"strategy": "mean", "fill_value": 3}, "goes with constant"),
        ({"strategy": "mean", "value": 3}, "value"),
        ({"fill_value": 3}, "strategy"),
    ],
)
def test_an_imputer_that_makes_no_sense_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Imputer.model_validate(given)


def test_parameters_are_read_for_all_columns_or_some() -> None:
    read = read_parameters(
        {
            "TfIdf": {"max_features": 50},
            "tf_idf": [{"fields": ["note"], "parameters": {"ngram_range": [1, 3]}}],
            "HashOneHotEncoder": [{"fields": None, "parameters": {"number_of_bits": 3}}],
        }
    )
    orders = Orders(parameters=read)
    assert orders.of("tfidf", "note") == {"max_features": 50, "ngram_range": (1, 3)}
    assert orders.of("tfidf", "other") == {"max_features": 50}
    assert orders.of("hash_one_hot", "zip") == {"number_of_bits": 3}
    assert orders.of("one_hot", "zip") == {}


def test_parameters_of_a_column_come_before_those_of_all() -> None:
    entries = [
        {"fields": ["note"], "parameters": {"max_features": 9}},
        {"parameters": {"max_features": 50}},
    ]
    orders = Orders(parameters=read_parameters({"tfidf": entries}))
    assert orders.of("tfidf", "note") == {"max_features": 9}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"tfidf": {"max_feature": 3}}, "no parameter 'max_feature'"),
        ({"tfidf": {"max_features": 0}}, "whole number from 1"),
        ({"tfidf": {"max_features": True}}, "whole number from 1"),
        ({"tfidf": {"ngram_range": [3, 1]}}, r"such as \[1, 3\]"),
        ({"tfidf": {"min_df": 1.5}}, "share from 0.0 to 1.0"),
        ({"tfidf": {"analyzer": "words"}}, "it takes 'word', 'char', 'char_wb'"),
        ({"tfidf": {"lowercase": "yes"}}, "true or false"),
        ({"tfidf": {"stop_words": "german"}}, "'english' or a list"),
        ({"target_encoding": {"smooth": 0}}, "above 0"),
        ({"hash_one_hot": {"number_of_bits": 40}}, "1 to 16"),
        ({"imputer": {"strategy": "constant"}}, "needs a fill_value"),
        ({"codes": {"x": 1}}, "no parameter 'x'"),
        ({"word_embedding": {"x": 1}}, "no parameter 'x'"),
        ({"tfidf": {}}, "parameters by name"),
        ({"tfidf": [{"fields": ["a"]}]}, "parameters"),
        ({"tfidf": 3}, "parameters by name"),
        ([1], "name of a transformer"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_parameters(given)


def test_a_parameter_that_is_given_twice_for_a_column_is_refused() -> None:
    once = {"fields": ["a", "b"], "parameters": {"max_features": 3}}
    again = {"fields": ["b"], "parameters": {"max_features": 4}}
    with pytest.raises(ValueError, match="given twice for 'b'"):
        read_parameters({"tfidf": [once, again]})


def test_off_blocks_all_but_what_learners_cannot_do_without() -> None:
    assert blocked_names((), "off") == OFF
    assert not Orders(blocked=OFF).allows("tfidf")
    assert Orders(blocked=OFF).allows("codes", "imputer")
    assert blocked_names(("TfIdf",), "custom") == {"tfidf"}


@pytest.mark.parametrize("given", ["de", "deu", "ger", "German", "DE", "de-AT", "de_AT"])
def test_languages_are_known_by_codes_and_names(given: str) -> None:
    assert language_code(given) == "de"
    assert language_name("de") == "German"


def test_several_languages_have_a_code() -> None:
    assert language_code("mul") == "mul"


def test_an_unknown_language_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName) as error:
        language_code("Germn")
    assert error.value.remedy == "Did you mean 'German'?"
