"""Orders. Values of a column go by value, NULL last in both directions.

JSON values go numbers first (and texts that are numbers, by value), then other texts by code point
(bools as their text), missing and null last, in both directions.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, func, literal_column

from weave_lite.trace_server.query.feedback_sets import FeedbackField, newest
from weave_lite.trace_server.query.jsonpath import JsonColumn, JsonField, json_field
from weave_lite.trace_server.query.values import Kind, Operand, Sql, Value, Varying, number_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.sql.elements import ColumnElement

    from weave_lite.trace_server.interface.query import SortBy
    from weave_lite.trace_server.query.fields import FieldMap

__all__ = ["compile_json_sort", "compile_sort"]


def compile_sort(sort_by: Sequence[SortBy] | None, fields: FieldMap) -> list[ColumnElement[Any]]:
    """Compile an order of rows; it ends with the field map's tie breaker, so that paging is stable.

    Args:
        sort_by: Fields and directions; None or empty means the field map's default, ascending.
        fields: What the field names mean.

    Raises:
        InvalidFieldError: A field does not exist.
        NotSupportedError: A field needs something that the store does not hold.
    """
    wanted = [(one.field, one.direction == "desc") for one in sort_by or ()]
    keys: list[Sql] = []
    for name, is_descending in wanted or [(fields.default_order, False)]:
        operand = fields.resolve(name)
        keys += _order(operand, is_descending=is_descending)
        if isinstance(operand, Value) and operand.sql is fields.tie_breaker:
            return keys
    return [*keys, fields.tie_breaker.asc()]


def compile_json_sort(
    sort_by: Sequence[SortBy] | None, json_column: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    """Compile an order of JSON values by dotted paths into them; the caller adds a tie breaker.

    Args:
        sort_by: Paths and directions; None or empty gives no keys.
        json_column: The column of JSON text.
    """
    column = JsonColumn(json_column, is_object=False)
    keys: list[Sql] = []
    for one in sort_by or ():
        field = json_field(column, one.field)
        keys += _order(field, is_descending=one.direction == "desc")
    return keys


def _order(field: Operand | FeedbackField, *, is_descending: bool) -> list[Sql]:
    key_of: Callable[[Sql], Sql] = _as_it_is
    if isinstance(field, FeedbackField):
        operand, key_of = field.operand, partial(newest, field)
    else:
        operand = field
    if isinstance(operand, JsonField):
        return _json_order(operand, key_of, is_descending=is_descending)
    value = key_of(operand.value if isinstance(operand, Varying) else operand.sql)
    if is_descending:
        return [value.desc()]  # SQLite has NULL last here by itself, and an index serves it
    is_nullable = isinstance(operand, Varying) or operand.is_nullable
    return [value.asc().nulls_last() if is_nullable else value.asc()]


def _as_it_is(key: Sql) -> Sql:
    return key


def _json_order(
    field: JsonField, key_of: Callable[[Sql], Sql], *, is_descending: bool
) -> list[Sql]:
    """SQLite orders NULL, then numbers, then texts: so one key serves for ascending.

    Descending takes two, one for each group, because NULL then comes last by itself.
    """
    number = number_of(Value(Kind.TEXT, field.value))
    words = [(_word(word), _word(word)) for word in ("true", "false")]
    if not is_descending:
        text = (_word("text"), func.coalesce(number, field.value))
        key = case(text, *words, value=field.selector, else_=field.value)
        return [key_of(key).asc().nulls_last()]
    numbers = [(_word(kind), field.value) for kind in ("real", "integer")]
    containers = [(_word(kind), field.value) for kind in ("object", "array")]
    plain_text = (_word("text"), case((number.is_(None), field.value)))
    by_number = case(*numbers, (_word("text"), number), value=field.selector)
    by_text = case(plain_text, *words, *containers, value=field.selector)
    return [key_of(by_number).desc(), key_of(by_text).desc()]


def _word(word: str) -> Sql:
    return literal_column(f"'{word}'")
