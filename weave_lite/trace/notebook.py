"""What notebooks show of calls, tables and records: reads them, in bounds, and hands on plain values.

Nothing is traced meanwhile, and nothing raises.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from weave_lite.core.refs import ObjectRef, TableRef
from weave_lite.display.call_words import when
from weave_lite.display.feedback_words import feedback_words
from weave_lite.display.html.call_card import call_card
from weave_lite.display.html.call_view import CallView
from weave_lite.display.html.calls_table import calls_table
from weave_lite.display.html.object_card import object_card
from weave_lite.display.html.plain import html_or_repr
from weave_lite.display.html.rows_table import rows_table, with_flat_scores
from weave_lite.display.html.values import Named, Shown, as_it_is, safe_repr
from weave_lite.serialize.redact import REDACTED, SENSITIVE_KEYS
from weave_lite.serialize.registry import is_op
from weave_lite.trace.call import Call
from weave_lite.trace.context import tracing_disabled
from weave_lite.trace.notebook_pictures import picture_of
from weave_lite.trace.table import Table
from weave_lite.trace.undecoded import Undecoded
from weave_lite.trace.values.record import WeaveObject, class_name_of, fields_of
from weave_lite.trace.values.table import WeaveTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from weave_lite.trace.calls_iter import PaginatedIterator
    from weave_lite.trace.feedback import Feedbacks
    from weave_lite.trace.grid import Grid
    from weave_lite.trace_server.interface.feedback import Feedback

__all__ = [
    "bundle",
    "call_html",
    "facts_html",
    "feedback_html",
    "found_html",
    "grid_html",
    "look",
    "object_html",
    "record_html",
    "rows_html",
]

_MAX_FOUND = 50
_MAX_ROWS = 20
_MAX_BELOW = 200
_MAX_COUNTED = 10_000
_DIGEST_LENGTH = 43
_SHORT_DIGEST = 6
# More of a dict is never shown.
_MAX_KEYS = 1000
# A stored text longer than this is not decoded for the sake of its first words.
_MAX_DECODED = 4096


def bundle(value: Any) -> dict[str, str]:
    """Give a value in both forms that a notebook stores."""
    with tracing_disabled():
        return {"text/plain": safe_repr(value), "text/html": value._repr_html_()}


def call_html(call: Call) -> str:
    """Show a call and what is below it."""

    def make() -> str:
        below = _below(call)
        return call_card(
            _view(call, is_whole=True), below[:_MAX_BELOW], look, is_all=len(below) <= _MAX_BELOW
        )

    return _shown(call, make)


def found_html(found: PaginatedIterator[Any]) -> str:
    """Show what a query finds: its first results, and how many there are."""

    def make() -> str:
        first = found[:_MAX_FOUND]
        count = len(first) if len(first) < _MAX_FOUND else found.count_up_to(_MAX_COUNTED + 1)
        if all(isinstance(item, Call) for item in first):
            words = f"{_MAX_COUNTED:,}+" if count > _MAX_COUNTED else f"{count:,}"
            return calls_table([_view(call) for call in first], words, look)
        return rows_table("Results", [_as_row(item) for item in first], count, look)

    return _shown(found, make)


def rows_html(value: Table | WeaveTable) -> str:
    """Show the first rows of a table, and how many there are."""
    return _shown(value, lambda: _rows(value, value, type(value).__name__))


def object_html(value: Any) -> str:
    """Show an object: as its rows where it has such, else as its fields that are set."""
    return _shown(value, lambda: _card(value, as_it_is(value)))


def record_html(record: WeaveObject) -> str:
    """Show a record as its fields; nothing is fetched."""
    return _shown(record, lambda: _card(record, Named(class_name_of(record), fields_of(record))))


def feedback_html(value: Any, read: Callable[[], Feedbacks]) -> str:
    """Show feedback: one as a card, several as a table.

    Args:
        value: What is shown.
        read: Reads the feedback.
    """

    def make() -> str:
        found = read()
        rows = [_feedback_row(each, show_ref=found.show_refs) for each in found[:_MAX_FOUND]]
        if len(found) == 1:
            return object_card("Feedback", rows[0], look)
        return rows_table("Feedback", rows, len(found), look)

    return _shown(value, make)


def facts_html(value: Any, title: str, facts: Callable[[], dict[str, Any]]) -> str:
    """Show what an object says of itself.

    Args:
        value: What is shown; its ``ref`` is named, if it has one.
        title: What it is.
        facts: Gives what there is to say.
    """
    return _shown(value, lambda: object_card(title, facts(), look, note=_uri(value)))


def grid_html(grid: Grid) -> str:
    """Show the first rows of a grid."""

    def make() -> str:
        titles = [column.title for column in grid.columns]
        names = [
            title if titles.count(title) == 1 else f"{title} ({column.id})"
            for title, column in zip(titles, grid.columns, strict=True)
        ]
        rows = [dict(zip(names, row, strict=True)) for row in grid.rows[:_MAX_FOUND]]
        return rows_table(grid.name or "Grid", list(map(_redacted, rows)), len(grid), look)

    return _shown(grid, make)


def look(value: Any) -> Any:
    """See what the SDK hands out as plain values; nothing is fetched."""
    if isinstance(value, WeaveObject):
        return Named(class_name_of(value), fields_of(value))
    if isinstance(value, WeaveTable | Table):
        count = len(value)
        return Shown(f"{type(value).__name__} of {count:,} {'row' if count == 1 else 'rows'}")
    if isinstance(value, ObjectRef | TableRef):
        uri = value.uri()
        return Shown(uri, _short(uri))
    if is_op(value):
        return Shown(f"op {value.name}")
    if isinstance(value, dict):
        return _redacted(value)
    seen = picture_of(value) or as_it_is(value)
    if not isinstance(seen, Named):
        return seen
    fields = seen.fields
    if seen is not value:
        fields = {
            name: item
            for name, item in fields.items()
            if name != "ref" and not (item is None and name in {"name", "description"})
        }
    return Named(seen.title, _redacted(fields))


def _shown(value: Any, make: Callable[[], str]) -> str:
    with tracing_disabled():
        return html_or_repr(value, make)


def _redacted(holder: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """A dict without its secrets: a notebook is shared, and a live call still has them."""
    keys = [
        key
        for key in islice(holder, _MAX_KEYS)
        if isinstance(key, str) and key.lower() in SENSITIVE_KEYS
    ]
    return {**holder, **dict.fromkeys(keys, REDACTED)} if keys else holder


def _card(value: Any, seen: Named) -> str:
    rows, name = seen.fields.get("rows"), seen.fields.get("name")
    title = f"{seen.title} {name}" if isinstance(name, str) and name else seen.title
    if isinstance(rows, Table | WeaveTable):
        return _rows(value, rows, title)
    fields = {key: field for key, field in seen.fields.items() if field is not None}
    for key in ("ref", "name"):
        fields.pop(key, None)
    return object_card(title, fields, look, note=_uri(value))


def _rows(value: Any, rows: Table | WeaveTable, title: str) -> str:
    first = with_flat_scores([_redacted(row) for row in rows[:_MAX_ROWS]])
    return rows_table(title, first, len(rows), look, note=_uri(value))


def _below(call: Call) -> list[CallView]:
    """Read the calls below one, level by level; one more than are shown where there are more."""
    actions = call._actions  # noqa: SLF001 - the card is part of the call
    ids = [] if call.id is None or actions is None else [call.id]
    below: list[CallView] = []
    while ids and actions is not None and len(below) <= _MAX_BELOW:
        most = _MAX_BELOW + 1 - len(below)
        level = actions.get_calls(filter={"parent_ids": ids}, limit=most)
        views = [_view(child) for child in level]
        below += views
        ids = [view.id for view in views if view.id is not None]
    return below


def _view(call: Call, *, is_whole: bool = False) -> CallView:
    name = call.display_name
    weave = call.summary.get("weave") if isinstance(call.summary, dict) else None
    if not isinstance(name, str):
        name = (weave or {}).get("trace_name") if isinstance(weave, dict) else None
    return CallView(
        id=call.id,
        parent_id=call.parent_id,
        name=str(name or call.func_name),
        status=call.status,
        started_at=call.started_at,
        ended_at=call.ended_at,
        inputs=call.inputs if is_whole else _start_of(call, "inputs"),
        output=call.output if is_whole else _start_of(call, "output"),
        exception=call.exception,
        summary=call.summary if isinstance(call.summary, dict) else {},
        attributes=dict(call.attributes) if is_whole else None,
        uri=call.ui_url if is_whole and call.id else "",
        about={
            "user": call.wb_user_id,
            "run": call.wb_run_id,
            "thread": call.thread_id,
            "turn": call.turn_id,
        },
    )


def _start_of(call: Call, name: str) -> Any:
    """A value for a line: the head of its stored text where it is long."""
    stored = getattr(call, f"_{name}")
    if type(stored) is Undecoded and isinstance(stored.value, str):
        text: str = stored.value
        if len(text) > _MAX_DECODED:
            return text[:_MAX_DECODED]
    return getattr(call, name)


def _short(uri: str) -> str:
    """The name of what a ref points to, the start of its digest, and the end of its path."""
    address, *path = uri.split("/", 6)[-1].split("/")
    name, _, digest = address.partition(":")
    return "/".join([f"{name}:{_start(digest)}", *(_start(part) for part in path[-1:])])


def _start(text: str) -> str:
    return text if len(text) <= _DIGEST_LENGTH // 2 else f"{text[:_SHORT_DIGEST]}…"


def _feedback_row(each: Feedback, *, show_ref: bool) -> dict[str, Any]:
    kind, content = feedback_words(each.feedback_type, each.payload)
    row: dict[str, Any] = {"type": kind, "feedback": content}
    row |= {"created": when(each.created_at), "id": each.id, "creator": each.creator}
    return {"about": each.weave_ref, **row} if show_ref else row


def _as_row(item: Any) -> Mapping[str, Any]:
    if isinstance(item, dict):
        return item
    to_dict = getattr(item, "to_dict", None)
    row = to_dict() if callable(to_dict) else None
    if isinstance(row, dict):
        return row
    seen = look(item)
    return seen.fields if isinstance(seen, Named) else {"value": item}


def _uri(value: Any) -> str:
    ref = getattr(value, "ref", None)
    return ref.uri() if isinstance(ref, ObjectRef | TableRef) else ""
