"""Copies the rows of a damaged file's tables into a new store, and reckons what is lost.

A leaf that no tree leads to any more is given to the table whose hole it fits, if that is one only.
"""

# ruff: noqa: S608 - statements are made of our names

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from weave_lite.trace_server.store.damaged_rows import is_of_columns, whole_row
from weave_lite.trace_server.store.damaged_schema import Column
from weave_lite.trace_server.store.damaged_trees import (
    HIGHEST,
    LOWEST,
    Leaf,
    leaf_rows,
    leaves,
    records,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from weave_lite.trace_server.store.damaged_pages import Pages
    from weave_lite.trace_server.store.damaged_schema import Layout, Table
    from weave_lite.trace_server.store.damaged_trees import Row, Value
    from weave_lite.trace_server.store.engine import Store

__all__ = ["TableCopy", "adopt_lone_leaves"]

_MAX_BATCH: Final = 2_000
_MAX_BATCH_BYTES: Final = 8_000_000
# Rows of a table without rowid that a lost page held, when nothing tells.
_ROWS_A_PAGE: Final = 100


class TableCopy:
    """The copy of one table.

    Attributes:
        copied: Rows in the new store.
        is_estimate: Whether ``lost`` is reckoned only.
        lost: Rows that are not in the new store.
        rebuilt: Rows in the new store that were put together from indexes, without some values.
    """

    def __init__(
        self, store: Store, pages: Pages, layout: Layout, use_counts: bytearray, name: str
    ) -> None:
        self._store, self._pages, self._layout, self._uses = store, pages, layout, use_counts
        self.table: Table = layout.tables[name]
        self.root = layout.roots.get(name)
        self.holes: list[Leaf] = []
        self._leaf_depth = 0
        # Leaves that two trees claim, and that do not fit here.
        self.refused: list[int] = []
        self._bad_cells = 0
        self._ignored = 0
        self.copied = 0
        self.lost = 0
        self.rebuilt = 0
        self.is_estimate = False

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def is_damaged(self) -> bool:
        """Whether some part of the table could not be read."""
        return bool(self.holes or self._bad_cells or self.lost)

    def copy(self) -> None:
        """Copy all rows that the table's tree leads to."""
        if self.root is None:
            if self._layout.is_guessed:  # else the store is older than the table
                self.holes.append(Leaf(None, LOWEST, HIGHEST))
            return
        self.insert(self._rows() if self.table.has_rowid else self._key_rows(self.root))

    def insert(self, rows: Iterable[tuple[Value, ...]]) -> None:
        """Put rows into the new store, many in one transaction."""
        columns = ", ".join(f'"{column.name}"' for column in self.table.columns)
        marks = ", ".join("?" * len(self.table.columns))
        sql = f"INSERT OR IGNORE INTO {self.name} ({columns}) VALUES ({marks})"
        for batch in _batches(rows):
            with self._store.write() as conn:
                done = conn.raw.executemany(sql, batch).rowcount
            self.copied += done
            self._ignored += len(batch) - done

    def key_records(self) -> Iterator[list[Value] | None]:
        """Read the index of the table's unique keys; None for each damaged part."""
        return self.index_records(self.table.key_index or "", self.table.key_columns)

    def index_records(self, name: str, columns: Sequence[str]) -> Iterator[list[Value] | None]:
        """Read one of the table's indexes, the row's integer last; None for each damaged part."""
        facts = {column.name: column for column in self.table.columns}
        wanted = [
            *(facts[column] for column in columns),
            Column("pk", "INTEGER", is_nullable=False),
        ]
        for values in records(self._pages, self._layout.roots.get(name)):
            is_sound = values is not None and is_of_columns(wanted, values)
            yield values if is_sound else None

    def fits(self, rows: list[Row]) -> tuple[list[tuple[Value, ...]], bool] | None:
        """Tell whether rows are of this table and lie in its holes.

        Returns:
            The whole rows, and whether the holes are such that a leaf must be missing there: more
            than one leaf is. None when some row does not fit.
        """
        found, is_likely = [], True
        for row in rows:
            whole = whole_row(self.table, row.key, row.values)
            holes = [hole for hole in self.holes if hole.low < row.key <= hole.high]
            if whole is None or not holes:
                return None
            found.append(whole)
            is_likely &= any(hole.depth < self._leaf_depth for hole in holes)
        return (found, is_likely) if found else None

    @property
    def is_of_calls(self) -> bool:
        """Whether the integers of its rows are those of calls."""
        return self.name in {"calls", "call_inputs", "call_outputs"}

    def highest_pk(self) -> int:
        """Give the highest integer of a row that the table or its index of keys tells of."""
        with self._store.read() as conn:
            highest = _one(conn.raw, f"SELECT max(pk) FROM {self.name}")
        if self.table.key_index is not None:
            keys = (values[-1] for values in self.key_records() if values is not None)
            highest = max(highest, max((key for key in keys if isinstance(key, int)), default=0))
        return highest

    def reckon(self, highest_pk: int) -> None:
        """Find out how many rows are lost.

        Args:
            highest_pk: The highest integer of a row that anything in the file tells of.
        """
        self.lost = self._bad_cells + self._ignored
        if self.root is None and not self.holes:
            return
        if self.table.key_index is not None:
            expected, is_whole = 0, True
            for values in self.key_records():
                expected += values is not None
                is_whole = is_whole and values is not None
            if is_whole:
                self.lost = max(self.lost, expected - self.copied)
                return
        if self.holes:
            self.is_estimate = True
            self.lost += (
                self._lost_in_holes(highest_pk)
                if self.table.has_rowid
                else len(self.holes) * _ROWS_A_PAGE
            )

    def drop(self, count: int) -> None:
        """Take note that rows were deleted again, since what they belong to is lost."""
        self.copied -= count
        self.lost += count

    def mend(self, rows: Iterable[tuple[Value, ...]]) -> None:
        """Put rows into the new store that are known from elsewhere; some may be there."""
        before = self.copied
        self.insert(rows)
        self.lost = max(0, self.lost - (self.copied - before))

    def put_together(self, count: int) -> None:
        """Take note that rows were put together from indexes."""
        self.rebuilt += count
        self.lost = max(0, self.lost - count)

    def _lost_in_holes(self, highest_pk: int) -> int:
        with self._store.read() as conn:
            highest = max(highest_pk, _one(conn.raw, f"SELECT max(pk) FROM {self.name}"))
            spans = _merged(
                (max(hole.low, 0), min(hole.high, highest))
                for hole in sorted(self.holes, key=lambda hole: hole.low)
            )
            width = sum(high - low for low, high in spans)
            inside = sum(
                _one(conn.raw, f"SELECT count(*) FROM {self.name} WHERE pk > ? AND pk <= ?", *span)
                for span in spans
            )
        outside = max(1, highest - width)
        density = min(1.0, (self.copied - inside) / outside) if width < highest else 1.0
        return max(0, round(width * density) - inside)

    def _rows(self) -> Iterator[tuple[Value, ...]]:
        assert self.root is not None
        for leaf in leaves(self._pages, self.root):
            number = leaf.number
            if number is None:
                self.holes.append(leaf)
                continue
            rows = list(leaf_rows(self._pages, leaf, is_text=self.name != "files"))
            last = rows[-1] if rows else None
            is_contested = self._uses[number] > 1 and (last is None or last.key != leaf.high)
            # Only a table without a row has a leaf without one.
            if is_contested or (not rows and number != self.root):
                self.holes.append(leaf)
                if is_contested:
                    self.refused.append(number)
                continue
            self._leaf_depth = leaf.depth
            sound = [whole_row(self.table, row.key, row.values) for row in rows if row is not None]
            if None in sound or len(sound) < len(rows):
                self.holes.append(leaf)
            yield from (row for row in sound if row is not None)

    def _key_rows(self, root: int) -> Iterator[tuple[Value, ...]]:
        for values in records(self._pages, root):
            if values is None:
                self.holes.append(Leaf(None, LOWEST, HIGHEST))
                continue
            whole = whole_row(self.table, None, values)
            if whole is None:
                self._bad_cells += 1
            else:
                yield whole


def adopt_lone_leaves(pages: Pages, copies: list[TableCopy], use_counts: bytearray) -> int:
    """Give leaves that no tree leads to to the tables whose holes they fit.

    Returns:
        How many leaves fit more than one table, and were left.
    """
    hurt = [copy for copy in copies if copy.holes and copy.table.has_rowid]
    if not hurt:
        return 0
    undecided = 0
    refused = {number for copy in copies for number in copy.refused}
    for number in range(2, pages.count + 1):
        if use_counts[number] and number not in refused:
            continue
        content = pages.get(number)
        if content is None or content[0] != 13:  # noqa: PLR2004 - a leaf of rows
            continue
        leaf = Leaf(number, LOWEST, HIGHEST)
        fitting = []
        for copy in hurt:
            rows = [row for row in leaf_rows(pages, leaf, is_text=copy.name != "files") if row]
            if (fit := copy.fits(rows)) is not None:
                fitting.append((copy, *fit))
        if len(fitting) > 1:
            fitting = [fit for fit in fitting if fit[2]] or fitting
        if len(fitting) == 1:
            copy, whole, _ = fitting[0]
            copy.insert(whole)
        undecided += len(fitting) > 1
    return undecided


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join spans that overlap; they come sorted."""
    found: list[tuple[int, int]] = []
    for low, high in spans:
        if found and low < found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        elif low < high:
            found.append((low, high))
    return found


def _batches(rows: Iterable[tuple[Value, ...]]) -> Iterator[list[tuple[Value, ...]]]:
    batch: list[tuple[Value, ...]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, str | bytes))
        if len(batch) >= _MAX_BATCH or size >= _MAX_BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _one(raw: sqlite3.Connection, sql: str, *values: int) -> int:
    ((value,),) = raw.execute(sql, values).fetchall()
    return int(value or 0)
