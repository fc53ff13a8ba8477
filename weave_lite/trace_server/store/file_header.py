"""What the first bytes of a file tell: whether it is ours, whole, and of which schema version.

SQLite is not asked, because even a look at a foreign file could write next to it.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from weave_lite.core.errors import SchemaVersionError, StoreError
from weave_lite.trace_server.store.ddl import APPLICATION_ID, SCHEMA_VERSION

__all__ = ["FileHeader", "check_header", "check_version", "read_header"]

_MAGIC = b"SQLite format 3\x00"
_HEADER_SIZE_BYTES = 100
_MAX_PAGE_SIZE_BYTES = 65_536


class FileHeader(NamedTuple):
    """The header of a file that is not empty, and its length."""

    content: bytes
    size_bytes: int

    @property
    def application_id(self) -> int:
        """The mark of the program that owns the file."""
        return int.from_bytes(self.content[68:72], "big")

    @property
    def schema_version(self) -> int:
        """The version of the schema as of the last checkpoint."""
        return int.from_bytes(self.content[60:64], "big")

    @property
    def expected_size_bytes(self) -> int:
        """How long the file should be by its own account."""
        page_size = int.from_bytes(self.content[16:18], "big")
        if page_size == 1:
            page_size = _MAX_PAGE_SIZE_BYTES
        return page_size * int.from_bytes(self.content[28:32], "big")


def read_header(path: str) -> FileHeader | None:
    """Read the header of a file; None when there is no file or nothing in it.

    Raises:
        StoreError: The path cannot be read.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the path is a text, odd characters and all
            content = file.read(_HEADER_SIZE_BYTES)
            size_bytes = os.fstat(file.fileno()).st_size
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(
            f"the store {path!r} cannot be read ({error.strerror}); name a file that you may read"
        ) from error
    return FileHeader(content, size_bytes) if content else None


def check_header(path: str, header: FileHeader) -> None:
    """Refuse a file that is not ours, is damaged, or is of a newer release.

    Raises:
        StoreError: It is not a database, not one of ours, or cut off.
        SchemaVersionError: A newer release wrote it.
    """
    if len(header.content) < _HEADER_SIZE_BYTES or not header.content.startswith(_MAGIC):
        raise StoreError(
            f"{path!r} is not a weave_lite store but some other file; it was left as it is. "
            "Name another path"
        )
    if header.application_id != APPLICATION_ID:
        raise StoreError(
            f"{path!r} is a SQLite database of another program; it was left as it is. "
            "Name another path"
        )
    check_version(path, header.schema_version)
    if header.size_bytes < header.expected_size_bytes and not _is_being_written(path):
        again = read_header(path)
        if again is not None and again.size_bytes < again.expected_size_bytes:
            raise StoreError(
                f"the store {path!r} is cut off: {again.size_bytes} of {again.expected_size_bytes}"
                " bytes are there; it was left as it is. Restore it from a copy, or save what is "
                "readable with `weave-lite salvage FILE NEW`"
            )


def check_version(path: str, schema_version: int) -> None:
    """Refuse a schema that is newer than this release.

    Raises:
        SchemaVersionError: It is.
    """
    if schema_version > SCHEMA_VERSION:
        raise SchemaVersionError(
            f"the store {path!r} has schema version {schema_version}, but this release of "
            f"weave_lite knows versions up to {SCHEMA_VERSION}; it was left as it is. "
            "Upgrade weave_lite to open it",
            str(schema_version),
            str(SCHEMA_VERSION),
        )


def _is_being_written(path: str) -> bool:
    """Tell whether a journal or log stands beside the file, from which SQLite completes it."""
    for suffix in ("-journal", "-wal"):
        try:
            if os.stat(path + suffix).st_size:  # noqa: PTH116 - see read_header
                return True
        except OSError:
            continue
    return False
