"""`prepare`: from a job to training rows, test rows, schema, folds and guardrails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from trialbook.data import FOLD_COLUMN, Prepared, Semantic, _big, _prepare, _read, prepare
from trialbook.errors import DataError, OptionError, TrialbookError
from trialbook.job import Job
from trialbook.tables._sources import open_big
from trialbook.tables.plain import _parquet

N = 300


def people(seed: int = 0, n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "person_id": rng.permutation(n) * 3,
            "age": rng.integers(18, 70, n),
            "job": rng.choice(["cook", "nurse", "clerk"], n),
            "day": pd.Series(pd.date_range("2023-01-01", periods=n)).dt.strftime("%Y-%m-%d"),
            "w": rng.random(n),
            "firm": rng.integers(0, 30, n),
            "same": "x",
            "y": rng.choice(["no", "yes"], n, p=[0.6, 0.4]),
        }
    )


def run(frame: object = None, **fields: Any) -> Prepared:
    tables = {
        name: fields.pop(name) for name in ("validation_frame", "test_frame") if name in fields
    }
    asked = Job(**{"data": Job.IN_MEMORY, "target": "y", **fields})
    return prepare(asked, frame=people() if frame is None else frame, **tables)


def names(prepared: Prepared) -> list[str]:
    return [guardrail.name for guardrail in prepared.guardrails]


def test_the_training_table_holds_features_target_and_folds() -> None:
    prepared = run(folds=3)
    assert list(prepared.train.columns) == [
        *prepared.schema.names,
        "y",
        *(FOLD_COLUMN.format(i) for i in range(3)),
    ]
    assert prepared.schema.names == ["age", "job", "day", "w", "firm"]
    assert prepared.train["__fold_0"].dtype == np.int8
    assert prepared.test is None
    assert isinstance(prepared.train.index, pd.RangeIndex)
    assert prepared.schema.classes == ("no", "yes")
    assert prepared.schema.positive == 1


def test_two_runs_are_the_same_and_another_seed_is_not() -> None:
    first, second, other = run(test_size=0.2), run(test_size=0.2), run(test_size=0.2, seed=1)
    pd.testing.assert_frame_equal(first.train, second.train)
    pd.testing.assert_frame_equal(first.test, second.test)
    assert first.schema == second.schema
    assert first.guardrails == second.guardrails
    assert not first.train.equals(other.train)


def test_a_file_is_read_as_the_table_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    people().to_csv(path, index=False)
    from_file = prepare(Job(data=str(path), target="y"))
    pd.testing.assert_frame_equal(from_file.train, run().train)
    assert from_file.schema == run().schema


def test_the_test_is_cut_first_and_overlaps_nothing() -> None:
    frame = people().assign(row=np.random.default_rng(1).permutation(N) / 7)
    prepared = run(frame, test_size=0.2, validation_size=0.1)
    assert prepared.test is not None
    assert len(prepared.test) == 60
    assert len(prepared.train) == 240
    assert (prepared.train["__fold_0"] == 0).sum() == 24
    assert not set(prepared.train["row"]) & set(prepared.test["row"])
    assert list(prepared.test.columns) == [*prepared.schema.names, "y"]


def test_types_are_told_without_the_test_rows() -> None:
    frame = people().assign(late=[0] * 240 + [1] * 60)
    prepared = run(frame, test_size=0.2, time_column="day")
    assert {c.name: c.dropped for c in prepared.schema.columns}["late"] == "constant"


def test_role_columns_are_no_features() -> None:
    prepared = run(weight="w", group_column="firm")
    assert "firm" not in prepared.train
    assert not {"w", "firm"} & {column.name for column in prepared.schema.columns}
    assert list(prepared.train.columns)[3:5] == ["y", "w"]
    assert prepared.schema.weight == "w"


def test_the_time_column_stays_a_feature() -> None:
    prepared = run(time_column="day")
    assert prepared.folds.kind == "chronological"
    assert prepared.schema.of(Semantic.DATETIME) == ["day"]
    side = prepared.train["__fold_0"]
    assert prepared.train["day"][side == 1].max() < prepared.train["day"][side == 0].min()


def test_group_and_test_keep_groups_whole() -> None:
    frame = people().assign(mark=lambda table: table["firm"] + 0.5)
    prepared = run(frame, group_column="firm", test_size=0.2, folds=4)
    assert prepared.test is not None
    assert not set(prepared.train["mark"]) & set(prepared.test["mark"])
    for i in range(4):
        side = prepared.train[FOLD_COLUMN.format(i)]
        marks = prepared.train["mark"]
        assert not set(marks[side == 1]) & set(marks[side == 0])


def test_columns_are_ignored_and_types_overridden() -> None:
    prepared = run(ignore=("age", "job"), types={"person_id": "numeric", "day": "categorical"})
    dropped = {column.name: column.dropped for column in prepared.schema.columns}
    assert dropped["age"] == "ignored by request"
    assert dropped["person_id"] is None
    assert prepared.schema.of(Semantic.CATEGORICAL) == ["day"]


def test_text_overridden_to_numbers_becomes_numbers() -> None:
    frame = people().assign(code=[f"{i % 50:04}" for i in range(N)])
    prepared = run(frame, types={"code": "numeric"})
    assert prepared.train["code"].tolist() == [i % 50 for i in range(N)]


def test_rows_without_target_are_left_out_everywhere() -> None:
    frame = people()
    frame.loc[[3, 5], "y"] = None
    prepared = run(frame, group_column="firm", weight="w")
    assert len(prepared.train) == N - 2
    assert "Missing target values" in names(prepared)


def test_a_separate_validation_table_is_appended() -> None:
    prepared = run(validation_frame=people(1, 50))
    assert len(prepared.train) == N + 50
    assert prepared.folds.kind == "validation data"
    assert prepared.train["__fold_0"].tolist() == [1] * N + [0] * 50
    assert prepared.train["age"].dtype == np.int64


def test_separate_tables_are_read_with_the_types_of_training(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"zip": rng.choice(["12", "34", "A5"], 60), "y": rng.choice(["1", "b"], 60)}
    )
    frame.to_csv(tmp_path / "train.csv", index=False)
    frame[frame["zip"] != "A5"].query("y == '1'").to_csv(tmp_path / "test.csv", index=False)
    prepared = prepare(
        Job(
            data=str(tmp_path / "train.csv"),
            target="y",
            test=str(tmp_path / "test.csv"),
            validation=str(tmp_path / "test.csv"),
        )
    )
    assert prepared.test is not None
    assert set(prepared.test["zip"]) == {"12", "34"}
    assert set(prepared.test["y"]) == {"1"}
    assert prepared.train["zip"].map(type).eq(str).all()


def test_test_rows_of_an_unknown_class_are_dropped_with_an_alert() -> None:
    test = people(1, 20)
    test.loc[[0, 1], "y"] = "maybe"
    prepared = run(test_frame=test)
    assert prepared.test is not None
    assert len(prepared.test) == 18
    alert = next(g for g in prepared.guardrails if g.name == "Classes of the test table")
    assert alert.verdict == "alerted"
    assert "2 rows" in alert.finding


def test_a_test_table_may_come_without_weights() -> None:
    prepared = run(weight="w", test_frame=people(1, 20).drop(columns="w"))
    assert prepared.test is not None
    assert "w" not in prepared.test
    prepared = run(weight="w", test_frame=people(1, 20))
    assert prepared.test is not None
    assert list(prepared.test.columns)[-2:] == ["y", "w"]


def test_fold_labels_split_train_validation_and_test() -> None:
    labels = np.array(["train"] * 200 + ["val"] * 60 + ["test"] * 40)
    prepared = run(people().assign(part=labels), fold_columns=("part",))
    assert prepared.test is not None
    assert (len(prepared.train), len(prepared.test)) == (260, 40)
    assert (prepared.train["__fold_0"] == 0).sum() == 60
    assert "part" not in prepared.train
    beside = run(people().assign(part=labels), fold_columns=("part",), test_frame=people(1, 20))
    assert beside.test is not None
    assert (len(beside.train), len(beside.test)) == (260, 20)
    assert any(g.name == "Test rows" and g.verdict == "alerted" for g in beside.guardrails)


def test_fold_labels_without_validation_take_the_default() -> None:
    frame = people().assign(part=["train"] * 260 + ["test"] * 40)
    prepared = run(frame, fold_columns=("part",))
    assert (prepared.folds.kind, prepared.folds.n_folds) == ("k-fold", 10)


def test_each_fold_label_is_a_fold() -> None:
    prepared = run(people().assign(f=np.arange(N) % 4), fold_columns=("f",))
    assert prepared.folds.n_folds == 4
    assert (prepared.folds.matrix == 0).sum(axis=1).tolist() == [1] * N


def test_a_regression_keeps_fractions() -> None:
    prepared = run(people().assign(y=lambda table: table["age"] * 1.5 + table["w"]))
    assert prepared.schema.task == "regression"
    assert prepared.schema.classes == ()
    assert prepared.train["y"].dtype == np.float64


def test_a_task_that_is_named_is_taken() -> None:
    frame = people().assign(y=np.arange(N) % 5)
    assert run(frame).schema.task == "classification"
    assert run(frame, task="regression").schema.task == "regression"


# -- refused ---------------------------------------------------------------------------------


def spoilt(**columns: object) -> pd.DataFrame:
    return people().assign(**columns)


def weights(value: object) -> list[object]:
    return [1.0] * (N - 1) + [value]


@pytest.mark.parametrize(
    ("frame", "fields", "error", "message"),
    [
        (None, {"target": "yy"}, DataError, "no column 'yy' to predict.*Did you mean 'y'"),
        (people().head(1), {}, DataError, "only one row"),
        (spoilt(y=None), {}, DataError, "every cell of the target"),
        (spoilt(y="a"), {}, DataError, "only one class, 'a'"),
        (people()[["person_id", "same", "y"]], {}, DataError, "no column can be used"),
        (people()[["y"]], {}, DataError, "no columns besides the target"),
        (None, {"ignore": ("agee",)}, OptionError, "option ignore.*Did you mean 'age'"),
        (None, {"weight": "ww"}, OptionError, "option weight"),
        (None, {"group_column": "fir"}, OptionError, "option group_column"),
        (None, {"time_column": "days"}, OptionError, "option time_column"),
        (None, {"fold_columns": ("f",)}, OptionError, "option fold_columns"),
        (None, {"types": {"agee": "numeric"}}, OptionError, "option types"),
        (None, {"fold_columns": ("y",)}, OptionError, "cannot be a fold column"),
        (None, {"positive_label": "yess"}, OptionError, "Did you mean 'yes'"),
        (spoilt(w=weights(-1)), {"weight": "w"}, DataError, "holds -1.0.*row 300"),
        (spoilt(w=weights(None)), {"weight": "w"}, DataError, "holds nothing.*row 300"),
        (None, {"weight": "job"}, DataError, "'job' holds '"),
        (spoilt(w=0), {"weight": "w"}, DataError, "every weight in 'w' is zero"),
        (spoilt(__fold_0=1), {}, DataError, "reserved"),
        (None, {"test_frame": people().drop(columns="age")}, DataError, "lacks column 'age'"),
        (None, {"test_frame": people().drop(columns="y")}, DataError, "lacks the target"),
        (None, {"test_frame": people().assign(age="old")}, DataError, "holds 'old'.*test table"),
        (
            None,
            {"validation_frame": people().drop(columns="job")},
            DataError,
            "lacks column 'job'.*validation table",
        ),
        (
            None,
            {"validation_frame": people().drop(columns="w"), "weight": "w"},
            DataError,
            "lacks the weight column 'w'",
        ),
        (None, {"time_column": "job"}, DataError, "not read as a date"),
        (None, {"group_column": "same"}, DataError, "only one group"),
    ],
)
def test_what_cannot_be_is_refused_in_a_clear_sentence(
    frame: pd.DataFrame | None,
    fields: dict[str, Any],
    error: type[TrialbookError],
    message: str,
) -> None:
    with pytest.raises(error, match=message) as caught:
        run(frame, **fields)
    assert caught.value.remedy
    assert caught.value.exit_code == 2


# -- big tables ------------------------------------------------------------------------------


@pytest.fixture
def big(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A Parquet file of 4,000 rows, and limits that make it a big table."""
    monkeypatch.setattr(_prepare, "BIG_ROWS", 500)
    monkeypatch.setattr(_read, "BIG_ROWS", 500)
    monkeypatch.setattr(_big, "BIG_ROWS", 500)
    monkeypatch.setattr(_big, "VALIDATION_ROWS", 100)
    path = tmp_path / "big.parquet"
    people(n=4000).to_parquet(path, row_group_size=700)
    return path


