"""Reading a project page by page. Each page is a query of its own, so that no cursor stays open.

Only what servers of every age offer is asked for: calls as a stream, rows of tables not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = [
    "call_pages", "calls_of", "feedback_pages", "has_id", "price_of", "prices", "started",
    "table_rows", "versions",
]  # fmt: skip

_VERSIONS = 1_000
_FEEDBACK = 500
_ROWS = 500
# Instants are floats in queries, which are true to a microsecond or so.
MARGIN_S = 0.001


def versions(
    server: TraceServerInterface,
    project_id: str,
    *,
    names: list[str] | None = None,
    latest_only: bool = False,
    with_values: bool = False,
    page: int = _VERSIONS,
    offset: int = 0,
    end: int | None = None,
) -> Iterator[list[tsi.ObjSchema]]:
    """List versions of objects and ops of a project, the oldest first, in pages.

    Args:
        server: Where they are.
        project_id: Whose they are.
        names: Only of these objects.
        latest_only: Only the latest version of each.
        with_values: Read their values, too.
        page: How many are read at once.
        offset: How many are passed by.
        end: Where to stop, counted like ``offset``.
    """
    while end is None or offset < end:
        limit = page if end is None else min(page, end - offset)
        req = tsi.ObjQueryReq(
            project_id=project_id,
            filter=tsi.ObjectVersionFilter(object_ids=names, latest_only=latest_only or None),
            sort_by=[tsi.SortBy(field="created_at", direction="asc")],
            limit=limit,
            offset=offset,
            metadata_only=not with_values,
        )
        found = server.objs_query(req).objs
        if found:
            yield sorted(found, key=lambda each: (each.created_at, each.version_index))
        offset += len(found)
        if len(found) < limit:
            return


def started(operator: str, seconds: float) -> dict[str, Any]:
    """Make the condition that a call began before or after an instant."""
    later, earlier = {"$getField": "started_at"}, {"$literal": seconds}
    if operator == "$lte":
        return {"$not": [{"$gt": [later, earlier]}]}
    return {operator: [later, earlier]}


def table_rows(
    server: TraceServerInterface, project_id: str, digest: str
) -> Iterator[tsi.TableRowSchema]:
    """Read the rows of a table in order; not every server can send them as a stream."""
    offset = 0
    while True:
        req = tsi.TableQueryReq(project_id=project_id, digest=digest, limit=_ROWS, offset=offset)
        rows = server.table_query(req).rows
        yield from rows
        offset += len(rows)
        if len(rows) < _ROWS:
            return


def call_pages(
    server: TraceServerInterface,
    project_id: str,
    since: float | None,
    *,
    limit: Callable[[], int],
    columns: list[str] | None = None,
    conditions: list[dict[str, Any]] | None = None,
) -> Iterator[list[tsi.CallSchema]]:
    """Read calls in pages, in the order of their start. Each page is a query of its own.

    Args:
        server: Where they are.
        project_id: Whose they are.
        since: Seconds since the epoch; only what began later.
        limit: Gives the size of the next page.
        columns: Only these.
        conditions: More of them, as operations of a query.
    """
    seen: dict[str, float] = {}
    offset = 0
    while True:
        parts = [*(conditions or ()), *([] if since is None else [started("$gt", since)])]
        size = limit()
        req = tsi.CallsQueryReq.model_validate(
            {
                "project_id": project_id,
                "sort_by": [
                    {"field": "started_at", "direction": "asc"},
                    {"field": "id", "direction": "asc"},
                ],
                "query": _both(parts),
                "columns": columns,
                "limit": size,
                "offset": offset,
            }
        )
        found = list(server.calls_query_stream(req))
        if new := [call for call in found if call.id not in seen]:
            yield new
        if len(found) < size:
            return
        # The next page begins a little before the end of this one: calls can begin together.
        floor = found[-1].started_at.timestamp() - MARGIN_S
        if since is None or floor > since:
            since, offset = floor, 0
        else:
            offset += len(found)
        seen.update((call.id, call.started_at.timestamp()) for call in found)
        seen = {key: at for key, at in seen.items() if at >= since - MARGIN_S}


def _both(parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Join conditions; a single one stands alone, which servers of every age understand."""
    if not parts:
        return None
    return {"$expr": parts[0] if len(parts) == 1 else {"$and": parts}}


def calls_of(
    server: TraceServerInterface,
    project_id: str,
    ids: list[str],
    *,
    columns: list[str] | None = None,
) -> list[tsi.CallSchema]:
    """Read calls by id; those that a server does not have are left out."""
    if not ids:
        return []
    req = tsi.CallsQueryReq(
        project_id=project_id, filter=tsi.CallsFilter(call_ids=ids), columns=columns
    )
    return list(server.calls_query_stream(req))


def feedback_pages(
    server: TraceServerInterface,
    project_id: str,
    *,
    fields: list[str] | None = None,
    conditions: dict[str, Any] | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Read feedback in pages, the oldest first.

    Args:
        server: Where it is.
        project_id: Whose it is.
        fields: Only these.
        conditions: An operation of a query.
    """
    offset = 0
    while True:
        req = tsi.FeedbackQueryReq.model_validate(
            {
                "project_id": project_id,
                "fields": fields,
                "query": None if conditions is None else {"$expr": conditions},
                "sort_by": [
                    {"field": "created_at", "direction": "asc"},
                    {"field": "id", "direction": "asc"},
                ],
                "limit": _FEEDBACK,
                "offset": offset,
            }
        )
        rows = server.feedback_query(req).result
        if rows:
            yield rows
        offset += len(rows)
        if len(rows) < _FEEDBACK:
            return


def prices(server: TraceServerInterface, project_id: str) -> list[tsi.CostQueryOutput]:
    """Read the prices that a project set itself."""
    return list(server.cost_query(tsi.CostQueryReq(project_id=project_id)).results or ())


def price_of(cost: tsi.CostQueryOutput) -> dict[str, Any]:
    """Give all of a price but its id."""
    return {key: each for key, each in dict(cost).items() if key != "id"}


def has_id(ids: list[str]) -> dict[str, Any]:
    """Make the condition that something has one of some ids."""
    return {"$in": [{"$getField": "id"}, [{"$literal": each} for each in ids]]}
