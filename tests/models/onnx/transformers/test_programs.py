"""All transformers that a generated program can hold give in ONNX what they give in Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trialbook.errors import ExportError
from trialbook.orders import Imputer, Orders, Parameters
from trialbook.program import Columns, Preprocessing
from trialbook.program._code import assign, import_block
from trialbook.program._features import feature_code
from trialbook.program._tabular import _functions

N = 150
# Relative above 1: features that are float32 in Python are the very same, too.
EXACT = 1e-12
FORMATS = {"seen": "%d/%m/%Y", "stamp": "ISO8601"}
TEXT = (
    "the Fox is BIG and red, école ÉCOLE naïve İzmir çok 中文字 テスト ΟΔΟΣ οδος x1_y a don't 🎉"
    " ²³ . \n  b"
)
WORDS = TEXT.split(" ")
COLUMNS = Columns(
    numeric=("size", "whole", "rare"),
    counts=("whole",),
    categorical={"job": 40, "town": 3, "flag": 2, "code": 3, "many": 60},
    coded=("code", "many"),
    datetime={"day": None, "seen": FORMATS["seen"], "stamp": FORMATS["stamp"]},
    timed=("day", "stamp"),
    text=("note",),
)
LINEAR = Preprocessing(
    numeric="standard", categorical="one_hot", datetime="cyclic", text="ngrams", dense=False
)


def table(seed: int, n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(seed)

    def holed(values: Any, share: float = 0.15) -> pd.Series:
        return pd.Series(values).where(rng.random(n) > share)

    days = pd.Timestamp("2023-11-05 13:45:30.123456789") + pd.to_timedelta(
        rng.integers(-20_000_000, 20_000_000, n), "min"
    )
    made = pd.DataFrame(
        {
            "size": holed(rng.normal(size=n) * 100),
            "whole": rng.poisson(2.0, n),
            "rare": holed(rng.choice([0.0, 0.0, 0.0, 5.0], n), 0.6),
            "job": holed([f"job ä{i}" for i in rng.integers(0, 40, n)]).astype(object),
            "town": rng.choice(["Ulm", " ", "Kyōto", "ulm"], n, p=[0.5, 0.3, 0.19, 0.01]),
            "flag": rng.choice([True, False], n),
            "code": holed(rng.choice([1.0, 2.5, 7.0], n)),
            "many": rng.integers(0, 60, n),
            "day": holed(days),
            "seen": holed(days.strftime("%d/%m/%Y")).astype(object),
            "stamp": holed(days.strftime("%Y-%m-%dT%H:%M:%S%z")).astype(object),
            "note": holed([" ".join(rng.choice(WORDS, rng.integers(1, 9))) for _ in range(n)]),
        }
    )
    return made.replace("", np.nan)  # as tables are read


def odd_rows() -> pd.DataFrame:
    """Rows as a model meets them: unseen, empty, missing, and beyond what was there."""
    rows = table(1, 60)
    rows["flag"] = rows["flag"].astype(object)
    rows["whole"] = rows["whole"].astype(float)
    for i, name in enumerate(rows.columns):
        rows.loc[i, name] = None if rows[name].dtype == object else np.nan
    rows.loc[20:24, "job"] = ["unseen", " ", "JOB Ä1", "job ä1 ", "True"]
    rows.loc[20:22, "code"] = [3.0, -1.0, 2.0]
    rows.loc[20:22, "many"] = [99, -5, 0]
    rows.loc[20:22, "day"] = pd.to_datetime(["1700-03-01", "2000-02-29", "2200-12-31"])
    rows.loc[20:23, "seen"] = ["31/12/1969", "29/02/2100", "no date", " "]
    rows.loc[20:22, "stamp"] = ["1970-01-01", "2024-02-29T23:59:59+05:00", "soon"]
    rows.loc[20:23, "note"] = [" ", "ΣΑΣ ΟΔΟΣ", "\n\n fox  FOX\tfox", "𝒜" * 50]
    rows.loc[20:21, "size"] = [1e20, -1e-20]
    return rows


def fitted(needs: Preprocessing, orders: Orders, target: str) -> Any:
    """A transformer as programs have it, fitted to some rows."""
    code = feature_code(replace(COLUMNS, orders=orders), needs, regression=target == "regression")
    lines = [
        import_block([*code.imports, "import numpy as np", "import pandas as pd"]),
        f"SEED, N_JOBS, N_CATEGORICAL = 0, 1, {code.n_categorical}",
        *(assign(name, names) for name, names in code.constants),
        _functions(code.snippets),
        f"transformer = {code.expression}",
    ]
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)
    X = table(0)
    strength = X["size"].fillna(0) + 50 * X["flag"] + 20 * X["whole"]
    y = strength.rank() if target == "regression" else pd.qcut(strength, 3, labels=False)
    y = (y > 0).astype(int) if target == "two classes" else y
    return names["transformer"].fit(X, y)


NEEDS = {
    "trees": Preprocessing(),
    "imputed": Preprocessing(numeric="impute"),
    "linear": LINEAR,
    "squashed": replace(LINEAR, numeric="squash"),
    "positive": replace(LINEAR, numeric="minmax"),
    "dense": Preprocessing(numeric="squash", categorical="one_hot", datetime="cyclic"),
    "words": Preprocessing(text="words", n_words=15),
    "table": Preprocessing(frame=True),
    "few": Preprocessing(numeric="impute", select=6),
    "extra": Preprocessing(
        extra=("arithmetic", "crosses", "target_encoding"), text="words", n_words=5
    ),
    "pairs": Preprocessing(numeric="standard", extra=("all_pairs",)),
}
CHARACTERS = {"analyzer": "char_wb", "ngram_range": (3, 4), "strip_accents": "unicode"}
STOPPED = {"stop_words": ["fox", "is"], "ngram_range": (1, 3), "strip_accents": "ascii"}
ASKED = {
    "nothing": Orders(),
    "filled": Orders(
        imputers={
            "size": Imputer(strategy="mean"),
            "rare": Imputer(strategy="constant", fill_value=-2.5),
            "job": Imputer(strategy="most_frequent"),
            "town": Imputer(strategy="constant", fill_value="nowhere"),
            "code": Imputer(strategy="most_frequent"),
            "day": Imputer(strategy="median"),
            "seen": Imputer(strategy="constant", fill_value="2020-02-02"),
            "stamp": Imputer(strategy="most_frequent"),
        },
    ),
    "targets": Orders(blocked=frozenset({"one_hot", "codes", "tfidf", "dates"})),
    "characters": Orders(
        blocked=frozenset({"topics"}),
        parameters={
            "tfidf": (Parameters(parameters=CHARACTERS),),
            "words": (Parameters(parameters=CHARACTERS),),
        },
    ),
    "stopped": Orders(
        parameters={
            "tfidf": (Parameters(parameters=STOPPED),),
            "words": (Parameters(parameters=STOPPED),),
            "one_hot": (Parameters(parameters={"max_levels": 5}),),
        },
    ),
    "spaceless": Orders(language="jpn", blocked=frozenset({"tfidf"})),
    "columns": Orders(blocked=frozenset({"target_encoding", "codes", "topics"})),
}


CASES = [(needs, asked) for needs in NEEDS for asked in ("nothing", "filled")] + [
    (needs, asked) for needs in ("squashed", "extra") for asked in list(ASKED)[2:]
]


@pytest.mark.parametrize(("needs", "asked"), CASES)
def test_features_are_those_of_python(
    needs: str, asked: str, difference: Callable[..., float]
) -> None:
    target = ("regression", "two classes", "three classes")[len(needs) % 3]
    transformer = fitted(NEEDS[needs], ASKED[asked], target)
    assert difference(transformer, odd_rows(), FORMATS) <= EXACT


def test_hashed_categories_fall_into_the_same_buckets(difference: Callable[..., float]) -> None:
    transformer = fitted(LINEAR, Orders(hashed=frozenset({"job", "town"})), "two classes")
    assert difference(transformer, odd_rows(), FORMATS) <= EXACT


def test_hashed_numbers_are_refused_by_name(difference: Callable[..., float]) -> None:
    transformer = fitted(LINEAR, Orders(hashed=frozenset({"many"})), "two classes")
    with pytest.raises(ExportError, match="buckets"):
        difference(transformer, odd_rows(), FORMATS)
