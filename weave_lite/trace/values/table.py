"""WeaveTable: the rows of a stored table, read in pages when they are looked at.

Knows no server: reading is done by a :class:`RowReader`.
"""

from __future__ import annotations

import threading
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Protocol, SupportsIndex, overload

from weave_lite.trace.client_context import require_client
from weave_lite.trace.table import Table, check_row, checked_rows
from weave_lite.trace.values.row import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from weave_lite.core.refs import ObjectRef, TableRef

__all__ = ["Row", "RowReader", "WeaveTable"]

# Rows per request while rows are read in order, and how many stay cached.
_PAGE_SIZE = 1000
_CACHE_SIZE = 1000


class RowReader(Protocol):
    """What a table needs to be read."""

    def read_rows(
        self, ref: TableRef, start: int, stop: int
    ) -> Sequence[tuple[str, dict[str, Any]]]:
        """Read rows by position: of each its digest and its value."""

    def count_rows(self, ref: TableRef) -> int:
        """Count the rows."""

    def find_row(self, ref: TableRef, row_digest: str) -> tuple[int, dict[str, Any]] | None:
        """Find a row by its digest: its position and its value."""


class WeaveTable:
    """The rows of a stored table, as a list that is read when it is looked at.

    Args:
        reader: Reads the rows.
        table_ref: The stored table.
        ref: Where the table was found (``…/attr/rows`` of a dataset): row refs go on from it.
    """

    def __init__(
        self, reader: RowReader, table_ref: TableRef, ref: ObjectRef | None = None
    ) -> None:
        self._reader = reader
        self._stored_ref = table_ref
        self._origin = ref
        self._count: int | None = None
        self._cache: dict[int, Row] = {}
        # Rows that the user changed, by position: they stand before what is stored.
        self._changed: dict[int, Row] = {}
        # All rows, once the table itself was changed.
        self._local: list[dict[str, Any]] | None = None
        self._next_index = 0
        self._window = 1
        self._lock = threading.RLock()

    # --- what it is ---

    @property
    def reader(self) -> RowReader:
        """What reads the rows."""
        return self._reader

    @property
    def table_ref(self) -> TableRef | None:
        """The stored table; None once rows were added, taken out or changed."""
        return None if self.is_changed() else self._stored_ref

    @property
    def ref(self) -> ObjectRef | None:
        """Where the table was found; None once it was changed."""
        return None if self.is_changed() else self._origin

    def is_changed(self) -> bool:
        """Tell whether the rows are no longer those that are stored."""
        if self._local is not None:
            return True
        with self._lock:
            for row in self._cache.values():
                if row._print is not None and row.is_changed():  # noqa: SLF001 - one thing
                    self._changed[row._index] = row  # noqa: SLF001
        return bool(self._changed)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All rows as a list: reads them all."""
        return list(self)

    @rows.setter
    def rows(self, rows: Any) -> None:
        self._local = checked_rows(rows)

    # --- reading ---

    def __len__(self) -> int:
        if self._local is not None:
            return len(self._local)
        if self._count is None:
            self._count = self._reader.count_rows(self._stored_ref)
        return self._count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        start = 0
        while rows := self._between(start, start + _PAGE_SIZE):
            yield from rows
            if len(rows) < _PAGE_SIZE:
                return
            start += _PAGE_SIZE

    @overload
    def __getitem__(self, key: SupportsIndex | str) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, key: slice) -> list[dict[str, Any]]: ...
    def __getitem__(
        self, key: SupportsIndex | str | slice
    ) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(key, slice):
            return self._slice(key)
        if isinstance(key, str):
            return self._row_of_digest(key)
        index = key.__index__()
        if index < 0:
            index += len(self)
        row = self._row_at(index) if index >= 0 else None
        if row is None:
            raise IndexError(f"row index out of range: the table has {len(self)} rows")
        return row

    def _slice(self, key: slice) -> list[dict[str, Any]]:
        positions = range(*key.indices(len(self)))
        if positions.step != 1:
            return [self[at] for at in positions]
        rows: list[dict[str, Any]] = []
        for start in range(positions.start, positions.stop, _PAGE_SIZE):
            rows.extend(self._between(start, min(start + _PAGE_SIZE, positions.stop)))
        return rows

    def _row_at(self, index: int) -> dict[str, Any] | None:
        if self._local is not None:
            return self._local[index] if index < len(self._local) else None
        row = self._known(index)
        if row is not None:
            return row
        with self._lock:
            # One row at first; more and more while rows are read one after the other.
            self._window = min(2 * self._window, _PAGE_SIZE) if index == self._next_index else 1
            rows = self._between(index, index + self._window)
            self._next_index = index + len(rows)
        return rows[0] if rows else None

    def _known(self, index: int) -> Row | None:
        row = self._changed.get(index)
        return self._cache.get(index) if row is None else row

    def _row_of_digest(self, row_digest: str) -> dict[str, Any]:
        if self._local is None:
            found = self._reader.find_row(self._stored_ref, row_digest)
            if found is not None:
                index, value = found
                known = self._known(index)
                return (
                    Row.stored(value, row_digest, self._origin, self, index)
                    if known is None
                    else known
                )
        raise KeyError(row_digest)

    def _between(self, start: int, stop: int) -> Sequence[dict[str, Any]]:
        """Return the rows of some positions; fewer at the end of the table."""
        with self._lock:
            if self._local is not None:
                return self._local[start:stop]
            cached = self._cache
            known = [cached[at] for at in range(start, stop) if at in cached]
            if len(known) != stop - start:
                pairs = self._reader.read_rows(self._stored_ref, start, stop)
                known = [
                    cached[at]
                    if at in cached
                    else Row.stored(value, digest, self._origin, self, at)
                    for at, (digest, value) in enumerate(pairs, start)
                ]
                cached.update(zip(range(start, stop), known, strict=False))
                if len(cached) > _CACHE_SIZE:
                    self._forget(len(cached) - _CACHE_SIZE)
            if self._changed:
                known = [self._changed.get(row._index, row) for row in known]  # noqa: SLF001
            return known

    def _forget(self, count: int) -> None:
        """Drop the oldest rows from the cache; those that were changed are kept for good."""
        for index in list(self._cache)[:count]:
            row = self._cache.pop(index)
            if row._print is not None and row.is_changed():  # noqa: SLF001 - one thing
                self._changed[index] = row

    # --- changing ---

    def append(self, row: dict[str, Any]) -> None:
        """Add a row at the end; reads all rows first.

        Raises:
            TypeError: It is not a dict.
        """
        check_row(row)
        self.load_all().append(row)

    def pop(self, index: SupportsIndex = -1) -> dict[str, Any]:
        """Take a row out; reads all rows first.

        Raises:
            IndexError: There is no such row.
        """
        return self.load_all().pop(index)

    def _keep(self, row: Row) -> None:
        with self._lock:
            if self._local is None:
                self._changed[row._index] = row  # noqa: SLF001 - one thing

    def load_all(self) -> list[dict[str, Any]]:
        """Read all rows and keep them: from now on the table is a list of its own."""
        with self._lock:
            if self._local is None:
                rows: list[dict[str, Any]] = list(self)
                self._local = rows
                self._cache, self._changed = {}, {}
            return self._local

    # --- in a notebook ---

    def _repr_html_(self) -> str:
        from weave_lite.trace.notebook import rows_html  # noqa: PLC0415 - notebooks only

        return rows_html(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from weave_lite.trace.notebook import bundle  # noqa: PLC0415 - notebooks only

        del include, exclude  # the notebook picks
        return bundle(self)

    # --- copying ---

    def __reduce__(self) -> tuple[Callable[..., WeaveTable], tuple[Any, ...]]:
        # What reads the rows holds a connection; the copy uses the active client instead.
        return _restored, (None, *self._state())

    def __copy__(self) -> WeaveTable:
        return _restored(self._reader, *self._state())

    def __deepcopy__(self, memo: dict[int, Any]) -> WeaveTable:
        return _restored(self._reader, *deepcopy(self._state(), memo))

    def _state(self) -> tuple[Any, ...]:
        """Return where the rows are, and what the user changed."""
        with self._lock:
            self.is_changed()  # this collects the changed rows
            local = None if self._local is None else list(self._local)
            changed = {at: dict(row) for at, row in self._changed.items()}
            return self._stored_ref, self._origin, local, changed

    # --- comparing and showing ---

    def __eq__(self, other: object) -> bool:
        if isinstance(other, WeaveTable) and not self.is_changed() and not other.is_changed():
            return self._stored_ref.digest == other._stored_ref.digest
        if isinstance(other, WeaveTable | Table | list):
            return _same_rows(self, other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # rows can change

    def __repr__(self) -> str:
        if self._local is not None:
            return f"WeaveTable({len(self._local)} rows, changed)"
        return f"WeaveTable({self._stored_ref.uri()})"


def _same_rows(left: Iterable[Any], right: Iterable[Any]) -> bool:
    nothing = object()
    first, second = iter(left), iter(right)
    for row in first:
        if next(second, nothing) != row:
            return False
    return next(second, nothing) is nothing


def _restored(
    reader: RowReader | None,
    table_ref: TableRef,
    ref: ObjectRef | None,
    local: list[dict[str, Any]] | None,
    changed: dict[int, dict[str, Any]],
) -> WeaveTable:
    table = WeaveTable(reader or _ActiveReader(), table_ref, ref)
    table._local = local  # noqa: SLF001 - the same class
    for index, value in changed.items():
        table._keep(Row.stored(value, "", ref, table, index))  # noqa: SLF001
    return table


class _ActiveReader:
    """Reads rows through the client that is active: for a table that comes from another process."""

    @property
    def reader(self) -> Any:
        """What the client reads with."""
        return getattr(self._rows(), "reader", None)

    def read_rows(
        self, ref: TableRef, start: int, stop: int
    ) -> Sequence[tuple[str, dict[str, Any]]]:
        """Read rows by position."""
        return self._rows().read_rows(ref, start, stop)

    def count_rows(self, ref: TableRef) -> int:
        """Count the rows."""
        return self._rows().count_rows(ref)

    def find_row(self, ref: TableRef, row_digest: str) -> tuple[int, dict[str, Any]] | None:
        """Find a row by its digest."""
        return self._rows().find_row(ref, row_digest)

    @staticmethod
    def _rows() -> RowReader:
        return require_client().row_reader
