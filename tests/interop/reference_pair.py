"""The official SDK's own SQLite server in its own process, and ours beside it, asked alike."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
from pathlib import Path

from weave_lite.core.errors import WeaveLiteError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PYTHON = "WEAVE_LITE_REFERENCE_PYTHON"


class Reference:
    """The official server in its own process."""

    def __init__(self, folder):
        self.stderr = (folder / "stderr.txt").open("w")
        self.process = subprocess.Popen(
            [
                os.environ[PYTHON],
                str(Path(__file__).with_name("reference_server.py")),
                str(folder / "ref.db"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.stderr,
            text=True,
        )

    def ask(self, method, model, req):
        line = json.dumps({"method": method, "model": model, "req": req})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], 20)
        assert ready, f"the reference does not answer {line}"
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.kill()
        self.process.wait(60)
        self.process.stdin.close()
        self.process.stdout.close()
        self.stderr.close()


def with_own_ids(req):
    """Give call ids the name of their project: the reference takes an id once for all projects."""
    text = json.dumps(req)
    project = re.search(r"acme/(\w+)", text)
    return json.loads(re.sub(r'"(c\d)"', rf'"{project[1]}-\1"', text)) if project else req


def fits(changes, length):
    """Whether all indexes are in range: the reference takes some that are not."""
    for change in changes:
        if "pop" in change:
            if change["pop"]["index"] >= length:
                return False
            length -= 1
        elif "insert" in change:
            if change["insert"]["index"] > length:
                return False
            length += 1
        else:
            length += 1
    return True


def with_own_rows(number, stored, changes):
    """Give rows a number of their project: the reference has a table once for all projects."""
    owned = [{**row, "own": number} for row in stored]
    changed = [
        {kind: {**what, "row": {**what["row"], "own": number}} if "row" in what else what}
        for change in changes
        for kind, what in change.items()
    ]
    return owned, changed


class Both:
    """Both servers; an answer is compared and then returned."""

    def __init__(self, folder):
        self.reference = Reference(folder)
        self.ours = SqliteTraceServer(folder / "ours.db")

    def ask(self, method, model, req, same=lambda result: result):
        req = with_own_ids(req)
        expected = self.reference.ask(method, model, req)
        try:
            found = getattr(self.ours, method)(getattr(tsi, model).model_validate(req))
        except WeaveLiteError as error:
            found = {"error": type(error).__name__}
        else:
            found = {"result": json.loads(found.model_dump_json())}
        assert sorted(found) == sorted(expected), (method, req, found, expected)
        if "result" in found:
            ours, theirs = same(found["result"]), same(expected["result"])
            assert ours == theirs, (method, req)
        return found

    def close(self):
        self.reference.close()
        self.ours.close()
