"""What is timed through the SDK and the typed door, the same for ours and the reference.

A subject gives the module (``weave``), a client, a server and a way to fill the store; the measures
are written once, so that both sides do the same work.
"""

from __future__ import annotations

import time
from typing import Any

import data
from sdk_ops import OpMeasures
from sdk_reading import ReadMeasures


class SdkSubject(OpMeasures, ReadMeasures):
    """All measures. Each gives seconds for one unit of work, or a dict with that as ``value``."""

    def _feedback(self, n: int) -> dict[str, Any]:
        return {"project_id": self.project, "wb_user_id": "bench", **self.local(data.feedback(n))}

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

    # --- objects, tables and files ---

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

    def _file(self) -> Any:
        salt = time.perf_counter_ns().to_bytes(8, "big")
        content = salt * (data.FILE_BYTES // len(salt))
        return self.tsi.FileCreateReq(project_id=self.project, name="f.bin", content=content)

    def file_write(self) -> float:
        req = self._file()
        begin = time.perf_counter()
        self.server.file_create(req)
        return time.perf_counter() - begin

    def file_read(self) -> float:
        digest = self.server.file_create(self._file()).digest
        req = self.tsi.FileContentReadReq(project_id=self.project, digest=digest)
        begin = time.perf_counter()
        content = self.server.file_content_read(req).content
        seconds = time.perf_counter() - begin
        if len(content) != data.FILE_BYTES:
            raise AssertionError(len(content))
        return seconds
