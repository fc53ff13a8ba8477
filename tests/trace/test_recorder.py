"""The queue of records: order, bounds, faults, forks and the end of the process."""

from __future__ import annotations

import gc
import logging
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import pytest
from fake_client import FakeServer

from weave_lite.core.errors import InvalidRequest, StoreError
from weave_lite.trace.recorder import Recorder
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedFile


def end(n):
    return EncodedEnd("e/p", f"id-{n}", n, None, "null", "{}")


@pytest.fixture
def server():
    return FakeServer()


@pytest.fixture
def recorder(server):
    made = Recorder(server, interval_s=0.01)
    yield made
    server.failures.clear()
    made.close()


def test_records_are_written_in_order_in_batches(server):
    """At most 512 in one transaction."""
    recorder = Recorder(server)
    for n in range(1500):
        recorder.put(end(n), 4)
    assert recorder.flush() is True
    assert [r.ended_at for r in server.records] == list(range(1500))
    assert max(server.batches) <= 512
    assert recorder.outstanding == 0
    recorder.close()


def test_no_thread_before_the_first_record(server):
    """And none in sync mode at all."""
    before = threading.active_count()
    recorder = Recorder(server)
    sync = Recorder(server, sync=True)
    sync.put(end(0), 4)
    assert server.records == [end(0)]
    assert threading.active_count() == before
    recorder.put(end(1), 4)
    assert threading.active_count() == before + 1
    recorder.close()
    assert threading.active_count() == before


def test_records_are_written_without_a_flush(server, recorder):
    """Within the interval."""
    recorder.put(end(0), 4)
    deadline = time.monotonic() + 5
    while not server.records and time.monotonic() < deadline:
        time.sleep(0.005)
    assert server.records == [end(0)]


def test_a_closed_recorder_can_be_used_again(server, recorder):
    """The thread comes back."""
    recorder.put(end(0), 4)
    recorder.close()
    recorder.put(end(1), 4)
    recorder.flush()
    assert server.records == [end(0), end(1)]


def test_many_threads_lose_nothing(server, recorder):
    """Each thread's records keep their order."""

    def work(k):
        for n in range(500):
            recorder.put(EncodedEnd("e/p", str(k), n, None, "null", "{}"), 4)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    recorder.flush()
    assert len(server.records) == 2000
    for k in range(4):
        assert [r.ended_at for r in server.records if r.id == str(k)] == list(range(500))


def test_a_full_queue_makes_the_producer_wait(server):
    """The bytes in memory stay bounded; a larger single record is written alone."""
    seen = []

    class Slow(FakeServer):
        def write_encoded(self, records):
            time.sleep(0.002)
            super().write_encoded(records)

    slow = Slow()
    recorder = Recorder(slow, max_bytes=50_000, interval_s=0.001)
    for n in range(100):
        recorder.put(EncodedFile("e/p", str(n), "f", b"x" * 5_000), 5_000)
        seen.append(recorder._queued_bytes)
    recorder.put(EncodedFile("e/p", "huge", "f", b"x" * 500_000), 500_000)
    recorder.flush()
    assert max(seen) < 70_000
    assert len(slow.records) == 101
    assert recorder.lost_count == 0
    recorder.close()


def test_a_slow_writer_makes_the_producer_wait():
    """What a killed process would lose stays small: nothing in memory gets old."""
    written_at = {}

    class Slow(FakeServer):
        def write_encoded(self, records):
            time.sleep(0.02)
            super().write_encoded(records)
            now = time.monotonic()
            written_at.update({r.id: now for r in records})

    recorder = Recorder(Slow())
    put_at = {}
    for n in range(30_000):
        put_at[f"id-{n}"] = time.monotonic()
        recorder.put(end(n), 4)
        if n % 50 == 0:
            time.sleep(0)
    recorder.flush()
    recorder.close()
    assert len(written_at) == 30_000
    # The promise is 200 ms with a working disk; this one needs 20 ms a batch.
    assert max(written_at[i] - put_at[i] for i in put_at) < 2.0


def test_those_who_wait_share_a_batch(server):
    """Many threads that flush at once cost no transaction each."""
    at_work, go_on = threading.Event(), threading.Event()

    class Held(FakeServer):
        def write_encoded(self, records):
            at_work.set()
            go_on.wait(10)
            super().write_encoded(records)

    held = Held()
    recorder = Recorder(held, interval_s=0.001)
    recorder.put(end(0), 4)
    assert at_work.wait(10)
    answers = []

    def work(n):
        recorder.put(end(n), 4)
        answers.append(recorder.flush())

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 21)]
    [t.start() for t in threads]
    deadline = time.monotonic() + 10
    while len(recorder._queue) < 40 and time.monotonic() < deadline:
        time.sleep(0.001)
    go_on.set()
    [t.join() for t in threads]
    recorder.close()
    assert held.batches == [1, 20]
    assert answers == [True] * 20


