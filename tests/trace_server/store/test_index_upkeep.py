"""Indexes of the user in rough times: many writers, kills, deletion, pruning, old files."""

from __future__ import annotations

import gzip
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weave_lite.core.clock import now_micros
from weave_lite.core.errors import StoreError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.interface.query import SortBy
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store import index_checks, index_upkeep
from weave_lite.trace_server.store.backup import copy_to
from weave_lite.trace_server.store.doctor import examine
from weave_lite.trace_server.store.engine import Store
from weave_lite.trace_server.store.prune import prune

PATHS = ["inputs.m", "output.m", "summary.m", "attributes.m", "inputs", "output"]
STORES = Path(__file__).parents[2] / "data" / "stores"


def start(project, call_id, value, at=1):
    document = f'{{"m":"{value}"}}'
    return EncodedStart(project, call_id, "t", None, "op", None, at, document, document, ())


def end(project, call_id, value, at=2):
    document = f'{{"m":"{value}"}}'
    return EncodedEnd(project, call_id, at, None, document, document, ())


def answers(server, project, value):
    """Everything that indexes serve: found, counted, ordered and searched."""
    found = []
    for path in PATHS:
        field = {"$getField": path}
        equal = {"$expr": {"$eq": [field, {"$literal": value}]}}
        holds = {"$expr": {"$contains": {"input": field, "substr": {"$literal": value}}}}
        for query in (equal, holds):
            stats = tsi.CallsQueryStatsReq(project_id=project, query=query)
            found.append(server.calls_query_stats(stats).count)
            req = tsi.CallsQueryReq(project_id=project, query=query, limit=9)
            found.append([call.id for call in server.calls_query_stream(req)])
        for direction in ("asc", "desc"):
            order = [SortBy(field=path, direction=direction)]
            req = tsi.CallsQueryReq(project_id=project, sort_by=order, limit=3, offset=1)
            found.append([call.id for call in server.calls_query_stream(req)])
    return found


def index_findings(place, *, deep=True):
    return [f.text for f in examine(str(place), deep=deep).findings if f.name == "indexes"]


projects = st.sampled_from(["a/b", "a/c"])
ids = st.sampled_from([f"c{n}" for n in range(6)])
values = st.sampled_from(["apple", "apricot", "banana", "10", "2.5", "true", "long" * 30])
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["start", "end", "both"]), projects, ids, values),
        st.tuples(st.sampled_from(["delete", "rename"]), projects, ids),
        st.tuples(st.just("gone"), st.integers(1, 12)),
        st.tuples(st.sampled_from(["add", "drop"]), st.sampled_from(PATHS)),
        st.tuples(st.sampled_from(["hand_over", "refresh"])),
    ),
    max_size=30,
)


def do(server, step, *, is_indexed):
    kind, *rest = step
    if kind in {"start", "end", "both"}:
        parts = [start(*rest)] if kind != "end" else []
        server.write_encoded(parts + ([end(*rest)] if kind != "start" else []))
    elif kind == "delete":
        server.calls_delete(tsi.CallsDeleteReq(project_id=rest[0], call_ids=[rest[1]]))
    elif kind == "rename":
        server.call_update(
            tsi.CallUpdateReq(project_id=rest[0], call_id=rest[1], display_name="new")
        )
    elif kind == "gone":
        with server._store.write() as conn:
            for table in ("call_inputs", "call_outputs", "calls"):
                conn.raw.execute(f"DELETE FROM {table} WHERE pk = ?", rest)
    elif is_indexed:
        have = {index.path for index in server.index_list()}
        if kind == "add":
            server.index_add(rest[0])
        elif kind == "drop" and rest[0] in have:
            server.index_drop(rest[0])
        elif kind == "hand_over":
            for path in have:
                server.index_add(path)
        elif kind == "refresh":
            index_upkeep.refresh_texts(server._store, is_urgent=True)


@settings(max_examples=15, deadline=None)
@given(steps=steps, value=values, project=projects)
def test_any_history(steps, value, project):
    """After any history a store with indexes answers as one without, and the doctor agrees."""
    with SqliteTraceServer() as plain, SqliteTraceServer() as quick:
        for path in ("inputs.m", "summary.m", "inputs"):
            quick.index_add(path)
        for step in steps:
            do(plain, step, is_indexed=False)
            do(quick, step, is_indexed=True)
        assert answers(quick, project, value) == answers(plain, project, value)
        with quick._store.read() as conn:
            assert list(index_checks.problems(conn.raw, deep=True)) == []
        for index in quick.index_list():
            quick.index_add(index.path)
        assert answers(quick, project, value) == answers(plain, project, value)


