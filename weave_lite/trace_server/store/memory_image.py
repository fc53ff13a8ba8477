"""The empty store as an image, so that every store in memory but the first is a copy of pages.

Making the tables anew costs a millisecond, which a suite of tests would pay for each test.
"""

from __future__ import annotations

import sqlite3

from weave_lite.trace_server.store.migrate import create_schema

__all__ = ["fill"]

# Bytes and no connection: nothing is shared between threads, or with a forked process.
_image: bytes | None = None


def fill(raw: sqlite3.Connection) -> None:
    """Make the tables of a new store in memory."""
    global _image  # noqa: PLW0603 - made once in a process
    if not hasattr(raw, "deserialize"):  # an SQLite may be built without it
        _create(raw)
        return
    source = sqlite3.connect(":memory:")
    try:
        if _image is None:
            _create(source)
            _image = source.serialize()
        else:
            source.deserialize(_image)
        # A copy, since a deserialized store could not grow beyond a gigabyte.
        source.backup(raw)
    finally:
        source.close()


def _create(raw: sqlite3.Connection) -> None:
    raw.execute("BEGIN")
    create_schema(raw)
    raw.execute("COMMIT")
