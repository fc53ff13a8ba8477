"""Moving projects: what arrives, under another name, after being broken off anywhere, and again."""

from __future__ import annotations

import asyncio

import pytest

import weave_lite as weave
from weave_lite.flow.eval import Evaluation
from weave_lite.flow.scorer import Scorer
from weave_lite.sync.run import sync_project
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

FROM, TO = "local/test", "acme/moved"


class Near(Scorer):
    limit: int = 3

    @weave.op
    def score(self, *, output):
        return {"near": len(output) < self.limit}


class Settings(weave.Object):
    model: str = "small"
    nested: weave.Object | None = None


@weave.op
def shout(q, settings=None):
    return {"said": q.upper(), "raw": b"bytes", "usage": {"total_tokens": 2}, "model": "m"}


@pytest.fixture(scope="module")
def source():
    """A store with something of everything."""
    with memory_client(FROM) as client:
        inner = Settings(name="inner")
        outer = Settings(name="outer", nested=inner)
        shout("a", settings=outer)
        inner.model = "large"
        shout("b", settings=outer)
        holder = [{"q": "a", "about": weave.publish(inner)}, {"q": "boom", "about": 1}]
        dataset = weave.Dataset(name="d", rows=holder)
        weave.publish(dataset)
        asyncio.run(Evaluation(name="e", dataset=dataset, scorers=[Near()]).evaluate(shout))
        weave.publish({"x": 1}, name="versions")
        weave.publish({"x": 2}, name="versions")
        weave.publish({"x": 1}, name="versions")
        client.create_call("open", {"x": 1}, use_stack=False)
        client.server.cost_create(
            tsi.CostCreateReq.model_validate(
                {
                    "project_id": FROM,
                    "costs": {"m": {"prompt_token_cost": 1, "completion_token_cost": 2}},
                }
            )
        )
        client.flush()
        yield client.server


@pytest.fixture
def target():
    with SqliteTraceServer(":memory:") as server:
        yield server


def content(server, project):
    """All that a project holds, in an order of its own, with its own refs blurred to PROJECT."""
    calls = server.calls_query(tsi.CallsQueryReq(project_id=project)).calls
    objs = server.objs_query(tsi.ObjQueryReq(project_id=project)).objs
    feedback = server.feedback_query(tsi.FeedbackQueryReq(project_id=project)).result
    costs = server.cost_query(tsi.CostQueryReq(project_id=project)).results
    return {
        "calls": {call.id: call.model_dump(exclude={"project_id"}) for call in calls},
        "objs": [
            (o.object_id, o.version_index, o.is_latest, o.kind, o.digest, o.val) for o in objs
        ],
        "feedback": {r["id"]: (r["weave_ref"], r["payload"], r["runnable_ref"]) for r in feedback},
        "costs": [(c.llm_id, c.prompt_token_cost) for c in costs],
    }


def refs_in(value):
    return [text for text in str(value).split("'") if text.startswith("weave:///")]


def test_the_same_project_arrives_as_it_is(source, target):
    """Ids, versions, digests, refs, values: all equal; nothing dangles."""
    report = sync_project(source, target, FROM)
    assert content(target, FROM) == content(source, FROM)
    assert (report.problems, report.dangling) == ([], 0)
    assert report.as_dict() | {"checked": 0} == {
        "source": FROM, "target": FROM, "objects": 10, "ops": 7, "tables": 2, "rows": 4,
        "files": 8, "calls": 12, "feedback": 2, "costs": 1, "renamed": 0,
        "taken_back": 0, "dangling": 0, "checked": 0,
        "problems": [],
    }  # fmt: skip
    assert report.checked > 20


def test_another_project_gets_refs_of_its_own(source, target):
    """Every ref leads to something that is there, and none to the old project."""
    report = sync_project(source, target, FROM, TO)
    assert (report.problems, report.dangling) == ([], 0)
    moved = content(target, TO)
    found = refs_in(moved)
    assert found
    assert not [ref for ref in found if not ref.startswith(f"weave:///{TO}/")]
    objects = [ref for ref in dict.fromkeys(found) if "/call/" not in ref and "/table/" not in ref]
    values = target.refs_read_batch(tsi.RefsReadBatchReq(refs=objects)).vals
    assert len(values) == len(objects) > 20
    before = content(source, FROM)
    assert set(moved["calls"]) == set(before["calls"])
    assert [row[:4] for row in moved["objs"]] == [row[:4] for row in before["objs"]]


def test_again_moves_only_what_is_new(source, tmp_path):
    """The journal knows, and calls near the end are looked for in the target."""
    with SqliteTraceServer(tmp_path / "t.db") as target:
        journal = target.journal("route")
        sync_project(source, target, FROM, TO, journal=journal)
        before = content(target, TO)
        report = sync_project(source, target, FROM, TO, journal=target.journal("route"))
        assert content(target, TO) == before
        left = {n: c for n, c in report.as_dict().items() if isinstance(c, int) and c}
        assert set(left) == {"checked"}


def test_a_call_that_was_open_is_moved_again(tmp_path):
    """Its end arrives with the next run."""
    with memory_client(FROM) as client, SqliteTraceServer(tmp_path / "t.db") as target:
        call = client.create_call("slow", {"x": 1}, use_stack=False)
        sync_project(client.server, target, FROM, journal=target.journal("r"))
        read = tsi.CallReadReq(project_id=FROM, id=call.id)
        assert target.call_read(read).call.ended_at is None
        client.finish_call(call, 7)
        sync_project(client.server, target, FROM, journal=target.journal("r"))
        assert target.call_read(read).call.output == 7


