"""Drift: nothing is told of a random split, and what is planted is found and said."""

import json

import numpy as np
import pandas as pd
import pytest

from trialbook.data import Column, Schema, Semantic, detect
from trialbook.errors import DataError
from trialbook.evaluation.drift import Answers, Drawn, compare_rows, draw
from trialbook.evaluation.drift._columns import cells_of, compare
from trialbook.tables import read_table

CITIES = ["Köln", "Bonn", "Rom"]


def rows(n_rows, seed):
    random = np.random.default_rng(seed)
    words = np.array(["good", "bad", "fast", "slow", "cheap", "dear", "red", "blue"])
    return pd.DataFrame(
        {
            "age": random.normal(40, 10, n_rows).round(),
            "income": np.exp(random.normal(7, 1, n_rows)),
            "city": random.choice(CITIES, n_rows),
            "street": [f"street {i}" for i in random.integers(0, 400, n_rows)],
            "member": random.random(n_rows) < 0.5,
            "day": pd.Timestamp("2024-01-01")
            + pd.to_timedelta(random.integers(0, 300, n_rows), "D"),
            "note": [" ".join(random.choice(words, 6)) for _ in range(n_rows)],
            "y": random.choice(["no", "yes"], n_rows),
        }
    )


@pytest.fixture(scope="module")
def schema():
    table = read_table(rows(1000, 0))
    types = {"note": "text", "street": "categorical"}
    return Schema(
        "classification",
        "y",
        ("no", "yes"),
        1,
        detect(table.drop(columns="y"), overrides=types),
    )


@pytest.fixture(scope="module")
def old(schema):
    return draw(rows(1500, 1), schema, 20_000)


def compared(schema, old, frame, **options):
    return compare_rows("m", schema, old, draw(frame, schema, 20_000), reference="old", **options)


def test_random_splits_raise_no_alarm(schema, old):
    for seed in range(2, 8):
        found = compared(schema, old, rows(900, seed))
        assert not found.alarm, found.summary
        assert found.summary[0].startswith("Nothing moved")
        assert abs(found.separation.auc - 0.5) < 0.07


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        ("age", lambda x: x + 6, "higher: the median is 46, before 40"),
        ("age", lambda x: x * 0 - 1e308, "lower: the median is -1e+308, before 40"),
        (
            "age",
            lambda x: np.where(x > 40, 1.5e308, -1.5e308),
            "the middle half spans over 1.798e+308",
        ),
        ("income", lambda x: x * 1.8, "higher"),
        ("income", lambda x: x.where(x.index % 4 > 0), "missing in 25"),
        ("city", lambda x: x.where(x.index % 5 > 0, "Oslo"), "new levels such as 'Oslo'"),
        ("city", lambda x: x.where(x.index % 3 > 0, "Rom"), "'Rom' in"),
        ("member", lambda x: x | (x.index % 3 == 0), "in"),
        ("day", lambda x: x + pd.Timedelta("200D"), "lie after the last old one"),
        ("note", lambda x: x + " and more of it than before", "higher"),
        ("note", lambda x: x.str.replace("good", "bon"), "lower"),
    ],
)
def test_a_planted_shift_is_found_and_said(schema, old, column, change, said):
    frame = rows(900, 99)
    found = compared(schema, old, frame.assign(**{column: change(frame[column])}))
    assert found.alarm
    moved = [one for one in found.columns if one.moved]
    assert {one.name.split(" (")[0] for one in moved} == {column}
    assert said in " ".join(one.said for one in moved)
    assert any(f"'{moved[0].name}' moved by" in line for line in found.summary)
    assert moved[0].p_value < 0.001
    assert moved[0].distance >= 0.1


