"""Deleting old traces: which go, what goes with them, what stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from store_of_traces import DAY, PROJECT, REF, end, fill, ids, start

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


def test_dry_run_lets_others_write(place, monkeypatch):
    """It takes no write lock, even while somebody else has it."""
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = pruned(place, keep_days=5, max_size_bytes=0, dry_run=True)
    assert (told.traces, told.calls) == (23, 43)
    assert told.size_after_bytes < told.size_before_bytes


def test_dry_run_reckons_the_size(place):
    """It comes near to what the real one frees."""
    told = pruned(place, keep_days=5, dry_run=True)
    done = pruned(place, keep_days=5)
    freed = done.size_before_bytes - done.size_after_bytes
    assert told.size_before_bytes - told.size_after_bytes == pytest.approx(freed, rel=0.4)


@pytest.fixture
def large(place):
    """A trace of 2,500 old calls."""
    with SqliteTraceServer(place) as server:
        records = [start("root", "t-large", 40), end("root", 39)]
        for n in range(2499):
            records += [start(f"c{n}", "t-large", 40, "root"), end(f"c{n}", 39)]
        server.write_encoded(records)
    return place


def test_large_trace_goes_in_parts(large, monkeypatch):
    """No transaction deletes more than 1,000 calls; others can write in between."""
    batches, delete = [], pruning._delete

    def note(raw, project, calls):
        batches.append(len(calls))
        delete(raw, project, calls)

    monkeypatch.setattr(pruning, "_delete", note)
    assert pruned(large, keep_days=35).calls == 2500
    assert batches == [1000, 1000, 500]
    assert examine(large, deep=True).is_fine


def test_broken_off_prune_goes_on(large, monkeypatch):
    """What was left of a trace is a tree, and goes at the next time."""
    delete = pruning._delete

    def fail(raw, project, calls):
        monkeypatch.setattr(pruning, "_delete", broken)
        delete(raw, project, calls)

    def broken(raw, project, calls):
        raise KeyboardInterrupt

    monkeypatch.setattr(pruning, "_delete", fail)
    with pytest.raises(KeyboardInterrupt):
        pruned(large, keep_days=35)
    monkeypatch.setattr(pruning, "_delete", delete)
    assert counts(large)["calls"] == 44 + 1500
    assert "root" in ids(large)
    assert examine(large, deep=True).is_fine
    assert pruned(large, keep_days=35).calls == 1500


def test_indexes_of_the_user_are_kept_up(place):
    """What is pruned is not found any more, and the rest is."""
    with SqliteTraceServer(place) as server:
        server.index_add("inputs.ref")
        server.index_add("inputs")
    pruned(place, keep_days=5)
    operands = [{"$getField": "inputs.ref"}, {"$literal": REF}]
    with SqliteTraceServer(place) as server:
        for query in (
            {"$expr": {"$eq": operands}},
            {"$expr": {"$contains": {"input": operands[0], "substr": {"$literal": "settings"}}}},
        ):
            req = tsi.CallsQueryReq(project_id=PROJECT, query=query)
            assert sorted(call.id for call in server.calls_query(req).calls) == KEPT
    assert examine(place, deep=True).is_fine


def test_file_that_others_have_open_is_made_smaller_when_short(place):
    """The room goes back beside other programs too, since that takes no time here."""
    size = Path(place).stat().st_size
    with SqliteTraceServer(place) as other:
        other.project_ids()
        assert pruned(place, keep_days=5).is_reclaimed
        assert Path(place).stat().st_size < size
        assert len(other.calls_query(tsi.CallsQueryReq(project_id=PROJECT)).calls) == 4


def test_large_file_that_others_have_open_is_left(place, monkeypatch):
    """They would wait for too long."""
    monkeypatch.setattr(pruning, "_SHORT_VACUUM_BYTES", 0)
    with SqliteTraceServer(place) as other:
        other.project_ids()
        assert not pruned(place, keep_days=5).is_reclaimed
    assert pruned(place, max_size_bytes=0).is_reclaimed
