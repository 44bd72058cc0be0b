"""The empty database that new workspaces are copies of."""

from __future__ import annotations

import pytest

from trialbook.tracking import _template
from trialbook.tracking._template import cache_folder, copy_template, template


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of this test's own; MLflow's migrations are counted and not run."""
    migrated = []

    def migrate(database):
        migrated.append(database)
        database.write_bytes(b"empty tables")

    monkeypatch.setattr(_template, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(_template, "_migrate", migrate)
    return migrated


def test_the_template_is_made_once(cache, tmp_path):
    path = template()
    assert path.read_bytes() == b"empty tables"
    assert template() == path
    assert len(cache) == 1
    assert [child.name for child in (tmp_path / "cache").iterdir()] == [path.name]


def test_another_version_of_mlflow_has_another_template(cache, monkeypatch):
    first = template()
    monkeypatch.setattr(_template, "version", lambda name: "99.0")
    assert template() != first
    assert len(cache) == 2


def test_a_new_workspace_gets_a_copy(cache, tmp_path):
    copy_template(tmp_path / "mlflow.db")
    assert (tmp_path / "mlflow.db").read_bytes() == b"empty tables"
    assert sorted(child.name for child in tmp_path.iterdir()) == ["cache", "mlflow.db"]


def test_a_database_that_is_there_stays(cache, tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"ten years of work")
    copy_template(tmp_path / "mlflow.db")
    assert (tmp_path / "mlflow.db").read_bytes() == b"ten years of work"


def test_without_a_cache_mlflow_makes_the_tables_itself(cache, tmp_path):
    (tmp_path / "cache").write_text("a file is in the way", "utf-8")
    assert template() is None
    copy_template(tmp_path / "mlflow.db")
    assert not (tmp_path / "mlflow.db").exists()


@pytest.mark.parametrize(
    ("platform", "variable", "value"),
    [("linux", "XDG_CACHE_HOME", "/caches"), ("win32", "LOCALAPPDATA", "/caches")],
)
def test_the_cache_is_where_the_system_keeps_caches(monkeypatch, platform, variable, value):
    monkeypatch.setattr(_template.sys, "platform", platform)
    monkeypatch.setenv(variable, value)
    assert str(cache_folder()).replace("\\", "/") == "/caches/trialbook"
    monkeypatch.delenv(variable)
    assert cache_folder().name == "trialbook"
    assert cache_folder().is_absolute()
