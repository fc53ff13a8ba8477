"""What clients newer than the documented interface send: whole calls, tables of known rows, feedback
in batches. A server that offers these answers them in fewer requests.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

from pydantic import field_serializer

from weave_lite.trace_server.interface.calls import CallEndRes, CallStartRes
from weave_lite.trace_server.interface.feedback import FeedbackCreateReq, FeedbackCreateRes
from weave_lite.trace_server.interface.summaries import SummaryInsertMap
from weave_lite.trace_server.interface.wire import UtcDatetime, WireModel

__all__ = [
    "CallsUpsertCompleteReq",
    "CallsUpsertCompleteRes",
    "CompletedCallSchemaForInsert",
    "FeedbackCreateBatchReq",
    "FeedbackCreateBatchRes",
    "NewerClientServer",
    "TableCreateFromDigestsReq",
    "TableCreateFromDigestsRes",
]


class CompletedCallSchemaForInsert(WireModel):
    """A call with its start and its end."""

    project_id: str
    id: str
    op_name: str
    display_name: str | None = None
    trace_id: str
    parent_id: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None
    started_at: UtcDatetime
    ended_at: UtcDatetime
    exception: str | None = None
    attributes: dict[str, Any]
    inputs: dict[str, Any]
    output: Any | None = None
    summary: SummaryInsertMap
    # Filled by the server, never taken from a caller.
    wb_user_id: str | None = None
    wb_run_id: str | None = None

    @field_serializer("summary")
    def serialize_typed_dicts(self, v: dict[str, Any]) -> dict[str, Any]:
        """Write a dict with all its keys, also those that its type does not name."""
        return dict(v)


class CallsUpsertCompleteReq(WireModel):
    """Store whole calls in order, as if each came as a start and an end."""

    batch: list[CompletedCallSchemaForInsert]


class CallsUpsertCompleteRes(WireModel):
    """Two answers per call, in order: of its start and of its end."""

    res: list[CallStartRes | CallEndRes]


class TableCreateFromDigestsReq(WireModel):
    """Store a table whose rows are stored already."""

    project_id: str
    row_digests: list[str]
    expected_digest: str | None = None


class TableCreateFromDigestsRes(WireModel):
    """The digest of the table."""

    digest: str


class FeedbackCreateBatchReq(WireModel):
    """Store several feedbacks; all of them or none."""

    batch: list[FeedbackCreateReq]


class FeedbackCreateBatchRes(WireModel):
    """One answer per feedback, in order."""

    res: list[FeedbackCreateRes]


class NewerClientServer(Protocol):
    """What a server offers to newer clients."""

    @abstractmethod
    def calls_complete(self, req: CallsUpsertCompleteReq) -> CallsUpsertCompleteRes:
        """Store whole calls in order."""

    @abstractmethod
    def table_create_from_digests(
        self, req: TableCreateFromDigestsReq
    ) -> TableCreateFromDigestsRes:
        """Store a table whose rows are stored already."""

    @abstractmethod
    def feedback_create_batch(self, req: FeedbackCreateBatchReq) -> FeedbackCreateBatchRes:
        """Store several feedbacks."""
