"""Figures as people read them."""

import pytest

from trialbook.profiling import share, size
from trialbook.profiling._format import figure


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567.0, "1,234,567"),
        (0.123456, "0.1235"),
        (12.5, "12.5"),
        (-1234.56, "-1,235"),
        (2.5e-9, "2.5e-09"),
        (1e300, "1e+300"),
        (0.0, "0"),
        (None, ""),
    ],
)
def test_numbers_have_four_digits(value, text):
    assert figure(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 %"), (1e-5, "<0.1 %"), (0.1234, "12.3 %"), (0.9999, ">99.9 %"), (1, "100 %")],
)
def test_little_is_not_nothing_and_nearly_all_is_not_all(value, text):
    assert share(value) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(512, "512 B"), (1536, "1.5 KiB"), (3 * 2**40, "3,072 GiB")]
)
def test_memory_has_a_unit(n_bytes, text):
    assert size(n_bytes) == text
