"""The file is damaged, cut, marked or changed under an open store: told, never overwritten."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing

import pytest
from stores import assert_sound, write_fixture

from weave_lite.core.errors import StoreError, WeaveLiteError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store.file_watch import LOOK_EVERY_S

P = "acme/demo"
TEXT = "x" * 3000


def calls(first, count):
    for n in range(first, first + count):
        yield EncodedStart(P, f"c{n:04}", "t", None, "op", None, n, "{}", f'{{"x":"{TEXT}"}}')
        yield EncodedEnd(P, f"c{n:04}", n, None, f'"{TEXT}"', "{}")


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "weave.db"
    with SqliteTraceServer(path) as server:
        server.write_encoded(list(calls(0, 100)))
    return path


def read_all(server):
    return [call.id for call in server.calls_query(tsi.CallsQueryReq(project_id=P)).calls]


def cut(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def overwrite_pages(path):
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * (path.stat().st_size - 8192))


def overwrite_header(path):
    with path.open("r+b") as file:
        file.write(b"this is a text, and no longer a database" * 5)


@pytest.mark.parametrize("harm", [cut, empty, overwrite_pages])
def test_damaged_while_open(place, tmp_path, harm):
    """A new look at the file finds it, with an error of ours that names the file; no crash."""
    with SqliteTraceServer(place) as server:
        assert len(read_all(server)) == 100
    server = SqliteTraceServer(place)
    harm(place)
    harmed = place.read_bytes()
    with pytest.raises(StoreError, match=r"weave\.db"):
        read_all(server)
    with pytest.raises(StoreError, match=r"weave\.db"):
        server.write_encoded(list(calls(100, 5)))
        # What fits into pages that are whole may be written; a look at all of it may not.
        read_all(server)
    server.close()
    if harm is not overwrite_pages:
        assert place.read_bytes() == harmed
    before = place.read_bytes()
    if harm is not empty:
        with pytest.raises(WeaveLiteError, match=r"weave\.db"), SqliteTraceServer(place) as again:
            read_all(again)
        assert place.read_bytes() == before


def test_header_lost_while_open(place):
    """An open store remembers the first page and reads on; who opens the file anew is told."""
    with SqliteTraceServer(place) as server:
        overwrite_header(place)
        harmed = place.read_bytes()
        assert len(read_all(server)) == 100
        with pytest.raises(StoreError, match=r"weave\.db"):
            SqliteTraceServer(place)
        assert place.read_bytes() == harmed
    assert place.read_bytes() == harmed


def set_mark(path, name, value):
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute(f"PRAGMA {name} = {value}")


def test_upgraded_by_a_newer_release_while_open(place):
    """The file is of a newer schema from now on: the next opener is told; no row is lost."""
    with SqliteTraceServer(place) as server:
        set_mark(place, "user_version", 99)
        assert len(read_all(server)) == 100
        with pytest.raises(WeaveLiteError, match="Upgrade weave_lite"):
            SqliteTraceServer(place)
    set_mark(place, "user_version", 2)
    assert_sound(place)


def by_text(path):
    path.write_text("notes of mine\n" * 1000)


def by_foreign_database(path):
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE mine (a)")
        raw.execute("INSERT INTO mine VALUES (1)")
        raw.commit()


def by_older_store(path):
    write_fixture(path, 1)


def by_newer_store(path):
    SqliteTraceServer(path).close()
    set_mark(path, "user_version", 99)


@pytest.mark.parametrize(
    "replacement", [by_text, by_foreign_database, by_older_store, by_newer_store]
)
def test_replaced_while_open(place, tmp_path, replacement):
    """The other file keeps every byte; the old one, moved back, has all that was committed."""
    other = tmp_path / "other"
    replacement(other)
    expected = other.read_bytes()
    with SqliteTraceServer(place) as server:
        place.rename(tmp_path / "aside.db")
        other.rename(place)
        time.sleep(LOOK_EVERY_S * 1.2)
        with pytest.raises(StoreError, match="replaced by another file"):
            server.write_encoded(list(calls(100, 5)))
        with pytest.raises(StoreError, match="replaced by another file"):
            read_all(server)
        assert place.read_bytes() == expected
        place.rename(other)
        (tmp_path / "aside.db").rename(place)
        server.write_encoded(list(calls(100, 5)))
        assert len(read_all(server)) == 105
    assert other.read_bytes() == expected
    assert_sound(place)


def test_closing_after_a_replacement_leaves_the_other_file_alone(place, tmp_path):
    """The log of the old file is not written into the one that took its place."""
    server = SqliteTraceServer(place)
    server.write_encoded(list(calls(100, 5)))
    place.rename(tmp_path / "aside.db")
    by_text(place)
    expected = place.read_bytes()
    server.close()
    assert place.read_bytes() == expected


def test_a_log_that_is_cut_or_damaged(place, tmp_path):
    """After a crash, what of the log is whole counts; a broken end is left out, nothing older."""
    server = SqliteTraceServer(place)
    for n in range(10):
        server.write_encoded(list(calls(100 + n, 1)))
    log = tmp_path / "weave.db-wal"
    counts = []
    for number, (kept, junk) in enumerate(
        [(1.0, b""), (0.7, b""), (0.7, b"junk" * 5000), (0.3, b""), (0.0, b"")]
    ):
        crashed = tmp_path / f"crashed-{number}.db"
        shutil.copy(place, crashed)
        content = log.read_bytes()
        (tmp_path / f"crashed-{number}.db-wal").write_bytes(
            content[: int(len(content) * kept)] + junk
        )
        with SqliteTraceServer(crashed) as opened:
            found = read_all(opened)
            opened.write_encoded(list(calls(500, 1)))
        assert found == [f"c{n:04}" for n in range(len(found))]
        counts.append(len(found))
        assert_sound(crashed)
    server.close()
    assert counts[0] == 110
    assert counts[1] == counts[2] > counts[3] >= counts[4] == 100
