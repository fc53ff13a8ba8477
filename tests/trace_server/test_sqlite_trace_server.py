"""The facade: what it refuses, how it closes, and that it is the whole interface."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import InvalidRequest, StoreError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


@pytest.fixture
def server():
    with SqliteTraceServer() as server:
        yield server


def test_ensure_project_exists(server):
    """The project's name comes back; a bad one is refused."""
    assert server.ensure_project_exists("acme", "demo") == tsi.EnsureProjectExistsRes(
        project_name="demo"
    )
    with pytest.raises(InvalidRequest, match="project_id"):
        server.ensure_project_exists("acme", "")


def test_place(server, tmp_path):
    """The place is the file, absolute, or memory."""
    assert server.place == ":memory:"
    with SqliteTraceServer(tmp_path / "weave.db") as on_disk:
        assert on_disk.place == str(tmp_path / "weave.db")


def test_relative_place_stays_when_the_folder_changes(tmp_path, monkeypatch):
    """A relative path is that of the moment of opening."""
    monkeypatch.chdir(tmp_path)
    with SqliteTraceServer("weave.db") as server:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        server.call_update(tsi.CallUpdateReq(project_id="a/b", call_id="1", display_name="x"))
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["weave.db"]


def test_closed_server_says_so(server):
    """After close every use is refused."""
    server.close()
    with pytest.raises(StoreError, match="closed"):
        server.call_read(tsi.CallReadReq(project_id="a/b", id="1"))
