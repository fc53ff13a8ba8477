"""Table: rows that are stored as a content-addressed table of the server. Knows no server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, SupportsIndex, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from weave_lite.core.refs import TableRef

__all__ = ["Table", "check_row", "checked_rows"]


def checked_rows(rows: Any) -> list[dict[str, Any]]:
    """Return the rows as a new list.

    Args:
        rows: A list of dicts, or a data frame.

    Raises:
        ValueError: They are something else.
    """
    if type(rows).__name__ == "DataFrame" and hasattr(rows, "to_dict"):
        rows = rows.to_dict(orient="records")
    if not isinstance(rows, list):
        raise ValueError(  # noqa: TRY004 - the documented type
            f"Attempted to construct a Table from {type(rows).__name__}; give a list of dicts"
        )
    for at, row in enumerate(rows):
        if not isinstance(row, dict):
            raise ValueError(  # noqa: TRY004 - the documented type
                f"Attempted to construct a Table with row {at} of type {type(row).__name__}; "
                "every row must be a dict"
            )
    return list(rows)


def check_row(row: Any) -> None:
    """Refuse a row that is not a dict.

    Raises:
        TypeError: It is not.
    """
    if not isinstance(row, dict):
        raise TypeError(f"Can only append dicts to a table, not {type(row).__name__}")


class Table:
    """Rows of a dataset, stored by digest row by row.

    Args:
        rows: A list of dicts, or a data frame. The list is copied, the rows are not.

    Raises:
        ValueError: The rows are something else.

    Example:
        >>> table = Table([{"a": 1}, {"a": 2}])
        >>> len(table), table[1]
        (2, {'a': 2})
    """

    def __init__(self, rows: Any) -> None:
        self._rows = checked_rows(rows)
        self.ref: TableRef | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows as a list."""
        return self._rows

    @rows.setter
    def rows(self, rows: Any) -> None:
        self._rows = checked_rows(rows)
        self.ref = None

    def append(self, row: dict[str, Any]) -> None:
        """Add a row at the end.

        Raises:
            TypeError: It is not a dict.
        """
        check_row(row)
        self._rows.append(row)
        self.ref = None

    def pop(self, index: SupportsIndex = -1) -> dict[str, Any]:
        """Take a row out.

        Raises:
            IndexError: There is no such row.
        """
        row = self._rows.pop(index)
        self.ref = None
        return row

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    @overload
    def __getitem__(self, key: SupportsIndex) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, key: SupportsIndex | slice) -> dict[str, Any] | list[dict[str, Any]]:
        return self._rows[key]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Table):
            return self._rows == other._rows
        if isinstance(other, list):
            return self._rows == other
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # rows can change

    # --- in a notebook ---

    def _repr_html_(self) -> str:
        from weave_lite.trace.notebook import rows_html  # noqa: PLC0415 - notebooks only

        return rows_html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from weave_lite.trace.notebook import bundle  # noqa: PLC0415 - notebooks only

        del include, exclude  # the notebook picks
        return bundle(self)

    def __repr__(self) -> str:
        return f"Table({len(self._rows)} rows)"
