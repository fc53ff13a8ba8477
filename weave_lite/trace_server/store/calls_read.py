"""Calls: find them, count them, read them.

A query runs in two steps: a compiled statement finds the integers of the calls in order, touching
no more than its filter and sort need; then the rows are read by these integers, chunk by chunk. So
a deep offset skips integers instead of rows, and a stream holds one chunk in memory.
"""

from __future__ import annotations

from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import func, literal_column, select

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.query.call_tables import CallTables
from weave_lite.trace_server.query.calls_filter import compile_calls_filter
from weave_lite.trace_server.query.compile import compile_filter
from weave_lite.trace_server.query.fields import FieldMap, calls_fields
from weave_lite.trace_server.query.joins import calls_from
from weave_lite.trace_server.query.sort import compile_sort
from weave_lite.trace_server.store.call_rows import chosen_columns, decoded, row_by_id, rows_by_pk
from weave_lite.trace_server.store.connections import state_of
from weave_lite.trace_server.store.projects import project_pk
from weave_lite.trace_server.store.schema import calls, metadata

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement, Connection, FromClause, Select

    from weave_lite.trace_server.interface.encoded import EncodedCall
    from weave_lite.trace_server.interface.query import Query
    from weave_lite.trace_server.store.engine import Store

__all__ = ["read", "stats", "stream", "stream_encoded"]

# The first chunk is small, so that the first call comes fast.
_FIRST_CHUNK: Final = 32
_CHUNK: Final = 256
# From here on an offset is found on the index alone; before, one statement is cheaper than two.
_DEEP_OFFSET: Final = 500
# How many calls before the offset are looked at for the same start.
_TIE_WINDOW: Final = 64
# No project has this integer; a query of an unknown project is compiled with it, to be checked.
_NO_PROJECT: Final = 0

_TABLES: Final = CallTables.of(metadata)


class _Search(NamedTuple):
    """What to look for: a source of rows, their conditions, their order, and the page."""

    source: FromClause
    conditions: Sequence[ColumnElement[bool]]
    order: Sequence[ColumnElement[Any]]
    # 1 or -1 when the order is that of started_at, upward or downward; else 0.
    start_direction: int
    limit: int | None
    offset: int


def read(conn: Connection, req: tsi.CallReadReq) -> tsi.CallReadRes:
    """Read one call; None when there is none."""
    project = project_pk(conn, req.project_id, create=False)
    if project is None:
        return tsi.CallReadRes(call=None)
    call = row_by_id(state_of(conn).raw, req.project_id, project, req.id)
    return tsi.CallReadRes.from_trusted({"call": None if call is None else decoded(call)})


def stream(store: Store, req: tsi.CallsQueryReq) -> Iterator[tsi.CallSchema]:
    """Find calls and read them one by one; a bad query is refused before the first."""
    return _decoding(stream_encoded(store, req))


def stream_encoded(store: Store, req: tsi.CallsQueryReq) -> Iterator[EncodedCall]:
    """Find calls and give them with their values unread; a bad query is refused at once.

    Raises:
        InvalidFieldError: A filter or sort names a field that does not exist.
        InvalidQueryError: The query is not a sentence of the query language.
    """
    with store.read() as conn:
        project = project_pk(conn, req.project_id, create=False)
    search = _compile(req, project or _NO_PROJECT)
    if project is None or req.limit == 0:
        return iter(())
    return (_from_memory if store.is_memory else _from_file)(store, req, search)


def stats(conn: Connection, req: tsi.CallsQueryStatsReq) -> tsi.CallsQueryStatsRes:
    """Count the calls that a query finds, up to its limit."""
    project = project_pk(conn, req.project_id, create=False)
    conditions = _conditions(req.filter, req.query, project or _NO_PROJECT)
    found = select(literal_column("1")).select_from(_source(conditions)).where(*conditions)
    if project is None:
        return tsi.CallsQueryStatsRes(count=0)
    if req.limit is None:
        statement: Select[Any] = found.with_only_columns(func.count(), maintain_column_froms=True)
    else:
        statement = select(func.count()).select_from(found.limit(req.limit).subquery())
    return tsi.CallsQueryStatsRes(count=conn.execute(statement).scalar_one())


