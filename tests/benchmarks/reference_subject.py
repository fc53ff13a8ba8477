"""The reference: the official SDK 0.51.45 on its own SQLite server. Runs in its own environment.

The typed door is timed on its server directly, without the adapter that its client needs.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import data
import weave
from sdk_subject import SdkSubject
from weave.trace.context import weave_client_context
from weave.trace.weave_client import WeaveClient
from weave.trace_server import external_to_internal_trace_server_adapter as adapter
from weave.trace_server import trace_server_interface as tsi
from weave.trace_server.sqlite_trace_server import SqliteTraceServer

INTERNAL_PROJECT = data.PROJECT.replace("/", "~")


class _SameIds(adapter.IdConverter):
    """Ids of the outside and the inside are the same, but for the slash that its refs cannot hold."""

    def ext_to_int_project_id(self, project_id: str) -> str:
        return project_id.replace("/", "~")

    def int_to_ext_project_id(self, project_id: str) -> str:
        return project_id.replace("~", "/")

    def _same(self, some_id: str) -> str:
        return some_id

    ext_to_int_run_id = int_to_ext_run_id = ext_to_int_user_id = int_to_ext_user_id = _same


class _Signed(adapter.ExternalTraceServer):
    """Feedback has a user; behind HTTP the key would tell who it is."""

    def feedback_create(self, req: Any) -> Any:
        req.wb_user_id = "bench"
        return super().feedback_create(req)


class Subject(SdkSubject):
    """The reference as a subject."""

    weave = weave
    tsi = tsi
    project = INTERNAL_PROJECT

    def __init__(self, place: str) -> None:
        self.place = place
        self.server = SqliteTraceServer(place)
        self.server.setup_tables()
        self.client = WeaveClient(
            data.PROJECT_ENTITY,
            data.PROJECT_NAME,
            _Signed(self.server, _SameIds()),
            ensure_project_exists=False,
        )
        weave_client_context.set_weave_client_global(self.client)

    def local(self, record: Any) -> Any:
        if isinstance(record, str):
            return record.replace(
                f"weave:///{data.PROJECT}", f"weave-trace-internal:///{INTERNAL_PROJECT}"
            )
        if isinstance(record, dict):
            return {key: self.local(value) for key, value in record.items()}
        if isinstance(record, list):
            return [self.local(value) for value in record]
        return record

    def fill(self) -> float:
        """Store 100,000 calls: one by its server, the rest as rows of the same form."""
        self.server.call_start(self._start(0, self.project))
        self.server.call_end(self._end(0, self.project))
        self._copy_row("calls", self._rows_of_calls)
        return 0.0

    def fill_feedback(self) -> float:
        """Store a feedback on each root: one by its server, the rest as rows of the same form."""
        self.server.feedback_create(tsi.FeedbackCreateReq(**self._feedback(0)))
        self._copy_row("feedback", self._rows_of_feedback)
        return 0.0

    def _copy_row(self, table: str, others: Any) -> None:
        """Insert rows that are like the only one of a table, but for what ``others`` gives."""
        conn = sqlite3.connect(self.place)
        names = [column[1] for column in conn.execute(f"PRAGMA table_info({table})")]
        template = dict(zip(names, conn.execute(f"SELECT * FROM {table}").fetchone()))  # noqa: B905, S608
        marks = ",".join("?" * len(names))
        rows = ([{**template, **other}[name] for name in names] for other in others())
        with conn:
            conn.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.close()

    def _rows_of_calls(self) -> Any:
        for n in range(1, data.CALL_COUNT):
            call = self.local(data.call(n))
            row = {key: call[key] for key in ("id", "trace_id", "parent_id", "op_name")}
            row.update((key, call[key].isoformat()) for key in ("started_at", "ended_at"))
            row.update((key, json.dumps(call[key])) for key in ("inputs", "output", "summary"))
            yield row

    def _rows_of_feedback(self) -> Any:
        for n in range(10, data.CALL_COUNT, 10):
            row = self._feedback(n)
            row["payload_dump"] = json.dumps(row.pop("payload"))
            yield {**row, "id": f"{n:08x}-feed"}
