"""Export of OpenTelemetry spans, and what a server of it does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

from weave_lite.trace_server.interface.wire import WireModel

__all__ = ["ExportTracePartialSuccess", "OtelExportReq", "OtelExportRes", "OtelServer"]


class OtelExportReq(WireModel):
    """Store spans as calls; ``traces`` is the exporter's request message."""

    project_id: str
    traces: Any
    # Filled by the server, never taken from a caller.
    wb_user_id: str | None = None


class ExportTracePartialSuccess(WireModel):
    """How many spans were refused, and why."""

    rejected_spans: int
    error_message: str


class OtelExportRes(WireModel):
    """What the exporter is told; None when all spans were stored."""

    partial_success: ExportTracePartialSuccess | None = None


class OtelServer(Protocol):
    """What a server of OpenTelemetry spans does."""

    @abstractmethod
    def otel_export(self, req: OtelExportReq) -> OtelExportRes:
        """Store spans as calls."""
