"""YAML files: values, lines, and what is wrong with them."""

import pytest

from trialbook.documents import read_yaml
from trialbook.errors import DataError


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path.relative_to(tmp_path) / "job.yml"

    def read_text(text):
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
        return read_yaml(path, kind="job file", remedy="Write it so.")

    return read_text


def test_values_know_their_lines(read):
    document = read("a: 1\nb:\n  - x\n  - c: 2\n")
    assert document.values == {"a": 1, "b": ["x", {"c": 2}]}
    assert document.place("b", 1, "c") == "job.yml, line 4"
    assert document.place("b", 0) == "job.yml, line 3"
    assert document.place("nothing") == "job.yml"


def test_a_mark_at_the_beginning_is_no_part_of_the_first_key(read):
    assert read(b"\xef\xbb\xbfa: 1\n").values == {"a": 1}


def test_an_empty_file_has_no_values(read):
    assert read("").values is None


def test_aliases_are_followed_once(read):
    assert read("a: &x [1, 2]\nb: *x\n").values == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\n", r"not YAML \(job.yml, line 2\)"),
        ("a: 1\nb: 2\na: 3\n", r"'a' is there twice, first in line 1 \(job.yml, line 3\)"),
        ("a: !!python/name:os.system\n", r"not YAML \(job.yml, line 1\)"),
        (b"a: \xff\n", r"not YAML \(job.yml\)"),
        ("[" * 5000, "not YAML"),
        ("a: 2024-13-45\n", "not YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(read, text, message):
    with pytest.raises(DataError, match=message):
        read(text)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_yaml(tmp_path / "x.yml", kind="job file", remedy="")
