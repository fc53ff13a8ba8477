"""The exception of a call for people. Pure."""

from __future__ import annotations

from typing import Any

from weave_lite.core import jsontext

__all__ = ["exception_line", "exception_lines"]


def _parsed(exception: str) -> dict[str, Any] | None:
    """The client writes JSON, other writers plain text."""
    try:
        record = jsontext.parse(exception)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "type" in record else None


def exception_line(exception: str) -> str:
    """Type and message in one line."""
    record = _parsed(exception)
    if record is None:
        return exception
    message = record.get("message")
    return f"{record['type']}: {message}" if message else str(record["type"])


def exception_lines(exception: str) -> list[str]:
    """The trace back as Python shows it, then type and message."""
    record = _parsed(exception)
    lines = []
    for frame in (record or {}).get("traceback") or []:
        lines.append(
            f'  File "{frame.get("filename")}", line {frame.get("line_number")}, '
            f"in {frame.get('function_name')}"
        )
        if frame.get("text"):
            lines.append(f"    {frame['text']}")
    return [*lines, exception_line(exception)]
