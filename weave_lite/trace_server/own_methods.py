"""What the embedded server offers beyond the interface: its projects, indexes and journals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weave_lite.trace_server import store

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.trace_server.store.engine import Store

__all__ = ["OwnMethods"]


class OwnMethods:
    """A part of ``SqliteTraceServer``."""

    _store: Store

    def project_ids(self) -> list[str]:
        """List the projects of the store, the one that was used last first."""
        with self._store.read() as conn:
            return store.projects.list_projects(conn)

    @property
    def is_read_only(self) -> bool:
        """Whether the store is never written."""
        return self._store.read_only

    def journal(self, route: str) -> store.sync_journal.StoreJournal:
        """Give the journal of a move between servers.

        Args:
            route: Names what is moved, and where to.
        """
        return store.sync_journal.StoreJournal(self._store, route)

    # --- indexes: our own, beyond the interface ---

    def index_add(
        self, path: str, progress: Callable[[int], object] | None = None
    ) -> store.path_indexes.PathIndex:
        """Make an index on a JSON path of calls, or for text search; one that is there stays.

        Args:
            path: ``inputs.model``; or ``inputs`` or ``output`` for text search.
            progress: Told how many documents are still to be read for text search.

        Raises:
            InvalidRequest: The path cannot have an index; the message says what can.
        """
        return store.path_indexes.add(self._store, path, progress)

    def index_list(self) -> list[store.path_indexes.PathIndex]:
        """List the indexes that were made, sorted by path."""
        with self._store.read() as conn:
            return store.path_indexes.list_all(conn)

    def index_drop(self, path: str) -> None:
        """Drop an index; queries answer the same without it.

        Raises:
            InvalidRequest: There is no index on the path.
        """
        with self._store.write() as conn:
            store.path_indexes.drop(conn, path)
