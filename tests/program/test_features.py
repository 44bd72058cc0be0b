"""Column transformers written for what learners need."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from trialbook.program._code import assign, import_block
from trialbook.program._features import FeatureCode, feature_code
from trialbook.program._needs import (
    MAX_NATIVE_LEVELS,
    ONE_HOT_MAX_LEVELS,
    Columns,
    Preprocessing,
    extra_width,
    possible_extras,
)
from trialbook.program._tabular import _functions

ALL = Columns(
    numeric=("size",),
    categorical={"job": 3, "zip": 40, "code": 4},
    coded=("code",),
    datetime={"day": "%d.%m.%Y", "seen": None},
    timed=("seen",),
    text=("note",),
)
ONE_HOT = Preprocessing(numeric="standard", categorical="one_hot", datetime="cyclic")


def rows(n: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    words = np.array([a + b for a in ("ba", "lo", "mi", "tu") for b in ("ng", "st", "rd", "ck")])
    return pd.DataFrame(
        {
            "size": np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n)),
            "job": rng.choice(["cook", "smith", np.nan], n).astype(object),
            "zip": [f"z{i % 40}" for i in range(n)],
            "code": rng.integers(0, 4, n),
            "day": pd.Series(pd.date_range("2024-01-01", periods=n)).dt.strftime("%d.%m.%Y"),
            "seen": pd.date_range("2024-01-01", periods=n, freq="7h"),
            "note": [" ".join(rng.choice(words, 4)) for _ in range(n)],
        }
    ).replace({"job": {"nan": np.nan}})


def build(code: FeatureCode) -> BaseEstimator:
    """The transformer that a feature code means."""
    lines = [
        import_block([*code.imports, "import numpy as np", "import pandas as pd"]),
        "SEED = 0",
        f"N_CATEGORICAL = {code.n_categorical}",
        *(assign(name, columns) for name, columns in code.constants),
        _functions(code.snippets),
        f"transformer = {code.expression}",
    ]
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)
    return names["transformer"]


def y(n: int = 120) -> np.ndarray:
    return np.arange(n) % 2


NEEDS = [
    Preprocessing(
        numeric=numeric, categorical=categorical, datetime=datetime, text=text, dense=dense
    )
    for numeric, categorical, datetime, text, dense in itertools.product(
        ("keep", "impute", "standard", "squash", "minmax"),
        ("codes", "one_hot"),
        ("parts", "cyclic"),
        ("topics", "ngrams", "words"),
        (True, False),
    )
    if not (categorical == "one_hot" and numeric == "keep")
]


@pytest.mark.parametrize("needs", NEEDS, ids=str)
def test_every_need_is_met_with_rows_never_seen(needs: Preprocessing) -> None:
    transformer = build(feature_code(ALL, needs))
    transformer.fit(rows(), y())
    odd = rows().head(3)
    odd["size"] = [np.nan, 1e9, -1e9]
    odd["job"] = ["astronaut", np.nan, "cook"]
    odd["code"] = [77.0, np.nan, 1.0]
    odd["day"] = ["no date", np.nan, "01.02.2030"]
    odd["seen"] = [pd.NaT, pd.Timestamp("1999-01-01"), pd.Timestamp("2024-01-02")]
    odd["note"] = [np.nan, "unheard of", ""]
    encoded = transformer.transform(odd)
    if needs.dense:
        assert isinstance(encoded, np.ndarray)
    matrix = np.asarray(
        encoded if needs.dense or isinstance(encoded, np.ndarray) else encoded.todense()
    )
    assert matrix.dtype == float
    if needs.complete:
        assert np.isfinite(matrix).all()
    if needs.numeric == "minmax" and needs.categorical == "one_hot" and needs.text == "ngrams":
        assert (matrix >= 0).all()


def test_category_codes_come_first_and_are_counted() -> None:
    code = feature_code(ALL, Preprocessing())
    encoded = build(code).fit_transform(rows(), y())
    assert code.n_categorical == 3
    known = encoded[:, :3]
    assert np.array_equal(known[~np.isnan(known)], np.floor(known[~np.isnan(known)]))
    assert not np.array_equal(encoded[:, 3], np.floor(encoded[:, 3]))


def test_a_number_and_the_same_number_with_a_point_are_one_level() -> None:
    for needs in (Preprocessing(), ONE_HOT, Preprocessing(frame=True)):
        transformer = build(feature_code(ALL, needs)).fit(rows(), y())
        pointed = rows().assign(code=rows()["code"].astype(float))
        np.testing.assert_array_equal(
            np.asarray(transformer.transform(pointed)), np.asarray(transformer.transform(rows()))
        )


def test_a_frame_has_whole_numbers_for_categories() -> None:
    code = feature_code(ALL, Preprocessing(frame=True))
    table = build(code).fit_transform(rows(), y())
    kinds = [kind.kind for kind in table.dtypes]
    assert kinds[: code.n_categorical] == ["i"] * code.n_categorical
    assert set(kinds[code.n_categorical :]) == {"f"}


def test_missing_numbers_are_marked_when_they_are_filled() -> None:
    columns = Columns(numeric=("size",))
    encoded = build(feature_code(columns, Preprocessing(numeric="impute"))).fit_transform(rows())
    assert encoded.shape[1] == 2
    np.testing.assert_array_equal(encoded[:, 1] == 1, rows()["size"].isna())


def test_many_levels_are_told_by_the_target_and_few_by_columns_of_their_own() -> None:
    code = feature_code(ALL, ONE_HOT)
    constants = dict(code.constants)
    assert constants["CATEGORICAL"] == ["job"]
    assert constants["CATEGORICAL_MANY"] == ["zip"]
    assert constants["CODED"] == ["code"]
    assert "OneHotEncoder" in code.expression and "TargetEncoder" in code.expression
    few = Columns(categorical={"job": ONE_HOT_MAX_LEVELS})
    assert "TargetEncoder" not in feature_code(few, ONE_HOT).expression


def test_codes_stay_below_what_learners_take() -> None:
    columns = Columns(categorical={"id": 400})
    table = pd.DataFrame({"id": [f"i{i % 400}" for i in range(1200)]})
    encoded = build(feature_code(columns, Preprocessing())).fit_transform(table)
    assert encoded.max() < MAX_NATIVE_LEVELS
    frame = build(feature_code(columns, Preprocessing(frame=True))).fit_transform(table)
    assert frame[0].nunique() == 400


def test_only_dates_with_a_time_of_day_have_minutes() -> None:
    code = feature_code(Columns(datetime={"day": "%d.%m.%Y"}), Preprocessing())
    assert 'resolution="day"' in code.expression
    timed = Columns(datetime={"seen": None}, timed=("seen",))
    assert 'resolution="minute"' in feature_code(timed, Preprocessing()).expression


def test_odd_column_names_are_quoted() -> None:
    names = ('a "b"', "it's", "line\nbreak", "ünï, c")
    table = pd.DataFrame({name: np.arange(9.0) for name in names})
    columns = Columns(numeric=names)
    encoded = build(feature_code(columns, Preprocessing())).fit_transform(table)
    assert encoded.shape == (9, 4)


def test_columns_count_every_kind() -> None:
    assert len(ALL) == 7
    assert len(Columns()) == 0


# -- features of several columns -------------------------------------------------------------

EVERY = ("arithmetic", "all_pairs", "crosses", "target_encoding")
WIDE = replace(ALL, numeric=("size", "weight"))


def wide_rows() -> pd.DataFrame:
    return rows().assign(weight=np.arange(120.0) % 7)


@pytest.mark.parametrize("extra", [(one,) for one in EVERY] + [EVERY], ids="+".join)
@pytest.mark.parametrize(
    "needs",
    [Preprocessing(), Preprocessing(frame=True), ONE_HOT],
    ids=["codes", "frame", "one_hot"],
)
def test_extra_features_stand_behind_the_others(extra, needs: Preprocessing) -> None:
    plain = build(feature_code(WIDE, needs)).fit(wide_rows(), y())
    code = feature_code(WIDE, replace(needs, extra=extra))
    more = build(code).fit(wide_rows(), y())
    odd = wide_rows().head(3)
    odd["size"], odd["weight"] = [np.nan, 1e9, 0.0], [0.0, np.nan, -1e300]
    odd["job"], odd["code"] = ["astronaut", np.nan, "cook"], [77.0, np.nan, 1.0]
    before, after = (np.asarray(one.transform(odd), dtype=float) for one in (plain, more))
    np.testing.assert_array_equal(after[:, : before.shape[1]], before)
    added = after.shape[1] - before.shape[1]
    assert 0 < added <= extra_width(WIDE, extra)
    assert not np.isinf(after).any()
    assert not needs.complete or np.isfinite(after).all()


def test_extra_features_that_the_columns_do_not_allow_are_left_out() -> None:
    lonely = Columns(numeric=("size",), text=("note",))
    assert possible_extras(lonely) == ()
    assert feature_code(lonely, Preprocessing(extra=EVERY)) == feature_code(
        lonely, Preprocessing()
    )


def test_columns_of_extra_features_have_names_of_their_own() -> None:
    transformer = build(feature_code(WIDE, Preprocessing(extra=EVERY))).fit(wide_rows(), y())
    names = list(transformer.get_feature_names_out())
    assert len(set(names)) == len(names) == transformer.transform(wide_rows()).shape[1]
    assert "encoded__job" in names
    assert any(name.startswith("arithmetic__size ") for name in names)


def test_whole_numbers_to_predict_are_no_classes() -> None:
    whole = (np.arange(120) % 30).astype(float)
    for needs in (ONE_HOT, Preprocessing(extra=("target_encoding",))):
        code = feature_code(ALL, needs, regression=True)
        assert 'target_type="continuous"' in code.expression
        classes = build(feature_code(ALL, needs)).fit(rows(), whole).transform(rows())
        numbers = build(code).fit(rows(), whole).transform(rows())
        assert numbers.shape[1] < classes.shape[1]
