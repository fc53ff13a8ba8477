"""Calls: the search that finds them, in order, and counts them. It gives integers, not rows.

A search of a common form runs as text (``plain_search``); all others are compiled per request
(``compiled_search``), which loads SQLAlchemy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from weave_lite.trace_server.store import index_upkeep, path_indexes, plain_search

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from weave_lite.trace_server.interface.calls import CallsFilter
    from weave_lite.trace_server.interface.query import Query, SortBy
    from weave_lite.trace_server.store.compiled_search import Parts
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["Search", "count", "find", "is_current", "plan"]

# From here on an offset is found on the index alone; before, one statement is cheaper than two.
_DEEP_OFFSET: Final = 500
# How many calls before the offset are looked at for the same start.
_TIE_WINDOW: Final = 64
# Pages that end further down are not looked for in an index on a path.
_MAX_BOUNDED: Final = 20_000
# No store holds more calls; SQLite takes no larger integer.
_MAX_COUNT: Final = 2**63 - 1
# SQLite has no offset without a limit; this is none.
_NO_LIMIT: Final = -1


class Search(NamedTuple):
    """What to look for: either a common form with its values, or compiled parts.

    Attributes:
        direction: 1 or -1 when the order is that of the start, upward or downward; else 0.
        form: The common form.
        values: Its values by field, and that of the project.
        parts: The compiled parts of a search of another form.
        numbers: The indexes that were there when it was compiled.
    """

    direction: int
    form: plain_search.Form | None
    values: dict[str, str | int]
    parts: Parts | None
    numbers: Mapping[str, int] | None = None


def plan(
    project: int,
    calls_filter: CallsFilter | None,
    query: Query | None,
    sort_by: Sequence[SortBy] | None = None,
    expanded: tuple[str, ...] = (),
    indexed_by: StoreConnection | None = None,
    *,
    is_whole: bool = False,
    is_counted: bool = False,
) -> Search:
    """Compile a search; what is wrong with it is found here.

    Args:
        project: Integer of the project.
        calls_filter: The plain filter.
        query: The query, which must hold as well.
        sort_by: The order; by start when there is none.
        expanded: Paths at which refs are replaced by what they point to, for fields below them.
        indexed_by: A connection to the store whose indexes may be used; none without it.
        is_whole: Whether all calls are wanted: then an index always pays.
        is_counted: Whether all are only counted.

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
        found = plain_search.form_of(calls_filter, direction)
        if found is not None:
            form, values = found
            return Search(direction, form, {**values, "project": project}, None)
    from weave_lite.trace_server.store import compiled_search  # noqa: PLC0415 - loads SQLAlchemy

    indexes = None
    if indexed_by is not None:
        indexes = path_indexes.known(
            indexed_by, project, is_whole=is_whole or is_counted or not direction
        )
    parts = compiled_search.parts_of(
        project,
        calls_filter,
        query,
        sort_by,
        is_by_start=bool(direction),
        expanded=expanded,
        indexes=indexes,
        is_counted=is_counted,
    )
    if indexed_by is not None and query is not None:
        parts = compiled_search.narrowed(indexed_by, parts, project, query)
    return Search(direction, None, {}, parts, indexes and indexes.numbers)


def is_current(conn: StoreConnection, search: Search) -> bool:
    """Tell whether the indexes that a search may use are there in a connection's snapshot."""
    return search.numbers is None or search.numbers == index_upkeep.numbers(conn)


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
    if search.parts is not None and search.parts.sorted_by and 0 < limit + offset <= _MAX_BOUNDED:
        from weave_lite.trace_server.store import compiled_search  # noqa: PLC0415 - loads SQLAlchemy

        parts = compiled_search.bounded(conn, search.parts, limit + offset)
        search = search._replace(parts=parts)
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


def _run(
    conn: StoreConnection, search: Search, kind: str, limit: int, offset: int, start: int = 0
) -> sqlite3.Cursor:
    """Run one kind of statement."""
    if search.form is not None:
        text = plain_search.statement(kind, search.form)
        values = {**search.values, "limit": limit, "offset": offset, "start": start}
        return conn.raw.execute(text, values)
    from weave_lite.trace_server.store import compiled_search  # noqa: PLC0415 - loads SQLAlchemy

    assert search.parts is not None
    return compiled_search.run(conn, search.parts, kind, limit, offset, start)
