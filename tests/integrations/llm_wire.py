"""A server on this machine that speaks the wires of two model providers."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENAI_USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
CHAT = {"id": "c-1", "created": 1, "model": "gpt-served"}
MESSAGE = {
    "id": "m-1",
    "type": "message",
    "role": "assistant",
    "model": "claude-served",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


def chat_completion() -> dict[str, Any]:
    """A whole answer of a chat."""
    message = {"role": "assistant", "content": "Hello"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**CHAT, "object": "chat.completion", "choices": [choice], "usage": OPENAI_USAGE}


def chat_chunks() -> Iterator[dict[str, Any]]:
    """The same answer in parts, the token counts last."""
    chunk = {**CHAT, "object": "chat.completion.chunk"}
    for text in ("Hel", "lo"):
        delta = {"role": "assistant", "content": text}
        yield {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield {**chunk, "choices": [], "usage": OPENAI_USAGE}


class Handler(BaseHTTPRequestHandler):
    """Answers chats and messages; a request for the model ``missing`` fails."""

    def do_POST(self) -> None:
        """Answer a request by its path."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if body["model"] == "missing":
            self.answer(404, {"error": {"message": "no such model", "type": "not_found_error"}})
        elif self.path.endswith("/chat/completions") and body.get("stream"):
            events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chat_chunks())
            self.send(200, "text/event-stream", f"{events}data: [DONE]\n\n")
        elif self.path.endswith("/chat/completions"):
            self.answer(200, chat_completion())
        else:
            self.answer(200, MESSAGE)

    def answer(self, status: int, value: Any) -> None:
        """Send a value as JSON."""
        self.send(status, "application/json", json.dumps(value))

    def send(self, status: int, kind: str, text: str) -> None:
        """Send a text."""
        content = text.encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def llm_server() -> Iterator[str]:
    """Serve inside the block; gives the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
