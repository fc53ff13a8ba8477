"""Searches of calls by feedback of a type that few calls have: looked for among the feedback.

A search by feedback asks each call for its feedback. Where a part of the query is never true of a
call without feedback of a type, only calls that have some need be asked; when these are few, that
is said to SQLite, which then begins with them. It changes what is read, never what is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel
from sqlalchemy import false, select

from weave_lite.trace_server.interface import query as ast
from weave_lite.trace_server.query.compile import compile_filter
from weave_lite.trace_server.query.feedback_sets import type_of
from weave_lite.trace_server.query.values import bind_int, bind_text, storable_text
from weave_lite.trace_server.store.schema import calls, feedback

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import ColumnElement

    from weave_lite.trace_server.query.fields import FieldMap
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["narrowing"]

# Asking a call found by its feedback costs as much as passing ten others over.
_MAX_FEW: Final = 1_000
_COUNT: Final = (
    "SELECT count(*) FROM (SELECT 1 FROM feedback"
    " WHERE project = ? AND call_id IS NOT NULL AND feedback_type = ? LIMIT ?)"
)


def narrowing(
    conn: StoreConnection, project: int, query: ast.Query, fields: FieldMap
) -> list[ColumnElement[bool]]:
    """Say which calls alone a query by feedback can find, when they are few.

    Args:
        conn: A connection; only how many they are is read, which need not stay so.
        project: Integer of the project.
        query: The query, which is known to compile.
        fields: The fields of calls.
    """
    conditions: list[ColumnElement[bool]] = []
    top = query.expr_
    for part in top.and_ if isinstance(top, ast.AndOperation) else [top]:
        feedback_type = _only_type(part)
        if feedback_type is None:
            continue
        is_few = _count(conn, project, feedback_type) <= _MAX_FEW
        if is_few and not _is_true_without(conn, part, fields):
            conditions.append(calls.c.id.in_(_calls_with(project, feedback_type)))
    return conditions


def _only_type(part: Any) -> str | None:
    """Find the type of feedback whose fields a part names, if it names no other field."""
    found: str | None = None
    for name in _names(part):
        feedback_type = type_of(name)
        if feedback_type is None or found not in {None, feedback_type}:
            return None
        found = feedback_type
    return found


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, ast.GetFieldOperator):
        yield node.get_field_
    elif isinstance(node, BaseModel):
        for _, value in node:
            yield from _names(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _names(value)


def _count(conn: StoreConnection, project: int, feedback_type: str) -> int:
    values = (project, storable_text(feedback_type), _MAX_FEW + 1)
    return int(conn.raw.execute(_COUNT, values).fetchone()[0])


def _is_true_without(conn: StoreConnection, part: Any, fields: FieldMap) -> bool:
    """Ask SQLite what a part says of a call that does not exist, so that it has no feedback."""
    condition = compile_filter(ast.Query.from_trusted({"expr_": part}), fields)
    one: Sequence[Any] = conn.core.execute(
        select(condition).select_from(select(bind_int(1)).subquery().outerjoin(calls, false()))
    ).one()
    return bool(one[0])


def _calls_with(project: int, feedback_type: str) -> Any:
    return select(feedback.c.call_id).where(
        feedback.c.project == bind_int(project),
        feedback.c.call_id.is_not(None),
        feedback.c.feedback_type == bind_text(feedback_type),
    )
