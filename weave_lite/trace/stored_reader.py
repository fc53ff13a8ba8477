"""StoredReader: what one client asks its server for: objects, rows and files.

The queue of the recorder is written first, so that everybody reads their own writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core import jsontext
from weave_lite.core.errors import NotFoundError
from weave_lite.core.refs import ObjectRef, OpRef, TableRef
from weave_lite.serialize.read import is_plain_text
from weave_lite.trace_server import trace_server_interface as tsi

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.trace.values.table import WeaveTable
    from weave_lite.trace_server.trace_server_interface import TraceServerInterface

__all__ = ["StoredReader"]

_DIGEST_LENGTH = 43


class StoredReader:
    """Reads what is stored.

    Args:
        server: The trace server.
        flush: Writes what is still in the queue.
    """

    def __init__(self, server: TraceServerInterface, flush: Callable[[], object]) -> None:
        self._server = server
        # A server in this process may give rows as text.
        self._read_encoded: Callable[[str, str, int, int], list[tuple[str, str]]] | None = getattr(
            server, "table_rows_encoded", None
        )
        self._flush = flush

    def read_object(self, ref: ObjectRef, *, metadata_only: bool = False) -> tsi.ObjSchema:
        """Read the version that a ref names; its path is not followed.

        Raises:
            NotFoundError: There is no such version.
            ObjectDeletedError: It was deleted.
        """
        self._flush()
        if isinstance(ref, OpRef) and len(ref.digest) != _DIGEST_LENGTH:
            # An op and an object may have one name, and each has its own latest version.
            return self._server.op_read(
                tsi.OpReadReq(project_id=ref.project_id, name=ref.name, digest=ref.digest)
            ).op_obj
        return self._server.obj_read(
            tsi.ObjReadReq(
                project_id=ref.project_id,
                object_id=ref.name,
                digest=ref.digest,
                metadata_only=metadata_only,
            )
        ).obj

    def read_path(self, ref: ObjectRef) -> Any:
        """Read the value inside an object that a ref points to; None where there is none."""
        self._flush()
        return self._server.refs_read_batch(tsi.RefsReadBatchReq(refs=[ref.uri()])).vals[0]

    def has_version(self, ref: ObjectRef) -> bool:
        """Tell whether an object version is there and not deleted."""
        try:
            self.read_object(ref, metadata_only=True)
        except NotFoundError:
            return False
        return True

    def op_version(self, ref: ObjectRef) -> OpRef:
        """Return the full ref of the op version that a ref names, by an alias or digest.

        Raises:
            NotFoundError: There is no such version, or it is no op.
        """
        as_op = OpRef(ref.entity, ref.project, ref.name, ref.digest, ref.extra)
        found = self.read_object(as_op, metadata_only=True)
        if found.kind != "op":
            raise NotFoundError(f"{ref.uri()} is an object; an op was asked for")
        return OpRef(ref.entity, ref.project, ref.name, found.digest, ref.extra)

    def delete_version(self, ref: ObjectRef) -> None:
        """Mark the version that a ref names as deleted.

        Raises:
            NotFoundError: There is no such version.
        """
        self._flush()
        if isinstance(ref, OpRef) and len(ref.digest) != _DIGEST_LENGTH:
            # The latest of an op, where an object may have the same name.
            ref = self.op_version(ref)
        self._server.obj_delete(
            tsi.ObjDeleteReq(project_id=ref.project_id, object_id=ref.name, digests=[ref.digest])
        )

    def owns(self, table: WeaveTable) -> bool:
        """Tell whether a table was read from this server."""
        return getattr(table.reader, "reader", None) is self

    def read_rows(
        self, table: TableRef, start: int, stop: int
    ) -> tuple[list[tuple[str, dict[str, Any]]], bool]:
        """Read rows by position.

        Returns:
            Of each row its digest and its JSON value; and whether these are the values themselves,
            with no refs and records in them.
        """
        self._flush()
        project_id, digest = table.project_id, table.digest
        if self._read_encoded is not None:
            found = self._read_encoded(project_id, digest, start, stop)
            rows = [(row_digest, jsontext.parse(text)) for row_digest, text in found]
            return rows, all(is_plain_text(text) for _, text in found)
        req = tsi.TableQueryReq(
            project_id=project_id, digest=digest, offset=start, limit=stop - start
        )
        rows = [(row.digest, row.val) for row in self._server.table_query_stream(req)]
        return rows, all(is_plain_text(jsontext.compact(value)) for _, value in rows)

    def find_row(self, table: TableRef, row_digest: str) -> tuple[int, dict[str, Any]] | None:
        """Find a row by its digest: its position and its JSON value."""
        self._flush()
        req = tsi.TableQueryReq(
            project_id=table.project_id,
            digest=table.digest,
            filter=tsi.TableRowFilter(row_digests=[row_digest]),
            limit=1,
        )
        for row in self._server.table_query_stream(req):
            return row.original_index or 0, row.val
        return None

    def count_rows(self, table: TableRef) -> int:
        """Count the rows of a table.

        Raises:
            NotFoundError: There is no such table.
        """
        self._flush()
        return self._server.table_query_stats(
            tsi.TableQueryStatsReq(project_id=table.project_id, digest=table.digest)
        ).count

    def append_rows(self, table: TableRef, rows: list[dict[str, Any]]) -> TableRef:
        """Store a copy of a table with more rows at its end; the rows there are not read.

        Raises:
            NotFoundError: There is no such table.
        """
        self._flush()
        updates: list[Any] = [
            tsi.TableAppendSpec(append=tsi.TableAppendSpecPayload(row=row)) for row in rows
        ]
        res = self._server.table_update(
            tsi.TableUpdateReq(
                project_id=table.project_id, base_digest=table.digest, updates=updates
            )
        )
        return TableRef(table.entity, table.project, res.digest)

    def read_file(self, project_id: str, digest: str) -> bytes:
        """Read the bytes of a file.

        Raises:
            NotFoundError: There is no such file.
        """
        self._flush()
        return self._server.file_content_read(
            tsi.FileContentReadReq(project_id=project_id, digest=digest)
        ).content
