"""The benchmarks. No test passes or fails on a clock; ``table.py`` turns the result into ratios.

Run: ``pytest tests/benchmarks --benchmark-only --benchmark-json=bench.json``
"""

from __future__ import annotations

import subprocess
import time
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import pytest
from measures import ASKED, Measure
from subjects import FOLDER, Workers, pythons
from timing import CLOCK, QUICK_ROUNDS, ROUNDS, in_turns, record

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS_OF_PROCESSES = 2_000


PAIRS = [
    pytest.param(measure, name, id=f"{measure.key}-{name}")
    for measure in ASKED
    for name in pythons()
    if name == "ours"
    or (measure.has_limit if name == "limit" else measure.has_reference and not measure.against)
]


@pytest.fixture(scope="module")
def measured(workers: Workers) -> Callable[[Measure], dict[str, list[dict[str, Any]]]]:
    """Gives the answers of all subjects to a measure, which is run once."""

    @cache
    def measure_all(measure: Measure) -> dict[str, list[dict[str, Any]]]:
        names = [name for each, name in (param.values for param in PAIRS) if each == measure]
        for name in names:
            workers.get(measure.place, name)  # to fill a store is no part of any measure
        rounds = {name: _rounds(measure, name) for name in names}
        return in_turns({name: partial(_ask, workers, measure, name) for name in names}, rounds)

    return measure_all


def _rounds(measure: Measure, subject: str) -> int:
    return 1 if measure.is_slow and subject == "reference" else ROUNDS


def _ask(workers: Workers, measure: Measure, subject: str) -> dict[str, Any]:
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


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize(("measure", "subject"), PAIRS)
def test_measure(measure: Measure, subject: str, benchmark: Any, measured: Any) -> None:
    """Each measure, for each subject, in processes of their own."""
    answers = measured(measure)[subject]
    record(benchmark, measure.key, subject, answers)
    assert len(answers) in {_rounds(measure, subject), QUICK_ROUNDS}
    assert all(answer["value"] >= 0 for answer in answers if measure.key != "op_disabled")
    if subject == "ours":
        # Speed that loses records is none.
        assert not any(answer.get("lost") for answer in answers)


@pytest.fixture(scope="module")
def written(workers: Workers) -> dict[str, list[dict[str, Any]]]:
    """Two processes of each subject write ops into one file at the same time."""
    writers: dict[str, list[Any]] = {}
    for name in pythons():
        first = workers.get("fresh", name)
        writers[name] = [first.again(), first.again()]
        for writer in writers[name]:
            writer.ask("write")

    def ask(name: str) -> dict[str, Any]:
        begin = time.perf_counter()
        for writer in writers[name]:
            writer.send("write")
        for writer in writers[name]:
            writer.answer()
        seconds = time.perf_counter() - begin
        kept = sum(writer.ask("written")["value"] for writer in writers[name])
        return {"value": seconds / CALLS_OF_PROCESSES, "lost": 1 - kept / CALLS_OF_PROCESSES}

    found = in_turns({name: partial(ask, name) for name in writers}, dict.fromkeys(writers, ROUNDS))
    for pair in writers.values():
        for writer in pair:
            writer.close()
    return found


@pytest.mark.benchmark(timer=CLOCK)
@pytest.mark.parametrize("subject", list(pythons()))
def test_processes(subject: str, benchmark: Any, written: Any) -> None:
    """Two processes write ops into one file at the same time; each then looks for its own."""
    record(benchmark, "write_processes", subject, written[subject])
    assert subject != "ours" or not any(answer["lost"] for answer in written[subject])


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
    record(benchmark, "size", subject, [{"value": size}])
    assert size > 3_000
