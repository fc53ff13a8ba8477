"""Calls: the statements that find them, in order, and count them. They give integers, not rows.

A search whose form is common (a plain filter with one value a field, ordered by start) is compiled
once per form and run as text; all others are compiled per request.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from sqlalchemy import func, select
from sqlalchemy.dialects import sqlite

from weave_lite.trace_server.interface.calls import CallsFilter
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

    from weave_lite.trace_server.interface.query import Query, SortBy
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["Search", "count", "find", "plan"]

# From here on an offset is found on the index alone; before, one statement is cheaper than two.
_DEEP_OFFSET: Final = 500
# How many calls before the offset are looked at for the same start.
_TIE_WINDOW: Final = 64
# No store holds more calls; SQLite takes no larger integer.
_MAX_COUNT: Final = 2**63 - 1
# SQLite has no offset without a limit; this is none.
_NO_LIMIT: Final = -1

_TABLES: Final = CallTables.of(metadata)
# Word for word what the partial indexes say, so that SQLite may use them.
_VISIBLE: Final = (calls.c.started_at.is_not(None), calls.c.deleted_at.is_(None))


class _Form(NamedTuple):
    """A common form of search: the fields of its filter, each with one value, and its direction."""

    fields: tuple[str, ...]
    is_roots_only: bool
    direction: int


class _Parts(NamedTuple):
    """The parts of a statement: a source of rows, their conditions and their order."""

    source: FromClause
    conditions: Sequence[ColumnElement[bool]]
    order: Sequence[ColumnElement[Any]]


class Search(NamedTuple):
    """What to look for. Either of a common form with its values, or compiled parts."""

    # 1 or -1 when the order is that of started_at, upward or downward; else 0.
    direction: int
    form: _Form | None
    values: dict[object, object]
    parts: _Parts | None


def plan(
    project: int,
    calls_filter: CallsFilter | None,
    query: Query | None,
    sort_by: Sequence[SortBy] | None = None,
) -> Search:
    """Compile a search; what is wrong with it is found here.

    Args:
        project: Integer of the project.
        calls_filter: The plain filter.
        query: The query, which must hold as well.
        sort_by: The order; by start when there is none.

    Raises:
        InvalidFieldError: A field does not exist.
        InvalidQueryError: The query is not a sentence of the query language.
        NotSupportedError: A field needs what the store does not hold.
    """
    direction = 0
    if not sort_by:
        direction = 1
    elif len(sort_by) == 1 and sort_by[0].field == "started_at":
        direction = 1 if sort_by[0].direction == "asc" else -1
    if query is None and direction:
        values = _single_values(calls_filter)
        if values is not None:
            is_roots_only = bool(calls_filter and calls_filter.trace_roots_only)
            form = _Form(tuple(values), is_roots_only, direction)
            bound: dict[object, object] = {_PROJECT: project}
            bound.update(values)
            return Search(direction, form, bound, None)
    conditions = [
        calls.c.project == project,
        *_VISIBLE,
        *compile_calls_filter(calls_filter, project, _TABLES),
    ]
    if query is not None:
        conditions.append(compile_filter(query, _fields()))
    order = compile_sort(sort_by, _fields())
    touching = conditions if direction else [*conditions, *order]
    return Search(direction, None, {}, _Parts(calls_from(touching, _TABLES), conditions, order))


def find(conn: StoreConnection, search: Search, limit: int | None, offset: int) -> sqlite3.Cursor:
    """Find the integers of a page of calls.

    Args:
        conn: A connection; the cursor is of its snapshot.
        search: What to look for.
        limit: How many at most; None is all.
        offset: How many to skip.
    """
    limit = _NO_LIMIT if limit is None else min(limit, _MAX_COUNT)
    offset = min(offset, _MAX_COUNT)
    if search.direction and offset >= _DEEP_OFFSET:
        # Reading rows only to skip them would cost more than all the rest. So the start of the
        # page is found by the index on time, and calls of that very start are skipped by id.
        window = _run(conn, search, "window", _TIE_WINDOW + 1, offset - _TIE_WINDOW)
        starts = [row[0] for row in window.fetchall()]
        if len(starts) <= _TIE_WINDOW:
            limit = 0
        elif starts[0] != starts[-1]:
            before = starts.count(starts[-1]) - 1
            return _run(conn, search, "page_from", limit, before, starts[-1])
    return _run(conn, search, "page", limit, offset)


def count(conn: StoreConnection, search: Search, limit: int | None) -> int:
    """Count calls, up to a limit."""
    if limit is None:
        found = _run(conn, search, "count", _NO_LIMIT, 0)
    else:
        found = _run(conn, search, "count_to", min(limit, _MAX_COUNT), 0)
    return int(found.fetchone()[0])


@cache
def _fields() -> FieldMap:
    return calls_fields(_TABLES)


# --- statements, by kind ---


def _page(parts: _Parts, limit: int, offset: int, _: int) -> Select[Any]:
    found = select(calls.c.pk).select_from(parts.source).where(*parts.conditions)
    return found.order_by(*parts.order).limit(limit).offset(offset)


def _page_from(parts: _Parts, limit: int, offset: int, start: int) -> Select[Any]:
    column = calls.c.started_at
    is_after = column >= start if _is_upward(parts) else column <= start
    return _page(parts._replace(conditions=[*parts.conditions, is_after]), limit, offset, start)


def _window(parts: _Parts, limit: int, offset: int, _: int) -> Select[Any]:
    starts = select(calls.c.started_at).select_from(parts.source).where(*parts.conditions)
    return starts.order_by(parts.order[0]).limit(limit).offset(offset)


def _count(parts: _Parts, _: int, __: int, ___: int) -> Select[Any]:
    return select(func.count()).select_from(parts.source).where(*parts.conditions)


def _count_to(parts: _Parts, limit: int, _: int, __: int) -> Select[Any]:
    found = select(calls.c.pk).select_from(parts.source).where(*parts.conditions).limit(limit)
    return select(func.count()).select_from(found.subquery())


_STATEMENTS: Final[dict[str, Callable[[_Parts, int, int, int], Select[Any]]]] = {
    "page": _page,
    "page_from": _page_from,
    "window": _window,
    "count": _count,
    "count_to": _count_to,
}


def _is_upward(parts: _Parts) -> bool:
    return parts.order[0].compare(calls.c.started_at.asc())


def _run(
    conn: StoreConnection, search: Search, kind: str, limit: int, offset: int, start: int = 0
) -> sqlite3.Cursor:
    """Run one kind of statement on the driver's connection."""
    if search.form is not None:
        text, slots = _prepared(kind, search.form)
        values = {**search.values, _LIMIT: limit, _OFFSET: offset, _START: start}
        cursor: sqlite3.Cursor = conn.raw.execute(text, [values.get(slot, slot) for slot in slots])
        return cursor
    assert search.parts is not None
    result = conn.core.execute(_STATEMENTS[kind](search.parts, limit, offset, start))
    # The rows are integers: what SQLAlchemy would do to each of them is not needed.
    return cast("sqlite3.Cursor", result.cursor)


