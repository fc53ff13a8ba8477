"""The server that contract tests run on: in memory, on disk, and a client of one behind HTTP.

A run takes a sample of the tests over HTTP, which is the slowest; ``WEAVE_LITE_CONTRACT_HTTP=all``
takes all of them. The marker ``in_process`` says of a test why it cannot run over HTTP.
"""

from __future__ import annotations

import os
import zlib

import pytest

from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

WHICH = os.environ.get("WEAVE_LITE_CONTRACT_HTTP", "sample")
SLOW = {"test_many_fields_of_feedback_in_one_list", "test_many_rows"}


def pytest_configure(config):
    """Name the marker."""
    config.addinivalue_line("markers", "in_process(reason): not over HTTP")


def pytest_generate_tests(metafunc):
    """Run a test on each kind of server."""
    if "server" in metafunc.fixturenames:
        metafunc.parametrize("server", ["memory", "disk", "http"], indirect=True)


def pytest_collection_modifyitems(config, items):
    """Leave out what cannot run over HTTP, and what this run does not sample."""
    over_http = {}
    for item in items:
        call = getattr(item, "callspec", None)
        if call is not None and call.params.get("server") == "http":
            over_http.setdefault((item.path, item.originalname), []).append(item)
    out = set()
    for (_, name), cases in over_http.items():
        able = [item for item in cases if item.get_closest_marker("in_process") is None]
        if WHICH != "all":
            # One case of each test; another one for each, but the same in each run.
            place = zlib.crc32(name.encode()) % max(len(able), 1)
            able = [] if name in SLOW else able[place : place + 1]
        out.update(set(cases).difference(able))
    if out:
        config.hook.pytest_deselected(items=list(out))
        items[:] = [item for item in items if item not in out]


@pytest.fixture
def server(request, tmp_path):
    """A server on an empty store."""
    place = tmp_path / "weave.db" if request.param == "disk" else ":memory:"
    with SqliteTraceServer(place) as server:
        if request.param != "http":
            yield server
            return
        with request.getfixturevalue("served").serving(server) as client:
            # With these, tests look at what was left in the store.
            client.project_ids, client._store = server.project_ids, server._store
            yield client
