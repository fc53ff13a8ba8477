"""What is measured, and the bar: by what factor ours must be faster (or smaller) than the reference."""

from __future__ import annotations

from typing import NamedTuple


class Measure(NamedTuple):
    """One row of the table.

    Attributes:
        key: The name of the subject's method.
        label: What the table calls it.
        bar: The factor against the reference that is asked for; a text where there is no reference.
        reach: The factor that the floors still allow.
        place: ``"fresh"``, a store that only the measures fill; ``"stored"``, one of 100,000 calls;
            ``"indexed"``, a copy of that with the user's indexes.
        is_alone: Each round has a process of its own.
        is_slow: The reference takes so long that one round must do.
        has_reference: Whether the reference can do it at all.
        has_limit: Whether the bare limit has such a thing.
        against: The key of the reference's measure, where it is another one.
        beside: The keys of measures of ours that the bar is a multiple of.
        of: The key of the measure whose answer holds ``fact``; such a row is not run by itself.
        fact: What of the answer is the value.
        unit: Of the value: ``s``, ``B``, ``MB`` or ``%``.
    """

    key: str
    label: str
    bar: float | str
    reach: float | str
    place: str = "fresh"
    is_alone: bool = False
    is_slow: bool = False
    has_reference: bool = True
    has_limit: bool = True
    against: str = ""
    beside: tuple[str, ...] = ()
    of: str = ""
    fact: str = "value"
    unit: str = "s"


