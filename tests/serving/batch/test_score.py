"""Batch scoring: any size, whole or not there, and carried on after a kill."""

import errno
import gzip
import json
import os
import pickle
import sqlite3
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from trialbook.errors import DataError, OptionError, WorkspaceError
from trialbook.models import Model
from trialbook.serving import score
from trialbook.serving.batch import _parts, _score
from trialbook.serving.batch._parts import folder_of

READERS = {
    ".csv": pd.read_csv,
    ".csv.gz": pd.read_csv,
    ".tsv": lambda path: pd.read_csv(path, sep="\t"),
    ".parquet": pd.read_parquet,
    ".feather": pd.read_feather,
    ".arrow": pd.read_feather,
    ".jsonl": lambda path: pd.read_json(path, lines=True),
    ".ndjson": lambda path: pd.read_json(path, lines=True),
}


class Killed(BaseException):
    """Stands for the end of a process."""


def killed_after(n_parts):
    def listener(progress):
        if progress.rows - progress.reused >= 50 * n_parts:
            raise Killed

    return listener


def sources(table, folder):
    """The same rows, wherever tables are read from."""
    shuffled = table[sorted(table.columns)]
    shuffled.to_csv(folder / "in.csv", index=False)
    shuffled.to_parquet(folder / "in.parquet", row_group_size=70)
    shuffled.to_json(folder / "in.jsonl", orient="records", lines=True)
    shuffled.to_feather(folder / "in.feather")
    (folder / "many").mkdir()
    for i in range(3):
        part = shuffled.iloc[150 * i : 150 * (i + 1)]
        part.to_parquet(folder / "many" / f"part-{i}.parquet")
    with sqlite3.connect(folder / "in.db") as connection:
        shuffled.to_sql("people", connection, index=False)
    files = ("in.csv", "in.parquet", "in.jsonl", "in.feather", "many")
    return [*(folder / name for name in files), f"sqlite:///{folder}/in.db#people", shuffled]


def test_every_source_gives_the_answers_of_the_model(model, table, tmp_path):
    expected = model.predict(table)
    probabilities = model.predict_proba(table)
    for i, source in enumerate(sources(table, tmp_path)):
        out = tmp_path / f"out-{i}.parquet"
        done = score(model, source, out, keep=["id"], proba=True, rows_per_batch=90)
        answers = pd.read_parquet(out)
        assert list(answers.columns) == ["id", "prediction", "probability_no", "probability_yes"]
        assert list(answers["id"]) == list(table["id"])
        assert list(answers["prediction"]) == list(expected)
        assert np.allclose(answers["probability_yes"], probabilities["yes"], atol=1e-12)
        assert done.n_rows == len(table) == len(answers)
        assert done.whole is None
    assert sorted(path.name for path in tmp_path.glob("out*")) == [
        f"out-{i}.parquet" for i in range(7)
    ]


@pytest.mark.parametrize("ending", READERS)
def test_every_format_holds_the_same_answers(model, table, tmp_path, ending):
    out = tmp_path / f"out{ending}"
    score(model, table, out, proba=True, keep=["number", "income"], rows_per_batch=150)
    answers = READERS[ending](out)
    assert list(answers["prediction"]) == list(model.predict(table))
    assert np.allclose(answers["income"], table["income"], equal_nan=True, atol=0)
    found = answers["probability_yes"].to_numpy()
    assert np.abs(found - model.predict_proba(table)["yes"].to_numpy()).max() < 1e-15


@pytest.mark.parametrize("name", ["in.csv", "in.parquet", "in.jsonl"])
@pytest.mark.parametrize("ending", [".parquet", ".csv.gz"])
def test_a_run_that_was_killed_carries_on_to_the_same_bytes(model, table, tmp_path, name, ending):
    source = next(one for one in sources(table, tmp_path) if str(one).endswith(name))
    options = {"keep": ["all"], "proba": True, "rows_per_batch": 50}
    whole, out = tmp_path / f"whole{ending}", tmp_path / f"out{ending}"
    score(model, source, whole, **options)
    with pytest.raises(Killed):
        score(model, source, out, **options, listener=killed_after(3))
    assert not out.exists()
    parts = sorted(folder_of(out).glob("part-*"))
    assert len(parts) == 3
    with pytest.raises(OptionError, match="--resume"):
        score(model, source, out, **options)
    reused = []
    done = score(model, source, out, **options, resume=True, listener=reused.append)
    assert done.reused_rows == reused[-1].reused == 150
    assert done.n_rows == 400
    assert out.read_bytes() == whole.read_bytes()
    assert not folder_of(out).exists()


