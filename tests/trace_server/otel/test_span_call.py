"""A span as a call: its ids, times, exception, and the block that keeps the span as it came."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.otel.span import Span
from weave_lite.trace_server.otel.span_call import Place, call_of

TRACE_ID, SPAN_ID, PARENT_ID = "ab" * 16, "cd" * 8, "ef" * 8
START_NS = 1_700_000_000_123_456_789
END_NS = START_NS + 1_000_000_000
STARTED, ENDED = 1_700_000_000_123_457, 1_700_000_001_123_457


def span(attributes=None, **fields):
    """A good span."""
    values = {
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "name": "chat",
        "start_ns": START_NS,
        "end_ns": END_NS,
        "attributes": attributes or {},
        **fields,
    }
    return Span(**values)


def call(attributes=None, **fields):
    """The start and the end of a span's call."""
    return call_of(span(attributes, **fields), "acme/demo")


def test_whole_call():
    """Every field of both records comes from where the contract says."""
    start, end = call(
        {"input.value": "hi", "output.value": "ho", "llm.token_count.prompt": 1},
        parent_id=PARENT_ID,
        kind="CLIENT",
        trace_state="a=b",
        events=[
            {"name": "e", "timestamp": 5, "attributes": {"x.y": 1}, "dropped_attributes_count": 0}
        ],
        resource={"attributes": {"service.name": "shop"}, "dropped_attributes_count": 0},
    )
    otel_span = {
        "name": "chat",
        "context": {"trace_id": TRACE_ID, "span_id": SPAN_ID, "trace_state": "a=b"},
        "kind": "CLIENT",
        "parent_id": PARENT_ID,
        "start_time": "2023-11-14T22:13:20.123457+00:00",
        "end_time": "2023-11-14T22:13:21.123457+00:00",
        "status": {"code": "UNSET", "message": ""},
        "attributes": {
            "input": {"value": "hi"},
            "output": {"value": "ho"},
            "llm": {"token_count": {"prompt": 1}},
        },
        "events": [
            {
                "name": "e",
                "timestamp": 5,
                "attributes": {"x": {"y": 1}},
                "dropped_attributes_count": 0,
            }
        ],
        "links": [],
        "resource": {"attributes": {"service": {"name": "shop"}}, "dropped_attributes_count": 0},
    }
    assert json.loads(start.attributes_json) == {"otel_span": otel_span}
    assert start._replace(attributes_json="") == EncodedStart(
        "acme/demo",
        SPAN_ID,
        TRACE_ID,
        PARENT_ID,
        "chat",
        None,
        STARTED,
        "",
        '{"input.value":"hi"}',
    )
    assert end == EncodedEnd(
        "acme/demo",
        SPAN_ID,
        ENDED,
        None,
        '{"output.value":"ho"}',
        '{"usage":{"usage":{"prompt_tokens":1}}}',
    )


def test_bare_span():
    """A span with nothing gives an empty call."""
    start, end = call()
    assert (start.inputs_json, end.output_json, end.summary_json) == ("{}", "{}", "{}")
    assert list(json.loads(start.attributes_json)) == ["otel_span"]


def test_names():
    """Long names are shortened; the span keeps its own."""
    start, _ = call({"wandb.display_name": "d" * 2000}, name="n" * 200)
    assert len(start.op_name) == 128
    assert start.display_name == "d" * 1021 + "..."
    assert json.loads(start.attributes_json)["otel_span"]["name"] == "n" * 200
    assert call({"wandb.display_name": 5})[0].display_name is None


def test_lone_surrogates():
    """What UTF-8 cannot hold is escaped; the span is not lost."""
    start, end = call({"k": "\ud800"}, name="\ud800", status_code="ERROR", status_message="\udfff")
    assert (start.op_name, end.exception) == ("\\ud800", "\\udfff")
    assert json.loads(start.attributes_json)["k"] == "\\ud800"


EVENT = {
    "name": "exception",
    "timestamp": 5,
    "attributes": {"exception.type": "ValueError", "exception.message": "boom"},
    "dropped_attributes_count": 0,
}


@pytest.mark.parametrize(
    ("fields", "exception"),
    [
        ({"status_code": "UNSET", "status_message": "x"}, None),
        ({"status_code": "OK", "events": [EVENT]}, None),
        ({"status_code": "ERROR", "status_message": "bad"}, "bad"),
        ({"status_code": "ERROR", "status_message": "bad", "events": [EVENT]}, "bad"),
        ({"status_code": "ERROR", "events": [{**EVENT, "name": "log"}, EVENT]}, "boom"),
        ({"status_code": "ERROR", "events": [{**EVENT, "attributes": {}}]}, "Error"),
        ({"status_code": "ERROR"}, "Error"),
    ],
)
def test_exception(fields, exception):
    """Only a status of ERROR is one, and it always has a text."""
    assert call(**fields)[1].exception == exception


