"""Makes a salvaged store whole again: what indexes still tell, placeholders, and no loose ends."""

# ruff: noqa: S608 - statements are made of our names

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weave_lite.core.ref_texts import refs_in_json
from weave_lite.trace_server.store.calls_write import INPUT, OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.trace_server.store.engine import Store
    from weave_lite.trace_server.store.salvage_tables import TableCopy

__all__ = ["mend"]

# Tables that an index holds all of.
_NAMES: Final = ("projects", "op_names")
_OF_PROJECTS: Final = (
    *("calls", "call_refs", "feedback", "costs"),
    *("objects", "tables", "table_rows", "files"),
)
# What the indexes of calls tell: name, columns before the row's integer.
_CALL_INDEXES: Final = (
    ("calls_by_id", ("project", "id")),
    ("calls_by_start", ("project", "started_at", "deleted_at")),
    ("calls_by_op", ("project", "op", "started_at", "deleted_at")),
    ("calls_by_trace", ("project", "trace_id")),
    ("calls_by_parent", ("project", "parent_id", "started_at")),
)
# Calls that could be seen are in at least one of two indexes, which also hold the start.
_LEFT_OVER: Final = (
    "SELECT pk, i.project, i.id, t.trace_id, p.parent_id, o.op,"
    " coalesce(s.started_at, o.started_at) AS started_at"
    " FROM temp.calls_by_id_left AS i"
    " LEFT JOIN temp.calls_by_start_left AS s USING (pk)"
    " LEFT JOIN temp.calls_by_op_left AS o USING (pk)"
    " LEFT JOIN temp.calls_by_trace_left AS t USING (pk)"
    " LEFT JOIN temp.calls_by_parent_left AS p USING (pk)"
    " WHERE i.project = coalesce(s.project, o.project)"
    " AND coalesce(s.started_at, o.started_at) IS NOT NULL"
)
_LOST_OP: Final = "salvaged_op"
_PART: Final = 2_000


def mend(store: Store, copies: dict[str, TableCopy]) -> list[str]:
    """Mend the new store.

    Args:
        store: The new store, with all rows that were read.
        copies: The copies of the tables; their counts are brought up to date.

    Returns:
        What the user should know, a sentence each.
    """
    for name in _NAMES:
        if copies[name].is_damaged:
            _names_from_index(copies[name])
    if copies["calls"].is_damaged:
        _rebuild_calls(store, copies["calls"])
    notes = list(_placeholders(store))
    if copies["call_refs"].is_damaged:
        _rebuild_refs(store, copies["call_refs"])
        if not (copies["call_inputs"].is_damaged or copies["call_outputs"].is_damaged):
            copies["call_refs"].lost = 0
    _drop_loose_ends(store, copies)
    notes.extend(_incomplete_tables(store))
    return notes


def _names_from_index(copy: TableCopy) -> None:
    copy.mend((values[1], values[0]) for values in copy.key_records() if values is not None)


def _rebuild_calls(store: Store, copy: TableCopy) -> None:
    """Put the calls whose rows are lost together from the indexes: those that could be seen."""
    with store.write() as conn:
        raw = conn.raw
        for name, columns in _CALL_INDEXES:
            raw.execute(
                f"CREATE TEMP TABLE {name}_left ({', '.join(columns)}, pk INTEGER PRIMARY KEY)"
            )
            # An index may tell of one call twice when it is damaged: then the first is taken.
            raw.executemany(
                f"INSERT OR IGNORE INTO {name}_left SELECT {', '.join('?' * len(columns))}, ?"
                " WHERE NOT EXISTS (SELECT 1 FROM calls WHERE pk = ?)",
                (
                    (*values, values[-1])
                    for values in copy.index_records(name, columns)
                    if values is not None
                ),
            )
        raw.execute(f"CREATE TEMP TABLE left_over AS {_LEFT_OVER}")
        if raw.execute("SELECT 1 FROM temp.left_over WHERE op IS NULL LIMIT 1").fetchone():
            raw.execute(
                # The integer of an op whose name is lost must stay free for its placeholder.
                "INSERT OR IGNORE INTO op_names (pk, op_name) SELECT 1 + max(pk), ? FROM"
                " (SELECT pk FROM op_names UNION SELECT op FROM calls"
                " UNION SELECT op FROM temp.left_over)",
                (_LOST_OP,),
            )
        rebuilt = raw.execute(
            "INSERT OR IGNORE INTO calls (pk, project, id, trace_id, parent_id, op, started_at)"
            " SELECT pk, project, id, coalesce(trace_id, id), parent_id,"
            " coalesce(op, (SELECT pk FROM op_names WHERE op_name = ?)), started_at"
            " FROM temp.left_over",
            (_LOST_OP,),
        ).rowcount
        raw.execute("DROP TABLE temp.left_over")
        for name, _ in _CALL_INDEXES:
            raw.execute(f"DROP TABLE temp.{name}_left")
    copy.put_together(rebuilt)


