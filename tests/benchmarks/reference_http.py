"""The reference's SQLite server behind HTTP, with the standard library's threading server.

Run in the environment of its pins: ``python reference_http.py FILE``; its first line is the address.
Only what its client needs to trace and to count is there.
"""

from __future__ import annotations

import gzip
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import data
from reference_subject import Subject
from requests_toolbelt.multipart.decoder import MultipartDecoder
from weave.trace_server import trace_server_interface as tsi

ROUTES = {
    "/call/start": ("call_start", tsi.CallStartReq),
    "/call/end": ("call_end", tsi.CallEndReq),
    "/call/upsert_batch": ("call_start_batch", tsi.CallCreateBatchReq),
    "/calls/query_stats": ("calls_query_stats", tsi.CallsQueryStatsReq),
    "/obj/create": ("obj_create", tsi.ObjCreateReq),
    "/obj/read": ("obj_read", tsi.ObjReadReq),
}


def inside(text: str) -> str:
    """Project and refs in the form that its server keeps."""
    project = f"{data.PROJECT_ENTITY}/http"
    internal = project.replace("/", "~")
    return text.replace(f"weave:///{project}", f"weave-trace-internal:///{internal}").replace(
        f'"{project}"', f'"{internal}"'
    )


class Handler(BaseHTTPRequestHandler):
    """One request, one call of the server."""

    protocol_version = "HTTP/1.1"
    server_of_calls: Any = None

    def do_POST(self) -> None:  # noqa: N802 - the name that the base class asks for
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path in {"/file/create", "/files/create"}:
            answer = self._file(body)
        else:
            method, model = ROUTES[self.path]
            request = model.model_validate_json(inside(body.decode()))
            answer = getattr(self.server_of_calls, method)(request)
        # Its server gives nothing back for a batch.
        self._answer(200, answer.model_dump_json().encode() if answer else b"{}")

    def do_GET(self) -> None:  # noqa: N802
        self._answer(200, json.dumps({"min_required_weave_python_version": "0.0.1"}).encode())

    def _file(self, body: bytes) -> Any:
        parts = MultipartDecoder(body, self.headers["Content-Type"]).parts
        found = {}
        for part in parts:
            said = part.headers[b"Content-Disposition"].decode()
            found[said.split('name="')[1].split('"')[0]] = (said, part.content)
        said, content = found["file"]
        return self.server_of_calls.file_create(
            tsi.FileCreateReq(
                project_id=found["project_id"][1].decode().replace("/", "~"),
                name=said.split('filename="')[1].split('"')[0],
                content=content,
            )
        )

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: what is printed would be timed too."""


if __name__ == "__main__":
    Handler.server_of_calls = Subject(sys.argv[1]).server
    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"http://127.0.0.1:{web.server_address[1]}\n")
    sys.stdout.flush()
    web.serve_forever()
