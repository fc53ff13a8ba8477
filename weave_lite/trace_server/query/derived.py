"""The computed fields of ``summary.weave``: status, latency and trace name, as SQL and in Python.

Both forms stand side by side, so that a filter and an answer never disagree. The SQL forms load
SQLAlchemy when they are first asked for; reading calls needs the Python forms alone.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from sqlalchemy import Table
    from sqlalchemy.sql.elements import ColumnElement

__all__ = [
    "latency_ms",
    "latency_ms_sql",
    "op_short_name",
    "op_short_name_sql",
    "status",
    "status_sql",
    "trace_name",
    "trace_name_sql",
]

Sql: TypeAlias = "ColumnElement[Any]"

_REF_SCHEME = "weave:///"


def status(exception: str | None, ended_at: int | None) -> str:
    """Tell how a call stands: ``error``, ``running`` or ``success``."""
    if exception is not None:
        return "error"
    return "running" if ended_at is None else "success"


def status_sql(calls: Table) -> Sql:
    """:func:`status` of a row."""
    from sqlalchemy import case, literal_column

    return case(
        (calls.c.exception.is_not(None), literal_column("'error'")),
        (calls.c.ended_at.is_(None), literal_column("'running'")),
        else_=literal_column("'success'"),
    )


def latency_ms(started_at: int, ended_at: int | None) -> int | None:
    """Count the whole milliseconds of a call; None while it runs.

    Args:
        started_at: Microseconds since the epoch.
        ended_at: Likewise.
    """
    return None if ended_at is None else (ended_at - started_at) // 1000


def latency_ms_sql(calls: Table) -> Sql:
    """:func:`latency_ms` of a row."""
    from sqlalchemy import Integer, cast, literal_column

    micros = calls.c.ended_at - calls.c.started_at
    # Python rounds down, SQLite toward zero: they differ for a call that ended before its start.
    below = cast(micros < literal_column("0"), Integer()) * literal_column("999")
    return cast((micros - below) / literal_column("1000"), Integer())


def op_short_name(op_name: str) -> str:
    """Give the object name of an op ref (between the last ``/`` and ``:``), or a plain name as it is.

    Example:
        >>> op_short_name("weave:///acme/demo/op/predict:AbC"), op_short_name("predict")
        ('predict', 'predict')
    """
    if not op_name.startswith(_REF_SCHEME):
        return op_name
    return op_name.rpartition("/")[2].partition(":")[0]


def op_short_name_sql(op_name: Sql) -> Sql:
    """:func:`op_short_name` of a column.

    SQLite cannot search from the right, and what it can do instead takes ten times as long.
    """
    from sqlalchemy import func

    name: Sql = func.weave_op_short_name(op_name)
    return name


def trace_name(display_name: str | None, op_name: str) -> str:
    """Name a call: its display name if it has one, else the name of its op."""
    return display_name or op_short_name(op_name)


def trace_name_sql(calls: Table, op_names: Table) -> Sql:
    """:func:`trace_name` of a row joined with its op name."""
    from sqlalchemy import case, literal_column

    return case(
        (calls.c.display_name != literal_column("''"), calls.c.display_name),
        else_=op_short_name_sql(op_names.c.op_name),
    )
