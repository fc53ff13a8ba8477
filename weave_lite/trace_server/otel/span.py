"""One span in plain values, whichever encoding it came in, and what makes it one to refuse."""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

__all__ = ["KINDS", "STATUS_CODES", "RefusedSpan", "Span", "fault_of", "plain"]

# By number, as in the protocol.
KINDS: Final = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUS_CODES: Final = ("UNSET", "OK", "ERROR")

_TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}\Z")
_SPAN_ID = re.compile(r"(?!0{16})[0-9a-f]{16}\Z")
_MAX_TIME_NS: Final = 2**64


@dataclass(frozen=True, slots=True)
class Span:
    """A span. Ids are lower-case hex, times nanoseconds since the epoch, all values plain JSON.

    ``attributes`` are flat, with dotted keys. ``events``, ``links`` and ``resource`` have the keys
    that a stored ``otel_span`` has, their attributes flat as well.
    """

    trace_id: str
    span_id: str
    name: str
    start_ns: int
    end_ns: int
    parent_id: str | None = None
    trace_state: str = ""
    kind: str = KINDS[0]
    status_code: str = STATUS_CODES[0]
    status_message: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    events: Iterable[Mapping[str, Any]] = ()
    links: Iterable[Mapping[str, Any]] = ()
    resource: Mapping[str, Any] | None = None


class RefusedSpan(NamedTuple):
    """A span that cannot be stored, and why."""

    reason: str


def fault_of(span: Span) -> str | None:
    """Tell why a span cannot be stored: its ids are none, or a time is missing.

    An end before the start is no fault: clocks are set back, and the span is all there is of it.

    Returns:
        The field and what is wrong with it, or None.

    Example:
        >>> fault_of(Span("00", "0a" * 8, "chat", 1, 2))
        "trace_id '00' must be 16 bytes, not all zero"
    """
    if not _TRACE_ID.match(span.trace_id):
        return f"trace_id {span.trace_id[:64]!r} must be 16 bytes, not all zero"
    if not _SPAN_ID.match(span.span_id):
        return f"span_id {span.span_id[:64]!r} must be 8 bytes, not all zero"
    if span.parent_id is not None and not _SPAN_ID.match(span.parent_id):
        return f"parent_span_id {span.parent_id[:64]!r} must be 8 bytes; leave it out for a root"
    if not 0 < span.start_ns < _MAX_TIME_NS:
        return "start_time_unix_nano must be set"
    if not 0 < span.end_ns < _MAX_TIME_NS:
        return "end_time_unix_nano must be set; send a span when it has ended"
    return None


def plain(value: Any) -> Any:
    """Copy a value of an attribute into plain JSON: bytes as base64, not-a-number as text.

    Example:
        >>> plain((1, b"ab", float("nan")))
        [1, 'YWI=', 'nan']
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return str(value)
