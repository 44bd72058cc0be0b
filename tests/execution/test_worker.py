"""What a worker process answers, writes and survives."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trialbook.execution._messages import LOG


def test_a_worker_says_that_it_is_ready_and_who_it_is(workers):
    worker = workers.spawn()
    message = worker.hear()
    assert (message.id, message.kind) == (-1, "ready")
    assert message.payload == {"pid": worker.pid}


def test_requests_are_answered_one_after_another_by_the_same_process(worker, request_of):
    worker.ask(request_of(1, text="a"))
    worker.ask(request_of(2, text="b"))
    answers = [worker.hear(), worker.hear()]
    assert [(m.id, m.kind, m.payload["text"]) for m in answers] == [
        (1, "done", "a"),
        (2, "done", "b"),
    ]
    assert {m.payload["pid"] for m in answers} == {worker.pid}


def test_progress_is_reported_in_order_before_the_answer(worker, request_of):
    worker.ask(request_of(5, "count", to=3))
    heard = [worker.hear() for _ in range(4)]
    assert [(m.id, m.kind) for m in heard] == [(5, "fold")] * 3 + [(5, "done")]
    assert [m.payload["fold"] for m in heard[:3]] == [0, 1, 2]


def test_what_a_request_raises_is_its_answer_in_one_line_and_its_log_in_full(worker, request_of):
    request = request_of(1, "fail")
    worker.ask(request)
    answer = worker.hear()
    assert (answer.id, answer.kind) == (1, "failed")
    assert answer.payload["reason"] == "ValueError: no such thing"
    log = (Path(request.folder) / LOG).read_text("utf-8")
    assert "Traceback" in log
    assert "in run_fail" in log


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("letters", [0, 100_000])
def test_a_log_on_a_full_disk_does_not_keep_the_answer(worker, request_of, letters):
    request = request_of(1, "fail", printed=letters)
    Path(request.folder).mkdir()
    (Path(request.folder) / LOG).symlink_to("/dev/full")
    worker.ask(request)
    assert worker.hear().kind == "failed"
    worker.ask(request_of(2))
    assert worker.hear().payload["pid"] == worker.pid


def test_a_folder_that_cannot_be_made_fails_the_request_alone(worker, request_of):
    request = request_of(1)
    Path(request.folder).write_text("in the way")
    worker.ask(request)
    answer = worker.hear()
    assert (answer.kind, answer.payload["reason"].split(":")[0]) == ("failed", "FileExistsError")
    worker.ask(request_of(2))
    assert worker.hear().payload["pid"] == worker.pid


def test_a_long_reason_is_cut(worker, request_of):
    worker.ask(request_of(1, "fail", letters=5000))
    reason = worker.hear().payload["reason"]
    assert reason.startswith("ValueError: no such thing xxx")
    assert len(reason) <= 500


def test_a_program_that_ends_its_process_politely_only_fails(worker, request_of):
    worker.ask(request_of(1, "quit"))
    assert worker.hear().payload["reason"] == "SystemExit: enough"
    worker.ask(request_of(2))
    assert worker.hear().payload["pid"] == worker.pid


def test_an_unknown_kind_of_request_fails(worker, request_of):
    worker.ask(request_of(1, "dance"))
    answer = worker.hear()
    assert answer.kind == "failed"
    assert "run_dance" in answer.payload["reason"]


def test_what_python_and_libraries_print_goes_to_the_requests_own_log(worker, request_of):
    first, second = request_of(1, "talk"), request_of(2, "talk")
    for request in (first, second):
        worker.ask(request)
        assert worker.hear().kind == "done"
    for request in (first, second):
        log = (Path(request.folder) / LOG).read_text("utf-8")
        assert sorted(log.splitlines()) == ["said by Python", "said by a library"]


def test_a_request_that_prints_nothing_leaves_no_log(worker, request_of):
    request = request_of(1)
    worker.ask(request)
    assert worker.hear().kind == "done"
    assert os.listdir(request.folder) == []


def test_a_worker_ends_with_its_requests(worker, request_of):
    worker.ask(request_of(1))
    assert worker.hear().kind == "done"
    worker.requests.close()
    assert worker.exit_code() == 0


def test_a_worker_ends_in_the_middle_of_its_work_when_the_engine_is_gone(worker, request_of):
    worker.ask(request_of(1, "sleep"))
    assert worker.hear().kind == "fold"
    worker.requests.close()
    assert worker.exit_code() == 0
