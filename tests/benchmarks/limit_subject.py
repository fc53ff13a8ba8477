"""The bare limit: the same tables filled and read with stdlib sqlite3 and orjson, and nothing else."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import data
import orjson
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from weave_lite.core.clock import now_micros, to_micros
from weave_lite.core.ids import new_id
from weave_lite.trace_server.store.schema import metadata

CALLS = (
    "INSERT INTO calls (pk, project, id, trace_id, parent_id, op, started_at, ended_at, attributes,"
    " summary) VALUES (?, 1, ?, ?, ?, ?, ?, ?, 1, ?)"
)
INPUTS = "INSERT INTO call_inputs VALUES (?, ?)"
OUTPUTS = "INSERT INTO call_outputs VALUES (?, ?)"
VISIBLE = "c.project = 1 AND c.started_at IS NOT NULL AND c.deleted_at IS NULL"
PAGE = (
    "SELECT c.*, i.inputs, o.output FROM calls c LEFT JOIN call_inputs i ON i.pk = c.pk"
    f" LEFT JOIN call_outputs o ON o.pk = c.pk WHERE {VISIBLE} AND "  # noqa: S608
)
NEWEST = " ORDER BY c.started_at DESC LIMIT 100"
OPS_PER_RUN = 1_000


class Subject:
    """The limit as a subject."""

    def __init__(self, place: str) -> None:
        is_new = not Path(place).exists()
        self.conn = sqlite3.connect(place, isolation_level=None)
        if is_new:
            self.conn.execute("PRAGMA page_size = 8192")
        self.conn.execute("PRAGMA journal_mode = WAL")
        self.conn.execute("PRAGMA synchronous = NORMAL")
        if is_new:
            for table in metadata.sorted_tables:
                self.conn.execute(str(CreateTable(table).compile(dialect=dialect.dialect())))
                for index in table.indexes:
                    self.conn.execute(str(CreateIndex(index).compile(dialect=dialect.dialect())))
        self.pk = self.conn.execute("SELECT coalesce(max(pk), 0) FROM calls").fetchone()[0]

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
        calls, payloads = [], []
        for call_id, started, inputs, output, ended in records:
            self.pk += 1
            calls.append((self.pk, call_id, call_id, None, 1, started, ended, "{}"))
            payloads.append((self.pk, inputs, output))
        self._insert(calls, payloads)
        durable = time.perf_counter()
        return (called - begin) / OPS_PER_RUN, (durable - begin) / OPS_PER_RUN

    def _insert(self, calls: list[Any], payloads: list[Any]) -> None:
        self.conn.execute("BEGIN IMMEDIATE")
        self.conn.executemany(CALLS, calls)
        self.conn.executemany(INPUTS, [(pk, inputs) for pk, inputs, _ in payloads])
        self.conn.executemany(OUTPUTS, [(pk, output) for pk, _, output in payloads])
        self.conn.execute("COMMIT")

    def op_small(self) -> float:
        return self._ops(data.small(1), 3)[0]

    def op_large(self) -> float:
        return self._ops(data.inputs(1), data.output(1))[0]

    def op_small_durable(self) -> float:
        return self._ops(data.small(1), 3)[1]

    def op_large_durable(self) -> float:
        return self._ops(data.inputs(1), data.output(1))[1]

    # --- storing and reading 100,000 calls ---

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

    def _page(self, where: str, order: str = NEWEST, parameters: tuple[Any, ...] = ()) -> float:
        begin = time.perf_counter()
        for row in self.conn.execute(PAGE + where + order, parameters):
            orjson.loads(row[-1]), orjson.loads(row[-2])
        return time.perf_counter() - begin

    def page_roots(self) -> float:
        return self._page("c.parent_id IS NULL")

    def page_by_op(self) -> float:
        return self._page("c.op = 3")

    def page_eq_json(self) -> float:
        return self._page("json_extract(i.inputs, '$.model') = 'model-3'")

    def page_gt_usage(self) -> float:
        path = '$.usage."model-3".total_tokens'
        return self._page("json_extract(c.summary, ?) > 1000", parameters=(path,))

    def page_contains(self) -> float:
        return self._page("instr(json_extract(i.inputs, '$.question'), 'question 4242:')")

    def page_sort_json(self) -> float:
        order = " ORDER BY json_extract(o.output, '$.score') DESC LIMIT 100"
        return self._page("1", order)

    def page_offset(self) -> float:
        return self._page("1", " ORDER BY c.started_at LIMIT 100 OFFSET 99000")

    def children(self) -> float:
        wanted = (data.call_id(50_000),)
        pages = (self._page("c.parent_id = ?", " ORDER BY c.started_at", wanted) for _ in range(10))
        return sum(pages) / 10

    def _count(self, sql: str) -> float:
        begin = time.perf_counter()
        self.conn.execute(sql).fetchone()
        return time.perf_counter() - begin

    def count_all(self) -> float:
        return self._count(f"SELECT count(*) FROM calls c WHERE {VISIBLE}")  # noqa: S608

    def count_eq(self) -> float:
        return self._count(
            "SELECT count(*) FROM calls c LEFT JOIN call_inputs i ON i.pk = c.pk"  # noqa: S608
            f" WHERE {VISIBLE} AND json_extract(i.inputs, '$.model') = 'model-3'"
        )

    def read_by_id(self) -> float:
        begin = time.perf_counter()
        for n in range(200):
            self._page("c.id = ?", "", (data.call_id(n * 37 % data.CALL_COUNT),))
        return (time.perf_counter() - begin) / 200

    def iterate_server(self) -> float:
        return self._page("1", " ORDER BY c.started_at")

    def iterate_client(self) -> float:
        begin = time.perf_counter()
        for _ in self.conn.execute(PAGE + "1 ORDER BY c.started_at"):
            pass
        return time.perf_counter() - begin

    # --- objects and tables ---

    def _publish(self, values: list[Any]) -> float:
        begin = time.perf_counter()
        rows = []
        for n, value in enumerate(values):
            text = json.dumps(value)
            rows.append((hashlib.sha256(text.encode()).hexdigest(), n, text))
        self.conn.execute("BEGIN IMMEDIATE")
        self.conn.executemany(
            "INSERT OR IGNORE INTO objects (project, kind, object_id, digest, version_index,"
            " publish_order, val, created_at) VALUES (1, 'object', 'o', ?1, ?2, ?2, ?3, 0)",
            rows,
        )
        self.conn.execute("COMMIT")
        return (time.perf_counter() - begin) / len(values)

    def publish_distinct(self) -> float:
        salt = time.perf_counter_ns()
        return self._publish([{"salt": salt, "n": n, "text": "settings"} for n in range(200)])

    def publish_same(self) -> float:
        return self._publish([{"n": 1, "text": "settings", "limit": 0.5}] * 200)

    def _create_table(self, rows: list[Any]) -> int:
        digests, texts = [], []
        for row in rows:
            digests.append(hashlib.sha256(json.dumps(row).encode()).hexdigest())
            texts.append(orjson.dumps(row).decode())
        conn = self.conn
        conn.execute("BEGIN IMMEDIATE")
        first = conn.execute("SELECT coalesce(max(pk), 0) + 1 FROM table_rows").fetchone()[0]
        table = conn.execute("SELECT coalesce(max(pk), 0) + 1 FROM tables").fetchone()[0]
        conn.execute("INSERT INTO tables VALUES (?, 1, ?, ?)", (table, str(table), len(rows)))
        conn.executemany(
            "INSERT OR IGNORE INTO table_rows VALUES (?, 1, ?, ?)",
            zip(range(first, first + len(rows)), digests, texts),  # noqa: B905
        )
        conn.executemany(
            "INSERT INTO table_positions VALUES (?, ?, ?)",
            ((table, n, first + n) for n in range(len(rows))),
        )
        conn.execute("COMMIT")
        return table

    def table_create(self) -> float:
        salt = time.perf_counter_ns()
        rows = [{**data.row(n), "salt": salt} for n in range(data.ROW_COUNT)]
        begin = time.perf_counter()
        self._create_table(rows)
        return time.perf_counter() - begin

    _READ_ROWS = (
        "SELECT r.val FROM table_positions p JOIN table_rows r ON r.pk = p.row"
        ' WHERE p."table" = ? AND p.position >= ? ORDER BY p.position LIMIT ?'
    )

    def _stored(self) -> int:
        salt = time.perf_counter_ns()
        return self._create_table([{**data.row(n), "salt": salt} for n in range(data.ROW_COUNT)])

    def table_iterate(self) -> float:
        table = self._stored()
        begin = time.perf_counter()
        for (text,) in self.conn.execute(self._READ_ROWS, (table, 0, -1)):
            orjson.loads(text)
        return time.perf_counter() - begin

    def table_by_index(self) -> float:
        table = self._stored()
        begin = time.perf_counter()
        for n in range(1_000):
            orjson.loads(self.conn.execute(self._READ_ROWS, (table, n * 97, 1)).fetchone()[0])
        return time.perf_counter() - begin

    def close(self) -> None:
        self.conn.close()
