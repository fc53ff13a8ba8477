"""A store behind HTTP, in this process."""

from __future__ import annotations

import pytest
from served import Served

from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


@pytest.fixture(scope="session")
def served():
    """The one web server of all tests."""
    served = Served()
    yield served
    served.stop()


@pytest.fixture
def store():
    """The store that is served."""
    with SqliteTraceServer(":memory:") as server:
        yield server


@pytest.fixture
def remote(served, store):
    """A client of the served store."""
    with served.serving(store) as client:
        yield client
