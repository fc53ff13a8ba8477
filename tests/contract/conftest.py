"""The servers that contract tests run on: in memory, on disk, and behind HTTP."""

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


@pytest.fixture(params=["memory", "disk", "http"])
def server(request, tmp_path):
    """A server on an empty store."""
    place = tmp_path / "weave.db" if request.param == "disk" else ":memory:"
    with SqliteTraceServer(place) as server:
        if request.param != "http":
            yield server
            return
        if request.node.get_closest_marker("in_process"):
            pytest.skip("of the server in this process")
        with request.getfixturevalue("served").serving(server) as client:
            yield client
