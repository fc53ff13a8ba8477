"""The clock: instants as integers, microseconds since the epoch in UTC.

The source is replaceable, so that tests can step it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator

__all__ = ["from_micros", "now_micros", "replaced_clock", "to_micros", "wall_micros"]


def wall_micros(_time_ns: Callable[[], int] = time.time_ns) -> int:
    """Read the system's clock, in microseconds since the epoch."""
    return _time_ns() // 1000


_source: Callable[[], int] = wall_micros


def now_micros() -> int:
    """Read the current source (the system's clock unless a test replaced it), in microseconds."""
    return _source()


@contextmanager
def replaced_clock(source: Callable[[], int]) -> Iterator[None]:
    """Read all times of the process from ``source`` (microseconds) inside the block. For tests."""
    global _source  # noqa: PLW0603 - the one replaceable source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


def to_micros(moment: dt.datetime) -> int:
    """Turn a datetime into microseconds since the epoch; one without zone counts as UTC.

    Example:
        >>> import datetime
        >>> to_micros(datetime.datetime(1970, 1, 1, 0, 0, 1))
        1000000
    """
    import datetime as dt  # noqa: PLC0415 - kept out of the import of the decorators

    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    # Integer arithmetic: a float timestamp loses microseconds.
    delta = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(micros: int) -> dt.datetime:
    """Turn microseconds since the epoch into an aware datetime in UTC.

    Example:
        >>> from_micros(1_000_001).isoformat()
        '1970-01-01T00:00:01.000001+00:00'
    """
    import datetime as dt  # noqa: PLC0415 - kept out of the import of the decorators

    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return epoch + dt.timedelta(microseconds=micros)
