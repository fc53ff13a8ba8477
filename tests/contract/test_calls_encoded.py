"""The recorder's door: the same records as typed requests lead to the same store."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core import digest, jsontext
from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server import validate
from weave_lite.trace_server.interface.encoded import (
    EncodedEnd,
    EncodedFile,
    EncodedObject,
    EncodedRecordWriter,
    EncodedStart,
    EncodedTable,
)
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

pytestmark = pytest.mark.in_process("the narrow door is that of this process")
P = "acme/demo"
REF = "weave:///acme/demo/object/a:DA"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(REF),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
DICTS = st.dictionaries(st.text(max_size=3), VALUES, max_size=3)
IDS = st.sampled_from(["1", "2", "3"])
TIMES = st.datetimes(
    min_value=dt.datetime(2000, 1, 1),  # noqa: DTZ001
    max_value=dt.datetime(2100, 1, 1),  # noqa: DTZ001
)
STARTS = st.fixed_dictionaries(
    {
        "project_id": st.sampled_from([P, "acme/other"]),
        "id": IDS,
        "trace_id": st.just("t"),
        "op_name": st.sampled_from(["one", "two", "weave:///acme/demo/op/x:D"]),
        "started_at": TIMES,
        "attributes": DICTS,
        "inputs": DICTS,
    },
    optional={
        "display_name": st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
        "parent_id": IDS,
        "thread_id": st.just("th"),
        "wb_user_id": st.just("u"),
    },
).map(lambda fields: tsi.CallStartReq(start=fields))
ENDS = st.fixed_dictionaries(
    {
        "project_id": st.sampled_from([P, "acme/other"]),
        "id": IDS,
        "ended_at": TIMES,
        "summary": st.dictionaries(st.sampled_from(["a", "weave"]), VALUES, max_size=2),
    },
    optional={"output": VALUES, "exception": st.just("E")},
).map(lambda fields: tsi.CallEndReq(end=fields))
BATCHES = st.lists(st.lists(STARTS | ENDS, min_size=1, max_size=6), max_size=5)


def encoded(req):
    return validate.call_start(req) if isinstance(req, tsi.CallStartReq) else validate.call_end(req)


def content(server):
    """All that can be read of the calls: themselves, and what the refs filter finds."""
    answer = []
    for project_id in (P, "acme/other"):
        for calls_filter in ({}, {"input_refs": [REF]}, {"output_refs": [REF]}):
            req = tsi.CallsQueryReq(project_id=project_id, filter=calls_filter)
            answer.append(server.calls_query(req).calls)
    return answer


@given(BATCHES)
def test_encoded_equals_typed(batches):
    """Batches of encoded records leave what the typed requests leave one by one."""
    with SqliteTraceServer() as typed, SqliteTraceServer() as narrow:
        for reqs in batches:
            for req in reqs:
                if isinstance(req, tsi.CallStartReq):
                    typed.call_start(req)
                else:
                    typed.call_end(req)
            narrow.write_encoded([encoded(req) for req in reqs])
        assert content(narrow) == content(typed)


def test_is_a_record_writer(server):
    """The server offers the narrow door, and no records are no work."""
    assert isinstance(server, EncodedRecordWriter)
    server.write_encoded([])


def test_all_kinds_of_records(server):
    """Objects, tables, files and calls of one batch can all be read."""
    val = {"_type": "thing", "a": 1}
    rows = [{"x": 1}, {"x": 2}]
    row_digests = [digest.digest_json(row) for row in rows]
    table_digest = digest.digest_rows(row_digests)
    server.write_encoded(
        [
            EncodedStart(P, "1", "t", None, "op", None, 1, "{}", f'{{"a":"{REF}"}}', (REF,)),
            EncodedObject(P, "object", "thing", digest.digest_json(val), jsontext.compact(val)),
            EncodedTable(P, table_digest, row_digests, [jsontext.compact(row) for row in rows]),
            EncodedFile(P, digest.digest_bytes(b"abc"), "a.txt", b"abc"),
            EncodedEnd(P, "1", 2, None, "null", "{}"),
        ]
    )
    obj = server.obj_read(
        tsi.ObjReadReq(project_id=P, object_id="thing", digest=digest.digest_json(val))
    ).obj
    table = server.table_query(tsi.TableQueryReq(project_id=P, digest=table_digest))
    file = server.file_content_read(
        tsi.FileContentReadReq(project_id=P, digest=digest.digest_bytes(b"abc"))
    )
    call = server.call_read(tsi.CallReadReq(project_id=P, id="1")).call
    assert obj.val == val
    assert [row.val for row in table.rows] == rows
    assert file.content == b"abc"
    assert (call.inputs, call.summary["weave"]["status"]) == ({"a": REF}, "success")


def test_a_bad_record_undoes_its_batch(server):
    """All records of a batch are written, or none."""
    good = EncodedStart(P, "1", "t", None, "op", None, 1, "{}", "{}")
    with pytest.raises(InvalidRequest, match="64 bits"):
        server.write_encoded([good, good._replace(id="2", started_at=2**70)])
    server.write_encoded([good._replace(id="3")])
    found = server.calls_query(tsi.CallsQueryReq(project_id=P)).calls
    assert [call.id for call in found] == ["3"]


def test_lone_surrogates_cost_no_record(server):
    """A text that UTF-8 cannot hold is written as its escape, and its batch is whole."""
    good = EncodedStart(P, "1", "t", None, "é", None, 1, "{}", "{}")
    server.write_encoded(
        [
            good,
            good._replace(id="2", display_name="a\ud800"),
            EncodedEnd(P, "1", 2, "\udfff", "1", "{}"),
        ]
    )
    found = server.calls_query(tsi.CallsQueryReq(project_id=P)).calls
    assert [(call.op_name, call.display_name, call.exception) for call in found] == [
        ("é", None, "\\udfff"),
        ("é", "a\\ud800", None),
    ]


def test_refs_of_a_record_may_repeat(server):
    """A ref that a record names twice is one ref."""
    server.write_encoded([EncodedStart(P, "1", "t", None, "op", None, 1, "{}", "{}", (REF, REF))])
    req = tsi.CallsQueryReq(project_id=P, filter={"input_refs": [REF]})
    assert len(server.calls_query(req).calls) == 1
