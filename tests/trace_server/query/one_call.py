"""One stored call, asked about."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from weave_lite.trace_server.interface.query import Query
from weave_lite.trace_server.query.call_tables import CallTables
from weave_lite.trace_server.query.compile import compile_filter
from weave_lite.trace_server.query.fields import calls_fields
from weave_lite.trace_server.query.joins import calls_from
from weave_lite.trace_server.store.schema import metadata

TABLES = CallTables.of(metadata)
FIELDS = calls_fields(TABLES)


class OneCall:
    """An empty store; :meth:`put` makes its one call, :meth:`ask` gives True, False or None."""

    def __init__(self, conn):
        self.conn = conn

    def put(self, *, inputs=None, output=None, op_name="op", **columns):
        for table in reversed(metadata.sorted_tables):
            self.conn.execute(table.delete())
        texts = {"summary": json.dumps(columns.pop("summary", None) or {})}
        row = {"pk": 1, "project": 1, "id": "c", "trace_id": "t", "op": 1, "started_at": 0}
        self.conn.execute(TABLES.projects.insert(), {"pk": 1, "project_id": "acme/demo"})
        self.conn.execute(TABLES.op_names.insert(), {"pk": 1, "op_name": op_name})
        self.conn.execute(TABLES.calls.insert(), {**row, **texts, **columns})
        document = inputs if isinstance(inputs, str) else json.dumps(inputs or {})
        self.conn.execute(TABLES.call_inputs.insert(), {"pk": 1, "inputs": document})
        if output is not None:
            self.conn.execute(TABLES.call_outputs.insert(), {"pk": 1, "output": json.dumps(output)})
        return self

    def ask(self, operation: dict[str, Any]) -> bool | None:
        if self._finds(operation):
            return True
        return False if self._finds({"$not": [operation]}) else None

    def _finds(self, operation: dict[str, Any]) -> bool:
        condition = compile_filter(Query.model_validate({"$expr": operation}), FIELDS)
        found = select(TABLES.calls.c.pk).select_from(calls_from([condition], TABLES))
        return bool(self.conn.execute(found.where(condition)).all())
