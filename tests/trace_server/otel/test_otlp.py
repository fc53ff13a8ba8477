"""Reading OTLP: the same spans from messages, bytes and JSON; what is wrong is named."""

from __future__ import annotations

import json
import sys

import otlp
import pytest

from weave_lite.core.errors import InvalidRequest, NotSupportedError
from weave_lite.trace_server.otel.export import spans_in
from weave_lite.trace_server.otel.span import RefusedSpan, Span

FULL = otlp.span(
    7,
    {
        "text": "é",
        "empty": "",
        "yes": True,
        "no": False,
        "int": -(2**63),
        "zero": 0,
        "double": 0.5,
        "nan": float("nan"),
        "infinite": float("-inf"),
        "bytes": b"\xff\xfe>",
        "null": None,
        "list": ["a", 1, [b"x"]],
        "map": {"k": {"n": 1.0}},
        "no list": [],
    },
    name="full",
    parent_span_id=b"\x09" * 8,
    trace_state="a=b",
    kind=3,
    status_code=2,
    status_message="bad",
    events=[{"name": "e", "time": 5, "attributes": {"x": 1}, "dropped": 2}],
    links=[
        {
            "trace_id": "02" * 16,
            "span_id": "03" * 8,
            "trace_state": "c=d",
            "attributes": {"y": "z"},
            "flags": 257,
        }
    ],
)
REQUEST = otlp.request(FULL, otlp.span(8), resource={"service.name": "shop"})
READ = Span(
    trace_id=otlp.TRACE_ID,
    span_id="0000000000000007",
    parent_id="0909090909090909",
    name="full",
    start_ns=otlp.START_NS,
    end_ns=otlp.END_NS,
    trace_state="a=b",
    kind="CLIENT",
    status_code="ERROR",
    status_message="bad",
    attributes={
        "text": "é",
        "empty": "",
        "yes": True,
        "no": False,
        "int": -(2**63),
        "zero": 0,
        "double": 0.5,
        "nan": "nan",
        "infinite": "-inf",
        "bytes": "//4+",
        "null": None,
        "list": ["a", 1, ["eA=="]],
        "map": {"k": {"n": 1.0}},
        "no list": [],
    },
    events=[{"name": "e", "timestamp": 5, "attributes": {"x": 1}, "dropped_attributes_count": 2}],
    links=[
        {
            "trace_id": "02" * 16,
            "span_id": "03" * 8,
            "trace_state": "c=d",
            "attributes": {"y": "z"},
            "dropped_attributes_count": 0,
            "flags": 257,
        }
    ],
    resource={"attributes": {"service.name": "shop"}, "dropped_attributes_count": 0},
)
PLAIN = Span(
    trace_id=otlp.TRACE_ID,
    span_id="0000000000000008",
    name="span 8",
    start_ns=otlp.START_NS,
    end_ns=otlp.END_NS,
    events=[],
    links=[],
    resource={"attributes": {"service.name": "shop"}, "dropped_attributes_count": 0},
)


def json_span(**fields):
    """A request in JSON with one good span, some of its fields replaced."""
    tree = otlp.as_json(otlp.request(otlp.span()))
    tree["resourceSpans"][0]["scopeSpans"][0]["spans"][0].update(fields)
    return tree


@pytest.mark.parametrize(
    "traces",
    [
        REQUEST,
        REQUEST.SerializeToString(),
        bytearray(REQUEST.SerializeToString()),
        otlp.as_json(REQUEST),
        json.dumps(otlp.as_json(REQUEST)),
        json.dumps(otlp.as_json(REQUEST), indent=1).encode(),
        b"\n " + json.dumps(otlp.as_json(REQUEST)).encode(),
    ],
    ids=["message", "bytes", "bytearray", "dict", "text", "json bytes", "json bytes, blanks first"],
)
def test_all_encodings(traces):
    """Every encoding gives the same spans."""
    assert list(spans_in(traces)) == [READ, PLAIN]


def test_empty_requests():
    """A request without spans has none."""
    for traces in (otlp.request(), b"", {}, "{}", {"resourceSpans": [{}]}, {"resourceSpans": None}):
        assert list(spans_in(traces)) == []


def test_no_resource():
    """Without a resource there is none, not an empty one."""
    message = otlp.request(otlp.span())
    for traces in (message, otlp.as_json(message)):
        (span,) = spans_in(traces)
        assert span.resource is None


def test_zero_parent_is_none():
    """Some exporters write the missing parent of a root as zeros."""
    message = otlp.request(otlp.span(parent_span_id=bytes(8)))
    for traces in (message, otlp.as_json(message)):
        (span,) = spans_in(traces)
        assert span.parent_id is None


