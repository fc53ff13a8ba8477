"""Indexes that the user asks for: made, listed, dropped, and known to the query compiler.

A path has a table of keys; a whole column has one for text search. The table ``path_indexes`` lists
them; the names of their tables are made of its integers (``index_upkeep``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server.query.index_keys import checked_path
from weave_lite.trace_server.store import index_upkeep

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import CompoundSelect, Select

    from weave_lite.trace_server.query.indexed import Indexes
    from weave_lite.trace_server.store.connections import StoreConnection
    from weave_lite.trace_server.store.engine import Store

__all__ = ["PathIndex", "add", "drop", "known", "list_all"]

# Beyond so many rows it is faster to walk calls by time, since a page is soon full.
_RARE: Final = 5_000


class PathIndex(NamedTuple):
    """An index that the user asked for.

    Attributes:
        path: ``inputs.model``, or a whole column: ``inputs``, ``output``.
        kind: ``"path"`` or ``"text"``.
        pending: How many documents it does not know yet; each search looks at these one by one.
    """

    path: str
    kind: str
    pending: int


def add(store: Store, path: str, progress: Callable[[int], object] | None = None) -> PathIndex:
    """Make an index; one that is there stays, and is completed.

    Args:
        store: An open store.
        path: A path below a column, or ``inputs`` or ``output`` for text search.
        progress: Told after each step how many documents are still to be read.

    Raises:
        InvalidRequest: The path cannot have an index.
        StoreError: The store cannot be written.
    """
    checked_path(path)
    with store.write() as conn:
        number = index_upkeep.numbers(conn).get(path)
        if number is None:
            made = conn.raw.execute("INSERT INTO path_indexes (path) VALUES (?)", (path,))
            number = int(made.lastrowid or 0)
            index_upkeep.create(conn.raw, path, number)
    index_upkeep.complete(store, path, number, progress)
    return PathIndex(path, _kind(path), 0)


def list_all(conn: StoreConnection) -> list[PathIndex]:
    """List the indexes, sorted by path."""
    return [
        PathIndex(path, _kind(path), index_upkeep.pending_count(conn.raw, number))
        for path, number in sorted(index_upkeep.numbers(conn).items())
    ]


def drop(conn: StoreConnection, path: str) -> None:
    """Drop an index.

    Raises:
        InvalidRequest: There is none on that path.
    """
    numbers = index_upkeep.numbers(conn)
    if path not in numbers:
        have = ", ".join(sorted(numbers)) or "none"
        raise InvalidRequest(f"path {path[:140]!r} has no index; there are: {have}")
    index_upkeep.drop(conn.raw, path, numbers[path])
    conn.raw.execute("DELETE FROM path_indexes WHERE path = ?", (path,))


def known(conn: StoreConnection, project: int, *, is_whole: bool) -> Indexes | None:
    """Give the indexes to the query compiler; None when there are none.

    Args:
        conn: The connection that will run the query.
        project: The integer of the project that is asked.
        is_whole: Whether all that match are wanted, so that an index always pays.
    """
    numbers = index_upkeep.numbers(conn)
    if not numbers:
        return None
    from sqlalchemy import func, literal_column, select  # noqa: PLC0415

    from weave_lite.trace_server.query.indexed import Indexes  # noqa: PLC0415 - loads SQLAlchemy

    if is_whole:
        return Indexes(numbers, lambda _: True, project)

    def is_rare(rows: Select[Any] | CompoundSelect[Any]) -> bool:
        some = rows.limit(literal_column(str(_RARE + 1))).subquery()
        count = conn.core.execute(select(func.count()).select_from(some)).scalar_one()
        return int(count) <= _RARE

    return Indexes(numbers, is_rare, project)


def _kind(path: str) -> str:
    return "path" if "." in path else "text"
