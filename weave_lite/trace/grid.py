"""Grid: a table of values in memory, with named columns. Knows no calls and no terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

from weave_lite.core.errors import UsageError
from weave_lite.trace.grid_parts import Column, Row

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd
    from rich.table import Table

__all__ = ["Column", "ColumnDefinition", "ColumnType", "Grid", "Row"]

ColumnType: TypeAlias = Literal["str", "int", "bool"]


class _GridError(UsageError, ValueError):
    """A row or column does not fit the grid."""


class _GridKeyError(UsageError, KeyError):
    """There is no column of that name."""

    def __str__(self) -> str:
        return str(self.args[0])


class _GridIndexError(UsageError, IndexError):
    """There is no row or column at that position."""


@dataclass
class ColumnDefinition:
    """A column: its id, its title (None: the id), and what its values are."""

    id: str
    label: str | None = None
    type: ColumnType | None = None
    nullable: bool = True

    @property
    def title(self) -> str:
        """What is shown above the column."""
        return self.id if self.label is None else self.label


class Grid:
    """A table whose rows are lists of values, one per column.

    Args:
        name: What it is called.

    Example:
        >>> grid = Grid("scores").add_column("who").add_column("score", "Score")
        >>> grid = grid.add_row(["Ann", 3]).add_row({"who": "Bob", "score": 5})
        >>> grid["score"].to_list(), grid[1].to_dict()
        ([3, 5], {'who': 'Bob', 'score': 5})
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name
        self.columns: list[ColumnDefinition] = []
        self.rows: list[list[Any]] = []

    # --- columns ---

    def add_column(
        self, name: str, label: str | None = None, type: ColumnType | None = None
    ) -> Grid:
        """Add a column at the end; rows that are there have None in it.

        Raises:
            ValueError: There is a column of that name, or the name is no text.
        """
        return self.insert_column(self.num_columns, name, label, type)

    def insert_column(
        self,
        column_index: int,
        name: str,
        label: str | None = None,
        type: ColumnType | None = None,
    ) -> Grid:
        """Add a column in front of the one at a position; rows that are there have None in it.

        Raises:
            ValueError: There is a column of that name, or the name is no text.
        """
        if not isinstance(name, str):
            raise _GridError(f"name must be a text, not {_kind(name)}")
        if any(column.id == name for column in self.columns):
            raise _GridError(
                f"name {name!r} is that of another column; give another, and the label"
            )
        self.columns.insert(column_index, ColumnDefinition(name, label, type))
        for row in self.rows:
            row.insert(column_index, None)
        return self

    def rename_column(self, column_id: int | str, label: str) -> Grid:
        """Give a column another title; its id stays.

        Raises:
            KeyError: There is no such column. IndexError: Nor one at that position.
        """
        self.columns[self.column_index(column_id)].label = label
        return self

    def get_column(self, key: str | int) -> Column:
        """Return a column by its id or title, or by its position.

        Raises:
            KeyError: There is no such column. IndexError: Nor one at that position.
        """
        return Column(self, self.columns[self.column_index(key)].id)

    def get_column_values(self, column: str | int) -> list[Any]:
        """Return the values of a column, from the first row to the last."""
        place = self.column_index(column)
        return [row[place] for row in self.rows]

    def column_index(self, key: str | int) -> int:
        """Return the position of a column, given by its id or title, or its position.

        Raises:
            KeyError: There is no such column. IndexError: Nor one at that position.
        """
        if isinstance(key, int):
            if not 0 <= key < len(self.columns):
                raise _GridIndexError(
                    f"Column index out of range: {key}; there are {len(self.columns)} columns, from 0"
                )
            return key
        ids = [column.id for column in self.columns]
        if key in ids:
            return ids.index(key)
        titles = [column.title for column in self.columns]
        if titles.count(key) == 1:
            return titles.index(key)
        fault = "is the label of several; give the id" if key in titles else "not found"
        raise _GridKeyError(f"Column {key!r} {fault}; the columns are {', '.join(ids)}")

    @property
    def num_columns(self) -> int:
        """How many columns there are."""
        return len(self.columns)

    # --- rows ---

    def add_row(self, values: Sequence[Any] | Mapping[str, Any]) -> Grid:
        """Add a row at the end.

        Args:
            values: One for each column, in order; or a dict by column, where others are None.

        Raises:
            ValueError: There are more or fewer values than columns.
            KeyError: The dict names a column that is not there.
        """
        if isinstance(values, dict):
            row: list[Any] = [None] * self.num_columns
            for key, value in values.items():
                row[self.column_index(key)] = value
        elif isinstance(values, str) or not hasattr(values, "__iter__"):
            raise _GridError(f"values must be a list or a dict, not {_kind(values)}")
        else:
            row = list(values)
        if len(row) != self.num_columns:
            raise _GridError(
                f"Row length ({len(row)}) does not match number of columns ({self.num_columns}); "
                "give one value for each column, or a dict"
            )
        self.rows.append(row)
        return self

    def get_row(self, index: int) -> Row:
        """Return a row.

        Raises:
            IndexError: There is no row at that position; they count from 0.
        """
        self._check_row(index)
        return Row(self, index)

    @property
    def num_rows(self) -> int:
        """How many rows there are."""
        return len(self.rows)

    def set_cell_value(self, row_index: int, column: str | int, value: Any) -> Grid:
        """Change one value.

        Raises:
            IndexError: There is no such row, or no column at that position.
            KeyError: There is no column of that name.
        """
        self._check_row(row_index)
        self.rows[row_index][self.column_index(column)] = value
        return self

    @overload
    def __getitem__(self, key: str) -> Column: ...
    @overload
    def __getitem__(self, key: int) -> Row: ...
    @overload
    def __getitem__(self, key: slice) -> Grid: ...
    def __getitem__(self, key: str | int | slice) -> Column | Row | Grid:
        if isinstance(key, str):
            return self.get_column(key)
        if isinstance(key, slice):
            part = Grid(self.name)
            part.columns = [ColumnDefinition(**vars(column)) for column in self.columns]
            part.rows = [list(row) for row in self.rows[key]]
            return part
        if hasattr(key, "__index__"):
            return self.get_row(key)
        raise TypeError(
            f"a key of a grid must be a column's name, a row's position or a slice of rows, "
            f"not {_kind(key)}"
        )

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return (Row(self, index) for index in range(len(self.rows)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Grid):
            return NotImplemented
        return self.columns == other.columns and self.rows == other.rows

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        return f"Grid(name={self.name!r}, columns={self.num_columns}, rows={self.num_rows})"

    def __str__(self) -> str:
        return self.to_rich_table_str()

    def _repr_html_(self) -> str:
        from weave_lite.trace.notebook import grid_html  # noqa: PLC0415 - notebooks only

        return grid_html(self)

    # --- other forms ---

    @classmethod
    def from_pandas(cls, df: pd.DataFrame) -> Grid:
        """Make a grid of a data frame; what it counts as missing is None."""
        from weave_lite.trace.grid_forms import grid_of_frame  # noqa: PLC0415 - rarely asked for

        return grid_of_frame(cls(), df)

    @classmethod
    def load_csv(cls, file_path: str | os.PathLike[str], **kwargs: Any) -> Grid:
        """Read a file of comma-separated values; its first line has the names of the columns.

        Args:
            file_path: The file, in UTF-8.
            kwargs: Options of ``csv.reader``, such as ``delimiter``.

        Raises:
            ValueError: It is empty, or a line has another number of values than the first.
        """
        from weave_lite.trace.grid_forms import fill_from_csv  # noqa: PLC0415 - rarely asked for

        grid = cls()
        fill_from_csv(grid, file_path, kwargs)
        return grid

    def to_pandas(self) -> pd.DataFrame:
        """Make a data frame; its columns have the ids of these.

        Raises:
            ImportError: pandas is not installed.
        """
        from weave_lite.trace.grid_forms import frame_of_grid  # noqa: PLC0415 - rarely asked for

        return frame_of_grid(self)

    def to_rich_table(self, row_start: int = 0, row_end: int | None = None) -> Table:
        """Lay the rows out as a table of ``rich``.

        Args:
            row_start: The first row.
            row_end: The row to stop before; None for all.
        """
        from weave_lite.display.grid_table import grid_table  # noqa: PLC0415 - loads rich

        titles = [column.title for column in self.columns]
        return grid_table(titles, self.rows[row_start:row_end], title=self.name)

    def to_rich_table_str(self) -> str:
        """Lay the rows out as text."""
        from weave_lite.display.grid_table import table_text  # noqa: PLC0415 - loads rich

        return table_text(self.to_rich_table())

    def show(self, rows_per_page: int | None = None) -> None:
        """Write the table to stdout; on a terminal, a page at a time.

        Args:
            rows_per_page: Rows of a page; None for what fits.
        """
        from weave_lite.display.grid_table import show_pages  # noqa: PLC0415 - loads rich

        show_pages(self.to_rich_table, self.num_rows, rows_per_page)

    # --- the rest ---

    def _check_row(self, index: int) -> None:
        if isinstance(index, bool) or not hasattr(index, "__index__"):
            raise TypeError(f"a row's position must be a whole number, not {_kind(index)}")
        if not 0 <= index < len(self.rows):
            raise _GridIndexError(
                f"Row index out of range: {index}; there are {len(self.rows)} rows, from 0"
            )


def _kind(value: Any) -> str:
    return type(value).__name__
