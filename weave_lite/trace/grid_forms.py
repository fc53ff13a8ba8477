"""A grid from and to data frames and files of comma-separated values."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from weave_lite.core.errors import UsageError

if TYPE_CHECKING:
    import os

    import pandas as pd

    from weave_lite.trace.grid import ColumnType, Grid

__all__ = ["fill_from_csv", "frame_of_grid", "grid_of_frame"]

_TYPES: Final[dict[str, ColumnType]] = {"i": "int", "u": "int", "b": "bool"}


class _CsvError(UsageError, ValueError):
    """A file is no table."""


def grid_of_frame(grid: Grid, df: pd.DataFrame) -> Grid:
    """Fill an empty grid from a data frame."""
    if not hasattr(df, "columns"):
        raise TypeError(f"df must be a data frame of pandas, not {type(df).__name__}")
    for place, name in enumerate(df.columns):
        grid.add_column(str(name), type=_TYPES.get(df.dtypes.iloc[place].kind))
    # As objects, so that whole numbers beside missing ones stay whole.
    plain = df.astype(object)
    for row in plain.where(plain.notna(), None).itertuples(index=False, name=None):
        grid.add_row(row)
    return grid


def frame_of_grid(grid: Grid) -> pd.DataFrame:
    """Make a data frame of a grid."""
    try:
        import pandas as pd  # noqa: PLC0415 - an optional package
    except ImportError:
        raise ImportError("to_pandas needs pandas: pip install 'weave-lite[pandas]'") from None
    names: Any = [column.id for column in grid.columns]
    return pd.DataFrame(grid.rows, columns=names)


def fill_from_csv(grid: Grid, path: str | os.PathLike[str], options: dict[str, Any]) -> None:
    """Fill an empty grid from a file; all values are texts."""
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, **options)
        header = next(reader, None)
        if not header:
            raise _CsvError(f"{path} is empty; its first line must have the names of the columns")
        for name in header:
            grid.add_column(name)
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise _CsvError(
                    f"{path}, line {reader.line_num}: {len(row)} values for {len(header)} columns; "
                    "give one for each"
                )
            grid.add_row(row)
