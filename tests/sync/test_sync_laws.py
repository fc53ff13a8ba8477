"""The law of moving: whatever a store holds, the target holds the same, up to its own refs."""

from __future__ import annotations

import datetime as dt

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from weave_lite.core.errors import NotFoundError
from weave_lite.core.ids import new_id
from weave_lite.core.refs import CallRef, TableRef, maybe_parse_uri
from weave_lite.sync.journal import MemoryJournal
from weave_lite.sync.run import sync_project
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

FROM, TO = "local/test", "acme/moved"
START = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)
CUSTOM = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}}


class World:
    """A project that grows by random deeds."""

    def __init__(self, server, random):
        self.server, self.random = server, random
        self.refs = [f"weave:///{FROM}/object/never:there", "weave:///other/one/object/o:d"]
        self.calls, self.running, self.feedback, self.costs = [], [], [], []
        self.ticks = 0

    def value(self, depth=2):
        """Some JSON value, often with refs."""
        kind = self.random.choice("ttrrrnld" if depth else "tr")
        if kind == "r":
            return self.random.choice(self.refs)
        if kind == "n":
            return self.random.choice([None, True, 0, -1.5, 2**40])
        if kind == "l":
            return [self.value(depth - 1) for _ in range(self.random.randrange(3))]
        if kind == "d":
            return {key: self.value(depth - 1) for key in "ab"[: self.random.randrange(3)]}
        return self.random.choice(["", "x", "weave:///", f"about weave:///{FROM}/object/o:d"])

    def put_object(self):
        name = self.random.choice(["model", "prompt", "set"])
        obj = tsi.ObjSchemaForInsert(project_id=FROM, object_id=name, val={"v": self.value()})
        digest = self.server.obj_create(tsi.ObjCreateReq(obj=obj)).digest
        self.refs += [
            f"weave:///{FROM}/object/{name}:{digest}",
            f"weave:///{FROM}/object/{name}:{digest}/attr/v",
        ]

    def put_op(self):
        name = self.random.choice(["run", "model"])
        source = f"import weave\nx = weave.ref('{self.random.choice(self.refs)}').get()\n"
        file = tsi.FileCreateReq(project_id=FROM, name="obj.py", content=source.encode())
        files = {"obj.py": self.server.file_create(file).digest}
        obj = tsi.ObjSchemaForInsert(
            project_id=FROM, object_id=name, val={**CUSTOM, "files": files}
        )
        digest = self.server.obj_create(tsi.ObjCreateReq(obj=obj)).digest
        self.refs.append(f"weave:///{FROM}/op/{name}:{digest}")

    def put_dataset(self):
        rows = [{"q": self.value()} for _ in range(self.random.randrange(4))]
        table = tsi.TableSchemaForInsert(project_id=FROM, rows=rows)
        made = self.server.table_create(tsi.TableCreateReq(table=table))
        ref = f"weave:///{FROM}/table/{made.digest}"
        val = {"_type": "Dataset", "rows": ref}
        obj = tsi.ObjSchemaForInsert(project_id=FROM, object_id="set", val=val)
        digest = self.server.obj_create(tsi.ObjCreateReq(obj=obj)).digest
        whole = f"weave:///{FROM}/object/set:{digest}"
        self.refs += [ref, whole, *(f"{whole}/attr/rows/id/{each}" for each in made.row_digests)]

    def put_file(self):
        content = self.random.randbytes(3)
        file = tsi.FileCreateReq(project_id=FROM, name="x.bin", content=content)
        digest = self.server.file_create(file).digest
        kind = {"type": "PIL.Image.Image"}
        val = {"_type": "CustomWeaveType", "weave_type": kind, "files": {"x.bin": digest}}
        obj = tsi.ObjSchemaForInsert(project_id=FROM, object_id="image", val=val)
        digest = self.server.obj_create(tsi.ObjCreateReq(obj=obj)).digest
        self.refs.append(f"weave:///{FROM}/object/image:{digest}")

    def start_call(self):
        # Some begin together, and some are written long after others that began later.
        self.ticks += self.random.choice([0, 0, 1, 2_000, 700_000_000])
        late = self.random.choice([0, 0, 0, 900_000_000])
        call_id = new_id()
        ops = [ref for ref in self.refs if "/op/" in ref] or ["plain"]
        start = tsi.StartedCallSchemaForInsert(
            project_id=FROM,
            id=call_id,
            op_name=self.random.choice(ops),
            display_name=self.random.choice([None, "name"]),
            trace_id=new_id(),
            parent_id=self.random.choice([None, *self.calls]),
            started_at=START + dt.timedelta(microseconds=self.ticks - late),
            attributes={"a": self.value()},
            inputs={"q": self.value(), "self": self.value()},
            wb_user_id="someone",
        )
        self.server.call_start(tsi.CallStartReq(start=start))
        self.calls.append(call_id)
        self.running.append(call_id)
        self.refs.append(f"weave:///{FROM}/call/{call_id}")

    def end_call(self):
        if self.running:
            call_id = self.running.pop(self.random.randrange(len(self.running)))
            self.server.call_end(
                tsi.CallEndReq(
                    end=tsi.EndedCallSchemaForInsert(
                        project_id=FROM,
                        id=call_id,
                        ended_at=START + dt.timedelta(hours=5),
                        exception=self.random.choice([None, "boom"]),
                        output=self.value(),
                        summary={"own": self.value()},
                    )
                )
            )

    def rename_call(self):
        if self.calls:
            name = self.random.choice(["", "new", "newer"])
            call_id = self.random.choice(self.calls)
            req = tsi.CallUpdateReq(project_id=FROM, call_id=call_id, display_name=name)
            self.server.call_update(req)

    def put_feedback(self):
        about = [each for each in self.refs if each.startswith(f"weave:///{FROM}/call/")]
        if about:
            self.feedback.append(
                self.server.feedback_create(
                    tsi.FeedbackCreateReq(
                        project_id=FROM,
                        weave_ref=self.random.choice(about),
                        feedback_type="own",
                        payload={"p": self.value()},
                    )
                ).id
            )

    def purge_feedback(self):
        if self.feedback:
            one = {"$eq": [{"$getField": "id"}, {"$literal": self.random.choice(self.feedback)}]}
            req = {"project_id": FROM, "query": {"$expr": one}}
            self.server.feedback_purge(tsi.FeedbackPurgeReq.model_validate(req))

    def put_cost(self):
        price = {"prompt_token_cost": self.random.choice([1, 2]), "completion_token_cost": 3}
        req = {"project_id": FROM, "costs": {"m": price}}
        self.costs.append(self.server.cost_create(tsi.CostCreateReq.model_validate(req)).ids[0][0])

    def purge_cost(self):
        if self.costs:
            one = {"$eq": [{"$getField": "id"}, {"$literal": self.random.choice(self.costs)}]}
            req = {"project_id": FROM, "query": {"$expr": one}}
            self.server.cost_purge(tsi.CostPurgeReq.model_validate(req))


