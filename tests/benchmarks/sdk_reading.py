"""Reading a store of 100,000 calls through the typed door, and through the client."""

from __future__ import annotations

import importlib
import time
from typing import Any

import data


class ReadMeasures:
    """The measures of reading. Each gives seconds for one request."""

    tsi: Any
    client: Any
    server: Any
    project = data.PROJECT

    def local(self, record: Any) -> Any:
        """Rewrite project and refs of a record to what this subject calls them."""
        return record

    def _query(self, name: str, **parts: Any) -> float:
        req = self.tsi.CallsQueryReq.model_validate(
            {"project_id": self.project, **self.local(data.QUERIES[name]), **parts}
        )
        begin = time.perf_counter()
        found = self.server.calls_query(req).calls
        seconds = time.perf_counter() - begin
        expected = 9 if name == "children" else 1 if name == "contains" else 100
        if not expected <= len(found) <= 100:
            raise AssertionError(f"{name}: {len(found)} calls")
        extras = found[-1].summary.get("weave", {})
        if not all(extras.get(part.removeprefix("include_")) for part in parts):
            raise AssertionError(f"{name}: {parts} are not in {extras}")
        return seconds

    def page_roots(self) -> float:
        return self._query("roots")

    def page_feedback(self) -> float:
        return self._query("roots", include_feedback=True)

    def page_scored_by(self) -> float:
        return self._query("scored_by")

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

    def to_pandas(self) -> float:
        importlib.import_module("pandas")  # its import is no part of the measure
        begin = time.perf_counter()
        frame = self.client.get_calls().to_pandas()
        seconds = time.perf_counter() - begin
        if len(frame) < data.CALL_COUNT:
            raise AssertionError(len(frame))
        return seconds
