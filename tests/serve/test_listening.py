"""The socket that the server listens at."""

from __future__ import annotations

import socket

from weave_lite.serve.run import _listen


def test_answers_leave_at_once():
    """An answer of two parts does not wait 40 ms for the client to say that it has the first."""
    with _listen("127.0.0.1", 0) as listening:
        with socket.create_connection(listening.getsockname()):
            taken, _ = listening.accept()
            with taken:
                assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
