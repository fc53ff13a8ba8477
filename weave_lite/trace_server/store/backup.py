"""Copies a store into another file, as it was at one moment, while others write."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from weave_lite.core.errors import StoreError, UsageError
from weave_lite.trace_server.store import whole_file
from weave_lite.trace_server.store.connections import connect, connect_raw, error_of_ours
from weave_lite.trace_server.store.older_store import prepare_look

__all__ = ["copy_to"]


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
    if not force:
        whole_file.check_free(target, "name another file, or use --force")
    unfinished = whole_file.unfinished_name(target)
    try:
        immutable, _ = prepare_look(place)
        with (
            closing(connect(place, mode="ro", immutable=immutable)) as source,
            closing(connect_raw(unfinished, mode="rwc")) as copy,
        ):
            # In one step: between steps a writer would make the copy begin anew, without end.
            source.raw.backup(copy, pages=-1)
        whole_file.publish(unfinished, target)
    except sqlite3.Error as error:
        raise error_of_ours(error, place) or error from error
    except OSError as error:
        raise StoreError(f"cannot write {target!r}: {error.strerror or error}") from error
    finally:
        whole_file.remove(unfinished)
    return Path(target).stat().st_size
