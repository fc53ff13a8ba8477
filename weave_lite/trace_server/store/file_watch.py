"""Whether the file of a store is still the one that was opened. Knows paths, no database.

SQLite goes on writing into a file that was deleted or moved away: every commit works, and all of it
is gone with the process.
"""

from __future__ import annotations

import os
import time
from typing import Final

from weave_lite.core.errors import StoreError

__all__ = ["LOOK_EVERY_S", "FileWatch"]

# Asking the system at every read and write would make small ones half as fast again.
LOOK_EVERY_S: Final = 0.05


class FileWatch:
    """Remembers which file is at a path.

    Args:
        path: The store's file, which exists; None for a store that has no file.
    """

    __slots__ = ("_inode", "_look_at", "_path")

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._inode = None if path is None else _inode(path)
        self._look_at = time.monotonic() + LOOK_EVERY_S

    def check(self, *, at_once: bool = False) -> None:
        """Make sure that the file is still there, and still the same, as of a moment ago.

        Args:
            at_once: As of now; after something was opened by the path.

        Raises:
            StoreError: It was moved or deleted, or another file took its place.
        """
        if self._path is None or (time.monotonic() < self._look_at and not at_once):
            return
        inode = _inode(self._path)
        if inode is None:
            raise StoreError(
                f"the store {self._path!r} was moved or deleted while it was in use; "
                "put it back, or start the program again to begin a new one"
            )
        if inode != self._inode:
            raise StoreError(
                f"the store {self._path!r} was replaced by another file while it was in use; "
                "put the old file back, or start the program again to use the new one"
            )
        self._look_at = time.monotonic() + LOOK_EVERY_S


def _inode(path: str) -> int | None:
    try:
        return os.stat(path).st_ino  # noqa: PTH116 - the path is a text, odd characters and all
    except OSError:
        return None
