"""Tests of what the client does beside tracing, against a trace server behind HTTP."""

from __future__ import annotations

import pytest

pytest.importorskip("uvicorn")


from weave_lite.trace.op import op
from weave_lite.trace.weave_client import WeaveClient
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

THUMB = "\N{THUMBS UP SIGN}"


@op
def ask(n: int) -> dict:
    return {"model": "m", "usage": {"prompt_tokens": n, "completion_tokens": 1}}


def is_fine(output):
    """A scorer."""
    return output["usage"]["prompt_tokens"] < 5


@pytest.fixture
def client(served):
    """The active client of an empty store behind HTTP."""
    from weave_lite.trace import client_context

    with SqliteTraceServer(":memory:") as server, served.serving(server) as remote:
        client = WeaveClient("ent", "proj", remote)
        client_context.set_client(client)
        yield client
        client_context.set_client(None)
        client.recorder.close()


def test_feedback_goes_both_ways(client):
    """Added, found, read back with its fields, purged."""
    _, call = ask.call(1)
    reaction = call.feedback.add_reaction(THUMB, creator="Ada")
    note = call.feedback.add_note("short")

    found = client.get_feedback(reaction=THUMB)

    assert [(each.id, each.creator) for each in found] == [(reaction, "Ada")]
    assert [each.id for each in found.refs().calls()] == [call.id]
    call.feedback.purge(reaction)
    assert [(each.id, each.payload) for each in call.feedback] == [(note, {"note": "short"})]
    with pytest.raises(ValueError, match="exactly one emoji"):
        call.feedback.add_reaction("no")


def test_costs_and_scores(client):
    """A price is set, seen in the call, and purged; a call is found by its scorer."""
    (price, _), *_ = client.add_cost("m", 1, 2).ids
    calls = [ask.call(n)[1] for n in (3, 7)]
    calls[0].apply_scorer_sync(is_fine)

    assert calls[0].costs["m"]["prompt_tokens_total_cost"] == 3
    assert calls[0].costs["m"]["completion_tokens_total_cost"] == 2
    assert [call.id for call in client.get_calls(scored_by="is_fine")] == [calls[0].id]
    assert len(client.get_calls().to_pandas()) == 3
    client.purge_costs(price)
    assert client.query_costs() == []
