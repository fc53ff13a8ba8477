"""Searches of calls that are compiled per request: any filter, query and order."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from sqlalchemy import func, select

from weave_lite.trace_server.query import count_index, sort_index
from weave_lite.trace_server.query.call_tables import CallTables
from weave_lite.trace_server.query.calls_filter import compile_calls_filter
from weave_lite.trace_server.query.compile import compile_filter
from weave_lite.trace_server.query.fields import FieldMap, calls_fields
from weave_lite.trace_server.query.indexed import NO_INDEXES
from weave_lite.trace_server.query.joins import calls_from
from weave_lite.trace_server.query.sort import compile_sort
from weave_lite.trace_server.query.values import bind_int, bind_text
from weave_lite.trace_server.store import feedback_search
from weave_lite.trace_server.store.schema import calls, metadata

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, FromClause, Select

    from weave_lite.trace_server.interface.calls import CallsFilter
    from weave_lite.trace_server.interface.query import Query, SortBy
    from weave_lite.trace_server.query.count_index import CountIndex
    from weave_lite.trace_server.query.indexed import Indexes
    from weave_lite.trace_server.query.sort_index import SortIndex
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["Parts", "bounded", "narrowed", "parts_of", "run", "statement"]

_TABLES: Final = CallTables.of(metadata)
# An index on a path is walked this far for the first rows of an order, since a filter may hide some.
_WINDOW: Final = 4
_MIN_WINDOW: Final = 1_000
_MAX_HIDDEN: Final = 10_000
# Word for word what the partial indexes say, so that SQLite may use them.
_VISIBLE: Final = (calls.c.started_at.is_not(None), calls.c.deleted_at.is_(None))


class Parts(NamedTuple):
    """The parts of a statement: a source of rows, their conditions and their order.

    Attributes:
        source: Calls, and the tables that the rest needs.
        conditions: What must hold.
        order: The order.
        sorted_by: The index that serves the order, if there is one.
        counted_by: The index that alone can count what is found, if there is one.
    """

    source: FromClause
    conditions: Sequence[ColumnElement[bool]]
    order: Sequence[ColumnElement[Any]]
    sorted_by: SortIndex | None = None
    counted_by: CountIndex | None = None


def parts_of(
    project: int,
    calls_filter: CallsFilter | None,
    query: Query | None,
    sort_by: Sequence[SortBy] | None,
    *,
    is_by_start: bool,
    expanded: tuple[str, ...] = (),
    indexes: Indexes | None = None,
    is_counted: bool = False,
) -> Parts:
    """Compile a search; what is wrong with it is found here.

    Args:
        project: Integer of the project.
        calls_filter: The plain filter.
        query: The query, which must hold as well.
        sort_by: The order; by start when there is none.
        is_by_start: Whether the order is that of the start alone, which needs no other table.
        expanded: Paths at which refs are replaced, for fields below them.
        indexes: The indexes that the user made.
        is_counted: Whether the calls are only counted.

    Raises:
        InvalidFieldError: A field does not exist.
        InvalidQueryError: The query is not a sentence of the query language.
        NotSupportedError: A field needs what the store does not hold.
    """
    filtered = compile_calls_filter(calls_filter, project, _TABLES)
    conditions = [calls.c.project == project, *_VISIBLE, *filtered]
    is_plain = not expanded and indexes is None
    fields = _fields() if is_plain else calls_fields(_TABLES, expanded, indexes or NO_INDEXES)
    if query is not None:
        conditions.append(compile_filter(query, fields))
    order = compile_sort(sort_by, fields)
    touching = conditions if is_by_start else [*conditions, *order]
    parts = Parts(calls_from(touching, _TABLES), conditions, order)
    if indexes is None:
        return parts
    if is_counted:
        return parts if filtered else parts._replace(counted_by=count_index.find(query, fields))
    return parts._replace(sorted_by=sort_index.find(sort_by, fields))


def narrowed(conn: StoreConnection, parts: Parts, project: int, query: Query) -> Parts:
    """Narrow a search to the calls that have the feedback it asks for, when they are few.

    Args:
        conn: A connection to the store.
        parts: The search.
        project: Integer of the project.
        query: The query that was compiled to the last of the conditions.
    """
    found = feedback_search.narrowing(conn, project, query, _fields())
    if not found:
        return parts
    *others, last = parts.conditions
    return parts._replace(conditions=[*others, *found, last])


def bounded(conn: StoreConnection, parts: Parts, count: int) -> Parts:
    """Narrow an ordered search to what may be among its first rows, where an index serves the order.

    Args:
        conn: A connection; the bound holds for its snapshot.
        parts: The search.
        count: How many rows from the first on are wanted.
    """
    order = parts.sorted_by
    if order is None:
        return parts
    for is_text in (False, True) if order.is_descending else (False,):
        width = min(_WINDOW * count + _MIN_WINDOW, count + _MAX_HIDDEN)
        first = order.first(width, is_text=is_text)
        source = calls_from(parts.conditions, _TABLES, first)
        found = select(first.c.key).select_from(source).where(*parts.conditions).limit(count)
        keys = found.subquery()
        last = select(func.count(), order.last(keys.c.key))
        found_count, bound = conn.core.execute(last).one()
        if found_count == count:
            key = bind_text(bound) if isinstance(bound, str) else bind_int(bound)
            within = order.within(key, is_text=is_text)
            return parts._replace(conditions=[*parts.conditions, within])
    return parts


def run(
    conn: StoreConnection, parts: Parts, kind: str, limit: int, offset: int, start: int
) -> sqlite3.Cursor:
    """Run one kind of statement."""
    result = conn.core.execute(statement(kind, parts, limit, offset, start))
    # The rows are integers: what SQLAlchemy would do to each of them is not needed.
    return cast("sqlite3.Cursor", result.cursor)


def statement(kind: str, parts: Parts, limit: int, offset: int, start: int) -> Select[Any]:
    """Make one kind of statement.

    Args:
        kind: ``page``, ``page_from``, ``window``, ``count`` or ``count_to``.
        parts: What it is made of.
        limit: How many rows at most.
        offset: How many rows to skip.
        start: Where a ``page_from`` begins.
    """
    return _STATEMENTS[kind](parts, limit, offset, start)


@cache
def _fields() -> FieldMap:
    return calls_fields(_TABLES)


def _page(parts: Parts, limit: int, offset: int, _: int) -> Select[Any]:
    found = select(calls.c.pk).select_from(parts.source).where(*parts.conditions)
    return found.order_by(*parts.order).limit(limit).offset(offset)


def _page_from(parts: Parts, limit: int, offset: int, start: int) -> Select[Any]:
    column = calls.c.started_at
    is_upward = parts.order[0].compare(column.asc())
    is_after = column >= start if is_upward else column <= start
    return _page(parts._replace(conditions=[*parts.conditions, is_after]), limit, offset, start)


def _window(parts: Parts, limit: int, offset: int, _: int) -> Select[Any]:
    starts = select(calls.c.started_at).select_from(parts.source).where(*parts.conditions)
    return starts.order_by(parts.order[0]).limit(limit).offset(offset)


def _count(parts: Parts, _: int, __: int, ___: int) -> Select[Any]:
    if parts.counted_by is not None:
        known = select(func.count()).select_from(parts.counted_by.known.subquery())
        # The last condition is that of the query, which is put in other words.
        rest = [*parts.conditions[:-1], parts.counted_by.unread]
        unread = select(func.count()).select_from(calls).where(*rest)
        return select(known.scalar_subquery() + unread.scalar_subquery())
    return select(func.count()).select_from(parts.source).where(*parts.conditions)


def _count_to(parts: Parts, limit: int, _: int, __: int) -> Select[Any]:
    found = select(calls.c.pk).select_from(parts.source).where(*parts.conditions).limit(limit)
    return select(func.count()).select_from(found.subquery())


_STATEMENTS: Final[dict[str, Callable[[Parts, int, int, int], Select[Any]]]] = {
    "page": _page,
    "page_from": _page_from,
    "window": _window,
    "count": _count,
    "count_to": _count_to,
}
