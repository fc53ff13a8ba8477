"""Dotted paths into a JSON column: ``inputs.items.0.k`` as SQL over SQLite's JSON functions.

A path is tried as it is split; a part that is a number means a list index or an object's key; and
when that finds nothing, runs of parts are tried as one key that contains dots. Every path is a bound
parameter. Knows no table.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Text, case, cast, func, literal_column, select

from weave_lite.trace_server.query.paths import candidates
from weave_lite.trace_server.query.values import (
    FALSE,
    NULL,
    TRUE,
    Kind,
    Sql,
    Value,
    Varying,
    bind_text,
    storable_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.sql.elements import ColumnElement

    from weave_lite.trace_server.query.indexed import ColumnIndex
    from weave_lite.trace_server.query.paths import Step

__all__ = ["JsonColumn", "JsonField", "candidates", "json_field"]

_MISSING = Value(Kind.MISSING, NULL)
_CONTAINERS = ("object", "array")


class JsonColumn(NamedTuple):
    """A column of JSON text.

    Attributes:
        sql: The column.
        is_object: Whether every value in it is an object, as ``inputs`` is and ``output`` is not.
        indexed: The indexes that serve the field that is looked at.
    """

    sql: ColumnElement[Any]
    is_object: bool
    indexed: ColumnIndex | None = None


class JsonField(Varying):
    """The value at a path of a JSON column; of any kind.

    Attributes:
        column: Where it stands.
        is_whole: Whether it is the column's whole value.
        width: How many readings its path has.
    """

    def __init__(self, column: JsonColumn, parts: Sequence[str]) -> None:
        found = [
            _locate(column.sql, steps) for steps in candidates(parts, is_object=column.is_object)
        ]
        value = _first([place.value for place in found])
        kind = _first_kind([place.kind for place in found])
        number = Value(Kind.NUMBER, value, text=partial(_number_text, found))
        arms: list[tuple[tuple[str | int, ...], Value]] = [
            (("text",), Value(Kind.TEXT, value)),
            (("integer", "real"), number),
            (("true",), Value(Kind.BOOL, TRUE, const=True)),
            (("false",), Value(Kind.BOOL, FALSE, const=False)),
            (_CONTAINERS, Value(Kind.CONTAINER, value)),
        ]
        super().__init__(kind, arms, _MISSING, value)
        self.column = column
        self.is_whole = not parts
        self.width = len(found)


def json_field(column: JsonColumn, path: str | None) -> JsonField:
    """Find the field at a dotted path below a column; None means the whole value."""
    return JsonField(column, () if path is None else storable_text(path).split("."))


class _Place(NamedTuple):
    """One reading of a path: its value, its JSON type, and its number as written (or NULL)."""

    value: Sql
    kind: Sql
    number_list: Callable[[], Sql]


def _locate(document: Sql, steps: Sequence[Step]) -> _Place:
    for depth, step in enumerate(steps):
        if isinstance(step, str) and _needs_search(step):
            return _search(document, steps, depth)
    path = _bind_path(steps)
    return _Place(
        func.json_extract(document, path),
        func.json_type(document, path),
        # Asked for two paths, json_extract answers a list that has the numbers as they are written.
        lambda: func.json_extract(document, path, path),
    )


def _bind_path(steps: Sequence[Step]) -> Sql:
    """Write a path for the JSON functions: the one place where a path enters a statement."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in steps)
    return bind_text("$" + text)


def _needs_search(key: str) -> bool:
    """Tell whether JSON text writes a key with escapes, which a path cannot spell in all releases."""
    return any(character in '"\\' or character < " " for character in key)


def _search(document: Sql, steps: Sequence[Step], depth: int) -> _Place:
    """Find a key that no path can spell among the members of its object."""
    members = func.json_each(document, _bind_path(steps[:depth])).table_valued(
        "key", "value", "type", name=None
    )
    members = members.alias()
    found = select(members.c.value).where(members.c.key == bind_text(str(steps[depth])))
    rest = steps[depth + 1 :]
    if rest:
        # Only the text of a container is JSON again.
        containers: list[Sql] = [literal_column(f"'{kind}'") for kind in _CONTAINERS]
        inner = found.where(members.c.type.in_(containers)).limit(1).scalar_subquery()
        return _locate(inner, rest)
    value = found.limit(1).scalar_subquery()
    kind = found.with_only_columns(members.c.type).limit(1).scalar_subquery()
    return _Place(value, kind, lambda: value)


def _first(values: Sequence[Sql]) -> Sql:
    return values[0] if len(values) == 1 else func.coalesce(*values)


def _first_kind(kinds: Sequence[Sql]) -> Sql:
    """The type that belongs to the first value: JSON null counts as nothing found."""
    null_word: Sql = literal_column("'null'")
    *others, last = kinds
    return _first([*(func.nullif(kind, null_word) for kind in others), last])


def _number_text(found: Sequence[_Place]) -> Sql:
    """Write the number at a path as JSON text, all digits kept."""
    is_real: Sql = literal_column("'real'")
    whens = []
    for place in found:
        written = func.weave_number_text(place.number_list())
        is_wide = func.typeof(place.value) == is_real
        whens.append(
            (place.value.is_not(None), case((is_wide, written), else_=cast(place.value, Text())))
        )
    return whens[0][1] if len(whens) == 1 else case(*whens)
