"""The tables of the indexes that the user asked for, and how they are kept up by every process.

A trigger notes each document that is written in a plain table, whoever writes it. Triggers may do no
more: a schema must not run SQLite's JSON functions or FTS5 (``trusted_schema`` is off). A search
takes what an index knows and asks the noted documents themselves, so it is right at any time; a
writer hands noted documents over, many at once.

Text search is on the trigrams of the stored JSON text. What it still knows of documents that are
gone or changed does no harm, since each hit is looked at by the exact rule. Keys are right at any time.
"""

# ruff: noqa: S608 - statements are made of our names, integers and checked paths

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weave_lite.trace_server.query.index_keys import SHARED_PROJECT, checked_path, key_sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from weave_lite.trace_server.store.connections import StoreConnection
    from weave_lite.trace_server.store.engine import Store

__all__ = [
    "complete",
    "create",
    "drop",
    "keep_up",
    "keys_sql",
    "numbers",
    "part_names",
    "pending_count",
    "refresh_texts",
    "table_of",
    "text_bytes",
]

# A search looks at so many noted documents itself; handing them over one by one costs more.
_MAX_PENDING: Final = 128
# Documents that one transaction hands over: others wait meanwhile.
_BATCH: Final = 1_000
# Text search is made anew when for so many documents there is one that is gone.
_WORTH_NEW: Final = 4
_TABLES: Final = {
    "inputs": "call_inputs",
    "output": "call_outputs",
    "attributes": "attribute_sets",
    "summary": "calls",
}
# Its documents are shared by calls, of any project.
_SHARED: Final = "attributes"
_VISIBLE: Final = "{0}.started_at IS NOT NULL AND {0}.deleted_at IS NULL"


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
    name = f"index_{number}"
    if parts:
        raw.execute(
            f"CREATE TABLE {name}_keys"
            " (pk INTEGER NOT NULL, project INTEGER NOT NULL, key NOT NULL, PRIMARY KEY (pk))"
        )
        raw.execute(f"CREATE INDEX {name}_by_key ON {name}_keys (project, key)")
    else:
        raw.execute(
            # Neither the documents nor where a trigram stands: the exact rule knows better.
            f"CREATE VIRTUAL TABLE {name}_text USING fts5({column}, content='', columnsize=0,"
            " detail='none', tokenize='trigram')"
        )
        raw.execute(f"CREATE TABLE {name}_gone (pk INTEGER NOT NULL, PRIMARY KEY (pk))")
    raw.execute(f"CREATE TABLE {name}_pending (pk INTEGER NOT NULL, PRIMARY KEY (pk))")
    for trigger, event, body in _triggers(name, column, is_keyed=bool(parts)):
        raw.execute(f"CREATE TRIGGER {trigger} AFTER {event} BEGIN {body} END")
    _note_all(raw, path, number)


def _note_all(raw: sqlite3.Connection, path: str, number: int) -> None:
    column, _ = checked_path(path)
    raw.execute(
        f"INSERT INTO index_{number}_pending (pk)"
        f" SELECT pk FROM {_TABLES[column]} WHERE {column} IS NOT NULL"
    )


def _triggers(name: str, column: str, *, is_keyed: bool) -> list[tuple[str, str, str]]:
    """List the name, event and body of each trigger of an index."""
    table = _TABLES[column]
    # No OR IGNORE: in a trigger the way of the outer statement with conflicts holds.
    note = (
        f"INSERT INTO {name}_pending (pk) SELECT new.pk"
        f" WHERE NOT EXISTS (SELECT 1 FROM {name}_pending WHERE pk = new.pk) AND "
    )
    written = f"{note}new.{column} IS NOT NULL;"
    forget = f"DELETE FROM {name}_keys WHERE pk = {{}}.pk;" if is_keyed else ""
    gone = f"DELETE FROM {name}_pending WHERE pk = old.pk;"
    if not is_keyed:
        gone += (
            f"INSERT INTO {name}_gone (pk) SELECT old.pk"
            f" WHERE NOT EXISTS (SELECT 1 FROM {name}_gone WHERE pk = old.pk);"
        )
    triggers = [
        # REPLACE takes a row away without telling any trigger.
        (f"{name}_after_insert", f"INSERT ON {table}", forget.format("new") + written),
        (
            f"{name}_after_update",
            f"UPDATE OF {column} ON {table}",
            forget.format("old") + written,
        ),
        (f"{name}_after_delete", f"DELETE ON {table}", forget.format("old") + gone),
    ]
    if is_keyed and column != _SHARED:
        # Keys are those of the calls that can be seen.
        change = "UPDATE OF started_at, deleted_at ON calls"
        body = f"{forget.format('old')}{note}{_VISIBLE.format('new')};"
        triggers.append((f"{name}_after_change", change, body))
    return triggers


