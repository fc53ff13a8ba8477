"""Which fields of calls a view knows, and what users write for them."""

from __future__ import annotations

import re
from typing import Final

from weave_lite.flow.saved_view.errors import ViewError
from weave_lite.flow.saved_view.path import ObjectPath

__all__ = ["KNOWN_COLUMNS", "column_path", "filter_field", "sort_field"]

KNOWN_COLUMNS: Final = (
    "id",
    "display_name",
    "op_name",
    "inputs",
    "output",
    "attributes",
    "summary",
    "started_at",
    "ended_at",
    "exception",
    "func_name",
    "parent_id",
    "project_id",
    "trace_id",
    "ui_url",
)
_ALIASES: Final = {"Status": "summary.weave.status"}
# Written as queries do: the brackets are part of it, and the type may have dots.
_FEEDBACK: Final = re.compile(r"feedback\.\[.+\]\.\w+", re.DOTALL)


def column_path(path: str | ObjectPath) -> tuple[ObjectPath, str | None]:
    """Read where a column's values stand, and the title if what was written is an alias.

    Raises:
        ViewError: It cannot be read, or its first part is no known column.
    """
    if isinstance(path, ObjectPath):
        return _known(path), None
    if not isinstance(path, str):
        raise ViewError(
            f"path must be a text such as 'inputs.x' or an ObjectPath, not {type(path).__name__}"
        )
    alias = _ALIASES.get(path)
    return _known(ObjectPath.parse_str(alias or path)), path if alias else None


def filter_field(field: str) -> str:
    """Return a field as queries write it.

    Raises:
        ViewError: It cannot be read, or its first part is no known column.
    """
    if not isinstance(field, str):
        raise ViewError(f"field must be a text such as 'inputs.x', not {type(field).__name__}")
    return field if _FEEDBACK.match(field) else column_path(field)[0].to_field()


def sort_field(field: str) -> str:
    """Return a field to sort by as queries write it. The server says whether there is one.

    Raises:
        ViewError: It is no text, or cannot be read.
    """
    if not isinstance(field, str) or not field:
        raise ViewError(f"field must be a text such as 'started_at', not {field!r}")
    if _FEEDBACK.match(field):
        return field
    return ObjectPath.parse_str(_ALIASES.get(field, field)).to_field()


def _known(path: ObjectPath) -> ObjectPath:
    first = path.elements[0] if path.elements else ""
    if first not in KNOWN_COLUMNS:
        raise ViewError(
            f'Column "{first}" is not known; begin a path with one of {", ".join(KNOWN_COLUMNS)}'
        )
    return path