@pytest.mark.parametrize(
    ("value", "micros"),
    [
        ("1970-01-01T00:00:01+00:00", 1_000_000),
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01T02:00:01+02:00", 1_000_000),
        ("1970-01-01T00:00:01", 1_000_000),
        (1_500_000_000, 1_500_000),
        (1.5, 1_500_000),
        (0, 0),
        # What is no time leaves the span's own.
        ("yesterday", STARTED),
        (True, STARTED),
        ([1], STARTED),
        (1e300, STARTED),
        (2**80, STARTED),
    ],
)
def test_langfuse_start(value, micros):
    """Langfuse's times win, in each of their forms."""
    assert call({"langfuse.startTime": value})[0].started_at == micros


def test_clock_that_was_set_back():
    """A span that ends before its start is kept, as it says."""
    start, end = call(end_ns=START_NS - 5_000)
    assert end.ended_at == start.started_at - 5


def test_langfuse_end():
    """The end, too; the span itself is kept with its own times."""
    start, end = call({"langfuse.endTime": "2023-11-14T22:13:25Z"})
    assert end.ended_at == int(dt.datetime(2023, 11, 14, 22, 13, 25, tzinfo=dt.UTC).timestamp()) * (
        1_000_000
    )
    assert json.loads(start.attributes_json)["otel_span"]["end_time"].startswith(
        "2023-11-14T22:13:21"
    )


def test_place():
    """A call around the span gives trace, parent and thread; the span's own ids stay in its block."""
    placed = Place("trace", "parent", "thread", "turn")
    start, _ = call_of(span(parent_id=PARENT_ID), "acme/demo", user="ada", place=placed)
    assert (start.trace_id, start.parent_id, start.thread_id, start.turn_id) == placed
    assert start.wb_user_id == "ada"
    kept = json.loads(start.attributes_json)["otel_span"]
    assert (kept["context"]["trace_id"], kept["parent_id"]) == (TRACE_ID, PARENT_ID)
    below, _ = call_of(span(parent_id=PARENT_ID), "acme/demo", place=Place("trace"))
    assert (below.trace_id, below.parent_id) == ("trace", PARENT_ID)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"trace_id": ""}, "trace_id '' must be 16 bytes, not all zero"),
        ({"trace_id": "0" * 32}, "trace_id"),
        ({"trace_id": "ab" * 8}, "trace_id"),
        ({"trace_id": "xy" * 16}, "trace_id"),
        ({"span_id": "0" * 16}, "span_id '0000000000000000' must be 8 bytes, not all zero"),
        ({"span_id": "cd" * 16}, "span_id"),
        ({"parent_id": "ef"}, "parent_span_id 'ef' must be 8 bytes; leave it out for a root"),
        ({"start_ns": 0}, "start_time_unix_nano must be set"),
        ({"start_ns": -5}, "start_time_unix_nano must be set"),
        ({"end_ns": 0}, "end_time_unix_nano must be set; send a span when it has ended"),
        ({"end_ns": 2**64}, "end_time_unix_nano must be set"),
        ({"attributes": {"input": "weave-trace-internal:///x"}}, "internal form"),
    ],
)
def test_refused(fields, reason):
    """A span that cannot be stored is named, with the field and the remedy."""
    with pytest.raises(InvalidRequest) as raised:
        call(**fields)
    assert str(raised.value).startswith(f"span 'chat': {reason}") or reason == "internal form"
    assert reason in str(raised.value)


def test_deep_values():
    """A JSON text nested deeper than the writer goes stays text; a value that is so is refused."""
    deep = "[" * 900 + "]" * 900
    assert json.loads(call({"input.value": deep})[0].inputs_json) == {"input.value": deep}
    value = []
    # How deep a writer goes differs between releases of Python.
    for _ in range(20_000):
        value = [value]
    with pytest.raises(InvalidRequest, match="span 'chat': .*nested too deep"):
        call({"input.value": value})


def test_times_are_the_nearest_microsecond():
    """Nanoseconds are rounded, and a span of no length stays one."""
    start, end = call(start_ns=1_500, end_ns=1_500)
    assert (start.started_at, end.ended_at) == (2, 2)


def test_refs_in_values_are_found():
    """A ref in an input or output can be searched for."""
    start, end = call(
        {"input.value": "weave:///e/p/object/a:b", "output.value": ["weave:///e/p/object/c:d"]}
    )
    assert start.input_refs == ("weave:///e/p/object/a:b",)
    assert end.output_refs == ("weave:///e/p/object/c:d",)
