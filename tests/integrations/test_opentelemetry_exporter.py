"""The exporter and what it promises: the values, flushing, failing, installing."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExportResult,
)
from opentelemetry.trace import use_span
from span_tree import tree

import weave_lite as weave
from weave_lite.core.errors import StoreError, UsageError
from weave_lite.integrations.opentelemetry import (
    WeaveSpanExporter,
    WeaveSpanProcessor,
    span_notes,
    trace_spans,
)
from weave_lite.integrations.opentelemetry.span_notes import SpanNotes
from weave_lite.trace.recorder import Recorder


@weave.op
def inner(value):
    """An op that is called by others."""
    return value


# --- the exporter alone ---


@pytest.mark.parametrize("processor", [SimpleSpanProcessor, BatchSpanProcessor])
def test_exporter(client, processor):
    """The exporter works in the SDK's own processors."""
    provider = TracerProvider()
    provider.add_span_processor(processor(WeaveSpanExporter()))
    tracer = provider.get_tracer("tests")
    with tracer.start_as_current_span("outer"), tracer.start_as_current_span("below"):
        pass
    assert provider.force_flush()
    assert tree(client) == {"outer": None, "below": "outer"}
    provider.shutdown()


def test_values_of_the_sdk(client, tracer):
    """Attributes, events, links, status and resource arrive as over the wire."""
    with tracer.start_as_current_span("linked") as linked:
        pass
    context = linked.get_span_context()
    span = tracer.start_span("a", attributes={"input.value": "hi", "list": (1, 2)})
    span.add_event("seen", {"x.y": True}, timestamp=5)
    span.add_link(context, {"why": "so"})
    with pytest.raises(ValueError, match="boom"):
        with_span(span, ValueError("boom"))
    (call,) = client.get_calls(filter={"op_names": ["a"]})
    kept = call.attributes["otel_span"]
    assert call.exception == "ValueError: boom"
    assert call.inputs == {"input.value": "hi"}
    assert kept["attributes"] == {"input": {"value": "hi"}, "list": [1, 2]}
    assert kept["events"][0] == {
        "name": "seen",
        "timestamp": 5,
        "attributes": {"x": {"y": True}},
        "dropped_attributes_count": 0,
    }
    assert kept["events"][1]["attributes"]["exception"]["message"] == "boom"
    assert kept["links"] == [
        {
            "trace_id": f"{context.trace_id:032x}",
            "span_id": f"{context.span_id:016x}",
            "trace_state": "",
            "attributes": {"why": "so"},
            "dropped_attributes_count": 0,
            "flags": int(context.trace_flags),
        }
    ]
    assert kept["status"] == {"code": "ERROR", "message": "ValueError: boom"}
    assert kept["resource"]["attributes"]["telemetry"]["sdk"]["language"] == "python"


def with_span(span, error):
    """Raise an error inside a span."""
    with use_span(span, end_on_exit=True):
        raise error


def test_sensitive_keys_are_replaced(client, tracer):
    """Keys that ops never store are not stored with spans either."""
    attributes = {
        "input.value": '{"api_key": "sk-1", "q": 1}',
        "output.value": '{"Authorization": "Bearer sk-1"}',
        "llm.invocation_parameters": '{"auth_headers": ["sk-1"]}',
    }
    tracer.start_span("a", attributes=attributes).end()
    (call,) = client.get_calls()
    assert call.inputs == {"input.value": {"api_key": "REDACTED", "q": 1}}
    assert call.output == {"output.value": {"Authorization": "REDACTED"}}
    assert "sk-1" not in repr(call.attributes)


def test_server_of_typed_requests(client, tracer, monkeypatch):
    """A server that takes no encoded records gets typed ones."""

    class Typed:
        def __init__(self, server):
            self.call_start_batch = server.call_start_batch

    monkeypatch.setattr(client, "recorder", Recorder(Typed(client.server), sync=True))
    tracer.start_span("a", attributes={"input.value": "hi"}).end()
    (call,) = client.get_calls()
    assert (call.op_name, call.inputs) == ("a", {"input.value": "hi"})


# --- flushing, ending, failing ---


def test_flush_and_shutdown(tmp_path):
    """Flushing writes what has ended; after a shutdown nothing more is taken, the client goes on."""
    client = weave.init("spans", db=tmp_path / "weave.db")
    try:
        exporter = WeaveSpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        ended = provider.get_tracer("t").start_span("a")
        ended.end()
        assert exporter.force_flush()
        assert client.num_outstanding_jobs == 0
        provider.shutdown()
        assert exporter.export([ended]) is SpanExportResult.FAILURE
        inner(1)
        assert tree(client) == {"a": None, "inner": None}
    finally:
        weave.finish()


