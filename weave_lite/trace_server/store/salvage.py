"""Saves what can be read of a damaged store into a new one; the damaged file is only read.

Rows are read from the pages themselves, since SQLite stops at the first damage. What indexes the user
made is made anew.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from weave_lite.core.errors import InvalidRequest, StoreError, UsageError
from weave_lite.trace_server.store import path_indexes, whole_file
from weave_lite.trace_server.store.connections import error_of_ours
from weave_lite.trace_server.store.damaged_pages import MAGIC, Pages, page_size_in
from weave_lite.trace_server.store.damaged_schema import TABLES, Layout, find_layout
from weave_lite.trace_server.store.damaged_trees import leaf_rows, leaves, records
from weave_lite.trace_server.store.ddl import APPLICATION_ID
from weave_lite.trace_server.store.doctor import examine
from weave_lite.trace_server.store.engine import Store
from weave_lite.trace_server.store.file_header import check_version, read_header
from weave_lite.trace_server.store.salvage_mend import mend
from weave_lite.trace_server.store.salvage_tables import TableCopy, adopt_lone_leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Salvaged", "SalvagedTable", "salvage"]

# The table of the user's indexes: its rows are no data, the indexes are made anew.
_INDEXES: Final = "path_indexes"
# A file whose header is lost is read with these sizes of pages; ours comes first.
_USUAL_PAGE_SIZES: Final = (8192, 4096, 16384, 32768, 65536, 2048, 1024, 512)


@dataclass(frozen=True, slots=True)
class SalvagedTable:
    """What became of one table.

    Attributes:
        name: Name of the table.
        copied: Rows that are whole in the new store.
        rebuilt: Rows that were put together from indexes, without some of their values.
        lost: Rows that are not in the new store.
        is_estimate: Whether ``lost`` is reckoned only.
    """

    name: str
    copied: int
    rebuilt: int
    lost: int
    is_estimate: bool


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What became of a damaged store.

    Attributes:
        tables: Each table's rows.
        indexes: The paths whose indexes were made anew.
        notes: What else is worth knowing, a sentence each.
        problems: What the doctor says of the new store; nothing, as it should be.
        is_log_damaged: Whether commits in the log could not be read.
        is_cut_off: Whether the file is shorter than it should be.
    """

    tables: tuple[SalvagedTable, ...]
    indexes: tuple[str, ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]
    is_log_damaged: bool
    is_cut_off: bool

    @property
    def is_complete(self) -> bool:
        """Whether nothing is lost."""
        is_lossy = any(table.lost or table.rebuilt for table in self.tables)
        return not (is_lossy or self.is_log_damaged or self.is_cut_off or self.problems)


def salvage(
    place: str, target: str, *, progress: Callable[[str], object] | None = None
) -> Salvaged:
    """Save what can be read of a damaged store; the target appears finished or not at all.

    Args:
        place: Path of the damaged store. Programs that write it should end first.
        target: Path of the new store.
        progress: Told the name of each table before it is read.

    Raises:
        UsageError: The target exists.
        StoreError: The file is not a store, nothing of it can be read, it was written meanwhile, or
            the target cannot be written.
        SchemaVersionError: A newer release wrote it.
    """
    place, target = (os.path.abspath(path) for path in (place, target))  # noqa: PTH100 - links stay
    whole_file.check_free(target)
    if not Path(target).parent.is_dir():
        raise UsageError(f"the folder of {target!r} does not exist; make it first")
    unfinished = whole_file.unfinished_name(target)
    try:
        pages, layout = _open(place)
        with pages:
            tables, indexes, notes = _rescue(pages, layout, unfinished, progress)
            if pages.has_changed():
                raise StoreError(
                    f"the store {place!r} was written meanwhile; end the programs that use it first"
                )
        report = examine(unfinished)
        problems = tuple(finding.text for finding in report.findings if finding.is_problem)
        whole_file.publish(unfinished, target)
    except sqlite3.Error as error:
        raise error_of_ours(error, target) or error from error
    except OSError as error:
        raise StoreError(f"cannot write {target!r}: {error.strerror or error}") from error
    finally:
        whole_file.remove(unfinished)
    return Salvaged(tables, indexes, notes, problems, pages.is_log_damaged, pages.is_cut_off)


