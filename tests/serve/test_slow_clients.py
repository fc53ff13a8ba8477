"""Clients that hold a connection without getting on lose it; those that get on slowly do not."""

from __future__ import annotations

import asyncio
import json
import socket
import time

import httpx2
import pytest
from served import Served

from weave_lite.serve import body
from weave_lite.serve.protocol import WatchfulProtocol
from weave_lite.trace_server import trace_server_interface as tsi

P = "acme/demo"
HEAD = b"GET /server_info HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
BODY = json.dumps({"project_id": P}).encode()
POST = b"POST /calls/query_stats HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(
    BODY
)


class Hasty(WatchfulProtocol):
    """The same, with less patience."""

    head_s = 0.6
    stalled_s = 0.4


@pytest.fixture(scope="module")
def hasty():
    """A web server with little patience."""
    served = Served(Hasty)
    yield served
    served.stop()


@pytest.fixture
def connect(hasty, store, monkeypatch):
    """Open a connection to a store that is served with little patience."""
    monkeypatch.setattr(body, "_STALLED_S", 0.6)
    opened = []

    def open_one():
        opened.append(socket.create_connection(hasty.address))
        opened[-1].settimeout(5)
        return opened[-1]

    with hasty.serving(store):
        yield open_one
        for each in opened:
            each.close()


def answer(connection):
    """Read one answer to its end."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, rest = received.partition(b"\r\n\r\n")
    size = next(
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    )
    while len(rest) < size:
        rest += connection.recv(65536)
    return int(head.split()[1]), json.loads(rest)


def until_closed(connection):
    """Tell how long it took until the other side closed."""
    start = time.monotonic()
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - start


@pytest.mark.parametrize("begun", [b"", b"G", HEAD[:-2], b"POST /x HTTP/1.1\r\nHost"])
def test_half_a_head(connect, begun):
    """Ends, whatever of it has come."""
    connection = connect()
    connection.sendall(begun)
    assert 0.2 < until_closed(connection) < 3


@pytest.mark.parametrize("begun", [b"G", HEAD[:-2]])
def test_half_a_second_head(connect, begun):
    """Ends as the first one does."""
    connection = connect()
    connection.sendall(HEAD)
    assert answer(connection)[0] == 200
    connection.sendall(begun)
    assert 0.2 < until_closed(connection) < 3


def test_half_a_head_behind_a_whole_one(connect):
    """Sent in one piece, and then byte by byte: no byte starts the clock anew."""
    connection = connect()
    connection.sendall(HEAD + HEAD[:9])
    assert answer(connection)[0] == 200
    start = time.monotonic()
    with pytest.raises(ConnectionError):
        for at in range(9, 100):
            connection.sendall(b"%c" % HEAD[at % 20])
            time.sleep(0.05)
    assert time.monotonic() - start < 3


def test_a_head_byte_by_byte(connect):
    """Ends when it takes too long as a whole."""
    connection = connect()
    start = time.monotonic()
    with pytest.raises(ConnectionError):
        for byte in HEAD * 10:
            connection.sendall(b"%c" % (byte or 65))
            time.sleep(0.05)
    assert time.monotonic() - start < 3


def test_a_head_and_a_body_in_pieces(connect):
    """Is answered when each comes in its time; and the connection stays."""
    connection = connect()
    for _ in range(2):
        for piece in (POST[:20], POST[20:], BODY[:5], BODY[5:9], BODY[9:]):
            connection.sendall(piece)
            time.sleep(0.1)
        assert answer(connection) == (200, {"count": 0, "total_storage_size_bytes": None})


@pytest.mark.parametrize("path", ["/calls/query_stats", "/files/create", "/otel/v1/traces"])
def test_a_body_that_stops(connect, path):
    """Is answered so that clients send it again, and the connection ends."""
    connection = connect()
    connection.sendall(
        b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b" % path.encode()
    )
    status, told = answer(connection)
    assert (status, told) == (503, {"reason": "the body did not come in time; send it again"})
    connection.sendall(b"x")
    assert until_closed(connection) < 3


@pytest.mark.parametrize("path", ["/calls/query_stats", "/files/create"])
def test_a_body_byte_by_byte(connect, monkeypatch, path):
    """Ends when it takes too long as a whole."""
    monkeypatch.setattr(body, "_WHOLE_S", 0.5)
    connection = connect()
    connection.sendall(
        b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n" % path.encode()
    )
    for _ in range(9):
        connection.sendall(b"a")
        time.sleep(0.05)
    assert answer(connection)[0] == 503


def test_a_body_that_nobody_reads(connect):
    """Cannot hold a connection that has its answer."""
    connection = connect()
    connection.sendall(b"POST /none HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999\r\n\r\n")
    assert answer(connection)[0] == 404
    start = time.monotonic()
    with pytest.raises(ConnectionError):
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)
    assert time.monotonic() - start < 3


def test_a_body_that_breaks_off(connect, caplog):
    """Is no failure of the server."""
    connection = connect()
    connection.sendall(POST + BODY[:4])
    time.sleep(0.1)
    connection.close()
    time.sleep(0.2)
    assert "failed" not in caplog.text


def fill(store, count, size):
    """Store calls with large inputs."""
    batch = [
        {
            "mode": "start",
            "req": {
                "start": {
                    "project_id": P,
                    "op_name": "f",
                    "started_at": at,
                    "attributes": {},
                    "inputs": {"text": "x" * size},
                }
            },
        }
        for at in range(count)
    ]
    store.call_start_batch(tsi.CallCreateBatchReq(batch=batch))


@pytest.mark.parametrize("path", ["/calls/stream_query", "/calls/query", "/files/content"])
def test_answers_that_nobody_takes(connect, store, path):
    """Are broken off, also when the whole answer waits already."""
    fill(store, 400, 50_000)
    file = tsi.FileCreateReq(project_id=P, name="x", content=bytes(20_000_000))
    asked = json.dumps({"project_id": P, "digest": store.file_create(file).digest}).encode()
    connection = connect()
    head = b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head % (path.encode(), len(asked)) + asked)
    time.sleep(1.2)
    received = 0
    while piece := connection.recv(65536):
        received += len(piece)
    # What the system held already comes still.
    assert received < 20_000_000


def test_answers_that_are_taken_slowly(connect, store):
    """Come to their end."""
    fill(store, 200, 50_000)
    connection = connect()
    head = b"POST /calls/stream_query HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head % len(BODY) + BODY)
    received, last = 0, b""
    while not last.endswith(b"\r\n0\r\n\r\n"):
        piece = connection.recv(2_000_000)
        assert piece, "broken off"
        received, last = received + len(piece), (last + piece)[-20:]
        time.sleep(0.01)
    assert received > 10_000_000


def test_others_are_served_meanwhile(connect, hasty):
    """A hundred that do nothing are in nobody's way."""
    for _ in range(100):
        connect().sendall(b"POST /")

    async def ask():
        async with httpx2.AsyncClient() as client:
            asked = (client.get(f"{hasty.url}/health") for _ in range(20))
            return await asyncio.gather(*asked)

    assert {each.status_code for each in asyncio.run(ask())} == {200}