def room(path: Path, rows: int) -> int:
    """Bytes that so many rows of a table need."""
    table = open_big(path)
    assert table is not None
    return 1 + int(_big.COPIES * rows * table.row_bytes)


def test_a_table_that_does_not_fit_is_sampled_and_says_so(big: Path) -> None:
    prepared = prepare(Job(data=str(big), target="y"), memory=room(big, 1000))
    assert len(prepared.train) == 1000
    notes = {note.name: note for note in prepared.guardrails}
    assert "1,000 of 4,000 training rows" in notes["Sampling"].finding
    assert "memory" in notes["Sampling"].finding
    whole = prepare(Job(data=str(big), target="y"))
    assert "all 4,000 rows fit" in [note.finding for note in whole.guardrails]
    assert len(whole.train) == 4000
    share, all_share = (p.train["y"].eq("yes").mean() for p in (prepared, whole))
    assert share == pytest.approx(all_share, abs=0.002)


def test_a_sampled_table_is_a_part_of_the_whole(big: Path) -> None:
    asked = {"data": str(big), "target": "y", "weight": "w"}
    sampled, whole = prepare(Job(**asked), memory=room(big, 1000)), prepare(Job(**asked))
    columns = [name for name in whole.train.columns if not name.startswith("__")]
    assert sampled.schema.names == whole.schema.names
    both = sampled.train[columns].merge(whole.train[columns], on=columns)
    assert len(both) >= len(sampled.train) == 1000
    pd.testing.assert_frame_equal(
        sampled.train, prepare(Job(**asked), memory=room(big, 1000)).train
    )


