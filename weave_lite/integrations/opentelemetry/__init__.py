"""OpenTelemetry spans written straight into the store; needs the package ``opentelemetry-sdk``.

One line takes the spans of any instrumentation::

    from weave_lite.integrations.opentelemetry import trace_spans

    weave.init("my-project")
    trace_spans()

A span begun inside an op is that op's child. An op called inside a span does not become the span's:
it is the child of the op around both, or a root.
"""

from __future__ import annotations

try:
    from weave_lite.integrations.opentelemetry.exporter import WeaveSpanExporter
    from weave_lite.integrations.opentelemetry.install import trace_spans
    from weave_lite.integrations.opentelemetry.processor import WeaveSpanProcessor
except ModuleNotFoundError as error:
    if not (error.name or "").startswith("opentelemetry"):
        raise
    raise ImportError(
        "weave_lite.integrations.opentelemetry needs the OpenTelemetry SDK: "
        "pip install opentelemetry-sdk"
    ) from error

__all__ = ["WeaveSpanExporter", "WeaveSpanProcessor", "trace_spans"]
