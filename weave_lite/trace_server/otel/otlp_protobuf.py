"""OTLP as protobuf messages: read by their fields, so that no library is loaded for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from weave_lite.core.errors import InvalidRequest, NotSupportedError
from weave_lite.trace_server.otel.span import KINDS, STATUS_CODES, RefusedSpan, Span, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["is_request", "parse", "spans_of"]

# A message that was parsed is not nested deeper; one that was built in this process may be.
_MAX_NESTING: Final = 100
_REQUEST: Final = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"


def is_request(value: Any) -> bool:
    """Tell whether a value is an ``ExportTraceServiceRequest`` message."""
    return getattr(getattr(type(value), "DESCRIPTOR", None), "full_name", None) == _REQUEST


def parse(content: bytes) -> Any:
    """Read the bytes of an ``ExportTraceServiceRequest``.

    Raises:
        NotSupportedError: The extra ``otel`` is not installed.
        InvalidRequest: They are something else.
    """
    try:
        from google.protobuf.message import (  # type: ignore[import-untyped]  # noqa: PLC0415
            DecodeError,
        )
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415
            ExportTraceServiceRequest,
        )
    except ImportError:
        raise NotSupportedError(
            "reading OpenTelemetry protobuf needs an extra: pip install weave-lite[otel]; "
            "or send the spans in the OTLP JSON encoding"
        ) from None
    try:
        return ExportTraceServiceRequest.FromString(content)
    except DecodeError:
        raise InvalidRequest(
            "traces is neither an ExportTraceServiceRequest as protobuf nor as JSON; "
            "send what an OTLP exporter sends, unpacked"
        ) from None


def spans_of(request: Any) -> Iterator[Span | RefusedSpan]:
    """Read the spans of an ``ExportTraceServiceRequest`` one by one.

    Raises:
        InvalidRequest: A resource cannot be read. A single span that cannot comes back as refused.
    """
    for resource_spans in request.resource_spans:
        resource = None
        if resource_spans.HasField("resource"):
            resource = {
                "attributes": _attributes(resource_spans.resource.attributes),
                "dropped_attributes_count": resource_spans.resource.dropped_attributes_count,
            }
        for scope_spans in resource_spans.scope_spans:
            for raw in scope_spans.spans:
                try:
                    yield _span(raw, resource)
                except InvalidRequest as error:
                    yield RefusedSpan(str(error))


def _span(raw: Any, resource: Mapping[str, Any] | None) -> Span:
    return Span(
        trace_id=raw.trace_id.hex(),
        span_id=raw.span_id.hex(),
        parent_id=raw.parent_span_id.hex() if any(raw.parent_span_id) else None,
        name=raw.name,
        start_ns=raw.start_time_unix_nano,
        end_ns=raw.end_time_unix_nano,
        trace_state=raw.trace_state,
        kind=_name(raw.kind, KINDS),
        status_code=_name(raw.status.code, STATUS_CODES),
        status_message=raw.status.message,
        attributes=_attributes(raw.attributes),
        events=[
            {
                "name": event.name,
                "timestamp": event.time_unix_nano,
                "attributes": _attributes(event.attributes),
                "dropped_attributes_count": event.dropped_attributes_count,
            }
            for event in raw.events
        ],
        links=[
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "trace_state": link.trace_state,
                "attributes": _attributes(link.attributes),
                "dropped_attributes_count": link.dropped_attributes_count,
                "flags": link.flags,
            }
            for link in raw.links
        ],
        resource=resource,
    )


def _attributes(pairs: Iterable[Any], depth: int = 0) -> dict[str, Any]:
    return {pair.key: _value(pair.value, depth) for pair in pairs}


def _value(value: Any, depth: int) -> Any:
    """Read an ``AnyValue``: the field that is set, or None."""
    if depth > _MAX_NESTING:
        raise InvalidRequest("the value of an attribute is nested too deep; make it flatter")
    field = value.WhichOneof("value")
    if field is None:
        return None
    if field == "array_value":
        return [_value(item, depth + 1) for item in value.array_value.values]
    if field == "kvlist_value":
        return _attributes(value.kvlist_value.values, depth + 1)
    return plain(getattr(value, field))


def _name(number: int, names: tuple[str, ...]) -> str:
    return names[number] if 0 <= number < len(names) else str(number)
