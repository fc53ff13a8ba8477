"""The operators of filters: their names, and what their values may be."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from weave_lite.core import jsontext
from weave_lite.flow.saved_view.errors import ViewError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OPERATORS", "VALUELESS", "Scalar", "canonical_operator", "read_value"]

Scalar: TypeAlias = str | int | float | bool

_SPELLINGS: Final = {"≠": "!=", "≤": "<=", "≥": ">="}
VALUELESS: Final = frozenset({"is empty", "is not empty"})


def canonical_operator(operator: str) -> str:
    """Return the one spelling of an operator.

    Raises:
        ViewError: There is no such operator.
    """
    name = _SPELLINGS.get(operator, operator) if isinstance(operator, str) else ""
    if name not in OPERATORS:
        raise ViewError(f"operator {operator!r} is not supported; use one of {_listed()}")
    return name


def read_value(operator: str, value: Any) -> Any:
    """Return a value as its operator compares with it.

    Args:
        operator: In its one spelling.
        value: As users give it; None means none.

    Raises:
        ViewError: The operator needs a value and has none, takes none, or not such a one.
    """
    if operator in VALUELESS:
        if value is not None:
            raise ViewError(f"operator {operator!r} takes no value; leave {value!r:.100} out")
        return None
    if value is None:
        raise ViewError(
            f"operator {operator!r} requires a value; to find missing ones use 'is empty'"
        )
    return OPERATORS[operator](operator, value)


def _scalar(operator: str, value: Any) -> Scalar:
    """A text, number or bool that JSON can hold."""
    if isinstance(value, str):
        return _text(operator, value)
    # Exact types: an enum or a number of another library is not what is stored.
    if type(value) in {bool, int} or (type(value) is float and math.isfinite(value)):
        return value  # type: ignore[no-any-return]
    raise _unfit(operator, value, "a text, a finite number, True or False")


def _text(operator: str, value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _unfit(operator, value, "a text that UTF-8 can write") from None
    return str(value)


def _part_of_text(operator: str, value: Any) -> str:
    scalar = _scalar(operator, value)
    return scalar if isinstance(scalar, str) else jsontext.compact(scalar)


def _entries(operator: str, value: Any) -> list[Scalar]:
    entries = value
    if isinstance(value, str):
        entries = [part.strip() for part in value.split(",")] if value.strip() else []
    elif not isinstance(value, list | tuple):
        raise _unfit(operator, value, "a list, or a text with commas")
    if not entries:
        raise _unfit(operator, value, "at least one entry")
    return [_scalar(operator, entry) for entry in entries]


def _number(operator: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise _unfit(operator, value, "a finite number")
    return number


def _truth(operator: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "false": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise _unfit(operator, value, "True or False")


def _seconds(operator: str, value: Any) -> float:
    """An instant as seconds since the epoch; without a zone it is UTC."""
    expected = "a datetime, an ISO text such as '2024-03-01T12:00:00Z', or seconds since the epoch"
    if isinstance(value, bool):
        raise _unfit(operator, value, expected)
    if isinstance(value, int | float):
        return _number(operator, value)
    try:
        if isinstance(value, str):
            value = dt.datetime.fromisoformat(value)
        elif type(value) is dt.date:
            value = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
        if isinstance(value, dt.datetime):
            return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError):
        pass
    raise _unfit(operator, value, expected)


def _none(operator: str, value: Any) -> None:
    del operator, value


def _unfit(operator: str, value: Any, expected: str) -> ViewError:
    return ViewError(f"value {value!r:.100} does not fit operator {operator!r}; give {expected}")


def _listed() -> str:
    return ", ".join([*OPERATORS, *_SPELLINGS])


# Each with what reads its values.
OPERATORS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "contains": _part_of_text,
    "does not contain": _part_of_text,
    "equals": _scalar,
    "does not equal": _scalar,
    "in": _entries,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">="), _number),
    "is": _truth,
    "after": _seconds,
    "before": _seconds,
    **dict.fromkeys(sorted(VALUELESS), _none),
}
