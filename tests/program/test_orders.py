"""Programs keep to what was asked of the features."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from trialbook.orders import OFF, Imputer, Orders, read_parameters
from trialbook.program import category_width, extra_width, possible_extras
from trialbook.program._code import assign, import_block
from trialbook.program._features import FeatureCode, feature_code
from trialbook.program._needs import Columns, Preprocessing
from trialbook.program._tabular import _functions

N = 90
COLUMNS = Columns(
    numeric=("size", "count"),
    categorical={"job": 3, "zip": 40, "code": 4},
    coded=("code",),
    datetime={"day": "%d.%m.%Y", "seen": None},
    timed=("seen",),
    text=("note",),
)
TREES = Preprocessing()
LINEAR = Preprocessing(
    numeric="standard", categorical="one_hot", datetime="cyclic", text="ngrams", dense=False
)
DENSE = Preprocessing(numeric="squash", categorical="one_hot", text="topics")
NEEDS = {
    "trees": TREES,
    "boosted": Preprocessing(text="words", n_words=50),
    "frame": Preprocessing(frame=True),
    "linear": LINEAR,
    "dense": DENSE,
    "positive": replace(LINEAR, numeric="minmax"),
    "extra": Preprocessing(extra=("arithmetic", "crosses", "target_encoding")),
}


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = ["café", "river", "stone", "cloud", "light", "bread"]
    return pd.DataFrame(
        {
            "size": np.where(rng.random(N) < 0.2, np.nan, rng.normal(size=N)),
            "count": rng.integers(0, 9, N),
            "job": rng.choice(["cook", "smith", None], N),
            "zip": [f"z{i % 40}" for i in range(N)],
            "code": np.where(rng.random(N) < 0.2, np.nan, rng.integers(0, 4, N)),
            "day": pd.Series(pd.date_range("2024-01-01", periods=N)).dt.strftime("%d.%m.%Y"),
            "seen": pd.date_range("2024-01-01", periods=N, freq="7h").where(rng.random(N) < 0.9),
            "note": [" ".join(rng.choice(words, 4)) for _ in range(N)],
        }
    )


def code(needs: Preprocessing, columns: Columns = COLUMNS, **asked: Any) -> FeatureCode:
    if "parameters" in asked:
        asked["parameters"] = read_parameters(asked["parameters"])
    if "blocked" in asked:
        asked["blocked"] = frozenset(asked["blocked"])
    return feature_code(replace(columns, orders=Orders(**asked)), needs)


def build(code: FeatureCode) -> BaseEstimator:
    """The transformer that a feature code means."""
    lines = [
        import_block([*code.imports, "import numpy as np", "import pandas as pd"]),
        "SEED, N_JOBS = 0, 1",
        f"N_CATEGORICAL = {code.n_categorical}",
        *(assign(name, columns) for name, columns in code.constants),
        _functions(code.snippets),
        f"transformer = {code.expression}",
    ]
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)
    return names["transformer"]


def encoded(code: FeatureCode, table: pd.DataFrame | None = None) -> np.ndarray:
    transformer = build(code).fit(rows(), np.arange(N) % 2)
    made = transformer.transform(rows() if table is None else table)
    return np.asarray(made.todense() if hasattr(made, "todense") else made, dtype=float)


def test_orders_that_ask_nothing_change_nothing() -> None:
    for needs in NEEDS.values():
        assert code(needs) == feature_code(COLUMNS, needs)
        assert code(needs, language="de") == feature_code(COLUMNS, needs)
        none = code(needs, blocked={"word_embedding", "naive_bayes", "imputer"})
        assert none == feature_code(COLUMNS, needs)


@pytest.mark.parametrize("needs", NEEDS)
@pytest.mark.parametrize(
    "blocked",
    [
        {"one_hot"},
        {"codes"},
        {"target_encoding"},
        {"one_hot", "target_encoding"},
        {"one_hot", "target_encoding", "hash_one_hot"},
        {"codes", "target_encoding", "one_hot"},
        {"codes", "one_hot", "hash_one_hot"},
        {"tfidf"},
        {"words"},
        {"topics"},
        {"topics", "tfidf"},
        {"dates", "missing_indicator"},
        {"arithmetic", "crosses"},
    ],
    ids=lambda names: "+".join(sorted(names)),
)
def test_what_is_blocked_is_replaced(needs: str, blocked: set[str]) -> None:
    wanted = NEEDS[needs]
    written = code(wanted, blocked=blocked)
    signs = {
        "one_hot": "OneHotEncoder(min",
        "codes": "OrdinalEncoder(",
        "target_encoding": "TargetEncoder(",
        "hash_one_hot": "buckets",
        "tfidf": "tfidf",
        "words": "CountVectorizer(",
        "topics": "StringEncoder(",
        "dates": "weekday",
        "missing_indicator": "indicator",
        "arithmetic": "ArithmeticPairs(",
        "crosses": "CategoryCrosses(",
    }
    assert not [one for one in blocked if signs[one] in written.expression.replace("Tfi", "tfi")]
    matrix = encoded(written)
    assert len(matrix) == N
    assert not wanted.complete or np.isfinite(matrix).all()
    if needs == "positive" and "topics" not in written.expression:
        assert (matrix >= 0).all()


def test_only_codes_of_a_learner_that_takes_them_are_counted() -> None:
    assert code(TREES).n_categorical == 3
    assert code(TREES, blocked={"codes"}).n_categorical == 0
    assert code(TREES, hashed=frozenset({"zip"})).n_categorical == 2
    assert code(LINEAR, blocked={"one_hot", "target_encoding", "hash_one_hot"}).n_categorical == 0


def test_without_featurization_a_column_is_a_feature() -> None:
    plain = replace(COLUMNS, text=())
    for needs in (TREES, LINEAR, NEEDS["extra"]):
        assert encoded(code(needs, plain, blocked=OFF)).shape == (N, len(plain))


def test_categories_are_hashed_into_as_many_columns_as_bits_say() -> None:
    columns = Columns(categorical={"zip": 40, "code": 4}, coded=("code",))
    asked: dict[str, Any] = {
        "hashed": frozenset(columns.categorical),
        "parameters": {"hash_one_hot": {"number_of_bits": 2}},
    }
    table = rows()
    for needs in (TREES, LINEAR):
        made = encoded(code(needs, columns, **asked), table)
        assert made.shape[1] <= 8
        assert set(np.unique(made)) == {0.0, 1.0}
        pointed = table.assign(code=table["code"].astype("Int64").astype(object))
        pointed["code"] = pd.to_numeric(pointed["code"])
        np.testing.assert_array_equal(encoded(code(needs, columns, **asked), pointed), made)


def test_levels_say_when_categories_have_columns_of_their_own() -> None:
    few = {"one_hot": {"max_levels": 2, "min_frequency": 1}}
    constants = dict(code(LINEAR, parameters=few).constants)
    assert constants["CATEGORICAL_MANY"] == ["job", "zip"]
    most = code(LINEAR, parameters=few, blocked={"target_encoding"})
    assert "max_categories=2" in most.expression and "min_frequency=1" in most.expression


# -- missing cells ---------------------------------------------------------------------------

FILLED = {
    "size": Imputer(strategy="constant", fill_value=-9.5),
    "count": Imputer(strategy="constant", fill_value=0.5),
    "job": Imputer(strategy="most_frequent"),
    "code": Imputer(strategy="constant", fill_value=3.0),
    "day": Imputer(strategy="mean"),
    "seen": Imputer(strategy="constant", fill_value="2024-01-01T00:00:00"),
}


@pytest.mark.parametrize("needs", NEEDS)
def test_filled_cells_are_as_if_they_had_been_there(needs: str) -> None:
    written = code(NEEDS[needs], imputers=FILLED, blocked={"missing_indicator"})
    transformer = build(written).fit(rows(), np.arange(N) % 2)
    holes = rows().head(4)
    holes["size"], holes["count"], holes["code"] = np.nan, np.nan, np.nan
    holes["job"], holes["day"], holes["seen"] = None, None, pd.NaT
    there = holes.assign(size=-9.5, count=0.5, code=3, job=rows()["job"].mode()[0])
    middle = pd.date_range("2024-01-01", periods=N).to_series().mean()
    there["day"], there["seen"] = middle.strftime("%d.%m.%Y"), pd.Timestamp("2024-01-01")

    def matrix(table: pd.DataFrame) -> np.ndarray:
        made = transformer.transform(table)
        return np.asarray(made.todense() if hasattr(made, "todense") else made, dtype=float)

    # The mean of the days has a time of day, which a day as text has not.
    np.testing.assert_allclose(matrix(holes), matrix(there), rtol=1e-3, atol=0.02)


def test_where_numbers_were_missing_is_told_unless_that_is_blocked() -> None:
    columns = Columns(numeric=("size", "count"))
    asked = {"size": Imputer(strategy="mean")}
    marked = encoded(code(TREES, columns, imputers=asked))
    np.testing.assert_array_equal(marked[:, 2] == 1, rows()["size"].isna())
    assert not np.isnan(marked).any()
    blocked = {"missing_indicator"}
    assert encoded(code(TREES, columns, imputers=asked, blocked=blocked)).shape == (N, 2)


def test_a_column_of_which_a_fold_has_nothing_stays_a_column() -> None:
    columns = replace(COLUMNS, text=())
    empty = rows().assign(size=np.nan, code=np.nan, job=None, day=None, seen=pd.NaT)
    empty["seen"] = pd.to_datetime(empty["seen"])
    for needs in (TREES, LINEAR, NEEDS["frame"]):
        transformer = build(code(needs, columns, imputers=FILLED)).fit(empty, np.arange(N) % 2)
        assert transformer.transform(rows()).shape[0] == N


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent"])
def test_dates_with_a_time_zone_are_filled(strategy: str) -> None:
    columns = Columns(datetime={"at": "ISO8601"}, timed=("at",))
    times = pd.Series(pd.date_range("2024-01-01", periods=N, tz="UTC")).map(str)
    table = pd.DataFrame({"at": times.where(np.arange(N) % 3 > 0)})
    written = code(TREES, columns, imputers={"at": Imputer(strategy=strategy)})
    assert not np.isnan(build(written).fit_transform(table)).any()


# -- text ------------------------------------------------------------------------------------


def test_parameters_of_text_are_those_of_its_column() -> None:
    columns = Columns(text=("note", "remark"))
    own = [{"fields": ["note"], "parameters": {"ngram_range": [1, 3], "max_features": 7}}]
    written = code(LINEAR, columns, parameters={"tfidf": own}).expression
    assert "ngram_range=(1, 3), max_features=7, sublinear_tf=True" in written
    assert "ngram_range=(1, 2), max_features=20000" in written


def test_words_to_leave_out_are_a_list_of_the_program() -> None:
    columns = Columns(text=("note", "remark"))
    asked = {"tfidf": {"stop_words": ["river", "stone"]}}
    written = code(LINEAR, columns, parameters=asked)
    assert dict(written.constants) == {"STOP_WORDS": ["river", "stone"]}
    names = build(written).fit(rows().assign(remark=rows()["note"])).transformers_[0][1]
    assert "river" not in names[-1].get_feature_names_out()


def test_topics_are_of_whatever_words_are_allowed() -> None:
    columns = Columns(text=("note",))
    for asked in ({"blocked": {"tfidf"}}, {"parameters": {"tfidf": {"max_features": 4}}}):
        made = encoded(code(DENSE, columns, **asked))
        assert 1 <= made.shape[1] <= 30
    few = code(DENSE, columns, parameters={"topics": {"n_components": 3}})
    assert encoded(few).shape == (N, 3)


def test_languages_without_spaces_are_read_by_characters() -> None:
    columns = Columns(text=("note",))
    assert 'analyzer="char"' in code(LINEAR, columns, language="ja").expression
    assert "analyzer" not in code(LINEAR, columns, language="de").expression
    chinese = rows().assign(
        note=["我喜欢这家餐厅" if i % 2 else "服务太慢了不好" for i in range(N)]
    )
    transformer = build(code(DENSE, columns, language="zh"))
    made = transformer.fit_transform(chinese, np.arange(N) % 2)
    assert abs(np.corrcoef(made[:, 0], np.arange(N) % 2)[0, 1]) > 0.9 or made.shape[1] > 1


def test_words_with_and_without_accents_are_one_where_the_language_lets_them_be() -> None:
    columns = Columns(text=("note",))
    for language, same in (("fr", True), ("de", False)):
        transformer = build(code(LINEAR, columns, language=language)).fit(rows())
        spelt = [rows().head(1).assign(note=word) for word in ("café café", "cafe cafe")]
        first, second = (transformer.transform(one).toarray() for one in spelt)
        assert np.array_equal(first, second) == same


# -- what tables of facts say ----------------------------------------------------------------


def test_blocked_features_are_not_offered() -> None:
    wide = replace(COLUMNS, numeric=("a", "b"))
    assert set(possible_extras(wide)) == {"arithmetic", "all_pairs", "crosses", "target_encoding"}
    none = replace(wide, orders=Orders(blocked=frozenset({"arithmetic", "target_encoding"})))
    assert possible_extras(none) == ()
    assert extra_width(none, ("arithmetic", "crosses")) == 0


def test_the_width_of_categories_follows_their_encoding() -> None:
    def widths(**asked: Any) -> list[int]:
        columns = replace(COLUMNS, orders=Orders(**asked))
        return [category_width(columns, "zip", kind) for kind in ("codes", "one_hot")]

    assert widths() == [1, 32]
    assert widths(blocked=frozenset({"codes", "target_encoding"})) == [32, 32]
    assert widths(blocked=frozenset({"one_hot", "target_encoding", "hash_one_hot"})) == [1, 1]
    bits = read_parameters({"hash_one_hot": {"number_of_bits": 3}})
    assert widths(hashed=frozenset({"zip"}), parameters=bits) == [8, 8]
