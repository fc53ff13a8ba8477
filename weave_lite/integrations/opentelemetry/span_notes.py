"""Where spans began: a bounded memory from spans to the calls around them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from weave_lite.core import jsontext
from weave_lite.integrations.opentelemetry.tally import Tally
from weave_lite.trace.context import call_stack, thread_scope, tracing_enabled
from weave_lite.trace.summary import add_counts
from weave_lite.trace_server.otel.span_call import Place

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext

    from weave_lite.trace.call import Call
    from weave_lite.trace_server.interface.encoded import EncodedEnd

__all__ = ["Note", "SpanNotes"]

# Spans that never end must not fill the memory.
_MAX_OPEN: Final = 100_000
# Spans may begin below one that has ended already.
_MAX_ENDED: Final = 1_000


class Note(NamedTuple):
    """Where a span began."""

    place: Place
    # The call around it, if there is one, and the project of that.
    call_id: str = ""
    project_id: str = ""
    is_untraced: bool = False
    # What the spans below it add up to.
    tally: Tally | None = None
    # The call, when it is the parent of the span and the span is open.
    parent: Call | None = None


_UNTRACED: Final = Note(Place(""), is_untraced=True)
_Key = tuple[int, int]


class SpanNotes:
    """Remembers, for spans of one provider, the call in which each began."""

    def __init__(self) -> None:
        self._open: dict[_Key, Note] = {}
        self._ended: dict[_Key, Note] = {}

    def begin(self, span: ReadableSpan) -> None:
        """Note where a span begins: in this context, below the span that is its parent."""
        key = _key(span.context)
        if key is None:
            return
        note = _note(key, self._find(span.parent))
        if note is not None:
            _remember(self._open, key, note, _MAX_OPEN)

    def end(self, span: ReadableSpan) -> Note | None:
        """Return where a span began; None when it is by itself."""
        key = _key(span.context)
        note = None if key is None else self._open.pop(key, None)
        if key is not None and note is not None:
            # What has ended holds no call, which would hold its inputs.
            _remember(self._ended, key, note._replace(parent=None), _MAX_ENDED)
        return note

    def add_up(self, span: ReadableSpan, note: Note, end: EncodedEnd) -> None:
        """Add an ended span to what is above it, as an op that ends does.

        Args:
            span: The span.
            note: Where it began.
            end: The end of its call.
        """
        below = note.tally or Tally()
        # A span that has spans below may tell their tokens once more; they count once.
        usage = below.usage or jsontext.parse(end.summary_json).get("usage", {})
        successes = below.successes + (end.exception is None)
        errors = below.errors + (end.exception is not None)
        if note.parent is not None:
            add_counts(note.parent, successes, errors, {"usage": usage} if usage else None)
            return
        above = self._find(span.parent)
        if above is not None and above.tally is not None:
            above.tally.add(successes, errors, usage)

    def _find(self, context: SpanContext | None) -> Note | None:
        key = _key(context)
        return None if key is None else self._open.get(key) or self._ended.get(key)


def _note(key: _Key, above: Note | None) -> Note | None:
    if not tracing_enabled.get():
        return _UNTRACED
    stack = call_stack.get()
    call: Call | None = None if stack is None else stack[0]
    if call is not None and call.id and (above is None or above.call_id != call.id):
        thread_id, turn_id = _thread(key, call.thread_id, call.turn_id)
        place = Place(call.trace_id, call.id, thread_id, turn_id)
        return Note(place, call.id, call.project_id, tally=Tally(), parent=call)
    if above is not None:
        if above.is_untraced:
            return above
        # Below the span that was begun in the call: the parent is that span.
        thread_id, turn_id = _thread(key, above.place.thread_id, above.place.turn_id)
        if thread_id is None:
            # The span began where the context of the call is not seen.
            thread_id, turn_id = above.place.thread_id, above.place.turn_id
        place = Place(above.place.trace_id, None, thread_id, turn_id)
        return above._replace(place=place, tally=Tally(), parent=None)
    thread_id, turn_id = _thread(key, None, None)
    return None if thread_id is None else Note(Place(f"{key[0]:032x}", None, thread_id, turn_id))


def _thread(
    key: _Key, above_id: str | None, above_turn: str | None
) -> tuple[str | None, str | None]:
    """Return thread and turn; a span whose parent is not in the same thread is a turn."""
    thread_id = thread_scope.get()
    if thread_id is None:
        return None, None
    return thread_id, above_turn if above_id == thread_id else f"{key[1]:016x}"


def _key(context: SpanContext | None) -> _Key | None:
    return None if context is None else (context.trace_id, context.span_id)


def _remember(notes: dict[_Key, Note], key: _Key, note: Note, limit: int) -> None:
    notes[key] = note
    if len(notes) > limit:
        # The oldest goes, unless another thread is about to take it too.
        with suppress(RuntimeError, StopIteration):
            notes.pop(next(iter(notes)), None)
