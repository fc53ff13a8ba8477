"""Deleting old traces: which go, what goes with them, what stays."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from store_of_traces import DAY, PROJECT, end, fill, ids, start

from weave_lite.core.clock import now_micros
from weave_lite.core.errors import UsageError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store import prune as pruning
from weave_lite.trace_server.store.doctor import examine
from weave_lite.trace_server.store.engine import Store
from weave_lite.trace_server.store.prune import prune

KEPT = ["long", "new-0", "new-1", "running"]


@pytest.fixture
def place(tmp_path):
    path = str(tmp_path / "weave.db")
    fill(path)
    return path


def pruned(place, **limits):
    store = Store.open(place)
    try:
        return prune(store, **limits)
    finally:
        store.close()


def counts(place):
    raw = sqlite3.connect(place)
    try:
        return {
            table: raw.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("calls", "call_inputs", "call_outputs", "call_refs", "feedback")
        }
    finally:
        raw.close()


def test_old_traces_go_whole(place):
    """What ended before the limit goes, with its values, refs and feedback; nothing else does."""
    size = Path(place).stat().st_size
    done = pruned(place, keep_days=5)
    assert (done.traces, done.calls, done.is_reclaimed) == (20, 40, True)
    assert done.size_after_bytes < done.size_before_bytes
    assert Path(place).stat().st_size < size
    assert ids(place) == KEPT
    assert counts(place) == {
        "calls": 4,
        "call_inputs": 4,
        "call_outputs": 3,
        "call_refs": 4,
        "feedback": 1,
    }
    assert examine(place, deep=True).is_fine


def test_content_stays(place):
    """Objects, tables and files are not pruned."""
    pruned(place, keep_days=0)
    with SqliteTraceServer(place) as server:
        (obj,) = server.objs_query(tsi.ObjQueryReq(project_id=PROJECT)).objs
        size = server.files_stats(tsi.FilesStatsReq(project_id=PROJECT)).total_size_bytes
    assert (obj.val, size) == ({"a": 1}, 5)


def test_dry_run_changes_nothing(place):
    """It gives the same counts and leaves every row."""
    before = counts(place)
    told = pruned(place, keep_days=5, dry_run=True)
    assert counts(place) == before
    done = pruned(place, keep_days=5)
    assert (told.traces, told.calls) == (done.traces, done.calls)


def test_size_takes_the_oldest_first(place):
    """Traces that ended go, oldest first, until the rest fits; those that run stay."""
    some = pruned(place, max_size_bytes=pruned(place, keep_days=1000).size_before_bytes - 30_000)
    left = ids(place)
    assert 0 < some.traces < 20
    assert set(KEPT) <= set(left)
    pruned(place, max_size_bytes=0)
    assert ids(place) == ["running"]


@pytest.mark.parametrize("limits", [{}, {"keep_days": -1}, {"max_size_bytes": -1}])
def test_wrong_limits(place, limits):
    """None and negative limits are refused; nothing is deleted."""
    with pytest.raises(UsageError, match="keep-days"):
        pruned(place, **limits)
    assert len(ids(place)) == 44


def test_trace_that_goes_on_meanwhile(place, monkeypatch):
    """A call that comes between the choice and the delete keeps its trace."""
    delete = pruning._delete_batch

    def late(raw, batch, limit):
        monkeypatch.setattr(pruning, "_delete_batch", delete)
        at = now_micros() - 29 * DAY
        raw.execute(
            "INSERT INTO calls (project, id, trace_id, op, started_at, ended_at)"
            " VALUES (1, 'late', 't-old-0', 1, ?, ?)",
            (at, at),
        )
        return delete(raw, batch, limit)

    monkeypatch.setattr(pruning, "_delete_batch", late)
    assert pruned(place, keep_days=5).traces == 19
    assert "old-0" in ids(place)


def test_start_that_comes_meanwhile(place, monkeypatch):
    """An old end whose start arrives between the choice and the delete is kept."""
    with SqliteTraceServer(place) as server:
        server.write_encoded([end("lost", 40)])
    delete = pruning._delete_batch

    def late(raw, batch, limit):
        monkeypatch.setattr(pruning, "_delete_batch", delete)
        raw.execute(
            "UPDATE calls SET started_at = ended_at - 1, trace_id = 't-lost', op = 1"
            " WHERE id = 'lost'"
        )
        return delete(raw, batch, limit)

    monkeypatch.setattr(pruning, "_delete_batch", late)
    pruned(place, keep_days=5)
    assert "lost" in ids(place)


def test_end_without_start_is_pruned(place):
    """An end whose start never came is old one day, too."""
    with SqliteTraceServer(place) as server:
        server.write_encoded([end("lost", 40), start("found", "t-found", 1)])
    assert pruned(place, keep_days=5).calls == 41
    assert counts(place)["calls"] == 5
