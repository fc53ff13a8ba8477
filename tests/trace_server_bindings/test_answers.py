"""Answers of trace servers: read as those of the embedded one, or said to be none."""

from __future__ import annotations

import datetime as dt

import httpx2
import pytest

from weave_lite.core.errors import RemoteServerError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server_bindings.answers import answer_of

P = "acme/demo"
CALL = {
    "id": "1",
    "project_id": P,
    "op_name": "op",
    "trace_id": "t",
    "started_at": "2024-03-01T10:00:00Z",
    "attributes": {},
    "inputs": {},
}


@pytest.mark.parametrize(
    ("model", "wrap"),
    [
        ("CallSchema", lambda call: call),
        ("CallReadRes", lambda call: {"call": call}),
        ("CallsQueryRes", lambda call: {"calls": [call]}),
    ],
)
def test_summaries_stay_as_they_came(model, wrap):
    """In their order, with dates as texts: as the embedded server gives them."""
    cost = {"completion_tokens": 1, "prompt_token_cost": 1, "effective_date": "2024-03-01 10:00:00"}
    summary = {"weave": {"costs": {"m": cost}, "status": "success"}, "z": 1, "a": 2}
    answer = answer_of(model, wrap(CALL | {"summary": summary}))
    call = getattr(answer, "call", None) or getattr(answer, "calls", [answer])[0]
    assert str(call.summary) == str(summary)
    assert call.started_at == dt.datetime(2024, 3, 1, 10, tzinfo=dt.UTC)


def test_a_call_that_is_not_there():
    """Is none."""
    assert answer_of("CallReadRes", {"call": None}).call is None


def test_feedback_has_dates():
    """Where they were asked for."""
    rows = [{"id": "a", "created_at": "2024-03-01T10:00:00Z"}, {"id": "b"}]
    moment = dt.datetime(2024, 3, 1, 10, tzinfo=dt.UTC)
    found = answer_of("FeedbackQueryRes", {"result": rows}).result
    assert found == [{"id": "a", "created_at": moment}, {"id": "b"}]


@pytest.mark.parametrize(
    ("model", "answer", "words"),
    [
        ("CallReadRes", {}, "the answer is no CallReadRes .call: Field required"),
        ("CallReadRes", [], "no CallReadRes"),
        ("CallReadRes", {"call": 5}, "no CallReadRes"),
        ("CallSchema", 5, "no CallSchema"),
        ("CallsQueryRes", {"calls": [CALL, 5]}, r"calls\.1"),
        ("CallsQueryRes", {"calls": [{}]}, r"calls\.0\.id: Field required"),
        ("ObjCreateRes", {"error": "x"}, "is there a trace server at the address"),
    ],
)
def test_other_answers_are_told(model, answer, words):
    """With what is wrong about them."""
    with pytest.raises(RemoteServerError, match=words):
        answer_of(model, answer)


def test_streams_that_nobody_reads_are_ended(network):
    """Else the connections would run out."""
    closed = []

    class Rows(httpx2.SyncByteStream):
        def __iter__(self):
            yield b'{"digest": "d", "val": 1, "original_index": 0}\n' * 2

        def close(self):
            closed.append(1)

    network.answers = [lambda _: httpx2.Response(200, stream=Rows())]
    client = network.client()
    req = tsi.TableQueryReq(project_id=P, digest="d")
    client.table_query_stream(req)
    begun = client.table_query_stream(req)
    next(begun)
    begun.close()
    assert len(list(client.table_query_stream(req))) == 2
    assert len(closed) == 3
