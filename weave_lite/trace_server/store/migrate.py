"""Files and their schema: make a new one, refuse what is not ours, upgrade what is older.

alembic is imported by an upgrade only. Its revisions lie in ``alembic/`` of a checkout, which the
wheel carries as ``weave_lite/_alembic``.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from weave_lite.core.errors import SchemaVersionError, StoreError
from weave_lite.trace_server.store.connections import (
    BUSY_TIMEOUT_S,
    connect,
    connect_raw,
    is_busy,
)
from weave_lite.trace_server.store.ddl import (
    APPLICATION_ID,
    DDL,
    REVISION,
    SCHEMA_VERSION,
    STATISTICS,
)
from weave_lite.trace_server.store.file_header import check_header, check_version, read_header

if TYPE_CHECKING:
    from weave_lite.trace_server.store.connections import StoreConnection

__all__ = ["create_schema", "prepare_file", "scripts_folder", "upgrade"]

# Inputs of LLM calls are often 2 to 4 KB. A page of 4 KiB holds one of these and leaves the rest of
# it empty (measured: 5.6 KB a call in place of 4.3); larger pages make each small commit write more.
PAGE_SIZE_BYTES: Final = 8192


def prepare_file(path: str, *, read_only: bool) -> bool:
    """See that a path holds a store with the schema of this release.

    Args:
        path: Absolute path; what is not there is made, unless ``read_only``.
        read_only: Write nothing.

    Returns:
        Whether the file must be opened as immutable: nobody can write next to it.

    Raises:
        StoreError: The file is not ours, is damaged or missing, or its folder is.
        SchemaVersionError: A newer release wrote it, or an older one and it is read-only.
    """
    header = read_header(path)
    if header is None:
        _check_folder(path)
        if read_only:
            raise StoreError(f"there is no store {path!r} to read; check the path")
        _create_file(path)
        header = read_header(path)
        assert header is not None
    check_header(path, header)
    version, immutable = header.schema_version, False
    if read_only or _has_log(path):
        # The header may lag behind the log; and a read-only look leaves the file untouched.
        version, immutable = _look(path)
        check_version(path, version)
    if version < SCHEMA_VERSION:
        if read_only:
            raise SchemaVersionError(
                f"the store {path!r} has schema version {version}, and this release of weave_lite "
                f"needs {SCHEMA_VERSION}; open it once without read_only to upgrade it",
                str(version),
                str(SCHEMA_VERSION),
            )
        upgrade(path)
    return immutable


def create_schema(raw: sqlite3.Connection) -> None:
    """Make all tables on a connection that is inside a transaction, and mark the file as ours."""
    for statement in DDL.rstrip(";\n").split(";\n"):
        raw.execute(statement)
    raw.execute("ANALYZE")  # makes the table of statistics
    raw.executemany(
        "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('calls', ?, ?)", STATISTICS.items()
    )
    raw.execute("ANALYZE sqlite_schema")  # makes this connection read it
    raw.execute("INSERT INTO alembic_version (version_num) VALUES (?)", (REVISION,))
    raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    raw.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def upgrade(
    path: str,
    *,
    scripts: str | Path | None = None,
    target_version: int = SCHEMA_VERSION,
    target_revision: str = "head",
) -> None:
    """Bring an older file to a newer schema: copy it aside, then change it in one transaction.

    An upgrade that is broken off leaves the old schema, and the next one begins anew. When two
    processes upgrade at once, the second finds the work done.

    Args:
        path: Absolute path of the file.
        scripts: Folder of alembic's revisions; those of this release by default.
        target_version: The schema version that the revisions lead to.
        target_revision: Name of the last revision to run.
    """
    conn = connect(path)
    try:
        # Within a transaction of SQLAlchemy, alembic neither begins nor commits its own.
        with conn.core.begin():
            raw = conn.raw
            raw.execute("BEGIN IMMEDIATE")
            found = _version(raw)
            if found < target_version:
                try:
                    _copy_aside(path, found)
                except OSError as error:
                    raise StoreError(
                        f"the store {path!r} is not upgraded, because no copy can be made beside "
                        f"it: {error}; make the folder writable, or move the copy of before"
                    ) from error
                _run_revisions(
                    conn, Path(scripts) if scripts else scripts_folder(), target_revision
                )
                raw.execute(f"PRAGMA user_version = {target_version}")
    except Exception as error:
        # SQLAlchemy wraps the driver's errors; who opens a store knows only those.
        if isinstance(cause := getattr(error, "orig", None), sqlite3.Error):
            raise cause from error
        raise
    finally:
        conn.close()


def scripts_folder() -> Path:
    """Find alembic's revisions: inside the installed package, else beside it in the checkout."""
    package = Path(__file__).parents[2]
    shipped = package / "_alembic"
    return shipped if shipped.is_dir() else package.parent / "alembic"


def _create_file(path: str) -> None:
    """Make a file under SQLite's own lock, so that two processes may do it at once."""
    raw = connect_raw(path, mode="rwc")
    try:
        raw.execute(f"PRAGMA page_size = {PAGE_SIZE_BYTES}")
        raw.execute("BEGIN EXCLUSIVE")
        ((table_count,),) = raw.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        if not table_count:
            create_schema(raw)
        raw.execute("COMMIT")
        _turn_on_log(raw)
    finally:
        raw.close()


def _turn_on_log(raw: sqlite3.Connection) -> None:
    """Switch the file to a write-ahead log; it stays so. The switch itself never waits for others."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            raw.execute("PRAGMA journal_mode = WAL").fetchall()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.002)
        else:
            return


def _check_folder(path: str) -> None:
    folder = Path(path).parent
    if not folder.is_dir():
        raise StoreError(f"the folder {str(folder)!r} of the store does not exist; make it first")


def _has_log(path: str) -> bool:
    with contextlib.suppress(OSError):
        return Path(path + "-wal").stat().st_size > 0
    return False


def _look(path: str) -> tuple[int, bool]:
    """Read the schema version without writing; tell whether that needs the file to be immutable."""
    for immutable in (False, True):
        raw = connect_raw(path, mode="ro", immutable=immutable)
        try:
            return _version(raw), immutable
        except sqlite3.OperationalError:
            # A log needs an index beside the file. In a folder that cannot be written there is
            # none, and without a log none is needed.
            if immutable or _has_log(path):
                raise
        finally:
            raw.close()
    raise AssertionError


def _version(raw: sqlite3.Connection) -> int:
    ((version,),) = raw.execute("PRAGMA user_version").fetchall()
    # Reading a table finds damage that the header does not show.
    raw.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    return int(version)


def _copy_aside(path: str, version: int) -> None:
    """Copy the file as it was last committed to ``<path>.v<version>.bak``."""
    copy, unfinished = f"{path}.v{version}.bak", f"{path}.v{version}.tmp"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(unfinished)  # noqa: PTH108 - the path is a text, odd characters and all
    source = connect_raw(path, mode="ro")
    try:
        target = connect_raw(unfinished, mode="rwc")
        try:
            source.backup(target)
        finally:
            target.close()
    finally:
        source.close()
    os.replace(unfinished, copy)  # noqa: PTH105


def _run_revisions(conn: StoreConnection, scripts: Path, target_revision: str) -> None:
    # alembic costs 100 ms and is needed by upgrades only.
    from alembic.config import Config  # noqa: PLC0415

    from alembic import command  # noqa: PLC0415

    config = Config()
    # The value goes through configparser, where "%" is special.
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.attributes["connection"] = conn.core
    command.upgrade(config, target_revision)
