"""What the tests of the doors share."""

import os

import pytest

from trialbook.execution import _pool


@pytest.fixture(scope="session", autouse=True)
def one_fork_server():
    """Workers of one environment, whatever the test is called: they share a fork server."""
    own = _pool.worker_environment

    def environment(threads):
        name = os.environ.get("PYTEST_CURRENT_TEST")
        return {key: value for key, value in own(threads).items() if not name or value != name}

    _pool.worker_environment = environment
    yield
    _pool.worker_environment = own
