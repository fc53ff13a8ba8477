"""A sync that is killed as a process, at several moments, and run again."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

FROM, TO = "local/test", "acme/moved"
CALLS = 4_000


def fill(server):
    """Store objects that lead to each other, and calls that lead to them."""
    refs = []
    for n in range(30):
        value = {"n": n, "about": refs[-1:]}
        obj = tsi.ObjSchemaForInsert(project_id=FROM, object_id=f"o{n % 4}", val=value)
        digest = server.obj_create(tsi.ObjCreateReq(obj=obj)).digest
        refs.append(f"weave:///{FROM}/object/o{n % 4}:{digest}")
    batch = []
    for n in range(CALLS):
        call = {
            "project_id": FROM, "id": f"0197d1a0-0000-7000-8000-{n:012}", "trace_id": "t",
            "op_name": "o", "started_at": f"2024-05-01T10:{n // 100:02}:00Z", "attributes": {},
            "inputs": {"about": refs[n % 30]}, "output": n, "summary": {},
            "ended_at": "2024-05-01T11:00:00Z",
        }  # fmt: skip
        batch.append(call)
    server.calls_complete(tsi.CallsUpsertCompleteReq.model_validate({"batch": batch}))


def moved_calls(path):
    """Count the calls that a file has, while another process writes it."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(path)) as conn:
        return conn.execute("SELECT count(*) FROM calls").fetchone()[0]
    return -1


def test_killed_and_run_again(tmp_path):
    """Nothing is lost, nothing is there twice, and a run after that moves nothing."""
    source, target = tmp_path / "weave.db", tmp_path / "copy.db"
    with SqliteTraceServer(source) as server:
        fill(server)
    words = ["sync", "--db", str(source), "--to", str(target), "-p", FROM, "--as", TO]
    command = [sys.executable, "-m", "weave_lite", *words]
    killed = 0
    for goal in (0, 1, CALLS // 2):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None and not (target.exists() and moved_calls(target) >= goal):
                time.sleep(0.005)
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        killed += process.returncode == -signal.SIGKILL
    left = CALLS - moved_calls(target)
    done = subprocess.run([*command, "--check-all"], capture_output=True, text=True, check=False)
    again = subprocess.run(command, capture_output=True, text=True, check=False)

    assert killed == 3
    assert left > 0
    assert (done.returncode, done.stderr) == (0, "")
    assert "moved nothing" in again.stdout
    with SqliteTraceServer(source) as before, SqliteTraceServer(target) as after:
        calls = after.calls_query(tsi.CallsQueryReq(project_id=TO)).calls
        wanted = before.calls_query(tsi.CallsQueryReq(project_id=FROM)).calls
        assert [(call.id, call.output) for call in calls] == [
            (call.id, call.output) for call in wanted
        ]
        for project, server in ((FROM, before), (TO, after)):
            objs = server.objs_query(tsi.ObjQueryReq(project_id=project)).objs
            numbers = [(obj.object_id, obj.version_index, obj.val["n"]) for obj in objs]
            assert numbers == [(f"o{n % 4}", n // 4, n) for n in range(30)]
        refs = list({call.inputs["about"] for call in calls})
        assert len(after.refs_read_batch(tsi.RefsReadBatchReq(refs=refs)).vals) == 30
