"""The queue of starts and ends: in order, nothing lost that the server takes."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from weave_lite.core.errors import (
    AccessDeniedError,
    InvalidRequest,
    NotFoundError,
    RemoteServerError,
)
from weave_lite.trace_server_bindings import call_batcher
from weave_lite.trace_server_bindings.call_batcher import CallBatcher


class Server:
    """Takes items, but not the bad ones.

    Attributes:
        faults: What it raises, in turn, before it takes anything.
        bad: Items that it refuses, with their whole batch.
    """

    def __init__(self):
        self.taken = []
        self.sizes = []
        self.faults = []
        self.bad = set()

    def __call__(self, batch):
        if self.faults:
            raise self.faults.pop(0)
        self.sizes.append(len(batch))
        if self.bad.intersection(batch):
            raise InvalidRequest("bad item")
        self.taken += batch


@pytest.fixture
def server():
    return Server()


def batcher_of(server, **options):
    """A batcher whose thread does not send."""
    batcher = CallBatcher(server, pause_s=60, **options)
    batcher._thread = threading.Thread(target=len, args=("",))
    batcher._thread.start()
    return batcher


def items(count):
    return [str(number).encode() for number in range(count)]


def put(batcher, each):
    for item in each:
        batcher.put(item)


def test_all_is_sent_in_order(server):
    """In batches of at most a hundred."""
    batcher = batcher_of(server)
    put(batcher, items(250))
    assert batcher.flush()
    assert server.taken == items(250)
    assert server.sizes == [100, 100, 50]


def test_the_thread_sends_by_itself(server):
    """Nobody has to flush."""
    arrived = threading.Event()

    def send(batch):
        server(batch)
        arrived.set()

    batcher = CallBatcher(send, pause_s=0.01)
    batcher.put(b"1")
    assert arrived.wait(10)
    batcher.close()
    assert server.taken == [b"1"]


def test_the_end_is_bounded(server, monkeypatch, caplog):
    """A server that does not answer holds up nobody for long; what is lost is told."""
    monkeypatch.setattr(call_batcher, "_EXIT_S", 0.2)
    silence = threading.Event()
    batcher = CallBatcher(lambda _: silence.wait(30), pause_s=60)
    batcher.put(b"1")
    while batcher._queue:
        time.sleep(0.001)
    put(batcher, items(3))
    began = time.monotonic()
    batcher.close()
    assert time.monotonic() - began < 5
    assert "3 starts and ends of calls could not be sent; they are lost" in caplog.text
    batcher._forget()
    silence.set()


def test_what_waits_is_sent_at_the_end(server):
    """Although the thread was in its pause, and more comes afterwards."""
    batcher = CallBatcher(server, pause_s=60)
    for item in items(150):
        batcher.put(item)
    batcher.close()
    assert server.taken == items(150)
    batcher.put(b"late")
    batcher.close()
    assert server.taken[-1] == b"late"


@pytest.mark.parametrize("bad", [{b"0"}, {b"49"}, {b"3", b"4", b"77"}])
def test_bad_items_do_not_lose_the_others(server, bad, caplog):
    """They are found by halves, and told once."""
    server.bad = bad
    batcher = batcher_of(server)
    put(batcher, items(100))
    assert batcher.flush()
    assert server.taken == [item for item in items(100) if item not in bad]
    assert batcher.refused_count == len(bad)
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert f"refuses {len(bad)} starts and ends" in caplog.text


@pytest.mark.parametrize(
    "fault",
    [RemoteServerError("away", 503), AccessDeniedError("no key"), OSError("no socket is left")],
)
def test_what_may_pass_waits(server, fault, caplog):
    """Be it that the server is away, or that a key is still to be set: it is told once."""
    caplog.set_level(logging.WARNING)
    server.faults = [fault] * 3
    batcher = batcher_of(server)
    put(batcher, items(120))
    assert [batcher.flush() for _ in range(3)] == [False, False, False]
    batcher.put(b"last")
    assert batcher.flush()
    assert server.taken == [*items(120), b"last"]
    assert (len(caplog.records), batcher.refused_count) == (1, 0)


def test_a_server_that_goes_away_while_a_bad_item_is_sought(server):
    """What was not sent yet waits; what was sent is not sent again."""
    server.bad = {b"2"}
    sent = []

    def send(batch):
        if len(sent) == 2:
            sent.append("away")
            raise RemoteServerError("away", 503)
        sent.append(batch)
        server(batch)

    batcher = batcher_of(send)
    put(batcher, items(8))
    assert not batcher.flush()
    assert batcher.flush()
    assert server.taken == [item for item in items(8) if item != b"2"]


def test_a_refusal_of_all_is_not_sought_in_halves(server, caplog):
    """An address with no such path says nothing of the items."""
    server.faults = [NotFoundError("no such path")]
    batcher = batcher_of(server)
    put(batcher, items(5))
    assert batcher.flush()
    assert (server.taken, batcher.refused_count) == ([], 5)
    assert "refuses 5 starts and ends" in caplog.text


def test_the_log_names_the_calls(server, caplog):
    """A start and an end by their ids, but not a thousand of them."""
    bad = [
        b'{"mode":"start","req":{"start":{"id":"one"}}}',
        b'{"mode":"end","req":{"end":{"id":"two"}}}',
    ]
    server.bad = {*bad, *items(50)}
    batcher = batcher_of(server)
    put(batcher, [*bad, *items(50)])
    batcher.flush()
    assert "refuses 52 starts and ends of calls, they are lost (one, two, ?, " in caplog.text
    assert "?, ...): bad item" in caplog.text
    assert len(caplog.text) < 400


def test_a_full_queue_drops_what_comes(server, caplog):
    """Counted, and told once."""
    batcher = batcher_of(server, max_size=3)
    put(batcher, items(6))
    assert (batcher.dropped_count, len(caplog.records)) == (3, 1)
    batcher.flush()
    assert server.taken == items(3)


def test_the_bound_is_a_setting(server, monkeypatch):
    """Of the environment; 0 is none."""
    monkeypatch.setenv("WEAVE_MAX_CALLS_QUEUE_SIZE", "2")
    batcher = batcher_of(server)
    put(batcher, items(3))
    assert batcher.dropped_count == 1
    unbounded = batcher_of(server, max_size=0)
    put(unbounded, items(1000))
    assert unbounded.dropped_count == 0
    batcher._forget()
    unbounded._forget()
