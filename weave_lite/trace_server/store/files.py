"""Files: bytes by digest, once per project. The name is informative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weave_lite.core.digest import digest_bytes
from weave_lite.core.errors import NotFoundError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store.content import check_size, stored_digest
from weave_lite.trace_server.store.projects import project_pk

if TYPE_CHECKING:
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["content_read", "create", "insert_file", "stats"]

# From here on content goes to and from the file without the copies that a statement makes.
_LARGE_BYTES: Final = 256 * 1024

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


def create(conn: StoreConnection, req: tsi.FileCreateReq) -> tsi.FileCreateRes:
    """Store a file; one that is there already stays as it is.

    Raises:
        DigestMismatchError: ``expected_digest`` is not the digest of the content.
        InsertTooLarge: The content is larger than a row of the store can hold.
    """
    digest = stored_digest(req.expected_digest, digest_bytes(req.content), lambda: None)
    pk = project_pk(conn, req.project_id, create=True)
    insert_file(conn, pk, digest, req.name, req.content)
    return tsi.FileCreateRes(digest=digest)


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
    check_size("content", content)
    raw = conn.raw
    if raw.execute(_FIND, (project_pk, digest)).fetchone() is not None:
        return
    size_bytes = len(content)
    if size_bytes < _LARGE_BYTES:
        raw.execute(_INSERT, (project_pk, digest, name, size_bytes, content))
        return
    pk = raw.execute(_INSERT_BLANK, (project_pk, digest, name, size_bytes, size_bytes)).lastrowid
    assert pk is not None
    with raw.blobopen("files", "content", pk) as blob:
        blob.write(content)


def content_read(conn: StoreConnection, req: tsi.FileContentReadReq) -> tsi.FileContentReadRes:
    """Read the bytes of a file.

    Raises:
        NotFoundError: The project has no file of this digest.
    """
    raw = conn.raw
    project = project_pk(conn, req.project_id, create=False)
    found = None
    if project is not None:
        found = raw.execute(_FIND, (project, req.digest)).fetchone()
    if found is None:
        raise NotFoundError(
            f"file {req.digest!r} does not exist in project {req.project_id!r}; files are stored "
            "per project, check both"
        )
    pk, size_bytes = found
    if size_bytes < _LARGE_BYTES:
        ((content,),) = raw.execute(_SELECT, (pk,)).fetchall()
    else:
        with raw.blobopen("files", "content", pk, readonly=True) as blob:
            content = blob.read()
    return tsi.FileContentReadRes.from_trusted({"content": content})


def stats(conn: StoreConnection, req: tsi.FilesStatsReq) -> tsi.FilesStatsRes:
    """Sum the bytes of a project's files; each content counts once."""
    pk = project_pk(conn, req.project_id, create=False)
    total = 0
    if pk is not None:
        ((total,),) = conn.raw.execute(_SUM, (pk,)).fetchall()
    return tsi.FilesStatsRes(total_size_bytes=total)
