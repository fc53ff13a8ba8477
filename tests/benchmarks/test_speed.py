"""The benchmarks. No test passes or fails on a clock; ``table.py`` turns the result into ratios.

Run: ``pytest tests/benchmarks --benchmark-only --benchmark-json=bench.json``
"""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest
from measures import ASKED, Measure
from subjects import FOLDER, Workers, pythons
from timing import CLOCK, ROUNDS, record

CALLS_OF_PROCESSES = 2_000


PAIRS = [
    pytest.param(measure, name, id=f"{measure.key}-{name}")
    for measure in ASKED
    for name in pythons()
    if name == "ours"
    or (measure.has_limit if name == "limit" else measure.has_reference and not measure.against)
]


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize(("measure", "subject"), PAIRS)
def test_measure(measure: Measure, subject: str, benchmark: Any, workers: Workers) -> None:
    """Each measure, for each subject, in processes of their own."""

    def ask() -> dict[str, Any]:
        if not measure.is_alone:
            return workers.get(measure.place, subject).ask(measure.key)
        worker = workers.alone(measure.place, subject)
        try:
            if measure.place == "stored":
                # What is imported by the first query is no part of the measure.
                worker.ask("page_roots")
            return worker.ask(measure.key)
        finally:
            worker.close()

    rounds = 1 if measure.is_slow and subject == "reference" else ROUNDS
    answers = record(benchmark, measure.key, subject, rounds, ask)
    assert len(answers) >= rounds
    assert all(answer["value"] >= 0 for answer in answers if measure.key != "op_disabled")
    if subject == "ours":
        # Speed that loses records is none.
        assert not any(answer.get("lost") for answer in answers)


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("subject", list(pythons()))
def test_processes(subject: str, benchmark: Any, workers: Workers) -> None:
    """Two processes write ops into one file at the same time; each then looks for its own."""
    first = workers.get("fresh", subject)
    writers = [first.again(), first.again()]
    for writer in writers:
        writer.ask("write")

    def ask() -> dict[str, Any]:
        begin = time.perf_counter()
        for writer in writers:
            writer.send("write")
        for writer in writers:
            writer.answer()
        seconds = time.perf_counter() - begin
        kept = sum(writer.ask("written")["value"] for writer in writers)
        return {"value": seconds / CALLS_OF_PROCESSES, "lost": 1 - kept / CALLS_OF_PROCESSES}

    answers = record(benchmark, "write_processes", subject, ROUNDS, ask)
    for writer in writers:
        writer.close()
    assert subject != "ours" or not any(answer["lost"] for answer in answers)


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


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("subject", list(pythons()))
def test_size(subject: str, benchmark: Any, workers: Workers) -> None:
    """Bytes a call in the file."""
    workers.get("stored", subject)
    size = workers.sizes[subject] / 100_000
    record(benchmark, "size", subject, 1, lambda: {"value": size})
    assert size > 3_000
