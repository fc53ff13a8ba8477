"""Stores in memory: a copy of an image is as good as tables made anew."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from weave_lite.trace_server.store import memory_image
from weave_lite.trace_server.store.engine import Store
from weave_lite.trace_server.store.migrate import create_schema

PRAGMAS = ("application_id", "user_version", "page_size", "encoding", "integrity_check")


def state(raw):
    """The whole content, and what the file would say of itself."""
    return [*raw.iterdump(), *(raw.execute(f"PRAGMA {name}").fetchall() for name in PRAGMAS)]


@contextmanager
def empty():
    """A connection of the driver, closed at the end."""
    raw = sqlite3.connect(":memory:", isolation_level=None)
    try:
        yield raw
    finally:
        raw.close()


class WithoutImages:
    """A connection as an SQLite gives it that was built without them."""

    def __init__(self, raw):
        self.execute, self.executemany = raw.execute, raw.executemany


@pytest.fixture(scope="module")
def expected():
    """What a store has whose tables are made one by one."""
    with empty() as raw:
        raw.execute("BEGIN")
        create_schema(raw)
        raw.execute("COMMIT")
        return state(raw)


def test_the_first_and_later_stores_are_alike(monkeypatch, expected):
    """The first makes the image."""
    monkeypatch.setattr(memory_image, "_image", None)
    for _ in range(3):
        store = Store.open(":memory:")
        with store.read() as conn:
            assert state(conn.raw) == expected
        store.close()


def test_an_sqlite_without_images(expected):
    """Makes the tables anew each time."""
    with empty() as raw:
        memory_image.fill(WithoutImages(raw))
        assert state(raw) == expected


def test_stores_are_apart():
    """What is written to one is in no other, and not in the image."""
    first, second = Store.open(":memory:"), Store.open(":memory:")
    with first.write() as conn:
        conn.raw.execute("CREATE TABLE mine (x)")
    third = Store.open(":memory:")
    for store in (second, third):
        with store.read() as conn:
            assert "mine" not in "".join(conn.raw.iterdump())


def test_many_threads_may_make_stores_at_once(monkeypatch):
    """Also the first ones."""
    monkeypatch.setattr(memory_image, "_image", None)

    def made(_):
        store = Store.open(":memory:")
        with store.read() as conn:
            return len(list(conn.raw.iterdump()))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(made, range(40)))) == 1
