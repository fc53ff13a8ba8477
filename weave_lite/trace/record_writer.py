"""How a batch of encoded records reaches a server: as it is, or as typed requests."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from weave_lite.core import clock, jsontext
from weave_lite.core.errors import NotFoundError, NotSupportedError
from weave_lite.trace_server.interface.encoded import (
    EncodedEnd,
    EncodedFeedback,
    EncodedFile,
    EncodedObject,
    EncodedRecord,
    EncodedStart,
    EncodedTable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from weave_lite.trace_server import trace_server_interface as tsi
    from weave_lite.trace_server.interface.encoded import EncodedRecordWriter
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["writer_for"]

# A payload may have a MiB.
_MOST_FEEDBACK = 100


def writer_for(
    server: EncodedRecordWriter | TraceServerInterface,
) -> Callable[[Sequence[EncodedRecord]], None]:
    """Return the function that writes a batch of records to a server."""
    write_encoded: Callable[[Sequence[EncodedRecord]], None] | None = getattr(
        server, "write_encoded", None
    )
    if write_encoded is not None:
        return write_encoded
    return _TypedWriter(server).write


class _TypedWriter:
    """Writes a batch in few requests: what calls refer to, the calls, what is said about them.

    Args:
        server: A trace server.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        # Servers of the first generation take one feedback at a time.
        self._create_batch: Any = getattr(server, "feedback_create_batch", None)

    def write(self, records: Sequence[EncodedRecord]) -> None:
        calls: list[EncodedRecord] = []
        feedback: list[EncodedFeedback] = []
        for record in records:
            if isinstance(record, EncodedStart | EncodedEnd):
                calls.append(record)
            elif isinstance(record, EncodedFeedback):
                feedback.append(record)
            else:
                _write_content(self._server, record)
        if calls:
            _write_calls(self._server, calls)
        remaining = iter(feedback)
        while part := list(islice(remaining, _MOST_FEEDBACK)):
            self._write_feedback(part)

    def _write_feedback(self, records: list[EncodedFeedback]) -> None:
        from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415 - needs pydantic

        reqs = [_feedback_req(record) for record in records]
        if len(reqs) > 1 and self._create_batch is not None:
            try:
                self._create_batch(tsi.FeedbackCreateBatchReq(batch=reqs))
            except (NotFoundError, NotSupportedError):
                self._create_batch = None
            else:
                return
        for req in reqs:
            self._server.feedback_create(req)


def _write_calls(server: TraceServerInterface, records: Iterable[EncodedRecord]) -> None:
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415 - needs pydantic

    batch: list[Any] = []
    for record in records:
        if isinstance(record, EncodedStart):
            start = tsi.StartedCallSchemaForInsert(
                project_id=record.project_id,
                id=record.id,
                op_name=record.op_name,
                display_name=record.display_name,
                trace_id=record.trace_id,
                parent_id=record.parent_id,
                started_at=clock.from_micros(record.started_at),
                attributes=jsontext.parse(record.attributes_json),
                inputs=jsontext.parse(record.inputs_json),
                wb_user_id=record.wb_user_id,
                wb_run_id=record.wb_run_id,
                thread_id=record.thread_id,
                turn_id=record.turn_id,
            )
            batch.append(tsi.CallBatchStartMode(req=tsi.CallStartReq(start=start)))
        elif isinstance(record, EncodedEnd):
            end = tsi.EndedCallSchemaForInsert(
                project_id=record.project_id,
                id=record.id,
                ended_at=clock.from_micros(record.ended_at),
                exception=record.exception,
                output=jsontext.parse(record.output_json),
                summary=jsontext.parse(record.summary_json),
            )
            batch.append(tsi.CallBatchEndMode(req=tsi.CallEndReq(end=end)))
    server.call_start_batch(tsi.CallCreateBatchReq(batch=batch))


def _write_content(server: TraceServerInterface, record: EncodedRecord) -> None:
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415 - needs pydantic

    if isinstance(record, EncodedObject):
        server.obj_create(
            tsi.ObjCreateReq(
                obj=tsi.ObjSchemaForInsert(
                    project_id=record.project_id,
                    object_id=record.object_id,
                    val=jsontext.parse(record.val_json),
                    wb_user_id=record.wb_user_id,
                )
            )
        )
    elif isinstance(record, EncodedTable):
        rows = [jsontext.parse(row) for row in record.rows_json]
        server.table_create(
            tsi.TableCreateReq(
                table=tsi.TableSchemaForInsert(project_id=record.project_id, rows=rows)
            )
        )
    elif isinstance(record, EncodedFile):
        server.file_create(
            tsi.FileCreateReq(
                project_id=record.project_id, name=record.name, content=record.content
            )
        )


def _feedback_req(record: EncodedFeedback) -> tsi.FeedbackCreateReq:
    from weave_lite.trace_server import trace_server_interface as tsi  # noqa: PLC0415 - needs pydantic

    return tsi.FeedbackCreateReq(
        project_id=record.project_id,
        # So that a batch that is sent again stores nothing twice.
        id=record.id,
        weave_ref=record.weave_ref,
        feedback_type=record.feedback_type,
        payload=jsontext.parse(record.payload_json),
        runnable_ref=record.runnable_ref,
        call_ref=record.call_ref,
        trigger_ref=record.trigger_ref,
        wb_user_id=record.wb_user_id,
    )