def test_a_dry_run_moves_nothing(source, target):
    """It counts the same."""
    dry = sync_project(source, target, FROM, TO, is_dry=True)
    assert target.project_ids() == []
    wet = sync_project(source, target, FROM, TO)
    counted = {name: value for name, value in dry.as_dict().items() if name != "checked"}
    assert counted == {name: value for name, value in wet.as_dict().items() if name != "checked"}


class CutOffError(Exception):
    """The network went away."""


class Flaky:
    """A server that fails at its n-th request: before doing it, or after, when the answer is lost."""

    def __init__(self, server, at, *, is_after):
        self._server, self._at, self._is_after = server, at, is_after
        self.names = []

    def __getattr__(self, name):
        method = getattr(self._server, name)

        def call(*args, **kwargs):
            self.names.append(name)
            if len(self.names) == self._at and not self._is_after:
                raise CutOffError
            result = method(*args, **kwargs)
            if len(self.names) == self._at:
                raise CutOffError
            return result

        return call


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
def test_broken_off_at_every_step(source, tmp_path, is_after):
    """However it is broken off, the next run makes it whole: nothing lost, nothing twice."""
    with SqliteTraceServer(":memory:") as server:
        counter = Flaky(server, -1, is_after=False)
        sync_project(source, counter, FROM, TO)
        wanted = content(server, TO)
    # A lost answer matters where something was written.
    steps = [
        at
        for at, name in enumerate(counter.names, 1)
        if not is_after or "create" in name or "batch" in name
    ]
    broken = 0
    for at in steps:
        with SqliteTraceServer(":memory:") as server:
            flaky = Flaky(server, at, is_after=is_after)
            journal = server.journal("r")
            try:
                sync_project(source, flaky, FROM, TO, journal=journal)
            except CutOffError:
                broken += 1
            report = sync_project(source, server, FROM, TO, journal=journal)
            assert report.problems == []
            assert content(server, TO) == wanted, at
    assert broken == len(steps) > 20


def test_what_is_not_there_stays_a_ref(target):
    """A ref to a deleted version is counted, and rewritten all the same."""
    with memory_client(FROM) as client:
        ref = weave.publish({"x": 1}, name="gone")
        weave.publish({"about": ref}, name="holder")
        ref.delete()
        report = sync_project(client.server, target, FROM, TO)
    assert report.dangling == 1
    (holder,) = target.objs_query(tsi.ObjQueryReq(project_id=TO)).objs
    assert holder.val["about"] == f"weave:///{TO}/object/gone:{ref.digest}"


def test_content_that_names_itself(target):
    """A ref to the latest version stays one, and ends no run by going in circles."""
    with memory_client(FROM) as client:
        weave.publish({"x": 1}, name="ring")
        own = {
            "about": f"weave:///{FROM}/object/ring:latest",
            "old": f"weave:///{FROM}/object/ring:v1",
        }
        weave.publish(own, name="ring")
        report = sync_project(client.server, target, FROM, TO)
    assert report.problems == []
    ring = target.obj_read(tsi.ObjReadReq(project_id=TO, object_id="ring", digest="latest")).obj
    assert ring.version_index == 1
    assert ring.val == {
        "about": f"weave:///{TO}/object/ring:latest",
        "old": f"weave:///{TO}/object/ring:v1",
    }


def test_what_the_target_published_since_stays_the_latest(tmp_path):
    """Until the source has a new latest version."""
    with memory_client(FROM) as client, SqliteTraceServer(tmp_path / "t.db") as target:

        def latest():
            req = tsi.ObjReadReq(project_id=FROM, object_id="o", digest="latest")
            return target.obj_read(req).obj.val

        weave.publish({"x": 1}, name="o")
        sync_project(client.server, target, FROM, journal=target.journal("r"))
        own = tsi.ObjSchemaForInsert(project_id=FROM, object_id="o", val={"x": "own"})
        target.obj_create(tsi.ObjCreateReq(obj=own))
        sync_project(client.server, target, FROM, journal=target.journal("r"))
        assert latest() == {"x": "own"}
        weave.publish({"x": 2}, name="o")
        sync_project(client.server, target, FROM, journal=target.journal("r"))
        assert latest() == {"x": 2}


def test_calls_written_meanwhile_are_no_fault(tmp_path):
    """They are moved by the next run; the check does not miss them."""
    with memory_client(FROM) as client, SqliteTraceServer(tmp_path / "t.db") as target:
        shout("a")
        running = client.create_call("slow", {"x": 1}, use_stack=False)
        client.flush()

        def go_on(message):
            if message == "reading back":
                client.finish_call(running, 7)
                shout("b")
                client.flush()

        report = sync_project(client.server, target, FROM, journal=target.journal("r"), tell=go_on)
        assert (report.calls, report.problems) == (2, [])
        report = sync_project(client.server, target, FROM, journal=target.journal("r"))
        assert report.problems == []
        assert content(target, FROM)["calls"] == content(client.server, FROM)["calls"]
        assert len(content(target, FROM)["calls"]) == 3


def test_a_call_deleted_in_the_target_stays_deleted(tmp_path):
    """It is sent again, and does not come back; the check says what is missing."""
    with memory_client(FROM) as client, SqliteTraceServer(tmp_path / "t.db") as target:
        _, call = shout.call("a")
        client.flush()
        sync_project(client.server, target, FROM, journal=target.journal("r"))
        target.calls_delete(tsi.CallsDeleteReq(project_id=FROM, call_ids=[call.id]))
        report = sync_project(client.server, target, FROM, journal=target.journal("r"))
        assert content(target, FROM)["calls"] == {}
        assert report.problems[0] == "1 calls are in the source, 0 in the target"