def test_parts_that_are_finished_are_not_scored_again(model, table, tmp_path, monkeypatch):
    out = tmp_path / "out.csv"
    with pytest.raises(Killed):
        score(model, table, out, keep=[], rows_per_batch=50, listener=killed_after(6))
    starts = []

    def answers(model, rows, asked):
        starts.append(rows.start)
        return pa.table({"prediction": ["yes"] * len(rows.frame)})

    monkeypatch.setattr(_score, "answers", answers)
    score(model, table, out, keep=[], rows_per_batch=50, resume=True)
    assert starts == [300, 350]


def test_what_is_left_of_another_question_is_refused(model, regression, table, tmp_path):
    table.to_csv(tmp_path / "in.csv", index=False)
    out = tmp_path / "out.csv"

    def again(source=tmp_path / "in.csv", asked=model, **options):
        return score(asked, source, out, **{"rows_per_batch": 50, "resume": True, **options})

    with pytest.raises(Killed):
        again(listener=killed_after(2))
    text = (tmp_path / "in.csv").read_text()
    (tmp_path / "in.csv").write_text(text.replace("000399", "000400"))
    with pytest.raises(OptionError, match="the input has changed"):
        again()
    (tmp_path / "in.csv").write_text(text)
    with pytest.raises(OptionError, match="the model is another one"):
        again(asked=regression)
    with pytest.raises(OptionError, match="other columns"):
        again(proba=True)
    with pytest.raises(OptionError, match="rows per batch"):
        again(rows_per_batch=60)
    assert again().reused_rows == 100


def test_processes_give_the_same_bytes(model, table, tmp_path):
    table.to_parquet(tmp_path / "in.parquet")
    for workers in (1, 2):
        out = tmp_path / f"out-{workers}.parquet"
        score(model, tmp_path / "in.parquet", out, proba=True, rows_per_batch=90, workers=workers)
    assert (tmp_path / "out-1.parquet").read_bytes() == (tmp_path / "out-2.parquet").read_bytes()
    wrong = table.assign(age=table["age"].astype(str).where(table.index != 333, "old"))
    with pytest.raises(DataError, match=r"holds 'old'.*row 334"):
        score(model, wrong, tmp_path / "out.csv", rows_per_batch=90, workers=2)


def test_a_process_that_ends_leaves_what_is_finished(model, table, tmp_path, monkeypatch):
    table.to_parquet(tmp_path / "in.parquet")
    source, out = tmp_path / "in.parquet", tmp_path / "out.csv"
    with pytest.raises(Killed):
        score(model, source, out, rows_per_batch=90, listener=killed_after(2))
    monkeypatch.setattr(_score, "_load", os._exit)
    with pytest.raises(WorkspaceError, match="has ended"):
        score(model, source, out, rows_per_batch=90, workers=2, resume=True)
    monkeypatch.undo()
    assert score(model, source, out, rows_per_batch=90, resume=True).reused_rows == 180


@pytest.mark.parametrize("name", ["in.csv", "in.parquet", "in.jsonl"])
def test_a_wrong_cell_is_told_by_its_row_in_the_whole_file(model, table, tmp_path, name):
    wrong = table.assign(age=table["age"].astype(str).where(table.index != 333, "old"))
    source = next(one for one in sources(wrong, tmp_path) if str(one).endswith(name))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DataError, match="'old'") as caught:
        score(model, source, tmp_path / "out.csv", rows_per_batch=50)
    assert caught.value.place == f"row 334 of {source}"
    assert sorted(tmp_path.iterdir()) == before


class Overflowing:
    """An estimator that gives NaN for large numbers, as sums of overflowed numbers are."""

    def __init__(self, estimator):
        self.inner = estimator

    def predict_proba(self, X):
        given = self.inner.predict_proba(X)
        given[X["income"] > 1e15] = np.nan
        return given


