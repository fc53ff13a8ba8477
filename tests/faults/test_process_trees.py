"""Programs of several processes: each call is in the file, once."""

from __future__ import annotations

import collections

import pytest
from stores import assert_sound, calls_in, run_program

_PROGRAM = """
import concurrent.futures, multiprocessing, os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: they are the test
import weave_lite as weave
client = weave.init("demo", db="weave.db")
@weave.op
def f(who): return who
def times(who, count):
    for _ in range(count): f(who)
def wait(pid): assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
def work(who):
    times(who, 5)
    return who
"""

_MAIN = "if __name__ == '__main__':\n"

# The program, and how many calls of each name must be in the file.
_TREES = {
    "fork with records pending": (
        (
            "times('before', 20)\n"
            "pid = os.fork()\n"
            "if pid == 0:\n    times('child', 20); sys.exit(0)\n"
            "times('after', 20); wait(pid)\n"
        ),
        {"before": 20, "child": 20, "after": 20},
    ),
    "a child that leaves by _exit after a flush": (
        (
            "times('before', 20)\n"
            "pid = os.fork()\n"
            "if pid == 0:\n    times('child', 20); client.flush(); os._exit(0)\n"
            "times('after', 20); wait(pid)\n"
        ),
        {"before": 20, "child": 20, "after": 20},
    ),
    "a child that traces nothing": (
        (
            "times('before', 20)\n"
            "pid = os.fork()\n"
            "if pid == 0:\n    client.flush(); sys.exit(0)\n"
            "wait(pid)\n"
        ),
        {"before": 20},
    ),
    "a child that reads": (
        (
            "times('before', 20)\n"
            "client.flush()\n"
            "pid = os.fork()\n"
            "if pid == 0:\n"
            "    times('child', 3)\n"
            "    os._exit(0 if len(list(client.get_calls())) == 23 else 1)\n"
            "wait(pid)\n"
        ),
        {"before": 20, "child": 3},
    ),
    "a child of a child of a child": (
        (
            "times('0', 10)\n"
            "for depth in '123':\n"
            "    pid = os.fork()\n"
            "    if pid:\n        times('parent of ' + depth, 5); wait(pid); sys.exit(0)\n"
            "    times(depth, 10)\n"
        ),
        {"0": 10, "1": 10, "2": 10, "3": 10}
        | {"parent of 1": 5, "parent of 2": 5, "parent of 3": 5},
    ),
    "many children at once": (
        (
            "times('before', 20)\n"
            "pids = []\n"
            "for n in range(8):\n"
            "    pid = os.fork()\n"
            "    if pid == 0:\n        times(f'child {n}', 10); sys.exit(0)\n"
            "    times('between', 2); pids.append(pid)\n"
            "for pid in pids: wait(pid)\n"
        ),
        {"before": 20, "between": 16} | {f"child {n}": 10 for n in range(8)},
    ),
    "fork in a thread, while others trace": (
        (
            "go_on = True\n"
            "counts = [0, 0]\n"
            "def trace(n):\n"
            "    while go_on or counts[n] < 100: f(f'thread {n}'); counts[n] += 1; time.sleep(0.0005)\n"
            "def forks():\n"
            "    for n in range(5):\n"
            "        pid = os.fork()\n"
            "        if pid == 0:\n            times(f'child {n}', 10); client.flush(); os._exit(0)\n"
            "        times('forker', 3); wait(pid)\n"
            "tracers = [threading.Thread(target=trace, args=(n,)) for n in (0, 1)]\n"
            "forker = threading.Thread(target=forks)\n"
            "for t in [*tracers, forker]: t.start()\n"
            "forker.join(); go_on = False\n"
            "for t in tracers: t.join()\n"
            "times('count of 0', counts[0]); times('count of 1', counts[1])\n"
        ),
        {"forker": 15} | {f"child {n}": 10 for n in range(5)},
    ),
    "fork inside an op": (
        (
            "@weave.op\n"
            "def root():\n"
            "    times('before', 5)\n"
            "    pid = os.fork()\n"
            "    if pid == 0:\n        times('child', 5); client.flush(); os._exit(0)\n"
            "    times('after', 5); wait(pid)\n"
            "    return 'root'\n"
            "root()\n"
        ),
        {"before": 5, "child": 5, "after": 5, "root": 1},
    ),
    "fork with a stream open": (
        (
            "@weave.op\n"
            "def stream():\n    yield 1\n    yield 2\n"
            "held = stream(); next(held)\n"
            "pid = os.fork()\n"
            "if pid == 0:\n    times('child', 5); sys.exit(0)\n"
            "wait(pid); list(held)\n"
        ),
        {"child": 5, "[1, 2]": 1},
    ),
    "fork in sync mode": (
        (
            "client.finish()\n"
            "client = weave.init('demo', db='weave.db', settings={'client_parallelism': 0})\n"
            "times('before', 5)\n"
            "pid = os.fork()\n"
            "if pid == 0:\n    times('child', 5); os._exit(0)\n"
            "times('after', 5); wait(pid)\n"
        ),
        {"before": 5, "child": 5, "after": 5},
    ),
    "a pool of multiprocessing": (
        _MAIN
        + "    times('before', 5)\n"
        + "    with multiprocessing.get_context('fork').Pool(3) as pool:\n"
        + "        pool.map(work, [f'task {n}' for n in range(9)])\n"
        + "        pool.close(); pool.join()\n"
        + "    times('after', 5)\n",
        {"before": 5, "after": 5} | {f"task {n}": 5 for n in range(9)},
    ),
    **{
        f"ProcessPoolExecutor by {method}": (
            _MAIN
            + "    times('before', 5)\n"
            + f"    context = multiprocessing.get_context({method!r})\n"
            + "    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:\n"
            + "        assert len(list(pool.map(work, [f'task {n}' for n in range(6)]))) == 6\n"
            + "    times('after', 5)\n",
            {"before": 5, "after": 5} | {f"task {n}": 5 for n in range(6)},
        )
        for method in ("fork", "spawn", "forkserver")
    },
    **{
        f"Process by {method}": (
            _MAIN
            + "    times('before', 5)\n"
            + f"    context = multiprocessing.get_context({method!r})\n"
            + "    ps = [context.Process(target=work, args=(f'task {n}',)) for n in range(2)]\n"
            + "    for p in ps: p.start()\n"
            + "    times('between', 5)\n"
            + "    for p in ps: p.join()\n"
            + "    assert [p.exitcode for p in ps] == [0, 0]\n",
            {"before": 5, "between": 5, "task 0": 5, "task 1": 5},
        )
        for method in ("fork", "spawn", "forkserver")
    },
    "a pool of workers that are ended by their parent": (
        _MAIN
        + "    with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        + "        pool.map(work, [f'task {n}' for n in range(4)])\n"
        + "        time.sleep(0.3)\n"  # leaving the block kills the workers
        + "    times('after', 5)\n",
        {"after": 5} | {f"task {n}": 5 for n in range(4)},
    ),
}


@pytest.mark.parametrize("tree", _TREES)
def test_each_call_is_there_once(tmp_path, tree):
    """Of the parent's calls none is lost or doubled, and each child's are there."""
    text, expected = _TREES[tree]
    done = run_program(tmp_path, _PROGRAM + text)
    assert (done.returncode, done.stderr) == (0, "")
    place = tmp_path / "weave.db"
    calls = calls_in(place)
    assert len({call_id for call_id, *_ in calls}) == len(calls)
    assert all(is_ended for _, _, is_ended, _ in calls)
    found = collections.Counter(outputs_in(place))
    for n in (0, 1):
        assert found.pop(f"thread {n}", 0) == found.pop(f"count of {n}", 0)
    assert found == expected
    assert_sound(place)


def outputs_in(place):
    """What each call returned, as text."""
    from weave_lite.trace_server import trace_server_interface as tsi
    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

    with SqliteTraceServer(place, read_only=True) as server:
        req = tsi.CallsQueryReq(project_id="local/demo")
        return [str(call.output) for call in server.calls_query_stream(req)]