def _placeholders(store: Store) -> Iterator[str]:
    """Give projects and op names that are lost a name, so that their calls can be read."""
    with store.write() as conn:
        raw = conn.raw
        used = " UNION ".join(f"SELECT project FROM {name}" for name in _OF_PROJECTS)
        projects = raw.execute(
            "INSERT INTO projects (pk, project_id) SELECT project, 'salvaged/project-' || project"
            f" FROM ({used}) WHERE project NOT IN (SELECT pk FROM projects)"
        ).rowcount
        ops = raw.execute(
            "INSERT INTO op_names (pk, op_name) SELECT DISTINCT op, 'salvaged_op_' || op FROM calls"
            " WHERE op IS NOT NULL AND op NOT IN (SELECT pk FROM op_names)"
        ).rowcount
        attributes = raw.execute(
            "UPDATE calls SET attributes = NULL WHERE attributes IS NOT NULL"
            " AND attributes NOT IN (SELECT pk FROM attribute_sets)"
        ).rowcount
    if projects > 0:
        yield f"the names of {projects} projects are lost; they are salvaged/project-N now"
    if ops > 0:
        yield f"the names of {ops} ops are lost; they are salvaged_op_N now"
    if attributes > 0:
        yield f"the attributes of {attributes} calls are lost; they are empty now"


def _rebuild_refs(store: Store, copy: TableCopy) -> None:
    """Find the refs of all calls anew, in their inputs and outputs."""
    for table, column, side in (
        ("call_inputs", "inputs", INPUT),
        ("call_outputs", "output", OUTPUT),
    ):
        after = 0
        while True:
            with store.read() as conn:
                part = conn.raw.execute(
                    f"SELECT v.pk, c.project, v.{column} FROM {table} AS v"
                    " JOIN calls AS c ON c.pk = v.pk WHERE v.pk > ? ORDER BY v.pk LIMIT ?",
                    (after, _PART),
                ).fetchall()
            if not part:
                break
            after = part[-1][0]
            copy.mend(
                (project, ref, side, pk) for pk, project, text in part for ref in refs_in_json(text)
            )


def _drop_loose_ends(store: Store, copies: dict[str, TableCopy]) -> None:
    """Delete what belongs to rows that are lost, and count it as lost."""
    for name, condition in (
        ("call_inputs", "pk NOT IN (SELECT pk FROM calls)"),
        ("call_outputs", "pk NOT IN (SELECT pk FROM calls)"),
        ("call_refs", "call NOT IN (SELECT pk FROM calls)"),
        (
            "table_positions",
            '"table" NOT IN (SELECT pk FROM tables) OR "row" NOT IN (SELECT pk FROM table_rows)',
        ),
    ):
        with store.write() as conn:
            dropped = conn.raw.execute(f"DELETE FROM {name} WHERE {condition}").rowcount
        copies[name].drop(dropped)


def _incomplete_tables(store: Store) -> Iterator[str]:
    with store.read() as conn:
        ((count,),) = conn.raw.execute(
            "SELECT count(*) FROM tables WHERE row_count <> (SELECT count(*) FROM table_positions"
            ' WHERE "table" = tables.pk)'
        ).fetchall()
    if count:
        yield f"{count} tables (datasets) have lost rows; `weave-lite doctor --deep` names them"
