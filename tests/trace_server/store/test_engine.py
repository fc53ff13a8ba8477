"""Transactions, snapshots, errors, checkpoints and forks of a store."""

from __future__ import annotations

import gc
import os
import shutil
import sqlite3
import threading

import pytest

from weave_lite.core.errors import (
    InsertTooLarge,
    InvalidRequest,
    StoreBusyError,
    StoreError,
    UsageError,
)
from weave_lite.trace_server.store import connections
from weave_lite.trace_server.store.connections import error_of_ours
from weave_lite.trace_server.store.engine import Store
from weave_lite.trace_server.store.lookups import attributes_pk, op_pk
from weave_lite.trace_server.store.projects import project_pk


@pytest.fixture(params=["memory", "disk"])
def store(request, tmp_path):
    place = ":memory:" if request.param == "memory" else tmp_path / "store.db"
    store = Store.open(place)
    yield store
    store.close()


def projects_in(store):
    with store.read() as conn:
        raw = conn.raw
        return [row[0] for row in raw.execute("SELECT project_id FROM projects ORDER BY pk")]


def test_write_is_committed(store):
    """What a block writes is there afterwards."""
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)
    assert projects_in(store) == ["a/b"]


def test_error_rolls_back_and_forgets(store):
    """A block that fails leaves nothing, also not in what the connection remembers."""
    with pytest.raises(ZeroDivisionError), store.write() as conn:
        project_pk(conn, "a/b", create=True)
        op_pk(conn, "op")
        attributes_pk(conn, "{}")
        raise ZeroDivisionError
    with store.write() as conn:
        assert project_pk(conn, "c/d", create=True) == 1
        assert op_pk(conn, "other") == 1
        assert attributes_pk(conn, '{"a":1}') == 1
    assert projects_in(store) == ["c/d"]


def test_inner_block_fails_alone(store):
    """A block inside a block can fail without the outer one."""
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)
        with pytest.raises(ZeroDivisionError), store.write() as inner:
            project_pk(inner, "c/d", create=True)
            raise ZeroDivisionError
        with store.write() as inner:
            project_pk(inner, "e/f", create=True)
    assert projects_in(store) == ["a/b", "e/f"]


def test_other_store_makes_the_same_names(tmp_path):
    """Names that another process stored meanwhile keep their integers."""
    one, two = Store.open(tmp_path / "store.db"), Store.open(tmp_path / "store.db")
    with one.write() as conn:
        project_pk(conn, "a/b", create=True)
        op_pk(conn, "first")
    with two.write() as conn:
        found = (
            project_pk(conn, "a/b", create=True),
            op_pk(conn, "second"),
            op_pk(conn, "first"),
        )
    assert found == (1, 2, 1)
    one.close()
    two.close()


def test_names_are_found_when_more_than_the_cache_holds(store):
    """The cache of names is bounded; beyond it the store is asked."""
    with store.write() as conn:
        state = conn
        pks = [op_pk(state, f"op-{n}") for n in range(5000)]
        assert [op_pk(state, f"op-{n}") for n in range(5000)] == pks
        assert len(state.op_pks) <= 4096


def test_reader_keeps_its_snapshot(tmp_path):
    """A read block does not see what is committed while it is open."""
    store = Store.open(tmp_path / "store.db")
    with store.read() as conn:
        count = "SELECT count(*) FROM projects"
        assert conn.raw.execute(count).fetchall() == [(0,)]
        with store.write() as writer:
            project_pk(writer, "a/b", create=True)
        assert conn.raw.execute(count).fetchall() == [(0,)]
    assert projects_in(store) == ["a/b"]
    store.close()


def test_reader_cannot_write(tmp_path):
    """A read connection refuses to write."""
    store = Store.open(tmp_path / "store.db")
    with pytest.raises(StoreError, match="cannot be written"), store.read() as conn:
        project_pk(conn, "a/b", create=True)
    store.close()


def test_read_only_store_refuses_writes(tmp_path):
    """A store that was opened read-only is read, never written."""
    Store.open(tmp_path / "store.db").close()
    store = Store.open(tmp_path / "store.db", read_only=True)
    assert projects_in(store) == []
    with pytest.raises(StoreError, match="read-only"), store.write():
        pass
    assert store.checkpoint()
    store.close()


