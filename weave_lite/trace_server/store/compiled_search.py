"""Searches of calls that are compiled per request: any filter, query and order."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from sqlalchemy import func, select

from weave_lite.trace_server.query.call_tables import CallTables
from weave_lite.trace_server.query.calls_filter import compile_calls_filter
from weave_lite.trace_server.query.compile import compile_filter
from weave_lite.trace_server.query.fields import FieldMap, calls_fields
from weave_lite.trace_server.query.joins import calls_from
from weave_lite.trace_server.query.sort import compile_sort
from weave_lite.trace_server.store.schema import calls, metadata

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, FromClause, Select

    from weave_lite.trace_server.interface.calls import CallsFilter
    from weave_lite.trace_server.interface.query import Query, SortBy
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["Parts", "parts_of", "run", "statement"]

_TABLES: Final = CallTables.of(metadata)
# Word for word what the partial indexes say, so that SQLite may use them.
_VISIBLE: Final = (calls.c.started_at.is_not(None), calls.c.deleted_at.is_(None))


class Parts(NamedTuple):
    """The parts of a statement: a source of rows, their conditions and their order."""

    source: FromClause
    conditions: Sequence[ColumnElement[bool]]
    order: Sequence[ColumnElement[Any]]


def parts_of(
    project: int,
    calls_filter: CallsFilter | None,
    query: Query | None,
    sort_by: Sequence[SortBy] | None,
    *,
    is_by_start: bool,
    expanded: tuple[str, ...] = (),
) -> Parts:
    """Compile a search; what is wrong with it is found here.

    Args:
        project: Integer of the project.
        calls_filter: The plain filter.
        query: The query, which must hold as well.
        sort_by: The order; by start when there is none.
        is_by_start: Whether the order is that of the start alone, which needs no other table.
        expanded: Paths at which refs are replaced, for fields below them.

    Raises:
        InvalidFieldError: A field does not exist.
        InvalidQueryError: The query is not a sentence of the query language.
        NotSupportedError: A field needs what the store does not hold.
    """
    conditions = [
        calls.c.project == project,
        *_VISIBLE,
        *compile_calls_filter(calls_filter, project, _TABLES),
    ]
    fields = _fields() if not expanded else calls_fields(_TABLES, expanded)
    if query is not None:
        conditions.append(compile_filter(query, fields))
    order = compile_sort(sort_by, fields)
    touching = conditions if is_by_start else [*conditions, *order]
    return Parts(calls_from(touching, _TABLES), conditions, order)


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
