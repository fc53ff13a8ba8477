"""Which side tables of calls an expression touches, so that a statement joins only those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Column
from sqlalchemy.sql import visitors

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import FromClause, Subquery, Table
    from sqlalchemy.sql.elements import ColumnElement

    from weave_lite.trace_server.query.call_tables import CallTables

__all__ = ["calls_from", "touched_tables"]


def touched_tables(
    expressions: Iterable[ColumnElement[Any]], tables: CallTables
) -> frozenset[Table]:
    """Tell which side tables the expressions name: op names, attribute sets, inputs, outputs."""
    side_tables = {table for table, _ in _links(tables)}
    return frozenset(
        element.table
        for expression in expressions
        for element in visitors.iterate(expression)
        if isinstance(element, Column) and element.table in side_tables
    )


def calls_from(
    expressions: Iterable[ColumnElement[Any]], tables: CallTables, first: Subquery | None = None
) -> FromClause:
    """Join calls with the side tables that the expressions name.

    The joins are outer: a running call has no output, and a call must not get lost for that.

    Args:
        expressions: What will be asked for.
        tables: The tables.
        first: Rows with the integers of calls as ``pk``, to which the rest is joined.
    """
    touched = touched_tables(expressions, tables)
    joined: FromClause = tables.calls
    if first is not None:
        joined = first.join(tables.calls, tables.calls.c.pk == first.c.pk)
    for table, condition in _links(tables):
        if table in touched:
            joined = joined.outerjoin(table, condition)
    return joined


def _links(tables: CallTables) -> list[tuple[Table, ColumnElement[bool]]]:
    calls = tables.calls
    return [
        (tables.op_names, tables.op_names.c.pk == calls.c.op),
        (tables.attribute_sets, tables.attribute_sets.c.pk == calls.c.attributes),
        (tables.call_inputs, tables.call_inputs.c.pk == calls.c.pk),
        (tables.call_outputs, tables.call_outputs.c.pk == calls.c.pk),
    ]
