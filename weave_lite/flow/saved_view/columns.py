"""The columns of a view: those that were chosen, or the standard ones with pins and visibility."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

from weave_lite.flow.saved_view.errors import ViewError, ViewIndexError
from weave_lite.flow.saved_view.fields import column_path
from weave_lite.flow.saved_view.path import ObjectPath
from weave_lite.trace_server.interface.builtin_object_classes.saved_view import Column, Pin

if TYPE_CHECKING:
    from weave_lite.trace_server.interface.builtin_object_classes.saved_view import (
        SavedViewDefinition,
    )

__all__ = [
    "TableColumn",
    "chosen_columns",
    "find_column",
    "make_column",
    "pinned",
    "table_columns",
    "unpinned",
]


class TableColumn(TypedDict):
    """A column as a table shows it: where its values stand, and its title."""

    path: ObjectPath
    label: str


# The name that pins and visibility use for each, where it is not the path.
_STANDARD: Final = (
    ("ID", "id", "id"),
    ("Trace", "summary.weave.trace_name", "op_name"),
    ("Status", "summary.weave.status", "summary.weave.status"),
    ("Called", "started_at", "started_at"),
)
_LEFT: Final = ("CustomCheckbox", "op_name")


def make_column(path: str | ObjectPath, label: str | None) -> Column:
    """Make a column of what users write.

    Raises:
        ViewError: The path cannot be read or begins with no known column, or the label is no text.
    """
    found, alias = column_path(path)
    if label is not None and not isinstance(label, str):
        raise ViewError(f"label must be a text, not {type(label).__name__}")
    return Column(path=found.elements, label=label if label is not None else alias)


def chosen_columns(definition: SavedViewDefinition) -> list[Column]:
    """Return the columns of a view to edit; without any chosen, those that it shows now."""
    if definition.columns:
        return definition.columns
    return [
        Column(path=column["path"].elements, label=column["label"])
        for column in table_columns(definition)
    ]


def find_column(columns: list[Column], path: int | str | ObjectPath) -> int:
    """Find a column by position, path or label.

    Raises:
        ViewError: There is none (also a ValueError; for a position also an IndexError).
    """
    if isinstance(path, int):
        if isinstance(path, bool) or not 0 <= path < len(columns):
            raise ViewIndexError(
                f'Column index "{path}" out of bounds; there are {len(columns)} columns, from 0'
            )
        return path
    try:
        wanted = column_path(path)[0].elements
    except ViewError:
        wanted = None
    for at, column in enumerate(columns):
        if column.path == wanted:
            return at
    for at, column in enumerate(columns):
        if column.label == path:
            return at
    known = ", ".join(_label(column) for column in columns)
    raise ViewError(f'Column "{path}" not found; the columns are {known}')


def table_columns(definition: SavedViewDefinition) -> list[TableColumn]:
    """List what a table shows.

    Chosen columns come in their order, without the hidden ones. Otherwise the standard ones come,
    and what was pinned or made visible, the pinned ones at their sides.
    """
    shown = definition.cols or {}
    if definition.columns:
        chosen = [_table_column(column) for column in definition.columns]
        return [column for column in chosen if _is_shown(shown, column)]
    columns = [TableColumn(path=ObjectPath.parse_str(p), label=label) for label, p, _ in _STANDARD]
    pin = definition.pin or Pin(left=[], right=[])
    named = [*pin.left, *(name for name, is_shown in shown.items() if is_shown), *pin.right]
    for name in named:
        more = _column_named(name)
        if more is not None and not any(_is_named(column, name) for column in columns):
            columns.append(more)
    columns = [column for column in columns if _is_shown(shown, column)]
    left = _in_order(columns, pin.left)
    right = [column for column in _in_order(columns, pin.right) if column not in left]
    middle = [column for column in columns if column not in left and column not in right]
    return [*left, *middle, *right]


def pinned(pin: Pin | None, name: str, *, is_left: bool) -> Pin:
    """Return pins with one more, at the end of its side; it leaves the other side."""
    rest = unpinned(pin, name)
    left, right = ([name], []) if is_left else ([], [name])
    return Pin(left=[*rest.left, *left], right=[*rest.right, *right])


def unpinned(pin: Pin | None, name: str) -> Pin:
    """Return pins without one. A view without pins has the standard ones."""
    if not isinstance(name, str) or not name:
        raise ViewError(f"col_name must be a text such as 'inputs.x', not {name!r}")
    left, right = (_LEFT, ()) if pin is None else (tuple(pin.left), tuple(pin.right))
    return Pin(
        left=[other for other in left if other != name],
        right=[other for other in right if other != name],
    )


def _label(column: Column) -> str:
    return column.label if column.label is not None else ObjectPath(column.path).to_str()


def _table_column(column: Column) -> TableColumn:
    return TableColumn(path=ObjectPath(column.path), label=_label(column))


def _column_named(name: str) -> TableColumn | None:
    try:
        return TableColumn(path=column_path(name)[0], label=name)
    except ViewError:  # a part of a page, such as its checkboxes
        return None


def _names(column: TableColumn) -> set[str]:
    path = column["path"]
    names = {path.to_str(), path.to_field(), column["label"]}
    return names | {key for _, text, key in _STANDARD if text == path.to_field()}


def _is_named(column: TableColumn, name: str) -> bool:
    return name in _names(column)


def _is_shown(shown: dict[str, bool], column: TableColumn) -> bool:
    return all(shown.get(name, True) for name in _names(column))


def _in_order(columns: list[TableColumn], names: list[str]) -> list[TableColumn]:
    found: list[TableColumn] = []
    for name in names:
        found += [each for each in columns if _is_named(each, name) and each not in found]
    return found
