"""The benchmarks. No test passes or fails on a clock; ``table.py`` turns the result into ratios.

Run: ``pytest tests/benchmarks --benchmark-only --benchmark-json=bench.json``
"""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest
from measures import MEASURES, Measure
from subjects import FOLDER, pythons

ROUNDS = 5


class WorkerClock:
    """A clock that stands still but for the seconds that a worker reports."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        # pytest-benchmark waits for a tick when it measures the precision of a timer.
        self.now += 1e-10
        return self.now


CLOCK = WorkerClock()
PAIRS = [
    pytest.param(measure, name, id=f"{measure.key}-{name}")
    for measure in MEASURES
    for name in pythons()
    if name != "limit" or measure.has_limit
]


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize(("measure", "subject"), PAIRS)
def test_measure(
    measure: Measure, subject: str, benchmark: Any, fresh_worker: Any, stored_worker: Any
) -> None:
    """Each measure, for each subject, in processes of their own."""
    worker = (stored_worker if measure.needs_store else fresh_worker)(subject)
    seconds: list[float] = []

    def run() -> None:
        seconds.append(worker.ask(measure.key)["seconds"])
        CLOCK.now += seconds[-1]

    benchmark.group = measure.key
    benchmark.extra_info.update(measure=measure.key, subject=subject)
    rounds = 1 if measure.is_slow and subject == "reference" else ROUNDS
    benchmark.pedantic(run, rounds=rounds, iterations=1)
    assert len(seconds) == rounds
    assert all(second >= 0 for second in seconds if measure.key != "op_disabled")


PROGRAMS = {
    ("import", "ours"): "import weave_lite",
    ("import", "reference"): "import weave",
    ("import", "limit"): "import sqlite3, orjson",
    ("first_trace", "ours"): """
import weave_lite as weave
client = weave.init("bench", db="bench.db")
@weave.op
def add(a, b): return a + b
add(1, 2)
client.flush()
""",
    ("first_trace", "reference"): f"""
import sys
sys.path.insert(0, {str(FOLDER)!r})
import reference_subject
subject = reference_subject.Subject("bench.db")
@reference_subject.weave.op
def add(a, b): return a + b
add(1, 2)
subject.client.flush()
""",
    ("first_trace", "limit"): """
import sqlite3, orjson
conn = sqlite3.connect("bench.db")
conn.execute("PRAGMA journal_mode = WAL")
conn.execute("CREATE TABLE calls (id TEXT, inputs TEXT, output TEXT)")
conn.execute("INSERT INTO calls VALUES (?, ?, ?)", ("1", orjson.dumps({"a": 1}), b"3"))
conn.commit()
""",
}


@pytest.mark.parametrize(
    ("measure", "subject"), [pair for pair in PROGRAMS if pair[1] in pythons()]
)
def test_process(measure: str, subject: str, benchmark: Any, tmp_path: Any) -> None:
    """Whole processes: import alone, and from start to the first durable trace."""
    count = iter(range(100))

    def run() -> None:
        folder = tmp_path / str(next(count))
        folder.mkdir()
        subprocess.run(
            [pythons()[subject], "-c", PROGRAMS[measure, subject]],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    benchmark.group = measure
    benchmark.extra_info.update(measure=measure, subject=subject)
    benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=1, iterations=1)
    assert time.perf_counter() > 0


@pytest.mark.parametrize("subject", list(pythons()))
def test_size(subject: str, benchmark: Any, tmp_path: Any, stored_worker: Any) -> None:
    """Bytes a call in the file, and peak memory after iterating 100,000 calls."""
    worker = stored_worker(subject).again()
    answer = benchmark.pedantic(lambda: worker.ask("iterate_client"), rounds=1, iterations=1)
    worker.close()
    benchmark.group = "size"
    benchmark.extra_info.update(
        measure="size",
        subject=subject,
        size_bytes=answer["size_bytes"] / 100_000,
        peak_mb=answer["peak_mb"],
    )
    assert answer["size_bytes"] > 100_000 * 3_000
