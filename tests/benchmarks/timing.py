"""The clock of the benchmarks: it counts the seconds that another process reports, and records them."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROUNDS = 5
# A request of a few milliseconds is hit hard by whatever else the machine does just then.
QUICK_ROUNDS = 25
QUICK_SECONDS = 0.3

Ask: TypeAlias = "Callable[[], dict[str, Any]]"


class WorkerClock:
    """A clock that stands still but for the seconds that a worker reports."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        # pytest-benchmark waits for a tick when it measures the precision of a timer.
        self.now += 1e-10
        return self.now


CLOCK = WorkerClock()


def in_turns(asks: Mapping[str, Ask], rounds: Mapping[str, int]) -> dict[str, list[dict[str, Any]]]:
    """Run a measure of several subjects, a round of each in turn, so that a time in which the machine is
    slow hits them all.

    Args:
        asks: What to run, by subject.
        rounds: How often at least. What takes no time is run more often, unless once must do.

    Returns:
        The answers of each.
    """
    answers: dict[str, list[dict[str, Any]]] = {}
    is_quick = True
    for name, ask in asks.items():
        begin = time.perf_counter()
        answers[name] = [ask()]
        is_quick = is_quick and time.perf_counter() - begin < QUICK_SECONDS
    for turn in range(1, QUICK_ROUNDS if is_quick else max(rounds.values())):
        for name, ask in asks.items():
            if turn < rounds[name] or (is_quick and rounds[name] > 1):
                answers[name].append(ask())
    return answers


def record(benchmark: Any, key: str, subject: str, answers: list[dict[str, Any]]) -> None:
    """Put what was measured into the report, and the medians of all numbers of the answers."""
    left = iter(answers)

    def run() -> None:
        CLOCK.now += max(next(left)["value"], 0)

    benchmark.group = key
    benchmark.pedantic(run, rounds=len(answers), iterations=1)
    medians = {fact: statistics.median(a[fact] for a in answers) for fact in answers[0]}
    benchmark.extra_info.update(measure=key, subject=subject, **medians)
