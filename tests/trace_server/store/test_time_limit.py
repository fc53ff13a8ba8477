"""A limit of the time that SQLite works for one reader."""

from __future__ import annotations

import json
import time

import pytest

from weave_lite.core.errors import RequestTooLarge
from weave_lite.trace_server.store.engine import Store

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture(params=["memory", "disk"])
def store(request, tmp_path):
    place = ":memory:" if request.param == "memory" else str(tmp_path / "weave.db")
    store = Store.open(place)
    store.time_limit_s = 0.05
    yield store
    store.close()


def test_what_never_ends_is_stopped(store):
    """With the remedy; the connection is good for the next."""
    with pytest.raises(RequestTooLarge, match="keeps the database busy for too long"):
        with store.read() as conn:
            conn.raw.execute(ENDLESS).fetchall()
    with store.read() as conn:
        assert conn.raw.execute("SELECT count(*) FROM projects").fetchone() == (0,)


def test_few_steps_that_take_long_are_stopped(store):
    """Each reads a large JSON text: SQLite asks seldom, and the limit holds all the same."""
    text = json.dumps({str(at): "x" * 100 for at in range(5_000)})
    rows = ENDLESS.replace("FROM n)", "FROM n WHERE i < 1000)")
    rows = rows.replace(
        "count(*)", "sum(json_extract('{\"a\":' || i || ',' || substr(?, 2), '$.b'))"
    )
    start = time.thread_time()
    with pytest.raises(RequestTooLarge, match="keeps the database busy"):
        with store.read() as conn:
            conn.raw.execute(rows, (text,)).fetchall()
    assert time.thread_time() - start < 2


def test_each_block_has_the_whole_time(store):
    """It is not a limit of the connection's life."""
    store.time_limit_s = 0.4
    start = time.monotonic()
    while time.monotonic() - start < 0.8:
        with store.read() as conn:
            ending = ENDLESS.replace("FROM n)", "FROM n WHERE i < 40000)")
            assert conn.raw.execute(ending).fetchone() == (40000,)


def test_waiting_for_the_reader_is_free(store):
    """Whoever takes rows slowly is not stopped: the pauses are longer than the limit."""
    store.time_limit_s = 0.5
    rows = ENDLESS.replace("FROM n)", "FROM n WHERE i < 20000)").replace("count(*)", "i")
    with store.read() as conn:
        taken = 0
        for _ in conn.raw.execute(rows):
            taken += 1
            if taken % 2000 == 0:
                time.sleep(0.08)
    assert taken == 20000


def test_without_a_limit_nothing_is_watched(tmp_path):
    """The usual store pays nothing."""
    store = Store.open(str(tmp_path / "weave.db"))
    with store.read() as conn:
        ending = ENDLESS.replace("FROM n)", "FROM n WHERE i < 400000)")
        assert conn.raw.execute(ending).fetchone() == (400000,)
    store.close()