class Unfolded:
    """A project as plain values: each ref is what it leads to."""

    def __init__(self, server, project):
        self.server, self.project = server, project
        self.known = {}

    def of(self, value):
        if isinstance(value, dict):
            if value.get("weave_type") == CUSTOM["weave_type"] and "files" in value:
                return ("code", self.source(value["files"]["obj.py"]))
            return {key: self.of(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.of(each) for each in value]
        if isinstance(value, str) and value.startswith(f"weave:///{self.project}/"):
            if value not in self.known:
                self.known[value] = self.end_of(maybe_parse_uri(value))
            return self.known[value]
        return value

    def source(self, digest):
        req = tsi.FileContentReadReq(project_id=self.project, digest=digest)
        before, ref, after = self.server.file_content_read(req).content.decode().split("'")
        return (before, self.of(ref), after)

    def end_of(self, ref):
        if isinstance(ref, CallRef):
            return ("call", ref.id)
        if isinstance(ref, TableRef):
            req = tsi.TableQueryReq(project_id=self.project, digest=ref.digest)
            return ("table", [self.of(row.val) for row in self.server.table_query(req).rows])
        found = tsi.RefsReadBatchReq(refs=[ref.uri()])
        try:
            value = self.server.refs_read_batch(found).vals[0]
        except NotFoundError:
            return ("dangling", ref.name)
        req = tsi.ObjReadReq(project_id=self.project, object_id=ref.name, digest=ref.digest)
        kind = self.server.obj_read(req).obj.kind
        steps = [step for step in ref.extra if len(step) < 20]
        return (kind, ref.name, steps, self.of(value))

    def all(self):
        project = self.project
        calls = self.server.calls_query(tsi.CallsQueryReq(project_id=project)).calls
        objs = self.server.objs_query(tsi.ObjQueryReq(project_id=project)).objs
        feedback = self.server.feedback_query(tsi.FeedbackQueryReq(project_id=project)).result
        costs = self.server.cost_query(tsi.CostQueryReq(project_id=project)).results
        prices = [(each.llm_id, each.prompt_token_cost, each.effective_date) for each in costs]
        for call in calls:
            call.summary["weave"].pop("display_name", None)
        return {
            "calls": {
                call.id: self.of(call.model_dump(mode="json", exclude={"project_id"}))
                for call in calls
            },
            "objs": [
                (obj.kind, obj.object_id, obj.version_index, obj.is_latest, self.of(obj.val))
                for obj in sorted(objs, key=lambda o: (o.kind, o.object_id, o.version_index))
            ],
            "feedback": {
                row["id"]: (self.of(row["weave_ref"]), self.of(row["payload"])) for row in feedback
            },
            "costs": sorted(prices),
        }


DEEDS = [
    "put_object", "put_object", "put_op", "put_dataset", "put_file", "start_call", "start_call",
    "start_call", "end_call", "end_call", "rename_call", "put_feedback", "purge_feedback",
    "put_cost", "purge_cost",
]  # fmt: skip


class CutOffError(Exception):
    """The network went away."""


class Flaky:
    """A server that is cut off at its n-th request: before doing it, or before answering."""

    def __init__(self, server, at, *, is_after):
        self._server, self._left, self._is_after = server, at, is_after

    def __getattr__(self, name):
        method = getattr(self._server, name)

        def call(req, *args):
            self._left -= 1
            if self._left == 0 and not self._is_after:
                raise CutOffError
            result = method(req, *args)
            if self._left == 0:
                raise CutOffError
            return result

        return call


QUICK = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate],
}


