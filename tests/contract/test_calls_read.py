"""Calls: read, query, stream and count; columns, pages, order, derived fields, closed streams."""

from __future__ import annotations

import datetime as dt
import gc
import threading
import tracemalloc

import pytest

from weave_lite.core.errors import InvalidFieldError, InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedCallReader
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store import call_rows

P = "acme/demo"
T0 = dt.datetime(2024, 3, 1, 10, 0, 0, tzinfo=dt.UTC)


def item(call_id, seconds=0, **fields):
    start = {
        "project_id": P,
        "id": call_id,
        "trace_id": "t",
        "op_name": "op",
        "started_at": T0 + dt.timedelta(seconds=seconds),
        "attributes": {"a": 1},
        "inputs": {"i": 1},
        **fields,
    }
    return {"mode": "start", "req": {"start": start}}


def end_item(call_id, seconds=1, **fields):
    end = {
        "project_id": P,
        "id": call_id,
        "ended_at": T0 + dt.timedelta(seconds=seconds),
        "output": {"o": 1},
        "summary": {"s": 1},
        **fields,
    }
    return {"mode": "end", "req": {"end": end}}


def fill(server, *items):
    server.call_start_batch(tsi.CallCreateBatchReq(batch=list(items)))


def query(server, **fields):
    req = tsi.CallsQueryReq.model_validate({"project_id": P, **fields})
    return server.calls_query(req).calls


def ids(server, **fields):
    return [call.id for call in query(server, **fields)]


def count(server, **fields):
    req = tsi.CallsQueryStatsReq.model_validate({"project_id": P, **fields})
    return server.calls_query_stats(req).count


DOWN = [{"field": "started_at", "direction": "desc"}]
UP = [{"field": "started_at", "direction": "asc"}]


def test_unknown_project_and_call(server):
    """Nothing is there, and nothing fails."""
    assert server.call_read(tsi.CallReadReq(project_id=P, id="1")) == tsi.CallReadRes(call=None)
    assert (query(server), count(server), count(server, limit=1)) == ([], 0, 0)


def test_unknown_call_of_a_project(server):
    """A call that is not there reads as null."""
    fill(server, item("1"))
    assert server.call_read(tsi.CallReadReq(project_id=P, id="2")).call is None


def test_read_is_query_by_id(server):
    """Reading by id gives what a query gives."""
    fill(server, item("1"), end_item("1"))
    read = server.call_read(tsi.CallReadReq(project_id=P, id="1")).call
    assert [read] == query(server)


def test_default_order_is_start_then_id(server):
    """Calls of one start are ordered by id, upward and downward."""
    fill(server, item("c", 1), item("a", 1), item("b", 1), item("z", 0))
    assert ids(server) == ids(server, sort_by=[]) == ids(server, sort_by=UP) == ["z", "a", "b", "c"]
    assert ids(server, sort_by=DOWN) == ["a", "b", "c", "z"]
    sort_by = [*UP, {"field": "id", "direction": "desc"}]
    assert ids(server, sort_by=sort_by) == ["z", "c", "b", "a"]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ({"limit": 2}, ["0", "1"]),
        ({"limit": 0}, []),
        ({"offset": 3}, ["3", "4"]),
        ({"limit": 2, "offset": 1}, ["1", "2"]),
        ({"offset": 5}, []),
        ({"offset": 2**60}, []),
        ({"limit": 2**60}, ["0", "1", "2", "3", "4"]),
        ({"limit": 2**63, "offset": 3}, ["3", "4"]),
        ({"offset": 2**70}, []),
        ({"limit": 0, "offset": 2}, []),
    ],
)
def test_limit_and_offset(server, page, expected):
    """A limit of 0 gives nothing, an offset works alone, an offset past the end gives nothing."""
    fill(server, *(item(str(n), n) for n in range(5)))
    assert ids(server, **page) == expected


