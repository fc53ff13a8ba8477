"""A request to export spans: read whichever way it is encoded, its bad spans counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from weave_lite.core import jsontext
from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server import validate
from weave_lite.trace_server.otel import otlp_json, otlp_protobuf
from weave_lite.trace_server.otel.span import RefusedSpan
from weave_lite.trace_server.otel.span_call import call_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
    from weave_lite.trace_server.otel.span import Span

__all__ = ["Export", "read_request", "spans_in"]

_MAX_REASONS: Final = 5


class Export(NamedTuple):
    """What a request comes to: the parts of calls to store, and what to answer."""

    parts: list[EncodedStart | EncodedEnd]
    response: tsi.OtelExportRes


def read_request(req: tsi.OtelExportReq) -> Export:
    """Write the spans of a request as calls; those that cannot be stored are counted instead.

    Raises:
        InvalidRequest: The project id is not one, or ``traces`` is no request at all.
        TypeError: ``traces`` is of another type.
        NotSupportedError: ``traces`` is protobuf as bytes, and the extra ``otel`` is missing.
    """
    validate.project_id(req.project_id)
    parts: list[EncodedStart | EncodedEnd] = []
    reasons: list[str] = []
    for span in spans_in(req.traces):
        if isinstance(span, RefusedSpan):
            reasons.append(span.reason)
            continue
        try:
            parts += call_of(span, req.project_id, user=req.wb_user_id)
        except InvalidRequest as error:
            reasons.append(str(error))
    return Export(parts, tsi.OtelExportRes(partial_success=_partial_success(reasons)))


def spans_in(traces: Any) -> Iterator[Span | RefusedSpan]:
    """Read the spans of a request: a protobuf message, its bytes, or OTLP JSON (dict or text)."""
    if otlp_protobuf.is_request(traces):
        return otlp_protobuf.spans_of(traces)
    if isinstance(traces, dict):
        return otlp_json.spans_of(traces)
    if isinstance(traces, str):
        return otlp_json.spans_of(_parsed(traces.encode("utf-8", "backslashreplace")))
    if isinstance(traces, bytes | bytearray | memoryview):
        return _spans_in_bytes(bytes(traces))
    raise TypeError(
        "traces must be an ExportTraceServiceRequest, its bytes, or OTLP JSON as dict, text or "
        f"bytes, not {type(traces).__name__}"
    )


def _spans_in_bytes(content: bytes) -> Iterator[Span | RefusedSpan]:
    if content.lstrip()[:1] == b"{":
        try:
            return otlp_json.spans_of(_parsed(content))
        except InvalidRequest:
            # A message may begin with a line feed and a brace too, unlikely as that is.
            if content[:1] == b"{":
                raise
    return otlp_protobuf.spans_of(otlp_protobuf.parse(content))


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        request = jsontext.parse(content)
    except ValueError as error:
        raise InvalidRequest(
            f"traces is no JSON: {error}; send it as an exporter writes it"
        ) from None
    if not isinstance(request, dict):
        raise InvalidRequest(f"traces must be a JSON object, not {type(request).__name__}")
    return request


def _partial_success(reasons: list[str]) -> tsi.ExportTracePartialSuccess | None:
    if not reasons:
        return None
    shown = list(dict.fromkeys(reasons))
    message = "; ".join(shown[:_MAX_REASONS])
    if len(shown) > _MAX_REASONS:
        message += f"; and {len(shown) - _MAX_REASONS} more"
    return tsi.ExportTracePartialSuccess(rejected_spans=len(reasons), error_message=message)
