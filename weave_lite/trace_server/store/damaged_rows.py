"""Which rows of a damaged file may be believed: types, JSON, and content that has its digest.

SQLite keeps no checksums, so a changed byte inside a value that still reads as one is not seen.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from weave_lite.core import digest as digests
from weave_lite.core import jsontext
from weave_lite.core.refs import REF_PREFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from weave_lite.trace_server.store.damaged_schema import Column, Table
    from weave_lite.trace_server.store.damaged_trees import Value

__all__ = ["is_of_columns", "whole_row"]

_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "INTEGER": int,
    "REAL": (int, float),
    "TEXT": str,
    "BLOB": bytes,
}
# The years 1 to 9999.
_FIRST_MOMENT: Final = -62_135_596_800 * 1_000_000
_LAST_MOMENT: Final = 253_402_300_800 * 1_000_000 - 1
_JSON: Final = {
    "call_inputs": "inputs",
    "call_outputs": "output",
    "calls": "summary",
    "feedback": "payload",
}


def whole_row(table: Table, key: int | None, values: Sequence[Value]) -> tuple[Value, ...] | None:
    """Give the values of a row in the order of the table's columns; None when they are damaged.

    Args:
        table: The table that the row is of.
        key: The row's integer; None in a table without.
        values: As they stand in the file.
    """
    columns = table.columns
    if len(values) > len(columns):
        return None
    # A column that was added later is not in the rows that are older.
    row = [*values, *(column.default for column in columns[len(values) :])]
    if key is not None:
        if row[0] is not None or key < 0:  # SQLite writes the integer as the key only
            return None
        row[0] = key
    if not is_of_columns(columns, row):
        return None
    facts = dict(zip((column.name for column in columns), row, strict=True))
    try:
        is_sound = _is_sound(table.name, facts)
    except (ValueError, RecursionError):  # no JSON
        return None
    return tuple(row) if is_sound else None


def is_of_columns(columns: Sequence[Column], values: Sequence[Value]) -> bool:
    """Tell whether values have the types of columns, and moments are such that can be shown."""
    if len(columns) != len(values):
        return False
    for column, value in zip(columns, values, strict=True):
        if value is None:
            if not column.is_nullable:
                return False
        elif not isinstance(value, _TYPES[column.type]) or (
            column.name.endswith("_at") and not _is_moment(value)
        ):
            return False
    return True


def _is_moment(value: Value) -> bool:
    """Tell whether a number of microseconds is a moment that can be shown."""
    return isinstance(value, int) and _FIRST_MOMENT <= value <= _LAST_MOMENT


def _is_sound(name: str, facts: dict[str, Value]) -> bool:
    if name in _JSON:
        text = facts[_JSON[name]]
        if isinstance(text, str):
            value = jsontext.parse(text)
            return name == "call_outputs" or isinstance(value, dict)
        return text is None
    check = _CHECKS.get(name)
    return check is None or check(facts)


def _is_object(facts: dict[str, Value]) -> bool:
    return facts.get("deleted_at") is not None or _is_value(facts)


def _is_value(facts: dict[str, Value]) -> bool:
    value = jsontext.parse(str(facts["val"]))
    return facts["digest"] in {digests.digest_json(value), digests.digest_json_sorted(value)}


def _is_file(facts: dict[str, Value]) -> bool:
    content = facts["content"]
    return (
        isinstance(content, bytes)
        and len(content) == facts["size_bytes"]
        and digests.digest_bytes(content) == facts["digest"]
    )


def _is_attribute_set(facts: dict[str, Value]) -> bool:
    text = str(facts["attributes"])
    return hashlib.sha256(text.encode()).digest()[:16] == facts["digest"]


def _is_ref(facts: dict[str, Value]) -> bool:
    return str(facts["ref"]).startswith(REF_PREFIXES) and facts["side"] in {0, 1}


_CHECKS: Final[dict[str, Callable[[dict[str, Value]], bool]]] = {
    "attribute_sets": _is_attribute_set,
    "call_refs": _is_ref,
    "files": _is_file,
    "objects": _is_object,
    "projects": lambda facts: "/" in str(facts["project_id"]),
    "table_positions": lambda facts: facts["position"] in range(2**40),
    "table_rows": _is_value,
}
