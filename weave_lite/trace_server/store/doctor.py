"""Looks a store over: is the file whole, does content have its digest, does everything belong.

Only reads. What it finds is told as a report; nothing is repaired here.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from weave_lite.core import digest as digests
from weave_lite.core import jsontext
from weave_lite.core.errors import StoreBusyError, StoreError
from weave_lite.trace_server.store import index_checks
from weave_lite.trace_server.store.connections import connect, error_of_ours, is_busy
from weave_lite.trace_server.store.ddl import SCHEMA_VERSION
from weave_lite.trace_server.store.older_store import prepare_look

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Finding", "Report", "examine"]

# Older versions may, rarely, lose the header of a log that is reset while another process writes.
_SOUND_SQLITE: Final = (3, 51, 3)
_MAX_MESSAGES: Final = 20

# What points nowhere: name, text, and a statement that counts it.
_ORPHANS: Final = (
    (
        "inputs_without_call",
        "inputs belong to no call",
        "SELECT count(*) FROM call_inputs WHERE pk NOT IN (SELECT pk FROM calls)",
    ),
    (
        "outputs_without_call",
        "outputs belong to no call",
        "SELECT count(*) FROM call_outputs WHERE pk NOT IN (SELECT pk FROM calls)",
    ),
    (
        "refs_without_call",
        "refs belong to no call",
        "SELECT count(*) FROM call_refs WHERE call NOT IN (SELECT pk FROM calls)",
    ),
    (
        "positions_without_row",
        "positions of tables name no row",
        'SELECT count(*) FROM table_positions WHERE "row" NOT IN (SELECT pk FROM table_rows)',
    ),
    (
        "positions_without_table",
        "positions belong to no table",
        'SELECT count(*) FROM table_positions WHERE "table" NOT IN (SELECT pk FROM tables)',
    ),
    (
        "calls_without_project",
        "calls belong to no project",
        "SELECT count(*) FROM calls WHERE project NOT IN (SELECT pk FROM projects)",
    ),
)
# An older store has no such table.
_HAS_INDEXES: Final = "SELECT count(*) FROM sqlite_schema WHERE name = 'path_indexes'"
_ENDS_WITHOUT_START: Final = (
    "SELECT count(*) FROM calls"
    " WHERE started_at IS NULL AND deleted_at IS NULL AND ended_at IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        name: A short name for programs.
        is_problem: Whether the store needs help; else it is only worth knowing.
        text: What it is, and the remedy where there is one.
        count: How many times.
    """

    name: str
    is_problem: bool
    text: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found in a store.

    Attributes:
        place: Path of the file.
        is_deep: Whether every page and every digest was looked at.
        findings: In the order of the checks.
    """

    place: str
    is_deep: bool
    findings: tuple[Finding, ...]

    @property
    def is_fine(self) -> bool:
        """Whether there is no problem."""
        return not any(finding.is_problem for finding in self.findings)


def examine(
    place: str, *, deep: bool = False, sqlite_version: tuple[int, ...] = sqlite3.sqlite_version_info
) -> Report:
    """Look a store over, while others may write it.

    Args:
        place: Absolute path of the file.
        deep: Check indexes against tables and compute every digest anew; reads all of the file.
        sqlite_version: The version of SQLite to judge; the one in use by default.

    Raises:
        StoreBusyError: Another program kept the store for itself for too long.
    """
    found = list(_sqlite(sqlite_version))
    try:
        immutable, version = prepare_look(place)
        if version < SCHEMA_VERSION:
            text = (
                f"the schema has version {version}; a program that opens the store upgrades it to"
                f" {SCHEMA_VERSION}, and keeps a copy"
            )
            found.append(Finding("older_schema", is_problem=False, text=text))
        with closing(connect(place, mode="ro", immutable=immutable)) as conn:
            conn.raw.execute("BEGIN")  # all checks see one state
            found.extend(_examine_content(conn.raw, deep))
    except StoreBusyError:
        raise
    except StoreError as error:
        found.append(Finding("file", is_problem=True, text=str(error)))
    except sqlite3.Error as error:
        if is_busy(error):
            raise error_of_ours(error, place) or error from error
        found.append(Finding("file", is_problem=True, text=str(error_of_ours(error, place))))
    return Report(place, deep, tuple(found))


def _sqlite(version: tuple[int, ...]) -> Iterator[Finding]:
    if version < _SOUND_SQLITE:
        yield Finding(
            "sqlite_version",
            is_problem=False,
            text=f"SQLite {'.'.join(map(str, version))} has a rare defect that can damage a store "
            "which several processes write (the WAL-reset defect); 3.51.3 and later do not",
        )


def _examine_content(raw: sqlite3.Connection, deep: bool) -> Iterator[Finding]:
    damage = list(_integrity(raw, deep))
    yield from damage
    if damage:  # on damaged pages the other checks say nothing
        return
    for name, text, count_sql in _ORPHANS:
        if count := _count(raw, count_sql):
            yield Finding(name, is_problem=True, text=f"{count} {text}", count=count)
    if count := _count(raw, _ENDS_WITHOUT_START):
        text = f"{count} calls have an end and no start; they are not shown until it comes"
        yield Finding("ends_without_start", is_problem=False, text=text, count=count)
    if _count(raw, _HAS_INDEXES):
        for text in index_checks.problems(raw, deep=deep):
            yield Finding("indexes", is_problem=True, text=text)
    if deep:
        for kind, labels in (
            ("objects", _wrong_values(raw, "objects", "object_id")),
            ("rows", _wrong_values(raw, "table_rows", "pk")),
            ("files", _wrong_files(raw)),
            ("tables", _wrong_tables(raw)),
        ):
            wrong = list(labels)
            if wrong:
                names = ", ".join(wrong[:_MAX_MESSAGES])
                text = f"{len(wrong)} {kind} do not have the content of their digest: {names}"
                yield Finding(f"{kind}_digest", is_problem=True, text=text, count=len(wrong))


def _integrity(raw: sqlite3.Connection, deep: bool) -> Iterator[Finding]:
    pragma = "integrity_check" if deep else "quick_check"
    is_damaged = False
    for (message,) in raw.execute(f"PRAGMA {pragma}({_MAX_MESSAGES})"):
        if message != "ok":
            yield Finding("integrity", is_problem=True, text=f"SQLite finds damage: {message}")
            is_damaged = True
    if is_damaged:
        remedy = (
            "restore it from a copy, or save what is readable with `weave-lite salvage FILE NEW`"
        )
        yield Finding("remedy", is_problem=True, text=remedy)


def _count(raw: sqlite3.Connection, sql: str) -> int:
    ((count,),) = raw.execute(sql).fetchall()
    return int(count)


def _wrong_values(raw: sqlite3.Connection, table: str, label: str) -> Iterator[str]:
    """Name the rows whose JSON value has another digest, by the rule of old or newer clients."""
    live = " WHERE deleted_at IS NULL" if table == "objects" else ""
    for name, digest, text in raw.execute(f"SELECT {label}, digest, val FROM {table}{live}"):  # noqa: S608 - our names
        try:
            value = jsontext.parse(text)
            is_right = digest in {digests.digest_json(value), digests.digest_json_sorted(value)}
        except ValueError:
            is_right = False
        if not is_right:
            yield f"{name}:{digest}"


def _wrong_files(raw: sqlite3.Connection) -> Iterator[str]:
    for name, digest, size, content in raw.execute(
        "SELECT name, digest, size_bytes, content FROM files"
    ):
        if digests.digest_bytes(content) != digest or len(content) != size:
            yield f"{name}:{digest}"


def _wrong_tables(raw: sqlite3.Connection) -> Iterator[str]:
    of_table = (
        'SELECT r.digest FROM table_positions AS p JOIN table_rows AS r ON r.pk = p."row"'
        ' WHERE p."table" = ? ORDER BY p.position'
    )
    for pk, digest, row_count in raw.execute("SELECT pk, digest, row_count FROM tables"):
        rows = [row for (row,) in raw.execute(of_table, (pk,))]
        if len(rows) != row_count or digests.digest_rows(rows) != digest:
            yield str(digest)
