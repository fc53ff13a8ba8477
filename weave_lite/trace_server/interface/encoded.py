"""The narrow door of a server in the same process: records whose values are JSON text.

The public door is typed and validated (``trace_server_interface``). On the hot path that would cost
a second walk over every value. So such a server may also take calls written already, and give them
unread. A server that does not is given the same records as typed requests by the recorder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weave_lite.trace_server.interface.calls import CallsQueryReq

__all__ = [
    "EncodedCall",
    "EncodedCallReader",
    "EncodedEnd",
    "EncodedFeedback",
    "EncodedFile",
    "EncodedObject",
    "EncodedRecord",
    "EncodedRecordWriter",
    "EncodedRowReader",
    "EncodedStart",
    "EncodedTable",
]


class EncodedStart(NamedTuple):
    """The start of a call. Times in microseconds since the epoch; ``*_json`` is compact JSON."""

    project_id: str
    id: str
    trace_id: str
    parent_id: str | None
    op_name: str
    display_name: str | None
    started_at: int
    attributes_json: str
    inputs_json: str
    input_refs: tuple[str, ...] = ()
    wb_user_id: str | None = None
    wb_run_id: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None


class EncodedEnd(NamedTuple):
    """The end of a call. ``exception`` is plain text, not JSON to the server."""

    project_id: str
    id: str
    ended_at: int
    exception: str | None
    output_json: str
    summary_json: str
    output_refs: tuple[str, ...] = ()


class EncodedObject(NamedTuple):
    """An object or op version (``kind`` is ``object`` or ``op``), digest at hand."""

    project_id: str
    kind: str
    object_id: str
    digest: str
    val_json: str
    base_object_class: str | None = None
    leaf_object_class: str | None = None
    wb_user_id: str | None = None


class EncodedTable(NamedTuple):
    """A table: digest, and per row its digest and compact JSON."""

    project_id: str
    digest: str
    row_digests: Sequence[str]
    rows_json: Sequence[str]


class EncodedFile(NamedTuple):
    """A file: digest and bytes."""

    project_id: str
    digest: str
    name: str
    content: bytes


class EncodedFeedback(NamedTuple):
    """A feedback of our own making: what a scorer said about a call."""

    project_id: str
    id: str
    weave_ref: str
    feedback_type: str
    payload_json: str
    runnable_ref: str | None = None
    call_ref: str | None = None
    trigger_ref: str | None = None
    wb_user_id: str | None = None


EncodedRecord = (
    EncodedStart | EncodedEnd | EncodedObject | EncodedTable | EncodedFile | EncodedFeedback
)


@runtime_checkable
class EncodedRecordWriter(Protocol):
    """A server that takes encoded records."""

    def write_encoded(self, records: Sequence[EncodedRecord]) -> None:
        """Write records in order, in one transaction; all of them or none.

        Raises:
            StoreError: Nothing was written.
        """


class EncodedCall(NamedTuple):
    """A call as it is read, its values still JSON text.

    Times are microseconds since the epoch. ``attributes_json``, ``inputs_json`` and ``output_json``
    are None when the columns were not asked for; ``output_json`` also while there is no output.
    ``summary_json`` holds what the server derives (``summary.weave``) already.
    """

    id: str
    project_id: str
    op_name: str
    display_name: str | None
    trace_id: str
    parent_id: str | None
    thread_id: str | None
    turn_id: str | None
    started_at: int
    attributes_json: str | None
    inputs_json: str | None
    ended_at: int | None
    exception: str | None
    output_json: str | None
    summary_json: str
    wb_user_id: str | None
    wb_run_id: str | None
    storage_size_bytes: int | None = None
    total_storage_size_bytes: int | None = None


@runtime_checkable
class EncodedCallReader(Protocol):
    """A server that gives calls with their values unread, for those who decode on demand."""

    def calls_query_encoded(self, req: CallsQueryReq) -> Iterator[EncodedCall]:
        """Read the calls that a query finds one by one, as ``calls_query_stream`` does.

        Raises:
            InvalidRequest: The query is refused; raised at once, not by the first call.
        """


@runtime_checkable
class EncodedRowReader(Protocol):
    """A server that gives rows of a table unread, by position."""

    def table_rows_encoded(
        self, project_id: str, digest: str, start: int, stop: int
    ) -> list[tuple[str, str]]:
        """Read rows of a table: of each its digest and its compact JSON. None of an unknown table."""
