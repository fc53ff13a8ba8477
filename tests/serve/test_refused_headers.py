"""Heads that no well-meaning client of this machine sends, as they go over the wire."""

from __future__ import annotations

import socket

import pytest

LOCAL = "Host: 127.0.0.1"
ORIGIN = "Origin: http://127.0.0.1"

REFUSED = {
    "no host": ["GET / HTTP/1.0"],
    "no host in 1.1": ["GET /health HTTP/1.1"],
    "two hosts": ["GET /health HTTP/1.1", LOCAL, "Host: example.org"],
    "two hosts, foreign first": ["GET /health HTTP/1.1", "Host: example.org", LOCAL],
    "the same host twice": ["GET /health HTTP/1.1", LOCAL, LOCAL],
    "two hosts in one": ["GET /health HTTP/1.1", "Host: 127.0.0.1 example.org"],
    "a host with a user": ["GET /health HTTP/1.1", "Host: 127.0.0.1@example.org"],
    "a host with a path": ["GET /health HTTP/1.1", "Host: 127.0.0.1/example.org"],
    "a host with a backslash": ["GET /health HTTP/1.1", "Host: 127.0.0.1\\example.org"],
    "a host with a dot behind": ["GET /health HTTP/1.1", "Host: localhost."],
    "a rebound name": ["GET /health HTTP/1.1", "Host: 127.0.0.1.nip.io"],
    "a port that is none": ["GET /health HTTP/1.1", "Host: localhost:abc"],
    "a port that is too large": ["GET /health HTTP/1.1", "Host: localhost:99999"],
    "a negative port": ["GET /health HTTP/1.1", "Host: localhost:-1"],
    "any address": ["GET /health HTTP/1.1", "Host: 0.0.0.0"],
    "any address of 6": ["GET /health HTTP/1.1", "Host: [::]"],
    "brackets left open": ["GET /health HTTP/1.1", "Host: [::1"],
    "an address in octal": ["GET /health HTTP/1.1", "Host: 0177.0.0.1"],
    "an address as a number": ["GET /health HTTP/1.1", "Host: 2130706433"],
    "letters that are not ASCII": ["GET /health HTTP/1.1", "Host: lo\u00e7alhost"],
    "the address in the line": ["GET http://example.org/health HTTP/1.1", "Host: example.org"],
    "a forwarded host": ["GET /health HTTP/1.1", "Host: evil.org", "X-Forwarded-Host: localhost"],
    "null origin": ["GET /health HTTP/1.1", LOCAL, "Origin: null"],
    "two origins": ["GET /health HTTP/1.1", LOCAL, ORIGIN, "Origin: http://example.org"],
    "two origins, own last": ["GET /health HTTP/1.1", LOCAL, "Origin: null", ORIGIN],
    "two origins in one": ["GET /health HTTP/1.1", LOCAL, f"{ORIGIN} http://example.org"],
    "an origin of another port": ["GET /health HTTP/1.1", LOCAL, f"{ORIGIN}:8080"],
    "an origin of another name": ["GET /health HTTP/1.1", LOCAL, "Origin: http://localhost"],
    "an origin with a user": ["GET /health HTTP/1.1", LOCAL, "Origin: http://a@127.0.0.1"],
    "an origin of an extension": ["GET /health HTTP/1.1", LOCAL, "Origin: moz-extension://a"],
    "an origin without scheme": ["GET /health HTTP/1.1", LOCAL, "Origin: 127.0.0.1"],
    "an origin of a script": ["GET /health HTTP/1.1", LOCAL, "Origin: javascript://127.0.0.1"],
    "a preflight": [
        "OPTIONS /calls/query HTTP/1.1", LOCAL, "Origin: http://example.org",
        "Access-Control-Request-Method: POST",
    ],
    "a preflight of a private network": [
        "OPTIONS /calls/query HTTP/1.1", LOCAL, "Origin: https://example.org",
        "Access-Control-Request-Private-Network: true",
    ],
    "a fetch across sites": ["GET /health HTTP/1.1", LOCAL, "Sec-Fetch-Site: cross-site"],
    "a fetch of the same site": ["GET /health HTTP/1.1", LOCAL, "Sec-Fetch-Site: same-site"],
    "a fetch in capitals": ["GET /health HTTP/1.1", LOCAL, "SEC-FETCH-SITE: CROSS-SITE"],
    "a fetch of two minds": [
        "GET /health HTTP/1.1", LOCAL, "Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site",
    ],
    "a fetch of an own origin": [
        "GET /health HTTP/1.1", LOCAL, ORIGIN, "Sec-Fetch-Site: cross-site",
    ],
    "a picture": ["GET /health HTTP/1.1", LOCAL, "Sec-Fetch-Site: cross-site", "Accept: image/*"],
    "a form": [
        "POST /calls/delete HTTP/1.1", LOCAL, "Origin: http://example.org",
        "Content-Type: text/plain", "Content-Length: 0",
    ],
    "under the other prefix": ["GET /traces/health HTTP/1.1", LOCAL, "Origin: null"],
    "no such path": ["GET /none HTTP/1.1", LOCAL, "Origin: null"],
    "another method": ["DELETE /calls/query HTTP/1.1", "Host: example.org"],
    "a length twice": [
        "POST /calls/query HTTP/1.1", LOCAL, "Content-Length: 2", "Content-Length: 3",
    ],
    "a length that is none": ["POST /calls/query HTTP/1.1", LOCAL, "Content-Length: -2"],
    "a coding that is unknown": ["POST /calls/query HTTP/1.1", LOCAL, "Transfer-Encoding: x"],
    "a header with a space": ["GET /health HTTP/1.1", LOCAL, "Origin : null"],
}  # fmt: skip


def status_of(served, lines):
    """Send a head, and read the status of its answer."""
    with socket.create_connection(served.address, timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        received = connection.recv(65536)
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head = received.partition(b"\r\n\r\n")[0].lower()
        assert b"access-control-" not in head
        return int(head.split()[1])


@pytest.mark.parametrize("name", REFUSED)
def test_refused(served, remote, name):
    """Before anything of it is done, without a word that lets other pages in."""
    assert status_of(served, REFUSED[name]) in {400, 403, 501}


def test_the_same_heads_without_what_is_wrong_with_them(served, remote):
    """Are answered, so that it is that which is refused."""
    for lines in (
        ["GET /health HTTP/1.0", LOCAL],
        ["GET /health HTTP/1.1", LOCAL],
        ["GET /health HTTP/1.1", "Host: localhost:65535"],
        ["GET /health HTTP/1.1", "Host: [::1]"],
        ["GET /health HTTP/1.1", LOCAL, ORIGIN, "Sec-Fetch-Site: same-origin"],
        ["GET /traces/health HTTP/1.1", LOCAL],
        ["GET /health HTTP/1.1", LOCAL, "X-A: " + "a" * 7_000],
    ):
        assert status_of(served, lines) == 200, lines
