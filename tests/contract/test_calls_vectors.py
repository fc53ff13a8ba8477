"""The recorded queries, and what is derived of each call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weave_lite.core.errors import InvalidFieldError, InvalidQueryError, InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

VECTORS = json.loads(
    (Path(__file__).parents[1] / "data" / "query.json").read_text(encoding="utf-8")
)
CATEGORIES = {
    "invalid_field": InvalidFieldError,
    "empty_operator": InvalidQueryError,
    "invalid_limit": InvalidRequest,
    "invalid_offset": InvalidRequest,
}
QUERIES = VECTORS["queries"]


@pytest.fixture(scope="module", params=["memory", "disk"])
def filled(request, tmp_path_factory):
    """A server that holds both data sets, loaded in their order."""
    place = (
        ":memory:" if request.param == "memory" else tmp_path_factory.mktemp("vectors") / "weave.db"
    )
    with SqliteTraceServer(place) as server:
        for dataset in VECTORS["datasets"].values():
            load(server, dataset["calls"])
            for feedback in dataset["feedback"]:
                server.feedback_create(tsi.FeedbackCreateReq.model_validate(feedback))
        yield server


def load(server, calls):
    for call in calls:
        server.call_start(tsi.CallStartReq(start=call["start"]))
        if call.get("end"):
            server.call_end(tsi.CallEndReq(end=call["end"]))
    deleted = [call["start"]["id"] for call in calls if call["deleted"]]
    if deleted:
        project_id = calls[0]["start"]["project_id"]
        server.calls_delete(tsi.CallsDeleteReq(project_id=project_id, call_ids=deleted))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query["name"])
def test_query(filled, query):
    """A request finds the expected calls in order, or is refused for the expected reason."""
    req = tsi.CallsQueryReq.model_validate(query["request"])
    expected = query["expected"]
    if "error" in expected:
        with pytest.raises(CATEGORIES[expected["error"]]):
            filled.calls_query(req)
        return
    assert [call.id for call in filled.calls_query(req).calls] == expected["ids"]
    assert [call.id for call in filled.calls_query_encoded(req)] == expected["ids"]
    if req.limit is None and req.offset is None:
        stats = filled.calls_query_stats(
            tsi.CallsQueryStatsReq(project_id=req.project_id, filter=req.filter, query=req.query)
        )
        assert stats.count == len(expected["ids"])


@pytest.mark.parametrize("expected", VECTORS["derived_summary"], ids=lambda call: call["id"])
def test_derived_summary(filled, expected):
    """Status, latency and name of each call are as recorded."""
    project_id = VECTORS["datasets"]["main"]["project_id"]
    call = filled.call_read(tsi.CallReadReq(project_id=project_id, id=expected["id"])).call
    derived = ("status", "latency_ms", "display_name", "trace_name")
    found = {key: value for key, value in call.summary["weave"].items() if key in derived}
    assert found == {
        key: value for key, value in expected["summary_weave"].items() if key in derived
    }
