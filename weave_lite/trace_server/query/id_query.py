"""The only queries that may delete: those that name rows by their ids. Makes no SQL."""

from __future__ import annotations

from typing import Any

from weave_lite.core.errors import InvalidQueryError, InvalidRequest
from weave_lite.trace_server.interface import query as ast
from weave_lite.trace_server.interface import texts

__all__ = ["ids_of"]


def ids_of(query: ast.Query) -> list[str]:
    """Read the ids that a query names: ``$eq`` or ``$in`` of ``id``, or ``$or`` of such.

    Raises:
        InvalidRequest: The query has another form, or an id cannot be stored.
    """
    operation = query.expr_
    if not isinstance(operation, ast.OrOperation):
        return _ids(operation)
    if not operation.or_:
        raise InvalidQueryError("$or needs at least one operand")
    return [each for part in operation.or_ for each in _ids(part)]


def _ids(operation: Any) -> list[str]:
    if isinstance(operation, ast.EqOperation):
        field, entry = operation.eq_
        entries = [entry]
    elif isinstance(operation, ast.InOperation):
        field, entries = operation.in_
    else:
        raise _refusal()
    if not isinstance(field, ast.GetFieldOperator) or field.get_field_ != "id":
        raise _refusal()
    return [_id(entry) for entry in entries]


def _id(entry: Any) -> str:
    text = entry.literal_ if isinstance(entry, ast.LiteralOperation) else None
    if not isinstance(text, str):
        raise _refusal()
    texts.check_text(text, "query")
    return text


def _refusal() -> InvalidRequest:
    return InvalidRequest(
        "a purge names rows by id only; send $eq or $in of the field id and literal texts, "
        "or $or of such"
    )