def test_json_has_several_forms():
    """Numbers for 64-bit integers, enums by number, upper-case ids, the protocol's own names."""
    tree = {
        "resource_spans": [
            {
                "scope_spans": [
                    {
                        "spans": [
                            {
                                "trace_id": otlp.TRACE_ID.upper(),
                                "span_id": "00000000000000AB",
                                "start_time_unix_nano": otlp.START_NS,
                                "endTimeUnixNano": str(otlp.END_NS),
                                "kind": 2,
                                "status": {"code": 1},
                                "attributes": [
                                    {"key": "i", "value": {"int_value": 3}},
                                    {"key": "b", "value": {"bytesValue": "_-4="}},
                                    {"key": "n"},
                                ],
                                "unknownField": [1],
                            }
                        ]
                    }
                ]
            }
        ]
    }
    (span,) = spans_in(tree)
    assert (span.trace_id, span.span_id) == (otlp.TRACE_ID, "00000000000000ab")
    assert (span.start_ns, span.end_ns) == (otlp.START_NS, otlp.END_NS)
    assert (span.name, span.kind, span.status_code) == ("", "SERVER", "OK")
    assert span.attributes == {"i": 3, "b": "/+4=", "n": None}


def test_unknown_enum_is_its_number():
    """A later protocol may know more kinds."""
    for traces in (otlp.request(otlp.span(kind=17)), json_span(kind=17)):
        (span,) = spans_in(traces)
        assert span.kind == "17"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": 5}, "name must be a text, not int"),
        ({"startTimeUnixNano": "soon"}, "startTimeUnixNano must be an integer, not 'soon'"),
        ({"kind": "NONE"}, "kind must be an integer, not 'NONE'"),
        ({"attributes": {}}, "attributes must be a list, not dict"),
        ({"attributes": [1]}, "attributes must hold JSON objects, not int"),
        (
            {"attributes": [{"key": "k", "value": "v"}]},
            'the value of an attribute must be a JSON object such as {"stringValue": "x"}, not str',
        ),
        (
            {"attributes": [{"key": "k", "value": {"doubleValue": "x"}}]},
            "doubleValue must be a number, not 'x'",
        ),
        (
            {"attributes": [{"key": "k", "value": {"bytesValue": "a"}}]},
            "bytesValue must be base64",
        ),
        ({"status": 3}, "what holds code must be a JSON object, not int"),
    ],
)
def test_wrong_span_is_refused_alone(fields, reason):
    """A span that is not as the encoding says comes back refused; the others are read."""
    tree = json_span(**fields)
    spans = tree["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans += otlp.as_json(otlp.request(otlp.span(2)))["resourceSpans"][0]["scopeSpans"][0]["spans"]
    refused, kept = spans_in(tree)
    assert refused == RefusedSpan(reason)
    assert kept.name == "span 2"


def test_nesting_has_a_limit():
    """A value nested too deep is refused, not followed until the stack ends."""
    value = {"intValue": 1}
    for _ in range(2000):
        value = {"arrayValue": {"values": [value]}}
    (refused,) = spans_in(json_span(attributes=[{"key": "k", "value": value}]))
    assert "nested too deep" in refused.reason


def test_nesting_has_a_limit_in_messages():
    """A message that was built too deep costs its span alone."""
    request = otlp.request(otlp.span(1), otlp.span(2))
    value = request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="k").value
    for _ in range(2000):
        value = value.array_value.values.add()
    refused, kept = spans_in(request)
    assert "nested too deep" in refused.reason
    assert kept.name == "span 2"


@pytest.mark.parametrize(
    ("traces", "message"),
    [
        ("not json", "traces is no JSON"),
        (b"{not json", "traces is no JSON"),
        ("[]", "traces must be a JSON object, not list"),
        (b"\xff\xff\xff", "traces is neither"),
        ({"resourceSpans": 1}, "resourceSpans must be a list"),
        ({"resourceSpans": [{"scopeSpans": [1]}]}, "scopeSpans must hold JSON objects"),
        ({"resourceSpans": [{"resource": 1, "scopeSpans": []}]}, "must be a JSON object"),
    ],
)
def test_wrong_request(traces, message):
    """What is no request at all is refused as a whole."""
    with pytest.raises(InvalidRequest, match=message):
        list(spans_in(traces))


def test_wrong_type():
    """Another message, or another type, is a type error."""
    for traces in (otlp.span(), None, 5, ["x"]):
        with pytest.raises(TypeError, match="ExportTraceServiceRequest"):
            spans_in(traces)


def test_bytes_that_begin_like_json():
    """A message whose first field is 123 bytes long begins with a line feed and a brace."""
    name = ""
    while otlp.request(otlp.span(name=name)).SerializeToString()[1] != ord("{"):
        name += "x"
        assert len(name) < 200
    message = otlp.request(otlp.span(name=name))
    (span,) = spans_in(message.SerializeToString())
    assert span.name == name


def test_without_the_extra(monkeypatch):
    """Bytes need the extra, and say which; JSON does not."""
    for module in [name for name in sys.modules if name.startswith("opentelemetry.proto")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "opentelemetry.proto", None)
    with pytest.raises(NotSupportedError, match=r"pip install weave-lite\[otel\]"):
        spans_in(REQUEST.SerializeToString())
    assert list(spans_in(otlp.as_json(REQUEST))) == [READ, PLAIN]
