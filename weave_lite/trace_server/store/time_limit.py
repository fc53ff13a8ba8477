"""How long SQLite may work for one reader, for those who read on behalf of strangers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

__all__ = ["start"]

# SQLite asks after so many of its steps, which take about so long.
_STEPS: Final = 20_000
_STEPS_S: Final = 0.001
# A longer pause between two questions was spent outside of SQLite, by whoever takes the rows.
_PAUSE_S: Final = 0.02


def start(raw: sqlite3.Connection, limit_s: float) -> None:
    """Stop what a connection runs once SQLite has worked for so long; counts from here on.

    The statement then fails with SQLITE_INTERRUPT.

    Args:
        raw: The driver's connection.
        limit_s: Seconds of work, not of waiting for whoever takes the rows.
    """
    worked_s = 0.0
    last = time.monotonic()

    def is_over() -> bool:
        nonlocal worked_s, last
        now = time.monotonic()
        gap_s = now - last
        worked_s += gap_s if gap_s < _PAUSE_S else _STEPS_S
        last = now
        return worked_s > limit_s

    raw.set_progress_handler(is_over, _STEPS)