@settings(max_examples=30, **QUICK)
@given(
    runs=st.lists(st.lists(st.sampled_from(DEEDS), max_size=12), min_size=1, max_size=3),
    breaks=st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=2),
    goal=st.sampled_from([FROM, TO]),
    random=st.randoms(use_true_random=False),
)
def test_what_is_moved_is_what_it_was(runs, breaks, goal, random):
    """However it grew between the runs, and wherever they were broken off."""
    with SqliteTraceServer(":memory:") as source, SqliteTraceServer(":memory:") as target:
        world, journal = World(source, random), MemoryJournal()
        for deeds in runs:
            for deed in deeds:
                getattr(world, deed)()
            for at, is_after in breaks:
                flaky = Flaky(target, at, is_after=is_after)
                try:
                    sync_project(source, flaky, FROM, goal, journal=journal)
                except CutOffError:
                    pass
            report = sync_project(source, target, FROM, goal, journal=journal)
            assert report.problems == []
            assert Unfolded(target, goal).all() == Unfolded(source, FROM).all()
        again = sync_project(source, target, FROM, goal, journal=journal, is_check_whole=True)
        counted = {name: each for name, each in again.as_dict().items() if isinstance(each, int)}
        assert set(counted.values()) <= {0, counted["checked"]}


@settings(max_examples=12, **QUICK)
@given(
    deeds=st.lists(st.sampled_from(DEEDS), max_size=20), random=st.randoms(use_true_random=False)
)
def test_there_and_back_is_the_same(deeds, random):
    """Also without a journal, and through a project of another name."""
    with (
        SqliteTraceServer(":memory:") as source,
        SqliteTraceServer(":memory:") as middle,
        SqliteTraceServer(":memory:") as back,
    ):
        world = World(source, random)
        for deed in deeds:
            getattr(world, deed)()
        assert sync_project(source, middle, FROM, TO).problems == []
        assert sync_project(middle, back, TO, FROM).problems == []
        assert Unfolded(back, FROM).all() == Unfolded(source, FROM).all()
        assert digests(back) == digests(source)


def digests(server):
    objs = server.objs_query(tsi.ObjQueryReq(project_id=FROM)).objs
    return {f"{obj.kind}/{obj.object_id}": obj.digest for obj in objs if obj.is_latest}
