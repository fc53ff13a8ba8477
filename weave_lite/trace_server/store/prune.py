"""Deletes old traces and gives their room back. Content (objects, tables, files) stays.

A trace goes as a whole or not at all: when its last call began or ended long ago enough, or, to
come below a size, the oldest first of those whose calls all ended.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from weave_lite.core import clock
from weave_lite.core.errors import UsageError
from weave_lite.core.jsontext import parse
from weave_lite.core.ref_texts import refs_in_json
from weave_lite.trace_server.store.calls_write import INPUT, OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from weave_lite.trace_server.store.engine import Store

__all__ = ["Pruned", "prune"]

_MICROS_A_DAY: Final = 86_400 * 1_000_000
# Calls deleted in one transaction: others write in between.
_BATCH: Final = 1_000
# Making the file anew copies all of it; not worth it for less free room than this part.
_WORTH_VACUUM: Final = 0.1

_TRACES: Final = """
SELECT project, coalesce(trace_id, id) AS trace,
       max(coalesce(ended_at, started_at, deleted_at, 0)) AS last,
       max(started_at IS NOT NULL AND ended_at IS NULL AND deleted_at IS NULL) AS is_running,
       sum(started_at IS NOT NULL AND deleted_at IS NULL), json_group_array(pk),
       json_group_array(id)
  FROM calls GROUP BY project, trace ORDER BY last
"""
_TRACE_NOW: Final = (
    "SELECT max(coalesce(ended_at, started_at)), max(ended_at IS NULL), count(*) FROM calls"
    " WHERE started_at IS NOT NULL AND deleted_at IS NULL AND pk IN ("
    "SELECT pk FROM calls WHERE project = ? AND trace_id = ?"
    # A start may have come for an end that had no trace of its own yet.
    " UNION SELECT value FROM json_each(?))"
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


@dataclass(frozen=True, slots=True)
class _Trace:
    project: int
    trace_id: str
    last: int
    is_running: bool
    visible_count: int
    pks: str
    ids: list[str]


class _DryRunDone(Exception):  # noqa: N818 - no error: it rolls a transaction back
    pass


def prune(
    store: Store,
    *,
    keep_days: float | None = None,
    max_size_bytes: int | None = None,
    dry_run: bool = False,
) -> Pruned:
    """Delete traces that are older than some days, then the oldest ones down to a size.

    Args:
        store: An open store.
        keep_days: Delete traces whose last call began or ended before so many days.
        max_size_bytes: Delete the oldest traces that ended until the pages in use are this much.
        dry_run: Only tell what would be deleted. Writers wait meanwhile.

    Raises:
        UsageError: No limit, or a negative one.
        StoreError: The store cannot be written.
    """
    if keep_days is None and max_size_bytes is None:
        raise UsageError("name what to keep: --keep-days, --max-size or both")
    if (keep_days or 0) < 0 or (max_size_bytes or 0) < 0:
        raise UsageError("--keep-days and --max-size must not be negative")
    now = clock.now_micros()
    cutoff = None if keep_days is None else now - int(keep_days * _MICROS_A_DAY)
    with store.read() as conn:
        before = _used_bytes(conn.raw)
        traces = [
            _Trace(project, trace, last, bool(running), count, pks, parse(ids))
            for project, trace, last, running, count, pks, ids in conn.raw.execute(_TRACES)
        ]
    old = [trace for trace in traces if cutoff is not None and trace.last < cutoff]
    rest = [trace for trace in traces[len(old) :] if not trace.is_running]
    if max_size_bytes is None:
        rest = []
    work = [(old, None), (rest, max_size_bytes)]
    gone, after = _delete_all(store, work, dry_run=dry_run)
    is_reclaimed = bool(gone) and not dry_run and _reclaim(store)
    return Pruned(len(gone), sum(len(trace.ids) for trace in gone), before, after, is_reclaimed)


def _delete_all(
    store: Store, work: Sequence[tuple[list[_Trace], int | None]], *, dry_run: bool
) -> tuple[list[_Trace], int]:
    gone: list[_Trace] = []
    after = 0

    def run() -> None:
        nonlocal after
        for traces, limit in work:
            for batch in _batches(traces):
                with store.write() as conn:
                    done = _delete_batch(conn.raw, batch, limit)
                    after = _used_bytes(conn.raw)
                gone.extend(done)
                if limit is not None and after <= limit:
                    break
        with store.read() as conn:
            after = _used_bytes(conn.raw) if not dry_run else after

    if not dry_run:
        run()
        return gone, after
    try:
        with store.write() as conn:
            after = _used_bytes(conn.raw)
            run()
            raise _DryRunDone
    except _DryRunDone:
        return gone, after


def _batches(traces: list[_Trace]) -> Iterator[list[_Trace]]:
    batch: list[_Trace] = []
    size = 0
    for trace in traces:
        batch.append(trace)
        size += len(trace.ids)
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _delete_batch(
    raw: sqlite3.Connection, batch: list[_Trace], limit_bytes: int | None
) -> list[_Trace]:
    gone = []
    for trace in batch:
        if limit_bytes is not None and _used_bytes(raw) <= limit_bytes:
            break
        if not _has_moved(raw, trace):
            _delete(raw, trace)
            gone.append(trace)
    return gone


def _has_moved(raw: sqlite3.Connection, trace: _Trace) -> bool:
    """Tell whether the trace went on since it was chosen."""
    values = (trace.project, trace.trace_id, trace.pks)
    ((last, is_running, count),) = raw.execute(_TRACE_NOW, values).fetchall()
    now = (bool(is_running), count)
    return now != (trace.is_running, trace.visible_count) or (last or 0) > trace.last


def _delete(raw: sqlite3.Connection, trace: _Trace) -> None:
    of_calls = "IN (SELECT value FROM json_each(?))"
    for table, column, side in _PAYLOADS:
        rows = raw.execute(f"SELECT pk, {column} FROM {table} WHERE pk {of_calls}", (trace.pks,))  # noqa: S608 - our names
        raw.executemany(
            "DELETE FROM call_refs WHERE project = ? AND ref = ? AND side = ? AND call = ?",
            [
                (trace.project, ref, side, pk)
                for pk, text in rows.fetchall()
                for ref in refs_in_json(text)
            ],
        )
        raw.execute(f"DELETE FROM {table} WHERE pk {of_calls}", (trace.pks,))  # noqa: S608 - our names
    raw.executemany(
        "DELETE FROM feedback WHERE project = ? AND call_id = ?",
        [(trace.project, call_id) for call_id in trace.ids],
    )
    raw.execute(f"DELETE FROM calls WHERE pk {of_calls}", (trace.pks,))  # noqa: S608 - our names


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
    from weave_lite.trace_server.store.connections import connect  # noqa: PLC0415

    conn = connect(store.place)
    try:
        ((pages,),) = conn.raw.execute("PRAGMA page_count").fetchall()
        ((free,),) = conn.raw.execute("PRAGMA freelist_count").fetchall()
        if free < pages * _WORTH_VACUUM:
            return False
        conn.raw.execute("VACUUM")
    except sqlite3.OperationalError:
        # Busy, or no room for the copy: the traces are gone, and the free pages are used again.
        return False
    finally:
        conn.close()
    return store.checkpoint()
