"""Where spans of the real SDK stand among calls, and which of them are not stored."""

from __future__ import annotations

import asyncio
import logging
import threading

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)
from span_tree import tree

import weave_lite as weave
from weave_lite.integrations.opentelemetry import trace_spans
from weave_lite.testing import memory_client
from weave_lite.trace import client_context


def traces(client):
    """How many traces there are."""
    return len({call.trace_id for call in client.get_calls()})


# --- where spans stand ---


def test_spans_by_themselves(client, tracer):
    """Without an op spans keep their own ids."""
    with tracer.start_as_current_span("outer") as outer, tracer.start_as_current_span("below"):
        pass
    calls = {call.op_name: call for call in client.get_calls()}
    context = outer.get_span_context()
    assert calls["outer"].id == f"{context.span_id:016x}"
    assert {call.trace_id for call in calls.values()} == {f"{context.trace_id:032x}"}
    assert tree(client) == {"outer": None, "below": "outer"}


def test_span_in_an_op_is_its_child(client, tracer):
    """A span begun inside an op is the op's child, spans below it their own parents'."""

    @weave.op
    def work():
        with tracer.start_as_current_span("a"), tracer.start_as_current_span("b"):
            pass
        with tracer.start_as_current_span("c"):
            pass

    work()
    assert tree(client) == {"work": None, "a": "work", "b": "a", "c": "work"}
    assert traces(client) == 1


def test_op_in_a_span_stays_the_ops(client, tracer):
    """An op called inside a span is a root, or the child of the op around both; its spans are its own."""

    @weave.op
    def work():
        with tracer.start_as_current_span("a"):
            middle()

    @weave.op
    def middle():
        with tracer.start_as_current_span("b"):
            pass

    work()
    assert tree(client) == {"work": None, "a": "work", "middle": "work", "b": "middle"}
    assert traces(client) == 1


def test_op_in_a_root_span(client, tracer):
    """A span outside of all ops stays the root of its own trace, and so does the op inside it."""

    @weave.op
    def work():
        with tracer.start_as_current_span("below"):
            pass

    with tracer.start_as_current_span("request"):
        work()
        with tracer.start_as_current_span("after"):
            pass
    assert tree(client) == {"request": None, "work": None, "below": "work", "after": "request"}
    assert traces(client) == 2


def test_span_ends_after_its_op(client, tracer):
    """It is where it began that counts."""

    @weave.op
    def work():
        return tracer.start_span("late")

    work().end()
    assert tree(client) == {"work": None, "late": "work"}


def test_thread_with_the_span_but_not_the_op(client, tracer):
    """Where only OpenTelemetry's context was carried, the trace is that of the span above."""

    @weave.op
    def work():
        with tracer.start_as_current_span("a") as span:
            context = set_span_in_context(span)
        # The span above has ended when this one begins.
        thread = threading.Thread(
            target=lambda: tracer.start_span("in thread", context=context).end()
        )
        thread.start()
        thread.join()

    work()
    assert tree(client) == {"work": None, "a": "work", "in thread": "a"}
    assert traces(client) == 1


def test_remote_parent(client, tracer):
    """A parent in another process stays the parent outside of ops; inside, the op is nearer."""
    remote = SpanContext(0xAB, 0xCD, is_remote=True, trace_flags=TraceFlags(1))
    context = set_span_in_context(NonRecordingSpan(remote))

    @weave.op
    def work():
        tracer.start_span("inside", context=context).end()

    tracer.start_span("outside", context=context).end()
    work()
    assert tree(client) == {"outside": f"{0xCD:016x}", "work": None, "inside": "work"}


def test_async_ops(client, tracer):
    """Tasks do not mix up their spans."""

    @weave.op
    async def work(name):
        with tracer.start_as_current_span(f"span {name}"):
            await asyncio.sleep(0.001)
            with tracer.start_as_current_span(f"below {name}"):
                await asyncio.sleep(0.001)

    async def main():
        await asyncio.gather(work("x"), work("y"))

    asyncio.run(main())
    calls = {call.id: call for call in client.get_calls()}
    for call in calls.values():
        if call.op_name.startswith("span"):
            assert calls[call.parent_id].inputs["name"] == call.op_name[-1]
        if call.op_name.startswith("below"):
            assert calls[call.parent_id].op_name == f"span {call.op_name[-1]}"
            assert calls[calls[call.parent_id].parent_id].trace_id == call.trace_id


