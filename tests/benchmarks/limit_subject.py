"""The bare limit: the same tables filled and read with stdlib sqlite3 and orjson, and nothing else."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import data
import orjson
from limit_reading import LimitReading
from limit_writing import LimitWriting, connect
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from weave_lite.core.ids import new_id
from weave_lite.trace_server.store.schema import metadata

if TYPE_CHECKING:
    import sqlite3

SCHEMA = [
    str(part.compile(dialect=dialect.dialect()))
    for table in metadata.sorted_tables
    for part in (CreateTable(table), *map(CreateIndex, table.indexes))
]


def opened(place: str) -> sqlite3.Connection:
    """Open a store; a new one gets its tables."""
    is_new = not Path(place).exists()
    conn = connect(place)
    if is_new:
        conn.execute("PRAGMA page_size = 8192")
    conn.execute("PRAGMA journal_mode = WAL")
    if is_new:
        for statement in SCHEMA:
            conn.execute(statement)
    return conn


class Subject(LimitWriting, LimitReading):
    """The limit as a subject."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.conn = opened(place)
        self.pk = self.conn.execute("SELECT coalesce(max(pk), 0) FROM calls").fetchone()[0]

    def fill_feedback(self) -> float:
        """Store a feedback on each root, and prices."""
        rows = []
        for n in range(0, data.CALL_COUNT, 10):
            said = data.feedback(n)
            text = orjson.dumps(said["payload"]).decode()
            ref, kind, scorer = (
                said[key] for key in ("weave_ref", "feedback_type", "runnable_ref")
            )
            rows.append((new_id(), ref, data.call_id(n), kind, text, n, scorer))
        self.conn.execute("BEGIN IMMEDIATE")
        self.conn.executemany(
            "INSERT INTO feedback (project, id, weave_ref, call_id, feedback_type, payload,"
            " created_at, runnable_ref) VALUES (1, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        self.conn.executemany(
            "INSERT INTO costs (project, id, llm_id, provider_id, effective_date,"
            " prompt_token_cost, completion_token_cost, created_at)"
            " VALUES (1, ?, ?, 'p', 0, 1e-6, 2e-6, 0)",
            [(new_id(), model) for model in data.MODELS],
        )
        self.conn.execute("COMMIT")
        return 0.0

    # --- init ---

    def _init(self, place: str) -> float:
        self.conn.close()
        begin = time.perf_counter()
        self.conn = opened(place)
        return time.perf_counter() - begin

    def init_new(self) -> float:
        return self._init(f"{self.place}-new.db")

    def init_existing(self) -> float:
        return self._init(self.place)

    # --- objects, tables and files ---

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

    def _create_file(self) -> tuple[str, float]:
        salt = time.perf_counter_ns().to_bytes(8, "big")
        content = salt * (data.FILE_BYTES // len(salt))
        begin = time.perf_counter()
        digest = hashlib.sha256(content).hexdigest()
        self.conn.execute(
            "INSERT INTO files (project, digest, name, size_bytes, content)"
            " VALUES (1, ?, 'f.bin', ?, ?)",
            (digest, len(content), content),
        )
        return digest, time.perf_counter() - begin

    def file_write(self) -> float:
        return self._create_file()[1]

    def file_read(self) -> float:
        digest, _ = self._create_file()
        sql = "SELECT content FROM files WHERE project = 1 AND digest = ?"
        begin = time.perf_counter()
        self.conn.execute(sql, (digest,)).fetchone()
        return time.perf_counter() - begin

    def close(self) -> None:
        self.conn.close()
