"""``$convert``, and how any operand reads as text."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Literal, TypeAlias

from sqlalchemy import Float, Integer, case, cast, func, literal_column

from weave_lite.trace_server.query.compare import bool_text
from weave_lite.trace_server.query.values import (
    FALSE,
    NULL,
    TRUE,
    Kind,
    Operand,
    Sql,
    Value,
    bind_text,
    constant,
    fold,
    number_of,
    parse_number,
    write_number,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Target", "convert", "text_of", "text_or_null", "truth_of"]

Target: TypeAlias = Literal["double", "string", "int", "bool", "exists"]

_EMPTY: Sql = literal_column("''")
# Every real from here on is whole already, and beyond SQLite's integers.
_WIDE: Sql = literal_column("9223372036854775808.0")
_MICROS: Sql = literal_column("1000000")
_UNKNOWN_NUMBER = Value(Kind.NUMBER, NULL, is_nullable=True)


def convert(operand: Operand, target: Target) -> Value:
    """Convert an operand; what cannot be converted is unknown."""
    if target == "string":
        return _to_string(operand)
    if target == "exists":
        return Value(Kind.BOOL, _exists(operand))
    if target == "bool":
        if isinstance(operand, Value) and operand.kind is Kind.BOOL:
            return operand
        return Value(Kind.BOOL, fold(operand, _bool_of), is_nullable=True)
    if isinstance(operand, Value) and operand.const is not None:
        return _constant_number(operand, target)
    number = fold(operand, _RULES[target])
    text = partial(func.weave_number_text, number)
    return Value(Kind.NUMBER, number, is_nullable=True, text=text)


def truth_of(operand: Operand) -> Sql:
    """Read an operand that stands where a condition is expected."""
    return convert(operand, "bool").sql


def _to_string(operand: Operand) -> Value:
    if isinstance(operand, Value) and operand.const is not None and operand.kind is not Kind.DATE:
        return constant(_constant_text(operand.const))
    return Value(Kind.TEXT, text_of(operand))


def text_of(operand: Operand) -> Sql:
    """Read any operand as text; a missing or unknown one is the empty text."""
    return fold(operand, _known_text)


def _known_text(value: Value) -> Sql:
    text = text_or_null(value)
    if text is NULL:
        return _EMPTY
    return func.coalesce(text, _EMPTY) if value.is_nullable else text


def text_or_null(value: Value) -> Sql:
    """Read one value as text; NULL when it is missing or unknown."""
    if value.kind is Kind.MISSING:
        return NULL
    if value.kind is Kind.DATE:
        return _iso_text(value.sql)
    if value.const is not None:
        return bind_text(_constant_text(value.const))
    if value.text is not None:
        return value.text()
    if value.kind is Kind.NUMBER:
        return func.weave_number_text(value.sql)
    return bool_text(value) if value.kind is Kind.BOOL else value.sql


def _constant_text(literal: str | int | float | bool) -> str:
    return literal if isinstance(literal, str) else write_number(literal)


def _iso_text(micros: Sql) -> Sql:
    """Write microseconds as answers do: ``2024-03-01T10:00:02.250000Z``, no fraction when whole."""
    fraction = (micros % _MICROS + _MICROS) % _MICROS
    seconds = (micros - fraction) / _MICROS
    whole = func.strftime(
        literal_column("'%Y-%m-%dT%H:%M:%S'"),
        cast(seconds, Integer()),
        literal_column("'unixepoch'"),
    )
    digits = func.printf(literal_column("'.%06d'"), fraction)
    return whole.concat(case((fraction == FALSE, _EMPTY), else_=digits)).concat(
        literal_column("'Z'")
    )


def _exists(operand: Operand) -> Sql:
    if not isinstance(operand, Value):
        return operand.value.is_not(None)
    if operand.kind is Kind.MISSING:
        return FALSE
    return operand.sql.is_not(None) if operand.is_nullable else TRUE


def _bool_of(value: Value) -> Sql:
    if value.kind is Kind.BOOL:
        return value.sql
    if value.kind is Kind.NUMBER:
        result: Sql = value.sql != FALSE
        return result
    if value.kind is Kind.TEXT:
        words = (("true", TRUE), ("1", TRUE), ("false", FALSE), ("0", FALSE))
        whens: list[tuple[Sql, Sql]] = [
            (literal_column(f"'{word}'"), truth) for word, truth in words
        ]
        return case(*whens, value=func.lower(value.sql))
    return NULL


def _constant_number(literal: Value, target: Target) -> Value:
    number = parse_number(literal.const) if isinstance(literal.const, str) else literal.const
    if literal.kind is Kind.DATE or number is None:
        return _UNKNOWN_NUMBER
    if target == "double":
        return constant(float(number))
    return constant(int(number) if math.isfinite(number) else number)


def _int_of(value: Value) -> Sql:
    """Truncate toward zero."""
    if value.kind is Kind.DATE:
        return cast(value.sql / _MICROS, Integer())
    if value.kind is Kind.BOOL:
        return value.sql
    number = value.sql if value.kind is Kind.NUMBER else number_of(value)
    if number is NULL:
        return NULL
    is_real: Sql = func.typeof(number) == literal_column("'real'")
    is_narrow = (number < _WIDE) & (number >= -_WIDE)
    return case((is_real & is_narrow, cast(number, Integer())), else_=number)


def _double_of(value: Value) -> Sql:
    if value.kind is Kind.DATE:
        return value.sql / literal_column("1000000.0")
    number = value.sql if value.kind in {Kind.NUMBER, Kind.BOOL} else number_of(value)
    return NULL if number is NULL else cast(number, Float())


_RULES: dict[str, Callable[[Value], Sql]] = {"int": _int_of, "double": _double_of}
