"""Operands of the query language as SQL, and the plain-Python reading of numbers, texts and dates.

A :class:`Value` has one kind, known at compile time; a :class:`Varying` operand (a JSON path, a
nullable text column) has one per row. Knows neither the query AST nor any table.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import Float, Integer, Text, bindparam, case, func, literal_column
from sqlalchemy.sql.elements import BinaryExpression, Grouping

from weave_lite.core.clock import to_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.sql.elements import ColumnElement
    from sqlalchemy.sql.operators import OperatorType

__all__ = [
    "FALSE",
    "NULL",
    "TRUE",
    "Junction",
    "Kind",
    "Operand",
    "Sql",
    "Value",
    "Varying",
    "bind_int",
    "bind_number",
    "bind_text",
    "constant",
    "fold",
    "joined",
    "number_of",
    "parse_micros",
    "parse_number",
    "seconds_to_micros",
    "storable_text",
    "write_number",
]

Sql: TypeAlias = "ColumnElement[Any]"
Junction: TypeAlias = "OperatorType"

# Words of SQL; they carry no value of a caller. SQLAlchemy's own true() and false() would be
# simplified away, and ``x == null()`` rewritten to ``x IS NULL``.
TRUE: Sql = literal_column("1", Integer)
FALSE: Sql = literal_column("0", Integer)
NULL: Sql = literal_column("NULL")

_MIN_INT = -(2**63)
_MAX_INT = 2**63 - 1
# SQLite reads up to 15 digits of a real exactly; beyond them its result may be off by one step.
_EXACT_DIGITS = 15
# Some 30,000 years: past every date, and small enough to be counted in microseconds.
_FAR_SECONDS = 10**12
_NUMBER = re.compile(r"[ \t\n\r]*(-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)[ \t\n\r]*")


class Kind(Enum):
    """What a value is, for the comparison table."""

    TEXT = "text"
    NUMBER = "number"
    BOOL = "bool"
    DATE = "date"
    CONTAINER = "container"
    MISSING = "missing"


class Value(NamedTuple):
    """An operand of one kind.

    Attributes:
        kind: What it is.
        sql: Its value: text, number, 0 or 1, microseconds. Unused when it is missing.
        const: Its Python value when it is a literal (dates: microseconds), else None.
        is_nullable: Whether ``sql`` may be NULL, which then means unknown.
        text: Makes the SQL of how it reads as text, where that is not plain from the kind.
    """

    kind: Kind
    sql: ColumnElement[Any]
    const: str | int | float | bool | None = None
    is_nullable: bool = False
    text: Callable[[], ColumnElement[Any]] | None = None


class Varying:
    """An operand whose kind is told row by row.

    Args:
        selector: SQL that tells the kind.
        arms: Pairs of the selector's results and the value that they mean.
        rest: The value for any other result.
        value: SQL of the value; NULL exactly when it is missing.
    """

    def __init__(
        self,
        selector: ColumnElement[Any],
        arms: Sequence[tuple[tuple[str | int, ...], Value]],
        rest: Value,
        value: ColumnElement[Any],
    ) -> None:
        self.selector = selector
        self.arms = arms
        self.rest = rest
        self.value = value


Operand: TypeAlias = Value | Varying


def fold(operand: Operand, rule: Callable[[Value], Sql]) -> Sql:
    """Apply a rule to an operand: once, or per kind in a CASE when the kind varies."""
    if isinstance(operand, Value):
        return rule(operand)
    rest = rule(operand.rest)
    whens: list[tuple[Sql, Any]] = [
        (literal_column(f"'{key}'") if isinstance(key, str) else literal_column(str(key)), sql)
        for keys, value in operand.arms
        for sql in (rule(value),)
        # An arm that says what the rest says is left out.
        if sql is not rest
        for key in keys
    ]
    if not whens:
        return rest
    return case(*whens, value=operand.selector, else_=None if rest is NULL else rest)


def joined(operator: Junction, conditions: Sequence[Sql]) -> Sql:
    """Join conditions in halves: SQLite counts a plain chain of n conditions as n levels deep.

    SQLAlchemy's and_() and or_() would make one chain of them again.
    """
    if len(conditions) == 1:
        return conditions[0]
    middle = len(conditions) // 2
    halves = (conditions[:middle], conditions[middle:])
    left, right = (
        half[0].self_group(against=operator) if len(half) == 1 else Grouping(joined(operator, half))
        for half in halves
    )
    return BinaryExpression(left, right, operator)


def storable_text(text: str) -> str:
    """Write lone surrogates as the store does: as their escape, because UTF-8 has none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text


