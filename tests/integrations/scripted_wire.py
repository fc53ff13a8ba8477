"""A server on this machine that answers as a test says, for the clients of two model providers.

The model that is asked for picks the answer, so that threads do not disturb each other.
"""

from __future__ import annotations

import json
from contextlib import contextmanager

from local_server import QuietHandler, running

CHAT_USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


class Wire:
    """What the server answers per model, and what it was asked."""

    def __init__(self, port):
        self.host = f"http://127.0.0.1:{port}"
        self.url = f"{self.host}/v1"
        self.answers = {}
        self.requests = []

    def says(self, model, value, status=200):
        """Set the answer for a model: one JSON value."""
        self.answers[model] = (status, "application/json", json.dumps(value).encode(), False)

    def streams(self, model, events, *, breaks=False):
        """Set the answer for a model: events; ``breaks`` cuts the connection after them."""
        text = "".join(events)
        self.answers[model] = (200, "text/event-stream", text.encode(), breaks)


def chat_events(*chunks, done=True):
    """Chunks of a chat, as events."""
    base = {"id": "c-1", "created": 1, "model": "gpt-served", "object": "chat.completion.chunk"}
    events = [f"data: {json.dumps({**base, **chunk})}\n\n" for chunk in chunks]
    return [*events, "data: [DONE]\n\n"] if done else events


def chunk(finish_reason=None, **delta):
    """One chunk of a chat with one choice."""
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


USAGE_CHUNK = {"choices": [], "usage": CHAT_USAGE}
HELLO = (chunk(role="assistant", content="Hel"), chunk(content="lo"), chunk("stop"))


def named_events(*events):
    """Events with a type, as events."""
    return [f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events]


def chat(**message):
    """A whole answer of a chat."""
    message = {"role": "assistant", "content": "Hello", **message}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    base = {"id": "c-1", "created": 1, "model": "gpt-served", "object": "chat.completion"}
    return {**base, "choices": [choice], "usage": CHAT_USAGE}


class _Handler(QuietHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        wire = self.server.wire
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        wire.requests.append(body)
        status, kind, content, breaks = wire.answers[body["model"]]
        self.send_response(status)
        self.send_header("content-type", kind)
        # A length that is not kept is what a broken connection looks like.
        self.send_header("content-length", str(len(content) + (10 if breaks else 0)))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True


@contextmanager
def scripted_wire():
    """Run the server for a while."""
    with running(_Handler) as httpd:
        httpd.wire = Wire(httpd.server_port)
        yield httpd.wire