def test_test_rows_are_cut_from_all_rows_before_any_are_left_out(big: Path) -> None:
    asked = {"data": str(big), "target": "y", "test_size": 0.05, "time_column": "day"}
    whole = prepare(Job(**asked))
    sampled = prepare(Job(**asked), memory=room(big, 1000))
    assert whole.test is not None
    assert sampled.test is not None
    pd.testing.assert_frame_equal(sampled.test, whole.test)
    assert sampled.train["day"].max() < sampled.test["day"].min()
    finding = next(n.finding for n in sampled.guardrails if n.name == "Sampling")
    assert "800 of 3,800 training rows and 200 of 200 test rows" in finding


def test_the_beginning_of_a_big_table_validates_and_the_rest_is_stratified(big: Path) -> None:
    prepared = prepare(Job(data=str(big), target="y", validation_size=0.1))
    assert prepared.folds.growable
    side = prepared.folds.matrix[:, 0]
    assert (side[:100] == 0).all()
    assert (side[100:] == 1).all()
    assert np.array_equal(prepared.train["__fold_0"], side)
    share = prepared.train["y"].eq("yes")
    assert share[100:300].mean() == pytest.approx(share.mean(), abs=0.01)


def test_a_table_that_is_not_big_keeps_its_order() -> None:
    prepared = run()
    assert not prepared.folds.growable
    assert prepared.train["age"].tolist() == people()["age"].tolist()