def test_a_writer_that_keeps_up_holds_nobody_up(monkeypatch):
    """A queue that is never empty is not old, where each batch takes all that is there."""

    class Busy(FakeServer):
        def write_encoded(self, records):
            super().write_encoded(records)
            if len(self.batches) < 30:
                time.sleep(0.01)
                recorder.put(end(len(self.batches)), 4)

    busy = Busy()
    recorder = Recorder(busy, interval_s=0.001)
    held_up = []
    monkeypatch.setattr(recorder, "_hold_up", lambda: held_up.append(1))
    recorder.put(end(0), 4)
    recorder.flush()
    recorder.close()
    assert (len(busy.records), held_up) == (30, [])


def test_a_failing_store_is_tried_again(server, recorder, caplog):
    """Nothing is lost, one warning at the beginning, one line at the end."""
    server.failures = [StoreError("disk full")] * 3
    with caplog.at_level(logging.WARNING, logger="weave_lite"):
        for n in range(3):
            recorder.put(end(n), 4)
        deadline = time.monotonic() + 10
        while len(server.records) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert server.records == [end(0), end(1), end(2)]
    texts = [r.getMessage() for r in caplog.records]
    assert len(texts) == 2
    assert "disk full" in texts[0]
    assert "can write records again" in texts[1]
    assert recorder.lost_count == 0


def test_flush_gives_up_after_a_failed_attempt(server, recorder):
    """User code never hangs on a broken disk; the records stay for later."""
    server.failures = [StoreError("read-only")] * 5
    recorder.put(end(0), 4)
    began = time.monotonic()
    assert recorder.flush() is False
    assert time.monotonic() - began < 2
    server.failures.clear()
    assert recorder.flush() is True
    assert server.records == [end(0)]


def test_a_broken_disk_drops_the_newest_beyond_the_bound(server, caplog):
    """Counted, reported once, and the producer does not wait."""
    recorder = Recorder(server, max_bytes=20_000, interval_s=0.001)
    server.failures = [StoreError("disk full")] * 1_000_000
    recorder.put(end(0), 4)
    recorder.flush()
    began = time.monotonic()
    for n in range(1, 100):
        recorder.put(end(n), 1_000)
    assert time.monotonic() - began < 2
    assert recorder.lost_count > 50
    assert recorder.outstanding + recorder.lost_count == 100
    server.failures = []
    recorder.flush()
    assert len(server.records) == 100 - recorder.lost_count
    assert server.records[0] == end(0)
    recorder.close()
    assert sum("drops records" in r.getMessage() for r in caplog.records) == 1


def test_a_record_that_no_store_takes_does_not_stop_the_others(caplog):
    """It is found, dropped and counted."""

    class Picky(FakeServer):
        def write_encoded(self, records):
            if any(r.id == "id-7" for r in records):
                raise InvalidRequest("id-7 is refused")
            super().write_encoded(records)

    picky = Picky()
    recorder = Recorder(picky)
    for n in range(20):
        recorder.put(end(n), 4)
    assert recorder.flush() is True
    assert [r.ended_at for r in picky.records] == [n for n in range(20) if n != 7]
    assert recorder.lost_count == 1
    recorder.close()


def test_sync_mode_keeps_what_failed_for_the_next_attempt(server):
    """In order, without an attempt for every record."""
    recorder = Recorder(server, sync=True)
    server.failures = [StoreError("busy")]
    recorder.put(end(0), 4)
    assert recorder.outstanding == 1
    recorder.put(end(1), 4)
    assert recorder.flush() is True
    assert server.records == [end(0), end(1)]


def test_an_interrupt_while_writing_loses_nothing(server):
    """The batch goes back to the queue."""
    recorder = Recorder(server, sync=True)
    server.failures = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        recorder.put(end(0), 4)
    recorder.put(end(1), 4)
    assert server.records == [end(0), end(1)]


def test_flush_inside_the_own_writing_does_not_hang(server):
    """A finalizer or signal handler may ask for it at any moment."""

    class Nested(FakeServer):
        def write_encoded(self, records):
            if not self.records:
                recorder.put(end(99), 4)
                assert recorder.flush() is False
            super().write_encoded(records)

    nested = Nested()
    recorder = Recorder(nested, sync=True)
    recorder.put(end(0), 4)
    assert [r.id for r in nested.records] == ["id-0", "id-99"]


def test_flush_with_a_timeout_comes_back(server):
    """Even if the writer is stuck."""
    gate = threading.Event()

    class Stuck(FakeServer):
        def write_encoded(self, records):
            gate.wait(5)
            super().write_encoded(records)

    recorder = Recorder(Stuck())
    recorder.put(end(0), 4)
    assert recorder.flush(timeout=0.05) is False
    gate.set()
    assert recorder.flush() is True
    recorder.close()


def test_a_dropped_recorder_is_collected(server):
    """Nothing holds on to a recorder that was closed."""
    recorder = Recorder(server)
    recorder.put(end(0), 4)
    recorder.close()
    gone = weakref.ref(recorder)
    del recorder
    gc.collect()
    assert gone() is None


# --- processes ---

