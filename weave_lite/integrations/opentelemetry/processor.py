"""The processor: notes in which call a span begins, and writes the span there when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.sdk.trace import SpanProcessor

from weave_lite.integrations.opentelemetry.exporter import LOGGER_NAME, WeaveSpanExporter
from weave_lite.integrations.opentelemetry.span_notes import SpanNotes
from weave_lite.trace.guard import captured

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span

    from weave_lite.trace.weave_client import WeaveClient

__all__ = ["WeaveSpanProcessor"]


class WeaveSpanProcessor(SpanProcessor):
    """Stores spans as calls, each where it began.

    A span begun inside an op becomes that op's child, in the op's trace; spans below it keep their
    own parents, and all count in the op's summary. Spans begun inside ``tracing_disabled()``, or
    below an op that its sampling rate leaves out, are not stored. It needs no batching: the
    client's recorder does that.

    Args:
        client: The client; by default the active one at the end of a span.

    Example:
        Add it to a provider::

            provider = TracerProvider()
            provider.add_span_processor(WeaveSpanProcessor())
    """

    def __init__(self, client: WeaveClient | None = None) -> None:
        self._exporter = WeaveSpanExporter(client)
        self._notes = SpanNotes()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note the call that runs where the span begins."""
        del parent_context
        try:
            self._notes.begin(span)
        except Exception as error:
            captured("Error noting the call of a span", error, logger=LOGGER_NAME)

    def on_end(self, span: ReadableSpan) -> None:
        """Write the span."""
        try:
            self._write(span)
        except Exception as error:
            captured("Error storing a span", error, logger=LOGGER_NAME)

    def _write(self, span: ReadableSpan) -> None:
        note = self._notes.end(span)
        if span.context is None or not span.context.trace_flags.sampled:
            return
        if note is None:
            self._exporter.write(span)
        elif not note.is_untraced:
            client = self._exporter.client
            if note.call_id and client and client.project_id != note.project_id:
                # The client was changed since; a call has no children in another project.
                self._exporter.write(span)
                return
            end = self._exporter.write(span, note.place)
            if end is not None:
                self._notes.add_up(span, note, end)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until all spans that have ended are written.

        Returns:
            Whether they were within the time.
        """
        return self._exporter.force_flush(timeout_millis)

    def shutdown(self) -> None:
        """Write what has ended, and store no more spans. The client stays as it is."""
        self._exporter.shutdown()
