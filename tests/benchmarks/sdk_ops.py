"""Ops, timed through the SDK: in the user's thread, until durable, from threads, and what is lost."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import time
from typing import Any

import data

OPS_PER_RUN = 1_000
THREADS = 4


class OpMeasures:
    """The measures of ops. Each gives seconds for one op, if its name says nothing else."""

    weave: Any
    client: Any
    _writer: Any = None

    def _ops(self, argument: Any, result: Any, count: int) -> tuple[float, float]:
        """Seconds per op in the user's thread, and until all are durable."""

        @self.weave.op
        def work(value: Any) -> Any:
            return result

        for _ in range(50):
            work(argument)
        self.client.flush()
        gc.collect()
        begin = time.perf_counter()
        for _ in range(count):
            work(argument)
        called = time.perf_counter()
        self.client.flush()
        durable = time.perf_counter()
        return (called - begin) / count, (durable - begin) / count

    def op_small(self) -> float:
        return self._ops(data.small(1), 3, OPS_PER_RUN)[0]

    def op_large(self) -> float:
        return self._ops(data.inputs(1), data.output(1), OPS_PER_RUN)[0]

    def op_small_durable(self) -> float:
        return self._ops(data.small(1), 3, OPS_PER_RUN)[1]

    def op_large_durable(self) -> float:
        return self._ops(data.inputs(1), data.output(1), OPS_PER_RUN)[1]

    def op_disabled(self) -> float:
        """What a decorated call costs above the plain one while tracing is off."""

        def plain(value: Any) -> Any:
            return value

        traced = self.weave.op(plain)
        traced._tracing_enabled = False  # noqa: SLF001 - the documented switch
        count = 20_000
        best = []
        for function in (plain, traced):
            runs = []
            for _ in range(5):
                begin = time.perf_counter()
                for _ in range(count):
                    function(1)
                runs.append(time.perf_counter() - begin)
            best.append(min(runs))
        return (best[1] - best[0]) / count

    def _share_kept(self, work: Any, count: int) -> float:
        """Of so many calls of an op, the share that is there and has ended."""
        return sum(call.ended_at is not None for call in work.calls()) / count

    def ops_10000(self) -> dict[str, float]:
        """10,000 ops of 2 KB in and 1 KB out: seconds, megabytes at most, and the share that is lost."""
        values = [(data.inputs(n), data.output(n)) for n in range(64)]

        @self.weave.op(name=f"many_{time.perf_counter_ns()}")
        def work(value: Any, n: int) -> Any:
            return values[n % 64][1]

        begin = time.perf_counter()
        for n in range(10_000):
            work(values[n % 64][0], n)
        self.client.flush()
        seconds = time.perf_counter() - begin
        # Before the calls are read back.
        peak = data.peak_mb()
        return {"value": seconds, "ops_mb": peak, "lost": 1 - self._share_kept(work, 10_000)}

    def write_threads(self) -> dict[str, float]:
        """Four threads call an op; with the share that is lost."""

        @self.weave.op(name=f"threads_{time.perf_counter_ns()}")
        def work(value: Any) -> int:
            return 3

        def run() -> None:
            for n in range(OPS_PER_RUN // THREADS):
                work(data.small(n))

        threads = [threading.Thread(target=run) for _ in range(THREADS)]
        begin = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.client.flush()
        seconds = time.perf_counter() - begin
        kept = self._share_kept(work, OPS_PER_RUN)
        return {"value": seconds / OPS_PER_RUN, "lost": 1 - kept}

    def write(self) -> float:
        """Write calls of an op of this process; :meth:`written` counts them."""

        @self.weave.op(name=f"process_{os.getpid()}_{time.perf_counter_ns()}")
        def work(value: Any) -> int:
            return 3

        begin = time.perf_counter()
        for n in range(OPS_PER_RUN):
            work(data.small(n))
        self.client.flush()
        self._writer = work
        return time.perf_counter() - begin

    def written(self) -> float:
        """How many calls of the last :meth:`write` are there, and ended."""
        return self._share_kept(self._writer, 1)

    def evaluation(self) -> float:
        """1,000 rows, a trivial model and two trivial scorers, until durable."""

        @self.weave.op
        def model(q: str) -> str:
            return q + "!"

        @self.weave.op
        def is_right(output: str, expected: str) -> bool:
            return output == expected

        @self.weave.op
        def length(output: str) -> dict[str, int]:
            return {"length": len(output)}

        rows = [{"q": f"q{n}", "expected": f"q{n}!"} for n in range(1_000)]
        evaluation = self.weave.Evaluation(dataset=rows, scorers=[is_right, length])
        begin = time.perf_counter()
        summary = asyncio.run(evaluation.evaluate(model))
        self.client.flush()
        seconds = time.perf_counter() - begin
        if summary["is_right"]["true_count"] != len(rows):
            raise AssertionError(summary)
        return seconds
