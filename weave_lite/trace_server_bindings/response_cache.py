"""Answers kept on disk, by key, in one file of bounded size; the ones that were not asked for longest go.

Must not know what the answers are. A cache that fails is as good as an empty one: it never raises.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import sqlite3
import tempfile
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CacheCounts", "ResponseCache"]

T = TypeVar("T")

logger = logging.getLogger("weave_lite")
_FILE: Final = "responses.db"
# What a row takes beside the answer.
_OVERHEAD: Final = 200
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS answers (
  key BLOB PRIMARY KEY, scope TEXT NOT NULL, size INTEGER NOT NULL, used INTEGER NOT NULL,
  answer BLOB NOT NULL
) WITHOUT ROWID;
-- Which answers to drop, when there are too many.
CREATE INDEX IF NOT EXISTS answers_used ON answers (used, size);
-- Which answers to drop, when an object is deleted.
CREATE INDEX IF NOT EXISTS answers_scope ON answers (scope);
"""


class CacheCounts(NamedTuple):
    """What a cache did so far in this process."""

    hits: int = 0
    misses: int = 0
    errors: int = 0
    skips: int = 0


class ResponseCache:
    """A file of answers. Threads and processes may share it.

    Args:
        folder: Where the file is; None makes a folder that goes with the process.
        size_limit: Most bytes of answers; 0 keeps none.

    Example:
        >>> cache = ResponseCache(None, 1000)
        >>> cache.put("k", "of everything", b"answer")
        >>> cache.get("k")
        b'answer'
    """

    def __init__(self, folder: str | os.PathLike[str] | None, size_limit: int) -> None:
        self._limit = size_limit
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(CacheCounts._fields, 0)
        self._database: sqlite3.Connection | None = None
        self._pid = os.getpid()
        self._has_failed = False
        # Bytes of answers, as far as this process knows; None before it looked.
        self._size: int | None = None
        if folder is None:
            folder = tempfile.mkdtemp(prefix="weave_lite_cache_")
            weakref.finalize(self, _remove, folder, self._pid)
        self._folder = Path(folder).expanduser()

    @property
    def folder(self) -> Path:
        """Where the file is."""
        return self._folder

    def counts(self) -> CacheCounts:
        """Return what it did so far."""
        return CacheCounts(**self._counts)

    def skip(self) -> None:
        """Count a request that is not to be kept."""
        self._counts["skips"] += 1

    def get(self, key: str) -> bytes | None:
        """Return an answer; None when there is none."""
        found = self._guarded(lambda database: _read(database, key))
        self._counts["misses" if found is None else "hits"] += 1
        return found

    def put(self, key: str, scope: str, answer: bytes) -> None:
        """Keep an answer, and drop older ones that have no room beside it.

        Args:
            key: What was asked.
            scope: What :meth:`drop` names it by.
            answer: The answer.
        """
        size = len(answer) + _OVERHEAD
        if size <= self._limit:
            self._guarded(lambda database: self._write(database, key, scope, size, answer))

    def drop(self, scope: str) -> None:
        """Forget all answers of a scope."""
        self._guarded(
            lambda database: database.execute("DELETE FROM answers WHERE scope = ?", (scope,))
        )

    def fail(self, error: Exception) -> None:
        """Count a failure, and tell of the first one."""
        self._counts["errors"] += 1
        if not self._has_failed:
            self._has_failed = True
            logger.warning(
                "the cache of answers in %s fails, the trace server is asked instead: %s",
                self._folder,
                error,
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            database, self._database = self._database, None
            if database is not None and self._pid == os.getpid():
                database.close()

    def _guarded(self, action: Callable[[sqlite3.Connection], T]) -> T | None:
        try:
            with self._lock:
                return action(self._opened())
        except (sqlite3.Error, OSError) as error:
            self.fail(error)
            return None

    def _opened(self) -> sqlite3.Connection:
        if self._database is None or self._pid != os.getpid():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            database = sqlite3.connect(
                self._folder / _FILE, timeout=2, isolation_level=None, check_same_thread=False
            )
            # Whoever drops a cache without closing it leaves no handle behind.
            weakref.finalize(self, _close, database, os.getpid())
            # What is lost at power loss is asked for again.
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = OFF")
            database.executescript(_SCHEMA)
            self._database, self._pid = database, os.getpid()
        return self._database

    def _write(
        self, database: sqlite3.Connection, key: str, scope: str, size: int, answer: bytes
    ) -> None:
        row = (_hashed(key), scope, size, time.time_ns(), answer)
        database.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?)", row)
        self._size = _size(database) if self._size is None else self._size + size
        if self._size > self._limit:
            # Some room for the next ones, so that they need not look.
            self._size = _shrink(database, self._limit - self._limit // 10)


def _read(database: sqlite3.Connection, key: str) -> bytes | None:
    hashed = _hashed(key)
    row = database.execute("SELECT answer FROM answers WHERE key = ?", (hashed,)).fetchone()
    if row is None:
        return None
    database.execute("UPDATE answers SET used = ? WHERE key = ?", (time.time_ns(), hashed))
    answer: bytes = row[0]
    return answer


def _size(database: sqlite3.Connection) -> int:
    found: int = database.execute("SELECT COALESCE(SUM(size), 0) FROM answers").fetchone()[0]
    return found


def _shrink(database: sqlite3.Connection, limit: int) -> int:
    """Drop the answers that were not asked for longest; returns the bytes that are left."""
    size = _size(database)
    for key, freed in database.execute("SELECT key, size FROM answers ORDER BY used").fetchall():
        if size <= limit:
            break
        database.execute("DELETE FROM answers WHERE key = ?", (key,))
        size -= freed
    return size


def _hashed(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _close(database: sqlite3.Connection, pid: int) -> None:
    """Close a handle of the process that opened it; SQLite wants none to be taken through a fork."""
    if os.getpid() == pid:
        database.close()


def _remove(folder: str, pid: int) -> None:
    """Remove the folder of the process that made it; a child's copy of it is not the child's."""
    if os.getpid() == pid:
        shutil.rmtree(folder, ignore_errors=True)
