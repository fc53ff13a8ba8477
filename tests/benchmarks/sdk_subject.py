"""What is timed through the SDK and the typed door, the same for ours and the reference.

A subject gives the module (``weave``), a client, a server and a way to fill the store; the measures
are written once, so that both sides do the same work.
"""

from __future__ import annotations

import gc
import time
from typing import Any

import data

OPS_PER_RUN = 1_000


class SdkSubject:
    """The measures. Each returns seconds for one unit of work."""

    weave: Any
    tsi: Any
    client: Any
    server: Any
    project = data.PROJECT

    def local(self, record: Any) -> Any:
        """Rewrite project and refs of a record to what this subject calls them."""
        return record

    # --- ops ---

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

    def op_lost(self) -> float:
        """Share of 2,000 calls that are not there, or not ended, afterwards."""
        name = f"lost_{time.perf_counter_ns()}"

        @self.weave.op(name=name)
        def work(value: int) -> int:
            return value

        for n in range(2_000):
            work(n)
        self.client.flush()
        found = [c for c in work.calls() if c.ended_at is not None]
        return 1 - len(found) / 2_000

    # --- the typed door ---

    def _start(self, n: int, project: str) -> Any:
        call = self.local(data.call(n))
        keys = ("id", "trace_id", "parent_id", "op_name", "started_at", "attributes", "inputs")
        return self.tsi.CallStartReq(
            start=self.tsi.StartedCallSchemaForInsert(
                project_id=project, **{key: call[key] for key in keys}
            )
        )

    def _end(self, n: int, project: str) -> Any:
        call = data.call(n)
        keys = ("id", "ended_at", "output", "summary")
        return self.tsi.CallEndReq(
            end=self.tsi.EndedCallSchemaForInsert(
                project_id=project, exception=None, **{key: call[key] for key in keys}
            )
        )

    def _fresh_calls(self, count: int) -> list[tuple[Any, Any]]:
        """Start and end requests of calls that the store has not seen."""
        base = 10_000_000 + time.perf_counter_ns() % 10**9
        project = f"{data.PROJECT_ENTITY}/ingest"
        return [
            (self._start(base + n, project), self._end(base + n, project)) for n in range(count)
        ]

    def ingest_single(self) -> float:
        calls = self._fresh_calls(300)
        begin = time.perf_counter()
        for start, end in calls:
            self.server.call_start(start)
            self.server.call_end(end)
        return (time.perf_counter() - begin) / len(calls)

    def ingest_batch(self) -> float:
        calls = self._fresh_calls(500)
        batch = []
        for start, end in calls:
            batch.append(self.tsi.CallBatchStartMode(req=start))
            batch.append(self.tsi.CallBatchEndMode(req=end))
        req = self.tsi.CallCreateBatchReq(batch=batch)
        begin = time.perf_counter()
        self.server.call_start_batch(req)
        return (time.perf_counter() - begin) / len(calls)

    # --- reading a store of 100,000 calls ---

    def _query(self, name: str) -> float:
        req = self.tsi.CallsQueryReq.model_validate(
            {"project_id": self.project, **self.local(data.QUERIES[name])}
        )
        begin = time.perf_counter()
        found = self.server.calls_query(req).calls
        seconds = time.perf_counter() - begin
        expected = 9 if name == "children" else 1 if name == "contains" else 100
        if not expected <= len(found) <= 100:
            raise AssertionError(f"{name}: {len(found)} calls")
        return seconds

    def page_roots(self) -> float:
        return self._query("roots")

    def page_by_op(self) -> float:
        return self._query("by_op")

    def page_eq_json(self) -> float:
        return self._query("eq_json")

    def page_gt_usage(self) -> float:
        return self._query("gt_usage")

    def page_contains(self) -> float:
        return self._query("contains")

    def page_sort_json(self) -> float:
        return self._query("sort_json")

    def page_offset(self) -> float:
        return self._query("offset")

    def children(self) -> float:
        return sum(self._query("children") for _ in range(10)) / 10

    def _count(self, **parts: Any) -> float:
        req = self.tsi.CallsQueryStatsReq.model_validate({"project_id": self.project, **parts})
        begin = time.perf_counter()
        count = self.server.calls_query_stats(req).count
        seconds = time.perf_counter() - begin
        if count not in {data.CALL_COUNT, data.CALL_COUNT // 10}:
            raise AssertionError(f"counted {count}")
        return seconds

    def count_all(self) -> float:
        return self._count()

    def count_eq(self) -> float:
        return self._count(**data.COUNT_EQ)

    def read_by_id(self) -> float:
        requests = [
            self.tsi.CallReadReq(project_id=self.project, id=data.call_id(n * 37 % data.CALL_COUNT))
            for n in range(200)
        ]
        begin = time.perf_counter()
        for req in requests:
            if self.server.call_read(req).call is None:
                raise AssertionError(req.id)
        return (time.perf_counter() - begin) / len(requests)

    def iterate_server(self) -> float:
        req = self.tsi.CallsQueryReq(project_id=self.project)
        begin = time.perf_counter()
        count = sum(1 for _ in self.server.calls_query_stream(req))
        seconds = time.perf_counter() - begin
        if count != data.CALL_COUNT:
            raise AssertionError(count)
        return seconds

    def iterate_client(self) -> float:
        begin = time.perf_counter()
        count = sum(1 for _ in self.client.get_calls())
        seconds = time.perf_counter() - begin
        if count < data.CALL_COUNT:
            raise AssertionError(count)
        return seconds

    # --- objects and tables ---

    def publish_distinct(self) -> float:
        salt = time.perf_counter_ns()
        values = [{"salt": salt, "n": n, "text": "settings", "limit": 0.5} for n in range(200)]
        begin = time.perf_counter()
        for value in values:
            self.weave.publish(value, name="bench-settings")
        self.client.flush()
        return (time.perf_counter() - begin) / len(values)

    def publish_same(self) -> float:
        value = {"n": 1, "text": "settings", "limit": 0.5}
        self.weave.publish(value, name="bench-same")
        begin = time.perf_counter()
        for _ in range(200):
            self.weave.publish(value, name="bench-same")
        self.client.flush()
        return (time.perf_counter() - begin) / 200

    def table_create(self) -> float:
        salt = time.perf_counter_ns()
        rows = [{**data.row(n), "salt": salt} for n in range(data.ROW_COUNT)]
        dataset = self.weave.Dataset(name="bench-rows", rows=rows)
        begin = time.perf_counter()
        self.weave.publish(dataset)
        self.client.flush()
        return time.perf_counter() - begin

    def _stored_dataset(self) -> Any:
        rows = [data.row(n) for n in range(data.ROW_COUNT)]
        ref = self.weave.publish(self.weave.Dataset(name="bench-stored", rows=rows))
        self.client.flush()
        return self.weave.ref(ref.uri()).get()

    def table_iterate(self) -> float:
        dataset = self._stored_dataset()
        begin = time.perf_counter()
        count = sum(1 for _ in dataset.rows)
        seconds = time.perf_counter() - begin
        if count != data.ROW_COUNT:
            raise AssertionError(count)
        return seconds

    def table_by_index(self) -> float:
        dataset = self._stored_dataset()
        begin = time.perf_counter()
        for n in range(1_000):
            if dataset.rows[n * 97]["id"] != n * 97:
                raise AssertionError(n)
        return time.perf_counter() - begin
