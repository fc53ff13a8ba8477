"""The bare limit of writing calls: records as tuples, inserted by prepared statements."""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import Any

import data
import orjson

from weave_lite.core.clock import now_micros, to_micros
from weave_lite.core.ids import new_id

CALLS = (
    "INSERT INTO calls (pk, project, id, trace_id, parent_id, op, started_at, ended_at, attributes,"
    " summary) VALUES (?, 1, ?, ?, ?, ?, ?, ?, 1, ?)"
)
INPUTS = "INSERT INTO call_inputs VALUES (?, ?)"
OUTPUTS = "INSERT INTO call_outputs VALUES (?, ?)"
OPS_PER_RUN = 1_000
THREADS = 4


def connect(place: str) -> sqlite3.Connection:
    """Open a store as ours does."""
    conn = sqlite3.connect(place, isolation_level=None, timeout=30)
    conn.execute("PRAGMA synchronous = NORMAL")
    return conn


class LimitWriting:
    """The measures of ops and of the typed door."""

    conn: sqlite3.Connection
    place: str
    pk: int
    _last_kept = 0

    # --- ops ---

    def _record(self, argument: Any, result: Any) -> tuple[Any, ...]:
        call_id = new_id()
        started = now_micros()
        inputs = orjson.dumps({"value": argument}).decode()
        output = orjson.dumps(result).decode()
        return call_id, started, inputs, output, now_micros()

    def _ops(self, argument: Any, result: Any) -> tuple[float, float]:
        begin = time.perf_counter()
        records = [self._record(argument, result) for _ in range(OPS_PER_RUN)]
        called = time.perf_counter()
        self._insert_records(self.conn, records)
        durable = time.perf_counter()
        return (called - begin) / OPS_PER_RUN, (durable - begin) / OPS_PER_RUN

    def _insert_records(self, conn: sqlite3.Connection, records: list[Any]) -> None:
        conn.execute("BEGIN IMMEDIATE")
        # Others may have written since, so integers are taken inside of the transaction.
        pk = conn.execute("SELECT coalesce(max(pk), 0) FROM calls").fetchone()[0]
        calls, payloads = [], []
        for pk, (call_id, started, inputs, output, ended) in enumerate(records, pk + 1):
            calls.append((pk, call_id, call_id, None, 1, started, ended, "{}"))
            payloads.append((pk, inputs, output))
        self._insert_all(conn, calls, payloads)
        conn.execute("COMMIT")
        self.pk = max(self.pk, pk)

    def _insert(self, calls: list[Any], payloads: list[Any]) -> None:
        self.conn.execute("BEGIN IMMEDIATE")
        self._insert_all(self.conn, calls, payloads)
        self.conn.execute("COMMIT")

    def _insert_all(self, conn: sqlite3.Connection, calls: list[Any], payloads: list[Any]) -> None:
        conn.executemany(CALLS, calls)
        conn.executemany(INPUTS, [(pk, inputs) for pk, inputs, _ in payloads])
        conn.executemany(OUTPUTS, [(pk, output) for pk, _, output in payloads])

    def op_small(self) -> float:
        return self._ops(data.small(1), 3)[0]

    def op_large(self) -> float:
        return self._ops(data.inputs(1), data.output(1))[0]

    def op_small_durable(self) -> float:
        return self._ops(data.small(1), 3)[1]

    def op_large_durable(self) -> float:
        return self._ops(data.inputs(1), data.output(1))[1]

    def ops_10000(self) -> dict[str, float]:
        begin = time.perf_counter()
        for n in range(20):
            values = data.inputs(n), data.output(n)
            self._insert_records(self.conn, [self._record(*values) for _ in range(500)])
        seconds = time.perf_counter() - begin
        lost = 1 - self._count_calls() / 10_000
        return {"value": seconds, "ops_mb": data.peak_mb(), "lost": lost}

    def _write(self, count: int) -> None:
        conn = connect(self.place)
        self._insert_records(conn, [self._record(data.small(n), 3) for n in range(count)])
        conn.close()

    def write_threads(self) -> dict[str, float]:
        before = self._count_calls()
        args = (OPS_PER_RUN // THREADS,)
        threads = [threading.Thread(target=self._write, args=args) for _ in range(THREADS)]
        begin = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - begin
        kept = self._count_calls() - before
        return {"value": seconds / OPS_PER_RUN, "lost": 1 - kept / OPS_PER_RUN}

    def _count_calls(self) -> int:
        return int(self.conn.execute("SELECT count(*) FROM calls").fetchone()[0])

    def write(self) -> float:
        begin = time.perf_counter()
        records = [self._record(data.small(n), 3) for n in range(OPS_PER_RUN)]
        self._insert_records(self.conn, records)
        seconds = time.perf_counter() - begin
        sql = "SELECT count(*) FROM calls WHERE project = 1 AND id = ?"
        self._last_kept = sum(self.conn.execute(sql, row[:1]).fetchone()[0] for row in records)
        return seconds

    def written(self) -> float:
        return self._last_kept

    # --- storing 100,000 calls, and the typed door ---

    def _rows(self, n: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        call = data.call(n)
        self.pk += 1
        return (
            self.pk,
            call["id"],
            call["trace_id"],
            call["parent_id"],
            n % 20,
            to_micros(call["started_at"]),
            to_micros(call["ended_at"]),
            orjson.dumps(call["summary"]).decode(),
        ), (
            self.pk,
            orjson.dumps(call["inputs"]).decode(),
            orjson.dumps(call["output"]).decode(),
        )

    def fill(self) -> float:
        rows = [self._rows(n) for n in range(data.CALL_COUNT)]
        self._insert([row[0] for row in rows], [row[1] for row in rows])
        self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return 0.0

    def _fresh(self, count: int) -> list[Any]:
        base = 10_000_000 + time.perf_counter_ns() % 10**9
        return [self._rows(base + n) for n in range(count)]

    def ingest_single(self) -> float:
        rows = self._fresh(300)
        begin = time.perf_counter()
        for call, payload in rows:
            self._insert([call], [payload])
        return (time.perf_counter() - begin) / len(rows)

    def ingest_batch(self) -> float:
        rows = self._fresh(500)
        begin = time.perf_counter()
        self._insert([row[0] for row in rows], [row[1] for row in rows])
        return (time.perf_counter() - begin) / len(rows)
