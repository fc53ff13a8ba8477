"""Feedback: create, replace and purge. A row belongs to a project and is found by its id.

Rows come checked; the store only adds what it alone knows: the moment, the call, the free id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from weave_lite.core.clock import from_micros, now_micros
from weave_lite.core.errors import InvalidRequest
from weave_lite.core.ids import new_id
from weave_lite.core.jsontext import compact, parse
from weave_lite.core.refs import CallRef, maybe_parse_uri
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store.projects import project_pk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["NewFeedback", "create", "create_many", "purge", "replace"]


class NewFeedback(NamedTuple):
    """A checked feedback, its payload as JSON text.

    Attributes:
        id: As the caller gave it, or None to have one made.
        is_extended: Whether the server added to the payload, so that the answer has it.
    """

    project_id: str
    id: str | None
    weave_ref: str
    feedback_type: str
    payload_json: str
    creator: str | None
    wb_user_id: str
    annotation_ref: str | None
    runnable_ref: str | None
    call_ref: str | None
    trigger_ref: str | None
    is_extended: bool = False


# What two feedbacks of one id must have in common to be the same.
_CONTENT: Final = (
    "weave_ref, feedback_type, payload, creator, wb_user_id,"
    " annotation_ref, runnable_ref, call_ref, trigger_ref"
)
_SELECT_IDS: Final = (
    "SELECT 1 FROM feedback WHERE project = ? AND id IN (SELECT value FROM json_each(?)) LIMIT 1"
)
_SELECT: Final = f"SELECT created_at, {_CONTENT} FROM feedback WHERE project = ? AND id = ?"  # noqa: S608
_INSERT: Final = (
    f"INSERT INTO feedback (project, id, call_id, created_at, {_CONTENT})"  # noqa: S608
    f" VALUES ({', '.join('?' * 13)})"
)
_DELETE: Final = "DELETE FROM feedback WHERE project = ? AND id = ?"


def create(conn: StoreConnection, rows: Sequence[NewFeedback]) -> list[tsi.FeedbackCreateRes]:
    """Store feedback in order. A row whose id is there with the same content changes nothing.

    Args:
        conn: A connection inside a write transaction, so that all rows are stored or none.
        rows: What to store.

    Raises:
        InvalidRequest: An id is there with other content.
    """
    return [_create(conn, row) for row in rows]


def create_many(conn: StoreConnection, project_id: str, rows: Sequence[NewFeedback]) -> None:
    """Store feedback of one project whose ids are given, as ``create`` does but all at once.

    Raises:
        InvalidRequest: An id is there with other content.
    """
    ids = [row.id for row in rows]
    project = project_pk(conn, project_id, create=True)
    found = conn.raw.execute(_SELECT_IDS, (project, compact(ids))).fetchone()
    if found is not None or len(set(ids)) < len(ids):
        create(conn, rows)
        return
    now = now_micros()
    conn.raw.executemany(
        _INSERT,
        [
            (project, row.id, _call_id(project_id, row.weave_ref), now, *_content(row))
            for row in rows
        ],
    )


def replace(conn: StoreConnection, feedback_id: str, row: NewFeedback) -> tsi.FeedbackReplaceRes:
    """Delete a feedback, if it is there, and store another under a new id."""
    project = project_pk(conn, row.project_id, create=True)
    conn.raw.execute(_DELETE, (project, feedback_id))
    res = _create(conn, row)
    return tsi.FeedbackReplaceRes.from_trusted(dict(res))


def purge(conn: StoreConnection, project_id: str, ids: Sequence[str]) -> tsi.FeedbackPurgeRes:
    """Delete feedback by id, for good; unknown ids are ignored."""
    project = project_pk(conn, project_id, create=False)
    if project is not None:
        conn.raw.executemany(_DELETE, [(project, each) for each in ids])
    return tsi.FeedbackPurgeRes()


def _create(conn: StoreConnection, row: NewFeedback) -> tsi.FeedbackCreateRes:
    project = project_pk(conn, row.project_id, create=True)
    content = _content(row)
    if row.id is not None:
        found = conn.raw.execute(_SELECT, (project, row.id)).fetchone()
        if found is not None:
            if found[1:] != content:
                raise InvalidRequest(
                    f"id {row.id!r} is that of another feedback; leave it out to have one made, "
                    "or change the feedback with feedback_replace"
                )
            return _answer(row, row.id, found[0])
    feedback_id, created_at = row.id or new_id(), now_micros()
    call_id = _call_id(row.project_id, row.weave_ref)
    conn.raw.execute(_INSERT, (project, feedback_id, call_id, created_at, *content))
    return _answer(row, feedback_id, created_at)


def _content(row: NewFeedback) -> tuple[str | None, ...]:
    """Give the columns of ``_CONTENT``."""
    return (
        row.weave_ref,
        row.feedback_type,
        row.payload_json,
        row.creator,
        row.wb_user_id,
        row.annotation_ref,
        row.runnable_ref,
        row.call_ref,
        row.trigger_ref,
    )


def _answer(row: NewFeedback, feedback_id: str, created_at: int) -> tsi.FeedbackCreateRes:
    return tsi.FeedbackCreateRes.from_trusted(
        {
            "id": feedback_id,
            "created_at": from_micros(created_at),
            "wb_user_id": row.wb_user_id,
            "payload": parse(row.payload_json) if row.is_extended else {},
        }
    )


def _call_id(project_id: str, weave_ref: str) -> str | None:
    """Name the call that a feedback is about; None when it is about something else."""
    ref = maybe_parse_uri(weave_ref)
    if not isinstance(ref, CallRef) or ref.project_id != project_id or ref.extra:
        return None
    return ref.id
