"""The records of the recorder: written in order, in the transaction of the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.clock import now_micros
from weave_lite.trace_server.interface.encoded import (
    EncodedEnd,
    EncodedFeedback,
    EncodedFile,
    EncodedObject,
    EncodedStart,
    EncodedTable,
)
from weave_lite.trace_server.store import calls_write, files, object_versions, table_rows
from weave_lite.trace_server.store.projects import project_pk
from weave_lite.trace_server.user import default_user

if TYPE_CHECKING:
    from collections.abc import Sequence

    from weave_lite.trace_server.interface.encoded import EncodedRecord
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["without_surrogates", "write_records"]


def write_records(conn: StoreConnection, records: Sequence[EncodedRecord]) -> None:
    """Write records; content first, so that no call refers to what is not there.

    Args:
        conn: A connection inside a write transaction.
        records: Starts, ends, objects, tables, files and feedback, in the order they were made.
    """
    parts: list[EncodedStart | EncodedEnd] = []
    now = now_micros()
    user = ""
    scores: dict[str, list[EncodedFeedback]] = {}
    for record in records:
        if isinstance(record, EncodedStart | EncodedEnd):
            parts.append(record)
            continue
        if isinstance(record, EncodedFeedback):
            scores.setdefault(record.project_id, []).append(record)
            continue
        project = project_pk(conn, record.project_id, create=True)
        match record:
            case EncodedObject():
                # The user is looked up once for all records.
                user = user or default_user()
                writer = user if record.wb_user_id is None else record.wb_user_id
                object_versions.insert_version(conn, project, *record[1:-1], writer, now)
            case EncodedTable():
                table_rows.insert_table(conn, project, *record[1:])
            case EncodedFile():
                files.insert_file(conn, project, *record[1:])
    for project_id, group in scores.items():
        _insert_feedback(conn, project_id, group, user or default_user())
    calls_write.write_parts(conn, parts)


def _insert_feedback(
    conn: StoreConnection, project_id: str, records: Sequence[EncodedFeedback], user: str
) -> None:
    # Loaded with the first score: programs that only trace have none.
    from weave_lite.trace_server.store import feedback  # noqa: PLC0415

    rows = [
        feedback.NewFeedback(
            project_id,
            record.id,
            record.weave_ref,
            record.feedback_type,
            record.payload_json,
            creator=None,
            wb_user_id=user if record.wb_user_id is None else record.wb_user_id,
            annotation_ref=None,
            runnable_ref=record.runnable_ref,
            call_ref=record.call_ref,
            trigger_ref=record.trigger_ref,
        )
        for record in records
    ]
    feedback.create_many(conn, project_id, rows)


def without_surrogates(records: Sequence[EncodedRecord]) -> list[EncodedRecord]:
    r"""Copy records with lone surrogates as their escape (``\ud800``): UTF-8 has no form of them."""
    return [type(record)._make(map(_escaped, record)) for record in records]


def _escaped(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, tuple | list):
        return tuple(map(_escaped, value))
    return value
