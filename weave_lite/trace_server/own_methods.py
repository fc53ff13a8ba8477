"""What the embedded server offers beyond the interface: projects, journals, file pieces, indexes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

from weave_lite.core.digest import digest_file
from weave_lite.trace_server import store, validate
from weave_lite.trace_server.interface import texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.trace_server import trace_server_interface as tsi
    from weave_lite.trace_server.interface.file_pieces import FilePieces
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

    # --- files piece by piece: ``interface.file_pieces`` ---

    def file_create_from(
        self, project_id: str, name: str, source: BinaryIO, expected_digest: str | None = None
    ) -> tsi.FileCreateRes:
        """Store a file by digest; its bytes are read from an open file, from its start.

        Raises:
            DigestMismatchError: The expected digest is not that of the bytes.
            InsertTooLarge: The file is larger than a row of the store can hold.
            InvalidRequest: The project id or the name is refused, or the file has become another
                size while it was read.
        """
        validate.project_id(project_id)
        texts.check_text(name, "name")
        # Read once for the digest: the write lock is not held meanwhile.
        digest = digest_file(source)
        size_bytes = source.seek(0, os.SEEK_END)
        new = store.files.NewFile(project_id, name, digest, size_bytes, expected_digest)
        with self._store.write() as conn:
            return store.files.create(conn, new, store.files.pieces_of(source))

    def file_content_pieces(self, req: tsi.FileContentReadReq) -> FilePieces:
        """Read the bytes of a file piece by piece.

        Raises:
            NotFoundError: The project has no such file; raised at once.
        """
        validate.plain(req, "digest")
        return store.files.content_pieces(self._store, req)

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
