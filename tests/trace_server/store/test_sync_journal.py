"""The journal of moves in a store."""

from __future__ import annotations

import pytest

from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


@pytest.fixture
def server():
    """A store in memory."""
    with SqliteTraceServer(":memory:") as server:
        yield server


def test_nothing_is_noted_in_a_new_store(server):
    """Reading, dropping and forgetting make no table."""
    journal = server.journal("r")
    journal.drop("call", ["a"])
    journal.forget()
    assert journal.read("call") == {}
    with server._store.read() as conn:
        found = conn.raw.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sync_journal'")
        assert found.fetchone() is None


def test_notes_are_of_one_route_and_kind(server):
    """A second note of a key replaces the first one."""
    one, other = server.journal("one"), server.journal("other")
    one.note("call", {"a": "1", "b": "2"})
    one.note("call", {"b": "3"})
    one.note("object", {"a": "4"})
    other.note("call", {"a": "5"})
    assert server.journal("one").read("call") == {"a": "1", "b": "3"}
    assert (one.read("object"), other.read("call"), other.read("object")) == (
        {"a": "4"},
        {"a": "5"},
        {},
    )


def test_dropped_and_forgotten(server):
    """Some keys of a kind, or all of a route."""
    one, other = server.journal("one"), server.journal("other")
    for journal in (one, other):
        journal.note("call", {"a": "1", "b": "2"})
        journal.note("object", {"c": "3"})
    one.drop("call", ["a", "never"])
    assert (one.read("call"), other.read("call")) == ({"b": "2"}, {"a": "1", "b": "2"})
    one.forget()
    assert (one.read("call"), one.read("object")) == ({}, {})
    assert other.read("object") == {"c": "3"}


def test_it_outlives_the_process(tmp_path):
    """It is in the file; a store that is only read has it, too."""
    with SqliteTraceServer(tmp_path / "weave.db") as server:
        server.journal("r").note("call", {"a": "1"})
    with SqliteTraceServer(tmp_path / "weave.db", read_only=True) as server:
        assert server.journal("r").read("call") == {"a": "1"}