@pytest.mark.parametrize("sort_by", [None, UP, DOWN])
@pytest.mark.parametrize("per_start", [1, 3, 40, 200])
def test_deep_pages_are_stable(server, sort_by, per_start):
    """Pages put together are the whole, however many calls share a start."""
    starts = [item(f"{n:04}", n // per_start) for n in range(1200)]
    fill(server, *starts)
    whole = ids(server, sort_by=sort_by)
    pages = [ids(server, sort_by=sort_by, limit=70, offset=at) for at in range(0, 1260, 70)]
    assert [call_id for page in pages for call_id in page] == whole
    assert sorted(whole) == [f"{n:04}" for n in range(1200)]


def test_deep_page_with_filter_and_query(server):
    """A deep page counts only calls that the filter and the query find."""
    fill(server, *(item(f"{n:04}", n // 3, op_name=f"op{n % 2}") for n in range(1400)))
    fields = {
        "filter": {"op_names": ["op1"]},
        "query": {"$expr": {"$gt": [{"$getField": "id"}, {"$literal": "0003"}]}},
    }
    expected = [f"{n:04}" for n in range(5, 1400, 2)]
    assert ids(server, **fields) == expected
    assert ids(server, **fields, offset=600, limit=10) == expected[600:610]
    assert ids(server, **fields, offset=698) == []


@pytest.mark.in_process("over HTTP the key says who writes")
def test_columns(server):
    """What is not asked for is empty; ids, start and status are always there."""
    fill(server, item("1", display_name="d", wb_user_id="u", parent_id="p"), end_item("1"))
    (call,) = query(server, columns=["inputs.i", "no_such", "wb_user_id"])
    assert call == tsi.CallSchema(
        id="1",
        project_id=P,
        op_name="op",
        trace_id="t",
        started_at=T0,
        attributes={},
        inputs={"i": 1},
        summary={"weave": {"status": "success", "display_name": "d", "latency_ms": 1000}},
        wb_user_id="u",
    )


def test_summary_column_loads_what_it_derives_from(server):
    """Asking for the summary gives the end, exception and name too."""
    fill(server, item("1", display_name="d"), end_item("1", exception="E"))
    (call,) = query(server, columns=["summary.weave.status"])
    assert (call.ended_at, call.exception, call.display_name) == (
        T0 + dt.timedelta(seconds=1),
        "E",
        "d",
    )
    assert (call.inputs, call.output, call.attributes) == ({}, None, {})
    assert call.summary == {
        "s": 1,
        "weave": {"status": "error", "display_name": "d", "latency_ms": 1000},
    }


@pytest.mark.parametrize("columns", [None, []])
def test_no_columns_are_all(server, columns):
    """An absent or empty list asks for everything."""
    fill(server, item("1"), end_item("1"))
    (call,) = query(server, columns=columns)
    assert (call.inputs, call.output, call.attributes) == ({"i": 1}, {"o": 1}, {"a": 1})


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ({}, {"weave": {"status": "success", "trace_name": "op", "latency_ms": 1000}}),
        (
            {"weave": {"status": "running", "mine": [1], "latency_ms": -1}},
            {
                "weave": {
                    "status": "success",
                    "mine": [1],
                    "latency_ms": 1000,
                    "trace_name": "op",
                }
            },
        ),
        (
            {"weave": None, "a": 2**70},
            {
                "weave": {"status": "success", "trace_name": "op", "latency_ms": 1000},
                "a": 2**70,
            },
        ),
        (
            {"text": 'the word "weave"', "b": 2**70},
            {
                "text": 'the word "weave"',
                "b": 2**70,
                "weave": {"status": "success", "trace_name": "op", "latency_ms": 1000},
            },
        ),
        (
            {"b": 2**70},
            {
                "b": 2**70,
                "weave": {"status": "success", "trace_name": "op", "latency_ms": 1000},
            },
        ),
    ],
)
def test_derived_is_put_over_the_stored_summary(server, summary, expected):
    """Status and latency are computed; other stored keys stay, also below ``weave``."""
    fill(server, item("1"), end_item("1", summary=summary))
    (call,) = query(server)
    assert call.summary == expected


def test_latency_of_a_call_that_ended_before_it_started(server):
    """The difference is rounded down, as days, seconds and microseconds are."""
    fill(server, item("1", 1), end_item("1", 0.9995))
    assert query(server)[0].summary["weave"]["latency_ms"] == -1


def test_counts(server):
    """Counting follows filter, query and limit."""
    fill(server, *(item(str(n), n, parent_id="0" if n else None) for n in range(5)))
    assert count(server) == 5
    assert count(server, limit=1) == 1
    assert count(server, limit=3) == 3
    assert count(server, limit=9) == 5
    assert count(server, limit=2**70) == 5
    assert count(server, filter={"trace_roots_only": True}) == 1
    assert count(server, filter={"parent_ids": ["0"]}, limit=2) == 2
    field = {"$getField": "inputs.i"}
    assert count(server, query={"$expr": {"$eq": [field, {"$literal": 1}]}}) == 5
    assert count(server, query={"$expr": {"$eq": [field, {"$literal": 2}]}}) == 0


@pytest.mark.parametrize(
    ("filter_fields", "expected"),
    [
        ({"op_names": ["op2", "op0"]}, ["0", "2"]),
        ({"op_names": ["weave:///acme/demo/op/predict:*"]}, ["4"]),
        ({"op_names": ["op1"], "trace_ids": ["t"]}, ["1"]),
        ({"op_names": ["op1"], "trace_ids": ["other"]}, []),
        ({"trace_ids": ["t", "u"]}, ["0", "1", "2", "3", "4", "5"]),
        ({"parent_ids": ["1", "2"]}, ["2", "3"]),
        ({"parent_ids": ["1"]}, ["2"]),
        ({"call_ids": ["5", "3", "3", "nobody"]}, ["3", "5"]),
        ({"trace_roots_only": True}, ["0", "1", "4", "5"]),
        ({"trace_roots_only": False, "call_ids": [], "op_names": None}, list("012345")),
        ({"trace_roots_only": True, "trace_ids": ["u"]}, ["5"]),
        ({"thread_ids": ["th1"], "turn_ids": ["tu1"]}, ["1"]),
        pytest.param(
            {"wb_user_ids": ["u1"]},
            ["1"],
            marks=pytest.mark.in_process("over HTTP the key says who writes"),
        ),
        ({"wb_run_ids": ["r1", "r2"]}, ["1", "2"]),
    ],
)
def test_filters(server, filter_fields, expected):
    """Conditions are ANDed, entries of a list ORed, an empty list is no condition."""
    fill(
        server,
        *(
            item(
                str(n),
                n,
                op_name=f"op{n}",
                parent_id={2: "1", 3: "2"}.get(n),
                thread_id=f"th{n}",
                turn_id=f"tu{n}",
                wb_user_id=f"u{n}",
                wb_run_id=f"r{n}",
            )
            for n in range(4)
        ),
        item("4", 4, op_name="weave:///acme/demo/op/predict:AbC"),
        item("5", 5, op_name="weave:///acme/demo/op/predict_more:AbC", trace_id="u"),
    )
    assert ids(server, filter=filter_fields) == expected
    assert count(server, filter=filter_fields) == len(expected)


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"limit": -1}, InvalidRequest, "limit"),
        ({"offset": -1}, InvalidRequest, "offset"),
        ({"filter": {"call_ids": ["x"] * 1001}}, InvalidRequest, r"filter\.call_ids has 1001"),
        ({"filter": {"wb_run_ids": ["x"] * 1001}}, InvalidRequest, r"filter\.wb_run_ids"),
        ({"sort_by": [{"field": "nope", "direction": "asc"}]}, InvalidFieldError, "nope"),
        ({"project_id": "nope"}, InvalidRequest, "project_id"),
    ],
)
@pytest.mark.parametrize("is_filled", [False, True])
@pytest.mark.parametrize(
    "door",
    [
        "calls_query_stream",
        pytest.param(
            "calls_query_encoded",
            marks=pytest.mark.in_process("the narrow door is that of this process"),
        ),
    ],
)
def test_bad_queries_are_refused_at_once(server, door, fields, kind, words, is_filled):
    """A bad query is refused before the first call is asked for, project or no project."""
    if is_filled:
        fill(server, item("1"))
    req = tsi.CallsQueryReq.model_validate({"project_id": P, **fields})
    with pytest.raises(kind, match=words):
        getattr(server, door)(req)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"limit": 0}, "limit"),
        ({"filter": {"op_names": ["x"] * 1001}}, "op_names"),
        ({"filter": {"input_refs": ["weave-trace-internal:///x"]}}, "input_refs"),
    ],
)
def test_bad_counts_are_refused(server, fields, words):
    """A count has the limits of a query, and a limit of at least 1."""
    with pytest.raises(InvalidRequest, match=words):
        count(server, **fields)


