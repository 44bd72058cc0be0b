"""Features that are made of several columns: what is chosen, and what comes of odd values."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from trialbook.program import Columns, Preprocessing, import_program
from trialbook.program._code import assign, import_block
from trialbook.program._features import feature_code
from trialbook.program._snippets import arithmetic, buckets, centred, explained, parts
from trialbook.program._tabular import _functions
from trialbook.program._transformers import ArithmeticPairs, CategoryCrosses, DateImputer, Topics

N = 600


@pytest.fixture
def numbers() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.uniform(1, 5, (N, 4)), columns=["w", "x", "y", "z"])


@pytest.fixture
def levels() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    return pd.DataFrame({name: rng.choice(list("abc"), N) for name in ("one", "two", "three")})


# -- how a feature is judged -----------------------------------------------------------------


def test_groups_that_say_nothing_explain_nothing_on_average() -> None:
    rng = np.random.default_rng(0)
    target = centred(rng.normal(size=N))
    by_chance = [explained(rng.integers(0, 16, N), target) for _ in range(200)]
    assert abs(np.mean(by_chance)) < 0.05 * explained(parts(target[:, 0], 16), target)
    assert abs(explained(np.arange(N), target)) < 1e-9  # groups of one row


def test_few_values_of_a_target_are_classes_and_many_are_ranks() -> None:
    assert centred(np.array([3, 5, 3, 9])).shape == (4, 3)
    heavy = centred(np.exp(np.arange(100.0)))
    assert heavy.shape == (100, 1)
    assert heavy.mean() == pytest.approx(0)
    assert np.ptp(heavy) < 1


def test_parts_are_equal_and_missing_values_have_their_own() -> None:
    values = np.r_[np.arange(80.0), [np.nan] * 3]
    found = parts(np.random.default_rng(0).permutation(values), 4)
    assert np.bincount(found)[4] == 3
    assert np.bincount(found)[:4].min() >= 17
    assert set(parts(np.full(9, np.nan), 4)) == {4}
    assert len(set(parts(np.ones(9), 4))) == 1


@pytest.mark.parametrize(
    ("a", "b"), [(1.0, 0.0), (0.0, 0.0), (1e300, 1e300), (np.nan, 1.0), (np.inf, np.inf)]
)
def test_arithmetic_is_finite_or_missing(a: float, b: float) -> None:
    made = arithmetic(np.array([a]), np.array([b]))
    assert made.shape == (1, 4)
    assert not np.isinf(made.astype(np.float32)).any()


# -- arithmetic ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (lambda t: t["w"] - t["z"], "w - z"),
        (lambda t: t["x"] / t["y"], "x / y"),
        (lambda t: np.sin(4 * t["x"] * t["z"]), "x * z"),
        (lambda t: (t["w"] + t["y"] > 6).astype(int), "w + y"),
    ],
)
def test_the_pair_that_makes_the_target_is_found(numbers, target, name) -> None:
    pairs = ArithmeticPairs(random_state=0).fit(numbers, target(numbers).to_numpy())
    assert pairs.get_feature_names_out()[0] == name
    a, kind, b = name.split()
    expected = numbers.eval(f"{a} {kind} {b}")
    np.testing.assert_allclose(pairs.transform(numbers)[:, 0], expected)


def test_what_only_repeats_its_columns_is_not_kept(numbers) -> None:
    target = np.random.default_rng(5).normal(size=N)
    pairs = ArithmeticPairs(random_state=0).fit(numbers, target + 3 * np.floor(numbers["w"]))
    assert 1 <= pairs.transform(numbers).shape[1] <= 6


def test_a_wide_table_is_cut_to_the_columns_that_tell_most() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(N, 60))).add_prefix("c")
    target = (table["c7"] - table["c41"]).to_numpy()
    pairs = ArithmeticPairs(n_features=3, n_columns=5, random_state=0).fit(table, target)
    assert pairs.get_feature_names_out()[0] == "c7 - c41"
    assert pairs.transform(table).shape[1] <= 3


def test_all_pairs_of_the_best_columns_are_kept_where_no_number_is_named(numbers) -> None:
    target = (numbers["w"] * numbers["z"]).to_numpy()
    pairs = ArithmeticPairs(n_features=None, n_columns=3, random_state=0).fit(numbers, target)
    names = list(pairs.get_feature_names_out())
    assert len(names) == len(set(names)) == 4 * 3
    made = pairs.transform(numbers)
    for column, name in zip(made.T, names, strict=True):
        np.testing.assert_allclose(column, numbers.eval(name))
    assert "w * z" in names


def test_odd_numbers_give_no_infinite_feature(numbers) -> None:
    odd = numbers.assign(constant=1.0, empty=np.nan, zero=0.0, huge=1e300)
    odd.loc[::7, "w"] = np.nan
    odd.loc[::5, "x"] = 0.0
    target = numbers["w"].to_numpy()
    pairs = ArithmeticPairs(random_state=0).fit(odd, target)
    assert not np.isinf(pairs.transform(odd).astype(np.float32)).any()
    nothing = odd[["constant", "empty", "zero"]]
    made = ArithmeticPairs(random_state=0).fit(nothing, target).transform(nothing)
    assert made.shape == (N, 1)


def test_one_column_has_no_pairs(numbers, levels) -> None:
    target = np.arange(N) % 2
    pairs = ArithmeticPairs(random_state=0).fit(numbers[["w"]], target)
    assert pairs.transform(numbers[["w"]]).shape == (N, 0)
    crosses = CategoryCrosses(random_state=0).fit(levels[["one"]], target)
    assert crosses.transform(levels[["one"]]).shape == (N, 0)


# -- crosses ---------------------------------------------------------------------------------


def test_the_cross_that_makes_the_target_comes_first(levels) -> None:
    target = (levels["one"] == levels["three"]).to_numpy().astype(int)
    crosses = CategoryCrosses(n_features=1, random_state=0).fit(levels, target)
    assert list(crosses.get_feature_names_out()) == ["one & three"]
    made = crosses.transform(levels)
    assert len(np.unique(made)) == 9
    assert (
        pd.DataFrame({"cross": made[:, 0], "y": target})
        .groupby("cross")["y"]
        .nunique()
        .eq(1)
        .all()
    )


def test_a_missing_level_is_a_level_and_an_unseen_one_is_not(levels) -> None:
    levels = levels.astype(object)
    levels.loc[::10, "one"] = np.nan
    crosses = CategoryCrosses(random_state=0).fit(levels, np.arange(N) % 2)
    rows = pd.DataFrame(
        {"one": ["a", None, "?", "a"], "two": ["a", "a", "a", "?"], "three": ["a", "b", "c", "a"]}
    )
    names = list(crosses.get_feature_names_out())
    made = crosses.transform(rows)[:, names.index("one & two")]
    assert made[2] == made[3] == -1
    assert made[0] >= 0 and made[1] >= 0 and made[0] != made[1]


def test_numbers_and_truth_values_as_levels_are_known_again() -> None:
    rng = np.random.default_rng(0)
    levels = pd.DataFrame({"code": rng.integers(0, 5, N), "flag": rng.random(N) < 0.5})
    crosses = CategoryCrosses(random_state=0).fit(levels, np.arange(N) % 2)
    later = levels.assign(code=levels["code"].astype(float), flag=levels["flag"].astype(object))
    later.loc[0, "flag"] = None
    np.testing.assert_array_equal(crosses.transform(later)[1:], crosses.transform(levels)[1:])
    assert crosses.transform(later)[0] >= -1


# -- as scikit-learn and programs use them ---------------------------------------------------


def test_the_same_seed_gives_the_same_features(numbers, levels) -> None:
    target = (numbers["w"] > numbers["x"]).to_numpy().astype(int)
    for one, X in (
        (ArithmeticPairs(n_rows=200, random_state=3), numbers),
        (CategoryCrosses(n_rows=200, random_state=3), levels),
    ):
        first, second = clone(one).fit(X, target), clone(one).fit(X, target)
        np.testing.assert_array_equal(first.transform(X), second.transform(X))
        assert first.transform(X).shape == (N, len(first.get_feature_names_out()))


def test_rows_that_were_not_fitted_change_nothing(numbers, levels) -> None:
    table = numbers.join(levels)
    target = (numbers["w"] > numbers["x"]).to_numpy().astype(int)
    code = feature_code(
        Columns(numeric=tuple(numbers), categorical=dict.fromkeys(levels, 3)),
        Preprocessing(extra=("arithmetic", "crosses", "target_encoding")),
    )
    features = program_of(code)["transformer"].fit(table.head(400), target[:400])
    alone = features.transform(table.iloc[[500]])
    np.testing.assert_array_equal(features.transform(table)[[500]], alone)


def test_what_a_category_says_of_the_target_is_not_learnt_from_its_own_row() -> None:
    rng = np.random.default_rng(0)
    levels = pd.DataFrame({"id": [f"i{i // 2}" for i in range(N)], "other": rng.choice(["a"], N)})
    target = rng.integers(0, 2, N)
    code = feature_code(
        Columns(categorical={"id": N // 2, "other": 1}),
        Preprocessing(extra=("crosses", "target_encoding")),
    )
    made = program_of(code)["transformer"].fit_transform(levels, target)
    for column in (2, 3, 4):  # behind the two codes
        told = np.corrcoef(made[:, column], target)[0, 1]
        assert np.isnan(told) or told < 0.2, column


SEPARATE = """
import sys
assert "trialbook" not in sys.modules
import pickle, numpy as np
folder = sys.argv[1]
model, rows = pickle.load(open(f"{folder}/model.pkl", "rb"))
np.save(f"{folder}/elsewhere.npy", model.transform(rows))
assert "trialbook" not in sys.modules
"""


def program_text(code) -> str:
    lines = [
        import_block([*code.imports, "import numpy as np", "import pandas as pd"]),
        "SEED = 0",
        *(assign(name, columns) for name, columns in code.constants),
        _functions(code.snippets),
        f"transformer = {code.expression}",
    ]
    return "\n".join(lines)


def program_of(code) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(program_text(code), names)
    return names


def test_they_are_pickled_with_their_source(numbers, levels, tmp_path: Path) -> None:
    table = numbers.join(levels)
    code = feature_code(
        Columns(numeric=tuple(numbers), categorical=dict.fromkeys(levels, 3)),
        Preprocessing(extra=("arithmetic", "crosses", "target_encoding")),
    )
    path = tmp_path / "features.py"
    path.write_text(program_text(code), encoding="utf-8")
    module = import_program(path, "features_of_a_test")
    fitted = module.transformer.fit(table, numbers["w"].to_numpy() > 3)
    (tmp_path / "model.pkl").write_bytes(cloudpickle.dumps((fitted, table)))
    script = tmp_path / "separate.py"
    script.write_text(SEPARATE, encoding="utf-8")
    subprocess.run([sys.executable, "-I", script, tmp_path], check=True, timeout=120)
    np.testing.assert_array_equal(np.load(tmp_path / "elsewhere.npy"), fitted.transform(table))


# -- what is asked for by name ---------------------------------------------------------------


def test_dates_are_filled_by_what_a_fold_has() -> None:
    days = pd.DataFrame({"day": ["2024-01-01", "2024-01-01", "2024-01-06", None, "no date"]})
    expected = {"mean": "2024-01-02 16:00", "median": "2024-01-01", "most_frequent": "2024-01-01"}
    parsing = {"format": "%Y-%m-%d", "errors": "coerce"}
    for strategy, day in expected.items():
        filled = clone(DateImputer(strategy, parsing=parsing)).fit(days).transform(days)
        assert list(filled["day"][3:]) == [pd.Timestamp(day)] * 2
    given = DateImputer("constant", "2000-02-03").fit(days[:4])
    assert given.transform(days[3:4])["day"].iloc[0] == pd.Timestamp("2000-02-03")
    assert list(given.get_feature_names_out()) == ["day"]


def test_there_are_no_more_topics_than_words() -> None:
    counts = np.random.default_rng(0).poisson(1.0, (50, 3)).astype(float)
    topics = Topics(30, random_state=0).fit(counts)
    assert topics.transform(counts).shape == (50, 3)
    assert list(topics.get_feature_names_out()) == ["topic_00", "topic_01", "topic_02"]
    assert Topics(2).fit(counts).transform(counts).shape == (50, 2)


def test_a_bucket_is_of_what_a_category_is_called_wherever_it_stands() -> None:
    first = buckets(pd.DataFrame({"a": ["x", "y"], "b": ["y", "x"]}), 1000)
    assert list(first["a"]) == list(first["b"])[::-1]
    assert first.to_numpy().min() >= 0 and first.to_numpy().max() < 1000
    np.testing.assert_array_equal(
        buckets(pd.DataFrame({"a": [1, 5]}).astype(float), 9), buckets(np.array([[1.0], [5.0]]), 9)
    )


def test_a_number_falls_into_one_bucket_whatever_its_column_is_stored_as() -> None:
    whole = buckets(pd.DataFrame({"a": [1, 5, 7]}), 1000)["a"]
    with_missing = buckets(pd.DataFrame({"a": [1, 5, np.nan, 7]}), 1000)["a"]
    assert list(whole) == list(with_missing.iloc[[0, 1, 3]])
