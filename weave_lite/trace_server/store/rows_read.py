"""Rows of tables, read in pages. A table never changes, so each page may be its own snapshot.

No page waits for the consumer with a connection in its hand.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import ColumnElement, func, select

from weave_lite.core.jsontext import compact, parse
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.query.sort import compile_json_sort
from weave_lite.trace_server.store.content import names_json
from weave_lite.trace_server.store.projects import project_pk
from weave_lite.trace_server.store.schema import table_positions, table_rows
from weave_lite.trace_server.store.table_rows import find_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weave_lite.trace_server.store.connections import StoreConnection
    from weave_lite.trace_server.store.engine import Store

__all__ = ["read_encoded", "stream"]

# A page ends at either, so that memory stays flat for rows of any length.
_PAGE_ROWS: Final = 1000
_PAGE_CHARACTERS: Final = 2_000_000
_NO_LIMIT: Final = -1

# One statement, because single rows by index are asked for by the thousand.
_SELECT_RANGE: Final = (
    "SELECT r.digest, r.val FROM table_positions AS p"
    ' JOIN table_rows AS r ON r.pk = p."row"'
    ' WHERE p."table" = (SELECT t.pk FROM tables AS t JOIN projects AS j ON j.pk = t.project'
    " WHERE j.project_id = ? AND t.digest = ?)"
    " AND p.position >= ? AND p.position < ? ORDER BY p.position"
)
_SELECT_LISTED: Final = (
    "SELECT r.digest, r.val FROM json_each(?) AS wanted"
    ' CROSS JOIN table_positions AS p ON p."table" = ? AND p.position = wanted.value'
    ' CROSS JOIN table_rows AS r ON r.pk = p."row" ORDER BY wanted.key'
)
# Positions stay far below; larger numbers are no 64-bit integers.
_MAX_POSITION: Final = 2**62

_Row = tuple[str, str]


def stream(store: Store, req: tsi.TableQueryReq) -> Iterator[tsi.TableRowSchema]:
    """Read rows of a table in table order, or sorted; none when there is no such table.

    The request is checked at once, the rows are read when they are asked for.

    Raises:
        InvalidFieldError: A field of ``sort_by`` is no path.
    """
    digests = req.filter.row_digests if req.filter is not None else None
    if not req.sort_by and not digests:
        return _stream_range(store, req)
    # Positions are integers; what they are sorted by is not kept.
    order = compile_json_sort(req.sort_by, table_rows.c.val) if req.sort_by else []
    return _stream_selected(store, req, digests or [], order)


def read_encoded(
    store: Store, project_id: str, digest: str, start: int, stop: int
) -> list[tuple[str, str]]:
    """Read rows of a table by position: of each its digest and its JSON text."""
    start, stop = min(start, _MAX_POSITION), min(stop, _MAX_POSITION)
    found: list[_Row] = []
    while start < stop:
        with store.read() as conn:
            rows = _fetch(conn, _SELECT_RANGE, (project_id, digest, start, stop))
        if not rows:
            break
        found.extend(rows)
        start += len(rows)
    return found


def _stream_range(store: Store, req: tsi.TableQueryReq) -> Iterator[tsi.TableRowSchema]:
    start = min(req.offset or 0, _MAX_POSITION)
    end = _MAX_POSITION if req.limit is None else min(start + req.limit, _MAX_POSITION)
    while start < end:
        stop = min(start + _PAGE_ROWS, end)
        with store.read() as conn:
            rows = _fetch(conn, _SELECT_RANGE, (req.project_id, req.digest, start, stop))
        if not rows:
            return
        yield from _schemas(rows, count(start))
        start += len(rows)


def _stream_selected(
    store: Store,
    req: tsi.TableQueryReq,
    digests: Sequence[str],
    order: Sequence[ColumnElement[Any]],
) -> Iterator[tsi.TableRowSchema]:
    with store.read() as conn:
        pk = project_pk(conn, req.project_id, create=False)
        table_pk = None if pk is None else find_table(conn.raw, pk, req.digest)
        if pk is None or table_pk is None:
            return
        positions = _select_positions(conn, pk, table_pk, req, digests, order)
    start = 0
    while page := positions[start : start + _PAGE_ROWS]:
        with store.read() as conn:
            rows = _fetch(conn, _SELECT_LISTED, (compact(page), table_pk))
        yield from _schemas(rows, iter(page))
        start += len(rows)


def _select_positions(
    conn: StoreConnection,
    project: int,
    table_pk: int,
    req: tsi.TableQueryReq,
    digests: Sequence[str],
    order: Sequence[ColumnElement[Any]],
) -> list[int]:
    statement = select(table_positions.c.position).where(table_positions.c.table == table_pk)
    if order:
        statement = statement.join(table_rows, table_rows.c.pk == table_positions.c.row)
    if digests:
        listed = func.json_each(names_json(digests)).table_valued("value")
        wanted = select(table_rows.c.pk).where(
            table_rows.c.project == project, table_rows.c.digest.in_(select(listed.c.value))
        )
        statement = statement.where(table_positions.c.row.in_(wanted.correlate(None)))
    statement = statement.order_by(*order, table_positions.c.position)
    if req.limit is not None or req.offset is not None:
        # SQLite knows no offset without a limit.
        statement = statement.limit(
            _NO_LIMIT if req.limit is None else min(req.limit, _MAX_POSITION)
        )
        statement = statement.offset(min(req.offset or 0, _MAX_POSITION))
    return list(conn.core.scalars(statement))


def _fetch(conn: StoreConnection, statement: str, values: tuple[object, ...]) -> list[_Row]:
    """Read rows up to the size of a page; at least one, if there is one."""
    rows: list[_Row] = []
    room = _PAGE_CHARACTERS
    cursor = conn.raw.execute(statement, values)
    for row in cursor:
        rows.append(row)
        room -= len(row[1])
        if room < 0:
            break
    cursor.close()
    return rows


def _schemas(rows: Sequence[_Row], positions: Iterator[int]) -> Iterator[tsi.TableRowSchema]:
    make = tsi.TableRowSchema.from_trusted
    for (digest, val), position in zip(rows, positions, strict=False):
        yield make({"digest": digest, "val": parse(val), "original_index": position})
