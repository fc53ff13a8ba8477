"""The official SDK's own SQLite server, asked over stdin: a JSON request a line, a JSON answer a line.

Runs in the environment of its pins. Refs are of its internal form there; the asker sees ours.
"""

from __future__ import annotations

import json
import sys

from weave.trace_server import trace_server_interface as tsi
from weave.trace_server.sqlite_trace_server import SqliteTraceServer

ENTITY = "acme"


def inside(text: str) -> str:
    text = text.replace(f"weave:///{ENTITY}/", f"weave-trace-internal:///{ENTITY}~")
    return text.replace(f'"{ENTITY}/', f'"{ENTITY}~')


def outside(text: str) -> str:
    text = text.replace(f"weave-trace-internal:///{ENTITY}~", f"weave:///{ENTITY}/")
    return text.replace(f'"{ENTITY}~', f'"{ENTITY}/')


def answer(server: SqliteTraceServer, line: str) -> str:
    request = json.loads(inside(line))
    model = getattr(tsi, request["model"])
    try:
        result = getattr(server, request["method"])(model.model_validate(request["req"]))
        return json.dumps({"result": json.loads(result.model_dump_json())})
    except Exception as error:  # the asker compares kinds of errors
        return json.dumps({"error": type(error).__name__})


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr
    server = SqliteTraceServer(sys.argv[1])
    server.setup_tables()
    for line in sys.stdin:
        answers.write(outside(answer(server, line)) + "\n")
        answers.flush()
