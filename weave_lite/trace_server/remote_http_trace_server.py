"""The oldest documented home of the HTTP client; it lives in ``trace_server_bindings``."""

from weave_lite.trace_server_bindings.remote_http_trace_server import (
    Batch,
    EndBatchItem,
    RemoteHTTPTraceServer,
    ServerInfoRes,
    StartBatchItem,
)

__all__ = ["Batch", "EndBatchItem", "RemoteHTTPTraceServer", "ServerInfoRes", "StartBatchItem"]
