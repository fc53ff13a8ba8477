"""Counting what equals a text by the keys of an index alone, without a look at any call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from weave_lite.trace_server.interface import query as ast
from weave_lite.trace_server.query.feedback_sets import FeedbackField
from weave_lite.trace_server.query.indexed import exact_rows
from weave_lite.trace_server.query.values import constant

if TYPE_CHECKING:
    from sqlalchemy import Select

    from weave_lite.trace_server.query.fields import FieldMap
    from weave_lite.trace_server.query.values import Sql

__all__ = ["CountIndex", "find"]


class CountIndex(NamedTuple):
    """What a count is made of.

    Attributes:
        known: Selects all that the index knows to be found.
        unread: The condition that a call is found, but not known to the index.
    """

    known: Select[Any]
    unread: Sql


def find(query: ast.Query | None, fields: FieldMap) -> CountIndex | None:
    """Find the index that can count what a query finds; ``$eq`` or ``$in`` of a path and texts."""
    asked = None if query is None else _field_and_texts(query.expr_)
    if asked is None:
        return None
    name, texts = asked
    operand = fields.resolve(name)
    if isinstance(operand, FeedbackField):
        return None
    found = exact_rows(operand, [constant(text) for text in texts])
    return None if found is None else CountIndex(*found)


def _field_and_texts(expr: object) -> tuple[str, list[str]] | None:
    if isinstance(expr, ast.EqOperation):
        field, *others = sorted(expr.eq_, key=lambda node: isinstance(node, ast.LiteralOperation))
    elif isinstance(expr, ast.InOperation):
        field, others = expr.in_
    else:
        return None
    values = [one.literal_ for one in others if isinstance(one, ast.LiteralOperation)]
    texts = [value for value in values if isinstance(value, str)]
    if not isinstance(field, ast.GetFieldOperator) or len(texts) < len(others) or not texts:
        return None
    return field.get_field_, texts
