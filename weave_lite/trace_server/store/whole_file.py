"""Puts a finished file under its name: whole or not at all, also when the power fails."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from weave_lite.core.errors import UsageError

__all__ = ["check_free", "publish", "remove", "unfinished_name"]

_LOGS: Final = ("-wal", "-shm")


def check_free(target: str, remedy: str = "name another file") -> None:
    """Refuse a name that is taken, or beside which the log of another store lies.

    Raises:
        UsageError: It is.
    """
    if any(os.path.lexists(name) for name in (target, *(target + log for log in _LOGS))):
        raise UsageError(f"{target!r} exists already; {remedy}")


def unfinished_name(target: str) -> str:
    """Name the file to write until it is finished; in the same folder, so that it can be renamed."""
    return f"{target}.{os.getpid()}.tmp"


def publish(unfinished: str, target: str) -> None:
    """Give a finished file its name.

    Raises:
        OSError: The folder or the disk refuses.
    """
    _sync(unfinished)
    for log in _LOGS:  # the log of a replaced store would be taken for that of the new file
        Path(target + log).unlink(missing_ok=True)
    os.replace(unfinished, target)  # noqa: PTH105 - a text, odd characters and all
    # A folder cannot be opened on every system; there the rename is as safe as it can be.
    with suppress(OSError):
        _sync(str(Path(target).parent))


def remove(unfinished: str) -> None:
    """Delete what is left of a file that was not finished."""
    for name in (unfinished, *(unfinished + log for log in _LOGS), unfinished + "-journal"):
        with suppress(OSError):
            Path(name).unlink()


def _sync(path: str) -> None:
    # A file must be writable to be synced on some systems, a folder must not be.
    flags = os.O_RDONLY if Path(path).is_dir() else os.O_RDWR
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