def bind_text(text: str) -> Sql:
    """Bind a text as a parameter."""
    return bindparam(None, storable_text(text), type_=Text(), unique=True)


def bind_int(number: int) -> Sql:
    """Bind an integer of at most 64 bits as a parameter."""
    return bindparam(None, number, type_=Integer(), unique=True)


def bind_number(number: int | float) -> Sql:
    """Bind a number as a parameter.

    A real of more than 15 digits goes as text, which SQLite reads as it reads the stored JSON: the
    same digits then give the same number, whatever its precision.
    """
    if isinstance(number, int):
        return bind_int(number)
    digits = repr(number)
    mantissa = digits.partition("e")[0].strip("-").replace(".", "").strip("0")
    if len(mantissa) > _EXACT_DIGITS and math.isfinite(number):
        # Not a CAST: that would have SQLite turn the other side into a number too.
        return func.json_extract(bind_text(digits), literal_column("'$'"))
    return bindparam(None, number, type_=Float(), unique=True)


def constant(value: str | int | float | bool | None) -> Value:
    """Make the operand of a literal. None is the missing value."""
    if value is None:
        return Value(Kind.MISSING, NULL)
    if isinstance(value, bool):
        return Value(Kind.BOOL, TRUE if value else FALSE, value)
    if isinstance(value, str):
        value = storable_text(value)
        return Value(Kind.TEXT, bind_text(value), value)
    number = _bindable(value)
    return Value(Kind.NUMBER, bind_number(number), number)


def _bindable(number: int | float) -> int | float:
    """SQLite's integers stop at 64 bits; it reads longer ones as reals, and so do we."""
    if isinstance(number, int) and not _MIN_INT <= number <= _MAX_INT:
        try:
            return float(number)
        except OverflowError:
            return math.inf if number > 0 else -math.inf
    return number


def parse_number(text: str) -> int | float | None:
    """Read a text as a JSON number with blanks around it; None when it is none.

    Example:
        >>> [parse_number(text) for text in (" 10 ", "1e2", "0x10", "nan")]
        [10, 100.0, None, None]
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits, fraction, exponent = match.groups()
    if fraction or exponent or len(digits) > 20:  # noqa: PLR2004 - more than 64 bits ever need
        return float(digits)
    return _bindable(int(digits))


def write_number(number: int | float) -> str:
    """Write a number as JSON text.

    Example:
        >>> write_number(1e-07), write_number(2)
        ('1e-07', '2')
    """
    return json.dumps(number)


def number_of(value: Value) -> Sql:
    """Read a text value as a number; NULL when it is none.

    ``json_valid`` is strict in all releases of SQLite, while the other functions of newer ones
    would take hexadecimal, ``NaN`` or comments: so it is asked first.
    """
    if value.kind is not Kind.TEXT:
        return NULL
    if isinstance(value.const, str):
        number = parse_number(value.const)
        return NULL if number is None else bind_number(number)
    text = value.sql
    is_number = func.json_type(text).in_([literal_column("'integer'"), literal_column("'real'")])
    read = func.json_extract(text, literal_column("'$'"))
    return case((func.json_valid(text) == TRUE, case((is_number, read))))


def parse_micros(text: str) -> int | None:
    """Read ISO 8601 text as microseconds since the epoch (no zone: UTC); None when it is none.

    Example:
        >>> parse_micros("1970-01-01T01:00:01+01:00"), parse_micros("soon")
        (1000000, None)
    """
    try:
        return to_micros(dt.datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def seconds_to_micros(seconds: int | float) -> int:
    """Turn seconds since the epoch into the nearest whole microsecond."""
    if abs(seconds) > _FAR_SECONDS:
        return _FAR_SECONDS * 1_000_000 * (1 if seconds > 0 else -1)
    return round(Fraction(seconds) * 1_000_000)