def test_processor_after_shutdown(client, provider, tracer):
    """A processor that was shut down stores no more."""
    provider.shutdown()
    tracer.start_span("a").end()
    assert tree(client) == {}


def test_refused_span(client, caplog):
    """A span that cannot be stored is logged once and lost; the others of its batch are not."""
    provider = TracerProvider()
    processor = WeaveSpanProcessor()
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("t")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            tracer.start_span("bad", attributes={"input": "weave-trace-internal:///x"}).end()
        tracer.start_span("good").end()
    assert tree(client) == {"good": None}
    (record,) = caplog.records
    assert record.getMessage() == (
        "a span cannot be stored, it is lost: span 'bad': start.inputs has a ref in the hosted "
        "service's internal form (weave-trace-internal:); send weave:///entity/project/..."
    )


def test_failing_store(client, tracer, monkeypatch, caplog):
    """A store that fails never reaches the program; it is logged once."""

    def fail(*args):
        raise StoreError("the disk is gone")

    monkeypatch.setattr(client.recorder, "put", fail)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            tracer.start_span("a").end()
    assert [record.name for record in caplog.records] == ["weave_lite.integrations.opentelemetry"]
    assert "the disk is gone" in caplog.text


def test_traced_driver_does_not_feed_itself(client, provider, tracer, monkeypatch):
    """Spans of the writing of records are not written, or there would be no end of them."""
    write = client.server.write_encoded
    count = 0

    def traced_write(records):
        nonlocal count
        count += 1
        assert count < 50, "the store writes about its own writing"
        with tracer.start_as_current_span("INSERT"):
            write(records)

    monkeypatch.setattr(client.server, "write_encoded", traced_write)
    monkeypatch.setattr(client, "recorder", Recorder(client.server))
    tracer.start_span("a").end()
    provider.force_flush()
    client.recorder.close()
    assert tree(client) == {"a": None}


# --- notes ---


def test_notes_are_bounded(client, monkeypatch):
    """Spans that never end do not fill the memory."""
    monkeypatch.setattr(span_notes, "_MAX_OPEN", 10)
    monkeypatch.setattr(span_notes, "_MAX_ENDED", 5)
    notes = SpanNotes()
    provider = TracerProvider()

    @weave.op
    def work():
        return [provider.get_tracer("t").start_span(str(number)) for number in range(30)]

    with weave.thread("talk"):
        spans = work()
        for span in spans:
            notes.begin(span)
    assert len(notes._open) == 10
    assert [notes.end(span) is None for span in spans] == [True] * 20 + [False] * 10
    assert (len(notes._open), len(notes._ended)) == (0, 5)


# --- installing ---


def test_wrong_provider():
    """Something else than a provider is refused."""
    with pytest.raises(UsageError, match="TracerProvider"):
        trace_spans(object())


def run(program):
    """Run a program by itself."""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_global_provider():
    """Without a provider the program's global one is used, and made if needed."""
    done = run(
        """
import weave_lite as weave
from opentelemetry import trace
from weave_lite.integrations.opentelemetry import trace_spans
client = weave.init("spans", db=":memory:")
trace_spans()
trace.get_tracer("t").start_span("a").end()
provider = trace.get_tracer_provider()
trace_spans(client=client)
assert trace.get_tracer_provider() is provider
print([call.op_name for call in client.get_calls()])
"""
    )
    assert (done.stdout, done.returncode) == ("['a']\n", 0), done.stderr


def test_nothing_is_loaded_unasked():
    """The library itself loads no part of OpenTelemetry, also while it traces."""
    done = run(
        """
import sys
import weave_lite as weave
client = weave.init("spans", db=":memory:")
weave.op(lambda: 1)()
client.flush()
print([name for name in sys.modules if name.startswith(("opentelemetry", "google.protobuf"))])
"""
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_without_the_sdk():
    """Without the SDK the import says what to install."""
    done = run(
        """
import sys
sys.modules["opentelemetry.sdk.trace"] = None
import weave_lite.integrations.opentelemetry
"""
    )
    assert done.stderr.splitlines()[-1] == (
        "ImportError: weave_lite.integrations.opentelemetry needs the OpenTelemetry SDK: "
        "pip install opentelemetry-sdk"
    )
