"""Where the tables of a damaged file begin, and what their rows look like.

The file's own list of tables says so; where that is lost, tables are looked for where a new or a
compacted store has them.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from weave_lite.trace_server.store import ddl
from weave_lite.trace_server.store.damaged_trees import (
    children,
    leaf_rows,
    leaves,
    records,
)

if TYPE_CHECKING:
    from weave_lite.trace_server.store.damaged_pages import Pages

__all__ = ["TABLES", "Layout", "Table", "find_layout"]

_MIN_TABLES: Final = 6
_COLUMN: Final = r'[(,]\s*"?{}"?\s+[A-Z]'


class Column(NamedTuple):
    """A column of a table: ``INTEGER``, ``REAL``, ``TEXT`` or ``BLOB``."""

    name: str
    type: str
    is_nullable: bool
    default: int | None = None


class Table(NamedTuple):
    """A table of ours.

    Attributes:
        columns: In the order of the file.
        has_rowid: Whether its tree is one of rows; else it is one of keys.
        key_columns: What its own index of unique keys holds before the row's integer.
        key_index: The name of that index.
    """

    name: str
    columns: tuple[Column, ...]
    has_rowid: bool
    key_columns: tuple[str, ...]
    key_index: str | None


class Layout(NamedTuple):
    """The tables of a file.

    Attributes:
        tables: Their form in this file, by name.
        roots: The first page of each table and index that is known, by name.
        is_guessed: Whether the file's own list of them is damaged.
    """

    tables: dict[str, Table]
    roots: dict[str, int]
    is_guessed: bool

    def use_counts(self, pages: Pages) -> bytearray:
        """Count how many trees and lists claim each page; two of them cannot both be right."""
        counts = bytearray(pages.count + 1)
        stack: list[int | None] = [1, *self.roots.values()]
        while stack:
            number = stack.pop()
            if number is not None and 0 < number <= pages.count and counts[number] < 255:  # noqa: PLR2004
                counts[number] += 1
                if counts[number] == 1:
                    stack.extend(children(pages, number))
        for number in pages.free()[0]:
            if number <= pages.count and counts[number] < 255:  # noqa: PLR2004
                counts[number] += 1
        return counts


def _our_tables() -> dict[str, Table]:
    """Read the form of our tables from the schema of a new store."""
    found = {}
    with closing(_new_store(vacuum=False)) as raw:
        for name, has_rowid in raw.execute(
            "SELECT name, sql NOT LIKE '%WITHOUT ROWID' FROM sqlite_schema WHERE type = 'table'"
            " AND name NOT LIKE 'sqlite_%' AND name <> 'alembic_version'"
        ).fetchall():
            columns = tuple(
                Column(column, kind, not not_null and not key, None if default is None else 0)
                for column, kind, not_null, key, default in raw.execute(
                    'SELECT name, type, "notnull", pk, dflt_value FROM pragma_table_info(?)',
                    (name,),
                )
            )
            indexes = raw.execute(
                "SELECT name FROM pragma_index_list(?) WHERE \"unique\" AND origin <> 'pk'"
                " ORDER BY origin = 'c', name",
                (name,),
            ).fetchall()
            key_index = indexes[0][0] if indexes else None
            keys = raw.execute("SELECT name FROM pragma_index_info(?)", (key_index,))
            found[name] = Table(
                name, columns, bool(has_rowid), tuple(key for (key,) in keys), key_index
            )
    return found


def _new_store(*, vacuum: bool, page_size: int = 8192) -> sqlite3.Connection:
    raw = sqlite3.connect(":memory:", isolation_level=None)
    raw.execute(f"PRAGMA page_size = {page_size}")
    raw.executescript(ddl.DDL)
    raw.execute("ANALYZE")
    if vacuum:
        raw.execute("VACUUM")
    return raw


TABLES: Final = _our_tables()


def find_layout(pages: Pages) -> Layout | None:
    """Find the tables of a file; None when it has too few of ours to be a store."""
    roots, tables = _listed(pages)
    lost = set(TABLES) - set(roots)
    # An older store has fewer tables, and a list without a gap.
    is_guessed = bool(lost) and _is_list_damaged(pages)
    if is_guessed:
        roots = _guessed(pages, roots, tables)
    if len(set(roots) & set(TABLES)) < _MIN_TABLES:
        return None
    return Layout(tables, roots, is_guessed)


def _listed(pages: Pages) -> tuple[dict[str, int], dict[str, Table]]:
    roots: dict[str, int] = {}
    tables = dict(TABLES)
    for leaf in leaves(pages, 1):
        for row in leaf_rows(pages, leaf, is_text=True):
            if row is None or len(row.values) != 5:  # noqa: PLR2004 - type, name, table, page, text
                continue
            kind, name, _, root, text = row.values
            if (
                kind not in {"table", "index"}
                or not isinstance(name, str)
                or not isinstance(root, int)
                or not 1 < root <= pages.count
            ):
                continue
            roots[name] = root
            if name in TABLES and isinstance(text, str):
                tables[name] = _in_order_of(text, TABLES[name])
    return roots, tables


def _in_order_of(text: str, table: Table) -> Table:
    """Put the columns in the order of the file's own statement, if that names all of them."""
    places = {
        column: match.start()
        for column in table.columns
        if (match := re.search(_COLUMN.format(column.name), text)) is not None
    }
    # A column that was added later stands last, and older rows are shorter.
    if len(places) < len(table.columns):
        return table
    return table._replace(columns=tuple(sorted(places, key=places.__getitem__)))


def _is_list_damaged(pages: Pages) -> bool:
    return any(
        leaf.number is None or any(row is None for row in leaf_rows(pages, leaf, is_text=True))
        for leaf in leaves(pages, 1)
    )


def _guessed(pages: Pages, known: dict[str, int], tables: dict[str, Table]) -> dict[str, int]:
    """Add what is not listed where a new or a compacted store has it, if that looks right."""
    best: dict[str, int] = {}
    for vacuum in (False, True):
        with closing(_new_store(vacuum=vacuum, page_size=pages.page_size)) as raw:
            usual = dict(raw.execute("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0"))
        if any(usual.get(name, root) != root for name, root in known.items()):
            continue
        fitting = {
            name: root
            for name, root in usual.items()
            if (name not in tables or _looks_like(pages, root, tables[name])) and name not in known
        }
        if len(tables.keys() & fitting) > len(tables.keys() & best):
            best = fitting
    return {**known, **best}


def _looks_like(pages: Pages, root: int, table: Table) -> bool:
    width = len(table.columns)
    content = pages.get(root)
    if content is None:
        return False
    if not table.has_rowid:
        first = next(records(pages, root), None)
        return content[0] in {2, 10} and (first is None or len(first) == width)
    if content[0] not in {5, 13}:
        return False
    for leaf in leaves(pages, root):
        for row in leaf_rows(pages, leaf, is_text=False):
            if row is not None:
                return len(row.values) == width
    return True