def test_a_row_without_an_answer_is_told_and_gets_no_label(model, table, tmp_path):
    overflowing = Model.at(model.folder)
    overflowing.__dict__["estimator"] = Overflowing(model.estimator)
    wrong = table.assign(income=table["income"].where(table.index != 333, 1e16))
    for proba in (False, True):
        with pytest.raises(DataError, match="no answer") as caught:
            score(overflowing, wrong, tmp_path / "out.csv", rows_per_batch=50, proba=proba)
        assert caught.value.place.startswith("row 334")
    assert not (tmp_path / "out.csv").exists()


def test_kept_text_stays_as_it_was_written_and_is_a_number_where_nothing_is_lost(
    model, table, tmp_path
):
    text = table.assign(code=[f"{i}" for i in range(399)] + ["0x1"], share="1.50", none="")
    text.to_csv(tmp_path / "in.csv", index=False)
    options = {"keep": ["id", "number", "code", "share", "none"], "rows_per_batch": 50}
    score(model, tmp_path / "in.csv", tmp_path / "out.csv", **options)
    kept = (tmp_path / "out.csv").read_text().splitlines()
    assert kept[1].startswith("000000,0,0,1.50,,")
    assert kept[-1].startswith("000399,399,0x1,1.50,,")
    score(model, tmp_path / "in.csv", tmp_path / "out.parquet", **options)
    schema = pa.parquet.read_schema(tmp_path / "out.parquet")
    types = [str(schema.field(name).type) for name in options["keep"]]
    assert types == ["string", "int64", "string", "double", "string"]


def test_identifiers_of_training_are_kept_unless_others_are_named(model, table, tmp_path):
    out = tmp_path / "out.csv"
    assert score(model, table, out).columns == ("id", "number", "prediction")
    assert score(model, table, out, keep=[]).columns == ("prediction",)
    assert score(model, table, out, keep=["all"]).columns == (*table.columns, "prediction")
    with pytest.raises(OptionError, match="Did you mean 'city'"):
        score(model, table, out, keep=["ctiy"])
    with pytest.raises(OptionError, match="called like answers: 'prediction'"):
        score(model, table.assign(prediction=1), out, keep=["all"])


def test_a_regression_has_no_probabilities(regression, table, tmp_path):
    with pytest.raises(OptionError, match="no probabilities in regression"):
        score(regression, table, tmp_path / "out.csv", proba=True)
    score(regression, table, tmp_path / "out.csv")
    found = pd.read_csv(tmp_path / "out.csv")["prediction"]
    assert np.allclose(found, regression.predict(table), atol=0, rtol=1e-15)


def test_a_column_that_is_lacking_is_told_before_a_row_is_read(model, table, tmp_path):
    for source in sources(table.rename(columns={"income": "incom"}), tmp_path):
        with pytest.raises(DataError, match=r"lacks column 'income'. Did you mean 'incom'"):
            score(model, source, tmp_path / "out.csv")
    assert not list(tmp_path.glob("out*"))


def test_rows_of_json_may_lack_a_feature_that_others_have(model, table, tmp_path):
    rows = json.loads(table.to_json(orient="records"))
    for row in rows[:300]:
        del row["income"]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    score(model, tmp_path / "in.jsonl", tmp_path / "out.csv", rows_per_batch=50)
    expected = model.predict(table.assign(income=table["income"].where(table.index >= 300)))
    assert list(pd.read_csv(tmp_path / "out.csv")["prediction"]) == list(expected)


def test_two_runs_do_not_write_one_output(model, table, tmp_path):
    out = tmp_path / "out.csv"

    def listener(progress):
        for resume in (True, False):
            with pytest.raises(WorkspaceError, match="another process"):
                score(model, table, out, resume=resume)

    assert score(model, table, out, listener=listener).n_rows == 400


