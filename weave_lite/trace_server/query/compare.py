"""The comparison table: two operands and an operator as one SQL condition.

Every rule for two values of one kind each stands in :func:`_compare_values`; operands whose kind
varies are folded over it. :func:`equals_any` is the short form of equality with literals, which is
what most queries are.
"""

from __future__ import annotations

import json
import math
import operator
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Integer, and_, case, cast, func, literal_column, or_, select
from sqlalchemy.sql import operators

from weave_lite.trace_server.query.jsonpath import JsonField
from weave_lite.trace_server.query.preselect import may_be
from weave_lite.trace_server.query.values import (
    FALSE,
    NULL,
    TRUE,
    Kind,
    Operand,
    Sql,
    Value,
    Varying,
    bind_int,
    bind_number,
    bind_text,
    constant,
    fold,
    joined,
    number_of,
    parse_micros,
    parse_number,
    seconds_to_micros,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["EQ", "GT", "GTE", "LT", "LTE", "Comparison", "bool_text", "compare", "equals_any"]

_MICROS = 1_000_000
# Beyond this many literals a list goes as one JSON parameter, as SQLite counts parameters.
_MAX_BOUND_LIST = 500
_BOOL_WORDS = {"true": True, "false": False}
_EMPTY = constant("")


class Comparison(NamedTuple):
    """A comparison operator."""

    apply: Callable[[Any, Any], Any]
    is_equality: bool = False


EQ = Comparison(operator.eq, is_equality=True)
GT = Comparison(operator.gt)
GTE = Comparison(operator.ge)
LT = Comparison(operator.lt)
LTE = Comparison(operator.le)
_MIRRORED = {EQ: EQ, GT: LT, GTE: LTE, LT: GT, LTE: GTE}


def compare(comparison: Comparison, left: Operand, right: Operand) -> Sql:
    """Compare two operands by the table of the query language; NULL is unknown."""
    return fold(
        left, lambda one: fold(right, lambda other: _compare_values(comparison, one, other))
    )


def _compare_values(comparison: Comparison, left: Value, right: Value) -> Sql:
    rule = _RULES.get((left.kind, right.kind))
    if rule is not None:
        return rule(comparison, left, right)
    mirrored = _RULES.get((right.kind, left.kind))
    return NULL if mirrored is None else mirrored(_MIRRORED[comparison], right, left)


def _as_they_are(comparison: Comparison, left: Value, right: Value) -> Sql:
    if left.const is not None and right.const is not None:
        return TRUE if comparison.apply(left.const, right.const) else FALSE
    return _as_sql(comparison.apply(left.sql, right.sql))


def _never(comparison: Comparison, left: Value, right: Value) -> Sql:
    """Kinds without an order: not equal when both are known."""
    if not comparison.is_equality:
        return NULL
    known = [value.sql.is_not(None) for value in (left, right) if value.is_nullable]
    return case((_all(known), FALSE)) if known else FALSE


def _all(conditions: Sequence[Sql]) -> Sql:
    return conditions[0] if len(conditions) == 1 else conditions[0] & conditions[1]


def _text_with_number(comparison: Comparison, text: Value, number: Value) -> Sql:
    read = number_of(text)
    if read is NULL:
        return _never(comparison, text, number)
    result: Sql = comparison.apply(read, number.sql)
    if not comparison.is_equality or text.const is not None:
        return result
    equal = func.coalesce(result, FALSE)
    return case((number.sql.is_not(None), equal)) if number.is_nullable else equal


def _text_with_bool(comparison: Comparison, text: Value, flag: Value) -> Sql:
    word = Value(Kind.TEXT, bool_text(flag))
    if isinstance(flag.const, bool):
        word = constant("true" if flag.const else "false")
    if isinstance(text.const, str):
        return _as_they_are(comparison, constant(_ascii_lower(text.const)), word)
    return _as_they_are(comparison, Value(Kind.TEXT, func.lower(text.sql)), word)


def _text_with_missing(comparison: Comparison, text: Value, _: Value) -> Sql:
    return _as_they_are(comparison, text, _EMPTY)


def _date_with_text(comparison: Comparison, date: Value, text: Value) -> Sql:
    if not isinstance(text.const, str):
        result: Sql = comparison.apply(date.sql, func.weave_micros(text.sql))
        return result
    micros = parse_micros(text.const)
    if micros is None:
        return NULL
    moment: Sql = comparison.apply(date.sql, bind_int(micros))
    return moment


def _date_with_number(comparison: Comparison, date: Value, number: Value) -> Sql:
    if isinstance(number.const, int | float):
        micros = bind_int(seconds_to_micros(number.const))
    else:
        micros = cast(func.round(number.sql * literal_column(str(_MICROS))), Integer())
    result: Sql = comparison.apply(date.sql, micros)
    return result


# Pairs that are not here, in neither order, are unknown.
_RULES: dict[tuple[Kind, Kind], Callable[[Comparison, Value, Value], Sql]] = {
    (Kind.TEXT, Kind.TEXT): _as_they_are,
    (Kind.TEXT, Kind.CONTAINER): _as_they_are,
    (Kind.TEXT, Kind.MISSING): _text_with_missing,
    (Kind.TEXT, Kind.NUMBER): _text_with_number,
    (Kind.TEXT, Kind.BOOL): _text_with_bool,
    (Kind.CONTAINER, Kind.CONTAINER): _as_they_are,
    (Kind.CONTAINER, Kind.MISSING): _text_with_missing,
    (Kind.CONTAINER, Kind.NUMBER): _never,
    (Kind.CONTAINER, Kind.BOOL): _never,
    (Kind.NUMBER, Kind.NUMBER): _as_they_are,
    (Kind.NUMBER, Kind.BOOL): _never,
    (Kind.BOOL, Kind.BOOL): _as_they_are,
    (Kind.DATE, Kind.DATE): _as_they_are,
    (Kind.DATE, Kind.TEXT): _date_with_text,
    (Kind.DATE, Kind.NUMBER): _date_with_number,
}


def bool_text(flag: Value) -> Sql:
    """Write a bool as its text; NULL when it is unknown."""
    if isinstance(flag.const, bool):
        return bind_text("true" if flag.const else "false")
    words: list[tuple[Sql, Sql]] = [
        (TRUE, literal_column("'true'")),
        (FALSE, literal_column("'false'")),
    ]
    return case(*words, value=flag.sql)


def _ascii_lower(text: str) -> str:
    """Lower as SQLite's lower() does, so that literals and fields have one order."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def equals_any(operand: Operand, literals: Sequence[Value], *, is_exact: bool) -> Sql:
    """Compare an operand with literals for equality with any of them.

    Args:
        operand: A field.
        literals: At least one text, number or bool.
        is_exact: Whether false and unknown must be told apart, as below ``$not``.
    """
    texts = [one.const for one in literals if isinstance(one.const, str)]
    numbers = [one.const for one in literals if one.kind is Kind.NUMBER]
    conditions: list[Sql] = []
    rest = literals
    if texts and (isinstance(operand, Varying) or operand.kind in {Kind.TEXT, Kind.DATE}):
        if isinstance(operand, Value) and operand.kind is Kind.DATE:
            conditions += _equals_moments(operand.sql, texts)
        else:
            conditions.append(_equals_texts(operand, texts, is_exact=is_exact))
        rest = [one for one in rest if one.kind is not Kind.TEXT]
    if len(numbers) > 1:
        conditions.append(fold(operand, lambda value: _equals_numbers(value, numbers)))
        rest = [one for one in rest if one.kind is not Kind.NUMBER]
    distinct = {(one.kind, one.const): one for one in rest}.values()
    conditions += [compare(EQ, operand, one) for one in distinct]
    return joined(operators.or_, conditions)


def _equals_moments(date: Sql, texts: Sequence[str]) -> list[Sql]:
    """Compare a date with ISO texts; what is none makes the result unknown."""
    moments = [moment for text in texts if (moment := parse_micros(text)) is not None]
    conditions = [_is_in(date, moments)] if moments else []
    return conditions if len(moments) == len(texts) else [*conditions, NULL]


def _equals_texts(operand: Operand, texts: list[str], *, is_exact: bool) -> Sql:
    """Compare with texts, never unknown: a missing value counts as the empty text.

    A comparison in SQLite never mixes texts and numbers, so one JSON value is asked for both.
    """
    value = operand.sql if isinstance(operand, Value) else operand.value
    if isinstance(operand, Varying) and (is_exact or "" in texts):
        value = func.coalesce(value, literal_column("''"))
    conditions = [_is_in(value, texts)]
    if isinstance(operand, JsonField):
        kind = (
            func.coalesce(operand.selector, literal_column("''")) if is_exact else operand.selector
        )
        found = (parse_number(text) for text in texts)
        numbers = sorted({number for number in found if number is not None})
        plain = [number for number in numbers if number not in {0, 1}]
        if plain:
            conditions.append(_is_in(value, plain))
        if len(plain) < len(numbers):
            # JSON true and false read as 1 and 0.
            is_number = kind.in_([literal_column("'integer'"), literal_column("'real'")])
            flags = [number for number in numbers if number in {0, 1}]
            conditions.append(_is_in(value, flags) & is_number)
        words = {text.lower() for text in texts} & _BOOL_WORDS.keys()
        conditions += [kind == literal_column(f"'{word}'") for word in sorted(words)]
        first_look = None
        # Numbers and bools are written in the document in other ways than as text.
        if len(conditions) == 1 and not operand.is_whole:
            first_look = may_be(operand.column.sql, texts)
        if first_look is not None:
            return and_(first_look, conditions[0])
    return conditions[0] if len(conditions) == 1 else or_(*conditions)


def _equals_numbers(value: Value, numbers: Sequence[Any]) -> Sql:
    """Compare one value with several numbers; the same as comparing with each."""
    if value.kind is Kind.NUMBER:
        return _is_in(value.sql, numbers)
    if value.kind is Kind.TEXT:
        return func.coalesce(_is_in(number_of(value), numbers), FALSE)
    if value.kind is Kind.DATE:
        return _is_in(value.sql, [seconds_to_micros(number) for number in numbers])
    # Any number gives the same: a value of another kind equals none.
    return _compare_values(EQ, value, constant(numbers[0]))


def _is_in(value: Sql, literals: Sequence[Any]) -> Sql:
    if len(literals) == 1:
        return _as_sql(value == _bind(literals[0]))
    if len(literals) <= _MAX_BOUND_LIST:
        return value.in_([_bind(one) for one in literals])
    items = ",".join(_write(one) for one in literals)
    members = func.json_each(bind_text(f"[{items}]")).table_valued("value", name=None).alias()
    return value.in_(select(members.c.value))


def _as_sql(condition: Any) -> Sql:
    result: Sql = condition
    return result


def _bind(literal: str | int | float) -> Sql:
    return bind_text(literal) if isinstance(literal, str) else bind_number(literal)


def _write(literal: str | int | float) -> str:
    if isinstance(literal, float) and math.isinf(literal):
        return "9e999" if literal > 0 else "-9e999"
    return json.dumps(literal)
