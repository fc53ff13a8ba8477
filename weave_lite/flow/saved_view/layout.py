"""How a view shows its calls: columns, their places and visibility, order and page size.

Knows neither filters nor stores.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from weave_lite.flow.saved_view.columns import (
    chosen_columns,
    find_column,
    make_column,
    pinned,
    table_columns,
    unpinned,
)
from weave_lite.flow.saved_view.errors import ViewError
from weave_lite.flow.saved_view.fields import sort_field
from weave_lite.trace_server.interface.query import SortBy

if TYPE_CHECKING:
    from typing import Self

    from weave_lite.core.refs import ObjectRef
    from weave_lite.flow.saved_view.columns import TableColumn
    from weave_lite.flow.saved_view.path import ObjectPath
    from weave_lite.trace_server.interface.builtin_object_classes.saved_view import SavedView

__all__ = ["SortDirection", "ViewLayout", "checked_label"]

SortDirection: TypeAlias = Literal["asc", "desc"]


class ViewLayout:
    """The part of a view that says how its calls are shown."""

    base: SavedView
    ref: ObjectRef | None

    def _changed(self) -> Self:
        """Note that the view is not what is stored any more."""
        self.ref = None
        return self

    # --- order and size ---

    def add_sort(self, field: str, direction: SortDirection) -> Self:
        """Add a field to sort by, after those that are there.

        Raises:
            ValueError: The field cannot be read, or the direction is not ``asc`` or ``desc``.
        """
        if direction not in {"asc", "desc"}:
            raise ViewError(f"direction must be 'asc' or 'desc', not {direction!r}")
        by = SortBy(field=sort_field(field), direction=direction)
        self.base.definition.sort_by = [*(self.base.definition.sort_by or ()), by]
        return self._changed()

    def sort_by(self, field: str, direction: SortDirection) -> Self:
        """Sort by one field, in place of those that are there.

        Raises:
            ValueError: As :meth:`add_sort`.
        """
        before, self.base.definition.sort_by = self.base.definition.sort_by, None
        try:
            return self.add_sort(field, direction)
        except ViewError:
            self.base.definition.sort_by = before
            raise

    def page_size(self, page_size: int) -> Self:
        """Say how many calls a page shows.

        Raises:
            ValueError: It is no whole number above 0.
        """
        if isinstance(page_size, bool) or not isinstance(page_size, int) or page_size < 1:
            raise ViewError(f"page_size must be a whole number above 0, not {page_size!r}")
        self.base.definition.page_size = page_size
        return self._changed()

    # --- columns ---

    def add_column(self, path: str | ObjectPath, label: str | None = None) -> Self:
        r"""Add a column at the end.

        Args:
            path: Where its values stand in a call: ``inputs.a``, ``output[0].b``, ``inputs.a\.b``
                for a key with a dot, ``Status``, or an ``ObjectPath``.
            label: Its title; the path if None.

        Raises:
            ValueError: The path cannot be read, or begins with no known column.
        """
        return self.insert_column(len(self.base.definition.columns or ()), path, label)

    def add_columns(self, *columns: str) -> Self:
        """Add several columns at the end."""
        made = [make_column(path, None) for path in columns]
        self.base.definition.columns = [*(self.base.definition.columns or ()), *made]
        return self._changed()

    def insert_column(self, idx: int, path: str | ObjectPath, label: str | None = None) -> Self:
        """Add a column in front of the one at a position.

        Raises:
            ValueError: As :meth:`add_column`; or the position is no whole number.
        """
        if isinstance(idx, bool) or not isinstance(idx, int):
            raise ViewError(f"idx must be a whole number, not {type(idx).__name__}")
        columns = list(self.base.definition.columns or ())
        columns.insert(idx, make_column(path, label))
        self.base.definition.columns = columns
        return self._changed()

    def set_columns(self, *columns: str) -> Self:
        """Show these columns only; without any, the standard ones."""
        self.base.definition.columns = [make_column(path, None) for path in columns] or None
        return self._changed()

    def rename_column(self, path: int | str | ObjectPath, label: str) -> Self:
        """Give a column another title.

        Raises:
            ValueError: There is no such column, or the label is no text.
        """
        columns = chosen_columns(self.base.definition)
        at = find_column(columns, path)
        columns[at] = columns[at].model_copy(update={"label": checked_label(label)})
        self.base.definition.columns = columns
        return self._changed()

    def remove_column(self, path: int | str | ObjectPath) -> Self:
        """Remove a column. After the last chosen one, the standard ones are shown again.

        Raises:
            ValueError: There is no such column.
        """
        columns = chosen_columns(self.base.definition)
        at = find_column(columns, path)
        self.base.definition.columns = [*columns[:at], *columns[at + 1 :]] or None
        return self._changed()

    def remove_columns(self, *columns: str) -> Self:
        """Remove columns; without any named, all that were chosen.

        Raises:
            ValueError: There is no such column; then none is removed.
        """
        if not columns:
            return self.set_columns()
        present = chosen_columns(self.base.definition)
        gone = {find_column(present, path) for path in columns}
        kept = [column for at, column in enumerate(present) if at not in gone]
        self.base.definition.columns = kept or None
        return self._changed()

    def column_index(self, path: int | str | ObjectPath) -> int:
        """Return the position of a column, which is named by its path or title, or its position.

        Raises:
            ValueError: There is no such column.
        """
        return find_column(chosen_columns(self.base.definition), path)

    def show_column(self, col_name: str) -> Self:
        """Make a column visible."""
        return self._set_visible(col_name, is_visible=True)

    def hide_column(self, col_name: str) -> Self:
        """Hide a column."""
        return self._set_visible(col_name, is_visible=False)

    def pin_column_left(self, col_name: str) -> Self:
        """Keep a column at the left side, after those that are pinned there."""
        definition = self.base.definition
        definition.pin = pinned(definition.pin, col_name, is_left=True)
        return self._changed()

    def pin_column_right(self, col_name: str) -> Self:
        """Keep a column at the right side, after those that are pinned there."""
        definition = self.base.definition
        definition.pin = pinned(definition.pin, col_name, is_left=False)
        return self._changed()

    def unpin_column(self, col_name: str) -> Self:
        """Let a column move with the others."""
        self.base.definition.pin = unpinned(self.base.definition.pin, col_name)
        return self._changed()

    def get_table_columns(self) -> list[TableColumn]:
        """List the columns that a table shows: ``path`` and ``label`` of each.

        These are the chosen ones, else ID, Trace, Status and Called; with what was hidden, shown
        and pinned.
        """
        return table_columns(self.base.definition)

    def _set_visible(self, name: str, *, is_visible: bool) -> Self:
        if not isinstance(name, str) or not name:
            raise ViewError(f"col_name must be a text such as 'inputs.x', not {name!r}")
        self.base.definition.cols = {**(self.base.definition.cols or {}), name: is_visible}
        return self._changed()


def checked_label(label: str) -> str:
    """Return a title.

    Raises:
        ViewError: It is empty or no text.
    """
    if not isinstance(label, str) or not label:
        raise ViewError(f"label must be a text that is not empty, not {label!r}")
    return label
