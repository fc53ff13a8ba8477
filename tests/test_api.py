"""init, finish and the other top-level functions, on real stores."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading

import pytest
from pydantic import ValidationError

import weave_lite as weave
from weave_lite.core.errors import (
    InvalidNameError,
    InvalidRefError,
    NotSupportedError,
    StoreError,
    UsageError,
    WeaveInitError,
)
from weave_lite.core.refs import ObjectRef, OpRef
from weave_lite.trace import client_context, settings


@pytest.fixture(autouse=True)
def _clean(own_environment):
    """Each test has a working folder of its own and leaves no client."""
    weave.finish()
    settings.use(None)
    yield
    weave.finish()
    settings.use(None)


@weave.op
def double(x):
    return 2 * x


def outputs(client):
    return [c.output for c in client.get_calls()]


def test_init_makes_a_store_and_traces_into_it(tmp_path, capsys, monkeypatch, caplog):
    """One line on stderr and the logger: project, file, how to look at it."""
    monkeypatch.delenv("WEAVE_LITE_QUIET")
    with caplog.at_level(logging.INFO, logger="weave_lite"):
        client = weave.init("demo")
    assert double(4) == 8
    assert outputs(client) == [8]
    assert (client.project_id, client.entity, client.project) == ("local/demo", "local", "demo")
    assert (tmp_path / ".weave" / ".gitignore").read_text() == "*\n"
    out, err = capsys.readouterr()
    line = f"weave_lite traces local/demo into {tmp_path}/.weave/weave.db; look at it with: weave-lite calls"
    assert (out, err) == ("", line + "\n")
    assert [r.getMessage() for r in caplog.records] == [line]


def test_init_again_with_the_same_target_is_the_same_client():
    """However the project is written; another project, place or mode is another client."""
    client = weave.init("demo", db="a.db")
    assert weave.init("local/demo", db="a.db") is client
    assert weave.init("demo", db="a.db", settings={"capture_code": False}) is client
    others = [
        weave.init("other", db="a.db"),
        weave.init("acme/demo", db="a.db"),
        weave.init("demo", db="b.db"),
        weave.init("demo", db="b.db", durability="full"),
        weave.init("demo", db="b.db", settings={"client_parallelism": 0}),
    ]
    assert len({id(c) for c in [client, *others]}) == 6
    assert weave.get_client() is others[-1]


def test_init_that_fails_leaves_the_old_client(tmp_path):
    """A store that cannot be opened costs nothing: the old client traces on, with its hooks."""
    client = weave.init("demo", db="a.db", global_attributes={"env": "a"})
    (tmp_path / "notes.txt").write_text("no database at all")
    with pytest.raises(StoreError, match=r"notes\.txt"):
        weave.init(
            "other",
            db=tmp_path / "notes.txt",
            global_attributes={"env": "b"},
            settings={"capture_code": False},
        )
    double(1)
    (call,) = client.get_calls()
    assert weave.get_client() is client
    assert call.attributes["env"] == "a"
    assert settings.current().capture_code is True


def test_init_again_takes_the_new_settings_and_hooks():
    """A second init without them resets earlier ones."""
    client = weave.init(
        "demo",
        db="a.db",
        settings={"capture_client_info": False, "capture_system_info": False},
        global_attributes={"env": "a"},
        global_postprocess_output=lambda o: [o],
        global_postprocess_inputs=lambda i: {"n": len(i)},
    )
    double(1)
    assert weave.init("demo", db="a.db", attributes={"env": "b"}) is client
    double(1)
    first, second = client.get_calls()
    assert (first.attributes, first.inputs, first.output) == (
        {"weave": {}, "env": "a"},
        {"n": 1},
        [2],
    )
    assert (second.attributes["env"], second.inputs, second.output) == ("b", {"x": 1}, 2)
    assert second.attributes["weave"]["source"] == "python-sdk"


def test_finish_writes_and_stops():
    """Later calls are not traced; init starts again; the file has it all."""
    client = weave.init("demo", db="a.db")
    double(1)
    weave.finish()
    double(2)
    assert weave.get_client() is None
    again = weave.init("demo", db="a.db")
    double(3)
    assert outputs(again) == [2, 6]
    assert outputs(client) == [2, 6]
    weave.finish()
    weave.finish()


def test_sync_mode_commits_when_the_op_returns(monkeypatch):
    """By setting or environment; another connection sees the call at once, and there is no thread."""
    monkeypatch.setenv("WEAVE_CLIENT_PARALLELISM", "0")
    before = set(threading.enumerate())
    weave.init("demo", db="a.db")
    double(1)
    from weave_lite.trace_server import trace_server_interface as tsi
    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

    with SqliteTraceServer("a.db") as other:
        count = other.calls_query_stats(tsi.CallsQueryStatsReq(project_id="local/demo")).count
    assert count == 1
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_disabled_means_nothing_happens(tmp_path, monkeypatch, caplog, capsys, how):
    """No thread, no file, no warning, no line; ops run, reads find nothing."""
    monkeypatch.delenv("WEAVE_LITE_QUIET")
    given = {"disabled": True} if how == "argument" else None
    if how == "environment":
        monkeypatch.setenv("WEAVE_DISABLED", "true")
    before = threading.active_count()
    with caplog.at_level(logging.DEBUG, logger="weave_lite"):
        client = weave.init("demo", settings=given)
        assert double(2) == 4
        call = client.create_call("x", {})
        client.finish_call(call)
    assert (client.entity, client.project, call.id) == ("DISABLED", "DISABLED", None)
    assert outputs(client) == []
    assert weave.get_client() is None
    with pytest.raises(WeaveInitError, match="setting disabled"):
        weave.publish({"a": 1})
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []
    assert caplog.records == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["", "/", "a/", "/b", "a/b/c", " ", "a:b", "a\nb", None, 3, "x/ "])
def test_wrong_project_names(name):
    """A clear error of ours that names the field."""
    with pytest.raises(InvalidNameError, match="project_name"):
        weave.init(name)


def test_hostile_project_names_are_just_names():
    """SQL in a name has no effect."""
    client = weave.init("x'; DROP TABLE calls; --", db="a.db")
    double(1)
    assert outputs(client) == [2]


def test_wrong_arguments_are_named(tmp_path):
    """With the remedy, and nothing is opened."""
    with pytest.raises(UsageError, match="must be like http://127.0.0.1:6345"):
        weave.init("demo", db="http://")
    with pytest.raises(UsageError, match="durability must be 'normal' or 'full'"):
        weave.init("demo", durability="high")
    with pytest.raises(UsageError, match="redact_pii_fields names NOTHING_KNOWN, which only"):
        weave.init("demo", settings={"redact_pii": True, "redact_pii_fields": ["nothing_known"]})
    with pytest.raises(ValidationError):
        weave.init("demo", settings={"unknown": 1})
    with pytest.raises(TypeError):
        weave.init("demo", {"disabled": True})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_ours_is_refused(tmp_path):
    """Untouched."""
    other = tmp_path / "notes.txt"
    other.write_text("not a database, and longer than a header " * 10)
    before = other.read_bytes()
    with pytest.raises(StoreError):
        weave.init("demo", db=other)
    assert other.read_bytes() == before
    assert weave.get_client() is None


def test_publish_and_read_back():
    """ref, get, obj_ref; by URI and in short form."""
    weave.init("demo", db=":memory:")
    made = weave.publish({"a": 1}, "my settings")
    assert made == ObjectRef("local", "demo", "my-settings", made.digest)
    assert weave.ref("my-settings") == ObjectRef("local", "demo", "my-settings", "latest")
    assert weave.ref(made.uri()) == made
    assert weave.get("my-settings:v0") == weave.get(made) == {"a": 1}
    double(1)
    assert weave.obj_ref(double) == double.ref
    assert isinstance(weave.ref(double.ref.uri()), OpRef)
    assert weave.ref("op:double") == OpRef("local", "demo", "double", "latest")


@pytest.mark.parametrize("location", ["a/b", "a:b:c", "", ":v1", "weave:///x"])
def test_refs_that_are_none(location):
    """A ValueError of ours."""
    weave.init("demo", db=":memory:")
    with pytest.raises(ValueError):
        weave.ref(location)


def test_without_a_client():
    """What needs one says so."""
    with pytest.raises(WeaveInitError, match=r"weave.init"):
        weave.publish({"a": 1})
    with pytest.raises(InvalidRefError):
        weave.ref("name")
    with pytest.raises(TypeError):
        weave.ref("weave:///e/p/call/1")


def test_what_is_not_supported_says_so():
    """And what to do instead."""
    with pytest.raises(NotImplementedError, match="not") as caught:
        weave.output_of(1)
    assert isinstance(caught.value, NotSupportedError)


def test_remote_client_is_a_block(monkeypatch):
    """Of the server that the environment names; it says so when there is none."""
    monkeypatch.delenv("WF_TRACE_SERVER_URL", raising=False)
    monkeypatch.delenv("WANDB_BASE_URL", raising=False)
    with pytest.raises(UsageError, match="set WF_TRACE_SERVER_URL"), weave.remote_client("demo"):
        pass
    monkeypatch.setenv("WF_TRACE_SERVER_URL", "http://127.0.0.1:9")
    with weave.remote_client("demo") as client:
        assert client.server.trace_server_url == "http://127.0.0.1:9"
        assert weave.get_client() is client
    assert weave.get_client() is None


def test_local_client_is_a_block():
    """It ends tracing."""
    with weave.local_client() as client:
        double(1)
        assert weave.get_client() is client
    assert weave.get_client() is None
    assert weave.init_local_client() is weave.get_client()


def test_setting_a_client_while_one_is_set_does_nothing():
    """The old one must be cleared first."""
    client = weave.init("demo", db=":memory:")
    client_context.set_client(object())
    assert weave.get_client() is client


# --- whole programs ---


def run(program, *, expect=0, **env):
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **env},
    )
    assert done.returncode == expect, done.stderr
    return done


def stored(db="a.db", project="local/demo"):
    from weave_lite.trace_server import trace_server_interface as tsi
    from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

    with SqliteTraceServer(db) as server:
        return server.calls_query(tsi.CallsQueryReq(project_id=project)).calls


_BEGIN = (
    "import os, sys, signal, threading, weave_lite as weave\n"
    "client = weave.init('demo', db='a.db')\n"
    "@weave.op\n"
    "def f(x): return x\n"
)


@pytest.mark.parametrize(
    "ending", ["", "sys.exit()", "os._exit(0) if client.flush() is None else 0"]
)
def test_a_program_keeps_its_calls(ending):
    """Nobody has to flush, except before os._exit."""
    run(_BEGIN + f"for i in range(300): f(i)\n{ending}")
    assert [c.output for c in stored()] == list(range(300))


@pytest.mark.parametrize("round_", range(3))
def test_kill_nine_loses_nothing_flushed_and_no_more_than_promised(round_):
    """What is lost is the newest, without gaps, and the file stays intact."""
    done = subprocess.Popen(
        [
            sys.executable,
            "-c",
            _BEGIN + "import time\n"
            "for i in range(200): f(i)\n"
            "client.flush()\n"
            "i = 200\n"
            "began = time.monotonic()\n"
            "print('flushed', flush=True)\n"
            "while True:\n"
            "    f(i); i += 1\n"
            "    if i % 200 == 0: print(i, time.monotonic() - began, flush=True)\n",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = []
    for line in done.stdout:
        lines.append(line.split())
        if len(lines) > 40 + 23 * round_:
            break
    done.kill()
    rest = done.communicate()[0]
    lines.extend(line.split() for line in rest.splitlines() if len(line.split()) == 2)
    made = [(int(n), float(t)) for n, t in lines[1:]]
    calls = stored()
    # The newest call may be stored without its end.
    outputs = [c.output for c in calls if c.ended_at]
    assert len(calls) - len(outputs) <= 1
    assert outputs[:200] == list(range(200))
    assert outputs == list(range(len(outputs)))
    last_made, last_time = made[-1]
    old_enough = [n for n, t in made if t < last_time - 0.2]
    assert not old_enough or len(outputs) >= min(old_enough[-1], last_made - 512)


def test_a_forked_worker_writes_to_the_same_file():
    """With its own connections and thread, also from inside an op."""
    run(
        _BEGIN + "@weave.op\n"
        "def root():\n"
        "    pid = os.fork()\n"
        "    f(os.getpid())\n"
        "    return pid\n"
        "pid = root()\n"
        "if pid == 0:\n"
        "    client.flush()\n"
        "    os._exit(0)\n"
        "os.waitpid(pid, 0)\n"
    )
    calls = stored()
    root = next(c for c in calls if c.parent_id is None)
    assert len(calls) == 3
    assert all(c.ended_at for c in calls)
    assert [c.parent_id for c in calls if c is not root] == [root.id] * 2


def test_a_multiprocessing_pool_writes_to_the_same_file(tmp_path):
    """Its workers end without exit handlers."""
    (tmp_path / "program.py").write_text(
        _BEGIN + "import multiprocessing\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "        pool.map(f, range(10))\n"
        "        pool.close(); pool.join()\n"
    )
    run("import runpy; runpy.run_path('program.py', run_name='__main__')")
    assert sorted(c.output for c in stored()) == list(range(10))


def test_a_disabled_program_loads_no_database():
    """Ops of a program that never calls init cost it nothing."""
    program = (
        "import sys, weave_lite as weave\n"
        "@weave.op\n"
        "def f(x): return x\n"
        "f(1)\n"
        "sys.exit(sum(name in sys.modules for name in ('sqlalchemy', 'pydantic', 'orjson', 'asyncio')))"
    )
    run(program, WEAVE_DISABLED="1")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"global_attributes": [1]}, "global_attributes must be a dict"),
        ({"attributes": "x"}, "global_attributes must be a dict"),
        ({"global_postprocess_inputs": 5}, "global_postprocess_inputs must be a function, not int"),
        ({"global_postprocess_output": "x"}, "global_postprocess_output must be a function"),
    ],
)
def test_wrong_global_options_are_refused_and_leave_the_client_alone(options, message):
    """The message names the argument."""
    client = weave.init("demo", db=":memory:", global_attributes={"a": 1})
    with pytest.raises(UsageError, match=message):
        weave.init("other", db=":memory:", **options)
    assert weave.get_client() is client