def test_threads_and_turns(client, tracer):
    """Spans carry the thread they were begun in; the outermost is the turn."""

    @weave.op
    def work():
        with tracer.start_as_current_span("a"), tracer.start_as_current_span("b"):
            pass

    with weave.thread("talk"):
        work()
        with tracer.start_as_current_span("alone"), tracer.start_as_current_span("below"):
            pass
    calls = {call.func_name or call.op_name: call for call in client.get_calls()}
    assert {call.thread_id for call in calls.values()} == {"talk"}
    turns = {name: call.turn_id for name, call in calls.items()}
    op, alone = calls["work"].id, calls["alone"].id
    assert turns == {"work": op, "a": op, "b": op, "alone": alone, "below": alone}


# --- what is not stored ---


def test_tracing_disabled(client, tracer):
    """Nothing is stored of a span begun while tracing is off, nor of those below it."""
    with weave.tracing_disabled():
        span = tracer.start_span("off")
    tracer.start_span("below", context=set_span_in_context(span)).end()
    span.end()
    tracer.start_span("on").end()
    assert tree(client) == {"on": None}


def test_unsampled_op(client, tracer):
    """An op that its rate leaves out leaves out its spans."""

    @weave.op(tracing_sample_rate=0.0)
    def work():
        tracer.start_span("a").end()

    work()
    assert tree(client) == {}


def test_unsampled_spans(client):
    """Spans that the SDK's own sampler leaves out are not stored."""
    provider = TracerProvider(sampler=ALWAYS_OFF)
    trace_spans(provider)
    provider.get_tracer("t").start_span("a").end()
    assert tree(client) == {}


def test_no_client(caplog):
    """Without a client spans go nowhere, which is said once."""
    provider = TracerProvider()
    trace_spans(provider)
    before = client_context.active.is_unset
    client_context.active.is_unset = True
    try:
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                provider.get_tracer("t").start_span("a").end()
    finally:
        client_context.active.is_unset = before
    assert provider.force_flush()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "spans are not stored, because no client is active; call weave.init('my-project') first"
    ]


def test_another_client_since(tracer):
    """A span of an op of another project is stored by itself in the project that is active."""

    @weave.op
    def work():
        return tracer.start_span("late")

    with memory_client("local/first"):
        span = work()
    with memory_client("local/second") as second:
        span.end()
        (call,) = second.get_calls()
        assert (call.op_name, call.parent_id) == ("late", None)
        assert call.trace_id == f"{span.get_span_context().trace_id:032x}"


def test_client_of_its_own(client):
    """A given client gets the spans, whichever is active."""
    with memory_client("local/other") as other:
        provider = TracerProvider()
        trace_spans(provider, client=client)
        provider.get_tracer("t").start_span("a").end()
        assert tree(other) == {}
    assert tree(client) == {"a": None}


# --- what they add up to ---


def use(span, count):
    """Give a span a token count."""
    span.set_attributes({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": count})


def test_spans_count_in_the_summary_of_the_op(client, tracer):
    """Token counts and outcomes of spans go up to the ops around them, like those of ops."""

    @weave.op
    def outer():
        with tracer.start_as_current_span("model") as span:
            use(span, 3)
        work()

    @weave.op
    def work():
        with tracer.start_as_current_span("a") as a:
            for count in (1, 1):
                with tracer.start_as_current_span("b") as b:
                    use(b, count)
            # An agent's span may tell the sum of its steps; they count once.
            use(a, 2)
        span = tracer.start_span("failed")
        span.set_status(StatusCode.ERROR)
        span.end()

    outer()
    summaries = {call.func_name or call.op_name: call.summary for call in client.get_calls()}
    assert summaries["work"]["usage"] == {"m": {"input_tokens": 2}}
    assert summaries["work"]["status_counts"] == {"success": 4, "error": 1}
    assert summaries["outer"]["usage"] == {"m": {"input_tokens": 5}}
    assert summaries["outer"]["status_counts"] == {"success": 6, "error": 1}
    assert summaries["a"]["usage"] == {"m": {"input_tokens": 2}}
    assert "status_counts" not in summaries["a"]


def test_what_comes_too_late_is_not_counted(client, tracer):
    """A span that ends after its op is stored, but the op's summary is written."""

    @weave.op
    def work():
        return tracer.start_span("late")

    span = work()
    use(span, 1)
    span.end()
    root, late = client.get_calls()
    assert root.summary["status_counts"] == {"success": 1, "error": 0}
    assert "usage" not in root.summary
    assert late.summary["usage"] == {"m": {"input_tokens": 1}}
