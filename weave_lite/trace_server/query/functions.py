"""Python functions that compiled queries call inside SQLite, where SQLite has no equal.

None of them runs per row in the common forms: they serve Unicode case folding, the text of reals,
dates inside JSON and the names of traces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from weave_lite.trace_server.query.derived import op_short_name
from weave_lite.trace_server.query.values import parse_micros, write_number

if TYPE_CHECKING:
    import sqlite3

__all__ = ["register"]


def register(dbapi_connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection; every connection that runs queries needs it."""
    create = dbapi_connection.create_function
    create("weave_lower", 1, _lower, deterministic=True)
    create("weave_micros", 1, _micros, deterministic=True)
    create("weave_number_text", 1, _number_text, deterministic=True)
    create("weave_op_short_name", 1, _op_short_name, deterministic=True)


def _lower(text: Any) -> str | None:
    return text.lower() if isinstance(text, str) else None


def _micros(text: Any) -> int | None:
    return parse_micros(text) if isinstance(text, str) else None


def _op_short_name(text: Any) -> str | None:
    return op_short_name(text) if isinstance(text, str) else None


def _number_text(number: Any) -> str | None:
    """Write a number as JSON text; it comes as it is, or as the first item of a JSON list."""
    if number is None or isinstance(number, bytes):
        return None
    if not isinstance(number, str):
        return write_number(number)
    digits = number[1:].partition(",")[0]
    if digits.lstrip("-").isdigit():
        return digits  # integers of any length keep their digits
    return write_number(float(digits))
