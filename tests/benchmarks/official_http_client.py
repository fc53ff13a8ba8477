"""The official SDK's client traces ops into a server by URL: ``python official_http_client.py URL``.

Run in the environment of its pins. Prints seconds per op until all are sent, and the share lost.
"""

from __future__ import annotations

import json
import sys
import time

import data
import weave
from weave.trace.context import weave_client_context
from weave.trace.weave_client import WeaveClient
from weave.trace_server_bindings.remote_http_trace_server import RemoteHTTPTraceServer

OPS = 2_000


@weave.op
def work(value: object) -> object:
    return data.output(1)


if __name__ == "__main__":
    remote = RemoteHTTPTraceServer(sys.argv[1], should_batch=True)
    remote.set_auth(("api", "k" * 40))
    client = WeaveClient(data.PROJECT_ENTITY, "http", remote, ensure_project_exists=False)
    weave_client_context.set_weave_client_global(client)
    for _ in range(50):
        work(data.inputs(1))
    client.flush()
    begin = time.perf_counter()
    for _ in range(OPS):
        work(data.inputs(1))
    client.flush()
    seconds = time.perf_counter() - begin
    sys.stdout.write(json.dumps({"value": seconds / OPS, "ops": OPS + 50}) + "\n")