def test_a_full_disk_leaves_the_old_output_and_the_parts(model, table, tmp_path, monkeypatch):
    out = tmp_path / "out.csv"
    out.write_text("old")
    write = _score.write_part

    def full(part, path):
        if path.name == "part-000003.parquet":
            raise OSError(28, "No space left on device")
        write(part, path)

    with monkeypatch.context() as patched:
        patched.setattr(_score, "write_part", full)
        with pytest.raises(WorkspaceError, match="No space left on device"):
            score(model, table, out, rows_per_batch=50)
    assert out.read_text() == "old"
    assert score(model, table, out, rows_per_batch=50, resume=True).reused_rows == 150


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EACCES, "a folder that you may write to"),
        (errno.ENOENT, "its folder is still there"),
    ],
)
def test_what_cannot_be_written_says_why_and_what_to_do(
    model, table, tmp_path, monkeypatch, number, remedy
):
    def refused(part, path):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(_score, "write_part", refused)
    with pytest.raises(WorkspaceError, match=f"cannot write: {os.strerror(number)}.*{remedy}"):
        score(model, table, tmp_path / "out.csv")
    assert not list(tmp_path.iterdir())


def test_an_input_that_goes_away_is_no_matter_of_writing_and_costs_no_part(
    model, table, tmp_path, monkeypatch
):
    table.to_csv(tmp_path / "in.csv", index=False)
    opened = _score.open_stream

    def cut_off(*arguments, **options):
        stream = opened(*arguments, **options)

        def read(names):
            yield next(iter(stream.read(names))).slice(0, 120)
            raise OSError(errno.EIO, "Input/output error")

        return replace(stream, read=read)

    out = tmp_path / "out.csv"
    with monkeypatch.context() as patched:
        patched.setattr(_score, "open_stream", cut_off)
        with pytest.raises(WorkspaceError, match=r"read no further: Input/output error .*in\.csv"):
            score(model, tmp_path / "in.csv", out, rows_per_batch=50)
    again = score(model, tmp_path / "in.csv", out, rows_per_batch=50, resume=True)
    assert again.reused_rows == 100


def test_a_kill_while_the_output_is_written_leaves_nothing_beside_it(
    model, table, tmp_path, monkeypatch
):
    table.to_csv(tmp_path / "in.csv", index=False)
    out, whole = tmp_path / "out.csv", tmp_path / "whole.csv"
    score(model, tmp_path / "in.csv", whole, rows_per_batch=50)
    script = (
        "import os, pickle, sys\n"
        "from trialbook.serving import score\n"
        "from trialbook.serving.batch import _parts\n"
        "def killed(tables, schema, path, form):\n"
        "    path.write_text('half')\n"
        "    os._exit(9)\n"
        "_parts.write_all = killed\n"
        "score(pickle.load(sys.stdin.buffer), sys.argv[1], sys.argv[2], rows_per_batch=50)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "in.csv", out],
        input=pickle.dumps(replace(model)),
        check=False,
    )
    assert killed.returncode == 9
    (folder_of(out) / ".part-000003.parquet.1").write_text("half")
    names = {"in.csv", "whole.csv", "out.csv.parts"}
    assert {item.name for item in tmp_path.iterdir()} == names
    score(model, tmp_path / "in.csv", out, rows_per_batch=50, resume=True)
    assert {item.name for item in tmp_path.iterdir()} == {"in.csv", "whole.csv", "out.csv"}
    assert out.read_bytes() == whole.read_bytes()


def test_a_kill_while_parts_are_removed_leaves_none_for_another_question(
    model, table, tmp_path, monkeypatch
):
    out = tmp_path / "out.csv"

    def rmtree(*arguments, **options):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(_parts, "shutil", SimpleNamespace(rmtree=rmtree))
        with pytest.raises(Killed):
            score(model, table, out, rows_per_batch=50)
    assert len(list(folder_of(out).glob("part-*"))) == 8
    other = table.iloc[::-1].reset_index(drop=True)
    score(model, other, out, rows_per_batch=50)
    assert list(pd.read_csv(out)["prediction"]) == list(model.predict(other))
    assert not folder_of(out).exists()


def test_progress_tells_rows_and_the_time_that_is_left(model, table, tmp_path):
    told = []
    score(model, table, tmp_path / "out.csv", rows_per_batch=100, listener=told.append)
    assert [one.rows for one in told] == [100, 200, 300, 400]
    assert {one.total for one in told} == {400}
    half = replace(told[1], seconds=2.0)
    assert half.rows_per_s == 100
    assert half.eta_s == 2.0
    table.to_csv(tmp_path / "in.csv", index=False)
    score(model, tmp_path / "in.csv", tmp_path / "out.csv", listener=told.append)
    assert (told[-1].total, told[-1].exact) == (400, False)


