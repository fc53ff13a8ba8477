"""The query language once more, in plain Python: what the compiler is held against.

Written from the text of the contract, value by value and row by row, with none of the compiler's
shortcuts. A value is text, a number, a bool, a container (dict or list), a :class:`Date`, MISSING
(missing or null) or UNKNOWN; an operation gives True, False or None (unknown). A field of feedback
stands for each of its values in turn; a comparison is true when it is true for any.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

MISSING = object()
UNKNOWN = object()
NUMBER = re.compile(r"[ \t\n\r]*(-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)[ \t\n\r]*")
FEEDBACK = re.compile(r"feedback\.\[(.+?)\]\.(payload|runnable_ref)(?:\.(.*))?", re.DOTALL)
COMPARISONS = {"$eq", "$gt", "$gte", "$in", "$contains"}
OPERATIONS = {*COMPARISONS, "$and", "$or", "$not"}
JSON_COLUMNS = ("inputs", "output", "attributes", "summary")


class NotSaid(Exception):
    """The contract does not say what this gives; such an example is passed over."""


@dataclass(frozen=True)
class Date:
    """An instant: microseconds since the epoch."""

    micros: int


def evaluate(row: dict[str, Any], node: Any) -> bool | None:
    """Evaluate an operation on a row."""
    ((name, parts),) = node.items()
    if name == "$and":
        return conjunction([evaluate(row, part) for part in parts])
    if name == "$or":
        return negation(conjunction([negation(evaluate(row, part)) for part in parts]))
    if name == "$not":
        return negation(evaluate(row, parts[0]))
    results = [comparison(row, name, each) for each in spread(row, parts)]
    return negation(conjunction([negation(one) for one in results]))


def spread(row: dict[str, Any], node: Any) -> list[Any]:
    """Write a part of a comparison once for each choice of feedback that it may stand for."""
    if isinstance(node, list):
        return [list(each) for each in product(*(spread(row, part) for part in node))]
    if not isinstance(node, dict) or "$literal" in node or OPERATIONS & node.keys():
        return [node]
    if node.get("$getField", "").startswith("feedback."):
        return [{"$value": value} for value in feedback_values(row, node["$getField"])]
    parts = product(*(spread(row, part) for part in node.values()))
    return [dict(zip(node, each, strict=True)) for each in parts]


def feedback_values(row: dict[str, Any], path: str) -> list[Any]:
    """The values of a field of feedback, oldest first; of no feedback one that is missing."""
    feedback_type, column, rest = FEEDBACK.fullmatch(path).groups()
    rows = [one for one in row.get("feedback", ()) if one["feedback_type"] == feedback_type]
    parts = [] if rest is None else rest.split(".")
    return [at(one[column], parts) for one in rows] or [MISSING]


def comparison(row: dict[str, Any], name: str, parts: Any) -> bool | None:
    """Evaluate a comparison in which no feedback is left."""
    if name == "$in":
        found = [equals(row, parts[0], entry) for entry in parts[1]]
        return negation(conjunction([negation(one) for one in found])) if found else False
    if name == "$eq":
        return equals(row, *parts)
    if name == "$contains":
        return contains(row, **parts)
    if any(is_null(part) for part in parts):
        return None
    order = compare(*(operand(row, part) for part in parts))
    if order == "unequal, order not said":
        raise NotSaid
    if order is None or order == "unequal":
        return None
    return order > 0 if name == "$gt" else order >= 0


def conjunction(results: list[bool | None]) -> bool | None:
    if False in results:
        return False
    return None if None in results else True


def negation(result: bool | None) -> bool | None:
    return None if result is None else not result


def is_null(node: Any) -> bool:
    return node == {"$literal": None}


def equals(row: dict[str, Any], left: Any, right: Any) -> bool | None:
    if is_null(left) or is_null(right):
        others = [operand(row, part) for part in (left, right) if not is_null(part)]
        if any(other is UNKNOWN for other in others):
            raise NotSaid
        return all(other is MISSING for other in others)
    order = compare(operand(row, left), operand(row, right))
    return None if order is None else order == 0


def compare(left: Any, right: Any) -> int | str | None:
    """Order of two values: below, at or above 0; "unequal" without an order; None is unknown."""
    if left is UNKNOWN or right is UNKNOWN:
        return None
    if isinstance(left, Date) or isinstance(right, Date):
        return compare_dates(left, right)
    if left is MISSING or right is MISSING:
        other = right if left is MISSING else left
        if other is MISSING or isinstance(other, dict | list):
            raise NotSaid
        if not isinstance(other, str):
            return None
        left, right = ("" if value is MISSING else value for value in (left, right))
    return compare_known(left, right)


def compare_known(left: Any, right: Any) -> int | str | None:
    if isinstance(left, dict | list) and isinstance(right, dict | list | str):
        left = text_of(left)
    if isinstance(right, dict | list) and isinstance(left, str):
        right = text_of(right)
    kinds = {kind_of(left), kind_of(right)}
    if kinds == {"text", "bool"}:
        left, right = (text_of(value).lower() for value in (left, right))
        if left != right:
            return "unequal, order not said"
    elif kinds == {"text", "number"}:
        left, right = (
            number_of(value) if isinstance(value, str) else value for value in (left, right)
        )
        if left is None or right is None:
            return "unequal"
    elif len(kinds) > 1:
        return "unequal"
    if kind_of(left) == "number":
        left, right = as_stored(left), as_stored(right)
    return (left > right) - (left < right)


def compare_dates(left: Any, right: Any) -> int | None:
    moments = []
    for value in (left, right):
        if isinstance(value, Date):
            moments.append(value.micros)
        elif isinstance(value, str):
            moments.append(parse_date(value))
        elif kind_of(value) == "number":
            moments.append(round(Fraction(value) * 1_000_000))
        else:
            return None
    if None in moments:
        return None
    return (moments[0] > moments[1]) - (moments[0] < moments[1])


def kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "other"


def as_stored(number: int | float) -> int | float:
    """Integers beyond 64 bits compare as reals: SQLite has no others."""
    return number if -(2**63) <= number < 2**63 else float(number)


def number_of(text: str) -> int | float | None:
    match = NUMBER.fullmatch(text)
    return None if match is None else json.loads(match.group(1))


def parse_date(text: str) -> int | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return round((moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1))


def text_of(value: Any) -> str:
    """A value as text: itself, JSON, or empty."""
    if value is MISSING:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Date):
        raise NotSaid
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def contains(
    row: dict[str, Any], input: Any, substr: Any, case_insensitive: bool = False
) -> bool | None:
    text, part = operand(row, input), operand(row, substr)
    if text is UNKNOWN or part is UNKNOWN:
        raise NotSaid
    if part is MISSING:
        return None
    text, part = text_of(text), text_of(part)
    return part.lower() in text.lower() if case_insensitive else part in text


def operand(row: dict[str, Any], node: Any) -> Any:
    ((name, value),) = node.items()
    if name == "$literal":
        return MISSING if value is None else value
    if name == "$value":
        return value
    if name == "$getField":
        return field(row, value)
    if name == "$convert":
        return convert(operand(row, value["input"]), value["to"])
    result = evaluate(row, node)
    return UNKNOWN if result is None else result


def convert(value: Any, to: str) -> Any:
    if value is UNKNOWN or isinstance(value, Date):
        raise NotSaid
    if to == "exists":
        return value is not MISSING
    if to == "string":
        return text_of(value)
    if value is MISSING or isinstance(value, dict | list):
        return UNKNOWN
    if to == "bool" and isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), UNKNOWN)
    if to == "bool":
        return bool(value)
    if isinstance(value, str):
        value = number_of(value)
    if value is None:
        return UNKNOWN
    value = as_stored(value)
    if to == "double":
        return float(value)
    if not -(2**63) <= value < 2**63:
        raise NotSaid
    return int(value)


def field(row: dict[str, Any], path: str) -> Any:
    if path == "summary.weave.status":
        return (
            "error"
            if row["exception"] is not None
            else "running"
            if row["ended_at"] is None
            else "success"
        )
    if path == "summary.weave.latency_ms":
        return UNKNOWN if row["ended_at"] is None else (row["ended_at"] - row["started_at"]) // 1000
    if path == "summary.weave.trace_name":
        return row["display_name"] or row["op_name"].rpartition("/")[2].partition(":")[0]
    first, *parts = path.split(".")
    value = row[first]
    if first in ("started_at", "ended_at"):
        return UNKNOWN if value is None else Date(value)
    if first not in JSON_COLUMNS:
        return MISSING if value is None else value
    return at(value, parts)


def at(value: Any, parts: list[str]) -> Any:
    """The value at a path."""
    found = walk(value, parts)
    if found is MISSING:
        others = [walk(value, run) for run in joined(parts) if run != parts]
        others = [other for other in others if other is not MISSING]
        if len(others) > 1:
            raise NotSaid
        found = others[0] if others else MISSING
    return found


def joined(parts: list[str]) -> list[list[str]]:
    """All ways to read a path whose keys may hold dots."""
    if len(parts) < 2:
        return [parts]
    return [
        [".".join(parts[:n]), *rest]
        for n in range(1, len(parts) + 1)
        for rest in (joined(parts[n:]) if n < len(parts) else [[]])
    ]


def walk(value: Any, parts: list[str]) -> Any:
    for part in parts:
        if isinstance(value, dict):
            value = value.get(part, MISSING)
        elif (
            isinstance(value, list) and part.isascii() and part.isdigit() and int(part) < len(value)
        ):
            value = value[int(part)]
        else:
            return MISSING
    return MISSING if value is None else value
