"""A workspace of its own for every test."""

from __future__ import annotations

import pytest

from trialbook.tracking import Workspace


@pytest.fixture
def workspace(tmp_path):
    return Workspace.open(tmp_path / "workspace", create=True)
