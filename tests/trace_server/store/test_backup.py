"""Copies of a store, made while others write."""

from __future__ import annotations

import threading
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
