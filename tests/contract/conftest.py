"""The server that contract tests run on: in memory, and on disk."""

from __future__ import annotations

import pytest

from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


@pytest.fixture(params=["memory", "disk"])
def server(request, tmp_path):
    """A server on an empty store."""
    place = ":memory:" if request.param == "memory" else tmp_path / "weave.db"
    with SqliteTraceServer(place) as server:
        yield server
