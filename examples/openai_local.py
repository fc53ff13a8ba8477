"""The calls of the `openai` client, recorded with their tokens and no change to the code that makes them.

Needs `pip install openai`. The server stands for a model: it runs here, and answers by counting words.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import weave_lite as weave


class Model(BaseHTTPRequestHandler):
    """Says how many words it was asked with, at once or in parts."""

    def do_POST(self):
        """Answer a request."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = len(asked["messages"][-1]["content"].split())
        usage = {"prompt_tokens": words, "completion_tokens": 2, "total_tokens": words + 2}
        base = {"id": "c-1", "created": 0, "model": "counter-1"}
        if asked.get("stream"):
            parts = [
                {"choices": [{"index": 0, "delta": {"content": f"{words} "}}]},
                {"choices": [{"index": 0, "delta": {"content": "words"}, "finish_reason": "stop"}]},
                {"choices": [], "usage": usage},
            ]
            chunks = [{**base, "object": "chat.completion.chunk", **part} for part in parts]
            events = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
            self.answer("text/event-stream", f"{events}data: [DONE]\n\n")
        else:
            message = {"role": "assistant", "content": f"{words} words"}
            choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
            answer = {**base, "object": "chat.completion", "choices": choices, "usage": usage}
            self.answer("application/json", json.dumps(answer))

    def answer(self, kind, text):
        """Send a text."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        """Stay quiet."""


client = weave.init("counting")

# Before or after init, and in any module: the library is patched when it is imported.
import openai  # noqa: E402

server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
threading.Thread(target=server.serve_forever, daemon=True).start()
ai = openai.OpenAI(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}/v1")


def messages(text: str) -> list:
    return [{"role": "user", "content": text}]


@weave.op
def compare(short: str, long: str) -> str:
    first = ai.chat.completions.create(model="counter", messages=messages(short))
    second = ai.chat.completions.create(model="counter", messages=messages(long), stream=True)
    streamed = "".join(chunk.choices[0].delta.content for chunk in second)
    return f"{first.choices[0].message.content} against {streamed}"


compare("two words", "and here are some more")
(root,) = client.get_calls(filter={"trace_roots_only": True})
print(root.func_name, "->", root.output)
for call in root.children():
    print("  ", call.func_name, "->", call.output["choices"][0]["message"]["content"])
print(root.summary["usage"])
server.shutdown()
