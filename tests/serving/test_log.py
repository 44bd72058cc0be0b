"""The log of requests: whole files, whoever writes."""

import threading
import weakref

import pandas as pd
import pytest

from trialbook.errors import DataError
from trialbook.serving import RequestLog, is_log, read_log


def test_rows_of_many_threads_are_all_there(tmp_path):
    with RequestLog(tmp_path / "log", file_rows=50, flush_s=0.02) as log:

        def ask(thread):
            for i in range(40):
                rows = pd.DataFrame({"a": [thread * 100 + i], "b": ["x"]})
                log.add(rows, pd.DataFrame({"prediction": [thread * 100.0 + i]}), f"m@{thread}")

        threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    read = read_log(tmp_path / "log")
    assert sorted(read.inputs["a"]) == [n * 100 + i for n in range(8) for i in range(40)]
    assert (read.inputs["a"] == read.outputs["prediction"]).all()
    assert set(read.about["model"]) == {f"m@{n}" for n in range(8)}
    assert read.about["time"].notna().all()
    assert log.dropped == 0
    assert is_log(tmp_path / "log")


def test_what_waits_is_written_after_a_while_without_more_requests(tmp_path):
    log = RequestLog(tmp_path, flush_s=0.01)
    log.add(pd.DataFrame({"a": [1]}), pd.DataFrame({"prediction": ["yes"]}), "m")
    waited = threading.Event()
    for _ in range(500):
        if is_log(tmp_path):
            break
        waited.wait(0.01)
    assert read_log(tmp_path).outputs["prediction"].tolist() == ["yes"]
    log.close()


def test_a_column_keeps_its_cells_whatever_kinds_they_are_of(tmp_path):
    with RequestLog(tmp_path) as log:
        for cell in (1, 2.5, None, "many", True):
            log.add(pd.DataFrame({"a": [cell]}), pd.DataFrame({"prediction": [0.5]}), "m")
        log.add(pd.DataFrame({"a": [1, "x"]}), pd.DataFrame({"prediction": [0, 1]}), "m")
    cells = read_log(tmp_path).inputs["a"]
    assert len(cells) == 7
    assert {"1", "2.5", "many", "x"} <= set(cells.dropna().astype(str))
    assert cells.isna().sum() == 1


def test_inputs_that_are_called_like_answers_are_told_apart(tmp_path):
    inputs = pd.DataFrame({"prediction": [1], "_prediction": [2], "time": [3], "_model": [4]})
    with RequestLog(tmp_path) as log:
        log.add(inputs, pd.DataFrame({"prediction": [9]}), "m")
    read = read_log(tmp_path)
    assert read.inputs.to_dict("records") == inputs.to_dict("records")
    assert read.outputs["prediction"].tolist() == [9]
    assert read.about["model"].tolist() == ["m"]


def test_a_log_that_cannot_write_keeps_its_rows_and_says_why(tmp_path, monkeypatch):
    log = RequestLog(tmp_path / "log", flush_s=60)
    log.add(pd.DataFrame({"a": [1]}), pd.DataFrame({"prediction": [0]}), "m")

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pyarrow.parquet.write_table", full)
        log.flush()
    assert "No space left" in log.problem
    log.close()
    assert log.problem is None
    assert read_log(tmp_path / "log").inputs["a"].tolist() == [1]


def test_of_a_long_log_some_rows_are_drawn(tmp_path):
    with RequestLog(tmp_path, file_rows=100) as log:
        for start in range(0, 2_000, 100):
            rows = range(start, start + 100)
            # Not every model has every column.
            inputs = pd.DataFrame({"a": rows} | ({"b": rows} if start % 200 else {}))
            log.add(inputs, pd.DataFrame({"prediction": rows}), f"m@{start % 200}")
            log.flush()
    read = read_log(tmp_path, most=300, seed=1)
    assert read.n_rows == 2_000
    assert len(read.inputs) == len(read.outputs) == len(read.about) == 300
    assert read.inputs["a"].is_unique
    assert (read.inputs["a"] == read.outputs["prediction"]).all()
    with_b = read.inputs["a"] // 100 % 2 == 1
    assert (read.inputs["b"].notna() == with_b).all()
    assert (read.inputs["b"] == read.inputs["a"])[with_b].all()
    # Of 300 in 20 files, each has 15 or so: five standard deviations are 17.
    assert read.inputs["a"].floordiv(100).value_counts().reindex(range(20)).between(1, 32).all()
    again = read_log(tmp_path, most=300, seed=1)
    pd.testing.assert_frame_equal(again.inputs, read.inputs)
    assert set(read_log(tmp_path, most=300, seed=2).inputs["a"]) != set(read.inputs["a"])
    for most in (None, 2_000, 5_000):
        assert len(read_log(tmp_path, most=most).inputs) == 2_000


def test_of_a_long_log_one_file_is_in_memory_at_a_time(tmp_path, monkeypatch):
    import pyarrow.parquet

    with RequestLog(tmp_path, file_rows=50) as log:
        for _ in range(8):
            log.add(pd.DataFrame({"a": range(50)}), pd.DataFrame({"prediction": [0] * 50}), "m")
            log.flush()
    seen, most = [], []
    read_table = pyarrow.parquet.read_table

    def counted(*given, **options):
        table = read_table(*given, **options)
        seen.append(weakref.ref(table))
        most.append(sum(one() is not None for one in seen))
        return table

    monkeypatch.setattr("pyarrow.parquet.read_table", counted)
    assert len(read_log(tmp_path, most=40).inputs) == 40
    assert len(most) > 4
    assert max(most) <= 2


def test_a_damaged_file_of_a_log_is_named(tmp_path):
    with RequestLog(tmp_path) as log:
        log.add(pd.DataFrame({"a": [1]}), pd.DataFrame({"prediction": [0]}), "m")
    (path,) = tmp_path.glob("*/*.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="a file of the log cannot be read") as damaged:
        read_log(tmp_path)
    assert damaged.value.place == str(path)


def test_a_folder_without_a_log_is_told_so(tmp_path):
    assert not is_log(tmp_path)
    with pytest.raises(DataError, match="no log of requests"):
        read_log(tmp_path)
