"""Tables: lists of rows by digest. Create, change a copy, count; reading rows is in ``rows_read``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weave_lite.core import digest as digests
from weave_lite.core.errors import InvalidRequest, NotFoundError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.store.content import (
    digest_and_json,
    digests_and_jsons,
    names_json,
    stored_digest,
)
from weave_lite.trace_server.store.projects import project_pk
from weave_lite.trace_server.store.table_rows import (
    find_rows,
    find_table,
    insert_positions,
    insert_rows,
    insert_table,
)

if TYPE_CHECKING:
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["create", "create_from_digests", "insert_table", "stats", "stats_batch", "update"]

_SELECT_ROWS: Final = (
    'SELECT r.digest, r.pk FROM table_positions AS p JOIN table_rows AS r ON r.pk = p."row"'
    ' WHERE p."table" = ? ORDER BY p.position'
)
_COUNT: Final = "SELECT row_count FROM tables WHERE project = ? AND digest = ?"
_COUNTS: Final = (
    "SELECT t.digest, t.row_count, NULL FROM tables AS t"
    " WHERE t.project = ? AND t.digest IN (SELECT value FROM json_each(?)) ORDER BY t.pk"
)
# The length of a text is in characters, that of a blob in bytes.
_COUNTS_AND_SIZES: Final = (
    "SELECT t.digest, t.row_count,"
    " (SELECT coalesce(sum(length(CAST(r.val AS BLOB))), 0) FROM table_positions AS p"
    ' JOIN table_rows AS r ON r.pk = p."row" WHERE p."table" = t.pk)'
    " FROM tables AS t"
    " WHERE t.project = ? AND t.digest IN (SELECT value FROM json_each(?)) ORDER BY t.pk"
)


def create(conn: StoreConnection, req: tsi.TableCreateReq) -> tsi.TableCreateRes:
    """Store a table and its rows, each row once per project.

    Raises:
        InvalidRequest: A row is not JSON.
        DigestMismatchError: ``expected_digest`` is not the digest of the table.
        InsertTooLarge: A row is larger than the store can hold.
    """
    table = req.table
    row_digests, rows_json = digests_and_jsons("table.rows", table.rows)
    digest = digests.digest_rows(row_digests)
    if table.expected_digest not in {None, digest}:
        # A newer client computes its rows' digests by its own rule, too.
        row_digests = [digests.digest_json_sorted(row) for row in table.rows]
        by_sorted_keys = digests.digest_rows(row_digests)
        digest = stored_digest(table.expected_digest, digest, lambda: by_sorted_keys)
    pk = project_pk(conn, table.project_id, create=True)
    insert_table(conn, pk, digest, row_digests, rows_json)
    return tsi.TableCreateRes(digest=digest, row_digests=row_digests)


def create_from_digests(
    conn: StoreConnection, req: tsi.TableCreateFromDigestsReq
) -> tsi.TableCreateFromDigestsRes:
    """Store a table whose rows are stored already.

    Raises:
        NotFoundError: A row is not stored in this project.
        DigestMismatchError: ``expected_digest`` is not the digest of the table.
    """
    digest = digests.digest_rows(req.row_digests)
    stored_digest(req.expected_digest, digest, lambda: None)
    pk = project_pk(conn, req.project_id, create=True)
    if find_table(conn.raw, pk, digest) is None:
        row_pks = find_rows(conn.raw, pk, list(dict.fromkeys(req.row_digests)))
        for index, row in enumerate(req.row_digests):
            if row not in row_pks:
                raise NotFoundError(
                    f"row_digests[{index}]: row {row!r} is not stored in project "
                    f"{req.project_id!r}; send its value with table_create"
                )
        insert_positions(conn.raw, pk, digest, [row_pks[row] for row in req.row_digests])
    return tsi.TableCreateFromDigestsRes(digest=digest)


def update(conn: StoreConnection, req: tsi.TableUpdateReq) -> tsi.TableUpdateRes:
    """Store a changed copy of a table; rows that stay are not written again.

    Raises:
        NotFoundError: The project has no table ``base_digest``.
        InvalidRequest: The index of a pop or insert is out of range, or a row is not JSON.
    """
    raw = conn.raw
    pk, base_pk = _find(conn, req.project_id, "base_digest", req.base_digest)
    if not req.updates:
        return tsi.TableUpdateRes(digest=req.base_digest, updated_row_digests=[])
    base_rows: list[tuple[str, int]] = raw.execute(_SELECT_ROWS, (base_pk,)).fetchall()
    row_digests = [row_digest for row_digest, _ in base_rows]
    new_rows: dict[str, str] = {}
    updated = [
        _apply(f"updates[{at}]", change, row_digests, new_rows)
        for at, change in enumerate(req.updates)
    ]
    digest = digests.digest_rows(row_digests)
    if find_table(raw, pk, digest) is None:
        row_pks = dict(base_rows)
        row_pks.update(insert_rows(raw, pk, new_rows))
        insert_positions(raw, pk, digest, [row_pks[row] for row in row_digests])
    return tsi.TableUpdateRes(digest=digest, updated_row_digests=updated)


def stats(conn: StoreConnection, req: tsi.TableQueryStatsReq) -> tsi.TableQueryStatsRes:
    """Count the rows of a table.

    Raises:
        NotFoundError: The project has no such table.
    """
    pk = project_pk(conn, req.project_id, create=False)
    row = None
    if pk is not None:
        row = conn.raw.execute(_COUNT, (pk, req.digest)).fetchone()
    if row is None:
        raise _missing(req.project_id, "digest", req.digest)
    return tsi.TableQueryStatsRes(count=row[0])


def stats_batch(
    conn: StoreConnection, req: tsi.TableQueryStatsBatchReq
) -> tsi.TableQueryStatsBatchRes:
    """Count the rows of several tables; unknown digests are left out."""
    pk = project_pk(conn, req.project_id, create=False)
    if pk is None or not req.digests:
        return tsi.TableQueryStatsBatchRes(tables=[])
    statement = _COUNTS_AND_SIZES if req.include_storage_size else _COUNTS
    rows = conn.raw.execute(statement, (pk, names_json(req.digests)))
    return tsi.TableQueryStatsBatchRes(
        tables=[
            tsi.TableStatsRow(count=count, digest=digest, storage_size_bytes=size_bytes)
            for digest, count, size_bytes in rows.fetchall()
        ]
    )


def _apply(
    field: str, change: tsi.TableUpdateSpec, row_digests: list[str], new_rows: dict[str, str]
) -> str:
    """Apply one update to the list of digests; return the digest of its row."""
    if isinstance(change, tsi.TablePopSpec):
        index = _checked_index(f"{field}.pop.index", change.pop.index, len(row_digests))
        return row_digests.pop(index)
    if isinstance(change, tsi.TableAppendSpec):
        index = len(row_digests)
        field, row = f"{field}.append.row", change.append.row
    else:
        index = _checked_index(f"{field}.insert.index", change.insert.index, len(row_digests) + 1)
        field, row = f"{field}.insert.row", change.insert.row
    row_digest, text = digest_and_json(field, row)
    new_rows[row_digest] = text
    row_digests.insert(index, row_digest)
    return row_digest


def _checked_index(field: str, index: int, end: int) -> int:
    if 0 <= index < end:
        return index
    raise InvalidRequest(
        f"{field} {index}: index out of range; positions count from 0, and it must be below {end}"
    )


def _find(conn: StoreConnection, project_id: str, field: str, digest: str) -> tuple[int, int]:
    """Return the integers of the project and of the table."""
    pk = project_pk(conn, project_id, create=False)
    table_pk = None if pk is None else find_table(conn.raw, pk, digest)
    if pk is None or table_pk is None:
        raise _missing(project_id, field, digest)
    return pk, table_pk


def _missing(project_id: str, field: str, digest: str) -> NotFoundError:
    return NotFoundError(
        f"{field}: table {digest!r} does not exist in project {project_id!r}; tables are stored "
        "per project, check both"
    )