_PROGRAM = """
import os, sys, time
sys.path.insert(0, {folder!r})
import weave_lite as weave
from fake_client import FakeClient
from weave_lite.trace import client_context
class FileServer:
    def write_encoded(self, records):
        with open({path!r}, "a") as f:
            f.write("".join(f"{{type(r).__name__}} {{r.id}}\\n" for r in records if hasattr(r, "id")))
from weave_lite.trace.recorder import Recorder
client = FakeClient()
client.recorder = Recorder(FileServer())
client_context.set_client(client)
@weave.op
def f(x): return x
@weave.op
def gen():
    yield 1
    yield 2
"""


def run(tmp_path, body):
    path = tmp_path / "records"
    path.touch()
    program = _PROGRAM.format(folder=str(Path(__file__).parent), path=str(path)) + body
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, timeout=60, capture_output=True, text=True
    )
    return done, [line.split()[0] for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("", 0),
        ("sys.exit(3)", 3),
        ("raise ValueError", 1),
        ("raise KeyboardInterrupt", -signal.SIGINT),
        ("import atexit; atexit.register(f, 1); [f(i) for i in range(3)]", 0),
    ],
)
def test_records_survive_the_end_of_the_process(tmp_path, ending, code):
    """Normal end, sys.exit, exception, Ctrl-C, and ops in exit handlers."""
    done, kinds = run(tmp_path, f"for i in range(100): f(i)\n{ending}\n")
    assert done.returncode == code
    assert kinds.count("EncodedStart") == kinds.count("EncodedEnd") >= 100


def test_open_streams_are_ended_at_exit(tmp_path):
    """A generator that is still held when the process ends."""
    done, kinds = run(tmp_path, "held = gen(); next(held)\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert kinds == ["EncodedStart", "EncodedEnd"]


def test_exit_takes_its_time_limit_at_most(tmp_path):
    """A store that hangs does not hang the process, and the loss is reported."""
    began = time.monotonic()
    done, _ = run(
        tmp_path,
        "from weave_lite.trace import at_exit\n"
        "assert at_exit._LIMIT_S == 5.0\n"
        "at_exit._LIMIT_S = 0.3\n"
        "client.recorder._write = lambda records: time.sleep(60)\n"
        "f(1)\n",
    )
    assert done.returncode == 0
    assert "could not write 2 records" in done.stderr
    assert time.monotonic() - began < 3


def test_a_forked_child_begins_empty(tmp_path):
    """Its own queue and thread; the parent's records are the parent's to write."""
    done, kinds = run(
        tmp_path,
        "for i in range(10): f(i)\n"
        "pid = os.fork()\n"
        "for i in range(5): f(i)\n"
        "client.recorder.flush()\n"
        "if pid == 0: os._exit(0)\n"
        "os.waitpid(pid, 0)\n",
    )
    assert done.returncode == 0, done.stderr
    assert kinds.count("EncodedStart") == 20
    assert kinds.count("EncodedEnd") == 20


def test_a_fork_inside_an_op_ends_the_call_once(tmp_path):
    """The call is the parent's; calls of the child nest under it."""
    done, kinds = run(
        tmp_path,
        "@weave.op\n"
        "def root():\n"
        "    pid = os.fork()\n"
        "    f(1)\n"
        "    return pid\n"
        "pid = root()\n"
        "client.recorder.flush()\n"
        "if pid == 0: os._exit(0)\n"
        "os.waitpid(pid, 0)\n",
    )
    assert done.returncode == 0, done.stderr
    assert (kinds.count("EncodedStart"), kinds.count("EncodedEnd")) == (3, 3)


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_multiprocessing_write_their_records(tmp_path, method):
    """They end without exit handlers."""
    script = tmp_path / "program.py"
    path = tmp_path / "records"
    path.touch()
    script.write_text(
        _PROGRAM.format(folder=str(Path(__file__).parent), path=str(path))
        + "import multiprocessing\n"
        "def work(i): return f(i)\n"
        "if __name__ == '__main__':\n"
        f"    context = multiprocessing.get_context({method!r})\n"
        "    worker = context.Process(target=work, args=(1,))\n"
        "    worker.start(); worker.join()\n"
        "    sys.exit(worker.exitcode)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], check=False, timeout=60, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert path.read_text().split()[::2] == ["EncodedStart", "EncodedEnd"]


def test_what_is_gathered_is_written_with_the_next_record(server):
    """In sync mode an op is stored in the transaction of the start of its first call."""
    recorder = Recorder(server, sync=True)
    recorder.begin_gathering()
    recorder.put(end(0), 4)
    other = threading.Thread(target=recorder.put, args=(end(1), 4))
    other.start()
    other.join()
    recorder.put(end(2), 4)
    recorder.end_gathering()
    assert server.batches == [2]
    recorder.put(end(3), 4)
    assert server.batches == [2, 2]
    recorder.begin_gathering()
    recorder.put(end(4), 4)
    recorder.end_gathering()
    assert recorder.flush() is True
    assert [record.ended_at for record in server.records] == [0, 1, 2, 3, 4]
    recorder.close()
