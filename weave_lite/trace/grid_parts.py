"""Row and Column: a line of a grid looked at by itself. They read what the grid has now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from weave_lite.trace.grid import Grid

__all__ = ["Column", "Row"]


class Row:
    """A row of a grid; reads what the grid has now."""

    def __init__(self, grid: Grid, index: int) -> None:
        self.grid = grid
        self.index = index

    def to_list(self) -> list[Any]:
        """Return the values, in the order of the columns."""
        return list(self.grid.rows[self.index])

    def to_dict(self) -> dict[str, Any]:
        """Return the values by the columns' ids."""
        ids = [column.id for column in self.grid.columns]
        return dict(zip(ids, self.grid.rows[self.index], strict=True))

    def to_rich_table(self) -> Table:
        """Lay the row out: a line for each column."""
        from weave_lite.display.grid_table import grid_table  # noqa: PLC0415 - loads rich

        titles = [column.title for column in self.grid.columns]
        return grid_table(["Column", "Value"], zip(titles, self.to_list(), strict=True))

    def to_rich_table_str(self) -> str:
        """Lay the row out as text."""
        from weave_lite.display.grid_table import table_text  # noqa: PLC0415 - loads rich

        return table_text(self.to_rich_table())

    def __getitem__(self, column: str | int) -> Any:
        return self.grid.rows[self.index][self.grid.column_index(column)]

    def __len__(self) -> int:
        return self.grid.num_columns

    def __iter__(self) -> Iterator[Any]:
        return iter(self.to_list())

    def __repr__(self) -> str:
        return f"Row({self.to_dict()!r})"


class Column:
    """A column of a grid; reads what the grid has now."""

    def __init__(self, grid: Grid, column_id: str) -> None:
        self.grid = grid
        self.column_id = column_id

    def rename(self, label: str) -> Column:
        """Give it another title."""
        self.grid.rename_column(self.column_id, label)
        return self

    def to_list(self) -> list[Any]:
        """Return the values, from the first row to the last."""
        return self.grid.get_column_values(self.column_id)

    def to_rich_table(self) -> Table:
        """Lay the column out, under its title."""
        from weave_lite.display.grid_table import grid_table  # noqa: PLC0415 - loads rich

        title = self.grid.columns[self.grid.column_index(self.column_id)].title
        return grid_table([title], [[value] for value in self.to_list()])

    def to_rich_table_str(self) -> str:
        """Lay the column out as text."""
        from weave_lite.display.grid_table import table_text  # noqa: PLC0415 - loads rich

        return table_text(self.to_rich_table())

    def __getitem__(self, row: int) -> Any:
        return self.grid.get_row(row)[self.column_id]

    def __len__(self) -> int:
        return self.grid.num_rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self.to_list())

    def __repr__(self) -> str:
        return f"Column({self.column_id!r}, {self.to_list()!r})"
