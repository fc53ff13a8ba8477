"""New files, older files, newer files, files that are not ours."""

from __future__ import annotations

import gzip
import hashlib
import multiprocessing
import os
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from weave_lite.core.errors import SchemaVersionError, StoreError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store import migrate
from weave_lite.trace_server.store.connections import connect, connect_raw
from weave_lite.trace_server.store.ddl import APPLICATION_ID, DDL, REVISION, SCHEMA_VERSION
from weave_lite.trace_server.store.engine import Store
from weave_lite.trace_server.store.projects import project_pk
from weave_lite.trace_server.store.schema import metadata

HELLO_DIGEST = "LPJNulXwow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ"


def one_line(statement):
    text = re.sub(r"\s+", " ", statement).strip().rstrip(";")
    return re.sub(r"\s*([(),])\s*", r"\1", text).replace('"', "")


def schema_of(path):
    raw = sqlite3.connect(path)
    try:
        return {
            name: one_line(statement)
            for name, statement in raw.execute("SELECT name, sql FROM sqlite_schema WHERE sql > ''")
        }
    finally:
        raw.close()


def statistics_of(path):
    raw = sqlite3.connect(path)
    try:
        return set(raw.execute("SELECT tbl, idx, stat FROM sqlite_stat1"))
    finally:
        raw.close()


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def fingerprint(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest(), Path(path).stat().st_mtime_ns


def make_old_file(path):
    """A store of schema version 0, as if it had been written before the first revision."""
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    raw.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    raw.execute("CREATE TABLE keepsakes (text TEXT)")
    raw.execute("INSERT INTO keepsakes VALUES ('kept')")
    raw.commit()
    raw.close()


NEXT_REVISION = """
from alembic import op
import sqlalchemy as sa

revision = "{revision}"
down_revision = "{down_revision}"

def upgrade():
    op.add_column("projects", sa.Column("note", sa.Text()))
    op.execute("UPDATE projects SET note = 'note of ' || project_id")
    {extra}
"""


NEXT_VERSION = SCHEMA_VERSION + 1
NEXT_NAME = f"{NEXT_VERSION:04}"


def next_scripts(tmp_path, extra="pass"):
    """The revisions of a later release: ours and one more."""
    folder = tmp_path / "scripts"
    shutil.copytree(migrate.scripts_folder(), folder)
    text = NEXT_REVISION.format(revision=NEXT_NAME, down_revision=REVISION, extra=extra)
    (folder / "versions" / f"{NEXT_NAME}_note.py").write_text(text)
    return folder


def stored_file(path, version):
    """A store that an earlier release wrote: two traces, two versions of an object, a dataset."""
    packed = Path(__file__).parents[1] / "data" / "stores" / f"v{version}.db.gz"
    path.write_bytes(gzip.decompress(packed.read_bytes()))


def filled_store(path):
    store = Store.open(path)
    with store.write() as conn:
        project_pk(conn, "acme/demo", create=True)
    store.close()


def test_ddl_equals_metadata():
    """The text for new files is what SQLAlchemy makes of the tables."""
    dialect = sqlite.dialect()
    expected = set()
    for table in metadata.sorted_tables:
        expected.add(one_line(str(CreateTable(table).compile(dialect=dialect))))
        expected |= {one_line(str(CreateIndex(i).compile(dialect=dialect))) for i in table.indexes}
    texts = {one_line(statement) for statement in DDL.split(";\n") if statement}
    assert {t for t in texts if "alembic_version" not in t} == expected


def test_revisions_equal_metadata(tmp_path):
    """All revisions from nothing lead to the tables; alembic sees no difference."""
    conn = connect(str(tmp_path / "new.db"), mode="rwc")
    migrate._run_revisions(conn, migrate.scripts_folder(), "head")
    context = MigrationContext.configure(conn.core, opts={"compare_type": True})
    assert compare_metadata(context, metadata) == []
    conn.close()


def test_revisions_equal_ddl(tmp_path):
    """A file that was upgraded has the same statements as a new one, partial indexes included."""
    conn = connect(str(tmp_path / "upgraded.db"), mode="rwc")
    migrate._run_revisions(conn, migrate.scripts_folder(), "head")
    conn.close()
    Store.open(tmp_path / "new.db").close()
    assert schema_of(tmp_path / "upgraded.db") == schema_of(tmp_path / "new.db")
    assert statistics_of(tmp_path / "upgraded.db") == statistics_of(tmp_path / "new.db")


def test_new_file_is_marked_and_stamped(tmp_path):
    """A new file carries our mark, the schema version and the newest revision."""
    Store.open(tmp_path / "new.db").close()
    raw = sqlite3.connect(tmp_path / "new.db")
    found = [
        raw.execute(text).fetchall()
        for text in (
            "PRAGMA application_id",
            "PRAGMA user_version",
            "PRAGMA journal_mode",
            "PRAGMA page_size",
            "SELECT version_num FROM alembic_version",
        )
    ]
    raw.close()
    expected = [APPLICATION_ID, SCHEMA_VERSION, "wal", migrate.PAGE_SIZE_BYTES, REVISION]
    assert found == [[(value,)] for value in expected]


def test_older_file_is_copied_and_upgraded(tmp_path):
    """Opening an older file upgrades it and leaves a copy beside it; what it held is there."""
    path = tmp_path / "old.db"
    make_old_file(path)
    Store.open(path).close()
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT text FROM keepsakes").fetchall() == [("kept",)]
    assert raw.execute("PRAGMA user_version").fetchall() == [(SCHEMA_VERSION,)]
    raw.close()
    assert set(schema_of(tmp_path / "old.db.v0.bak")) == {"alembic_version", "keepsakes"}


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_file_of_earlier_release(tmp_path, version):
    """A file of each earlier schema is upgraded to the schema of a new file, and reads as before."""
    path = tmp_path / "old.db"
    stored_file(path, version)
    with SqliteTraceServer(path) as server:
        calls = server.calls_query(tsi.CallsQueryReq(project_id="acme/demo")).calls
        objs = server.objs_query(tsi.ObjQueryReq(project_id="acme/demo")).objs
        text = server.file_content_read(
            tsi.FileContentReadReq(project_id="acme/demo", digest=HELLO_DIGEST)
        )
    Store.open(tmp_path / "new.db").close()
    assert [call.output for call in calls] == [12, 2, 4, 6, None, "aa"]
    assert [call.summary["weave"]["status"] for call in calls] == [
        *["success"] * 4,
        "error",
        "success",
    ]
    assert [obj.val for obj in objs if obj.object_id == "settings"] == [
        {"temperature": 0.5},
        {"temperature": 0.7},
    ]
    assert text.content == b"hello"
    assert schema_of(path) == schema_of(tmp_path / "new.db")
    assert statistics_of(path) == statistics_of(tmp_path / "new.db")


def test_next_revision_with_rows(tmp_path):
    """A later revision changes a file of this release that has rows in it."""
    path = str(tmp_path / "store.db")
    filled_store(path)
    migrate.upgrade(path, scripts=next_scripts(tmp_path), target_version=NEXT_VERSION)
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT project_id, note FROM projects").fetchall() == [
        ("acme/demo", "note of acme/demo")
    ]
    assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [(NEXT_NAME,)]
    raw.close()


