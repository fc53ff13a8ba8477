"""OTLP requests for tests, in both encodings, made with the protocol's own classes."""

from __future__ import annotations

import base64
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

START_NS = 1_700_000_000_123_456_789
END_NS = START_NS + 1_000_000_000
TRACE_ID = "0123456789abcdef0123456789abcdef"


def any_value(value: Any) -> AnyValue:
    """Write a Python value as the protocol does."""
    if value is None:
        return AnyValue()
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, bytes):
        return AnyValue(bytes_value=value)
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, dict):
        return AnyValue(kvlist_value=KeyValueList(values=pairs(value)))
    return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))


def pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    """Write attributes as the protocol does."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def span(number: int = 1, attributes: dict[str, Any] | None = None, **fields: Any) -> Span:
    """Make a span with a counted id; fields may be set to anything, also to what is wrong."""
    events = [
        Span.Event(
            name=event["name"],
            time_unix_nano=event.get("time", START_NS),
            attributes=pairs(event.get("attributes", {})),
            dropped_attributes_count=event.get("dropped", 0),
        )
        for event in fields.pop("events", [])
    ]
    links = [
        Span.Link(
            trace_id=bytes.fromhex(link["trace_id"]),
            span_id=bytes.fromhex(link["span_id"]),
            trace_state=link.get("trace_state", ""),
            attributes=pairs(link.get("attributes", {})),
            flags=link.get("flags", 0),
        )
        for link in fields.pop("links", [])
    ]
    status = Status(code=fields.pop("status_code", 0), message=fields.pop("status_message", ""))
    values: dict[str, Any] = {
        "trace_id": bytes.fromhex(TRACE_ID),
        "span_id": number.to_bytes(8, "big"),
        "name": f"span {number}",
        "start_time_unix_nano": START_NS,
        "end_time_unix_nano": END_NS,
        **fields,
    }
    return Span(
        **values, attributes=pairs(attributes or {}), events=events, links=links, status=status
    )


def request(*spans: Span, resource: dict[str, Any] | None = None) -> ExportTraceServiceRequest:
    """Put spans into one request."""
    resource_spans = ResourceSpans(scope_spans=[ScopeSpans(spans=spans)])
    if resource is not None:
        resource_spans.resource.attributes.extend(pairs(resource))
    return ExportTraceServiceRequest(resource_spans=[resource_spans])


def as_json(message: ExportTraceServiceRequest) -> dict[str, Any]:
    """Write a request in the JSON encoding: protobuf's own, but for the ids, which are hex."""
    tree: dict[str, Any] = json_format.MessageToDict(message)
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            waiting += node.values()
            for name in ("traceId", "spanId", "parentSpanId"):
                if name in node:
                    node[name] = base64.b64decode(node[name]).hex()
    return tree
