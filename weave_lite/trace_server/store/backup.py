"""Copies a store into another file, as it was at one moment, while others write."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from weave_lite.core.errors import StoreError, UsageError
from weave_lite.trace_server.store import migrate
from weave_lite.trace_server.store.connections import connect, connect_raw, error_of_ours

__all__ = ["copy_to"]

_LOGS: Final = ("-wal", "-shm")


def copy_to(place: str, target: str, *, force: bool = False) -> int:
    """Copy a store; the target appears whole or not at all.

    Args:
        place: Absolute path of the store.
        target: Absolute path of the copy.
        force: Replace a target that exists.

    Returns:
        The size of the copy in bytes.

    Raises:
        UsageError: The target exists, or is the store itself.
        StoreError: The store cannot be read, or the copy cannot be written.
    """
    if Path(target).exists() and Path(place).exists() and os.path.samefile(place, target):  # noqa: PTH121
        raise UsageError(f"{target!r} is the store itself; name another file")
    taken = [target, *(target + log for log in _LOGS)]
    if not force and any(os.path.lexists(name) for name in taken):
        raise UsageError(f"{target!r} exists already; name another file, or use --force")
    unfinished = f"{target}.{os.getpid()}.tmp"
    try:
        immutable = migrate.prepare_file(place, read_only=True)
        with (
            closing(connect(place, mode="ro", immutable=immutable)) as source,
            closing(connect_raw(unfinished, mode="rwc")) as copy,
        ):
            # In one step: between steps a writer would make the copy begin anew, without end.
            source.raw.backup(copy, pages=-1)
        for log in _LOGS:  # the log of a replaced store would be taken for that of the copy
            Path(target + log).unlink(missing_ok=True)
        os.replace(unfinished, target)  # noqa: PTH105 - a text, odd characters and all
    except sqlite3.Error as error:
        raise error_of_ours(error, place) or error from error
    except OSError as error:
        raise StoreError(f"cannot write {target!r}: {error.strerror or error}") from error
    finally:
        for name in (unfinished, *(unfinished + log for log in _LOGS)):
            with suppress(FileNotFoundError):
                Path(name).unlink()
    return Path(target).stat().st_size
