"""The one table of the HTTP face: method, paths, request and response model; and errors by status.

Client and server read it, so they cannot disagree. Models are named, not loaded.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from weave_lite.core.errors import (
    DigestMismatchError,
    InsertTooLarge,
    InvalidRequest,
    NotFoundError,
    NotSupportedError,
    RequestTooLarge,
    StoreBusyError,
    StoreError,
    UsageError,
)

__all__ = [
    "JSON_LINES",
    "MAX_BODY_BYTES",
    "ROUTES",
    "STATUS_OF",
    "Kind",
    "Route",
    "by_method",
    "status_of",
]

Kind = Literal["json", "stream", "upload", "download"]
JSON_LINES: Final = "application/jsonl"
MAX_BODY_BYTES: Final = 32 * 1024 * 1024


class Route(NamedTuple):
    """One method of the trace server.

    Attributes:
        method: Its name in ``TraceServerInterface``.
        paths: Where it is found; clients use the first.
        request: Name of the request model in ``trace_server_interface``.
        response: Name of the response model; of each line, for a stream.
        kind: ``json``; ``stream`` for lines of JSON; ``upload`` for a multipart form with a file;
            ``download`` for bytes.
    """

    method: str
    paths: tuple[str, ...]
    request: str
    response: str
    kind: Kind = "json"


ROUTES: Final = (
    Route("call_start", ("/call/start",), "CallStartReq", "CallStartRes"),
    Route("call_end", ("/call/end",), "CallEndReq", "CallEndRes"),
    Route("call_start_batch", ("/call/upsert_batch",), "CallCreateBatchReq", "CallCreateBatchRes"),
    Route("call_read", ("/call/read",), "CallReadReq", "CallReadRes"),
    Route("calls_query", ("/calls/query",), "CallsQueryReq", "CallsQueryRes"),
    Route("calls_query_stream", ("/calls/stream_query",), "CallsQueryReq", "CallSchema", "stream"),
    Route("calls_query_stats", ("/calls/query_stats",), "CallsQueryStatsReq", "CallsQueryStatsRes"),
    Route("calls_delete", ("/calls/delete",), "CallsDeleteReq", "CallsDeleteRes"),
    Route("call_update", ("/call/update",), "CallUpdateReq", "CallUpdateRes"),
    Route("op_create", ("/op/create",), "OpCreateReq", "OpCreateRes"),
    Route("op_read", ("/op/read",), "OpReadReq", "OpReadRes"),
    Route("ops_query", ("/ops/query",), "OpQueryReq", "OpQueryRes"),
    Route("obj_create", ("/obj/create",), "ObjCreateReq", "ObjCreateRes"),
    Route("obj_read", ("/obj/read",), "ObjReadReq", "ObjReadRes"),
    Route("objs_query", ("/objs/query",), "ObjQueryReq", "ObjQueryRes"),
    Route("obj_delete", ("/obj/delete",), "ObjDeleteReq", "ObjDeleteRes"),
    Route("table_create", ("/table/create",), "TableCreateReq", "TableCreateRes"),
    Route("table_update", ("/table/update",), "TableUpdateReq", "TableUpdateRes"),
    Route("table_query", ("/table/query",), "TableQueryReq", "TableQueryRes"),
    Route(
        "table_query_stream", ("/table/query_stream",), "TableQueryReq", "TableRowSchema", "stream"
    ),
    Route("table_query_stats", ("/table/query_stats",), "TableQueryStatsReq", "TableQueryStatsRes"),
    Route(
        "table_query_stats_batch",
        ("/table/query_stats_batch",),
        "TableQueryStatsBatchReq",
        "TableQueryStatsBatchRes",
    ),
    Route(
        "table_create_from_digests",
        ("/table/create_from_digests",),
        "TableCreateFromDigestsReq",
        "TableCreateFromDigestsRes",
    ),
    Route("refs_read_batch", ("/refs/read_batch",), "RefsReadBatchReq", "RefsReadBatchRes"),
    Route(
        "file_create", ("/files/create", "/file/create"), "FileCreateReq", "FileCreateRes", "upload"
    ),
    Route(
        "file_content_read",
        ("/files/content", "/file/content"),
        "FileContentReadReq",
        "FileContentReadRes",
        "download",
    ),
    Route("files_stats", ("/files/stats", "/files/query_stats"), "FilesStatsReq", "FilesStatsRes"),
    Route("feedback_create", ("/feedback/create",), "FeedbackCreateReq", "FeedbackCreateRes"),
    Route(
        "feedback_create_batch",
        ("/feedback/batch/create",),
        "FeedbackCreateBatchReq",
        "FeedbackCreateBatchRes",
    ),
    Route("feedback_query", ("/feedback/query",), "FeedbackQueryReq", "FeedbackQueryRes"),
    Route("feedback_purge", ("/feedback/purge",), "FeedbackPurgeReq", "FeedbackPurgeRes"),
    Route("feedback_replace", ("/feedback/replace",), "FeedbackReplaceReq", "FeedbackReplaceRes"),
    Route("cost_create", ("/cost/create",), "CostCreateReq", "CostCreateRes"),
    Route("cost_query", ("/cost/query",), "CostQueryReq", "CostQueryRes"),
    Route("cost_purge", ("/cost/purge",), "CostPurgeReq", "CostPurgeRes"),
    Route(
        "completions_create",
        ("/completions/create",),
        "CompletionsCreateReq",
        "CompletionsCreateRes",
    ),
    Route(
        "actions_execute_batch",
        ("/actions/execute_batch",),
        "ActionsExecuteBatchReq",
        "ActionsExecuteBatchRes",
    ),
)
_BY_METHOD: Final = {route.method: route for route in ROUTES}

# The most special first: the first class that an error is one of says its status.
STATUS_OF: Final[tuple[tuple[type[Exception], int], ...]] = (
    (DigestMismatchError, 409),
    (RequestTooLarge, 413),
    (InsertTooLarge, 413),
    (NotFoundError, 404),
    (NotSupportedError, 501),
    (InvalidRequest, 400),
    (UsageError, 400),
    (StoreBusyError, 503),
    (StoreError, 500),
    (ValueError, 400),
)


def by_method(method: str) -> Route:
    """Give the route of a method of the trace server."""
    return _BY_METHOD[method]


def status_of(error: Exception) -> int:
    """Give the status that an error is answered with."""
    return next((status for kind, status in STATUS_OF if isinstance(error, kind)), 500)
