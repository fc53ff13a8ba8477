"""What newer clients send: whole calls, tables of known rows."""

from __future__ import annotations

import datetime as dt

import pytest

from weave_lite.core.errors import DigestMismatchError, InvalidRequest, NotFoundError
from weave_lite.trace_server import trace_server_interface as tsi

P = "acme/demo"
T0 = dt.datetime(2024, 3, 1, 10, 0, 0, tzinfo=dt.UTC)
NO_ROWS = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def whole(call_id, **fields):
    return {
        "project_id": P,
        "id": call_id,
        "trace_id": f"trace-{call_id}",
        "op_name": "op",
        "started_at": T0,
        "ended_at": T0 + dt.timedelta(seconds=2),
        "attributes": {"a": 1},
        "inputs": {"i": 1},
        "output": [1, 2],
        "summary": {"status_counts": {"success": 1, "error": 0}},
        "thread_id": "th",
        "turn_id": "tu",
        "otel_dump": None,
        **fields,
    }


def complete(server, *calls):
    return server.calls_complete(tsi.CallsUpsertCompleteReq.model_validate({"batch": calls}))


def read(server, call_id):
    return server.call_read(tsi.CallReadReq(project_id=P, id=call_id)).call


def test_whole_calls(server):
    """A call comes as one record and is read as if it had come in two."""
    res = complete(server, whole("1"), whole("2", exception="bad", parent_id="1")).res
    first, second = read(server, "1"), read(server, "2")
    assert [type(each) for each in res] == [tsi.CallStartRes, tsi.CallEndRes] * 2
    assert (res[0].id, res[2].trace_id) == ("1", "trace-2")
    assert (first.output, first.thread_id, first.turn_id) == ([1, 2], "th", "tu")
    assert first.summary == {
        "status_counts": {"success": 1, "error": 0},
        "weave": {"status": "success", "trace_name": "op", "latency_ms": 2000},
    }
    assert (second.exception, second.parent_id) == ("bad", "1")


def test_whole_call_twice(server):
    """A retry replaces the call."""
    complete(server, whole("1"))
    complete(server, whole("1", output="new"))
    assert read(server, "1").output == "new"


def test_bad_call_in_a_batch(server):
    """The call is named, and nothing of its batch is stored."""
    with pytest.raises(InvalidRequest, match=r"batch\[1\].*start\.op_name"):
        complete(server, whole("1"), whole("2", op_name="x" * 200))
    assert read(server, "1") is None


def test_threads_and_turns_are_filtered(server):
    """Calls are found by thread and by turn."""
    complete(server, whole("1"), whole("2", thread_id="other", turn_id=None))
    for calls_filter, expected in (
        ({"thread_ids": ["th"]}, ["1"]),
        ({"thread_ids": ["th", "other"]}, ["1", "2"]),
        ({"turn_ids": ["tu"]}, ["1"]),
    ):
        req = tsi.CallsQueryReq.model_validate({"project_id": P, "filter": calls_filter})
        assert [call.id for call in server.calls_query(req).calls] == expected


def create_table(server, rows):
    table = tsi.TableSchemaForInsert(project_id=P, rows=rows)
    return server.table_create(tsi.TableCreateReq(table=table))


def from_digests(server, row_digests, **fields):
    req = tsi.TableCreateFromDigestsReq(project_id=P, row_digests=row_digests, **fields)
    return server.table_create_from_digests(req).digest


def values(server, digest):
    rows = server.table_query(tsi.TableQueryReq(project_id=P, digest=digest)).rows
    return [row.val for row in rows]


def test_table_of_known_rows(server):
    """A table is made of rows that are stored, in any order and number."""
    first, second = create_table(server, [{"a": 1}, {"a": 2}]).row_digests
    digest = from_digests(server, [second, first, second])
    same = create_table(server, [{"a": 2}, {"a": 1}, {"a": 2}]).digest
    assert values(server, digest) == [{"a": 2}, {"a": 1}, {"a": 2}]
    assert digest == same


def test_empty_table_is_a_probe(server):
    """No rows are allowed: clients ask so whether the server knows the request."""
    assert from_digests(server, []) == NO_ROWS
    assert values(server, NO_ROWS) == []


def test_table_of_unknown_rows(server):
    """A row that is not stored in this project is named."""
    known = create_table(server, [{"a": 1}]).row_digests
    with pytest.raises(NotFoundError, match=r"row_digests\[1\]: row 'nope'"):
        from_digests(server, [*known, "nope"])


def test_expected_digest_of_a_table(server):
    """The digest that the client expects must be that of the rows."""
    with pytest.raises(DigestMismatchError):
        from_digests(server, [], expected_digest="other")
    assert from_digests(server, [], expected_digest=NO_ROWS) == NO_ROWS
