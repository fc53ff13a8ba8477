"""Recent: a bounded dict that forgets its oldest entries. Any thread may use it."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["Recent"]

K = TypeVar("K")
V = TypeVar("V")


class Recent(dict[K, V]):
    """A dict of at most ``limit`` entries; the oldest go first.

    Args:
        limit: How many entries to keep.

    Example:
        >>> recent = Recent(2)
        >>> for n in range(3):
        ...     recent.put(n, str(n))
        >>> list(recent)
        [1, 2]
    """

    __slots__ = ("_limit",)

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def put(self, key: K, value: V) -> None:
        """Set an entry."""
        self[key] = value
        while len(self) > self._limit:
            try:
                del self[next(iter(self))]
            except (KeyError, RuntimeError, StopIteration):
                # Another thread is at it as well.
                return
