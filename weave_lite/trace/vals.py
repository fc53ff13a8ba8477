"""The documented home of what comes back from ``get()``."""

from __future__ import annotations

from weave_lite.trace.values.record import DeletedRef, WeaveObject, unwrap
from weave_lite.trace.values.stored_op import StoredOp
from weave_lite.trace.values.table import Row, WeaveTable

__all__ = ["DeletedRef", "Row", "StoredOp", "WeaveObject", "WeaveTable", "unwrap"]
