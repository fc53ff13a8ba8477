"""The methods of a remote trace server that store tables: those over the limit go in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.core.errors import NotFoundError, NotSupportedError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server_bindings.answers import answer_of
from weave_lite.trace_server_bindings.parts import in_parts
from weave_lite.trace_server_bindings.plain_methods import PlainMethods, request_of
from weave_lite.trace_server_bindings.request_json import json_text, written
from weave_lite.trace_server_bindings.routes import by_method

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["TableMethods"]


class TableMethods(PlainMethods):
    """A part of ``RemoteHTTPTraceServer``."""

    remote_request_bytes_limit: int

    def table_create(self, req: tsi.TableCreateReq | Mapping[str, Any]) -> tsi.TableCreateRes:
        """Store a table; of one over the limit its rows are stored first, then their order.

        Raises:
            InvalidRequest: A row is not JSON.
        """
        table = request_of("TableCreateReq", req).table
        rows = [json_text(row, f"table.rows[{at}]") for at, row in enumerate(table.rows)]
        parts = in_parts(rows, self.remote_request_bytes_limit)
        if len(parts) <= 1:
            return self._create(table.project_id, rows, table.expected_digest)
        row_digests: list[str] = []
        for part in parts:
            row_digests += self._create(table.project_id, part).row_digests
        try:
            whole = self.table_create_from_digests(
                {
                    "project_id": table.project_id,
                    "row_digests": row_digests,
                    "expected_digest": table.expected_digest,
                }
            )
            return tsi.TableCreateRes(digest=whole.digest, row_digests=row_digests)
        except (NotFoundError, NotSupportedError):
            # A server of the first generation: the empty table grows.
            base = self._create(table.project_id, []).digest
            specs = [b'{"append":{"row":%b}}' % row for row in rows]
            digest, row_digests = self._update(table.project_id, base, specs)
            return tsi.TableCreateRes(digest=digest, row_digests=row_digests)

    def table_update(self, req: tsi.TableUpdateReq | Mapping[str, Any]) -> tsi.TableUpdateRes:
        """Store a table that differs from another by some rows; in parts, over the limit.

        Raises:
            InvalidRequest: A row is not JSON, or an index is out of range.
        """
        update = request_of("TableUpdateReq", req)
        specs = [written(spec, f"updates[{at}]") for at, spec in enumerate(update.updates)]
        digest, row_digests = self._update(update.project_id, update.base_digest, specs)
        return tsi.TableUpdateRes(digest=digest, updated_row_digests=row_digests)

    def _create(
        self, project_id: str, rows: Sequence[bytes], expected_digest: str | None = None
    ) -> tsi.TableCreateRes:
        head = json_text({"project_id": project_id, "expected_digest": expected_digest}, "table")
        body = b'{"table":%b,"rows":[%b]}}' % (head[:-1], b",".join(rows))
        answer = self._http.post_json(by_method("table_create").paths[0], body)
        return answer_of("TableCreateRes", answer)  # type: ignore[no-any-return]

    def _update(self, project_id: str, base: str, specs: Sequence[bytes]) -> tuple[str, list[str]]:
        digest, row_digests = base, list[str]()
        for part in in_parts(specs, self.remote_request_bytes_limit) or [[]]:
            head = json_text({"project_id": project_id, "base_digest": digest}, "base_digest")
            body = b'%b,"updates":[%b]}' % (head[:-1], b",".join(part))
            answer = self._http.post_json(by_method("table_update").paths[0], body)
            res: tsi.TableUpdateRes = answer_of("TableUpdateRes", answer)
            digest = res.digest
            row_digests += res.updated_row_digests
        return digest, row_digests
