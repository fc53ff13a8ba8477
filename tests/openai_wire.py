"""A small server on this machine that speaks OpenAI's wire, and can misbehave in the known ways."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager

from local_server import QuietHandler, running

USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def answer(text="hello", **fields):
    """Make a chat completion."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {"id": "c1", "object": "chat.completion", "choices": [choice], "usage": USAGE, **fields}


class Wire:
    """What the server answers next, and what it was asked."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/v1"
        self.status = 200
        self.body = json.dumps(answer()).encode()
        self.headers = {}
        self.delay_s = 0.0
        self.length = None
        self.pause_s = 0.0
        self.requests = []

    def says(self, value, status=200):
        """Set the next answers."""
        self.status = status
        self.body = value if isinstance(value, bytes) else json.dumps(value).encode()


def pieces(wire):
    """Cut the body into bytes with a pause after each, when a pause is set."""
    if not wire.pause_s:
        yield wire.body
        return
    for byte in wire.body:
        yield bytes([byte])
        time.sleep(wire.pause_s)


class _Handler(QuietHandler):
    def do_POST(self):
        wire = self.server.wire
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wire.requests.append((self.path, dict(self.headers), json.loads(body)))
        time.sleep(wire.delay_s)
        self.send_response(wire.status)
        for name, value in wire.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(wire.length or len(wire.body)))
        self.end_headers()
        for piece in pieces(wire):
            self.wfile.write(piece)


@contextmanager
def openai_wire():
    """Run the server for a while."""
    with running(_Handler) as httpd:
        httpd.wire = Wire(httpd.server_port)
        yield httpd.wire
