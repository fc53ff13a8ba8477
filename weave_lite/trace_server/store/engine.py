"""A store: one file (or memory), its connections, transactions and checkpoints.

One connection writes, guarded by a lock; others read, each with its own snapshot. Knows no tables.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from weave_lite.core.errors import StoreError, UsageError
from weave_lite.trace_server.store import connections, fork, memory_image, migrate
from weave_lite.trace_server.store.blocks import ReadBlock, WriteBlock
from weave_lite.trace_server.store.connections import (
    MEMORY,
    WAL_LIMIT_BYTES,
    connect,
    error_of_ours,
)
from weave_lite.trace_server.store.file_watch import FileWatch

if TYPE_CHECKING:
    from pathlib import Path

    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["Store"]

_logger = logging.getLogger("weave_lite")
_MAX_IDLE_READERS: Final = 8
_CHANGES_A_LOOK: Final = 16  # changed rows until the size of the log is looked at
# How long one attempt of a writer waits. SQLite itself would sleep longer and longer between looks
# at the lock and so starve beside a process that writes all the time.
_ATTEMPT_S: Final = 0.005


class Store:
    """A file that is open. Made by :meth:`open`; shared by all threads of a process.

    Args:
        place: Absolute path of the file, or ``":memory:"``.
        durability: ``"normal"`` or ``"full"``.
        read_only: Refuse every write.
        immutable: Nobody writes the file, and nobody can.

    Attributes:
        time_limit_s: How long SQLite may work for one read block; None is no limit.
    """

    def __init__(self, place: str, durability: str, *, read_only: bool, immutable: bool) -> None:
        self.place = place
        self.is_memory = place == MEMORY
        self.read_only = read_only
        self.time_limit_s: float | None = None
        self._durability = durability
        self._immutable = immutable
        self._file = FileWatch(None if self.is_memory else place)
        self._lock = threading.RLock()
        self._writer: StoreConnection | None = None
        # Set with the writer: finding it through the connection at every step is slow.
        self._writer_state: StoreConnection
        self._depth = 0
        self._idle: deque[StoreConnection] = deque()
        self._is_open = True
        self._checkpoint_at_bytes = WAL_LIMIT_BYTES
        self._changes_at_look = 0
        fork.watch(self)

    @classmethod
    def open(
        cls, place: str | Path, *, durability: str = "normal", read_only: bool = False
    ) -> Self:
        """Open a store; make the file, or upgrade an older one, unless it is read-only.

        Args:
            place: Path of the file, or ``":memory:"``. Its folder must exist.
            durability: ``"normal"`` keeps the file intact at power loss, ``"full"`` also the last
                commits.
            read_only: Never write; the file must exist.

        Raises:
            UsageError: ``durability`` is neither, or ``place`` is not a path.
            StoreError: The file is not ours, is damaged, or cannot be opened.
            SchemaVersionError: A newer release wrote it.
        """
        if durability not in {"normal", "full"}:
            raise UsageError(f"durability must be 'normal' or 'full', not {durability!r}")
        path = _path_text(place)
        immutable = False
        if path != MEMORY:
            path = os.path.abspath(path)  # noqa: PTH100 - links stay as they are
            try:
                immutable = migrate.prepare_file(path, read_only=read_only)
            except (sqlite3.Error, UnicodeEncodeError) as error:
                raise error_of_ours(error, path) or error from error
        elif read_only:
            raise UsageError("a store in memory cannot be read-only; name a file")
        store = cls(path, durability, read_only=read_only, immutable=immutable)
        if store.is_memory:
            memory_image.fill(store._open_writer().raw)
        else:
            with store.read() as conn:
                conn.raw.execute("SELECT count(*) FROM projects").fetchall()
        return store

    def write(self) -> WriteBlock:
        """Open a write transaction: committed at the end of the block, rolled back on an error.

        A block inside a block of the same thread is a part of it that can fail on its own.

        Raises:
            StoreBusyError: Another process kept the write lock for too long.
            StoreError: The store cannot be written.
        """
        return WriteBlock(self)

    def read(self) -> ReadBlock:
        """Take a connection that sees one snapshot of the store for the length of the block.

        In memory there is one connection only: then the block is held under the lock and sees
        what an enclosing write block has done.

        Raises:
            StoreError: The store cannot be read.
        """
        return ReadBlock(self)

    def checkpoint(self) -> bool:
        """Write the log back into the file and cut it, unless that would make others wait.

        Returns:
            Whether all of the log was written back.
        """
        if self.is_memory or self.read_only:
            return True
        with self._lock:
            return self._depth == 0 and self._checkpoint(self._open_writer().raw)

    def close(self) -> None:
        """Close all connections. A stream in progress ends its own later."""
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
            if self._writer is not None and not self.is_memory:
                self._checkpoint(self._writer_state.raw)
            self._close_connections()

    # --- writing ---

    def _open_writer(self) -> StoreConnection:
        if self._writer is None:
            if not self._is_open:
                raise StoreError(f"the store {self.place!r} is closed; open it again")
            if self.read_only:
                raise StoreError(
                    f"the store {self.place!r} was opened read-only; open it without read_only"
                )
            opened = connect(self.place, durability=self._durability, timeout_s=_ATTEMPT_S)
            self._file.check(at_once=True)  # else it would write into what took the file's place
            self._writer = self._writer_state = opened
        return self._writer

    def _begin(self) -> StoreConnection:
        """Enter a write block: take the lock and the file's write lock."""
        self._lock.acquire()
        try:
            if not self._depth:
                self._file.check()
            writer = self._open_writer()
            raw = self._writer_state.raw
            if self._depth:
                raw.execute("SAVEPOINT block")
            else:
                if raw.in_transaction:  # an interrupt struck between BEGIN and the block
                    raw.execute("ROLLBACK")
                _begin_immediate(raw)
            self._depth += 1
        except BaseException as error:
            self._lock.release()
            ours = error_of_ours(error, self.place)
            if ours is not None:
                raise ours from error
            raise
        return writer

    def _end(self, error: BaseException | None) -> None:
        """Leave a write block: commit or roll back, then let go of the locks."""
        try:
            self._depth -= 1
            if self._writer is None:  # the child of a fork inside the block: not its transaction
                return
            raw = self._writer_state.raw
            if error is not None:
                self._roll_back(raw)
                self._writer_state.forget()
            elif self._depth:
                raw.execute("RELEASE block")
            else:
                self._commit(raw)
        except BaseException as failure:
            self._writer_state.forget()
            ours = error_of_ours(failure, self.place)
            if ours is not None:
                raise ours from failure
            raise
        finally:
            self._lock.release()
        ours = error_of_ours(error, self.place)
        if ours is not None:
            raise ours from error

    def _commit(self, raw: sqlite3.Connection) -> None:
        try:
            raw.execute("COMMIT")
        except sqlite3.Error:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            raise
        # Asking the system for the size of the log after every small commit would cost too much.
        if raw.total_changes - self._changes_at_look >= _CHANGES_A_LOOK and not self.is_memory:
            self._changes_at_look = raw.total_changes
            if self._log_size_bytes() > self._checkpoint_at_bytes:
                self._checkpoint(raw)

    def _roll_back(self, raw: sqlite3.Connection) -> None:
        # SQLite may have rolled back by itself, as it does on a full disk.
        if raw.in_transaction and self._depth:
            raw.execute("ROLLBACK TO block")
            raw.execute("RELEASE block")
        elif raw.in_transaction:
            raw.execute("ROLLBACK")

    def _checkpoint(self, raw: sqlite3.Connection) -> bool:
        """Write the log back and cut it; who reads or writes just now is not waited for."""
        is_done = False
        try:
            ((is_hindered, _, _),) = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            is_done = not is_hindered
        except sqlite3.Error as error:
            # What was committed is safe in the log; a later commit tries again.
            _logger.debug("checkpoint of %s failed: %s", self.place, error)
        # After a checkpoint that readers hindered, the log may grow as much again before the next.
        self._checkpoint_at_bytes = (0 if is_done else self._log_size_bytes()) + WAL_LIMIT_BYTES
        return is_done

    def _log_size_bytes(self) -> int:
        with suppress(OSError):
            return os.stat(self.place + "-wal").st_size  # noqa: PTH116 - a text, odd characters and all
        return 0

    # --- reading ---

    def _take_reader(self) -> StoreConnection:
        if not self._is_open:
            raise StoreError(f"the store {self.place!r} is closed; open it again")
        self._file.check()
        try:
            conn = self._idle.pop()
        except IndexError:
            conn = connect(
                self.place,
                durability=self._durability,
                mode="ro" if self.read_only else "rw",
                immutable=self._immutable,
            )
            self._file.check(at_once=True)
            conn.raw.execute("PRAGMA query_only = ON")
        conn.raw.execute("BEGIN")
        return conn

    def _give_back_reader(self, conn: StoreConnection, pid: int) -> None:
        if pid != os.getpid():  # taken before a fork
            fork.leak(conn)
            return
        raw = conn.raw
        if raw.in_transaction:
            with suppress(sqlite3.Error):  # what was read is right; this connection is not
                raw.execute("COMMIT")
        if self._is_open and not raw.in_transaction and len(self._idle) < _MAX_IDLE_READERS:
            self._idle.append(conn)
        else:
            conn.close()

    # --- fork ---

    def quiesce(self) -> None:
        """Before a fork: wait for the writer, and close what is not in use.

        SQLite must not be carried over a fork: its file locks belong to the parent, and a
        connection in the child would believe to hold them.
        """
        self._lock.acquire()
        if not self.is_memory and self._depth == 0:
            self._close_connections()

    def resume(self, *, is_child: bool) -> None:
        """After a fork: go on, with new connections when they are needed."""
        if is_child and not self.is_memory:
            if self._writer is not None:
                fork.leak(self._writer)
                self._writer = None
            fork.leak(*self._idle)
            self._idle.clear()
        self._lock.release()

    def _close_connections(self) -> None:
        while self._idle:
            self._idle.pop().close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _path_text(place: object) -> str:
    text = str(place) if isinstance(place, (str, os.PathLike)) else ""
    if not text.strip() or "\0" in text:
        raise UsageError(f"the place of a store must be a path or {MEMORY!r}, not {place!r}")
    return text


def _begin_immediate(raw: sqlite3.Connection) -> None:
    """Take the write lock. A plain BEGIN could fail later, when another process writes between."""
    deadline = 0.0
    while True:
        try:
            raw.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            now = time.monotonic()
            deadline = deadline or now + connections.BUSY_TIMEOUT_S
            if not connections.is_busy(error) or now > deadline:
                raise
        else:
            return
