"""The log of requests: whole files, whoever writes."""

import threading

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


def test_a_folder_without_a_log_is_told_so(tmp_path):
    assert not is_log(tmp_path)
    with pytest.raises(DataError, match="no log of requests"):
        read_log(tmp_path)
