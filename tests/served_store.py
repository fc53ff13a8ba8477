"""Fixtures of an empty store behind HTTP; a conftest takes them by their names."""

from __future__ import annotations

import pytest

from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


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