# --- common forms ---

# Stand for the values of a form while it is compiled. No request has these integers, and a text
# that stands for a field is never compared with one of a request.
_PROJECT: Final = -(2**60) - 1
_LIMIT: Final = -(2**60) - 2
_OFFSET: Final = -(2**60) - 3
_START: Final = -(2**60) - 4


def _single_values(calls_filter: CallsFilter | None) -> dict[str, str] | None:
    """Read a filter of one value a field; None when it is of another form."""
    values: dict[str, str] = {}
    if calls_filter is not None:
        for field, wanted in calls_filter:
            if not wanted or wanted is True:
                continue
            if len(wanted) > 1 or (field == "op_names" and wanted[0].endswith(":*")):
                return None
            values[field] = wanted[0]
    return values


@lru_cache(maxsize=256)
def _prepared(kind: str, form: _Form) -> tuple[str, tuple[object, ...]]:
    """Compile a kind of statement for a form.

    Returns:
        The text, and for each of its parameters a value or what stands for one.
    """
    stand_ins = CallsFilter(
        **{field: [field] for field in form.fields}, trace_roots_only=form.is_roots_only
    )
    started_at = calls.c.started_at
    parts = _Parts(
        source=calls,
        conditions=[
            calls.c.project == _PROJECT,
            *_VISIBLE,
            *compile_calls_filter(stand_ins, _PROJECT, _TABLES),
        ],
        order=[started_at.asc() if form.direction > 0 else started_at.desc(), calls.c.id.asc()],
    )
    compiled = _STATEMENTS[kind](parts, _LIMIT, _OFFSET, _START).compile(dialect=sqlite.dialect())
    names = compiled.positiontup or []
    return str(compiled), tuple(compiled.params[name] for name in names)
