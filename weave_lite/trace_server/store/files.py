"""Files: bytes by digest, once per project. The name is informative."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from weave_lite.core.errors import InvalidRequest, NotFoundError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.file_pieces import FilePieces
from weave_lite.trace_server.store.content import check_size, stored_digest
from weave_lite.trace_server.store.projects import project_pk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from weave_lite.trace_server.store.connections import StoreConnection
    from weave_lite.trace_server.store.engine import Store

__all__ = [
    "NewFile",
    "content_pieces",
    "content_read",
    "create",
    "insert_file",
    "pieces_of",
    "stats",
]

# From here on content goes to and from the file without the copies that a statement makes.
_LARGE_BYTES: Final = 256 * 1024
_PIECE_BYTES: Final = 256 * 1024
_CHANGED: Final = "the file has become another size while it was read; store it again"

_FIND: Final = "SELECT pk, size_bytes FROM files WHERE project = ? AND digest = ?"
_SELECT: Final = "SELECT content FROM files WHERE pk = ?"
_INSERT: Final = (
    "INSERT INTO files (project, digest, name, size_bytes, content) VALUES (?, ?, ?, ?, ?)"
)
_INSERT_BLANK: Final = (
    "INSERT INTO files (project, digest, name, size_bytes, content)"
    " VALUES (?, ?, ?, ?, zeroblob(?))"
)
_SUM: Final = "SELECT coalesce(sum(size_bytes), 0) FROM files WHERE project = ?"


class NewFile(NamedTuple):
    """What a file is, without its bytes."""

    project_id: str
    name: str
    digest: str
    size_bytes: int
    expected_digest: str | None


def create(conn: StoreConnection, new: NewFile, pieces: Iterable[bytes]) -> tsi.FileCreateRes:
    """Store a file; one that is there already stays as it is.

    Args:
        conn: A connection inside a write transaction.
        new: What the file is.
        pieces: Its bytes.

    Raises:
        DigestMismatchError: The expected digest is not the digest of the content.
        InsertTooLarge: The content is larger than a row of the store can hold.
        InvalidRequest: The pieces are not as long together as the file is.
    """
    stored_digest(new.expected_digest, new.digest, lambda: None)
    pk = project_pk(conn, new.project_id, create=True)
    _insert(conn, pk, new.digest, new.name, new.size_bytes, pieces)
    return tsi.FileCreateRes(digest=new.digest)


def insert_file(
    conn: StoreConnection, project_pk: int, digest: str, name: str, content: bytes
) -> None:
    """Store a file under its digest, if absent.

    Args:
        conn: A connection inside a write transaction.
        project_pk: The project.
        digest: The content's digest.
        name: Informative.
        content: The bytes.

    Raises:
        InsertTooLarge: The content is larger than a row of the store can hold.
    """
    _insert(conn, project_pk, digest, name, len(content), (content,))


def _insert(
    conn: StoreConnection,
    project_pk: int,
    digest: str,
    name: str,
    size_bytes: int,
    pieces: Iterable[bytes],
) -> None:
    check_size("content", size_bytes)
    raw = conn.raw
    if raw.execute(_FIND, (project_pk, digest)).fetchone() is not None:
        return
    if size_bytes < _LARGE_BYTES:
        content = b"".join(pieces)
        if len(content) != size_bytes:
            raise InvalidRequest(_CHANGED)
        raw.execute(_INSERT, (project_pk, digest, name, size_bytes, content))
        return
    pk = raw.execute(_INSERT_BLANK, (project_pk, digest, name, size_bytes, size_bytes)).lastrowid
    assert pk is not None
    with raw.blobopen("files", "content", pk) as blob:
        for piece in pieces:
            if blob.tell() + len(piece) > size_bytes:
                raise InvalidRequest(_CHANGED)
            blob.write(piece)
        if blob.tell() != size_bytes:
            raise InvalidRequest(_CHANGED)


def pieces_of(source: BinaryIO) -> Iterator[bytes]:
    """Read an open file piece by piece, from its start."""
    source.seek(0)
    while piece := source.read(_PIECE_BYTES):
        yield piece


def content_read(conn: StoreConnection, req: tsi.FileContentReadReq) -> tsi.FileContentReadRes:
    """Read the bytes of a file.

    Raises:
        NotFoundError: The project has no file of this digest.
    """
    pk, size_bytes = _found(conn, req)
    if size_bytes < _LARGE_BYTES:
        ((content,),) = conn.raw.execute(_SELECT, (pk,)).fetchall()
    else:
        with conn.raw.blobopen("files", "content", pk, readonly=True) as blob:
            content = blob.read()
    return tsi.FileContentReadRes.from_trusted({"content": content})


def content_pieces(store: Store, req: tsi.FileContentReadReq) -> FilePieces:
    """Read the bytes of a file piece by piece, on one connection until the pieces are closed.

    Raises:
        NotFoundError: The project has no file of this digest; raised at once.
    """
    with store.read() as conn:
        _, size_bytes = _found(conn, req)
        if store.is_memory:
            # The one connection must not stay taken between two pieces, and all is in memory.
            return FilePieces(size_bytes, _slices(content_read(conn, req).content))
    return FilePieces(size_bytes, _pieces(store, req))


def _pieces(store: Store, req: tsi.FileContentReadReq) -> Iterator[bytes]:
    with store.read() as conn:
        pk, _ = _found(conn, req)
        with conn.raw.blobopen("files", "content", pk, readonly=True) as blob:
            while piece := blob.read(_PIECE_BYTES):
                yield piece


def _slices(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), _PIECE_BYTES):
        yield content[start : start + _PIECE_BYTES]


def _found(conn: StoreConnection, req: tsi.FileContentReadReq) -> tuple[int, int]:
    """Give the integer and the size in bytes of a file."""
    project = project_pk(conn, req.project_id, create=False)
    found = None
    if project is not None:
        found = conn.raw.execute(_FIND, (project, req.digest)).fetchone()
    if found is None:
        raise NotFoundError(
            f"file {req.digest!r} does not exist in project {req.project_id!r}; files are stored "
            "per project, check both"
        )
    pk, size_bytes = found
    return pk, size_bytes


def stats(conn: StoreConnection, req: tsi.FilesStatsReq) -> tsi.FilesStatsRes:
    """Sum the bytes of a project's files; each content counts once."""
    pk = project_pk(conn, req.project_id, create=False)
    total = 0
    if pk is not None:
        ((total,),) = conn.raw.execute(_SUM, (pk,)).fetchall()
    return tsi.FilesStatsRes(total_size_bytes=total)