def test_written_twice_before_it_is_known():
    """A call whose parts come again while an index has only noted it is written."""
    with SqliteTraceServer() as server:
        for path in PATHS:
            server.index_add(path)
        for value in ("old", "new"):
            server.write_encoded([start("a/b", "c", value), end("a/b", "c", value)])
        assert answers(server, "a/b", "old")[:2] == [0, []]
        assert answers(server, "a/b", "new")[:2] == [1, ["c"]]


def test_order_in_a_small_project_of_a_large_store(monkeypatch):
    """The index leads to the calls of the project alone, however many others have."""
    monkeypatch.setattr("weave_lite.trace_server.store.compiled_search._MIN_WINDOW", 0)
    with SqliteTraceServer() as server:
        server.write_encoded([start("a/large", f"c{n}", f"a{n:03}") for n in range(300)])
        server.write_encoded([start("a/small", f"c{n}", f"z{n:03}") for n in range(9)])
        server.index_add("inputs.m")
        with server._store.read() as conn:
            from weave_lite.trace_server.store import call_search, compiled_search

            order = [SortBy(field="inputs.m", direction="asc")]
            search = call_search.plan(2, None, None, order, (), conn)
            assert compiled_search.bounded(conn, search.parts, 3) is not search.parts


_WRITER = """
import sys
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
with SqliteTraceServer(sys.argv[1]) as server:
    print("ready", flush=True)
    for n in range(int(sys.argv[3])):
        name, document = f"{sys.argv[2]}{n}", '{"m":"other words"}'
        server.write_encoded([
            EncodedStart("a/b", name, "t", None, "op", None, n, document, document, ()),
            EncodedEnd("a/b", name, n, None, document, document, ()),
        ])
"""


