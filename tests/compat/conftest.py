"""What the tests of the doors share."""

import os

import pytest

from trialbook.execution import _lasting, _pool, lasting_workers


@pytest.fixture(scope="module", autouse=True)
def one_fork_server():
    """The experiments of a module share a fork server, whatever the tests are called."""
    own = _pool.worker_environment

    def environment(threads):
        name = os.environ.get("PYTEST_CURRENT_TEST")
        return {key: value for key, value in own(threads).items() if not name or value != name}

    _pool.worker_environment = environment
    with lasting_workers():
        yield
    _pool.worker_environment = own
    kept = _lasting._kept.get(os.getpid())
    if kept is not None:  # tests of other rooms look at the processes that they start
        kept.retire()