@pytest.mark.in_process("the narrow door is that of this process")
def test_encoded_calls_are_the_decoded_ones(server):
    """The narrow path gives the same calls, unread."""
    fill(
        server,
        item("1", display_name="d", inputs={"é": [1, 2**70]}),
        end_item("1", exception="E"),
        item("2", 2),
        item("3", 3, op_name="weave:///acme/demo/op/x:D"),
        end_item("3", 3.5, output=None),
    )
    assert isinstance(server, EncodedCallReader)
    for columns in (None, ["id"], ["inputs"], ["summary"], ["output", "exception"]):
        req = tsi.CallsQueryReq(project_id=P, columns=columns)
        found = [call_rows.decoded(call) for call in server.calls_query_encoded(req)]
        assert found == list(server.calls_query_stream(req))
    first = next(server.calls_query_encoded(tsi.CallsQueryReq(project_id=P)))
    assert (first.started_at, first.output_json, first.attributes_json) == (
        1709287200_000000,
        '{"o":1}',
        '{"a":1}',
    )
    assert first.summary_json == (
        '{"s":1,"weave":{"status":"error","display_name":"d","latency_ms":1000}}'
    )


def test_stream_is_lazy(server):
    """The first call comes before the rest is read, and a stream can be left half-way."""
    fill(server, *(item(f"{n:04}", n) for n in range(1000)))
    stream = server.calls_query_stream(tsi.CallsQueryReq(project_id=P))
    assert [next(stream).id, next(stream).id] == ["0000", "0001"]
    stream.close()
    assert count(server) == 1000


