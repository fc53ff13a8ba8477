"""The trace server behind a URL, as the settings in force want it: retries, time limit, cache.

Needs the extra ``remote``; loaded only when a URL is the place of the traces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weave_lite.trace_server_bindings.http_transport import RetryPolicy
from weave_lite.trace_server_bindings.remote_http_trace_server import RemoteHTTPTraceServer

if TYPE_CHECKING:
    from weave_lite.trace.settings import Settings
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["remote_server"]


def remote_server(url: str, settings: Settings) -> TraceServerInterface:
    """Make a client of a trace server; its key is ``WANDB_API_KEY``, or that of the netrc file.

    Args:
        url: Where it is.
        settings: The settings in force.

    Raises:
        UsageError: It is no HTTP URL.
    """
    server = RemoteHTTPTraceServer.at(
        url,
        retries=RetryPolicy(settings.retry_max_attempts, settings.retry_max_interval),
        timeout_s=settings.http_timeout or None,
        max_calls_queue_size=settings.max_calls_queue_size,
    )
    if not settings.use_server_cache:
        return server
    from weave_lite.trace_server_bindings.caching_middleware_trace_server import (  # noqa: PLC0415 - only when asked for
        CachingMiddlewareTraceServer,
    )

    return CachingMiddlewareTraceServer(
        server, settings.server_cache_dir, settings.server_cache_size_limit
    )