def test_groups_and_folds_of_a_big_table_stay_as_asked(big: Path) -> None:
    prepared = prepare(
        Job(data=str(big), target="y", group_column="firm", folds=3), memory=room(big, 1000)
    )
    assert prepared.folds.n_folds == 3
    validates = (prepared.folds.matrix == 0).any(axis=1)
    assert validates.sum() == 100
    assert validates[:100].all()


def test_ignored_columns_of_a_big_table_are_not_read(
    big: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[str]] = []
    read = _parquet.ParquetTable.read

    def spied(self: Any, names: Any = None, rows: Any = None) -> pd.DataFrame:
        asked.append(set(names))
        return read(self, names, rows)

    monkeypatch.setattr(_parquet.ParquetTable, "read", spied)
    prepared = prepare(Job(data=str(big), target="y", ignore=("job",), weight="w"))
    assert asked[0] == {"y", "w"}
    assert "job" not in asked[1]
    column = next(c for c in prepared.schema.columns if c.name == "job")
    assert column.dropped == "ignored by request"


@pytest.mark.parametrize("fields", [{"target": "z"}, {"weight": "z"}, {"ignore": ("z",)}])
def test_names_that_a_big_table_lacks_are_refused(big: Path, fields: dict[str, Any]) -> None:
    with pytest.raises(TrialbookError, match="no column 'z'"):
        prepare(Job(**{"data": str(big), "target": "y", **fields}))


def test_rows_without_a_target_are_left_out_before_rows_are_drawn(big: Path) -> None:
    frame = people(n=4000)
    frame.loc[::4, "y"] = None
    frame.to_parquet(big, row_group_size=700)
    prepared = prepare(Job(data=str(big), target="y"), memory=room(big, 1000))
    assert len(prepared.train) == 1000
    assert "1,000 of 3,000" in next(n.finding for n in prepared.guardrails if n.name == "Sampling")


def test_positions_lead_back_to_the_rows_of_the_table(big: Path) -> None:
    table = pd.read_parquet(big)
    prepared = prepare(Job(data=str(big), target="y", test_size=0.2))
    original = table.iloc[prepared.positions]["age"].to_numpy()
    np.testing.assert_array_equal(prepared.train["age"].to_numpy(), original)


def test_rows_without_a_target_and_of_another_table_have_no_position() -> None:
    table = people(n=40)
    table.loc[3, "y"] = None
    prepared = run(table, validation_frame=people(n=12))
    expected = [*(i for i in range(40) if i != 3), *[-1] * 12]
    assert prepared.positions.tolist() == expected
