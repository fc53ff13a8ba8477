"""An upgrade that is killed at each of its statements, and openers that meet it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from contextlib import closing

import pytest
from failing_sqlite import fault_at, kill_at
from stores import assert_sound, content_of, write_fixture

from weave_lite.core.errors import WeaveLiteError
from weave_lite.trace_server.store.ddl import REVISION, SCHEMA_VERSION
from weave_lite.trace_server.store.engine import Store
from weave_lite.trace_server.store.migrate import upgrade

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


def open_in_child(place, number=None):
    """Open the store in a process of its own; dead at its N-th statement when one is named."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        if number is None:
            Store.open(place).close()
        else:
            with kill_at(number):
                Store.open(place).close()
        code = 0
    finally:
        os._exit(code)


def end_of(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def version_of(place):
    with closing(sqlite3.connect(place)) as raw:
        ((version,),) = raw.execute("PRAGMA user_version").fetchall()
        return version


def assert_upgraded(place, before):
    """The schema is new, and every row of the old file is there."""
    after = content_of(place)
    assert {name: after[name] for name in before} == before | {"alembic_version": [(REVISION,)]}
    assert version_of(place) == SCHEMA_VERSION


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """A file of the first release, and how many statements its upgrade has."""
    folder = tmp_path_factory.mktemp("old")
    write_fixture(folder / "old.db", 1)
    shutil.copy(folder / "old.db", folder / "weave.db")
    with fault_at(10_000) as fault:
        Store.open(folder / "weave.db").close()
    return folder / "old.db", len(fault.seen)


def test_killed_at_each_statement(old, tmp_path):
    """What is left is the old file or the new one, never between; the next opening ends the work."""
    source, count = old
    before = content_of(source)
    for number in range(1, 2 * count):
        place = tmp_path / f"{number}.db"
        shutil.copy(source, place)
        end = end_of(open_in_child(place, number))
        assert end in {0, -signal.SIGKILL}
        if end == 0:
            break
        version = version_of(place)
        if version == 1:
            assert content_of(place) == before
        else:
            assert_upgraded(place, before)
        Store.open(place).close()
        assert_upgraded(place, before)
        assert content_of(f"{place}.v1.bak") == before
        assert not list(tmp_path.glob(f"{number}.db.v1.tmp*"))
        if number % 8 == 0:
            assert_sound(place)
    assert 30 < number < 2 * count - 1


def test_killed_again_and_again_beside_others(old, tmp_path):
    """Four open it at once, all but one are killed somewhere; the one gets a whole store."""
    source, count = old
    before = content_of(source)
    for attempt in range(6):
        place = tmp_path / f"{attempt}.db"
        shutil.copy(source, place)
        step = max(1, count // 7)
        killed = [open_in_child(place, 1 + (attempt + 2 * n + 1) * step % count) for n in range(3)]
        survivor = open_in_child(place)
        assert end_of(survivor) == 0
        assert {end_of(pid) for pid in killed} <= {0, -signal.SIGKILL}
        assert_upgraded(place, before)
        # A kill while a second opener copies must not take the first one's copy.
        assert content_of(f"{place}.v1.bak") == before
        Store.open(place).close()
        assert_sound(place)


def test_a_copy_that_cannot_be_made_stops_the_upgrade(old, tmp_path):
    """Without a copy aside nothing is changed: the error is ours, and the file as it was."""
    place = tmp_path / "weave.db"
    shutil.copy(old[0], place)
    before = place.read_bytes()
    blocker = tmp_path / "weave.db.v1.tmp"
    blocker.mkdir()
    with pytest.raises(WeaveLiteError, match=r"weave\.db"):
        Store.open(place)
    assert place.read_bytes() == before
    blocker.rmdir()
    Store.open(place).close()
    assert version_of(place) == SCHEMA_VERSION


def test_the_copy_is_of_the_last_commit(old, tmp_path):
    """What an old release left in its log is in the copy, and in the upgraded file."""
    place = tmp_path / "weave.db"
    shutil.copy(old[0], place)
    with closing(sqlite3.connect(place, isolation_level=None)) as writer:
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("INSERT INTO projects (project_id) VALUES ('late/comer')")
        assert (tmp_path / "weave.db-wal").stat().st_size > 0
        upgrade(str(place))
    for path in (place, tmp_path / "weave.db.v1.bak"):
        assert "late/comer" in repr(content_of(path)["projects"])
