"""Running the rows of an evaluation: so many at a time, lazily, results in the order of the rows.

Where neither model nor scorers are async, a worker thread runs a row to its end by itself: a hand-over
per row, not one per op. Knows no model and no scorer, only how to run a row.
"""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.core.errors import InvalidRequest, UsageError
from weave_lite.flow.asked_op import to_end, workers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator

__all__ = ["EvalProgress", "RowRun", "parallelism_of", "run_rows"]

_DEFAULT_PARALLELISM = 20
# So often it is looked whether more threads pay: whether each ended no more than so many rows
# meanwhile. Then their number doubles.
_PATIENCE_S = 0.01
_SLOW_ROWS = 2


class EvalProgress(NamedTuple):
    """How far an evaluation is.

    Attributes:
        done: Rows that ended, trials counted.
        total: Rows that there are.
        failed: Rows of those done whose model failed.
    """

    done: int
    total: int
    failed: int


class RowRun(NamedTuple):
    """How to run rows.

    Attributes:
        run: Makes the coroutine that runs a row and gives its result.
        parallelism: Most rows at a time.
        is_sync: Whether the coroutine never waits when its functions run in the same thread.
        on_end: Told of each result, in the thread that made it.
    """

    run: Callable[[Any], Coroutine[Any, Any, dict[str, Any]]]
    parallelism: int
    is_sync: bool
    on_end: Callable[[dict[str, Any]], object]


def parallelism_of(given: int | None) -> int:
    """Read how many rows run at a time: as given, else ``WEAVE_PARALLELISM``, else 20.

    Raises:
        InvalidRequest: It is no whole number from 1.
    """
    text = os.environ.get("WEAVE_PARALLELISM", "")
    if given is None and text:
        try:
            given = int(text)
        except ValueError:
            raise UsageError(
                f"environment variable WEAVE_PARALLELISM must be a number from 1, not {text!r}"
            ) from None
    if given is None:
        return _DEFAULT_PARALLELISM
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise InvalidRequest(f"parallelism must be a whole number from 1, not {given!r}")
    return given


async def run_rows(rows: Iterable[Any], how: RowRun) -> list[dict[str, Any]]:
    """Run all rows.

    Args:
        rows: Whatever ``how.run`` takes; taken one by one when a worker is free.
        how: How.

    Returns:
        The results, in the order of the rows.

    Raises:
        Exception: What ``how.run`` raised first; rows that have not begun then never do.
    """
    queue = _Queue(rows)
    pool = ThreadPoolExecutor(how.parallelism, thread_name_prefix="weave_lite-evaluation")
    try:
        if how.is_sync:
            await _in_threads(queue, how, pool)
        else:
            await _in_tasks(queue, how, pool)
    finally:
        queue.stop()
        pool.shutdown(wait=False)
    return queue.in_order()


class _Queue:
    """The rows that are left, and the results by position."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows: Iterator[tuple[int, Any]] = enumerate(rows)
        self._lock = threading.Lock()
        self._is_stopped = False
        self._results: dict[int, dict[str, Any]] = {}

    def take(self) -> tuple[int, Any] | None:
        """Take the next row; None when there is none, or no more shall begin."""
        with self._lock:
            return None if self._is_stopped else next(self._rows, None)

    def put(self, at: int, result: dict[str, Any]) -> None:
        """Keep a result."""
        self._results[at] = result

    def count(self) -> int:
        """Count the results."""
        return len(self._results)

    def stop(self) -> None:
        """Let no more rows begin."""
        self._is_stopped = True

    def in_order(self) -> list[dict[str, Any]]:
        """Return the results in the order of the rows."""
        return [self._results[at] for at in sorted(self._results)]


async def _in_threads(queue: _Queue, how: RowRun, pool: ThreadPoolExecutor) -> None:
    def work() -> None:
        while (taken := queue.take()) is not None:
            at, row = taken
            try:
                result = copy_context().run(to_end, how.run(row))
            except BaseException:
                queue.stop()
                raise
            queue.put(at, result)
            how.on_end(result)

    loop = asyncio.get_running_loop()
    # One at once, more when it turns out that rows take their time, as those that ask somebody do:
    # threads that only compute would hinder each other.
    running = {loop.run_in_executor(pool, copy_context().run, work)}
    failure: BaseException | None = None
    count = 0
    while running:
        timeout = None if len(running) >= how.parallelism else _PATIENCE_S
        done, left = await asyncio.wait(
            running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
        )
        for each in done:
            failure = failure or each.exception()
        running = set(left)
        ended, count = queue.count() - count, queue.count()
        is_slow = ended <= _SLOW_ROWS * len(running)
        if not done and len(running) < how.parallelism and is_slow:
            running |= {
                loop.run_in_executor(pool, copy_context().run, work)
                for _ in range(min(len(running), how.parallelism - len(running)))
            }
    if failure is not None:
        raise failure


async def _in_tasks(queue: _Queue, how: RowRun, pool: ThreadPoolExecutor) -> None:
    async def work() -> None:
        while (taken := queue.take()) is not None:
            at, row = taken
            result = await how.run(row)
            queue.put(at, result)
            how.on_end(result)

    token = workers.set(pool)
    try:
        tasks = [asyncio.ensure_future(work()) for _ in range(how.parallelism)]
    finally:
        workers.reset(token)
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        queue.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
