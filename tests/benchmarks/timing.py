"""The clock of the benchmarks: it counts the seconds that another process reports, and records them."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 5
# A request of a few milliseconds is hit hard by whatever else the machine does just then.
QUICK_ROUNDS = 25
QUICK_SECONDS = 0.3


class WorkerClock:
    """A clock that stands still but for the seconds that a worker reports."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        # pytest-benchmark waits for a tick when it measures the precision of a timer.
        self.now += 1e-10
        return self.now


CLOCK = WorkerClock()


def record(
    benchmark: Any, key: str, subject: str, rounds: int, ask: Callable[[], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Run a measure some rounds; the medians of all numbers of its answers go into the report.

    What takes no time is run more often than asked for, unless once must do.
    """
    answers: list[dict[str, Any]] = []
    if rounds > 1:
        begin = time.perf_counter()
        answers.append(ask())
        is_quick = time.perf_counter() - begin < QUICK_SECONDS
        rounds = (QUICK_ROUNDS if is_quick else rounds) - 1

    def run() -> None:
        answers.append(ask())
        CLOCK.now += max(answers[-1]["value"], 0)

    benchmark.group = key
    benchmark.pedantic(run, rounds=rounds, iterations=1)
    medians = {fact: statistics.median(a[fact] for a in answers) for fact in answers[0]}
    benchmark.extra_info.update(measure=key, subject=subject, **medians)
    return answers
