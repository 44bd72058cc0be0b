"""Durations and amounts of memory."""

import pytest

from trialbook.job import n_bytes, seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (90, 90),
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("5 min", 300),
        ("1.5h", 5400),
        ("2d", 172800),
        ("30sec", 30),
        (" 5M ", 300),
    ],
)
def test_a_duration_is_read(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "5x", "-5m", "0", "0s", "m"])
def test_what_is_not_a_duration_is_refused(text):
    with pytest.raises(ValueError, match="duration"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("4GB", 4 * 2**30), ("512M", 512 * 2**20), ("1.5GiB", 3 * 2**29), (1000, 1000), ("2k", 2048)],
)
def test_an_amount_of_memory_is_read(text, expected):
    assert n_bytes(text) == expected


@pytest.mark.parametrize("text", ["much", "-1GB", "0", "4X"])
def test_what_is_not_an_amount_of_memory_is_refused(text):
    with pytest.raises(ValueError, match="memory"):
        n_bytes(text)
