"""The bytes of calls and of their traces."""

from __future__ import annotations

import datetime as dt

import orjson
import pytest

from weave_lite.trace_server import trace_server_interface as tsi

P = "acme/demo"
T0 = dt.datetime(2024, 3, 1, 10, 0, 0, tzinfo=dt.UTC)
INPUTS = {"text": "größe 🙂", "numbers": [1, 2.5, None]}
ATTRIBUTES = {"stage": "é"}
SUMMARY = {"usage": {"m": {"requests": 1}}}


def bytes_of(*values):
    return sum(len(orjson.dumps(value)) for value in values)


FULL = bytes_of(ATTRIBUTES, INPUTS, "answer", SUMMARY)
RUNNING = bytes_of(ATTRIBUTES, INPUTS)


def start(server, call_id, trace="t", parent=None, project=P):
    fields = {
        "project_id": project,
        "id": call_id,
        "trace_id": trace,
        "parent_id": parent,
        "op_name": "op",
        "started_at": T0,
        "attributes": ATTRIBUTES,
        "inputs": INPUTS,
    }
    server.call_start(tsi.CallStartReq.model_validate({"start": fields}))


def end(server, call_id, project=P):
    fields = {
        "project_id": project,
        "id": call_id,
        "ended_at": T0,
        "output": "answer",
        "summary": SUMMARY,
    }
    server.call_end(tsi.CallEndReq.model_validate({"end": fields}))


@pytest.fixture
def filled(server):
    """Two traces: root, ended child and running child; a root alone. And another project."""
    start(server, "root")
    start(server, "child", parent="root")
    start(server, "running", parent="root")
    start(server, "lone", trace="u")
    start(server, "elsewhere", project="acme/other")
    for call_id in ("root", "child", "lone"):
        end(server, call_id)
    return server


def sizes(server, **fields):
    req = tsi.CallsQueryReq.model_validate({"project_id": P, **fields})
    return {
        call.id: (call.storage_size_bytes, call.total_storage_size_bytes)
        for call in server.calls_query(req).calls
    }


def test_sizes_only_when_asked_for(filled):
    """Without the flags both are null."""
    assert set(sizes(filled).values()) == {(None, None)}


def test_size_of_each_call(filled):
    """Attributes, inputs, output and summary count as UTF-8 bytes of their stored JSON."""
    found = sizes(filled, include_storage_size=True)
    ended, running = (FULL, None), (RUNNING, None)
    assert found == {"root": ended, "child": ended, "running": running, "lone": ended}


def test_size_does_not_depend_on_the_columns(filled):
    """A call is as large whatever of it is asked for."""
    found = sizes(filled, include_storage_size=True, columns=["id"])
    assert found["root"] == (FULL, None)


def test_total_size_stands_on_roots(filled):
    """A root has the sum over its trace in this project, other calls have none."""
    found = sizes(filled, include_total_storage_size=True)
    total = (None, 2 * FULL + RUNNING)
    assert found == {
        "root": total,
        "child": (None, None),
        "running": (None, None),
        "lone": (None, FULL),
    }


def test_deleted_calls_do_not_count(filled):
    """What was deleted takes no part in the sum."""
    filled.calls_delete(tsi.CallsDeleteReq(project_id=P, call_ids=["child"]))
    found = sizes(filled, include_total_storage_size=True)
    assert found["root"] == (None, FULL + RUNNING)


def test_sizes_of_one_call(filled):
    """call_read honours both flags."""
    req = tsi.CallReadReq(
        project_id=P, id="root", include_storage_size=True, include_total_storage_size=True
    )
    call = filled.call_read(req).call
    assert (call.storage_size_bytes, call.total_storage_size_bytes) == (FULL, 2 * FULL + RUNNING)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (4, 3 * FULL + RUNNING)),
        ({"filter": {"trace_ids": ["u"]}}, (1, FULL)),
        ({"filter": {"call_ids": ["child"]}}, (1, 0)),
        ({"filter": {"trace_ids": ["none"]}}, (0, 0)),
        (
            {"limit": 1, "filter": {"trace_roots_only": True, "trace_ids": ["t"]}},
            (1, 2 * FULL + RUNNING),
        ),
    ],
)
def test_size_of_what_is_counted(filled, fields, expected):
    """A count may sum the traces of the roots that it finds."""
    req = {"project_id": P, "include_total_storage_size": True, **fields}
    found = filled.calls_query_stats(tsi.CallsQueryStatsReq.model_validate(req))
    assert (found.count, found.total_storage_size_bytes) == expected


def test_unknown_project_has_no_size(server):
    """Nothing is found there, and nothing fails."""
    req = tsi.CallsQueryStatsReq(project_id="no/body", include_total_storage_size=True)
    found = server.calls_query_stats(req)
    assert (found.count, found.total_storage_size_bytes) == (0, 0)