def _open(place: str) -> tuple[Pages, Layout]:
    header = read_header(place)
    if header is None:
        raise StoreError(f"there is nothing in {place!r} to salvage; check the path")
    is_sqlite = header.content.startswith(MAGIC)
    if is_sqlite and header.application_id == APPLICATION_ID:
        check_version(place, header.schema_version)
    told = page_size_in(header.content) if is_sqlite else None
    sizes = ([told] if told else []) + [size for size in _USUAL_PAGE_SIZES if size != told]
    for size in sizes:
        pages = Pages(place, size)
        layout = find_layout(pages) if pages.count else None
        if layout is not None:
            return pages, layout
        with pages:  # closes it
            continue
    if is_sqlite and header.application_id != APPLICATION_ID:
        raise StoreError(
            f"{place!r} is a SQLite database of another program; name the damaged store"
        )
    raise StoreError(
        f"{place!r} is not a weave_lite store, or its tables cannot be found any more; "
        "restore it from a copy"
    )


def _rescue(
    pages: Pages, layout: Layout, target: str, progress: Callable[[str], object] | None
) -> tuple[tuple[SalvagedTable, ...], tuple[str, ...], tuple[str, ...]]:
    use_counts = layout.use_counts(pages)
    store = Store.open(target)
    try:
        copies = {
            name: TableCopy(store, pages, layout, use_counts, name)
            for name in sorted(TABLES)
            if name != _INDEXES
        }
        for name, copy in copies.items():
            if progress is not None:
                progress(name)
            copy.copy()
        undecided = adopt_lone_leaves(pages, list(copies.values()), use_counts)
        highest = max(
            (copy.highest_pk() for copy in copies.values() if copy.is_of_calls), default=0
        )
        for copy in copies.values():
            copy.reckon(highest)
        notes = [*_notes(pages, layout, copies, undecided), *mend(store, copies)]
        indexes = []
        for path in sorted(_index_paths(pages, layout)):
            try:
                indexes.append(path_indexes.add(store, path).path)
            except InvalidRequest:
                notes.append(f"the index on {path[:140]!r} was not made anew: its path is damaged")
    finally:
        store.close()
    tables = tuple(
        SalvagedTable(name, copy.copied, copy.rebuilt, copy.lost, copy.is_estimate)
        for name, copy in copies.items()
    )
    return tables, tuple(indexes), tuple(notes)


def _notes(
    pages: Pages, layout: Layout, copies: dict[str, TableCopy], undecided: int
) -> Iterator[str]:
    if pages.is_log_damaged:
        yield "the log beside the file is damaged; its last commits are lost"
    if pages.is_cut_off:
        yield "the file is cut off; more may be lost than anything in it tells of"
    if layout.is_guessed:
        yield "the list of tables is damaged; tables were looked for where a store has them"
    has_holes = any(copy.holes and copy.table.has_rowid for copy in copies.values())
    if has_holes and not pages.free()[1]:
        yield "the list of free pages is damaged; rows that had been deleted may have come back"
    if undecided:
        yield f"{undecided} pages may be of several tables; they were left out"


def _index_paths(pages: Pages, layout: Layout) -> set[str]:
    found: set[object] = set()
    if (root := layout.roots.get(_INDEXES)) is not None:
        for leaf in leaves(pages, root):
            rows = leaf_rows(pages, leaf, is_text=True)
            found.update(row.values[-1] for row in rows if row is not None)
        key_root = layout.roots.get(TABLES[_INDEXES].key_index or "")
        keys = records(pages, key_root, expected=2)
        found.update(values[0] for values in keys if values is not None)
    return {path for path in found if isinstance(path, str)}