def writer(place, name, count):
    command = [sys.executable, "-c", _WRITER, str(place), name, str(count)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    return process


def count_equal(server):
    query = {"$expr": {"$eq": [{"$getField": "inputs.m"}, {"$literal": "other words"}]}}
    req = tsi.CallsQueryStatsReq(project_id="a/b", query=query)
    return server.calls_query_stats(req).count


def test_add_and_drop_while_others_write(tmp_path):
    """Indexes come and go while two processes write; nothing is lost, no search fails."""
    place = tmp_path / "s.db"
    with SqliteTraceServer(place) as server:
        server.write_encoded([start("a/b", f"x{n}", "first") for n in range(1_500)])
        writers = [writer(place, name, 600) for name in ("one", "two")]
        rounds = seen = 0
        while any(process.poll() is None for process in writers):
            for path in PATHS:
                server.index_add(path)
            now = count_equal(server)
            assert now >= seen
            seen = now
            if rounds % 2:
                for path in PATHS:
                    server.index_drop(path)
                assert count_equal(server) >= seen
            rounds += 1
        assert [process.wait() for process in writers] == [0, 0]
        for process in writers:
            process.stdout.close()
        for path in PATHS:
            server.index_add(path)
        assert count_equal(server) == 1_200
    assert index_findings(place) == []


_ADDER = """
import sys, time
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
def told(pending):
    print(pending, flush=True)
    time.sleep(60)
SqliteTraceServer(sys.argv[1]).index_add(sys.argv[2], told)
"""


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
@pytest.mark.parametrize("path", ["inputs.m", "inputs"])
def test_killed_while_an_index_is_made(tmp_path, path):
    """A half-made index answers right, is shown as such, and is completed by the next add."""
    place = tmp_path / "s.db"
    with SqliteTraceServer(place) as server:
        server.write_encoded([start("a/b", f"x{n}", "other words") for n in range(2_500)])
        adder = subprocess.Popen(
            [sys.executable, "-c", _ADDER, str(place), path], stdout=subprocess.PIPE
        )
        assert adder.stdout.readline() == b"1500\n"
        adder.send_signal(signal.SIGKILL)
        adder.wait()
        adder.stdout.close()
        assert [index.pending for index in server.index_list()] == [1_500]
        assert count_equal(server) == 2_500
        assert index_findings(place) == []
        server.index_add(path)
        assert [index.pending for index in server.index_list()] == [0]
        assert count_equal(server) == 2_500
    assert index_findings(place) == []


def test_read_only(tmp_path):
    """A reader that may not write uses indexes, lists them, and cannot change them."""
    place = tmp_path / "s.db"
    with SqliteTraceServer(place) as server:
        server.write_encoded([start("a/b", "c", "other words")])
        for path in PATHS:
            server.index_add(path)
        expected = answers(server, "a/b", "other words")
    with SqliteTraceServer(place, read_only=True) as server:
        assert answers(server, "a/b", "other words") == expected
        assert [index.path for index in server.index_list()] == sorted(PATHS)
        for change in (server.index_add, server.index_drop):
            with pytest.raises(StoreError, match="read-only"):
                change("inputs.m")


def test_backup_has_the_indexes(tmp_path):
    """A copy has them too, and goes on keeping them up."""
    place, copy = tmp_path / "s.db", tmp_path / "copy.db"
    with SqliteTraceServer(place) as server:
        server.write_encoded([start("a/b", "c", "other words")])
        for path in PATHS:
            server.index_add(path)
    copy_to(str(place), str(copy))
    with SqliteTraceServer(copy) as server:
        server.write_encoded([start("a/b", "d", "other words")])
        assert count_equal(server) == 2
    assert index_findings(copy) == []


@pytest.mark.parametrize("limit", [{"keep_days": 5}, {"max_size_bytes": 1_500_000}])
def test_prune_gives_the_room_of_indexes_back(tmp_path, limit):
    """What indexes hold of deleted calls goes with them; what is kept is found."""
    place = tmp_path / "s.db"
    old = now_micros() - 30 * 86_400 * 1_000_000
    with SqliteTraceServer(place) as server:
        for n in range(600):
            at = old if n < 550 else now_micros()
            words = " ".join(f"word{n}x{k}" for k in range(120))
            part = start("a/b", f"c{n}", words, at)
            part = part._replace(trace_id=f"t{n}", attributes_json="{}")
            server.write_encoded([part, end("a/b", f"c{n}", words, at)])
        for path in PATHS:
            server.index_add(path)

    def text_bytes():
        with closing(sqlite3.connect(place)) as raw:
            names = [
                n for (n,) in raw.execute("SELECT name FROM sqlite_schema") if "text_data" in n
            ]
            return sum(
                raw.execute(f"SELECT total(length(block)) FROM {name}").fetchone()[0]
                for name in names
            )

    before = text_bytes()
    store = Store.open(place)
    done = prune(store, **limit)
    store.close()
    assert done.traces > 300
    assert text_bytes() < before / 3
    if "max_size_bytes" in limit:
        assert (
            0.7 * limit["max_size_bytes"] < done.size_after_bytes <= limit["max_size_bytes"] * 1.05
        )
    assert index_findings(place) == []
    with SqliteTraceServer(place) as server:
        assert answers(server, "a/b", "word599x7 word599x8")[2] == 1
        assert answers(server, "a/b", "word0x7 word0x8")[2] == 0


def test_file_of_an_earlier_release(tmp_path):
    """A file of schema version 1 is upgraded, and then takes indexes."""
    place = tmp_path / "s.db"
    place.write_bytes(gzip.decompress((STORES / "v1.db.gz").read_bytes()))
    with SqliteTraceServer(place) as server:
        (project, *_) = server.project_ids()
        before = answers(server, project, "e")
        for path in PATHS:
            server.index_add(path)
        assert answers(server, project, "e") == before
    assert index_findings(place) == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM index_1_keys WHERE pk = 1", "inputs.m is wrong about 1 documents"),
        ("UPDATE index_1_keys SET key = 'x'", "inputs.m is wrong about 5 documents"),
        ("DROP TRIGGER index_1_after_insert", "inputs.m lacks index_1_after_insert"),
        ("DELETE FROM path_indexes WHERE pk = 1", "7 parts belong to no index: index_1_after_ch"),
        (
            "INSERT INTO index_2_text (index_2_text) VALUES ('delete-all')",
            "inputs is wrong about 5",
        ),
    ],
)
def test_doctor_sees_damage(tmp_path, damage, found):
    """Keys that disagree, parts that lack and parts without an index are problems."""
    place = tmp_path / "s.db"
    with SqliteTraceServer(place) as server:
        server.write_encoded([start("a/b", f"c{n}", "other words") for n in range(5)])
        server.index_add("inputs.m")
        server.index_add("inputs")
        assert index_findings(place) == []
        with server._store.write() as conn:
            conn.raw.execute(damage)
    (text,) = index_findings(place)
    assert found in text


def test_cost_of_doctor_stays_small(tmp_path):
    """Without ``--deep`` the documents are not read."""
    place = tmp_path / "s.db"
    with SqliteTraceServer(place) as server:
        server.write_encoded([start("a/b", "c", "other words")])
        server.index_add("inputs.m")
        with server._store.write() as conn:
            conn.raw.execute("UPDATE index_1_keys SET key = 'x'")
    began = time.perf_counter()
    assert index_findings(place, deep=False) == []
    assert time.perf_counter() - began < 5
