"""One connection to a store: how it is opened, what it remembers, how its errors become ours.

Knows no tables. The driver's own connection sends BEGIN and COMMIT; SQLAlchemy never does.
"""

from __future__ import annotations

import sqlite3
import weakref
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from weave_lite.core.errors import (
    InsertTooLarge,
    InvalidRequest,
    RequestTooLarge,
    StoreBusyError,
    StoreError,
    WeaveLiteError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from sqlalchemy import Connection

__all__ = [
    "BUSY_TIMEOUT_S",
    "MEMORY",
    "WAL_LIMIT_BYTES",
    "StoreConnection",
    "connect",
    "connect_raw",
    "error_of_ours",
    "errors_of_ours",
    "is_busy",
]

MEMORY: Final = ":memory:"
BUSY_TIMEOUT_S: Final = 10.0
# Beyond this the log is written back into the file. It also bounds what a reader looks through.
WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024

# What holds for one connection only, so that every connection must be told.
_PRAGMAS: Final = (
    # A corrupt page of a mapped file would kill the process instead of raising.
    "PRAGMA mmap_size = 0",
    # A schema somebody else wrote must not run functions of ours.
    "PRAGMA trusted_schema = OFF",
    # Checkpoints are made by one routine, see Store.
    "PRAGMA wal_autocheckpoint = 0",
    f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}",
    # In KiB: large enough for the ends of all indexes, small enough for a flat iteration.
    "PRAGMA cache_size = -4096",
)


class StoreConnection:
    """A connection of a store: the driver's own, and SQLAlchemy's over it once that is asked for.

    Writing runs prepared text on the driver's connection, so a program that only traces never loads
    SQLAlchemy. Remembers small integers by their text; these never change once committed. A
    rollback forgets them all, since some may be of rows that are gone.
    """

    __slots__ = (
        "__weakref__",
        "_core",
        "attribute_pks",
        "indexed",
        "op_pks",
        "project_pks",
        "raw",
    )

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        # A program need not close its store: newer Pythons would warn of what is then left open.
        # At the end of the process nothing is closed, since recorders may still write.
        weakref.finalize(self, raw.close).atexit = False
        self._core: Connection | None = None
        self.project_pks: dict[str, int] = {}
        self.op_pks: dict[str, int] = {}
        self.attribute_pks: dict[str, int] = {}
        # The version of the schema, and the indexes of paths in it by their paths.
        self.indexed: tuple[int, dict[str, int]] | None = None

    @property
    def core(self) -> Connection:
        """The connection of SQLAlchemy Core, in autocommit mode."""
        if self._core is None:
            from weave_lite.trace_server.store.core_engine import (  # noqa: PLC0415 - loads SQLAlchemy
                core_connection,
            )

            self._core = core_connection(self.raw)
        return self._core

    def forget(self) -> None:
        """Forget all integers."""
        self.project_pks.clear()
        self.op_pks.clear()
        self.attribute_pks.clear()
        self.indexed = None

    def close(self) -> None:
        """Close the connection, both faces of it."""
        if self._core is not None:
            self._core.close()
        self.raw.close()


def connect(
    place: str,
    *,
    durability: str = "normal",
    mode: str = "rw",
    immutable: bool = False,
    timeout_s: float = BUSY_TIMEOUT_S,
) -> StoreConnection:
    """Open a connection of a store.

    Args:
        place: Path of the file, or ``":memory:"``.
        durability: ``"normal"`` or ``"full"``.
        mode: ``"rw"`` or ``"ro"``.
        immutable: Promise SQLite that nobody writes; for a file in a folder that cannot be written.
        timeout_s: How long a statement waits for a lock of another connection.
    """
    raw = connect_raw(place, mode=mode, immutable=immutable, timeout_s=timeout_s)
    try:
        for pragma in _PRAGMAS:
            raw.execute(pragma)
        raw.execute(f"PRAGMA synchronous = {'FULL' if durability == 'full' else 'NORMAL'}")
        if mode == "ro":
            raw.execute("PRAGMA query_only = ON")
    except BaseException:
        raw.close()
        raise
    return StoreConnection(raw)


def connect_raw(
    place: str,
    *,
    mode: str = "rw",
    immutable: bool = False,
    timeout_s: float = BUSY_TIMEOUT_S,
) -> sqlite3.Connection:
    """Open the driver's connection, with no transaction control of its own."""
    target = place
    if place != MEMORY:
        # as_uri quotes every odd character, so that "?" and "#" stay part of the path.
        target = f"{Path(place).as_uri()}?mode={mode}{'&immutable=1' if immutable else ''}"
    return sqlite3.connect(
        target,
        uri=place != MEMORY,
        timeout=timeout_s,
        isolation_level=None,
        # A connection is used by one thread at a time, but not always by the same one.
        check_same_thread=False,
        cached_statements=256,
    )


def error_of_ours(error: BaseException | None, place: str) -> WeaveLiteError | None:
    """Turn an error of SQLite or SQLAlchemy into ours; None when it is something else.

    This is the only place where foreign errors are mapped.
    """
    # SQLAlchemy's errors carry the driver's.
    error = getattr(error, "orig", None) or error
    if isinstance(error, OverflowError):
        return InvalidRequest("a number in the request is beyond 64 bits; send it as text")
    if isinstance(error, UnicodeEncodeError):
        return InvalidRequest(
            "a text in the request has a lone surrogate, which UTF-8 cannot hold; "
            "encode it with errors='backslashreplace' first"
        )
    if not isinstance(error, sqlite3.Error):
        return None
    if is_busy(error):
        return StoreBusyError(
            f"the store {place!r} stayed locked by another process for {BUSY_TIMEOUT_S:g} s; "
            "end that process or try again"
        )
    code = _code(error)
    if code == sqlite3.SQLITE_INTERRUPT:
        return RequestTooLarge(
            "the request keeps the database busy for too long and was stopped; narrow its filter, "
            "ask for fewer rows, or give the path an index (weave-lite index add PATH)"
        )
    if code == sqlite3.SQLITE_TOOBIG or isinstance(error, sqlite3.DataError):
        return InsertTooLarge("a value is larger than SQLite's limit of 1 GB; store it as files")
    return StoreError(f"the store {place!r} {_REASONS.get(code) or f'failed: {error}'}")


@contextmanager
def errors_of_ours(place: str) -> Iterator[None]:
    """Turn errors of SQLite inside the block into ours; for what runs outside a store's blocks."""
    try:
        yield
    except sqlite3.Error as error:
        raise error_of_ours(error, place) or error from error


def is_busy(error: sqlite3.Error) -> bool:
    """Tell whether another connection holds a lock that was needed."""
    return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _code(error: sqlite3.Error) -> int:
    """Read SQLite's primary result code; errors of the driver itself have none."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


_REASONS: Final = {
    sqlite3.SQLITE_NOTADB: "is not a weave_lite store; name another path",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore it from a copy, or save what is readable with "
    "`weave-lite salvage FILE NEW`",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full; make room, then go on",
    sqlite3.SQLITE_READONLY: "cannot be written; check the rights of the file and its folder, or "
    "whether it was opened read-only",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and may be written",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error; check the disk",
}
