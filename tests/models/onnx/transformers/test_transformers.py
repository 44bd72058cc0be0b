"""Transformers that edited notebooks may hold, and options that programs do not use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from skrub import SquashingScaler

from trialbook.errors import ExportError
from trialbook.models.onnx.transformers import MISSING_TEXT
from trialbook.program._snippets import as_text

N = 90
Difference = Callable[..., float]


def numbers(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        rng.normal(size=(N, 4)) * [1, 100, 0, 1e-3] + [0, 5, 3, 0], columns=list("abcd")
    )
    X["steps"] = rng.choice([0.0, 0, 0, 0, 0, 7], N)
    return X


def categories(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    share = np.arange(1, 13) / np.arange(1, 13).sum()
    return pd.DataFrame(
        {
            "town": rng.choice([f"Ort {i} ß" for i in range(12)], N, p=share),
            "code": np.where(rng.random(N) < 0.1, np.nan, rng.choice(np.arange(12), N, p=share)),
        }
    )


@pytest.mark.parametrize(
    "scaler",
    [
        RobustScaler(),
        RobustScaler(with_centering=False),
        StandardScaler(with_mean=False),
        StandardScaler(with_std=False),
        MinMaxScaler((-2, 3)),
        MaxAbsScaler(),
        MaxAbsScaler(clip=True),
        Normalizer("l1"),
        Normalizer("max"),
        SquashingScaler(max_absolute_value=2.0),
    ],
    ids=str,
)
def test_scalers(scaler: Any, difference: Difference) -> None:
    assert difference(scaler.fit(numbers()), numbers(1) * 3) <= 1e-12


def test_infinite_numbers_are_squashed_to_the_bound(difference: Difference) -> None:
    X = numbers(1)
    X.iloc[3:6, 0] = [np.inf, -np.inf, np.nan]
    assert difference(SquashingScaler().fit(numbers()), X) <= 1e-12


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
@pytest.mark.parametrize("keep", [True, False])
def test_imputers(strategy: str, keep: bool, difference: Difference) -> None:
    X, odd = numbers(), numbers(1)
    X.iloc[::3, 0] = np.nan
    X["d"] = np.nan
    odd.iloc[::2, [0, 1, 3]] = np.nan
    imputer = SimpleImputer(strategy=strategy, add_indicator=True, keep_empty_features=keep)
    with pytest.warns(UserWarning) if not keep and strategy != "constant" else _quiet():
        assert difference(imputer.fit(X), odd) == 0


class _quiet:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def texts_first(encoder: Any) -> ColumnTransformer:
    parts = [
        ("text", make_pipeline(FunctionTransformer(as_text), encoder), ["town"]),
        ("code", encoder, ["code"]),
    ]
    return ColumnTransformer(parts, sparse_threshold=0)


@pytest.mark.parametrize(
    "encoder",
    [
        OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=4),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.08),
        OneHotEncoder(handle_unknown="ignore", min_frequency=5),
        OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            encoded_missing_value=-2,
            max_categories=5,
        ),
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, min_frequency=4),
    ],
    ids=str,
)
def test_encoders_with_rare_levels(encoder: Any, difference: Difference) -> None:
    odd = categories(1)
    odd.loc[:3, "town"] = ["nowhere", np.nan, "ORT 1 SS", "Ort 11 ß"]
    odd.loc[:2, "code"] = [99, 2.5, -0.0]
    assert difference(texts_first(encoder).fit(categories()), odd) == 0


def test_transformers_of_numbers_that_only_another_converter_knows(difference: Difference) -> None:
    steps = make_pipeline(StandardScaler(), PCA(3))
    assert difference(steps.fit(numbers()), numbers(1)) <= 1e-9


WORDS = ["Éa b", "ein Haus, ein HAUS", "x y zz", "", "a\tb \u3000 c", "the Ich the und"]


@pytest.mark.parametrize(
    "vectorizer",
    [
        CountVectorizer(lowercase=False, strip_accents="unicode"),
        CountVectorizer(stop_words="english", ngram_range=(1, 3)),
        CountVectorizer(token_pattern=r"(?u)\b\w+\b", ngram_range=(2, 2)),
        TfidfVectorizer(norm="l1", use_idf=False),
        TfidfVectorizer(norm=None, smooth_idf=False, analyzer="char", ngram_range=(1, 2)),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 5), sublinear_tf=True),
    ],
    ids=lambda one: f"{type(one).__name__} {one.analyzer} {one.ngram_range} {one.strip_accents}",
)
def test_vectorizers(vectorizer: Any, difference: Difference) -> None:
    X = pd.DataFrame({"note": WORDS * 3}).replace("", MISSING_TEXT)
    parts = make_pipeline(FunctionTransformer(as_text), vectorizer)
    fitted = ColumnTransformer([("note", parts, "note")]).fit(X)
    odd = pd.DataFrame({"note": ["zz Haus zz 1", np.nan, " ", *WORDS]}).replace("", np.nan)
    assert difference(fitted, odd) <= 1e-12


def other_text(X: Any) -> Any:
    return X.astype(str)


@pytest.mark.parametrize(
    ("transformer", "named"),
    [
        (FunctionTransformer(np.sqrt), r"FunctionTransformer\(sqrt\)"),
        (FunctionTransformer(other_text), r"FunctionTransformer\(other_text\)"),
        (OneHotEncoder(), "OneHotEncoder"),
        (PolynomialFeatures(2), "PolynomialFeatures"),
        (OrdinalEncoder(), "OrdinalEncoder"),
    ],
)
def test_what_cannot_be_written_is_named(
    transformer: Any, named: str, difference: Difference
) -> None:
    with pytest.raises(ExportError, match=named):
        difference(transformer.fit(numbers()), numbers())


@pytest.mark.parametrize(
    "vectorizer",
    [
        CountVectorizer(token_pattern="[a-z]+"),
        CountVectorizer(tokenizer=str.split, token_pattern=None),
        CountVectorizer(preprocessor=str.lower),
    ],
    ids=["pattern", "tokenizer", "preprocessor"],
)
def test_words_found_by_other_means_are_refused(vectorizer: Any, difference: Difference) -> None:
    X = pd.DataFrame({"note": ["one two", "three"]})
    with pytest.raises(ExportError, match="CountVectorizer"):
        difference(ColumnTransformer([("n", vectorizer, "note")]).fit(X), X)


@pytest.mark.parametrize(
    "chosen",
    [np.array([True, False, True, False, False]), slice("b", "d"), slice(1, None, 2), [-1], 2],
    ids=str,
)
def test_columns_are_chosen_in_every_way(chosen: Any, difference: Difference) -> None:
    X = numbers()
    parts = [("scaled", StandardScaler(), [chosen] if isinstance(chosen, int) else chosen)]
    transformer = ColumnTransformer(parts, remainder="passthrough").fit(X)
    assert difference(transformer, X) < 1e-12


def test_weights_of_columns_are_refused(difference: Difference) -> None:
    parts = [("a", StandardScaler(), ["a"])]
    transformer = ColumnTransformer(parts, transformer_weights={"a": 2}).fit(numbers())
    with pytest.raises(ExportError, match="weights"):
        difference(transformer, numbers())


def test_a_class_of_the_same_name_is_another_one(difference: Difference) -> None:
    class StandardScaler(RobustScaler):
        def transform(self, X: Any) -> Any:
            return np.zeros((len(X), 1))

    transformer = ColumnTransformer([("a", StandardScaler(), ["a"])]).fit(numbers())
    with pytest.raises(ExportError, match="StandardScaler"):
        difference(transformer, numbers())


def test_case_and_accents_of_a_column_are_mapped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from trialbook.models.onnx import Graph
    from trialbook.models.onnx.transformers import _characters

    asked: list[Any] = []
    known = _characters._changes
    monkeypatch.setattr(_characters, "_changes", lambda *how: asked.append(how) or known(*how))
    graph = Graph()
    text = graph.input("note", 8, [None])
    made = {
        _characters.rewritten(graph, text, lower=True, accents="ascii", final_sigma=False)
        for _ in range(10)
    }
    assert len(made) == len(asked) == 1
