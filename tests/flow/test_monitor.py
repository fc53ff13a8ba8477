"""Monitor: which calls it takes, what it stores, and that it never stands in anybody's way."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time

import pytest
from pydantic import ValidationError

import weave_lite as weave
from weave_lite.core.errors import WeaveInitError
from weave_lite.flow import monitor_run
from weave_lite.flow.monitor import Monitor
from weave_lite.trace.tracer import tracer_of
from weave_lite.trace_server import trace_server_interface as tsi

LONG = {"$expr": {"$gt": [{"$getField": "output.n"}, {"$literal": 2}]}}


@weave.op
def answer(q):
    return {"text": q, "n": len(q)}


@weave.op
def other(q):
    return q


class Length(weave.Scorer):
    factor: int = 1

    @weave.op
    def score(self, *, output, q):
        return {"length": output["n"] * self.factor, "same": output["text"] == q}


class Later(weave.Scorer):
    @weave.op
    async def score(self, *, output):
        await asyncio.sleep(0)
        other("from a scorer")
        return True


class Broken(weave.Scorer):
    @weave.op
    def score(self, *, output):
        raise RuntimeError("no idea")


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(monitor_run, "_GATHER_S", 0.001)


def scores(client):
    """Input of the scored call, kind, payload and trigger of each score, in order of calls."""
    client.flush()
    rows = client.server.feedback_query(tsi.FeedbackQueryReq(project_id=client.project_id)).result
    inputs = {call.id: call.inputs.get("q") for call in client.get_calls()}
    found = [
        (
            inputs[row["weave_ref"].rpartition("/")[2]],
            row["feedback_type"],
            row["payload"]["output"],
            row["trigger_ref"],
        )
        for row in rows
    ]
    return sorted(found, key=lambda score: (str(score[0]), score[1]))


def scored(client):
    return [score[0] for score in scores(client)]


def names(client):
    client.flush()
    return sorted(call.op_name.rpartition("/")[2].partition(":")[0] for call in client.get_calls())


def test_matching_calls_are_scored(client):
    """By op, query and all scorers; the score is feedback with the monitor as its trigger."""
    monitor = Monitor(
        name="long", op_names=["answer"], query=LONG, scorers=[Length(factor=2), Later()]
    )
    ref = monitor.activate()
    for q in ("a", "abc", "abcd"):
        answer(q)
    other("abcdef")
    assert scores(client) == [
        ("abc", "wandb.runnable.Later", True, ref.uri()),
        ("abc", "wandb.runnable.Length", {"length": 6, "same": True}, ref.uri()),
        ("abcd", "wandb.runnable.Later", True, ref.uri()),
        ("abcd", "wandb.runnable.Length", {"length": 8, "same": True}, ref.uri()),
    ]


@pytest.mark.parametrize("form", ["name", "any version", "version", "ref", "op", "name of another"])
def test_forms_of_op_names(client, form):
    """A name, a ref of all versions or of one, or the op."""
    uri = weave.publish(answer).uri()
    given = {
        "name": "answer",
        "any version": uri.rpartition(":")[0] + ":*",
        "version": uri,
        "ref": weave.ref(uri),
        "op": answer,
        "name of another": "answe",
    }[form]
    Monitor(op_names=[given], scorers=[Length()]).activate()
    answer("a")
    assert scored(client) == ([] if form == "name of another" else ["a"])


def test_calls_of_scorers_are_not_monitored(client):
    """Neither the scorer's call nor what it calls: there are no loops."""
    every = ["answer", "other", "Later.score"]
    Monitor(op_names=every, scorers=[Later()]).activate()
    answer("a")
    other("b")
    assert scored(client) == ["a", "b"]
    assert names(client) == ["Later.score", "Later.score", "answer", "other", "other", "other"]


def test_sampling(client, monkeypatch):
    """A call is taken when the dice are below the rate; 1 takes all, 0 none."""
    dice = iter([0.4, 0.6, 0.49, 0.5])
    monkeypatch.setattr(monitor_run, "random", lambda: next(dice))
    Monitor(op_names=["answer"], scorers=[Length()], sampling_rate=0.5).activate()
    for q in ("a", "b", "c", "d"):
        answer(q)
    assert scored(client) == ["a", "c"]


def test_deactivate_stops(client):
    """Calls before it are scored, calls after it cost nothing any more."""
    monitor = Monitor(name="m", op_names=["answer"], scorers=[Length()])
    first = monitor.activate()
    assert weave.ref(first.uri()).get().active is True
    answer("before")
    again = weave.ref(first.uri()).get()
    second = again.deactivate()
    assert tracer_of(client).watcher is None
    answer("after")
    assert scored(client) == ["before"]
    assert (second.name, second.digest != first.digest) == ("m", True)
    assert weave.ref(second.uri()).get().active is False
    again.activate()
    answer("back")
    assert scored(client) == ["back", "before"]


