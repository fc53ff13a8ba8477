"""Calls: their records, requests and responses, and what a server of calls does."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator  # noqa: TC003 - hints can be read at run time
from typing import Annotated, Any, Protocol

from pydantic import Discriminator, Tag, field_serializer

from weave_lite.trace_server.interface.query import Query, SortBy
from weave_lite.trace_server.interface.summaries import (
    SummaryInsertMap,
    SummaryMap,
)
from weave_lite.trace_server.interface.wire import UtcDatetime, WireModel

__all__ = [
    "CallBatchEndMode",
    "CallBatchStartMode",
    "CallCreateBatchReq",
    "CallCreateBatchRes",
    "CallEndReq",
    "CallEndRes",
    "CallReadReq",
    "CallReadRes",
    "CallSchema",
    "CallServer",
    "CallStartReq",
    "CallStartRes",
    "CallUpdateReq",
    "CallUpdateRes",
    "CallsDeleteReq",
    "CallsDeleteRes",
    "CallsFilter",
    "CallsQueryReq",
    "CallsQueryRes",
    "CallsQueryStatsReq",
    "CallsQueryStatsRes",
    "EndedCallSchemaForInsert",
    "StartedCallSchemaForInsert",
]


# --- records ---


class CallSchema(WireModel):
    """A call as it is read."""

    id: str
    project_id: str
    op_name: str
    display_name: str | None = None
    trace_id: str
    parent_id: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None
    started_at: UtcDatetime
    attributes: dict[str, Any]
    inputs: dict[str, Any]
    ended_at: UtcDatetime | None = None
    exception: str | None = None
    output: Any | None = None
    summary: SummaryMap | None = None
    wb_user_id: str | None = None
    wb_run_id: str | None = None
    deleted_at: UtcDatetime | None = None
    storage_size_bytes: int | None = None
    total_storage_size_bytes: int | None = None

    @field_serializer("attributes", "summary", when_used="unless-none")
    def serialize_typed_dicts(self, v: dict[str, Any]) -> dict[str, Any]:
        """Write a dict with all its keys, also those that its type does not name."""
        return dict(v)


class StartedCallSchemaForInsert(WireModel):
    """The start of a call; ``id`` and ``trace_id`` are made by the server when absent."""

    project_id: str
    id: str | None = None
    op_name: str
    display_name: str | None = None
    trace_id: str | None = None
    parent_id: str | None = None
    thread_id: str | None = None
    turn_id: str | None = None
    started_at: UtcDatetime
    attributes: dict[str, Any]
    inputs: dict[str, Any]
    # Filled by the server, never taken from a caller.
    wb_user_id: str | None = None
    wb_run_id: str | None = None


class EndedCallSchemaForInsert(WireModel):
    """The end of a call; ``exception`` is set if it failed."""

    project_id: str
    id: str
    ended_at: UtcDatetime
    exception: str | None = None
    output: Any | None = None
    summary: SummaryInsertMap

    @field_serializer("summary")
    def serialize_typed_dicts(self, v: dict[str, Any]) -> dict[str, Any]:
        """Write a dict with all its keys, also those that its type does not name."""
        return dict(v)


# --- start, end, batch ---


class CallStartReq(WireModel):
    """Store the start of a call."""

    start: StartedCallSchemaForInsert


class CallStartRes(WireModel):
    """The ids of a started call."""

    id: str
    trace_id: str


class CallEndReq(WireModel):
    """Store the end of a call."""

    end: EndedCallSchemaForInsert


class CallEndRes(WireModel):
    """The end of a call is stored."""


class CallBatchStartMode(WireModel):
    """A start in a batch."""

    mode: str = "start"
    req: CallStartReq


class CallBatchEndMode(WireModel):
    """An end in a batch."""

    mode: str = "end"
    req: CallEndReq


def _batch_mode(item: Any) -> str:
    """Tell a start from an end; one of another mode goes by its content, for the server to refuse."""
    if isinstance(item, CallBatchStartMode):
        return "start"
    if isinstance(item, CallBatchEndMode):
        return "end"
    if not isinstance(item, dict):
        return "start"
    mode = item.get("mode")
    if isinstance(mode, str) and mode in {"start", "end"}:
        return str(mode)
    req = item.get("req")
    is_end = isinstance(req, CallEndReq) or (isinstance(req, dict) and "end" in req)
    return "end" if is_end else "start"


CallBatchItem = Annotated[
    Annotated[CallBatchStartMode, Tag("start")] | Annotated[CallBatchEndMode, Tag("end")],
    Discriminator(_batch_mode),
]


class CallCreateBatchReq(WireModel):
    """Store starts and ends in order."""

    batch: list[CallBatchItem]


class CallCreateBatchRes(WireModel):
    """One answer per item, in order."""

    res: list[CallStartRes | CallEndRes]


# --- read, query, count ---


class CallReadReq(WireModel):
    """Read one call."""

    project_id: str
    id: str
    include_costs: bool | None = False
    include_storage_size: bool | None = False
    include_total_storage_size: bool | None = False


class CallReadRes(WireModel):
    """The call, or None when there is none."""

    call: CallSchema | None


class CallsFilter(WireModel):
    """Conditions on calls: all given ones hold; an empty list is no condition."""

    op_names: list[str] | None = None
    input_refs: list[str] | None = None
    output_refs: list[str] | None = None
    parent_ids: list[str] | None = None
    trace_ids: list[str] | None = None
    call_ids: list[str] | None = None
    thread_ids: list[str] | None = None
    turn_ids: list[str] | None = None
    trace_roots_only: bool | None = None
    wb_user_ids: list[str] | None = None
    wb_run_ids: list[str] | None = None


class CallsQueryReq(WireModel):
    """Find calls."""

    project_id: str
    filter: CallsFilter | None = None
    limit: int | None = None
    offset: int | None = None
    sort_by: list[SortBy] | None = None
    query: Query | None = None
    include_costs: bool | None = False
    include_feedback: bool | None = False
    include_storage_size: bool | None = False
    include_total_storage_size: bool | None = False
    columns: list[str] | None = None
    expand_columns: list[str] | None = None
    return_expanded_column_values: bool | None = None


class CallsQueryRes(WireModel):
    """The calls found."""

    calls: list[CallSchema]


class CallsQueryStatsReq(WireModel):
    """Count calls; ``limit`` caps the count."""

    project_id: str
    filter: CallsFilter | None = None
    query: Query | None = None
    limit: int | None = None
    include_total_storage_size: bool | None = False


class CallsQueryStatsRes(WireModel):
    """How many calls there are, and their size when it was asked for."""

    count: int
    total_storage_size_bytes: int | None = None


# --- update, delete ---


class CallUpdateReq(WireModel):
    """Set the display name of a call; an empty text clears it."""

    project_id: str
    call_id: str
    display_name: str | None = None
    wb_user_id: str | None = None


class CallUpdateRes(WireModel):
    """The call is updated."""


class CallsDeleteReq(WireModel):
    """Delete calls and all their descendants."""

    project_id: str
    call_ids: list[str]
    wb_user_id: str | None = None


class CallsDeleteRes(WireModel):
    """How many calls were deleted, descendants included."""

    num_deleted: int | None = None


class CallServer(Protocol):
    """What a server of calls does."""

    @abstractmethod
    def call_start(self, req: CallStartReq) -> CallStartRes:
        """Store the start of a call; ids that are left out are made."""

    @abstractmethod
    def call_end(self, req: CallEndReq) -> CallEndRes:
        """Store the end of a call."""

    @abstractmethod
    def call_start_batch(self, req: CallCreateBatchReq) -> CallCreateBatchRes:
        """Store starts and ends in order."""

    @abstractmethod
    def call_read(self, req: CallReadReq) -> CallReadRes:
        """Read one call."""

    @abstractmethod
    def calls_query(self, req: CallsQueryReq) -> CallsQueryRes:
        """Read all calls that a query finds."""

    @abstractmethod
    def calls_query_stream(self, req: CallsQueryReq) -> Iterator[CallSchema]:
        """Read the calls that a query finds one by one."""

    @abstractmethod
    def calls_query_stats(self, req: CallsQueryStatsReq) -> CallsQueryStatsRes:
        """Count the calls that a query finds."""

    @abstractmethod
    def call_update(self, req: CallUpdateReq) -> CallUpdateRes:
        """Set or clear the display name of a call."""

    @abstractmethod
    def calls_delete(self, req: CallsDeleteReq) -> CallsDeleteRes:
        """Delete calls and all their descendants."""
