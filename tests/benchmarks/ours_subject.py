"""weave_lite as a subject."""

from __future__ import annotations

import logging
from typing import Any

import data
from sdk_subject import SdkSubject

import weave_lite
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

logging.getLogger("weave_lite").setLevel(logging.ERROR)


class Subject(SdkSubject):
    """Ours: the SDK through ``init``, the typed door on a second handle of the same file."""

    weave = weave_lite
    tsi = tsi

    def __init__(self, place: str) -> None:
        self.client: Any = weave_lite.init(data.PROJECT, db=place)
        self.server = SqliteTraceServer(place)

    def fill(self) -> float:
        """Store 100,000 calls through the typed door."""
        for base in range(0, data.CALL_COUNT, 1_000):
            batch: list[Any] = []
            for n in range(base, base + 1_000):
                batch.append(tsi.CallBatchStartMode(req=self._start(n, self.project)))
                batch.append(tsi.CallBatchEndMode(req=self._end(n, self.project)))
            self.server.call_start_batch(tsi.CallCreateBatchReq(batch=batch))
        return 0.0

    def close(self) -> None:
        self.server.close()
        weave_lite.finish()