def test_stream_sees_one_moment(tmp_path):
    """What is written while a stream of a file runs is not in it."""
    with SqliteTraceServer(tmp_path / "weave.db") as server:
        fill(server, *(item(f"{n:04}", n) for n in range(600)))
        stream = server.calls_query_stream(tsi.CallsQueryReq(project_id=P))
        found = [next(stream).id]
        fill(server, *(item(f"{n:04}x", n) for n in range(600)))
        server.calls_delete(tsi.CallsDeleteReq(project_id=P, call_ids=["0599"]))
        found += [call.id for call in stream]
        assert found == [f"{n:04}" for n in range(600)]


def test_streams_and_writes_take_turns(server):
    """A stream that is open hinders neither a write of the same thread nor a second stream."""
    fill(server, *(item(f"{n:04}", n) for n in range(300)))
    seen = []
    for call in server.calls_query_stream(tsi.CallsQueryReq(project_id=P)):
        seen.append(call.id)
        if len(seen) % 100 == 0:
            fill(server, item(f"new{len(seen)}", 1000))
            assert count(server) >= 300
    assert seen[:300] == [f"{n:04}" for n in range(300)]


@pytest.mark.parametrize("leave", ["close", "forget", "exhaust", "never start"])
def test_streams_give_their_connection_back(tmp_path, leave):
    """However a stream is left, its snapshot ends: the log can be cut afterwards."""
    with SqliteTraceServer(tmp_path / "weave.db") as server:
        fill(server, *(item(f"{n:04}", n) for n in range(600)))
        stream = server.calls_query_stream(tsi.CallsQueryReq(project_id=P))
        if leave != "never start":
            next(stream)
        if leave == "close":
            stream.close()
        elif leave == "exhaust":
            list(stream)
        del stream
        gc.collect()
        fill(server, item("x"))
        assert server._store.checkpoint() is True


def test_stream_outlives_its_server(tmp_path):
    """A stream that is open when the server closes ends by itself."""
    server = SqliteTraceServer(tmp_path / "weave.db")
    fill(server, *(item(f"{n:04}", n) for n in range(600)))
    stream = server.calls_query_stream(tsi.CallsQueryReq(project_id=P))
    next(stream)
    server.close()
    assert len(list(stream)) == 599


def test_many_threads_stream_at_once(server):
    """Each thread's stream is whole."""
    fill(server, *(item(f"{n:04}", n) for n in range(500)))
    found = []

    def work():
        found.append(len(list(server.calls_query_stream(tsi.CallsQueryReq(project_id=P)))))

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [500] * 12


def test_read_only_server(tmp_path):
    """A server that was opened read-only reads, and refuses to write."""
    with SqliteTraceServer(tmp_path / "weave.db") as server:
        fill(server, item("1"))
    with SqliteTraceServer(tmp_path / "weave.db", read_only=True) as server:
        assert ids(server) == ["1"]
        with pytest.raises(Exception, match="read-only"):
            fill(server, item("2"))


def test_stream_of_large_calls_needs_little_memory(server):
    """A stream holds a few calls at a time, however large they are."""
    text = "x" * 200_000
    for n in range(100):
        fill(server, item(f"{n:04}", n, inputs={"text": text}))
    tracemalloc.start()
    try:
        count_read = sum(1 for _ in server.calls_query_stream(tsi.CallsQueryReq(project_id=P)))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count_read == 100
    assert peak_bytes < 8_000_000
