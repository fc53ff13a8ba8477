"""The driver with a fault in it: the N-th statement fails, or kills the process.

Only Python's own ``sqlite3.connect`` is replaced; the product knows nothing of it.
"""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["KINDS", "Fault", "fault_at", "kill_at"]


@dataclass(frozen=True)
class _Kind:
    code: int
    text: str
    # As SQLite does on a full disk: the transaction is gone when the error arrives.
    rolls_back: bool


KINDS = {
    "io": _Kind(sqlite3.SQLITE_IOERR_WRITE, "disk I/O error", rolls_back=False),
    "full": _Kind(sqlite3.SQLITE_FULL, "database or disk is full", rolls_back=True),
    "busy": _Kind(sqlite3.SQLITE_BUSY, "database is locked", rolls_back=False),
}


@dataclass
class Fault:
    """Counts statements and strikes at one of them.

    Attributes:
        strike_at: Which statement is hit, from 1 on.
        strike: What happens then; gets the connection.
        seen: The statements until now.
    """

    strike_at: int
    strike: Callable[[sqlite3.Connection], None]
    seen: list[str] = field(default_factory=list)
    is_armed: bool = True

    @property
    def has_struck(self) -> bool:
        """Whether the statement was reached."""
        return len(self.seen) >= self.strike_at

    def is_hit(self, statement: str) -> bool:
        """Count a statement; tell whether it is the one."""
        if not self.is_armed:
            return False
        self.seen.append(statement)
        return len(self.seen) == self.strike_at


def _connection_class(fault: Fault) -> type[sqlite3.Connection]:
    class Cursor(sqlite3.Cursor):
        def execute(self, statement: str, *values: Any) -> Cursor:
            if fault.is_hit(statement):
                fault.strike(self.connection)
            super().execute(statement, *values)
            return self

        def executemany(self, statement: str, values: Any) -> Cursor:
            if fault.is_hit(statement):
                # The first half of the rows is in when it fails.
                rows: Sequence[Any] = list(values)
                super().executemany(statement, rows[: len(rows) // 2])
                fault.strike(self.connection)
            super().executemany(statement, values)
            return self

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Cursor:
            return super().cursor(Cursor)

        def execute(self, statement: str, *values: Any) -> Cursor:
            return self.cursor().execute(statement, *values)

        def executemany(self, statement: str, values: Any) -> Cursor:
            return self.cursor().executemany(statement, values)

    return Connection


@contextmanager
def _installed(fault: Fault) -> Iterator[Fault]:
    opened = sqlite3.connect
    made = _connection_class(fault)

    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        return opened(*args, **{**options, "factory": made})

    with mock.patch.object(sqlite3, "connect", connect):
        try:
            yield fault
        finally:
            # A connection of a pool that is used later must be sound.
            fault.is_armed = False


@contextmanager
def fault_at(number: int, kind: str = "io") -> Iterator[Fault]:
    """Let the N-th statement of new connections fail as a disk or a lock would."""
    chosen = KINDS[kind]

    def strike(raw: sqlite3.Connection) -> None:
        if chosen.rolls_back and raw.in_transaction:
            sqlite3.Connection.rollback(raw)
        error = sqlite3.OperationalError(chosen.text)
        error.sqlite_errorcode = chosen.code
        raise error

    with _installed(Fault(number, strike)) as fault:
        yield fault


@contextmanager
def kill_at(number: int) -> Iterator[Fault]:
    """Let the process die without any exit handler at the N-th statement of new connections."""
    with _installed(Fault(number, lambda _: os.kill(os.getpid(), signal.SIGKILL))) as fault:
        yield fault
