"""Looking a store over: what is fine, and each kind of damage."""

from __future__ import annotations

import gzip
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from store_of_traces import end, fill

from weave_lite.core.errors import StoreBusyError
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store import connections, migrate
from weave_lite.trace_server.store.doctor import examine


@pytest.fixture
def place(tmp_path):
    path = str(tmp_path / "weave.db")
    fill(path)
    return path


def problems(place, deep=True):
    report = examine(place, deep=deep)
    names = sorted(finding.name for finding in report.findings if finding.is_problem)
    assert report.is_fine == (not names)
    return names


def change(place, statement):
    raw = sqlite3.connect(place)
    raw.execute(statement)
    raw.commit()
    raw.close()


@pytest.mark.parametrize("deep", [False, True])
def test_good_store(place, deep):
    """A store that was only written by us has no problem."""
    assert problems(place, deep) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE objects SET val = '{\"a\":2}'",
        "UPDATE table_rows SET val = '{\"q\":9}' WHERE pk = 1",
        "UPDATE files SET content = x'00'",
        'UPDATE table_positions SET "row" = 2 WHERE position = 0',
    ],
)
def test_changed_content(place, statement):
    """Content that is not what its digest says is found by a deep look."""
    change(place, statement)
    assert problems(place, deep=False) == []
    assert len(problems(place)) == 1


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("DELETE FROM calls WHERE id = 'new-0'", "inputs_without_call"),
        ("DELETE FROM calls WHERE id = 'new-0'", "outputs_without_call"),
        ("DELETE FROM calls WHERE id = 'new-0'", "refs_without_call"),
        ("DELETE FROM table_rows", "positions_without_row"),
        ("DELETE FROM tables", "positions_without_table"),
        ("DELETE FROM projects", "calls_without_project"),
    ],
)
def test_orphans(place, statement, name):
    """What belongs to nothing is counted."""
    change(place, statement)
    assert name in problems(place, deep=False)


def test_end_without_start_is_only_a_note(place):
    """It may still come."""
    with SqliteTraceServer(place) as server:
        server.write_encoded([end("early", 0)])
    report = examine(place, deep=False)
    notes = [finding for finding in report.findings if finding.name == "ends_without_start"]
    assert report.is_fine
    assert [(note.is_problem, note.count) for note in notes] == [(False, 1)]


def test_damaged_pages(place):
    """Overwritten pages are a problem, and no exception."""
    content = Path(place).read_bytes()
    middle = len(content) // 2
    Path(place).write_bytes(content[:middle] + b"\xff" * 20_000 + content[middle + 20_000 :])
    assert problems(place) != []


def test_truncated_and_foreign_files(place, tmp_path):
    """Files that are no whole store are named as such."""
    content = Path(place).read_bytes()
    Path(place).write_bytes(content[:20_000])
    assert problems(place) != []
    other = tmp_path / "other.db"
    raw = sqlite3.connect(other)
    raw.execute("CREATE TABLE t (x)")
    raw.close()
    assert problems(str(other)) != []


def test_older_store_is_told_to_be_upgraded(tmp_path):
    """A store of an earlier schema has no problem, and is not changed by a look."""
    packed = Path(__file__).parents[2] / "data" / "stores" / "v1.db.gz"
    path = tmp_path / "old.db"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    before = path.read_bytes()
    report = examine(str(path), deep=True)
    assert report.is_fine
    (note,) = (finding for finding in report.findings if finding.name == "older_schema")
    assert "upgrades it" in note.text
    assert path.read_bytes() == before


def test_newer_store(place):
    """This release cannot tell anything of it but that."""
    change(place, "PRAGMA user_version = 99")
    assert problems(place) == ["file"]


def test_damage_names_the_way_out(place):
    """The report says how to save the rows."""
    content = Path(place).read_bytes()
    Path(place).write_bytes(content[:8192] + bytes(40_000) + content[48_192:])
    assert any("weave-lite salvage" in finding.text for finding in examine(place).findings)


def test_store_in_use(place):
    """Writers do not hinder a look, and what they have not committed is not seen."""
    with SqliteTraceServer(place) as server, server._store.write() as conn:
        conn.raw.execute("DELETE FROM projects")
        assert problems(place) == []


def test_store_that_is_kept_locked(place, monkeypatch):
    """That is no damage: an error says so."""
    connect_raw = connections.connect_raw
    for module in (connections, migrate):
        monkeypatch.setattr(
            module,
            "connect_raw",
            lambda place, **more: connect_raw(place, **more | {"timeout_s": 0}),
        )
    with closing(sqlite3.connect(place, isolation_level=None)) as raw:
        raw.execute("PRAGMA locking_mode = EXCLUSIVE")
        raw.execute("UPDATE projects SET pk = pk")
        with pytest.raises(StoreBusyError):
            examine(place)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="rights do not bind this user")
def test_read_only_folder(place):
    """A store that nobody can write is looked at as it is."""
    folder = Path(place).parent
    folder.chmod(0o500)
    try:
        assert problems(place) == []
    finally:
        folder.chmod(0o700)
