"""Calls: read them, stream them, count them.

A query runs in two steps: a statement finds the integers of the calls in order, touching no more
than its filter and sort need; then the rows are read by these integers, chunk by chunk. So a deep
offset skips integers instead of rows, and a stream holds one chunk in memory.
"""

from __future__ import annotations

from contextlib import closing, contextmanager, nullcontext
from typing import TYPE_CHECKING, Final, NamedTuple

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store import (
    call_expansion,
    call_extras,
    call_feedback,
    call_search,
    call_sizes,
)
from weave_lite.trace_server.store.call_extras import extras_of
from weave_lite.trace_server.store.call_rows import (
    Columns,
    chosen_columns,
    decoded,
    row_by_id,
    rows_by_pk,
)
from weave_lite.trace_server.store.projects import project_pk

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Generator, Iterator, Sequence

    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.store.connections import StoreConnection
    from weave_lite.trace_server.store.engine import Store

__all__ = ["read", "stats", "stream", "stream_encoded"]

# How many calls are read at once. The first come fast; later chunks grow until their values fill
# a part of the processor's cache, so that a stream of large calls needs no more memory than one of
# small ones, and is read where it was just written.
_FIRST_CHUNK: Final = 16
_MAX_CHUNK: Final = 512
_CHUNK_SIZE_BYTES: Final = 300_000
# No project has this integer: a query of an unknown project is compiled with it, to be checked.
_NO_PROJECT: Final = 0


def read(conn: StoreConnection, req: tsi.CallReadReq) -> tsi.CallReadRes:
    """Read one call; None when there is none."""
    project = project_pk(conn, req.project_id, create=False)
    call = row_by_id(conn.raw, req.project_id, project, req.id) if project else None
    extras = extras_of(req)
    if call is not None and project is not None and extras is not None:
        (call,) = call_extras.add(conn, project, extras, [call])
    return tsi.CallReadRes.from_trusted({"call": decoded(call) if call else None})


def stream(store: Store, req: tsi.CallsQueryReq) -> Iterator[tsi.CallSchema]:
    """Find calls and read them one by one; a bad query is refused before the first."""
    calls = _decoding(stream_encoded(store, req))
    return map(call_feedback.with_dates, calls) if req.include_feedback else calls


def stream_encoded(store: Store, req: tsi.CallsQueryReq) -> Generator[EncodedCall, None, None]:
    """Find calls and give them with their values unread; a bad query is refused at once.

    Raises:
        InvalidFieldError: A filter or sort names a field that does not exist.
        InvalidQueryError: The query is not a sentence of the query language.
        NotSupportedError: A field needs what the store does not hold.
    """
    expanded = call_expansion.in_order(req.expand_columns or ())
    with store.read() as conn:
        project = project_pk(conn, req.project_id, create=False) or _NO_PROJECT
        search = _planned(conn, req, project, expanded)
    names = req.columns
    if names and req.include_costs:
        names = [*names, "summary"]  # which has the usage
    plan = _Plan(req, project, search, expanded, chosen_columns(names), extras_of(req))
    return (_from_memory if store.is_memory else _from_file)(store, plan)


def _planned(
    conn: StoreConnection, req: tsi.CallsQueryReq, project: int, expanded: tuple[str, ...]
) -> call_search.Search:
    return call_search.plan(
        project, req.filter, req.query, req.sort_by, expanded, conn, is_whole=req.limit is None
    )


def stats(conn: StoreConnection, req: tsi.CallsQueryStatsReq) -> tsi.CallsQueryStatsRes:
    """Count the calls that a query finds, up to its limit; sum the sizes of their traces if asked."""
    project = project_pk(conn, req.project_id, create=False) or _NO_PROJECT
    search = call_search.plan(project, req.filter, req.query, indexed_by=conn, is_counted=True)
    if not req.include_total_storage_size:
        return tsi.CallsQueryStatsRes(count=call_search.count(conn, search, req.limit))
    with closing(call_search.find(conn, search, req.limit, 0)) as found:
        pks = [row[0] for row in found]
    size_bytes = call_sizes.total_size(conn, project, pks)
    return tsi.CallsQueryStatsRes(count=len(pks), total_storage_size_bytes=size_bytes)


class _Plan(NamedTuple):
    """How a request is answered: what to find, and what to read of it."""

    req: tsi.CallsQueryReq
    project: int
    search: call_search.Search
    expanded: tuple[str, ...]
    columns: Columns
    extras: call_extras.Extras | None


def _from_file(store: Store, plan: _Plan) -> Generator[EncodedCall, None, None]:
    """Read chunk by chunk on one connection, which sees one snapshot until the stream is closed."""
    with store.read() as conn, _finding(conn, plan) as found:
        size = _FIRST_CHUNK
        while pks := [row[0] for row in found.fetchmany(size)]:
            chunk = _chunk(conn, plan, pks)
            yield from chunk
            size = _next_size(chunk)


def _from_memory(store: Store, plan: _Plan) -> Generator[EncodedCall, None, None]:
    """Find all integers first: the one connection must not stay taken between two calls."""
    with store.read() as conn, _finding(conn, plan) as found:
        pks = [row[0] for row in found.fetchall()]
    size = _FIRST_CHUNK
    while pks:
        with store.read() as conn:
            chunk = _chunk(conn, plan, pks[:size])
        del pks[:size]
        yield from chunk
        size = _next_size(chunk)


@contextmanager
def _finding(conn: StoreConnection, plan: _Plan) -> Iterator[sqlite3.Cursor]:
    """Run the search of a plan."""
    req = plan.req
    search = plan.search
    if not call_search.is_current(conn, search):  # an index was dropped since
        search = _planned(conn, req, plan.project, plan.expanded)
    functions = call_expansion.expanding(conn) if plan.expanded else nullcontext()
    with (
        functions,
        closing(call_search.find(conn, search, req.limit, req.offset or 0)) as found,
    ):
        yield found


def _chunk(conn: StoreConnection, plan: _Plan, pks: Sequence[int]) -> list[EncodedCall]:
    chunk = rows_by_pk(conn.raw, plan.req.project_id, pks, plan.columns)
    if plan.extras is None:
        return chunk
    return call_extras.add(conn, plan.project, plan.extras, chunk)


def _next_size(chunk: Sequence[EncodedCall]) -> int:
    """Choose the size of the chunk after this one."""
    size_bytes = 1 + sum(len(c.inputs_json or "") + len(c.output_json or "") for c in chunk)
    return max(1, min(_MAX_CHUNK, 4 * len(chunk), len(chunk) * _CHUNK_SIZE_BYTES // size_bytes))


def _decoding(calls: Generator[EncodedCall, None, None]) -> Iterator[tsi.CallSchema]:
    with closing(calls):
        for call in calls:
            yield decoded(call)
