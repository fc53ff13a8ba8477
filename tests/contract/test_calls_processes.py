"""One file, many processes: nothing lost, nothing twice, no lock error; and kill -9."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

P = "acme/demo"
# More by hand: WEAVE_LITE_KILLS=500.
KILL_COUNT = int(os.environ.get("WEAVE_LITE_KILLS", "50"))

WRITER = """
import sys, threading
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

place, name, thread_count, call_count = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
server = SqliteTraceServer(place)
errors = []

def work(thread):
    try:
        for n in range(0, call_count, 10):
            ids = [f"{name}-{thread}-{m:05}" for m in range(n, min(n + 10, call_count))]
            server.write_encoded([
                EncodedStart("acme/demo", i, i, None, f"op{thread}", None, 1, "{}", '{"x":"' + i + '"}')
                for i in ids
            ])
            server.write_encoded([EncodedEnd("acme/demo", i, 2, None, '"' + i + '"', "{}") for i in ids])
            if thread_count == 1:
                print(ids[-1], flush=True)
    except BaseException as error:
        errors.append(repr(error))

threads = [threading.Thread(target=work, args=(t,)) for t in range(thread_count)]
for thread in threads: thread.start()
for thread in threads: thread.join()
server.close()
print(errors)
"""


def writer(place, name, thread_count, call_count):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place), name, str(thread_count), str(call_count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_processes_and_threads_write_one_file(tmp_path):
    """4 processes of 4 threads write a new file at once while another reads it."""
    place = tmp_path / "weave.db"
    writers = [writer(place, f"p{n}", 4, 100) for n in range(4)]
    seen = []
    with SqliteTraceServer(place) as server:
        while any(process.poll() is None for process in writers):
            found = list(server.calls_query_stream(tsi.CallsQueryReq(project_id=P)))
            assert len({call.id for call in found}) == len(found)
            seen.append(len(found))
            time.sleep(0.01)
        answers = [process.communicate() for process in writers]
        assert [out.strip() for out, _ in answers] == ["[]"] * 4, answers
        assert seen == sorted(seen)
        calls = server.calls_query(tsi.CallsQueryReq(project_id=P)).calls
    expected = sorted(f"p{n}-{t}-{m:05}" for n in range(4) for t in range(4) for m in range(100))
    assert [call.id for call in calls] == expected
    assert all(call.inputs == {"x": call.id} and call.output == call.id for call in calls)


def write_until_killed(place, name, confirmations):
    """Write batch after batch, and tell after each that it is written. Never returns."""
    with SqliteTraceServer(place) as server:
        for n in range(0, 10**9, 10):
            ids = [f"{name}-{m:05}" for m in range(n, n + 10)]
            server.write_encoded(
                [EncodedStart(P, i, i, None, "op", None, 1, "{}", f'{{"x":"{i}"}}') for i in ids]
            )
            server.write_encoded([EncodedEnd(P, i, 2, None, f'"{i}"', "{}") for i in ids])
            os.write(confirmations, f"{n + 10}\n".encode())


def forked_writer(place, name):
    """A process of its own, without the time that a new interpreter needs."""
    receive, send = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            write_until_killed(place, name, send)
        finally:
            os._exit(1)
    os.close(send)
    return name, pid, receive


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_kill_loses_nothing_that_was_written(tmp_path):
    """Writers are killed at random moments: what a write returned for is there, the file is whole."""
    place = tmp_path / "weave.db"
    rng = random.Random(7)
    confirmed = {}
    while len(confirmed) < KILL_COUNT:
        writers = [forked_writer(place, f"k{len(confirmed) + n}") for n in range(4)]
        for name, pid, receive in writers:
            time.sleep(rng.random() * 0.05)
            os.kill(pid, signal.SIGKILL)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
            with os.fdopen(receive) as lines:
                confirmed[name] = max((int(line) for line in lines if line[-1] == "\n"), default=0)
    raw = sqlite3.connect(place)
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()
    found = {}
    with SqliteTraceServer(place) as server:
        for call in server.calls_query_stream(tsi.CallsQueryReq(project_id=P)):
            name, _, number = call.id.partition("-")
            assert call.inputs == {"x": call.id}
            found.setdefault(name, {})[int(number)] = call.output == call.id
    assert sum(confirmed.values()) > 10 * KILL_COUNT
    for name, count in confirmed.items():
        written = found.get(name, {})
        assert all(written.get(n) for n in range(count)), (name, count, len(written))
        # A batch is there whole or not at all.
        assert len(written) % 10 == 0


def test_store_is_usable_while_a_writer_hangs(tmp_path):
    """A process that is stopped in the middle of its work does not hinder readers."""
    place = tmp_path / "weave.db"
    process = writer(place, "p", 1, 100_000)
    process.stdout.readline()
    process.send_signal(signal.SIGSTOP)
    try:
        with SqliteTraceServer(place, read_only=True) as server:
            count = server.calls_query_stats(tsi.CallsQueryStatsReq(project_id=P)).count
            assert count >= 10
    finally:
        process.kill()
        process.communicate()
