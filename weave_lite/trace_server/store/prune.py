"""Deletes old traces and gives their room back. Content (objects, tables, files) stays.

A trace goes as a whole or not at all: when its last call began or ended long ago enough, or, to
come below a size, the oldest first of those whose calls all ended. Only the calls of a very large
trace go in several transactions, the newest first; what is broken off goes on at the next time. The
choice is kept on disk, so memory stays flat.
"""

# ruff: noqa: S608 - statements are made of our names

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from weave_lite.core import clock
from weave_lite.core.errors import UsageError
from weave_lite.core.jsontext import compact, parse
from weave_lite.core.ref_texts import refs_in_json
from weave_lite.trace_server.store import index_upkeep
from weave_lite.trace_server.store.calls_write import INPUT, OUTPUT
from weave_lite.trace_server.store.connections import (
    BUSY_TIMEOUT_S,
    connect,
    errors_of_ours,
    is_busy,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.trace_server.store.engine import Store

__all__ = ["Pruned", "prune"]

_MICROS_A_DAY: Final = 86_400 * 1_000_000
# Calls deleted in one transaction: others write in between.
_BATCH: Final = 1_000
# Making the file anew copies all of it; not worth it for less free room than this part.
_WORTH_VACUUM: Final = 0.1
# Others cannot write meanwhile: beside them only a file that is copied in a second or two.
_SHORT_VACUUM_BYTES: Final = 128_000_000
# What a call takes beside its values: its rows, and its entries in indexes.
_ROW_BYTES: Final = 400
_NEVER: Final = -(2**63)

_TRACES: Final = """
SELECT project, coalesce(trace_id, id) AS trace,
       max(coalesce(ended_at, started_at, deleted_at, 0)) AS last,
       max(started_at IS NOT NULL AND ended_at IS NULL AND deleted_at IS NULL) AS is_running,
       sum(started_at IS NOT NULL AND deleted_at IS NULL), count(*), json_group_array(pk)
  FROM calls GROUP BY project, trace
"""
_CHOSEN: Final = (
    "SELECT project, trace, last, is_running, visible_count, call_count, pks FROM traces WHERE "
)
_TRACE_NOW: Final = (
    "SELECT max(coalesce(ended_at, started_at)), max(ended_at IS NULL), count(*) FROM calls"
    " WHERE started_at IS NOT NULL AND deleted_at IS NULL AND pk IN ("
    "SELECT pk FROM calls WHERE project = ? AND trace_id = ?"
    # Once more, for the partial index on traces.
    " AND started_at IS NOT NULL AND deleted_at IS NULL"
    # A start may have come for an end that had no trace of its own yet.
    " UNION SELECT value FROM json_each(?))"
)
_OF_CALLS: Final = "IN (SELECT value FROM json_each(?))"
_SIZE: Final = (
    "SELECT coalesce(sum(size), 0) FROM ("
    f"SELECT length(CAST(inputs AS BLOB)) AS size FROM call_inputs WHERE pk {_OF_CALLS}"
    f" UNION ALL SELECT length(CAST(output AS BLOB)) FROM call_outputs WHERE pk {_OF_CALLS}"
    f" UNION ALL SELECT length(CAST(summary AS BLOB)) FROM calls WHERE pk {_OF_CALLS})"
)
_PAYLOADS: Final = (("call_inputs", "inputs", INPUT), ("call_outputs", "output", OUTPUT))


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted, or would be.

    Attributes:
        traces: Deleted traces.
        calls: Deleted calls.
        size_before_bytes: Pages in use before, as bytes.
        size_after_bytes: Pages in use afterwards.
        is_reclaimed: Whether the file was made smaller; else its free room is used again.
    """

    traces: int
    calls: int
    size_before_bytes: int
    size_after_bytes: int
    is_reclaimed: bool


class _Trace(NamedTuple):
    """A trace as it was when it was chosen; its calls as a JSON list of their integers."""

    project: int
    trace_id: str
    last: int
    is_running: int
    visible_count: int
    call_count: int
    pks: str


class _Tally:
    """What went so far, and what text search still holds of a call that went."""

    def __init__(self, text_bytes: float) -> None:
        self.traces = 0
        self.calls = 0
        self.text_bytes = text_bytes

    def add(self, trace: _Trace) -> None:
        self.traces += 1
        self.calls += trace.call_count

    def bytes_to_come(self) -> int:
        """Tell how much room comes when text search is made anew, at the end."""
        return int(self.text_bytes * self.calls)


def prune(
    store: Store,
    *,
    keep_days: float | None = None,
    max_size_bytes: int | None = None,
    dry_run: bool = False,
) -> Pruned:
    """Delete traces that are older than some days, then the oldest ones down to a size.

    Others write meanwhile: it is done in many short transactions.

    Args:
        store: An open store.
        keep_days: Delete traces whose last call began or ended before so many days.
        max_size_bytes: Delete the oldest traces that ended until the pages in use are this much.
        dry_run: Only tell what would be deleted, and about how much room that gives; only reads.

    Raises:
        UsageError: No limit, or a negative one.
        StoreError: The store cannot be written.
    """
    if keep_days is None and max_size_bytes is None:
        raise UsageError("name what to keep: --keep-days, --max-size or both")
    if (keep_days or 0) < 0 or (max_size_bytes or 0) < 0:
        raise UsageError("--keep-days and --max-size must not be negative")
    # No trace is older than all of time.
    cutoff = _NEVER if keep_days is None else clock.now_micros() - int(keep_days * _MICROS_A_DAY)
    # A database of its own, on disk once it is large.
    with (
        errors_of_ours(store.place),
        closing(sqlite3.connect("", isolation_level=None)) as chosen,
    ):
        with store.read() as conn:
            before = _used_bytes(conn.raw)
            _choose(chosen, conn.raw)
            tally = _Tally(index_upkeep.text_bytes(conn))
        go_through = _foresee if dry_run else _delete_all
        after = go_through(store, tally, _traces(chosen, "last < ?", cutoff), before, None)
        if max_size_bytes is not None and after > max_size_bytes:
            rest = _traces(chosen, "last >= ? AND NOT is_running", cutoff)
            after = go_through(store, tally, rest, after, max_size_bytes)
    if tally.traces and not dry_run:
        index_upkeep.refresh_texts(store, is_urgent=max_size_bytes is not None)
        with store.read() as conn:
            after = _used_bytes(conn.raw)
    is_reclaimed = bool(tally.traces) and not dry_run and _reclaim(store)
    return Pruned(tally.traces, tally.calls, before, after, is_reclaimed)


def _choose(chosen: sqlite3.Connection, raw: sqlite3.Connection) -> None:
    chosen.execute(
        "CREATE TABLE traces (project, trace, last, is_running, visible_count, call_count, pks)"
    )
    chosen.execute("BEGIN")
    chosen.executemany(
        "INSERT INTO traces VALUES (?, ?, ?, ?, ?, ?, ?)", iter(raw.execute(_TRACES))
    )
    chosen.execute("CREATE INDEX traces_by_last ON traces (last)")
    chosen.execute("COMMIT")


def _traces(chosen: sqlite3.Connection, condition: str, cutoff: int) -> Iterator[_Trace]:
    order = " ORDER BY last, rowid"
    return map(_Trace._make, chosen.execute(_CHOSEN + condition + order, (cutoff,)))


def _foresee(
    store: Store, tally: _Tally, traces: Iterator[_Trace], size_bytes: int, limit_bytes: int | None
) -> int:
    """Count what would go; return about how many bytes would be left."""
    with store.read() as conn:
        for trace in traces:
            if limit_bytes is not None and size_bytes <= limit_bytes:
                break
            ((values_bytes,),) = conn.raw.execute(_SIZE, (trace.pks,) * 3).fetchall()
            size_bytes -= values_bytes + int((_ROW_BYTES + tally.text_bytes) * trace.call_count)
            tally.add(trace)
    return max(0, size_bytes)


def _delete_all(
    store: Store, tally: _Tally, traces: Iterator[_Trace], size_bytes: int, limit_bytes: int | None
) -> int:
    """Delete traces until a size is reached; return how many bytes are left."""
    for batch in _batches(traces):
        if limit_bytes is not None and size_bytes <= limit_bytes:
            break
        if batch[0].call_count > _BATCH:
            gone = batch if _delete_large(store, batch[0]) else []
        else:
            with store.write() as conn:
                limit = None if limit_bytes is None else limit_bytes + tally.bytes_to_come()
                gone = _delete_batch(conn.raw, batch, limit)
        for trace in gone:
            tally.add(trace)
        with store.read() as conn:
            size_bytes = _used_bytes(conn.raw) - tally.bytes_to_come()
    return size_bytes


def _batches(traces: Iterator[_Trace]) -> Iterator[list[_Trace]]:
    """Put traces together for a transaction each; a large one comes alone."""
    batch: list[_Trace] = []
    size = 0
    for trace in traces:
        if batch and size + trace.call_count > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(trace)
        size += trace.call_count
    if batch:
        yield batch


def _delete_large(store: Store, trace: _Trace) -> bool:
    """Delete a trace in several transactions, unless it went on since it was chosen."""
    pks = sorted(parse(trace.pks), reverse=True)  # what is left keeps its parents
    for first in range(0, len(pks), _BATCH):
        with store.write() as conn:
            if first == 0 and _has_moved(conn.raw, trace):
                return False
            _delete(conn.raw, trace.project, pks[first : first + _BATCH])
    return True


def _delete_batch(
    raw: sqlite3.Connection, batch: list[_Trace], limit_bytes: int | None
) -> list[_Trace]:
    if limit_bytes is None:
        gone = [trace for trace in batch if not _has_moved(raw, trace)]
        for project in {trace.project for trace in gone}:
            pks = [pk for trace in gone if trace.project == project for pk in parse(trace.pks)]
            _delete(raw, project, pks)
        return gone
    gone = []
    for trace in batch:
        if _used_bytes(raw) <= limit_bytes:
            break
        if not _has_moved(raw, trace):
            _delete(raw, trace.project, parse(trace.pks))
            gone.append(trace)
    return gone


def _has_moved(raw: sqlite3.Connection, trace: _Trace) -> bool:
    """Tell whether the trace went on since it was chosen."""
    values = (trace.project, trace.trace_id, trace.pks)
    ((last, is_running, count),) = raw.execute(_TRACE_NOW, values).fetchall()
    now = (is_running or 0, count)
    return now != (trace.is_running, trace.visible_count) or (last or 0) > trace.last


def _delete(raw: sqlite3.Connection, project: int, calls: list[int]) -> None:
    pks = compact(calls)
    for table, column, side in _PAYLOADS:
        refs = (
            (project, ref, side, pk)
            # One at a time: the values of many calls together may be large.
            for pk, text in raw.execute(
                f"SELECT pk, {column} FROM {table} WHERE pk {_OF_CALLS}", (pks,)
            )
            for ref in refs_in_json(text)
        )
        raw.executemany(
            "DELETE FROM call_refs WHERE project = ? AND ref = ? AND side = ? AND call = ?", refs
        )
        raw.execute(f"DELETE FROM {table} WHERE pk {_OF_CALLS}", (pks,))
    raw.execute(
        "DELETE FROM feedback WHERE project = ? AND call_id IN"
        f" (SELECT id FROM calls WHERE pk {_OF_CALLS})",
        (project, pks),
    )
    raw.execute(f"DELETE FROM calls WHERE pk {_OF_CALLS}", (pks,))


def _used_bytes(raw: sqlite3.Connection) -> int:
    pages, free, size = (
        raw.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _reclaim(store: Store) -> bool:
    """Make the file anew without its free pages, when that is worth it and nobody is in the way."""
    if store.is_memory:
        return False
    store.quiesce()  # else this process would be in its own way
    try:
        return _vacuum(store.place, is_alone=True) or _vacuum(store.place, is_alone=False)
    except sqlite3.OperationalError:
        # No room for the copy: the traces are gone, and the free pages are used again.
        return False
    finally:
        store.resume(is_child=False)


def _vacuum(place: str, *, is_alone: bool) -> bool:
    """Make the file anew; tell whether that was done, and is written back.

    Args:
        place: Path of the file.
        is_alone: Only when no other connection has it open, else whenever it is short.
    """
    with closing(connect(place, timeout_s=0.1 if is_alone else BUSY_TIMEOUT_S)) as conn:
        raw = conn.raw
        try:
            if is_alone:
                raw.execute("PRAGMA locking_mode = EXCLUSIVE")
                raw.execute("BEGIN IMMEDIATE")
                raw.execute("COMMIT")
            ((pages,),) = raw.execute("PRAGMA page_count").fetchall()
            ((free,),) = raw.execute("PRAGMA freelist_count").fetchall()
            if free < pages * _WORTH_VACUUM:
                return False
            if not is_alone and _used_bytes(raw) > _SHORT_VACUUM_BYTES:
                return False
            raw.execute("VACUUM")
            ((is_hindered, _, _),) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError as error:
            if not is_busy(error):
                raise
            return False
    return not is_hindered
