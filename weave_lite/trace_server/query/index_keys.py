"""The keys of an index on a JSON path: which paths may have one, and the SQL of a document's key.

Writers use it, which do not load SQLAlchemy: so it is text, and paths stand in it as literals;
:func:`checked_path` lets through only paths that are safe to write.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server.query.paths import candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KEY_LENGTH", "SHARED_PROJECT", "checked_path", "key_sql"]

# How much of a text a key holds.
KEY_LENGTH: Final = 100
# The project of keys whose documents are shared by calls; no project has this integer.
SHARED_PROJECT: Final = 0
# Characters that mean nothing to SQL, to SQLite's paths or to SQLAlchemy, inside quotes.
_SAFE_PART: Final = re.compile(r"[\w\-/:@+ ]+")
_MAX_PARTS: Final = 7
_MAX_PATH_LENGTH: Final = 200
_COLUMNS: Final = ("inputs", "output", "attributes", "summary")
_TEXT_COLUMNS: Final = ("inputs", "output")


def checked_path(path: str) -> tuple[str, tuple[str, ...]]:
    """Check the path of an index; give its column and the parts below it.

    Raises:
        InvalidRequest: It cannot have an index.
    """
    column, *parts = path.split(".")
    if column not in _COLUMNS:
        raise InvalidRequest(
            f"path {path[:140]!r} must begin with one of {', '.join(_COLUMNS)}, as in inputs.model"
        )
    if not parts:
        if column in _TEXT_COLUMNS:
            return column, ()
        raise InvalidRequest(
            f"path {path!r} needs a key, as in {column}.key; only inputs and output as a whole "
            "can have an index, for text search"
        )
    if len(parts) > _MAX_PARTS or len(path) > _MAX_PATH_LENGTH:
        raise InvalidRequest(
            f"path {path[:140]!r} is too long; an index takes {_MAX_PARTS} keys and "
            f"{_MAX_PATH_LENGTH} characters at most"
        )
    for part in parts:
        if not _SAFE_PART.fullmatch(part):
            raise InvalidRequest(
                f"key {part!r} of path {path!r} cannot have an index; use letters, digits, blanks "
                "and - _ / : @ + only"
            )
        if part.isdigit():
            raise InvalidRequest(
                f"key {part!r} of path {path!r} may mean a place in a list; an index takes keys only"
            )
    return column, tuple(parts)


def key_sql(document: str, parts: Sequence[str]) -> str:
    """Write the key of a value at a path: what the index is on.

    It sorts as the language sorts: numbers, and texts that are numbers, as whole millionths; then
    all else by the first characters of its text; NULL when it is missing. SQLite's releases read
    long fractions differently in the last digit, and an index must not: hence the millionths.

    Args:
        document: The column's name, maybe after its table's.
        parts: Checked parts of a path.
    """
    places = [
        "'$" + "".join(f'."{step}"' for step in steps) + "'"
        for steps in candidates(parts, is_object=True)
    ]
    values = [f"json_extract({document}, {place})" for place in places]
    *others, last = [f"json_type({document}, {place})" for place in places]
    kinds = [*(f"nullif({kind}, 'null')" for kind in others), last]
    value, kind = _coalesced(values), _coalesced(kinds)
    is_number = f"json_type({value}) IN ('integer', 'real')"
    number = (
        f"CASE WHEN json_valid({value}) = 1 THEN CASE WHEN {is_number}"
        f" THEN {_millionths(f'''json_extract({value}, '$')''')} END END"
    )
    start = f"substr({value}, 1, {KEY_LENGTH})"
    return (
        f"CASE {kind} WHEN 'text' THEN coalesce({number}, {start})"
        f" WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'"
        f" WHEN 'integer' THEN {_millionths(value)} WHEN 'real' THEN {_millionths(value)}"
        f" ELSE {start} END"
    )


def _coalesced(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


def _millionths(number: str) -> str:
    return f"CAST({number} * 1000000.0 AS INTEGER)"
