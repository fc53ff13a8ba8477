"""Fields of feedback in queries of calls: a set of values, one per feedback of a type on a call.

A comparison is true when it is true for any of them; a call without such feedback has one missing
value. So a comparison is compiled for one feedback and then asked of all; an order takes the newest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import and_, exists, func, literal_column, select

from weave_lite.core.errors import InvalidFieldError
from weave_lite.trace_server.query.jsonpath import JsonColumn, json_field
from weave_lite.trace_server.query.values import Operand, Sql, bind_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import FromClause, Select
    from sqlalchemy.sql.selectable import NamedFromClause

    from weave_lite.trace_server.query.call_tables import CallTables

__all__ = ["FeedbackField", "any_of", "feedback_field", "newest", "type_of"]

_NAME: Final = re.compile(r"feedback\.\[(.+?)\]\.(?:(runnable_ref)|payload(?:\.(.*))?)", re.DOTALL)
# Between false and true, so that the greatest of several results is their "or".
_UNKNOWN: Sql = literal_column("0.5")
_ONE_ROW: Final[Select[Any]] = select(literal_column("1").label("one"))


class FeedbackField(NamedTuple):
    """A field of the feedback of one type on a call.

    Attributes:
        operand: Its value in one row of ``rows``.
        rows: The table of feedback under a name of its own.
        is_of_call: Which rows are feedback of the type on the call.
        outer: The tables of the query around it.
    """

    operand: Operand
    rows: NamedFromClause
    is_of_call: Sql
    outer: Sequence[FromClause]


def feedback_field(
    name: str, tables: CallTables, nullable_text: Callable[[Sql], Operand]
) -> FeedbackField:
    """Find ``feedback.[<type>].payload.<path>`` or ``feedback.[<type>].runnable_ref``.

    Args:
        name: The whole name.
        tables: The tables of calls.
        nullable_text: Makes the operand of a text column that may be NULL.

    Raises:
        InvalidFieldError: The name has another form.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise InvalidFieldError(
            f"no field {name!r}; write feedback.[<type>].payload.<path> "
            "or feedback.[<type>].runnable_ref"
        )
    feedback_type, is_ref, path = match.groups()
    rows = tables.feedback.alias()
    if is_ref:
        operand = nullable_text(rows.c.runnable_ref)
    else:
        # A call without feedback has no object there.
        operand = json_field(JsonColumn(rows.c.payload, is_object=False), path)
    calls = tables.calls
    is_of_call = and_(
        rows.c.project == calls.c.project,
        rows.c.call_id == calls.c.id,
        rows.c.feedback_type == bind_text(feedback_type),
    )
    outer = (
        calls,
        tables.op_names,
        tables.attribute_sets,
        tables.call_inputs,
        tables.call_outputs,
    )
    return FeedbackField(operand, rows, is_of_call, outer)


def type_of(name: str) -> str | None:
    """Read the type that a field of feedback names; None when it is another field."""
    match = _NAME.fullmatch(name)
    return None if match is None else match[1]


def any_of(fields: Sequence[FeedbackField], condition: Sql, *, is_exact: bool) -> Sql:
    """Ask a condition of all feedback: true if it is for any, else unknown if it is for any.

    Args:
        fields: The fields that the condition names; of several, all pairs of feedback are asked.
        condition: The condition on one row of each.
        is_exact: Whether false and unknown must be told apart, as below ``$not``.
    """
    one_row = _ONE_ROW.subquery()
    source: FromClause = one_row
    for field in fields:
        source = source.outerjoin(field.rows, field.is_of_call)
    outer = fields[0].outer
    if not is_exact:
        return exists(
            select(literal_column("1")).select_from(source).where(condition).correlate(*outer)
        )
    # SQLite gives an aggregate that names none of its own columns to the query around it.
    unknown = one_row.c.one * _UNKNOWN
    greatest = func.max(func.coalesce(condition, unknown))
    found = select(func.nullif(greatest, _UNKNOWN)).select_from(source).correlate(*outer)
    return found.scalar_subquery()


def newest(field: FeedbackField, key: Sql) -> Sql:
    """Compute a key of an order from the newest feedback; NULL when there is none."""
    found = select(key).select_from(field.rows).where(field.is_of_call).correlate(*field.outer)
    # The minus keeps SQLite from walking the index on time instead of the one on calls.
    by_age = (-field.rows.c.created_at, field.rows.c.id.desc())
    return found.order_by(*by_age).limit(1).scalar_subquery()