def test_a_packed_text_has_the_same_bytes_each_time(model, table, tmp_path):
    for name in ("a", "b"):
        score(model, table, tmp_path / f"{name}.jsonl.gz")
    packed = [(tmp_path / f"{name}.jsonl.gz").read_bytes() for name in ("a", "b")]
    assert packed[0] == packed[1]
    rows = [json.loads(line) for line in gzip.decompress(packed[0]).splitlines()]
    assert rows[7]["id"] == "000007"


def test_contributions_add_up_to_the_prediction(model, regression, table, tmp_path):
    rows = table.head(6)
    for which, asked in ((model, "probability_yes"), (regression, "prediction")):
        score(which, rows, tmp_path / "out.csv", keep=[], explain=True, proba=which is model)
        found = pd.read_csv(tmp_path / "out.csv")
        names = [f"contribution_{name}" for name in which.schema.names]
        assert np.allclose(found["base"] + found[names].sum(axis=1), found[asked], atol=1e-6)


def test_an_onnx_file_gives_the_same_answers_and_says_what_it_has_not(model, table, tmp_path):
    onnx = pytest.importorskip("trialbook.models.onnx")
    pytest.importorskip("onnxruntime")
    path = tmp_path / "people.onnx"
    path.write_bytes(onnx.to_onnx(model.estimator, model.schema).SerializeToString())
    exported = onnx.OnnxModel(path)
    for name, which in (("a", model), ("b", exported)):
        score(which, table, tmp_path / f"{name}.parquet", proba=True, rows_per_batch=90)
    found, expected = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("b", "a"))
    assert list(found["prediction"]) == list(expected["prediction"])
    assert np.allclose(found["probability_yes"], expected["probability_yes"], atol=1e-6)
    for options in ({"interval": 0.9}, {"explain": True}, {"workers": 2}):
        with pytest.raises(OptionError, match="ONNX file"):
            score(exported, table, tmp_path / "out.csv", **options)


@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_memory_holds_a_batch_and_not_the_table(model, people, tmp_path, name):
    table = people(150_000)
    if name.endswith(".csv"):
        table.to_csv(tmp_path / name, index=False)
    else:
        table.to_parquet(tmp_path / name, row_group_size=5000)
    whole = pa.Table.from_pandas(table).nbytes
    pa.default_memory_pool().release_unused()
    before, held = pa.total_allocated_bytes(), []

    def listener(progress):
        held.append(pa.total_allocated_bytes() - before)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("trialbook.tables.files._streamed_text._BLOCK", 2**16)
        patched.setattr("trialbook.tables.plain._parquet.BATCH_ROWS", 5000)
        score(
            model,
            tmp_path / name,
            tmp_path / "out.parquet",
            rows_per_batch=5000,
            listener=listener,
        )
    assert len(held) == 30
    assert max(held) < whole / 2


def test_a_kept_column_is_never_written_over_by_an_explanation(model, table, tmp_path):
    rows = table.head(3).assign(contribution_age=7.0)
    with pytest.raises(OptionError, match="called like answers: 'contribution_age'"):
        score(model, rows, tmp_path / "out.csv", keep=["contribution_age"], explain=True)
    score(model, rows, tmp_path / "out.csv", keep=["contribution_age"])
    assert list(pd.read_csv(tmp_path / "out.csv")["contribution_age"]) == [7.0] * 3


def test_the_input_is_never_written_over(model, table, tmp_path):
    (tmp_path / "rows").mkdir()
    path = tmp_path / "rows" / "in.csv"
    table.head(5).to_csv(path, index=False)
    before = path.read_bytes()
    (tmp_path / "link.csv").symlink_to(path)
    for data, out in ((path, path), (tmp_path / "link.csv", path), (str(path), path)):
        with pytest.raises(OptionError, match="the very file that is read"):
            score(model, data, out)
    with pytest.raises(OptionError, match="in the folder that is read"):
        score(model, path.parent, path.parent / "out.csv")
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["in.csv"]
