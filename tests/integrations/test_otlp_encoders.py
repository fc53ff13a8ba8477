"""Spans of the real SDK, encoded by its own OTLP encoders, mean the same as those of our exporter."""

from __future__ import annotations

import pytest
from opentelemetry.exporter.otlp.json.common.trace_encoder import encode_spans as encode_json
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans as encode_protobuf
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)

from weave_lite.integrations.opentelemetry import WeaveSpanExporter
from weave_lite.trace_server import trace_server_interface as tsi

PROJECT = "acme/encoded"
REMOTE = SpanContext(
    0xAB, 0xCD, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("v", "1")])
)
ENCODERS = {
    "protobuf message": encode_protobuf,
    "protobuf bytes": lambda spans: encode_protobuf(spans).SerializeToString(),
    "json dict": lambda spans: encode_json(spans).to_dict(),
    "json text": lambda spans: encode_json(spans).to_json(),
    "json bytes": lambda spans: encode_json(spans).to_json().encode(),
}


def spans():
    """A trace with all that a span can hold."""
    memory = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "shop", "ports": [80, 443]}))
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("tests", "1.0", attributes={"scope": "s"})
    context = set_span_in_context(NonRecordingSpan(REMOTE))
    with tracer.start_as_current_span(
        "agent", context=context, links=[Link(REMOTE, {"why": "so"})]
    ):
        with tracer.start_as_current_span("chat m", kind=SpanKind.CLIENT) as chat:
            chat.set_attributes(
                {
                    "gen_ai.prompt.0.content": "why “é” \x00?",
                    "gen_ai.completion.0.content": "because",
                    "gen_ai.request.model": "m",
                    "gen_ai.request.temperature": 0.5,
                    "gen_ai.usage.input_tokens": 2**53 + 1,
                    "gen_ai.usage.output_tokens": 0,
                    "flags": (True, False),
                    "empty": "",
                    "raw": b"\xff\x00",
                    "none": [],
                }
            )
            chat.add_event("token", {"n": 1, "text": "b"}, timestamp=1_700_000_000_000_000_001)
            chat.set_status(StatusCode.OK)
        with pytest.raises(ValueError, match="boom"), tracer.start_as_current_span("tool"):
            raise ValueError("boom")
    provider.shutdown()
    return memory.get_finished_spans()


def stored(client, project_id):
    """The calls of a project by name, as the wire has them."""
    found = client.server.calls_query(tsi.CallsQueryReq(project_id=project_id)).calls
    calls = {call.op_name: call.model_dump(mode="json", exclude={"project_id"}) for call in found}
    for call in calls.values():
        for link in call["attributes"]["otel_span"]["links"]:
            # The encoders leave these out, or write only what stands on the wire.
            del link["flags"], link["trace_state"]
    return calls


@pytest.mark.parametrize("encoder", ENCODERS)
def test_encoded_as_exported(client, encoder):
    """What came over the wire equals what the exporter stored, in every encoding."""
    ended = spans()
    WeaveSpanExporter(client).export(ended)
    req = tsi.OtelExportReq(project_id=PROJECT, traces=ENCODERS[encoder](ended))
    assert client.server.otel_export(req) == tsi.OtelExportRes(partial_success=None)
    client.flush()
    found = stored(client, PROJECT)
    assert found == stored(client, client.project_id)
    links = found["agent"]["attributes"]["otel_span"]["links"]
    assert [link["attributes"] for link in links] == [{"why": "so"}]
    chat = found["chat m"]
    assert found["agent"]["parent_id"] == f"{REMOTE.span_id:016x}"
    assert chat["parent_id"] == found["agent"]["id"]
    assert chat["inputs"] == {"gen_ai.prompt": [{"content": "why “é” \x00?"}]}
    assert chat["summary"]["usage"] == {
        "m": {"input_tokens": 2**53 + 1, "output_tokens": 0, "total_tokens": 2**53 + 1}
    }
    assert found["tool"]["exception"] == "ValueError: boom"
