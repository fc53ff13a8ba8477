"""Calls: the feedback on each, as ``summary.weave.feedback``, oldest first."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core.clock import from_micros
from weave_lite.core.jsontext import compact, parse

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from weave_lite.trace_server import trace_server_interface as tsi
    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["add", "with_dates"]

_FIELDS: Final = (
    "id",
    "feedback_type",
    "weave_ref",
    "payload",
    "creator",
    "created_at",
    "wb_user_id",
    "runnable_ref",
    "call_ref",
    "trigger_ref",
    "annotation_ref",
)
# The index by call is partial: the second condition says so to SQLite; and the pluses keep it from
# walking the index on time instead.
_SELECT: Final = (
    f"SELECT call_id, {', '.join(_FIELDS)} FROM feedback"  # noqa: S608 - all texts of this module
    " WHERE project = ? AND call_id IS NOT NULL AND call_id IN (SELECT value FROM json_each(?))"
    " ORDER BY +created_at, +id"
)


def add(conn: StoreConnection, project: int, calls: Sequence[EncodedCall]) -> list[EncodedCall]:
    """Put the feedback of calls into their summaries; an empty list where there is none.

    Args:
        conn: A connection; all is read of its snapshot.
        project: Integer of the calls' project.
        calls: Calls as they are stored.
    """
    found = _by_call(conn.raw, project, [call.id for call in calls])
    return [_with_feedback(call, found.get(call.id, [])) for call in calls]


def with_dates(call: tsi.CallSchema) -> tsi.CallSchema:
    """Read the dates of the feedback in a decoded call, as the wire model would."""
    summary: Any = call.summary
    for row in summary["weave"]["feedback"]:
        row["created_at"] = dt.datetime.fromisoformat(row["created_at"])
    return call


def _by_call(
    raw: sqlite3.Connection, project: int, call_ids: list[str]
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for call_id, *values in raw.execute(_SELECT, (project, compact(call_ids))):
        row = dict(zip(_FIELDS, values, strict=True))
        row["payload"] = parse(row["payload"])
        row["created_at"] = from_micros(row["created_at"]).isoformat().replace("+00:00", "Z")
        found.setdefault(call_id, []).append(row)
    return found


def _with_feedback(call: EncodedCall, rows: list[dict[str, Any]]) -> EncodedCall:
    summary = parse(call.summary_json)
    summary["weave"]["feedback"] = rows
    return call._replace(summary_json=compact(summary))
