"""weave_lite as a subject."""

from __future__ import annotations

import logging
import time
from typing import Any

import data
from sdk_subject import SdkSubject

import weave_lite
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

logging.getLogger("weave_lite").setLevel(logging.ERROR)


class Subject(SdkSubject):
    """Ours: the SDK through ``init``, the typed door on a second handle of the same file."""

    weave = weave_lite
    tsi = tsi

    def __init__(self, place: str) -> None:
        self.place = place
        self._has_prices = False
        self.client: Any = weave_lite.init(data.PROJECT, db=place)
        self.server = SqliteTraceServer(place)

    def fill(self) -> float:
        """Store 100,000 calls through the typed door."""
        return self._fill(data.CALL_COUNT)

    def fill_few(self) -> float:
        """Store 1,000 calls of the same form."""
        return self._fill(data.FEW)

    def _fill(self, count: int) -> float:
        for base in range(0, count, data.FEW):
            batch: list[Any] = []
            for n in range(base, base + data.FEW):
                batch.append(tsi.CallBatchStartMode(req=self._start(n, self.project)))
                batch.append(tsi.CallBatchEndMode(req=self._end(n, self.project)))
            self.server.call_start_batch(tsi.CallCreateBatchReq(batch=batch))
        return 0.0

    def fill_feedback(self) -> float:
        """Store a feedback on each root."""
        rows = [tsi.FeedbackCreateReq(**self._feedback(n)) for n in range(0, data.CALL_COUNT, 10)]
        self.server.feedback_create_batch(tsi.FeedbackCreateBatchReq(batch=rows))
        return 0.0

    def page_costs(self) -> float:
        if not self._has_prices:
            price = {"prompt_token_cost": 1e-6, "completion_token_cost": 2e-6}
            costs = {model: tsi.CostCreateInput(**price) for model in data.MODELS}
            self.server.cost_create(
                tsi.CostCreateReq(project_id=self.project, costs=costs, wb_user_id="bench")
            )
            self._has_prices = True
        return self._query("roots", include_costs=True)

    # --- with the user's indexes ---

    def add_indexes(self) -> float:
        """Make the indexes of the measures below."""
        for path in ("inputs.model", "output.score", "inputs"):
            self.server.index_add(path)
        return 0.0

    def indexed_eq_json(self) -> float:
        return self.page_eq_json()

    def indexed_contains(self) -> float:
        return self.page_contains()

    def indexed_sort_json(self) -> float:
        return self.page_sort_json()

    def indexed_count_eq(self) -> float:
        return self.count_eq()

    # --- init ---

    def _init(self, place: str) -> float:
        self.close()
        begin = time.perf_counter()
        weave_lite.init(data.PROJECT, db=place)
        return time.perf_counter() - begin

    def init_new(self) -> float:
        return self._init(f"{self.place}-new.db")

    def init_existing(self) -> float:
        return self._init(self.place)

    def close(self) -> None:
        self.server.close()
        weave_lite.finish()

    # --- what only ours has ---

    def test_store(self) -> float:
        """What the fixture of the pytest plugin does for a test that traces one op."""

        @weave_lite.op
        def work(value: int) -> int:
            return value

        def one_test() -> None:
            with memory_client() as client:
                work(1)
                if len(client.get_calls()) != 1:
                    raise AssertionError

        one_test()
        begin = time.perf_counter()
        for _ in range(100):
            one_test()
        return (time.perf_counter() - begin) / 100

    def descendants(self) -> float:
        """Megabytes that the peak grows by from 10,000 to 100,000 calls below one root."""

        @weave_lite.op
        def leaf(n: int) -> int:
            return n

        @weave_lite.op
        def root(count: int) -> float:
            for n in range(count):
                leaf(n)
            return data.peak_mb()

        before = root(10_000)
        return max(root(90_000) - before, 0.0)
