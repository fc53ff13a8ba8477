"""A span of the OpenTelemetry SDK in plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.trace_server.otel.span import Span, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Link

__all__ = ["read_span"]


def read_span(span: ReadableSpan) -> Span:
    """Copy an ended span. What it lacks is left empty, so that it is refused with its name."""
    context, parent, resource = span.context, span.parent, span.resource
    return Span(
        trace_id="" if context is None else f"{context.trace_id:032x}",
        span_id="" if context is None else f"{context.span_id:016x}",
        parent_id=None if parent is None or not parent.span_id else f"{parent.span_id:016x}",
        name=span.name,
        start_ns=span.start_time or 0,
        end_ns=span.end_time or 0,
        trace_state="" if context is None else context.trace_state.to_header(),
        kind=span.kind.name,
        status_code=span.status.status_code.name,
        status_message=span.status.description or "",
        attributes=_attributes(span.attributes),
        events=[_event(event) for event in span.events],
        links=[_link(link) for link in span.links],
        resource={"attributes": _attributes(resource.attributes), "dropped_attributes_count": 0},
    )


def _event(event: Event) -> dict[str, Any]:
    return {
        "name": event.name,
        "timestamp": event.timestamp,
        "attributes": _attributes(event.attributes),
        "dropped_attributes_count": event.dropped_attributes,
    }


def _link(link: Link) -> dict[str, Any]:
    return {
        "trace_id": f"{link.context.trace_id:032x}",
        "span_id": f"{link.context.span_id:016x}",
        "trace_state": link.context.trace_state.to_header(),
        "attributes": _attributes(link.attributes),
        "dropped_attributes_count": link.dropped_attributes,
        "flags": int(link.context.trace_flags),
    }


def _attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {str(key): plain(value) for key, value in (attributes or {}).items()}
