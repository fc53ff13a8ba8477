"""A store that fails under a running program: user code never notices."""

from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys

import pytest

from weave_lite.core.errors import StoreError
from weave_lite.testing import memory_client
from weave_lite.trace.op import op

_FULL_DISK = """
import resource, signal, time, weave_lite as weave
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
client = weave.init("demo", db="a.db")
@weave.op
def f(x): return x[:10]
f("warm up"); client.flush()
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
for n in range(300):
    assert f("y" * 3000 + str(n)) == "y" * 10
client.flush()
assert client.num_outstanding_jobs > 0
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
f("again")
deadline = time.monotonic() + 20
while client.num_outstanding_jobs and time.monotonic() < deadline:
    client.flush()
assert client.num_outstanding_jobs == 0
assert client.recorder.lost_count == 0
calls = list(client.get_calls())
assert len(calls) == 302, len(calls)
assert all(c.ended_at for c in calls)
"""


def test_a_full_disk_that_gets_room_again(tmp_path):
    """Results stay right, one warning, and all records are written once there is room."""
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "WEAVE_LITE_QUIET": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("weave_lite cannot write to its store") == 1
    assert done.stderr.count("can write records again") == 1
    with sqlite3.connect(tmp_path / "a.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_server_that_fails_does_not_disturb_ops(caplog):
    """Sync mode: the records wait, in order, for a store that works."""
    with memory_client() as client:

        @op
        def f(x):
            return x

        f(0)
        write, client.recorder._write = client.recorder._write, _fail
        with caplog.at_level(logging.WARNING, logger="weave_lite"):
            assert [f(n) for n in range(1, 20)] == list(range(1, 20))
        client.recorder._write = write
        assert [c.output for c in client.get_calls()] == list(range(20))
        assert client.recorder.lost_count == 0
    assert sum("cannot write to its store" in r.getMessage() for r in caplog.records) == 1


def _fail(records):
    raise StoreError("disk I/O error")


@pytest.mark.parametrize("error", [RuntimeError("bug"), MemoryError(), RecursionError()])
def test_a_failure_inside_the_tracer_does_not_reach_the_user(caplog, error):
    """Whatever breaks in our own code, the function runs and its result arrives."""
    with memory_client() as client:

        @op
        def f(x):
            return x

        def fail(*args):
            raise error

        put = client.recorder.put
        from weave_lite.trace.tracer import tracer_of

        tracer_of(client)._put = fail
        assert f(1) == 1
        tracer_of(client)._put = put
        assert f(2) == 2
        assert [c.output for c in client.get_calls()] == [2]


def test_recursion_to_the_limit_is_the_users_own(caplog):
    """A function that recurses too deep fails as undecorated, and the stack is clean afterwards."""
    from weave_lite.trace.call_context import get_current_call

    with memory_client() as client:

        @op
        def down(n):
            return down(n + 1)

        with pytest.raises(RecursionError):
            down(0)
        assert get_current_call() is None

        @op
        def after():
            return 1

        _, call = after.call()
        assert call.parent_id is None
        assert client.get_call(call.id).output == 1