# --- what to look for ---


@cache
def _fields() -> FieldMap:
    return calls_fields(_TABLES)


def _compile(req: tsi.CallsQueryReq, project: int) -> _Search:
    sort_by = req.sort_by or []
    conditions = _conditions(req.filter, req.query, project)
    order = compile_sort(sort_by, _fields())
    direction = 0
    if not sort_by:
        direction = 1
    elif sort_by[0].field == "started_at" and len(sort_by) == 1:
        direction = 1 if sort_by[0].direction == "asc" else -1
    return _Search(
        source=_source(conditions if direction else [*conditions, *order]),
        conditions=conditions,
        order=order,
        start_direction=direction,
        limit=req.limit,
        offset=req.offset or 0,
    )


def _conditions(
    calls_filter: tsi.CallsFilter | None, query: Query | None, project: int
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        calls.c.project == project,
        # Word for word what the partial indexes say, so that SQLite may use them.
        calls.c.started_at.is_not(None),
        calls.c.deleted_at.is_(None),
        *compile_calls_filter(calls_filter, project, _TABLES),
    ]
    if query is not None:
        conditions.append(compile_filter(query, _fields()))
    return conditions


def _source(expressions: Sequence[ColumnElement[Any]]) -> FromClause:
    return calls_from(expressions, _TABLES)


# --- finding and reading ---


def _from_file(store: Store, req: tsi.CallsQueryReq, search: _Search) -> Iterator[EncodedCall]:
    """Read chunk by chunk on one connection, which sees one snapshot until the stream is closed."""
    columns = chosen_columns(req.columns)
    with store.read() as conn:
        raw = state_of(conn).raw
        with closing(conn.execute(_statement(conn, search))) as result:
            size = _FIRST_CHUNK
            while found := result.fetchmany(size):
                yield from rows_by_pk(raw, req.project_id, [row[0] for row in found], columns)
                size = _CHUNK


def _from_memory(store: Store, req: tsi.CallsQueryReq, search: _Search) -> Iterator[EncodedCall]:
    """Find all integers first: the one connection must not stay taken between two calls."""
    columns = chosen_columns(req.columns)
    with store.read() as conn:
        pks = list(conn.execute(_statement(conn, search)).scalars())
    for begin in range(0, len(pks), _CHUNK):
        with store.read() as conn:
            raw = state_of(conn).raw
            chunk = list(rows_by_pk(raw, req.project_id, pks[begin : begin + _CHUNK], columns))
        yield from chunk


def _decoding(rows: Iterator[EncodedCall]) -> Iterator[tsi.CallSchema]:
    for row in rows:
        yield decoded(row)


def _statement(conn: Connection, search: _Search) -> Select[Any]:
    """Write the statement that finds the integers of the page."""
    found = select(calls.c.pk).select_from(search.source).where(*search.conditions)
    offset = search.offset
    if search.start_direction and offset >= _DEEP_OFFSET:
        anchor = _anchor(conn, search)
        if anchor is not None:
            started_at, offset = anchor
            column = calls.c.started_at
            found = found.where(
                column >= started_at if search.start_direction > 0 else column <= started_at
            )
    found = found.order_by(*search.order)
    # SQLite has no offset without a limit; -1 is none.
    return found.limit(-1 if search.limit is None else search.limit).offset(offset)


def _anchor(conn: Connection, search: _Search) -> tuple[int, int] | None:
    """Find where a deep page begins by the index on time, without reading rows for their ids.

    Returns:
        The start of the first call of the page, and how many calls of that very start come before
        it; None when there are too many of these, or no such page.
    """
    column = calls.c.started_at
    window = (
        select(column)
        .select_from(search.source)
        .where(*search.conditions)
        .order_by(column.asc() if search.start_direction > 0 else column.desc())
        .limit(_TIE_WINDOW + 1)
        .offset(search.offset - _TIE_WINDOW)
    )
    starts = list(conn.execute(window).scalars())
    if len(starts) <= _TIE_WINDOW or starts[0] == starts[-1]:
        return None
    return starts[-1], starts.count(starts[-1]) - 1
