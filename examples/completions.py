"""Ask a model through the server, and find the question, the answer and the tokens as a call.

The endpoint below answers as Ollama, vLLM or llama.cpp would; put the URL of yours in its place.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "local/completions"


class Endpoint(BaseHTTPRequestHandler):
    """A model that repeats what it is told, and refuses to shout."""

    def do_POST(self) -> None:
        """Answer a chat."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        text = asked["messages"][-1]["content"]
        usage = {"prompt_tokens": len(text.split()), "completion_tokens": 2, "total_tokens": 4}
        message = {"role": "assistant", "content": f"You said: {text}"}
        answer = {"model": asked["model"], "choices": [{"message": message}], "usage": usage}
        if text.isupper():
            answer = {"error": {"message": "please do not shout"}}
        body = json.dumps(answer).encode()
        self.send_response(400 if text.isupper() else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


endpoint = HTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=endpoint.serve_forever, daemon=True).start()
server = SqliteTraceServer("completions.db")


def publish(name: str, kind: str, val: dict) -> None:
    obj = {"project_id": PROJECT, "object_id": name, "builtin_object_class": kind, "val": val}
    server.obj_create(tsi.ObjCreateReq(obj=obj))


# The endpoint is "home", its model "home/parrot". No key is needed on this machine.
url = f"http://127.0.0.1:{endpoint.server_port}/v1"
publish("home", "Provider", {"base_url": url, "api_key_name": "HOME_API_KEY"})
publish(
    "home-parrot", "ProviderModel", {"provider": "home", "max_tokens": 100, "name": "parrot-7b"}
)

for text in ("hello there", "HELLO"):
    inputs = {"model": "home/parrot", "messages": [{"role": "user", "content": text}]}
    res = server.completions_create(tsi.CompletionsCreateReq(project_id=PROJECT, inputs=inputs))
    print("answer:", res.response.get("error") or res.response["choices"][0]["message"]["content"])

for call in server.calls_query(tsi.CallsQueryReq(project_id=PROJECT)).calls:
    print(call.op_name, call.summary["weave"]["status"], call.summary.get("usage"))
server.close()
endpoint.shutdown()
