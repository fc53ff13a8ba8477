"""otel_export: spans of the real SDK, and of the wire, read back as calls."""

from __future__ import annotations

import datetime as dt
import json

import otlp
import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from weave_lite.core.errors import InvalidRequest, StoreError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.user import default_user

PROJECT = "acme/spans"


def export(server, traces, **fields):
    """Send a request."""
    return server.otel_export(tsi.OtelExportReq(project_id=PROJECT, traces=traces, **fields))


def calls(server, **fields):
    """All calls of the project, by name."""
    found = server.calls_query(tsi.CallsQueryReq(project_id=PROJECT, **fields)).calls
    return {call.op_name: call for call in found}


def sdk_request():
    """A small trace of the real SDK, as its exporter would send it."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("agent") as agent:
        agent.set_attribute("traceloop.entity.input", '{"question": "why"}')
        with tracer.start_as_current_span("chat m", kind=SpanKind.CLIENT) as chat:
            chat.set_attributes(
                {
                    "gen_ai.prompt.0.role": "user",
                    "gen_ai.prompt.0.content": "why",
                    "gen_ai.completion.0.content": "because",
                    "gen_ai.request.model": "m",
                    "gen_ai.usage.input_tokens": 3,
                    "gen_ai.usage.output_tokens": 4,
                }
            )
        with pytest.raises(ValueError, match="boom"), tracer.start_as_current_span("tool"):
            raise ValueError("boom")
    provider.shutdown()
    spans = [
        otlp.span(
            trace_id=span.context.trace_id.to_bytes(16, "big"),
            span_id=span.context.span_id.to_bytes(8, "big"),
            parent_span_id=b"" if span.parent is None else span.parent.span_id.to_bytes(8, "big"),
            name=span.name,
            start_time_unix_nano=span.start_time,
            end_time_unix_nano=span.end_time,
            kind=span.kind.value + 1,
            status_code=span.status.status_code.value,
            status_message=span.status.description or "",
            attributes=dict(span.attributes),
            events=[
                {"name": e.name, "time": e.timestamp, "attributes": dict(e.attributes)}
                for e in span.events
            ],
        )
        for span in memory.get_finished_spans()
    ]
    return otlp.request(*spans, resource={"service.name": "shop"})


@pytest.mark.parametrize("encoding", ["message", "bytes", "json"])
def test_trace_of_the_sdk(server, encoding):
    """A real trace comes back as a tree of calls with inputs, output and usage."""
    message = sdk_request()
    traces = {
        "message": message,
        "bytes": message.SerializeToString(),
        "json": json.dumps(otlp.as_json(message)),
    }[encoding]
    assert export(server, traces) == tsi.OtelExportRes(partial_success=None)
    found = calls(server)
    agent, chat, tool = found["agent"], found["chat m"], found["tool"]
    assert agent.parent_id is None
    assert (chat.parent_id, tool.parent_id) == (agent.id, agent.id)
    assert len({call.trace_id for call in found.values()}) == 1
    assert (len(agent.id), len(agent.trace_id)) == (16, 32)
    assert agent.inputs == {"traceloop.entity.input": {"question": "why"}}
    assert chat.inputs == {"gen_ai.prompt": [{"role": "user", "content": "why"}]}
    assert chat.output == {"gen_ai.completion": [{"content": "because"}]}
    assert chat.summary["usage"] == {
        "m": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    }
    assert chat.attributes["model"] == "m"
    assert chat.attributes["otel_span"]["kind"] == "CLIENT"
    assert chat.attributes["otel_span"]["resource"]["attributes"] == {"service": {"name": "shop"}}
    assert "usage" not in agent.summary
    assert tool.exception == "ValueError: boom"
    assert [c.summary["weave"]["status"] for c in (agent, chat, tool)] == [
        "success",
        "success",
        "error",
    ]
    assert {call.wb_user_id for call in found.values()} == {default_user()}


def test_times_are_utc(server):
    """Times are aware, and those of the span."""
    export(server, otlp.request(otlp.span()))
    (call,) = calls(server).values()
    assert call.started_at == dt.datetime(2023, 11, 14, 22, 13, 20, 123457, tzinfo=dt.UTC)
    assert call.ended_at - call.started_at == dt.timedelta(seconds=1)
    assert call.summary["weave"]["latency_ms"] == 1000


def test_same_span_again_updates_it(server):
    """The last of two exports of a span counts, with all its values."""
    export(server, otlp.request(otlp.span(1, {"input.value": "a"}, status_code=2), otlp.span(2)))
    export(server, otlp.request(otlp.span(1, {"output.value": "b"}, name="renamed")))
    found = calls(server)
    assert sorted(found) == ["renamed", "span 2"]
    renamed = found["renamed"]
    assert (renamed.inputs, renamed.output, renamed.exception) == ({}, {"output.value": "b"}, None)


def test_same_span_twice_in_one_request(server):
    """Within one request the last counts, too."""
    export(server, otlp.request(otlp.span(1, name="a"), otlp.span(1, name="b")))
    assert list(calls(server)) == ["b"]


def test_partial_success(server):
    """Bad spans are counted with a reason; the others are stored."""
    answer = export(
        server, otlp.request(otlp.span(1), otlp.span(2, span_id=bytes(8)), otlp.span(3))
    )
    assert answer.partial_success.rejected_spans == 1
    assert "span_id '0000000000000000'" in answer.partial_success.error_message
    assert sorted(calls(server)) == ["span 1", "span 3"]


def test_wrong_requests_store_nothing(server):
    """A request that is none is an error, whatever spans it also has."""
    tree = otlp.as_json(otlp.request(otlp.span()))
    tree["resourceSpans"].append(5)
    with pytest.raises(InvalidRequest, match="resourceSpans"):
        export(server, tree)
    with pytest.raises((TypeError, InvalidRequest), match="ExportTraceServiceRequest"):
        export(server, 5)
    assert calls(server) == {}


@pytest.mark.in_process("over HTTP the key says who writes")
def test_user_of_the_request(server):
    """The user that the server's face filled in is stored."""
    export(server, otlp.request(otlp.span()), wb_user_id="ada")
    assert calls(server)["span 1"].wb_user_id == "ada"


def test_query_by_what_a_span_says(server):
    """Stored spans are found by their attributes, like other calls."""
    export(
        server,
        otlp.request(
            otlp.span(1, {"gen_ai.request.model": "m"}),
            otlp.span(2, {"gen_ai.request.model": "n"}),
        ),
    )
    query = {"$expr": {"$eq": [{"$getField": "attributes.model"}, {"$literal": "n"}]}}
    assert list(calls(server, query=tsi.Query.model_validate(query))) == ["span 2"]


def test_one_transaction(tmp_path):
    """A store that cannot be written keeps nothing of a request."""
    place = tmp_path / "weave.db"
    SqliteTraceServer(place).close()
    with SqliteTraceServer(place, read_only=True) as server:
        with pytest.raises(StoreError):
            export(server, otlp.request(otlp.span(1), otlp.span(2)))
        assert calls(server) == {}


def test_empty_request_writes_nothing(tmp_path):
    """Without spans there is nothing to do, even where nothing can be written."""
    place = tmp_path / "weave.db"
    SqliteTraceServer(place).close()
    with SqliteTraceServer(place, read_only=True) as server:
        assert export(server, otlp.request()) == tsi.OtelExportRes(partial_success=None)
