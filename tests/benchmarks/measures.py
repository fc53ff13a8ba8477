"""What is measured, and the bar: by what factor ours must be faster (or smaller) than the reference."""

from __future__ import annotations

from typing import NamedTuple


class Measure(NamedTuple):
    """One row of the table. ``bar`` and ``reach`` are factors against the reference."""

    key: str
    label: str
    bar: float
    reach: float
    needs_store: bool = False
    has_limit: bool = True
    is_slow: bool = False


MEASURES = [
    Measure("op_small", "op, user's thread, small", 25, 40),
    Measure("op_large", "op, user's thread, 2 KB in, 1 KB out", 25, 40),
    Measure("op_small_durable", "op, until durable, small", 60, 120),
    Measure("op_large_durable", "op, until durable, 2 KB in, 1 KB out", 50, 70),
    Measure("op_disabled", "op, tracing disabled", 6, 7.5, has_limit=False),
    Measure("ingest_single", "call through the typed door, one by one", 8, 14),
    Measure("ingest_batch", "call through the typed door, in batches", 20, 35),
    Measure("page_roots", "100 newest roots", 50, 120, needs_store=True),
    Measure("page_by_op", "100 newest of one op", 50, 120, needs_store=True),
    Measure("page_eq_json", "`$eq` on a JSON path, newest 100", 80, 150, needs_store=True),
    Measure("page_gt_usage", "`$gt` on usage, newest 100", 12, 60, needs_store=True),
    Measure("page_contains", "`$contains` on text", 1.5, 50, needs_store=True),
    Measure("page_sort_json", "sort by a JSON path, first 100", 1, 100, needs_store=True),
    Measure("page_offset", "page at offset 99,000", 100, 250, needs_store=True),
    Measure("count_all", "count all", 2000, 4000, needs_store=True, is_slow=True),
    Measure("count_eq", "count `$eq`", 6, 300, needs_store=True),
    Measure("read_by_id", "read a call by id", 3, 6, needs_store=True),
    Measure("children", "children of a call", 500, 1500, needs_store=True),
    Measure("iterate_client", "iterate 100,000 calls, client", 12, 40, True, is_slow=True),
    Measure("iterate_server", "iterate 100,000 calls, server", 3, 8, True, is_slow=True),
    Measure("publish_distinct", "publish, another object each time", 15, 35),
    Measure("publish_same", "publish, the same object", 20, 60),
    Measure("table_create", "dataset of 100,000 rows: publish", 1.3, 2, is_slow=True),
    Measure("table_iterate", "dataset of 100,000 rows: iterate", 150, 400, is_slow=True),
    Measure("table_by_index", "dataset of 100,000 rows: 1,000 by index", 2000, 10000, is_slow=True),
]
