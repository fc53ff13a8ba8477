"""The body of an OpenTelemetry export, and its answer, as protobuf or JSON."""

from __future__ import annotations

from typing import Any

import orjson

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server import trace_server_interface as tsi

__all__ = ["JSON", "PROTOBUF", "otlp_answer", "otlp_body"]

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


def otlp_body(traces: Any) -> tuple[bytes, str]:
    """Write an export as bytes, with their content type.

    Args:
        traces: A protobuf message, its bytes, or OTLP JSON as a dict or text.

    Raises:
        InvalidRequest: It is something else.
    """
    if isinstance(traces, bytes):
        return traces, PROTOBUF
    if hasattr(traces, "SerializeToString"):
        return traces.SerializeToString(), PROTOBUF
    if isinstance(traces, str):
        return traces.encode(), JSON
    if isinstance(traces, dict):
        return orjson.dumps(traces), JSON
    raise InvalidRequest(
        "traces must be an ExportTraceServiceRequest, its bytes, or OTLP JSON, not "
        f"{type(traces).__name__}"
    )


def otlp_answer(body: bytes, content_type: str) -> tsi.OtelExportRes:
    """Read the answer to an export."""
    if content_type == JSON:
        told = orjson.loads(body or b"{}").get("partialSuccess") or {}
        rejected, message = int(told.get("rejectedSpans", 0)), str(told.get("errorMessage", ""))
    else:
        from opentelemetry.proto.collector.trace.v1 import (  # noqa: PLC0415 - extra `otel`
            trace_service_pb2,
        )

        partial = trace_service_pb2.ExportTraceServiceResponse.FromString(body).partial_success
        rejected, message = partial.rejected_spans, partial.error_message
    if not rejected and not message:
        return tsi.OtelExportRes()
    success = tsi.ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
    return tsi.OtelExportRes(partial_success=success)
