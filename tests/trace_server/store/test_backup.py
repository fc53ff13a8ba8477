"""Copies of a store, made while others write."""

from __future__ import annotations

import gzip
import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path

import pytest
from store_of_traces import end, fill, ids, start

from weave_lite.core.errors import StoreError, UsageError
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store.backup import copy_to
from weave_lite.trace_server.store.doctor import examine


@pytest.fixture
def place(tmp_path):
    path = str(tmp_path / "weave.db")
    fill(path)
    return path


def test_copy_is_the_store(place, tmp_path):
    """It holds what the store holds, and nothing else appears."""
    target = str(tmp_path / "copy.db")
    size = copy_to(place, target)
    assert size == Path(target).stat().st_size
    assert ids(target) == ids(place)
    assert examine(target, deep=True).is_fine
    assert not list(tmp_path.glob("*.tmp*"))


def test_copy_beside_a_writer(place, tmp_path):
    """A copy made while calls are written is whole: every end in it has its start."""
    done = threading.Event()
    written = []

    def write():
        with SqliteTraceServer(place) as server:
            while not done.is_set():
                call_id = f"w{len(written)}"
                server.write_encoded([start(call_id, call_id, 0), end(call_id, 0)])
                written.append(call_id)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        targets = [str(tmp_path / f"copy{n}.db") for n in range(3)]
        for target in targets:
            copy_to(place, target)
    finally:
        done.set()
        writer.join()
    sizes = [len(ids(target)) for target in targets]
    assert sizes == sorted(sizes)
    assert all(examine(target, deep=True).is_fine for target in targets)


def test_existing_target_needs_force(place, tmp_path):
    """What is there is not overwritten by accident."""
    target = tmp_path / "copy.db"
    target.write_text("precious")
    with pytest.raises(UsageError, match="exists already"):
        copy_to(place, str(target))
    assert target.read_text() == "precious"
    copy_to(place, str(target), force=True)
    assert ids(str(target)) == ids(place)


def test_wrong_targets(place, tmp_path):
    """The store itself, and a folder that does not exist."""
    with pytest.raises(UsageError, match="the store itself"):
        copy_to(place, place, force=True)
    with pytest.raises(StoreError):
        copy_to(place, str(tmp_path / "none" / "copy.db"))


def test_missing_source(tmp_path):
    """Nothing to copy makes nothing."""
    with pytest.raises(StoreError, match="no store"):
        copy_to(str(tmp_path / "none.db"), str(tmp_path / "copy.db"))
    assert list(tmp_path.iterdir()) == []


def test_copy_is_on_the_disk_before_it_has_its_name(place, tmp_path, monkeypatch):
    """The file is synced, then renamed, then the folder is synced."""
    target = str(tmp_path / "copy.db")
    steps, sync, replace = [], os.fsync, os.replace

    def note_sync(descriptor):
        name = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        steps.append((f"sync {name}", Path(target).exists()))
        sync(descriptor)

    def note_replace(*names):
        steps.append(("rename", Path(target).exists()))
        replace(*names)

    monkeypatch.setattr(os, "fsync", note_sync)
    monkeypatch.setattr(os, "replace", note_replace)
    copy_to(place, target)
    assert steps == [("sync file", False), ("rename", False), ("sync folder", True)]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_interrupted_copy_leaves_nothing(place, tmp_path, monkeypatch, step, failure):
    """No half file under the name, nothing beside it; an old copy stays."""
    target = tmp_path / "copy.db"
    target.write_text("the old copy")

    def fail(*_):
        raise failure

    monkeypatch.setattr(os, step, fail)
    with pytest.raises((StoreError, KeyboardInterrupt)):
        copy_to(place, str(target), force=True)
    assert target.read_text() == "the old copy"
    assert sorted(path.name for path in tmp_path.glob("copy.db*")) == ["copy.db"]


def test_damaged_store_is_not_copied(place, tmp_path):
    """The error names the way to save the rows."""
    content = Path(place).read_bytes()
    Path(place).write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError, match="weave-lite salvage"):
        copy_to(place, str(tmp_path / "copy.db"))
    assert not (tmp_path / "copy.db").exists()


def test_store_of_an_earlier_schema(tmp_path):
    """It is copied as it is, before a program upgrades it."""
    packed = Path(__file__).parents[2] / "data" / "stores" / "v1.db.gz"
    old, copy = tmp_path / "old.db", tmp_path / "copy.db"
    old.write_bytes(gzip.decompress(packed.read_bytes()))
    copy_to(str(old), str(copy))
    with closing(sqlite3.connect(copy)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (1,)
        assert raw.execute("SELECT count(*) > 0 FROM calls").fetchone() == (1,)
