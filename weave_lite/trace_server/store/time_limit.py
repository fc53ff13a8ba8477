"""How long SQLite may work for one reader, for those who read on behalf of strangers."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

__all__ = ["start"]

# SQLite asks after so many of its steps, which take microseconds, or seconds where each reads a
# large JSON text.
_STEPS: Final = 1_000
# A longer pause between two questions may have been spent outside of SQLite, by whoever takes the
# rows; then only the thread's own clock tells.
_PAUSE_S: Final = 0.02


def start(raw: sqlite3.Connection, limit_s: float) -> None:
    """Stop what a connection runs once SQLite has worked for so long; counts from here on.

    The statement then fails with SQLITE_INTERRUPT.

    Args:
        raw: The driver's connection.
        limit_s: Seconds of work, not of waiting for whoever takes the rows.
    """
    worked_s = 0.0
    thread, last, last_cpu = threading.get_ident(), time.monotonic(), time.thread_time()

    def is_over() -> bool:
        nonlocal worked_s, thread, last, last_cpu
        now_thread, now, now_cpu = threading.get_ident(), time.monotonic(), time.thread_time()
        if now - last < _PAUSE_S:
            worked_s += now - last
        elif now_thread == thread:
            worked_s += now_cpu - last_cpu
        thread, last, last_cpu = now_thread, now, now_cpu
        return worked_s > limit_s

    raw.set_progress_handler(is_over, _STEPS)
