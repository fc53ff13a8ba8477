"""The tables of the indexes that the user asked for, and how they are kept up by every process.

A trigger notes each document that is written in a plain table, whoever writes it. Triggers may do no
more: a schema must not run SQLite's JSON functions or FTS5 (``trusted_schema`` is off). A search
takes what an index knows and asks the noted documents themselves, so it is right at any time; a
writer hands noted documents over, many at once.

Text search is on the trigrams of the stored JSON text. What it still knows of documents that are
gone or changed does no harm, since each hit is looked at by the exact rule.
"""

# ruff: noqa: S608 - statements are made of our names, integers and checked paths

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weave_lite.trace_server.query.index_keys import checked_path, key_sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from weave_lite.trace_server.store.connections import StoreConnection
    from weave_lite.trace_server.store.engine import Store

__all__ = ["complete", "create", "drop", "keep_up", "numbers", "pending_count"]

# A search looks at so many noted documents itself; handing them over one by one costs more.
_MAX_PENDING: Final = 128
# Documents that one transaction hands over: others wait meanwhile.
_BATCH: Final = 1_000
_TABLES: Final = {
    "inputs": "call_inputs",
    "output": "call_outputs",
    "attributes": "attribute_sets",
    "summary": "calls",
}


def numbers(conn: StoreConnection) -> dict[str, int]:
    """Give the number of each index by its path, as the connection's snapshot has them.

    They are read again when the schema has changed: every index that is made or dropped does that.
    """
    ((version,),) = conn.raw.execute("PRAGMA schema_version").fetchall()
    if conn.indexed is None or conn.indexed[0] != version:
        conn.indexed = (version, dict(conn.raw.execute("SELECT path, pk FROM path_indexes")))
    return conn.indexed[1]


def create(raw: sqlite3.Connection, path: str, number: int) -> None:
    """Make the tables and triggers of an index, and note all documents."""
    column, parts = checked_path(path)
    table, name = _TABLES[column], f"index_{number}"
    if parts:
        raw.execute(f"CREATE TABLE {name}_keys (pk INTEGER NOT NULL, key, PRIMARY KEY (pk))")
        raw.execute(f"CREATE INDEX {name}_by_key ON {name}_keys (key)")
    else:
        raw.execute(
            # Neither the documents nor where a trigram stands: the exact rule knows better.
            f"CREATE VIRTUAL TABLE {name}_text USING fts5({column}, content='', columnsize=0,"
            " detail='none', tokenize='trigram')"
        )
    raw.execute(f"CREATE TABLE {name}_pending (pk INTEGER NOT NULL, PRIMARY KEY (pk))")
    note = (
        f"INSERT OR IGNORE INTO {name}_pending (pk) SELECT new.pk WHERE new.{column} IS NOT NULL;"
    )
    forget = f"DELETE FROM {name}_keys WHERE pk = old.pk;" if parts else ""
    for event, body in (
        ("INSERT", note),
        (f"UPDATE OF {column}", forget + note),
        ("DELETE", f"{forget}DELETE FROM {name}_pending WHERE pk = old.pk;"),
    ):
        trigger = f"{name}_after_{event[:6].lower()}"
        raw.execute(f"CREATE TRIGGER {trigger} AFTER {event} ON {table} BEGIN {body} END")
    raw.execute(
        f"INSERT INTO {name}_pending (pk) SELECT pk FROM {table} WHERE {column} IS NOT NULL"
    )


def drop(raw: sqlite3.Connection, path: str, number: int) -> None:
    """Drop the tables and triggers of an index."""
    _, parts = checked_path(path)
    for event in ("insert", "update", "delete"):
        raw.execute(f"DROP TRIGGER index_{number}_after_{event}")
    raw.execute(f"DROP TABLE index_{number}_pending")
    raw.execute(f"DROP TABLE index_{number}_{'keys' if parts else 'text'}")


def complete(
    store: Store, path: str, number: int, progress: Callable[[int], object] | None
) -> None:
    """Hand over all that is noted, in several transactions, so that others can write in between."""
    while True:
        with store.write() as conn:
            if numbers(conn).get(path) != number:  # somebody dropped it meanwhile
                return
            _hand_over(conn.raw, path, number)
            pending = pending_count(conn.raw, number)
        if progress is not None:
            progress(pending)
        if not pending:
            return


def keep_up(conn: StoreConnection) -> None:
    """Hand over what is noted once it is much; at the end of a write transaction."""
    for path, number in numbers(conn).items():
        if pending_count(conn.raw, number) > _MAX_PENDING:
            _hand_over(conn.raw, path, number)


def pending_count(raw: sqlite3.Connection, number: int) -> int:
    """Count the documents that are noted only."""
    ((count,),) = raw.execute(f"SELECT count(*) FROM index_{number}_pending").fetchall()
    return int(count)


def _hand_over(raw: sqlite3.Connection, path: str, number: int) -> None:
    column, parts = checked_path(path)
    name = f"index_{number}"
    batch = f"SELECT pk FROM {name}_pending ORDER BY pk LIMIT {_BATCH}"
    documents = f"FROM {_TABLES[column]} WHERE pk IN ({batch})"
    if parts:
        keys = f"SELECT pk, {key_sql(column, parts)} AS key {documents}"
        raw.execute(
            f"INSERT OR REPLACE INTO {name}_keys (pk, key)"
            f" SELECT pk, key FROM ({keys}) WHERE key IS NOT NULL"
        )
    else:
        raw.execute(f"INSERT INTO {name}_text (rowid, {column}) SELECT pk, {column} {documents}")
    raw.execute(f"DELETE FROM {name}_pending WHERE pk IN ({batch})")
