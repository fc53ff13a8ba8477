"""The file of answers: bounded, shared, and never in the way."""

from __future__ import annotations

import gc
import os
import sqlite3
import threading

import pytest

from weave_lite.trace_server_bindings.response_cache import CacheCounts, ResponseCache


def test_answers_are_kept_by_key_in_a_folder(tmp_path):
    """Another cache of the same folder, as of another process, has them too."""
    cache = ResponseCache(tmp_path / "new" / "folder", 10_000)

    cache.put("a", "x", b"1")
    cache.put("b", "y", b"2")
    cache.put("a", "x", b"3")

    other = ResponseCache(tmp_path / "new" / "folder", 10_000)
    assert [other.get(key) for key in ("a", "b", "c")] == [b"3", b"2", None]
    assert other.counts() == CacheCounts(hits=2, misses=1)
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o077 == 0


def test_a_scope_is_dropped():
    """The others stay."""
    cache = ResponseCache(None, 10_000)
    cache.put("a", "x", b"1")
    cache.put("b", "y", b"2")

    cache.drop("x")

    assert (cache.get("a"), cache.get("b")) == (None, b"2")


def test_what_was_not_asked_for_longest_goes():
    """The size stays within the limit, also when the answers came from another process."""
    cache = ResponseCache(None, 10_000)
    for number in range(8):
        cache.put(str(number), "", bytes(1_000))
    assert cache.get("0") is not None

    again = ResponseCache(cache.folder, 10_000)
    again.put("new", "", bytes(1_000))

    kept = [key for key in map(str, range(8)) if again.get(key) is not None]
    assert kept == ["0", "3", "4", "5", "6", "7"]
    assert again.get("new") is not None


@pytest.mark.parametrize("limit", [0, 100])
def test_larger_than_the_limit(limit):
    """Is not kept, and pushes nothing out."""
    cache = ResponseCache(None, limit)
    cache.put("a", "", b"1")
    assert cache.get("a") is None


def test_its_own_folder_goes_with_it():
    """Nothing stays in the folder for temporary files."""
    cache = ResponseCache(None, 10_000)
    cache.put("a", "", b"1")
    folder = cache.folder
    assert folder.exists()

    cache.close()
    del cache
    gc.collect()

    assert not folder.exists()


def test_a_child_leaves_the_folder_to_its_parent():
    """And opens the file anew."""
    cache = ResponseCache(None, 10_000)
    cache.put("a", "", b"1")
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write, cache.get("a") or b"nothing")
        del cache
        gc.collect()
        os._exit(0)
    os.waitpid(pid, 0)

    assert os.read(read, 100) == b"1"
    assert cache.get("a") == b"1"


def test_a_cache_that_fails_is_an_empty_one(tmp_path, caplog):
    """It is said once, and counted."""
    (tmp_path / "file").write_text("")
    cache = ResponseCache(tmp_path / "file", 10_000)

    cache.put("a", "", b"1")

    assert cache.get("a") is None
    assert cache.counts() == CacheCounts(misses=1, errors=2)
    assert [record.message.split(" fails")[0] for record in caplog.records] == [
        f"the cache of answers in {tmp_path / 'file'}"
    ]


def test_a_file_that_is_no_database(tmp_path):
    """Is left alone."""
    (tmp_path / "responses.db").write_bytes(b"something else, long enough to be looked at" * 50)
    cache = ResponseCache(tmp_path, 10_000)

    cache.put("a", "", b"1")

    assert cache.get("a") is None
    assert (tmp_path / "responses.db").read_bytes().startswith(b"something else")


def test_threads_share_it():
    """No answer is lost or mixed up."""
    cache = ResponseCache(None, 1_000_000)
    wrong = []

    def work(name):
        for number in range(50):
            key = f"{name}-{number}"
            cache.put(key, "", key.encode())
            if cache.get(key) != key.encode():
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert cache.counts() == CacheCounts(hits=200)


def test_a_dropped_cache_closes_its_file(tmp_path, monkeypatch):
    """Nobody closes it by hand; an open handle would be a warning since Python 3.13."""
    opened = []
    connect = sqlite3.connect

    def connected(*args, **kwargs):
        opened.append(connect(*args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", connected)
    ResponseCache(tmp_path, 10_000).put("a", "", b"1")
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
