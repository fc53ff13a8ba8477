"""OTLP in its JSON encoding: ids as hex, 64-bit integers as text, enums as numbers or names."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server.otel.span import KINDS, STATUS_CODES, RefusedSpan, Span, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["spans_of"]

_MAX_NESTING: Final = 100


def spans_of(request: Mapping[str, Any]) -> Iterator[Span | RefusedSpan]:
    """Read the spans of a request one by one; unknown fields are ignored.

    Args:
        request: The parsed ``ExportTraceServiceRequest``.

    Raises:
        InvalidRequest: What holds the spans is not as the encoding says. A single span that is not
            comes back as refused instead.
    """
    for resource_spans in _records(request, "resourceSpans"):
        resource = _resource(resource_spans)
        for scope_spans in _records(resource_spans, "scopeSpans"):
            for raw in _list(scope_spans, "spans"):
                try:
                    yield _span(raw, resource)
                except InvalidRequest as error:
                    yield RefusedSpan(str(error))


def _span(raw: Any, resource: Mapping[str, Any] | None) -> Span:
    if not isinstance(raw, dict):
        raise InvalidRequest(f"a span must be a JSON object, not {type(raw).__name__}")
    status = _get(raw, "status") or {}
    parent_id = _hex(raw, "parentSpanId")
    return Span(
        trace_id=_hex(raw, "traceId"),
        span_id=_hex(raw, "spanId"),
        parent_id=None if not parent_id.strip("0") else parent_id,
        name=_text(raw, "name"),
        start_ns=_int(raw, "startTimeUnixNano"),
        end_ns=_int(raw, "endTimeUnixNano"),
        trace_state=_text(raw, "traceState"),
        kind=_enum(raw, "kind", "SPAN_KIND_", KINDS),
        status_code=_enum(status, "code", "STATUS_CODE_", STATUS_CODES),
        status_message=_text(status, "message"),
        attributes=_attributes(raw),
        events=[_event(event) for event in _records(raw, "events")],
        links=[_link(link) for link in _records(raw, "links")],
        resource=resource,
    )


def _resource(holder: Mapping[str, Any]) -> dict[str, Any] | None:
    resource = _get(holder, "resource")
    if resource is None:
        return None
    return {
        "attributes": _attributes(resource),
        "dropped_attributes_count": _int(resource, "droppedAttributesCount"),
    }


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": _text(event, "name"),
        "timestamp": _int(event, "timeUnixNano"),
        "attributes": _attributes(event),
        "dropped_attributes_count": _int(event, "droppedAttributesCount"),
    }


def _link(link: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "trace_id": _hex(link, "traceId"),
        "span_id": _hex(link, "spanId"),
        "trace_state": _text(link, "traceState"),
        "attributes": _attributes(link),
        "dropped_attributes_count": _int(link, "droppedAttributesCount"),
        "flags": _int(link, "flags"),
    }


# --- values ---


def _attributes(holder: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _text(pair, "key"): _value(_get(pair, "value")) for pair in _records(holder, "attributes")
    }


def _value(value: Any, depth: int = 0) -> Any:
    """Read an ``AnyValue``, which holds one field that names its type."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidRequest(
            f'the value of an attribute must be a JSON object such as {{"stringValue": "x"}}, '
            f"not {type(value).__name__}"
        )
    if depth > _MAX_NESTING:
        raise InvalidRequest("the value of an attribute is nested too deep; make it flatter")
    if _get(value, "stringValue") is not None:
        return _text(value, "stringValue")
    if _get(value, "boolValue") is not None:
        return bool(_get(value, "boolValue"))
    if _get(value, "intValue") is not None:
        return _int(value, "intValue")
    if _get(value, "doubleValue") is not None:
        return _double(_get(value, "doubleValue"))
    array = _get(value, "arrayValue")
    if array is not None:
        return [_value(item, depth + 1) for item in _list(array, "values")]
    pairs = _get(value, "kvlistValue")
    if pairs is not None:
        return {
            _text(pair, "key"): _value(_get(pair, "value"), depth + 1)
            for pair in _records(pairs, "values")
        }
    if _get(value, "bytesValue") is not None:
        return _base64(_text(value, "bytesValue"))
    return None


def _double(value: Any) -> Any:
    try:
        # The encoding writes what is no number as "NaN", "Infinity" and "-Infinity".
        return plain(float(value))
    except (TypeError, ValueError):
        raise InvalidRequest(f"doubleValue must be a number, not {value!r:.100}") from None


def _base64(text: str) -> str:
    """Write bytes in the one alphabet in which they are stored."""
    try:
        return base64.b64encode(
            base64.b64decode(text, altchars=b"-_" if "-" in text or "_" in text else None)
        ).decode()
    except ValueError:
        raise InvalidRequest("bytesValue must be base64") from None


# --- fields ---


def _get(holder: Any, name: str) -> Any:
    """Read a field by its JSON name, or by the protocol's own."""
    if not isinstance(holder, dict):
        raise InvalidRequest(
            f"what holds {name} must be a JSON object, not {type(holder).__name__}"
        )
    value = holder.get(name)
    if value is None:
        value = holder.get("".join(f"_{c.lower()}" if c.isupper() else c for c in name))
    return value


def _list(holder: Any, name: str) -> list[Any]:
    value = _get(holder, name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidRequest(f"{name} must be a list, not {type(value).__name__}")
    return value


def _records(holder: Any, name: str) -> list[dict[str, Any]]:
    items = _list(holder, name)
    for item in items:
        if not isinstance(item, dict):
            raise InvalidRequest(f"{name} must hold JSON objects, not {type(item).__name__}")
    return items


def _text(holder: Any, name: str) -> str:
    value = _get(holder, name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a text, not {type(value).__name__}")
    return value


def _hex(holder: Any, name: str) -> str:
    return _text(holder, name).lower()


def _int(holder: Any, name: str) -> int:
    value = _get(holder, name)
    if value is None:
        return 0
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidRequest(f"{name} must be an integer, not {value!r:.100}") from None


def _enum(holder: Any, name: str, prefix: str, names: tuple[str, ...]) -> str:
    value = _get(holder, name)
    if value is None:
        return names[0]
    if isinstance(value, str) and value.removeprefix(prefix) in names:
        return value.removeprefix(prefix)
    number = _int(holder, name)
    return names[number] if 0 <= number < len(names) else str(number)