def test_read_only_store_sees_what_another_commits(tmp_path):
    """A read-only store follows the writer of the file."""
    writer = Store.open(tmp_path / "store.db")
    store = Store.open(tmp_path / "store.db", read_only=True)
    with writer.write() as conn:
        project_pk(conn, "a/b", create=True)
    assert projects_in(store) == ["a/b"]
    store.close()
    writer.close()


def test_immutable_when_nothing_can_stand_beside(tmp_path, monkeypatch):
    """In a folder that cannot be written a store is read without log and index."""
    folder = tmp_path / "fixed"
    folder.mkdir()
    Store.open(folder / "store.db").close()
    opened = sqlite3.connect

    def connect(target, **options):
        # Rights do not bind the superuser, so the refusal is played.
        if "mode=ro" in target and "immutable" not in target:
            return opened("file:/no/such/folder/store.db?mode=ro", uri=True)
        return opened(target, **options)

    monkeypatch.setattr(connections.sqlite3, "connect", connect)
    store = Store.open(folder / "store.db", read_only=True)
    assert projects_in(store) == []
    store.close()


def test_memory_store_is_not_read_only():
    """A store in memory that cannot be written would be of no use."""
    with pytest.raises(UsageError, match="in memory"):
        Store.open(":memory:", read_only=True)


def test_durability_is_checked(tmp_path):
    """Only two levels exist."""
    with pytest.raises(UsageError, match="durability"):
        Store.open(tmp_path / "store.db", durability="extreme")


@pytest.mark.parametrize(("durability", "level"), [("normal", 1), ("full", 2)])
def test_durability_is_set(tmp_path, durability, level):
    """The level reaches SQLite."""
    store = Store.open(tmp_path / "store.db", durability=durability)
    with store.write() as conn:
        raw = conn.raw
        found = [
            raw.execute(f"PRAGMA {name}").fetchall()[0][0]
            for name in ("synchronous", "mmap_size", "trusted_schema", "wal_autocheckpoint")
        ]
    assert found == [level, 0, 0, 0]
    store.close()


@pytest.mark.parametrize("name", ["a?b.db", "a#b c.db", "ünï%20💥.db", "a&mode=ro.db", "'a;b\".db"])
def test_odd_paths(tmp_path, name):
    """Any file name works, also one with characters that mean something in a URI."""
    store = Store.open(tmp_path / name)
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    store = Store.open(tmp_path / name)
    assert projects_in(store) == ["a/b"]
    store.close()


