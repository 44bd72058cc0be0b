"""One JSON document a line, both ways."""

from __future__ import annotations

import io
import math

from trialbook.execution import Message, Request
from trialbook.execution._messages import read_message, read_request, send


def lines_of(*documents):
    stream = io.BytesIO()
    for document in documents:
        send(stream, document)
    return stream.getvalue().splitlines()


def test_a_request_arrives_as_it_was_sent():
    request = Request(7, "trial", "/a folder/ü", {"learner": None, "n": [1, 2]}, 1.5, 9.0)
    (line,) = lines_of(request)
    assert read_request(line) == request


def test_a_message_arrives_as_it_was_sent():
    message = Message(3, "failed", {"reason": "two\nlines — and more", "log": ""})
    (line,) = lines_of(message)
    assert read_message(line) == message


def test_every_document_is_one_line():
    lines = lines_of(Message(1, "fold", {"text": "a\nb\r\nc"}), Message(1, "done"))
    assert [read_message(line).kind for line in lines] == ["fold", "done"]


def test_scores_that_are_not_finite_arrive_too():
    (line,) = lines_of(Message(1, "fold", {"score": math.nan, "best": -math.inf}))
    payload = read_message(line).payload
    assert math.isnan(payload["score"])
    assert payload["best"] == -math.inf
