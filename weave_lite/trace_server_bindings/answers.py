"""Answers of a trace server, read as the embedded one gives them."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.wire import UtcDatetime

__all__ = ["call_of", "feedback_rows_of"]

_to_date = TypeAdapter(UtcDatetime).validate_python


def call_of(answer: Any) -> tsi.CallSchema:
    """Read a call; its summary keeps the order and the types of what came."""
    call = tsi.CallSchema.model_validate(answer)
    call.summary = answer.get("summary")
    return call


def feedback_rows_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the rows of feedback their dates, which JSON has as texts."""
    return [
        {**row, "created_at": _to_date(row["created_at"])} if row.get("created_at") else row
        for row in rows
    ]