@pytest.mark.parametrize("place", [None, 1, b"a.db", "", " ", "a\0b"])
def test_places_that_are_no_path(tmp_path, monkeypatch, place):
    """A place that is not a path is refused, and no file comes to be."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="must be a path"):
        Store.open(place)
    assert list(tmp_path.iterdir()) == []


def test_closed_store_says_so(store):
    """After close every use is refused by name; closing twice is harmless."""
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"), store.write():
        pass
    with pytest.raises(StoreError, match="closed"), store.read():
        pass


def test_close_leaves_one_file(tmp_path):
    """Closing writes the log back, so that the file can be moved by itself."""
    store = Store.open(tmp_path / "store.db")
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)
    assert (tmp_path / "store.db-wal").stat().st_size > 0
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["store.db"]


def test_checkpoint_does_not_wait_for_a_reader(tmp_path):
    """A checkpoint leaves a reader alone, says so, and succeeds once it is gone."""
    store = Store.open(tmp_path / "store.db")
    with store.read() as conn:
        conn.raw.execute("SELECT count(*) FROM projects").fetchall()
        with store.write() as writer:
            project_pk(writer, "a/b", create=True)
        assert store.checkpoint() is False
    assert store.checkpoint() is True
    assert (tmp_path / "store.db-wal").stat().st_size == 0
    store.close()


def test_log_is_cut_when_it_grows(tmp_path, monkeypatch):
    """Commits write the log back when it is beyond its limit."""
    monkeypatch.setattr("weave_lite.trace_server.store.engine.WAL_LIMIT_BYTES", 100_000)
    store = Store.open(tmp_path / "store.db")
    sizes = []
    for n in range(100):
        with store.write() as conn:
            project_pk(conn, f"a/{n}{'x' * 2000}", create=True)
        sizes.append((tmp_path / "store.db-wal").stat().st_size)
    assert max(sizes) < 1_000_000
    assert 0 in sizes
    store.close()


def test_busy_is_named(tmp_path, monkeypatch):
    """A lock that another process keeps for too long becomes an error of ours."""
    monkeypatch.setattr(connections, "BUSY_TIMEOUT_S", 0.05)
    store = Store.open(tmp_path / "store.db")
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusyError, match="stayed locked"), store.write():
        pass
    other.execute("ROLLBACK")
    other.close()
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)
    assert projects_in(store) == ["a/b"]
    store.close()


@pytest.mark.parametrize(
    ("statement", "values", "kind", "words"),
    [
        ("SELECT * FROM no_table", (), StoreError, "no such table"),
        ("SELECT ?", (2**70,), InvalidRequest, "64 bits"),
        ("SELECT ?", ("\ud800",), InvalidRequest, "surrogate"),
        ("SELECT zeroblob(2000000000)", (), InsertTooLarge, "1 GB"),
    ],
)
def test_foreign_errors_become_ours(store, statement, values, kind, words):
    """No error of the driver leaves a block, whether it came through SQLAlchemy or not."""
    with pytest.raises(kind, match=words), store.read() as conn:
        conn.raw.execute(statement, values).fetchall()
    with pytest.raises(kind, match=words), store.write() as conn:
        conn.core.exec_driver_sql(statement, values).fetchall()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "disk is full"),
        (sqlite3.SQLITE_IOERR_WRITE, "disk reports an error"),
        (sqlite3.SQLITE_READONLY_DBMOVED, "check the rights"),
        (sqlite3.SQLITE_CORRUPT_VTAB, "damaged"),
        (sqlite3.SQLITE_NOTADB, "not a weave_lite store"),
        (sqlite3.SQLITE_CANTOPEN, "folder exists"),
        (sqlite3.SQLITE_MISUSE, "failed: words of SQLite"),
    ],
)
def test_codes_of_sqlite_have_a_remedy(code, words):
    """Each failure of the disk or file says what to do."""
    error = sqlite3.OperationalError("words of SQLite")
    error.sqlite_errorcode = code
    ours = error_of_ours(error, "store.db")
    assert type(ours) is StoreError
    assert "store.db" in str(ours)
    assert words in str(ours)


def test_errors_of_others_stay():
    """An error that is not of the store is left alone."""
    assert error_of_ours(KeyError("x"), "store.db") is None
    assert error_of_ours(None, "store.db") is None


def test_full_disk_loses_nothing_committed(tmp_path):
    """When the file cannot grow, the block fails whole; when it can again, all goes on."""
    store = Store.open(tmp_path / "store.db")
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)
        raw = conn.raw
        ((pages,),) = raw.execute("PRAGMA page_count").fetchall()
    raw.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="disk is full"), store.write() as conn:
        for n in range(1000):
            project_pk(conn, f"c/{n}{'x' * 1000}", create=True)
    raw.execute("PRAGMA max_page_count = 1000000")
    with store.write() as conn:
        project_pk(conn, "e/f", create=True)
    assert projects_in(store) == ["a/b", "e/f"]
    store.close()


def test_threads_share_a_store(store):
    """Threads that write and read at once get in nobody's way."""
    errors = []

    def work(name):
        try:
            for n in range(50):
                with store.write() as conn:
                    project_pk(conn, f"{name}/{n}", create=True)
                assert f"{name}/{n}" in projects_in(store)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(projects_in(store)) == 200