GROUPS = {
    "Start": [
        Measure("import", "`import`, whole process", 30, 45, place="process"),
        Measure("first_trace", "process start to first durable trace", 4, 6, place="process"),
        Measure(
            "init_new", "`init` on a new file", "50 ms", "10 ms", is_alone=True, has_reference=False
        ),
        Measure(
            "init_existing",
            "`init` on a file of 100,000 calls",
            "20 ms",
            "5 ms",
            place="stored",
            is_alone=True,
            has_reference=False,
        ),
    ],
    "Tracing": [
        Measure("op_small", "op, user's thread, small", 25, 40),
        Measure("op_large", "op, user's thread, 2 KB in, 1 KB out", 25, 40),
        Measure("op_small_durable", "op, until durable, small", 60, 120),
        Measure("op_large_durable", "op, until durable, 2 KB in, 1 KB out", 50, 70),
        Measure("ops_10000", "10,000 ops, until durable", 50, 70, is_alone=True, is_slow=True),
        Measure("op_disabled", "op, tracing disabled", 6, 7.5, has_limit=False),
        Measure("write_threads", "op in 4 threads, until durable", 60, 120),
        Measure("write_processes", "op in 2 processes, until durable", 40, 80, place="processes"),
        Measure("ingest_single", "call through the typed door, one by one", 8, 14),
        Measure("ingest_batch", "call through the typed door, in batches", 20, 35),
    ],
    "Records lost": [
        Measure("lost_ops", "of 10,000 ops", "0 %", "0 %", of="ops_10000", fact="lost", unit="%"),
        Measure(
            "lost_threads", "of 4 threads", "0 %", "0 %", of="write_threads", fact="lost", unit="%"
        ),
        Measure(
            "lost_processes",
            "of 2 processes",
            "0 %",
            "0 %",
            of="write_processes",
            fact="lost",
            unit="%",
        ),
    ],
    "Finding calls": [
        Measure("page_roots", "100 newest roots", 50, 120, "stored"),
        Measure("page_feedback", "… with their feedback", 50, 120, "stored"),
        Measure(
            "page_costs",
            "… with their costs",
            "2 × page",
            "1.5 × page",
            "stored",
            has_reference=False,
        ),
        Measure("page_by_op", "100 newest of one op", 50, 120, "stored"),
        Measure(
            "page_scored_by",
            "100 newest scored by one scorer",
            "–",
            "–",
            "stored",
            has_reference=False,
        ),
        Measure("page_eq_json", "`$eq` on a JSON path, newest 100", 80, 150, "stored"),
        Measure("page_gt_usage", "`$gt` on usage, newest 100", 12, 60, "stored"),
        Measure("page_contains", "`$contains` on text", 1.5, 50, "stored"),
        Measure("page_sort_json", "sort by a JSON path, first 100", 1, 100, "stored"),
        Measure("page_offset", "page at offset 99,000", 100, 250, "stored"),
        Measure("count_all", "count all", 2000, 4000, "stored", is_slow=True),
        Measure("count_eq", "count `$eq`", 6, 300, "stored"),
        Measure("read_by_id", "read a call by id", 3, 6, "stored"),
        Measure("children", "children of a call", 500, 1500, "stored"),
        Measure(
            "iterate_client",
            "iterate 100,000 calls, client",
            12,
            40,
            "stored",
            is_alone=True,
            is_slow=True,
        ),
        Measure(
            "iterate_server",
            "iterate 100,000 calls, server",
            3,
            8,
            "stored",
            is_alone=True,
            is_slow=True,
        ),
    ],
    "Finding calls with `weave-lite index`": [
        Measure("indexed_eq_json", "`$eq`, newest 100", 80, 150, "indexed", against="page_eq_json"),
        Measure("indexed_contains", "`$contains`", 50, 50, "indexed", against="page_contains"),
        Measure(
            "indexed_sort_json", "sort, first 100", 50, 100, "indexed", against="page_sort_json"
        ),
        Measure("indexed_count_eq", "count `$eq`", 300, 300, "indexed", against="count_eq"),
    ],
    "Evaluations, tests, frames": [
        Measure(
            "evaluation",
            "evaluation, 1,000 rows, two scorers",
            25,
            60,
            is_slow=True,
            has_limit=False,
        ),
        Measure(
            "test_store",
            "store in memory for one test, one op in it",
            "1.6 ms",
            "0.8 ms",
            has_reference=False,
            has_limit=False,
        ),
        Measure(
            "to_pandas",
            "`to_pandas` of 100,000 calls (× iterate, server and client)",
            "2 × iterate",
            "1.2 × iterate",
            "stored",
            is_alone=True,
            has_reference=False,
            beside=("iterate_server", "iterate_client"),
        ),
    ],
    "Objects, datasets, files": [
        Measure("publish_distinct", "publish, another object each time", 15, 35),
        Measure("publish_same", "publish, the same object", 20, 60),
        Measure("table_create", "dataset of 100,000 rows: publish", 1.3, 2, is_slow=True),
        Measure("table_iterate", "dataset of 100,000 rows: iterate", 150, 400, is_slow=True),
        Measure(
            "table_by_index", "dataset of 100,000 rows: 1,000 by index", 2000, 10000, is_slow=True
        ),
        Measure("file_write", "file of 50 MB: write", 1, 1.5),
        Measure("file_read", "file of 50 MB: read", 1, 1.5),
    ],
    "Over HTTP": [
        Measure("http_ops", "op of the official client into `serve`, until sent", "–", "–", "http"),
        Measure(
            "http_ops_lost",
            "lost of 2,050 such ops",
            "0 %",
            "0 %",
            of="http_ops",
            fact="lost",
            unit="%",
        ),
        Measure(
            "http_first_row_of_1000", "first streamed row of 1,000 calls", "constant", "–", "http"
        ),
        Measure(
            "http_first_row_of_100000",
            "first streamed row of 100,000 calls",
            "constant",
            "–",
            "http",
        ),
        Measure(
            "http_memory",
            "memory that streaming 100,000 calls adds to `serve`",
            "flat",
            "flat",
            "http",
            unit="MB",
        ),
        Measure(
            "http_file_memory",
            "memory that a file of 50 MB adds to `serve`",
            "flat",
            "flat",
            of="http_memory",
            fact="file_mb",
            unit="MB",
        ),
    ],
    "Space": [
        Measure("size", "bytes a call in the file", 0.9, 1, place="file", unit="B"),
        Measure(
            "peak_client",
            "peak memory, iterating 100,000 calls, client",
            20,
            40,
            of="iterate_client",
            fact="peak_mb",
            unit="MB",
        ),
        Measure(
            "peak_server",
            "peak memory, iterating 100,000 calls, server",
            20,
            40,
            of="iterate_server",
            fact="peak_mb",
            unit="MB",
        ),
        Measure(
            "peak_ops",
            "peak memory, 10,000 ops, 2 KB in, 1 KB out",
            25,
            40,
            of="ops_10000",
            fact="ops_mb",
            unit="MB",
        ),
        Measure(
            "descendants",
            "memory that 100,000 descendants add to a root call",
            "flat",
            "flat",
            is_alone=True,
            has_reference=False,
            has_limit=False,
            unit="MB",
        ),
    ],
}
# Those that are one method of a subject, run by its worker.
ASKED = [
    measure
    for group in GROUPS.values()
    for measure in group
    if measure.place in {"fresh", "stored", "indexed"} and not measure.of
]