def part_names(path: str, number: int) -> list[str]:
    """List the tables, indexes and triggers of an index."""
    column, parts = checked_path(path)
    name = f"index_{number}"
    triggers = [trigger for trigger, _, _ in _triggers(name, column, is_keyed=bool(parts))]
    tables = ("pending", "keys", "by_key") if parts else ("pending", "gone", "text")
    return [*triggers, *(f"{name}_{table}" for table in tables)]


def table_of(path: str) -> str:
    """Name the table of the documents that an index is on."""
    return _TABLES[checked_path(path)[0]]


def keys_sql(path: str) -> str:
    """Write the statement of the keys that there are: integer, project and key of each document."""
    column, parts = checked_path(path)
    return _keys(column, parts)


def drop(raw: sqlite3.Connection, path: str, number: int) -> None:
    """Drop the tables and triggers of an index."""
    column, parts = checked_path(path)
    for trigger, _, _ in _triggers(f"index_{number}", column, is_keyed=bool(parts)):
        raw.execute(f"DROP TRIGGER {trigger}")
    for table in ("pending", "keys") if parts else ("pending", "gone", "text"):
        raw.execute(f"DROP TABLE index_{number}_{table}")


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


def text_bytes(conn: StoreConnection) -> float:
    """Tell how many bytes text search takes for a call."""
    sizes = [
        f"(SELECT total(length(block)) FROM index_{number}_text_data)"
        for path, number in numbers(conn).items()
        if not checked_path(path)[1]
    ]
    if not sizes:
        return 0.0
    ((size, count),) = conn.raw.execute(
        f"SELECT {' + '.join(sizes)}, (SELECT count(*) FROM calls)"
    ).fetchall()
    return float(size / max(1, count))


def refresh_texts(store: Store, *, is_urgent: bool = False) -> None:
    """Make text search anew where it holds much of documents that are gone, to give room back.

    Args:
        store: An open store.
        is_urgent: Do it even where it holds little of them.
    """
    with store.write() as conn:
        stale = [
            (path, number)
            for path, number in numbers(conn).items()
            if not checked_path(path)[1] and _is_stale(conn.raw, path, number, is_urgent=is_urgent)
        ]
        for path, number in stale:
            name = f"index_{number}"
            conn.raw.execute(f"INSERT INTO {name}_text ({name}_text) VALUES ('delete-all')")
            for table in ("gone", "pending"):
                conn.raw.execute(f"DELETE FROM {name}_{table}")
            _note_all(conn.raw, path, number)
    for path, number in stale:
        complete(store, path, number, None)


def _is_stale(raw: sqlite3.Connection, path: str, number: int, *, is_urgent: bool) -> bool:
    counts = [
        f"(SELECT count(*) FROM {table})" for table in (f"index_{number}_gone", _TABLES[path])
    ]
    ((gone, documents),) = raw.execute(f"SELECT {', '.join(counts)}").fetchall()
    return bool(gone * _WORTH_NEW > documents or (gone and is_urgent))


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
    name, table = f"index_{number}", _TABLES[column]
    batch = f"SELECT pk FROM {name}_pending ORDER BY pk LIMIT {_BATCH}"
    if parts:
        raw.execute(
            f"INSERT OR REPLACE INTO {name}_keys (pk, project, key)"
            f" SELECT pk, project, key FROM ({_keys(column, parts)} WHERE document.pk IN ({batch}))"
            " WHERE key IS NOT NULL"
        )
    else:
        raw.execute(
            f"INSERT INTO {name}_text (rowid, {column})"
            f" SELECT pk, {column} FROM {table} WHERE pk IN ({batch})"
        )
    raw.execute(f"DELETE FROM {name}_pending WHERE pk IN ({batch})")


def _keys(column: str, parts: Sequence[str]) -> str:
    key = f"{key_sql(f'document.{column}', parts)} AS key"
    if column == _SHARED:
        return f"SELECT document.pk, {SHARED_PROJECT} AS project, {key} FROM {_TABLES[column]} AS document"
    visible = _VISIBLE.format("owner")
    return (
        f"SELECT document.pk, owner.project AS project, {key} FROM {_TABLES[column]} AS document"
        # CROSS: else SQLite may walk all calls for the few documents that are asked for.
        f" CROSS JOIN calls AS owner ON owner.pk = document.pk AND {visible}"
    )
