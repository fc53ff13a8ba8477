"""The exporter: ended spans become records of a client. It never raises into the SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from weave_lite.core import jsontext
from weave_lite.core.errors import InvalidRequest
from weave_lite.integrations.opentelemetry.sdk_span import read_span
from weave_lite.serialize.redact import has_key, redact
from weave_lite.trace.call_context import tracing_disabled
from weave_lite.trace.client_context import active
from weave_lite.trace.guard import captured, warn
from weave_lite.trace_server.otel.span_call import call_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from weave_lite.trace.weave_client import WeaveClient
    from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
    from weave_lite.trace_server.otel.span_call import Place

__all__ = ["LOGGER_NAME", "WeaveSpanExporter"]

LOGGER_NAME: Final = "weave_lite.integrations.opentelemetry"
_EXIT_S: Final = 5.0


class WeaveSpanExporter(SpanExporter):
    """Writes spans into the store of a client, as calls.

    Spans keep their own parents. For spans begun inside ops use :class:`WeaveSpanProcessor` (or
    ``trace_spans``), which sees where they begin; an exporter sees only where they end.

    Args:
        client: The client; by default the active one at the moment of an export.

    Example:
        >>> exporter = WeaveSpanExporter()
        >>> exporter.force_flush()
        True
    """

    def __init__(self, client: WeaveClient | None = None) -> None:
        self._client = client
        self._is_shut_down = False

    @property
    def client(self) -> WeaveClient | None:
        """Where spans go now; None when that is nowhere."""
        return self._client or active.client

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand spans to the client's recorder. A span that cannot be stored is logged and left out."""
        written = [self.write(span) for span in spans]
        return SpanExportResult.FAILURE if None in written else SpanExportResult.SUCCESS

    def write(self, span: ReadableSpan, place: Place | None = None) -> EncodedEnd | None:
        """Hand one span to the client's recorder.

        Args:
            span: The ended span.
            place: Trace and parent, when the span was begun inside a call.

        Returns:
            The end as it was handed over; None when there is no client, or the span is refused.
        """
        if self._is_shut_down:
            return None
        client = self.client
        if client is None:
            if active.is_unset:
                warn(
                    "spans are not stored, because no client is active; "
                    "call weave.init('my-project') first",
                    logger=LOGGER_NAME,
                )
            return None
        try:
            start, end = call_of(read_span(span), client.project_id, place=place)
            # What an instrumented database driver does for us is no span of the user's.
            with tracing_disabled():
                _put(client, start, end)
        except InvalidRequest as error:
            warn(f"a span cannot be stored, it is lost: {error}", logger=LOGGER_NAME)
            return None
        except Exception as error:
            captured("Error storing a span", error, logger=LOGGER_NAME)
            return None
        return end

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until all that was handed over is written.

        Returns:
            Whether it was within the time.
        """
        client = self.client
        return client is None or client.recorder.flush(timeout_millis / 1000)

    def shutdown(self) -> None:
        """Write what was handed over and take no more. The client stays as it is."""
        self._is_shut_down = True
        client = self.client
        if client is not None:
            client.recorder.flush(_EXIT_S)


def _put(client: WeaveClient, start: EncodedStart, end: EncodedEnd) -> None:
    inputs, attributes = _redacted(start.inputs_json), _redacted(start.attributes_json)
    output = _redacted(end.output_json)
    start = start._replace(inputs_json=inputs, attributes_json=attributes)
    client.recorder.put(start, len(inputs) + len(attributes))
    client.recorder.put(end._replace(output_json=output), len(output))


def _redacted(text: str) -> str:
    """Replace the values of sensitive keys, as in the inputs of ops."""
    if has_key(text.encode()) is None:
        return text
    tree: Any = jsontext.parse(text)
    return jsontext.compact(redact(tree))
