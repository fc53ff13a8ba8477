"""Ids of calls and traces: UUID version 7 in lower-case text, so they sort by time of making.

The source is replaceable, so that tests can count instead.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["new_id", "replaced_ids", "uuid7_text"]

if sys.version_info >= (3, 14):
    from uuid import uuid7 as _uuid7
else:
    from uuid_utils import uuid7 as _uuid7


def uuid7_text() -> str:
    """Make a UUIDv7 as text of 36 characters.

    Example:
        >>> len(uuid7_text())
        36
    """
    return str(_uuid7())


_source: Callable[[], str] = uuid7_text


def new_id() -> str:
    """Take the next id from the current source (UUIDv7 unless a test replaced it)."""
    return _source()


@contextmanager
def replaced_ids(source: Callable[[], str]) -> Iterator[None]:
    """Take all ids of the process from ``source`` inside the block. For tests."""
    global _source  # noqa: PLW0603 - the one replaceable source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before
