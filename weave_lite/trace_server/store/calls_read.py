"""Calls: read them, stream them, count them.

A query runs in two steps: a statement finds the integers of the calls in order, touching no more
than its filter and sort need; then the rows are read by these integers, chunk by chunk. So a deep
offset skips integers instead of rows, and a stream holds one chunk in memory.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store import call_search
from weave_lite.trace_server.store.call_rows import chosen_columns, decoded, row_by_id, rows_by_pk
from weave_lite.trace_server.store.projects import project_pk

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.store.connections import StoreConnection
    from weave_lite.trace_server.store.engine import Store

__all__ = ["read", "stats", "stream", "stream_encoded"]

# How many calls are read at once. The first come fast; later chunks grow until their values fill
# about a megabyte, so that a stream of large calls needs no more memory than one of small ones.
_FIRST_CHUNK: Final = 8
_MAX_CHUNK: Final = 512
_CHUNK_SIZE_BYTES: Final = 1_000_000
# No project has this integer: a query of an unknown project is compiled with it, to be checked.
_NO_PROJECT: Final = 0


def read(conn: StoreConnection, req: tsi.CallReadReq) -> tsi.CallReadRes:
    """Read one call; None when there is none."""
    project = project_pk(conn, req.project_id, create=False)
    call = project and row_by_id(conn.raw, req.project_id, project, req.id)
    return tsi.CallReadRes.from_trusted({"call": decoded(call) if call else None})


def stream(store: Store, req: tsi.CallsQueryReq) -> Iterator[tsi.CallSchema]:
    """Find calls and read them one by one; a bad query is refused before the first."""
    return _decoding(stream_encoded(store, req))


def stream_encoded(store: Store, req: tsi.CallsQueryReq) -> Generator[EncodedCall, None, None]:
    """Find calls and give them with their values unread; a bad query is refused at once.

    Raises:
        InvalidFieldError: A filter or sort names a field that does not exist.
        InvalidQueryError: The query is not a sentence of the query language.
        NotSupportedError: A field needs what the store does not hold.
    """
    with store.read() as conn:
        project = project_pk(conn, req.project_id, create=False)
    search = call_search.plan(project or _NO_PROJECT, req.filter, req.query, req.sort_by)
    return (_from_memory if store.is_memory else _from_file)(store, req, search)


def stats(conn: StoreConnection, req: tsi.CallsQueryStatsReq) -> tsi.CallsQueryStatsRes:
    """Count the calls that a query finds, up to its limit."""
    project = project_pk(conn, req.project_id, create=False)
    search = call_search.plan(project or _NO_PROJECT, req.filter, req.query)
    return tsi.CallsQueryStatsRes(count=call_search.count(conn, search, req.limit))


def _from_file(
    store: Store, req: tsi.CallsQueryReq, search: call_search.Search
) -> Generator[EncodedCall, None, None]:
    """Read chunk by chunk on one connection, which sees one snapshot until the stream is closed."""
    columns = chosen_columns(req.columns)
    with store.read() as conn:
        raw = conn.raw
        with closing(call_search.find(conn, search, req.limit, req.offset or 0)) as found:
            size = _FIRST_CHUNK
            while pks := [row[0] for row in found.fetchmany(size)]:
                chunk = rows_by_pk(raw, req.project_id, pks, columns)
                yield from chunk
                size = _next_size(chunk)


def _from_memory(
    store: Store, req: tsi.CallsQueryReq, search: call_search.Search
) -> Generator[EncodedCall, None, None]:
    """Find all integers first: the one connection must not stay taken between two calls."""
    columns = chosen_columns(req.columns)
    with store.read() as conn:
        found = call_search.find(conn, search, req.limit, req.offset or 0)
        pks = [row[0] for row in found.fetchall()]
    size = _FIRST_CHUNK
    while pks:
        with store.read() as conn:
            chunk = rows_by_pk(conn.raw, req.project_id, pks[:size], columns)
        del pks[:size]
        yield from chunk
        size = _next_size(chunk)


def _next_size(chunk: Sequence[EncodedCall]) -> int:
    """Choose the size of the chunk after this one."""
    size_bytes = 1 + sum(len(c.inputs_json or "") + len(c.output_json or "") for c in chunk)
    return max(1, min(_MAX_CHUNK, 4 * len(chunk), len(chunk) * _CHUNK_SIZE_BYTES // size_bytes))


def _decoding(calls: Generator[EncodedCall, None, None]) -> Iterator[tsi.CallSchema]:
    with closing(calls):
        for call in calls:
            yield decoded(call)