def test_broken_upgrade_leaves_the_old_schema(tmp_path):
    """A revision that fails half-way is undone; the next attempt succeeds."""
    path = str(tmp_path / "store.db")
    filled_store(path)
    before = schema_of(path)
    scripts = next_scripts(tmp_path, extra="raise RuntimeError('power')")
    with pytest.raises(RuntimeError, match="power"):
        migrate.upgrade(path, scripts=scripts, target_version=NEXT_VERSION)
    assert schema_of(path) == before
    Store.open(path).close()
    shutil.rmtree(scripts)
    migrate.upgrade(path, scripts=next_scripts(tmp_path), target_version=NEXT_VERSION)
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA user_version").fetchall() == [(NEXT_VERSION,)]
    raw.close()


def test_upgrade_twice_is_done_once(tmp_path):
    """The second of two upgrades finds nothing to do."""
    path = str(tmp_path / "store.db")
    filled_store(path)
    scripts = next_scripts(tmp_path)
    migrate.upgrade(path, scripts=scripts, target_version=NEXT_VERSION)
    copy = fingerprint(f"{path}.v{SCHEMA_VERSION}.bak")
    migrate.upgrade(path, scripts=scripts, target_version=NEXT_VERSION)
    assert fingerprint(f"{path}.v{SCHEMA_VERSION}.bak") == copy


def test_newer_file_is_refused_untouched(tmp_path):
    """A file of a newer release is not opened, and not a byte of it changes."""
    path = tmp_path / "newer.db"
    filled_store(path)
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA user_version = 7")
    raw.close()
    before = fingerprint(path)
    with pytest.raises(SchemaVersionError, match="Upgrade weave_lite") as caught:
        Store.open(path)
    assert (caught.value.found, caught.value.expected) == ("7", str(SCHEMA_VERSION))
    assert fingerprint(path) == before
    assert names_in(tmp_path) == ["newer.db"]


