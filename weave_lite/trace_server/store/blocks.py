"""The context managers of a store: a write transaction, and a snapshot to read."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING

from weave_lite.trace_server.store import time_limit
from weave_lite.trace_server.store.connections import error_of_ours

if TYPE_CHECKING:
    from types import TracebackType

    from weave_lite.trace_server.store.connections import StoreConnection
    from weave_lite.trace_server.store.engine import Store

__all__ = ["ReadBlock", "WriteBlock"]


class WriteBlock:
    """The context manager of a write transaction."""

    __slots__ = ("_store",)

    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> StoreConnection:
        return self._store._begin()  # noqa: SLF001 - a part of the store

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._store._end(error)  # noqa: SLF001


class ReadBlock:
    """The context manager of a snapshot."""

    __slots__ = ("_conn", "_pid", "_store")
    _conn: StoreConnection
    _pid: int

    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> StoreConnection:
        store = self._store
        try:
            if store.is_memory:
                store._lock.acquire()  # noqa: SLF001
                try:
                    self._conn = store._open_writer()  # noqa: SLF001
                except BaseException:
                    store._lock.release()  # noqa: SLF001
                    raise
            else:
                self._pid = os.getpid()
                self._conn = store._take_reader()  # noqa: SLF001
        except sqlite3.Error as error:
            raise error_of_ours(error, store.place) or error from error
        if store.time_limit_s is not None:
            time_limit.start(self._conn.raw, store.time_limit_s)
        return self._conn

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        store = self._store
        if store.is_memory:
            store._lock.release()  # noqa: SLF001
        else:
            store._give_back_reader(self._conn, self._pid)  # noqa: SLF001
        ours = error_of_ours(error, store.place)
        if ours is not None:
            raise ours from error
