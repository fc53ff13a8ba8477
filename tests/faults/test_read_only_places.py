"""Files and folders that cannot be written, at opening and from some moment on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from stores import assert_sound, calls_in, content_of, program_env

from weave_lite.core.errors import StoreError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

P = "local/demo"
# Rights bind the superuser too, once it cannot get around them.
BOUND = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


def call(call_id):
    start = EncodedStart(P, call_id, call_id, None, "op", None, 1, "{}", "{}")
    return [start, EncodedEnd(P, call_id, 2, None, "1", "{}")]


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with SqliteTraceServer(folder / "weave.db") as server:
        server.write_encoded(call("first"))
    return folder / "weave.db"


def ids(server):
    return [found.id for found in server.calls_query(tsi.CallsQueryReq(project_id=P)).calls]


@pytest.fixture
def bound(place):
    """A store for programs that rights bind; skips where a superuser cannot be bound."""
    if BOUND and (
        shutil.which(BOUND[0]) is None
        or subprocess.run([*BOUND, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("rights cannot be made to bind the superuser here")
    yield place
    place.parent.chmod(0o755)


_OPEN = """
import sys
from weave_lite.core.errors import StoreError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
req = tsi.CallsQueryReq(project_id="local/demo")
with SqliteTraceServer(sys.argv[1], read_only=True) as server:
    print([call.id for call in server.calls_query(req).calls])
try:
    with SqliteTraceServer(sys.argv[1]) as server:
        print([call.id for call in server.calls_query(req).calls])
        server.calls_delete(tsi.CallsDeleteReq(project_id="local/demo", call_ids=["first"]))
        print("deleted")
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("file_mode", "folder_mode"), [(0o444, 0o555), (0o444, 0o777), (0o644, 0o555)]
)
def test_rights_of_a_file_and_its_folder(bound, file_mode, folder_mode):
    """Read-only it is read; else the error is ours and says what to check; nothing changes."""
    before = bound.read_bytes()
    bound.chmod(file_mode)
    bound.parent.chmod(folder_mode)
    done = subprocess.run(
        [*BOUND, sys.executable, "-c", _OPEN, str(bound)],
        check=False,
        env=program_env(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    first, *_, last = done.stdout.splitlines()
    assert first == "['first']"
    assert str(bound) in last
    assert "check" in last
    assert bound.read_bytes() == before


_TRACE = """
import os, sys, time
import weave_lite as weave
client = weave.init("demo", db=sys.argv[1])
@weave.op
def f(x): return x
f("x"); client.flush()
print("ready", flush=True)
sys.stdin.readline()
for n in range(20): assert f(n) == n
client.flush()
print(client.num_outstanding_jobs, client.recorder.lost_count, flush=True)
"""


def test_rights_taken_away_while_open(bound):
    """SQLite keeps its open files, so what an open program writes is kept; new openers are told."""
    process = subprocess.Popen(
        [*BOUND, sys.executable, "-c", _TRACE, str(bound)],
        env=program_env(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "ready\n"
    bound.chmod(0o444)
    bound.parent.chmod(0o555)
    out, err = process.communicate("go\n", timeout=60)
    assert (process.returncode, out) == (0, "0 0\n"), err
    assert len(calls_in(bound)) == 22
    assert_sound(bound)


def test_every_write_of_a_read_only_server_is_refused(place):
    """Each method that writes says why, and the file keeps its bytes."""
    before = place.read_bytes()
    obj = tsi.ObjSchemaForInsert(project_id=P, object_id="o", val={})
    table = tsi.TableSchemaForInsert(project_id=P, rows=[{"a": 1}])
    feedback = {
        "project_id": P,
        "weave_ref": f"weave:///{P}/call/first",
        "feedback_type": "f",
        "payload": {},
    }
    with SqliteTraceServer(place, read_only=True) as server:
        writes = [
            lambda: server.write_encoded(call("second")),
            lambda: server.obj_create(tsi.ObjCreateReq(obj=obj)),
            lambda: server.table_create(tsi.TableCreateReq(table=table)),
            lambda: server.file_create(tsi.FileCreateReq(project_id=P, name="n", content=b"c")),
            lambda: server.feedback_create(tsi.FeedbackCreateReq(**feedback)),
            lambda: server.feedback_replace(
                tsi.FeedbackReplaceReq(feedback_id="x", **feedback),
            ),
            lambda: server.calls_delete(tsi.CallsDeleteReq(project_id=P, call_ids=["first"])),
            lambda: server.call_update(
                tsi.CallUpdateReq(project_id=P, call_id="first", display_name="x")
            ),
        ]
        for write in writes:
            with pytest.raises(StoreError, match="read-only"):
                write()
        assert ids(server) == ["first"]
    assert place.read_bytes() == before


def test_an_immutable_file_with_a_log_beside_it(place):
    """What is in the log only is read too: the log is not passed over."""
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("PRAGMA wal_autocheckpoint = 0")
        other.execute("UPDATE calls SET display_name = 'in the log'")
        with SqliteTraceServer(place, read_only=True) as server:
            req = tsi.CallsQueryReq(project_id=P)
            (found,) = server.calls_query(req).calls
    assert found.display_name == "in the log"


def test_a_store_that_becomes_read_only_while_open(place):
    """SQLite refuses from some moment on: an error of ours; all goes on when it is over."""
    with SqliteTraceServer(place) as server:
        with server._store.write() as conn:
            raw = conn.raw
        before = content_of(place)
        raw.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="cannot be written; check the rights"):
            server.write_encoded(call("second"))
        assert content_of(place) == before
        assert ids(server) == ["first"]
        raw.execute("PRAGMA query_only = OFF")
        server.write_encoded(call("second"))
        assert ids(server) == ["first", "second"]
    assert_sound(place)