def test_newer_file_is_refused_while_its_version_is_in_the_log(tmp_path):
    """The version counts that was committed last, though the header does not show it yet."""
    path = str(tmp_path / "newer.db")
    filled_store(path)
    raw = connect_raw(path)
    raw.execute("PRAGMA user_version = 7")
    with pytest.raises(SchemaVersionError):
        Store.open(path)
    raw.close()


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize(
    "content", [b"hello, this is not a database", b"x" * 5000, b"SQLite format 3\x00", b"\x00"]
)
def test_other_file_is_refused_untouched(tmp_path, content, read_only):
    """A file that is no database is refused and stays as it is."""
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    before = fingerprint(path)
    with pytest.raises(StoreError, match=r"notes\.txt"):
        Store.open(path, read_only=read_only)
    assert fingerprint(path) == before
    assert names_in(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_foreign_database_is_refused_untouched(tmp_path, journal):
    """A SQLite database of another program is refused and stays as it is."""
    path = tmp_path / "foreign.db"
    raw = sqlite3.connect(path)
    raw.execute(f"PRAGMA journal_mode = {journal}")
    raw.execute("CREATE TABLE calls (id)")
    raw.commit()
    raw.close()
    before = fingerprint(path)
    with pytest.raises(StoreError, match="another program"):
        Store.open(path)
    assert fingerprint(path) == before
    assert names_in(tmp_path) == ["foreign.db"]


@pytest.mark.parametrize("kept_bytes", [101, 8192, 20000])
def test_truncated_file_is_refused_untouched(tmp_path, kept_bytes):
    """A store that was cut off is refused with what is missing, and stays as it is."""
    path = tmp_path / "store.db"
    filled_store(path)
    path.write_bytes(path.read_bytes()[:kept_bytes])
    before = fingerprint(path)
    with pytest.raises(StoreError, match="cut off"):
        Store.open(path)
    assert fingerprint(path) == before
    assert names_in(tmp_path) == ["store.db"]


def test_damaged_file_is_named(tmp_path):
    """A store whose pages are overwritten is refused as damaged."""
    path = tmp_path / "store.db"
    filled_store(path)
    content = path.read_bytes()
    path.write_bytes(content[:100] + b"\xff" * (len(content) - 100))
    with pytest.raises(StoreError, match=r"store\.db.*damaged"):
        Store.open(path)


def test_folder_must_exist(tmp_path):
    """A missing folder is named."""
    with pytest.raises(StoreError, match="no-such-folder"):
        Store.open(tmp_path / "no-such-folder" / "store.db")


def test_folder_is_no_store(tmp_path):
    """A folder in place of a file is refused."""
    with pytest.raises(StoreError, match="cannot be read"):
        Store.open(tmp_path)


def test_read_only_needs_a_file(tmp_path):
    """Opening nothing for reading makes nothing."""
    with pytest.raises(StoreError, match="no store"):
        Store.open(tmp_path / "none.db", read_only=True)
    assert names_in(tmp_path) == []


def test_empty_file_becomes_a_store(tmp_path):
    """A file with nothing in it, as tempfile makes them, is filled."""
    path = tmp_path / "empty.db"
    path.touch()
    filled_store(path)
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT project_id FROM projects").fetchall() == [("acme/demo",)]
    raw.close()


def test_older_file_is_not_upgraded_read_only(tmp_path):
    """An older file opened read-only is refused and stays as it is."""
    path = tmp_path / "old.db"
    make_old_file(path)
    before = fingerprint(path)
    with pytest.raises(SchemaVersionError, match="without read_only"):
        Store.open(path, read_only=True)
    assert fingerprint(path) == before


def open_at_once(path, barrier, answers):
    barrier.wait()
    try:
        store = Store.open(path)
        with store.write() as conn:
            pk = project_pk(conn, f"acme/{os.getpid()}", create=True)
        store.close()
        answers.put(pk)
    except BaseException as error:  # the parent shows it
        answers.put(repr(error))


def race(path, count=4):
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(count), context.Queue()
    workers = [
        context.Process(target=open_at_once, args=(path, barrier, answers)) for _ in range(count)
    ]
    for worker in workers:
        worker.start()
    found = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    return found


def test_processes_create_one_file_at_once(tmp_path):
    """Several processes that open the same new file all get the same store."""
    for attempt in range(5):
        found = race(str(tmp_path / f"store-{attempt}.db"))
        assert sorted(found) == [1, 2, 3, 4]


def test_processes_upgrade_one_file_at_once(tmp_path):
    """Several processes that open the same old file all find it upgraded."""
    path = tmp_path / "old.db"
    make_old_file(path)
    assert sorted(race(str(path))) == [1, 2, 3, 4]


def test_state_of_connection_is_fresh(tmp_path):
    """A connection starts with nothing remembered."""
    filled_store(tmp_path / "store.db")
    conn = connect(str(tmp_path / "store.db"))
    assert conn.project_pks == {}
    assert project_pk(conn, "acme/demo", create=False) == 1
    conn.close()