def test_columns_that_move_only_together_are_found_by_a_model(schema, old):
    frame = old.frame.copy()
    frame["income"] = frame["income"].rank() + 0.2 * np.random.default_rng(0).normal(
        size=len(frame)
    )
    together = Drawn(frame, old.positions, len(frame), "old")
    new = rows(1500, 5)
    new["age"] = np.sort(new["age"])
    new["income"] = np.arange(len(new)) + 1.0
    plain = Drawn(new[[*schema.names, "y"]], np.arange(len(new)), len(new), "new")
    shuffled = frame.sample(frac=1, random_state=0).reset_index(drop=True)
    mixed = new.assign(income=shuffled["income"].to_numpy())
    mixed["income"] = np.sort(mixed["income"].to_numpy())
    found = compare_rows(
        "m",
        schema,
        together,
        Drawn(mixed[plain.frame.columns], plain.positions, len(mixed), "new"),
        reference="old",
    )
    assert found.moved == ()
    assert found.separation.moved
    assert {name for name, _ in found.separation.columns[:2]} == {"age", "income"}


def test_the_target_and_the_predictions_are_compared(schema, old):
    random = np.random.default_rng(0)
    before = random.beta(2, 3, 1500)
    honest = random.beta(2, 3, 900)
    for after, moved in ((honest, False), (np.minimum(1, honest + 0.15), True)):
        answers = Answers(*(np.column_stack([1 - one, one]) for one in (before, after)))
        frame = rows(900, 3).assign(y=np.where(after > 0.5, "yes", "no"))
        found = compared(schema, old, frame if moved else rows(900, 3), answers=answers)
        assert found.predictions[0].name == "yes"
        assert found.predictions[0].moved is moved
        assert found.labels.moved is moved
    text = " ".join(found.summary)
    assert "P(yes) is" in text
    assert "Predicted labels moved ('no' in" in text
    without = compared(schema, old, rows(900, 3).drop(columns="y"))
    assert without.target is None
    assert "the recent rows have no 'y'" in without.notes[0]


def test_a_page_and_a_document_hold_it_all(schema, old, tmp_path):
    frame = rows(900, 99)
    found = compared(
        schema, old, frame.assign(city=frame["city"].where(frame.index % 3 > 0, "<b>"))
    )
    page = found.to_html(tmp_path / "drift.html")
    assert (tmp_path / "drift.html").read_text("utf-8") == page
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert "http" not in page
    document = json.loads(found.to_json(tmp_path / "drift.json"))
    assert document["moved"] == ["city"]
    assert document["alarm"] is True
    assert [test["name"] for test in document["columns"][0]["tests"]] == ["chi-squared"]


def test_rows_are_drawn_at_random_of_a_table_of_any_size(schema, tmp_path):
    table = rows(5000, 0)
    table.to_parquet(tmp_path / "a.parquet")
    drawn = draw(tmp_path / "a.parquet", schema, 400)
    assert (len(drawn.frame), drawn.n_rows) == (400, 5000)
    assert 2000 < drawn.positions.mean() < 3000
    assert (np.diff(drawn.positions) > 0).all()
    assert drawn.frame["age"].tolist() == table["age"].iloc[drawn.positions].tolist()
    assert list(drawn.target(schema)) == table["y"].iloc[drawn.positions].tolist()


def test_too_few_rows_say_nothing(schema, old):
    with pytest.raises(DataError, match="12 rows of the table say nothing of drift"):
        compared(schema, old, rows(12, 0))


def test_training_texts_that_come_again_are_no_drift():
    random = np.random.default_rng(0)
    words = [f"word{i}" for i in range(4_000)]
    odds = 1 / np.arange(1, 4_001)
    old = pd.DataFrame(
        {"text": [" ".join(random.choice(words, 15, p=odds / odds.sum())) for _ in range(400)]}
    )
    column = Column("text", Semantic.TEXT, "string", "", 0, 400)
    for new in (old, old.sample(200, random_state=0), old.iloc[:150]):
        found = [compare(one) for one in cells_of(column, old["text"], new["text"])]
        assert max(one.distance for one in found) < 0.1
    # Where too few texts are left, words are not looked at.
    assert [one.column.name for one in cells_of(column, old["text"], old["text"].iloc[:20])] == [
        "text",
        "text (characters)",
    ]
