"""The bare limit of reading calls: one statement each, and JSON parsed by orjson."""

from __future__ import annotations

import gc
import importlib
import time
from typing import TYPE_CHECKING, Any

import data
import orjson

if TYPE_CHECKING:
    import sqlite3

VISIBLE = "c.project = 1 AND c.started_at IS NOT NULL AND c.deleted_at IS NULL"
PAGE = (
    "SELECT c.*, i.inputs, o.output FROM calls c LEFT JOIN call_inputs i ON i.pk = c.pk"
    f" LEFT JOIN call_outputs o ON o.pk = c.pk WHERE {VISIBLE} AND "  # noqa: S608
)
NEWEST = " ORDER BY c.started_at DESC LIMIT 100"
# Driven by the outputs, so that an index on them gives the order.
INNER_PAGE = (
    "SELECT c.*, i.inputs, o.output FROM call_outputs o CROSS JOIN calls c ON c.pk = o.pk"
    " LEFT JOIN call_inputs i ON i.pk = c.pk WHERE "
)
JSON = frozenset({"inputs", "output", "summary"})
OF_PAGE = "IN (SELECT value FROM json_each(?))"
FEEDBACK = (
    "SELECT call_id, payload, feedback_type, created_at, runnable_ref FROM feedback"
    f" WHERE project = 1 AND call_id IS NOT NULL AND call_id {OF_PAGE}"  # noqa: S608
)
USAGE = (
    "SELECT c.id, u.value, k.llm_id, k.prompt_token_cost, k.completion_token_cost FROM calls c,"
    " json_each(c.summary, '$.usage') u LEFT JOIN costs k ON k.project = 1 AND k.llm_id = u.key"
    f" WHERE c.project = 1 AND c.id {OF_PAGE}"  # noqa: S608
)


class LimitReading:
    """The measures of reading."""

    conn: sqlite3.Connection

    def _page(self, where: str, order: str = NEWEST, parameters: tuple[Any, ...] = ()) -> float:
        begin = time.perf_counter()
        for row in self.conn.execute(PAGE + where + order, parameters):
            orjson.loads(row[-1]), orjson.loads(row[-2])
        return time.perf_counter() - begin

    def page_roots(self) -> float:
        return self._page("c.parent_id IS NULL")

    def _page_with(self, sql: str) -> float:
        """The page of roots, and one more select whose rows go into their summaries."""
        begin = time.perf_counter()
        calls = self.conn.execute(PAGE + "c.parent_id IS NULL" + NEWEST).fetchall()
        ids = orjson.dumps([call[2] for call in calls]).decode()
        found: dict[str, list[Any]] = {}
        for key, text, *rest in self.conn.execute(sql, (ids,)):
            found.setdefault(key, []).append((orjson.loads(text), rest))
        for call in calls:
            orjson.loads(call[-1]), orjson.loads(call[-2])
        return time.perf_counter() - begin

    def page_feedback(self) -> float:
        return self._page_with(FEEDBACK)

    def page_costs(self) -> float:
        return self._page_with(USAGE)

    def page_scored_by(self) -> float:
        said = (
            "EXISTS (SELECT 1 FROM feedback f WHERE f.project = 1 AND f.call_id = c.id"
            " AND f.feedback_type = 'wandb.runnable.judge' AND f.runnable_ref = ?)"
        )
        return self._page(said, parameters=(data.SCORERS[0],))

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

    def to_pandas(self) -> float:
        pandas: Any = importlib.import_module("pandas")  # its import is no part of the measure
        gc.disable()  # all that is made is kept
        begin = time.perf_counter()
        found = self.conn.execute(PAGE + "1 ORDER BY c.started_at")
        columns: dict[str, list[Any]] = {name: [] for name, *_ in found.description}
        while rows := found.fetchmany(100):
            for (name, column), values in zip(
                columns.items(), zip(*rows, strict=True), strict=True
            ):
                column += map(orjson.loads, values) if name in JSON else values
        frame = pandas.DataFrame(columns)
        seconds = time.perf_counter() - begin
        gc.enable()
        if len(frame) < data.CALL_COUNT:
            raise AssertionError(len(frame))
        return seconds

    # --- with indexes on expressions, and on text ---

    def add_indexes(self) -> float:
        """Make the indexes of the measures below."""
        run = self.conn.execute
        run("CREATE INDEX by_model ON call_inputs (json_extract(inputs, '$.model'), pk)")
        run("CREATE INDEX by_score ON call_outputs (json_extract(output, '$.score'), pk)")
        run("CREATE VIRTUAL TABLE texts USING fts5 (question, tokenize = 'trigram', content = '')")
        run(
            "INSERT INTO texts (rowid, question)"
            " SELECT pk, json_extract(inputs, '$.question') FROM call_inputs"
        )
        return 0.0

    def indexed_eq_json(self) -> float:
        return self.page_eq_json()

    def indexed_contains(self) -> float:
        found = "c.pk IN (SELECT rowid FROM texts WHERE texts MATCH '\"question 4242:\"')"
        return self._page(found)

    def indexed_sort_json(self) -> float:
        order = " ORDER BY json_extract(o.output, '$.score') DESC LIMIT 100"
        begin = time.perf_counter()
        for row in self.conn.execute(INNER_PAGE + VISIBLE + order):
            orjson.loads(row[-1]), orjson.loads(row[-2])
        return time.perf_counter() - begin

    def indexed_count_eq(self) -> float:
        return self._count(
            "SELECT count(*) FROM call_inputs i CROSS JOIN calls c ON c.pk = i.pk"  # noqa: S608
            f" WHERE {VISIBLE} AND json_extract(i.inputs, '$.model') = 'model-3'"
        )
