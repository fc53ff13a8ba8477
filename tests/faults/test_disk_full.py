"""No room: the program goes on, the loss is counted, one warning, and all resumes by itself."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from stores import assert_sound, calls_in, program_env, run_program

from weave_lite.trace import client_context, settings
from weave_lite.trace.op import op
from weave_lite.trace.weave_client import WeaveClient
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer


@op
def echo(text):
    return text


@pytest.fixture(params=["sync", "buffered"])
def client(request, tmp_path):
    """A client on a file, in both ways of writing."""
    is_sync = request.param == "sync"
    settings.use(settings.Settings(client_parallelism=0 if is_sync else None))
    server = SqliteTraceServer(tmp_path / "weave.db")
    made = WeaveClient("acme", "demo", server)
    client_context.set_client(made)
    yield made
    client_context.set_client(None)
    settings.use(None)
    made.finish()
    server.close()


def limit_pages(client, more):
    """Let the file grow by so many pages at most; by any number when None."""
    with client.server._store.write() as conn:
        ((pages,),) = conn.raw.execute("PRAGMA page_count").fetchall()
        conn.raw.execute(f"PRAGMA max_page_count = {2**31 if more is None else pages + more}")


def test_a_file_that_cannot_grow(client, tmp_path, caplog):
    """Whatever was flushed stays; what waits is written, in order, when there is room."""
    for n in range(10):
        echo(f"before {n}")
    client.flush()
    limit_pages(client, 3)
    with caplog.at_level(logging.WARNING, logger="weave_lite"):
        for n in range(60):
            assert echo(f"{n} {'x' * 3000}")
        client.flush()
        assert client.num_outstanding_jobs > 0
        assert len(calls_in(tmp_path / "weave.db")) < 70
        assert all(is_ended for _, _, is_ended, _ in calls_in(tmp_path / "weave.db")[:10])
        limit_pages(client, None)
        client.flush()
    assert client.num_outstanding_jobs == client.recorder.lost_count == 0
    calls = list(client.get_calls())
    assert [str(call.output).split()[0] for call in calls] == ["before"] * 10 + [
        str(n) for n in range(60)
    ]
    texts = [r.getMessage() for r in caplog.records]
    assert len(texts) == 2
    assert "the disk is full; make room" in texts[0]
    assert "can write records again" in texts[1]
    assert_sound(tmp_path / "weave.db")


def test_what_no_longer_fits_into_memory_is_counted(tmp_path, caplog):
    """A disk that stays full: records beyond the bound are dropped, each one is in the count."""
    server = SqliteTraceServer(tmp_path / "weave.db")
    client = WeaveClient("acme", "demo", server)
    client.recorder._max_bytes = 60_000
    client_context.set_client(client)
    try:
        echo("before")
        client.flush()
        limit_pages(client, 0)
        with caplog.at_level(logging.WARNING, logger="weave_lite"):
            for n in range(200):
                assert echo(f"{n} {'x' * 2000}")
            client.flush()
            lost, waiting = client.recorder.lost_count, client.num_outstanding_jobs
            assert lost > 100
            limit_pages(client, None)
            client.flush()
        # Nothing was flushed meanwhile: 200 starts and 200 ends are lost or there.
        assert lost + waiting == 400
        assert client.recorder.lost_count == lost
        texts = [r.getMessage() for r in caplog.records]
        assert sum("cannot write to its store" in text for text in texts) == 1
        assert sum("drops records" in text for text in texts) == 1
        echo("after")
        client.flush()
        assert [c.output for c in client.get_calls()][-1] == "after"
    finally:
        client_context.set_client(None)
        client.finish()
        server.close()
    assert_sound(tmp_path / "weave.db")


_LIMITED = """
import resource, signal, sys, weave_lite as weave
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
client = weave.init("demo", db="weave.db", settings={"client_parallelism": int(sys.argv[1])})
@weave.op
def f(x): return x[:5]
for n in range(20): f(f"{n:05} flushed")
client.flush()
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
for n in range(200): assert f(f"{n:05}" + "y" * 3000) == f"{n:05}"
client.flush()
dataset = weave.Dataset(name="rows", rows=[{"text": "z" * 1000 + str(n)} for n in range(300)])
if sys.argv[2] == "resume":
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    f("again")
    client.flush()
    assert client.num_outstanding_jobs == client.recorder.lost_count == 0
    weave.publish(dataset)
    assert len(weave.ref("rows").get().rows) == 300
"""


@pytest.mark.parametrize("parallelism", [0, 4])
@pytest.mark.parametrize("ending", ["resume", "give up"])
def test_a_limit_of_the_file_size(tmp_path, parallelism, ending):
    """The system itself refuses to let the files grow, log and all."""
    done = run_program(tmp_path, _LIMITED, str(parallelism), ending)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot write to its store") == 1
    calls = calls_in(tmp_path / "weave.db")
    assert all(is_ended for _, _, is_ended, _ in calls[:20])
    if ending == "resume":
        assert len(calls) == 221
        assert all(is_ended for _, _, is_ended, _ in calls)
    else:
        # A process that ends before there is room says how much is gone.
        assert 20 <= len(calls) < 220
        missing = 2 * 220 - len(calls) - sum(is_ended for _, _, is_ended, _ in calls)
        assert f"could not write {missing} records" in done.stderr
    assert_sound(tmp_path / "weave.db")


_SMALL_DISK = """
mount -t tmpfs -o size=1m tmpfs disk && cd disk && "$PYTHON" ../small.py
"""
_ON_SMALL_DISK = """
import os, weave_lite as weave
open("ballast", "wb").write(b"b" * 200_000)
client = weave.init("demo", db="weave.db")
@weave.op
def f(x): return x[:5]
f("first"); client.flush()
for n in range(150): assert f(f"{n:05}" + "y" * 3000) == f"{n:05}"
client.flush()
assert client.num_outstanding_jobs > 0
os.unlink("ballast")
os.system("mount -o remount,size=16m .")
client.flush()
assert client.num_outstanding_jobs == client.recorder.lost_count == 0
assert len(list(client.get_calls())) == 151
"""


def test_a_small_disk(tmp_path):
    """A file system that is really full, and then is made larger."""
    can = subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True)
    if can.returncode:
        pytest.skip("no mounts of our own here")
    (tmp_path / "disk").mkdir()
    (tmp_path / "small.py").write_text(_ON_SMALL_DISK)
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", _SMALL_DISK],
        check=False,
        cwd=tmp_path,
        env=program_env({"PYTHON": sys.executable}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "mount:" in done.stderr:
        pytest.skip("no mounts of our own here")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("cannot write to its store") == 1
    assert done.stderr.count("can write records again") == 1
