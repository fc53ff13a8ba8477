"""The one line that takes the spans of a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from weave_lite.core.errors import UsageError
from weave_lite.integrations.opentelemetry.processor import WeaveSpanProcessor

if TYPE_CHECKING:
    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["trace_spans"]


def trace_spans(provider: Any = None, *, client: WeaveClient | None = None) -> WeaveSpanProcessor:
    """Store all spans of a tracer provider as calls from now on.

    Args:
        provider: The provider; by default the program's global one, which is made and set when
            there is none.
        client: Where to; by default the client that is active when a span ends.

    Returns:
        The processor, to flush it or shut it down. Spans are taken once per call of this function.

    Raises:
        UsageError: The provider is not one of the OpenTelemetry SDK.
    """
    if provider is None:
        provider = trace.get_tracer_provider()
        if isinstance(provider, trace.ProxyTracerProvider):
            provider = TracerProvider()
            trace.set_tracer_provider(provider)
    add = getattr(provider, "add_span_processor", None)
    if add is None:
        raise UsageError(
            f"provider must be a TracerProvider of the OpenTelemetry SDK, not "
            f"{type(provider).__name__}"
        )
    processor = WeaveSpanProcessor(client)
    add(processor)
    return processor
