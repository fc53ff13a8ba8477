"""Opens a store only to look at it, also one of an earlier schema, which a program would upgrade."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from weave_lite.core.errors import SchemaVersionError
from weave_lite.trace_server.store import migrate
from weave_lite.trace_server.store.connections import connect, is_busy
from weave_lite.trace_server.store.ddl import SCHEMA_VERSION

__all__ = ["prepare_look"]


def prepare_look(place: str) -> tuple[bool, int]:
    """Check a file without writing it.

    Args:
        place: Absolute path of the file.

    Returns:
        Whether it must be opened as immutable, and the version of its schema.

    Raises:
        StoreError: The file is not ours, is damaged or missing.
        SchemaVersionError: A newer release wrote it.
    """
    try:
        return migrate.prepare_file(place, read_only=True), SCHEMA_VERSION
    except SchemaVersionError as error:
        version = int(error.found)
        if version > SCHEMA_VERSION:
            raise
    try:
        with closing(connect(place, mode="ro")) as conn:
            conn.raw.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    except sqlite3.OperationalError as error:
        if is_busy(error):
            raise
        return True, version  # in a folder that cannot be written there is no place for a log
    return False, version
