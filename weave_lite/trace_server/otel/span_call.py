"""A span as the start and the end of a call."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from weave_lite.core import clock
from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server import validate
from weave_lite.trace_server.otel.attributes import Attributes
from weave_lite.trace_server.otel.conventions import meaning_of
from weave_lite.trace_server.otel.shorten import short_display_name, short_op_name
from weave_lite.trace_server.otel.span import fault_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
    from weave_lite.trace_server.otel.span import Span

__all__ = ["Place", "call_of"]

_EXCEPTION_EVENT: Final = "exception"
# What a failed span without any message is said to have raised.
_NO_MESSAGE: Final = "Error"


class Place(NamedTuple):
    """Where a call stands when that is not what its span says."""

    trace_id: str
    # None: the span's own parent.
    parent_id: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None


def call_of(
    span: Span, project_id: str, *, user: str | None = None, place: Place | None = None
) -> tuple[EncodedStart, EncodedEnd]:
    """Write a span as the two records of a call.

    Args:
        span: The span.
        project_id: Where the call belongs.
        user: In whose name; the server's own when None.
        place: Trace and parent, when the span was begun inside a call.

    Raises:
        InvalidRequest: The span cannot be stored; the message names it and the field.
    """
    try:
        fault = fault_of(span)
        if fault is not None:
            raise InvalidRequest(fault)
        return _call_of(span, project_id, user, place or Place(span.trace_id))
    except InvalidRequest as error:
        raise InvalidRequest(f"span {span.name[:80]!r}: {error}") from error
    except RecursionError:
        raise InvalidRequest(
            f"span {span.name[:80]!r}: attributes are nested too deep for JSON; make them flatter"
        ) from None


def _call_of(
    span: Span, project_id: str, user: str | None, place: Place
) -> tuple[EncodedStart, EncodedEnd]:
    attributes = Attributes(span.attributes)
    meaning = meaning_of(attributes)
    started_at = _time(attributes.get("langfuse.startTime"), span.start_ns)
    ended_at = _time(attributes.get("langfuse.endTime"), span.end_ns)
    display_name = attributes.get("wandb.display_name")
    start = tsi.StartedCallSchemaForInsert(
        project_id=project_id,
        id=span.span_id,
        trace_id=place.trace_id,
        parent_id=place.parent_id or span.parent_id,
        op_name=_storable(short_op_name(span.name)),
        display_name=_storable(short_display_name(display_name))
        if isinstance(display_name, str)
        else None,
        started_at=clock.from_micros(started_at),
        attributes={**meaning.attributes, "otel_span": _otel_span(span, attributes)},
        inputs=meaning.inputs,
        wb_user_id=user,
        thread_id=place.thread_id,
        turn_id=place.turn_id,
    )
    end = tsi.EndedCallSchemaForInsert(
        project_id=project_id,
        id=span.span_id,
        ended_at=clock.from_micros(ended_at),
        exception=_exception(span),
        output=meaning.output,
        summary={"usage": meaning.usage} if meaning.usage else {},
    )
    return (
        validate.call_start(tsi.CallStartReq(start=start)),
        validate.call_end(tsi.CallEndReq(end=end)),
    )


def _exception(span: Span) -> str | None:
    """Say what a failed span raised; the word for no message would else read as success."""
    if span.status_code != "ERROR":
        return None
    if span.status_message:
        return _storable(span.status_message)
    for event in span.events:
        if event["name"] == _EXCEPTION_EVENT:
            message = event["attributes"].get("exception.message")
            if message:
                return _storable(str(message))
    return _NO_MESSAGE


def _otel_span(span: Span, attributes: Attributes) -> dict[str, Any]:
    """Write the span as it came, for those who look for what no convention names."""
    resource = span.resource
    return {
        "name": span.name,
        "context": {
            "trace_id": span.trace_id,
            "span_id": span.span_id,
            "trace_state": span.trace_state,
        },
        "kind": span.kind,
        "parent_id": span.parent_id,
        "start_time": clock.from_micros(_micros(span.start_ns)).isoformat(),
        "end_time": clock.from_micros(_micros(span.end_ns)).isoformat(),
        "status": {"code": span.status_code, "message": span.status_message},
        "attributes": attributes.tree,
        "events": [_unfolded(event) for event in span.events],
        "links": [_unfolded(link) for link in span.links],
        "resource": None if resource is None else _unfolded(resource),
    }


def _unfolded(part: Mapping[str, Any]) -> dict[str, Any]:
    return {**part, "attributes": Attributes(part["attributes"]).tree}


def _micros(time_ns: int) -> int:
    return (time_ns + 500) // 1000


def _time(value: Any, time_ns: int) -> int:
    """Read a time that wins over the span's own: ISO text, int nanoseconds or float seconds.

    Returns:
        Microseconds since the epoch; those of the span when the value is no such time.
    """
    try:
        if isinstance(value, str):
            return clock.to_micros(dt.datetime.fromisoformat(value))
        if type(value) is int:
            moment = _micros(value)
        elif isinstance(value, float):
            moment = round(value * 1_000_000)
        else:
            return _micros(time_ns)
        clock.from_micros(moment)
    except (ValueError, OverflowError):
        return _micros(time_ns)
    return moment


def _storable(text: str) -> str:
    """Write lone surrogates, which UTF-8 cannot hold, as their escape."""
    return text.encode("utf-8", "backslashreplace").decode()
