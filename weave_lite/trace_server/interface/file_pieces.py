"""The narrow door for files: their bytes piece by piece, for those who pass them on.

The public door (``trace_server_interface``) takes and gives all bytes of a file at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.trace_server.interface.files import FileContentReadReq, FileCreateRes

__all__ = ["FilePieces", "FilePiecesServer"]


class FilePieces(NamedTuple):
    """The bytes of a file while they are read. Close ``pieces`` when not all are taken."""

    size_bytes: int
    pieces: Iterator[bytes]


@runtime_checkable
class FilePiecesServer(Protocol):
    """A server that never needs all bytes of a file at once."""

    def file_create_from(
        self, project_id: str, name: str, source: BinaryIO, expected_digest: str | None = None
    ) -> FileCreateRes:
        """Store a file by digest, as ``file_create`` does.

        Args:
            project_id: The project.
            name: Informative.
            source: The bytes: an open file that can be read twice, from its start.
            expected_digest: What the digest must be.
        """

    def file_content_pieces(self, req: FileContentReadReq) -> FilePieces:
        """Read the bytes of a file, as ``file_content_read`` does.

        Raises:
            NotFoundError: The project has no such file; raised at once, not by the first piece.
        """
