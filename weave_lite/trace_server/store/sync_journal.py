"""The journal of moves to and from other servers: a table that is made when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from weave_lite.trace_server.store.connections import StoreConnection
    from weave_lite.trace_server.store.engine import Store

__all__ = ["StoreJournal"]

_MAKE: Final = (
    "CREATE TABLE IF NOT EXISTS sync_journal (route TEXT NOT NULL, kind TEXT NOT NULL,"
    " key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (route, kind, key)) WITHOUT ROWID"
)
_IS_THERE: Final = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'sync_journal'"
_READ: Final = "SELECT key, value FROM sync_journal WHERE route = ? AND kind = ?"
_NOTE: Final = "INSERT OR REPLACE INTO sync_journal VALUES (?, ?, ?, ?)"
_DROP: Final = "DELETE FROM sync_journal WHERE route = ? AND kind = ? AND key = ?"
_FORGET: Final = "DELETE FROM sync_journal WHERE route = ?"


class StoreJournal:
    """The notes of one route, such as a project and the server that it is moved to.

    Args:
        store: Where the notes are kept.
        route: Names what is moved, and where to.
    """

    def __init__(self, store: Store, route: str) -> None:
        self._store = store
        self._route = route

    def read(self, kind: str) -> dict[str, str]:
        """Read all notes of a kind: value by key."""
        with self._store.read() as conn:
            if not _is_there(conn):
                return {}
            return dict(conn.raw.execute(_READ, (self._route, kind)).fetchall())

    def note(self, kind: str, entries: dict[str, str]) -> None:
        """Note values by key, in one transaction."""
        with self._store.write() as conn:
            conn.raw.execute(_MAKE)
            rows = [(self._route, kind, key, value) for key, value in entries.items()]
            conn.raw.executemany(_NOTE, rows)

    def drop(self, kind: str, keys: list[str]) -> None:
        """Forget some notes of a kind, in one transaction."""
        with self._store.write() as conn:
            if _is_there(conn):
                conn.raw.executemany(_DROP, [(self._route, kind, key) for key in keys])

    def forget(self) -> None:
        """Forget all notes of the route."""
        with self._store.read() as conn:
            if not _is_there(conn):
                return
        with self._store.write() as conn:
            conn.raw.execute(_FORGET, (self._route,))


def _is_there(conn: StoreConnection) -> bool:
    return conn.raw.execute(_IS_THERE).fetchone() is not None