def test_activate_again_replaces(client):
    """A monitor of the same name takes the place of the one before; others go on."""
    Monitor(name="m", op_names=["answer"], scorers=[Length()]).activate()
    Monitor(name="m", op_names=["other"], scorers=[Later()]).activate()
    Monitor(name="n", op_names=["answer"], scorers=[Later()]).activate()
    answer("a")
    other("b")
    assert [score[:2] for score in scores(client)] == [
        ("a", "wandb.runnable.Later"),
        ("b", "wandb.runnable.Later"),
    ]


def test_failing_scorers(client, caplog):
    """Logged once, recorded in each call of the scorer; other scorers and calls are unharmed."""
    Monitor(op_names=["answer"], scorers=[Broken(), Length()]).activate()
    answer("a")
    answer("b")
    assert scored(client) == ["a", "b"]
    assert caplog.text.count("no idea") == 1
    failed = [call.exception for call in client.get_calls() if "Broken" in call.op_name]
    assert ["no idea" in text for text in failed] == [True, True]


def test_missing_columns(client, caplog):
    """A scorer that needs what the call has not fails like any other."""

    class Demanding(weave.Scorer):
        @weave.op
        def score(self, *, output, target):
            return output == target

    Monitor(op_names=["answer"], scorers=[Demanding(), Length()]).activate()
    answer("a")
    assert [score[:2] for score in scores(client)] == [("a", "wandb.runnable.Length")]
    assert "scorer 'Demanding' needs target" in caplog.text


def test_never_in_the_users_thread(client):
    """Scorers run in one thread of their own, and the caller does not wait for it."""
    held, seen = threading.Event(), []

    class Slow(weave.Scorer):
        @weave.op
        def score(self, *, output):
            seen.append(threading.current_thread())
            assert held.wait(10)
            return 1

    monitor = Monitor(op_names=["answer"], scorers=[Slow()])
    monitor.activate()
    answer("a")
    assert monitor.wait(0.05) is False
    held.set()
    assert monitor.wait(10) is True
    assert scored(client) == ["a"]
    assert [(each.name, each.daemon) for each in seen] == [("weave_lite-monitors", True)]


def test_scorer_that_flushes(client):
    """A scorer may flush, and wait, without waiting for itself."""

    class Flushing(weave.Scorer):
        @weave.op
        def score(self, *, output):
            client.flush()
            return 1

    Monitor(op_names=["answer"], scorers=[Flushing()]).activate()
    begin = time.monotonic()
    answer("a")
    assert scored(client) == ["a"]
    assert time.monotonic() - begin < 5


def test_worker_ends_and_comes_back(client, monkeypatch):
    """An idle worker ends; the next call starts another."""
    monkeypatch.setattr(monitor_run, "_IDLE_S", 0.01)
    Monitor(op_names=["answer"], scorers=[Length()]).activate()
    for count, q in enumerate(("a", "b"), 1):
        answer(q)
        assert len(scored(client)) == count
        deadline = time.monotonic() + 5
        while "weave_lite-monitors" in {thread.name for thread in threading.enumerate()}:
            assert time.monotonic() < deadline
            time.sleep(0.005)


def test_full_queue_drops_with_a_warning(client, monkeypatch, caplog):
    """A scorer that cannot keep up costs scores, not memory."""
    monkeypatch.setattr(monitor_run, "_MAX_PENDING", 1)
    monkeypatch.setattr(monitor_run, "_GATHER_S", 0.2)
    Monitor(op_names=["answer"], scorers=[Length()]).activate()
    for q in ("a", "b", "c"):
        answer(q)
    assert scored(client) == ["a"]
    assert "Lower the sampling_rate" in caplog.text


