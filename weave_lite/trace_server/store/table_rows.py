"""Rows of tables and their order: how they get into the store. Content only, no requests.

A row is stored once per project, however many tables have it. A table is a range of the primary
key (table, position).
"""

from __future__ import annotations

from itertools import count, repeat
from typing import TYPE_CHECKING, Final

from weave_lite.core.jsontext import compact

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["find_rows", "find_table", "insert_positions", "insert_rows", "insert_table"]

# Bounds the JSON text that carries digests or integers into one statement.
_CHUNK_SIZE: Final = 50_000

_FIND_TABLE: Final = "SELECT pk FROM tables WHERE project = ? AND digest = ?"
_INSERT_TABLE: Final = "INSERT INTO tables (project, digest, row_count) VALUES (?, ?, ?)"
_NEXT_ROW: Final = "SELECT coalesce(max(pk), 0) + 1 FROM table_rows"
_INSERT_ROW: Final = (
    "INSERT OR IGNORE INTO table_rows (pk, project, digest, val) VALUES (?, ?, ?, ?)"
)
# The list leads: one look-up in the index per digest.
_FIND_ROWS: Final = (
    "SELECT r.digest, r.pk FROM json_each(?) AS wanted"
    " CROSS JOIN table_rows AS r ON r.project = ? AND r.digest = wanted.value"
)
_INSERT_POSITIONS: Final = (
    'INSERT INTO table_positions ("table", position, "row")'
    " SELECT ?, key + ?, value FROM json_each(?)"
)


def insert_table(
    conn: StoreConnection,
    project_pk: int,
    digest: str,
    row_digests: Sequence[str],
    rows_json: Sequence[str],
) -> None:
    """Store a table and its rows, if absent.

    Args:
        conn: A connection inside a write transaction.
        project_pk: The project.
        digest: The table's digest.
        row_digests: The rows' digests, in order.
        rows_json: The rows' compact JSON texts, in the same order.
    """
    raw = conn.raw
    if find_table(raw, project_pk, digest) is not None:
        return
    row_pks = insert_rows(raw, project_pk, dict(zip(row_digests, rows_json, strict=True)))
    insert_positions(raw, project_pk, digest, [row_pks[row] for row in row_digests])


def find_table(raw: sqlite3.Connection, project_pk: int, digest: str) -> int | None:
    """Return the integer of a table, or None."""
    row = raw.execute(_FIND_TABLE, (project_pk, digest)).fetchone()
    return None if row is None else int(row[0])


def insert_rows(
    raw: sqlite3.Connection, project_pk: int, rows: Mapping[str, str]
) -> dict[str, int]:
    """Store rows that are absent.

    Args:
        raw: The driver's connection, inside a write transaction.
        project_pk: The project.
        rows: Compact JSON texts by digest.

    Returns:
        The integer of each row, by digest.
    """
    # Nobody else writes now, so integers can be given out here: when all rows were absent, as is
    # usual, they need not be asked for. Gaps do no harm.
    ((first,),) = raw.execute(_NEXT_ROW).fetchall()
    inserted = raw.executemany(
        _INSERT_ROW, zip(count(first), repeat(project_pk), rows.keys(), rows.values(), strict=False)
    ).rowcount
    if inserted == len(rows):
        return dict(zip(rows, count(first), strict=False))
    return find_rows(raw, project_pk, list(rows))


def insert_positions(
    raw: sqlite3.Connection, project_pk: int, digest: str, row_pks: Sequence[int]
) -> None:
    """Store a table that is absent, from rows that are stored.

    Args:
        raw: The driver's connection, inside a write transaction.
        project_pk: The project.
        digest: The table's digest.
        row_pks: The integers of its rows, in order.
    """
    table_pk = raw.execute(_INSERT_TABLE, (project_pk, digest, len(row_pks))).lastrowid
    for start in range(0, len(row_pks), _CHUNK_SIZE):
        chunk = compact(row_pks[start : start + _CHUNK_SIZE])
        raw.execute(_INSERT_POSITIONS, (table_pk, start, chunk))


def find_rows(raw: sqlite3.Connection, project_pk: int, digests: Sequence[str]) -> dict[str, int]:
    """Return the integers of the rows that are stored, by digest."""
    found: dict[str, int] = {}
    for start in range(0, len(digests), _CHUNK_SIZE):
        chunk = compact(digests[start : start + _CHUNK_SIZE])
        found.update(raw.execute(_FIND_ROWS, (chunk, project_pk)).fetchall())
    return found
