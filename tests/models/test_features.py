"""Which features a model makes of which columns: told by the model, not by names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from trialbook.models import Feature, features_of, transformations
from trialbook.orders import Imputer, Orders
from trialbook.program import Columns, Preprocessing
from trialbook.program._calibration import AdjustedClassifier
from trialbook.program._code import assign, import_block
from trialbook.program._features import feature_code
from trialbook.program._tabular import _functions

N = 80


def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "a": rng.choice(["b_c", "x"], N),
            "a_b": rng.choice(["c", "d_c", "e"], N),
            "a_b_c": rng.normal(size=N),
            "missingindicator_a": np.where(rng.random(N) < 0.3, np.nan, rng.normal(size=N)),
            "day": pd.date_range("2024-01-01", periods=N),
            "note": rng.choice(["red fox", "blue fox", "red bird"], N),
            "note_red": rng.choice(["red sun", "red fox"], N),
            "y": np.arange(N) % 3,
        }
    )


COLUMNS = Columns(
    numeric=("a_b_c", "missingindicator_a"),
    categorical={"a": 2, "a_b": 3},
    datetime={"day": None},
    text=("note", "note_red"),
)
LINEAR = Preprocessing(
    numeric="standard", categorical="one_hot", datetime="cyclic", text="ngrams", dense=False
)


def pipeline(needs: Preprocessing, columns: Columns = COLUMNS, y: Any = None) -> Pipeline:
    """A fitted pipeline as programs have them."""
    code = feature_code(columns, needs)
    lines = [
        import_block([*code.imports, "import numpy as np", "import pandas as pd"]),
        f"SEED, N_JOBS, N_CATEGORICAL = 0, 1, {code.n_categorical}",
        *(assign(name, names) for name, names in code.constants),
        _functions(code.snippets),
        f"transformer = {code.expression}",
    ]
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)
    model = Pipeline([("features", names["transformer"]), ("model", DummyClassifier())])
    return model.fit(rows().drop(columns="y"), rows()["y"] if y is None else y)


def parents(features: list[Feature], name: str) -> set[tuple[str, ...]]:
    return {one.parents for one in features if one.name == name}


def test_names_that_look_alike_are_told_apart() -> None:
    features = features_of(pipeline(LINEAR))
    assert parents(features, "a_b_c") == {("a",), ("a_b",), ("a_b_c",)}
    marked = [one for one in features if one.name.startswith("missingindicator")]
    assert [one.parents for one in marked] == [("missingindicator_a",)] * 2
    assert parents(features, "note_red") == {("note",)}
    assert parents(features, "note_red_fox") == {("note_red",)}
    assert parents(features, "note_red fox") == {("note",)}
    assert parents(features, "note_red_red fox") == {("note_red",)}


NEEDS = {
    "codes": Preprocessing(),
    "linear": LINEAR,
    "dense": Preprocessing(numeric="squash", categorical="one_hot", text="topics"),
    "positive": replace(LINEAR, numeric="minmax"),
    "words": Preprocessing(text="words", n_words=5),
    "table": Preprocessing(frame=True),
    "few": Preprocessing(numeric="impute", select=4),
    "extra": Preprocessing(extra=("arithmetic", "crosses", "target_encoding")),
}
ASKED = {
    "nothing": Orders(),
    "filled": Orders(
        imputers={
            "missingindicator_a": Imputer(strategy="mean"),
            "a": Imputer(strategy="most_frequent"),
            "day": Imputer(strategy="median"),
        },
        hashed=frozenset({"a_b"}),
    ),
    "targets": Orders(blocked=frozenset({"one_hot", "codes", "tfidf", "dates"})),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("needs", NEEDS)
def test_every_output_of_a_pipeline_is_a_feature(needs: str, asked: str) -> None:
    model = pipeline(NEEDS[needs], replace(COLUMNS, orders=ASKED[asked]))
    features = features_of(model)
    assert len(features) == model[:-1].transform(rows().drop(columns="y")).shape[1]


def test_features_of_several_columns_name_all_of_them() -> None:
    columns = replace(COLUMNS, text=(), datetime={})
    features = features_of(pipeline(NEEDS["extra"], columns))
    (pair,) = {one for one in features if " " in one.name and "&" not in one.name}
    assert pair.parents == ("a_b_c", "missingindicator_a")
    crossed = [one for one in features if "&" in one.name]
    assert {one.parents for one in crossed} == {("a", "a_b")}
    assert len(crossed) == 3  # one for each class
    assert {one.steps for one in crossed} == {("two as one", "target encoding")}


def test_what_was_done_is_told_in_order() -> None:
    filled = replace(COLUMNS, orders=ASKED["filled"])
    features = features_of(pipeline(LINEAR, filled))

    def ways(column: str) -> list[str]:
        return transformations([one for one in features if column in one.parents])

    assert ways("a_b_c") == ["median imputation, standard scaling"]
    assert ways("missingindicator_a") == [
        "mean imputation, standard scaling",
        "whether it was missing",
    ]
    assert ways("a") == ["imputation by the most frequent value, one-hot encoding"]
    assert ways("a_b") == ["hash into 32 buckets"]
    assert ways("note") == ["TF-IDF of 1 to 2 words"]
    plain = features_of(pipeline(Preprocessing()))
    assert transformations([one for one in plain if one.parents == ("a_b_c",)]) == ["as it is"]


def test_rare_levels_are_one_feature() -> None:
    table = pd.DataFrame({"c": ["x"] * 9 + ["y"] * 9 + ["r", "s"]})
    encoder = OneHotEncoder(min_frequency=3, handle_unknown="infrequent_if_exist")
    steps = [
        ("features", ColumnTransformer([("c", encoder, ["c"])])),
        ("model", DummyClassifier()),
    ]
    model = Pipeline(steps).fit(table, np.arange(20) % 2)
    assert [one.name for one in features_of(model)] == ["c_x", "c_y", "c_infrequent_sklearn"]


def test_folds_make_theirs_alike_and_members_of_ensembles_in_their_ways() -> None:
    X, y = rows().drop(columns="y"), rows()["y"]
    columns = replace(COLUMNS, text=())

    def voted(needs: Preprocessing) -> VotingClassifier:
        folds = [(f"fold_{i}", FrozenEstimator(pipeline(needs, columns))) for i in range(3)]
        return VotingClassifier(folds, voting="soft").fit(X, y)

    codes, linear = features_of(voted(NEEDS["codes"])), features_of(voted(LINEAR))
    assert codes == features_of(pipeline(NEEDS["codes"], columns))
    members = [
        ("codes", FrozenEstimator(voted(NEEDS["codes"]))),
        ("again", FrozenEstimator(voted(NEEDS["codes"]))),
        ("linear", FrozenEstimator(voted(LINEAR))),
    ]
    blend = VotingClassifier(members, voting="soft").fit(X, y)
    stack = StackingClassifier(members, DummyClassifier(), cv="prefit").fit(X, y)
    adjusted = AdjustedClassifier(blend, lambda proba, by: proba, None).fit(X, y)
    for ensemble in (blend, stack, adjusted):
        assert features_of(ensemble) == [*codes, *linear]


class Doubled(TransformerMixin, BaseEstimator):
    """What a person may have written into a notebook."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> Doubled:
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        return np.hstack([np.asarray(X), np.asarray(X)])

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        return np.array([f"d{i}" for i in range(2 * self.n_features_in_)], dtype=object)


def test_an_unknown_transformer_makes_each_feature_of_all_its_columns() -> None:
    X, y = rows()[["a_b_c", "a"]], rows()["y"]
    own = ColumnTransformer(
        [
            ("own", make_pipeline(StandardScaler(), Doubled()), ["a_b_c"]),
            ("codes", OrdinalEncoder(), [1]),
            ("nothing", "drop", []),
        ]
    )
    features = features_of(Pipeline([("features", own), ("model", DummyClassifier())]).fit(X, y))
    assert features == [
        Feature("d0", ("a_b_c",), ("standard scaling", "Doubled")),
        Feature("d1", ("a_b_c",), ("standard scaling", "Doubled")),
        Feature("a", ("a",), ("codes",)),
    ]


def test_a_model_without_such_a_pipeline_has_no_features_that_are_known() -> None:
    assert features_of(DummyClassifier().fit([[0], [1]], [0, 1])) == []