def test_calls_of_an_evaluation(client):
    """They are calls like any others."""
    Monitor(op_names=["other"], scorers=[Later()]).activate()
    asyncio.run(weave.Evaluation(dataset=[{"q": "a"}, {"q": "b"}]).evaluate(other))
    assert sorted(ref.get() for ref in scored(client)) == ["a", "b"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork(client):
    """A child scores its own calls, and not those that wait in its parent."""
    held = threading.Event()

    class Held(weave.Scorer):
        @weave.op
        def score(self, *, output):
            assert held.wait(10)
            return 1

    monitor = Monitor(op_names=["answer"], scorers=[Held()])
    monitor.activate()
    answer("a")
    child = os.fork()
    if child == 0:
        is_idle = monitor.wait(0.5)
        held.set()
        answer("b")
        os._exit(0 if is_idle and monitor.wait(5) else 1)
    assert os.waitpid(child, 0)[1] == 0
    held.set()
    assert scored(client) == ["a"]


def test_end_of_process(tmp_path):
    """What is pending at the end is scored, within a short time."""
    program = f"""
import weave_lite as weave
from weave_lite.scorers import ValidJSONScorer
weave.init("p", db={str(tmp_path / "x.db")!r})
@weave.op
def answer(q): return q
weave.Monitor(op_names=["answer"], scorers=[ValidJSONScorer()]).activate()
answer("1")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        timeout=20,
        capture_output=True,
        text=True,
        env={**os.environ, "WEAVE_PRINT_CALL_LINK": "true"},
    )
    assert done.stderr.count("🍩") == 1
    client = weave.init("p", db=str(tmp_path / "x.db"))
    try:
        assert scored(client) == ["1"]
    finally:
        weave.finish()


def test_finish_scores_what_is_pending(tmp_path):
    """`weave.finish`, as well as `init` for another project, scores before it stops."""
    place = str(tmp_path / "x.db")
    for end in (weave.finish, lambda: weave.init("next", db=place)):
        weave.init("p", db=place)
        Monitor(op_names=[answer], scorers=[Length()]).activate()
        answer("four")
        end()

    client = weave.init("p", db=place)
    try:
        assert len(scored(client)) == 2
    finally:
        weave.finish()


def test_stored_form(client):
    """Scorers are refs, the query is nested records of the operators' classes."""
    length = Length()
    monitor = Monitor(name="m", op_names=["answer"], query=LONG, scorers=[length])
    ref = weave.publish(monitor)
    client.flush()
    req = tsi.ObjReadReq(project_id=client.project_id, object_id="m", digest=ref.digest)
    val = client.server.obj_read(req).obj.val
    assert (val["scorers"], val["op_names"], val["active"], val["_bases"]) == (
        [length.ref.uri()],
        ["answer"],
        False,
        ["Object", "BaseModel"],
    )
    greater = val["query"]["$expr"]
    assert [val["query"]["_type"], greater["_type"]] == ["Query", "GtOperation"]
    assert [part["_type"] for part in greater["$gt"]] == ["GetFieldOperator", "LiteralOperation"]
    parts = [val["query"], greater, *greater["$gt"]]
    assert [part["_bases"] for part in parts] == [["BaseModel"]] * 4
    assert weave.ref(ref.uri()).get() == monitor


def test_stored_by_the_official_sdk(client):
    """What it writes is read: the scorer is a scorer, the query a query; literals stay whole."""
    scorer = weave.publish(Length(factor=3))

    def record(kind, **fields):
        return {"_type": kind, **fields, "_class_name": kind, "_bases": ["BaseModel"]}

    literal = {"_type": record("LiteralOperation", **{"$literal": "mine"})}
    query = record(
        "Query",
        **{
            "$expr": record(
                "EqOperation",
                **{
                    "$eq": [
                        record("GetFieldOperator", **{"$getField": "output"}),
                        record("LiteralOperation", **{"$literal": literal}),
                    ]
                },
            )
        },
    )
    fields = {
        "name": "theirs",
        "description": None,
        "ref": None,
        "sampling_rate": 0.5,
        "scorers": [scorer.uri()],
        "op_names": ["my_op"],
        "query": query,
        "active": True,
    }
    val = {**record("Monitor", **fields), "_bases": ["Object", "BaseModel"]}
    made = client.server.obj_create(
        tsi.ObjCreateReq(obj={"project_id": client.project_id, "object_id": "theirs", "val": val})
    )
    read = weave.ref(f"weave:///{client.project_id}/object/theirs:{made.digest}").get()
    assert type(read) is Monitor
    assert read.scorers == [Length(factor=3)]
    assert read.query.model_dump(by_alias=True) == {
        "$expr": {"$eq": ({"$getField": "output"}, {"$literal": {"_type": {"$literal": "mine"}}})}
    }
    assert tracer_of(client).watcher is None


def test_scorers_of_unknown_classes(client):
    """They stay records; such a monitor can be read and stored again, but not run."""

    def publish():
        class Gone(weave.Scorer):
            @weave.op
            def score(self, *, output):
                return 1

        return weave.publish(Monitor(name="m", op_names=["answer"], scorers=[Gone()]))

    uri = publish().uri()
    gc.collect()
    client.flush()
    read = weave.ref(uri).get()
    assert read.scorers[0].name is None
    assert weave.publish(read).uri() == uri


@pytest.mark.parametrize(
    "fields",
    [
        {"sampling_rate": 1.5},
        {"sampling_rate": -0.1},
        {"op_names": [5]},
        {"query": {"$expr": {"$nope": []}}},
        {"unknown": 1},
    ],
)
def test_bad_fields(fields):
    """They are refused when the monitor is made."""
    with pytest.raises(ValidationError):
        Monitor(**{"op_names": ["answer"], "scorers": [], **fields})


def test_bad_scorers():
    """A class, or something that is no scorer."""
    for scorer in (Length, answer, 5):
        with pytest.raises(TypeError, match="scorers must be"):
            Monitor(op_names=["answer"], scorers=[scorer])


def test_needs_a_client():
    """Activating without a client says so; waiting is at once over."""
    monitor = Monitor(op_names=["answer"], scorers=[])
    with pytest.raises(WeaveInitError):
        monitor.activate()
    with pytest.raises(WeaveInitError):
        monitor.deactivate()
    assert monitor.active is False
    assert monitor.wait() is True
