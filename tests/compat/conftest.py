"""What the tests of the doors share."""

import os

import pytest

from trialbook.execution import _pool, lasting_workers


@pytest.fixture(scope="session", autouse=True)
def one_fork_server():
    """All experiments share a fork server, whatever the test is called that runs them."""
    own = _pool.worker_environment

    def environment(threads):
        name = os.environ.get("PYTEST_CURRENT_TEST")
        return {key: value for key, value in own(threads).items() if not name or value != name}

    _pool.worker_environment = environment
    with lasting_workers():
        yield
    _pool.worker_environment = own