# Newer Pythons warn of every fork beside threads; what happens then is what is tested.
ignore_fork_warning = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def in_child(work):
    """Run ``work`` in a fork; return whether it was true there."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@ignore_fork_warning
def test_fork_gives_both_their_own_connections(tmp_path):
    """Parent and child go on with the same store; nothing of either is lost."""
    store = Store.open(tmp_path / "store.db")
    with store.write() as conn:
        project_pk(conn, "parent/before", create=True)

    def child():
        with store.write() as conn:
            project_pk(conn, "child/x", create=True)
        return projects_in(store) == ["parent/before", "child/x"]

    assert in_child(child)
    with store.write() as conn:
        project_pk(conn, "parent/after", create=True)
    assert projects_in(store) == ["parent/before", "child/x", "parent/after"]
    store.close()


@ignore_fork_warning
def test_fork_inside_a_read_block(tmp_path):
    """A child does not touch the snapshot that its parent has open."""
    store = Store.open(tmp_path / "store.db")
    with store.read() as conn:
        raw = conn.raw
        assert raw.execute("SELECT count(*) FROM projects").fetchall() == [(0,)]

        def child():
            with store.write() as conn:
                project_pk(conn, "child/x", create=True)
            return projects_in(store) == ["child/x"]

        assert in_child(child)
        assert raw.execute("SELECT count(*) FROM projects").fetchall() == [(0,)]
    assert projects_in(store) == ["child/x"]
    store.close()


@ignore_fork_warning
def test_fork_while_another_thread_writes(tmp_path):
    """A fork waits for a transaction of another thread, so the child finds the lock free."""
    store = Store.open(tmp_path / "store.db")
    stop = threading.Event()

    def work():
        n = 0
        while not stop.is_set():
            n += 1
            with store.write() as conn:
                project_pk(conn, f"thread/{n}", create=True)

    thread = threading.Thread(target=work)
    thread.start()

    def child():
        with store.write() as conn:
            project_pk(conn, f"child/{os.getpid()}", create=True)
        return True

    answers = [in_child(child) for _ in range(5)]
    stop.set()
    thread.join()
    assert answers == [True] * 5
    assert sum(name.startswith("child/") for name in projects_in(store)) == 5
    store.close()


@ignore_fork_warning
def test_fork_copies_memory():
    """A store in memory is the child's own from the fork on."""
    store = Store.open(":memory:")
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)

    def child():
        with store.write() as conn:
            project_pk(conn, "child/x", create=True)
        return projects_in(store) == ["a/b", "child/x"]

    assert in_child(child)
    assert projects_in(store) == ["a/b"]
    store.close()


def test_copied_file_is_a_store(tmp_path):
    """The file of a closed store is all there is of it."""
    store = Store.open(tmp_path / "store.db")
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)
    store.close()
    shutil.copy(tmp_path / "store.db", tmp_path / "copy.db")
    store = Store.open(tmp_path / "copy.db")
    assert projects_in(store) == ["a/b"]
    store.close()


def deny(raw, action_word):
    """Make SQLite refuse one kind of transaction control."""

    def authorize(_, word, *__):
        return sqlite3.SQLITE_DENY if word == action_word else sqlite3.SQLITE_OK

    raw.set_authorizer(authorize)


def test_commit_that_fails_leaves_nothing(store):
    """When the commit itself fails, the block is undone and the store goes on."""
    with pytest.raises(StoreError, match="not authorized"), store.write() as conn:
        project_pk(conn, "a/b", create=True)
        deny(conn.raw, "COMMIT")
    conn.raw.set_authorizer(None)
    with store.write() as conn:
        assert project_pk(conn, "c/d", create=True) == 1
    assert projects_in(store) == ["c/d"]


def test_checkpoint_that_fails_costs_nothing(tmp_path):
    """What was committed stays in the log when it cannot be written back."""
    store = Store.open(tmp_path / "store.db")
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)
    deny(conn.raw, "wal_checkpoint")
    assert store.checkpoint() is False
    conn.raw.set_authorizer(None)
    assert store.checkpoint() is True
    assert projects_in(store) == ["a/b"]
    store.close()


def test_transaction_left_open_is_rolled_back(store):
    """A transaction that an interrupt left open does not become a part of the next."""
    with store.write() as conn:
        raw = conn.raw
    raw.execute("BEGIN IMMEDIATE")
    raw.execute("INSERT INTO projects (project_id) VALUES ('lost/x')")
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)
    assert projects_in(store) == ["a/b"]


@ignore_fork_warning
def test_fork_inside_a_write_block(tmp_path):
    """The transaction is the parent's: the child leaves the block without touching it."""
    store = Store.open(tmp_path / "store.db")
    with store.write() as conn:
        project_pk(conn, "a/b", create=True)
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert projects_in(store) == ["a/b"]
    store.close()


def test_dropped_store_says_nothing(caplog):
    """A store that is not closed goes without a complaint of SQLAlchemy's."""
    store = Store.open(":memory:")
    with store.read() as conn:
        conn.core.exec_driver_sql("SELECT 1").all()
    del store, conn
    gc.collect()
    assert caplog.records == []


def test_connection_that_was_taken_before_close_is_closed_after(tmp_path):
    """A read block may end after its store was closed."""
    store = Store.open(tmp_path / "store.db")
    with store.read() as conn:
        store.close()
        assert conn.raw.execute("SELECT count(*) FROM projects").fetchall() == [(0,)]
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        conn.raw.execute("SELECT 1")
    assert [path.name for path in tmp_path.iterdir()] == ["store.db"]
