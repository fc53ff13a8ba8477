"""Moving projects over HTTP, both ways: as between files, and with clear errors."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest
from typer.testing import CliRunner
from wrapped_server import WrappedServer

import weave_lite as weave
from weave_lite.cli.main import app
from weave_lite.core.errors import InvalidRequest, NotFoundError, RemoteServerError, UsageError
from weave_lite.sync.journal import MemoryJournal
from weave_lite.sync.run import sync_project
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

FROM, TO = "local/test", "acme/moved"


@pytest.fixture
def far():
    """The store behind it."""
    with SqliteTraceServer(":memory:") as server:
        yield server


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command beside a store with a project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WEAVE_LITE_QUIET", "1")
    monkeypatch.setenv("WEAVE_RETRY_MAX_ATTEMPTS", "1")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)

    class Settings(weave.Object):
        limit: int = 1

    @weave.op
    def add(a, settings):
        return {"sum": a + settings.limit, "raw": b"bytes"}

    client = weave.init(FROM, db="weave.db")
    weave.publish(weave.Dataset(name="d", rows=[{"q": n} for n in range(5)]))
    _, call = add.call(1, Settings())
    client.add_cost("m", prompt_token_cost=1, completion_token_cost=2)
    client.flush()
    call.feedback.add_note("fine")
    call.feedback.add_reaction("👍")
    weave.finish()
    return lambda *words: CliRunner().invoke(app, ["sync", *words])


def content(server, project):
    """What a project holds, without the moments of storing."""
    calls = server.calls_query(tsi.CallsQueryReq(project_id=project)).calls
    objs = server.objs_query(tsi.ObjQueryReq(project_id=project)).objs
    feedback = server.feedback_query(tsi.FeedbackQueryReq(project_id=project)).result
    return {
        "calls": [call.model_dump(mode="json", exclude={"wb_user_id"}) for call in calls],
        "objs": [(o.object_id, o.version_index, o.kind, o.digest, o.val) for o in objs],
        "feedback": [(row["id"], row["weave_ref"], row["payload"]) for row in feedback],
        "costs": [
            (cost.llm_id, cost.prompt_token_cost, cost.effective_date)
            for cost in server.cost_query(tsi.CostQueryReq(project_id=project)).results
        ],
    }


def test_there_and_back(run, served, far):
    """What was pushed under another name and pulled back is what it was; again moves nothing."""
    with served.serving(far):
        pushed = run("--db", "weave.db", "--to", served.url, "--as", TO, "-p", FROM, "--json")
        again = run("--db", "weave.db", "--to", served.url, "--as", TO, "-p", FROM)
        pulled = run("--from", served.url, "--db", "back.db", "-p", TO, "--as", FROM)
        once_more = run("--from", served.url, "--db", "back.db", "-p", TO, "--as", FROM)
    assert json.loads(pushed.stdout) == {
        "source": FROM, "target": TO, "objects": 2, "ops": 1, "tables": 1, "rows": 5, "files": 2,
        "calls": 1, "feedback": 2, "costs": 1, "renamed": 0, "taken_back": 0, "dangling": 0,
        "checked": 14, "problems": [],
    }  # fmt: skip
    assert "moved nothing" in again.stdout
    assert "3 objects" not in pulled.stdout
    assert (pulled.exit_code, once_more.exit_code) == (0, 0)
    assert "moved nothing" in once_more.stdout
    with SqliteTraceServer("weave.db") as before, SqliteTraceServer("back.db") as after:
        assert content(after, FROM) == content(before, FROM)


def test_a_target_that_was_emptied_gets_all_again(run, served):
    """The journal is in the source, and the store of the server is a new one."""
    for _ in range(2):
        with SqliteTraceServer(":memory:") as far, served.serving(far):
            done = run("--db", "weave.db", "--to", served.url, "--json")
            report = json.loads(done.stdout)
            assert (report["calls"], report["feedback"], report["costs"]) == (1, 2, 1)
            assert report["problems"] == []


def test_afresh_sends_all_again_and_changes_nothing(run, served, far):
    """Prices are known by their content, all else by its id or digest."""
    with served.serving(far):
        run("--db", "weave.db", "--to", served.url)
        before = content(far, FROM)
        done = run("--db", "weave.db", "--to", served.url, "--afresh", "--json")
    assert json.loads(done.stdout)["calls"] == 1
    assert content(far, FROM) == before


def test_a_dry_run_writes_nowhere(run, served, far, tmp_path):
    """Neither to the server nor into the journal."""
    with served.serving(far):
        done = run("--db", "weave.db", "--to", served.url, "--dry-run")
    assert "would move 2 objects, 1 ops, 1 tables, 5 rows, 2 files, 1 calls" in done.stdout
    assert far.project_ids() == []
    with closing(sqlite3.connect(tmp_path / "weave.db")) as conn:
        tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_schema")}
    assert "calls" in tables
    assert "sync_journal" not in tables


def test_a_wrong_key(run, served, far, monkeypatch):
    """It is told before anything is sent, and the right one is taken from the environment."""
    with served.serving(far, token="secret-token"):
        monkeypatch.setenv("WANDB_API_KEY", "wrong")
        refused = run("--db", "weave.db", "--to", served.url)
        monkeypatch.setenv("WANDB_API_KEY", "secret-token")
        taken = run("--db", "weave.db", "--to", served.url)
    assert isinstance(refused.exception, InvalidRequest)
    assert "set WANDB_API_KEY" in str(refused.exception)
    assert taken.exit_code == 0


@pytest.mark.parametrize(
    ("place", "error", "message"),
    [
        ("http://127.0.0.1:9", RemoteServerError, "cannot be reached"),
        ("http://", UsageError, "must be like http://"),
    ],
)
def test_a_wrong_address(run, place, error, message):
    """The message names it."""
    done = run("--db", "weave.db", "--to", place)
    assert isinstance(done.exception, error)
    assert message in str(done.exception)


def test_a_server_that_goes_away(run, served):
    """What was moved stays moved, and the message says how to go on."""
    with SqliteTraceServer(":memory:") as far, served.serving(far):
        send = far.call_start_batch
        far.call_start_batch = None
        broken = run("--db", "weave.db", "--to", served.url)
        far.call_start_batch = send
        done = run("--db", "weave.db", "--to", served.url)
    assert isinstance(broken.exception, RemoteServerError)
    assert "broken off; run the same command again to go on" in broken.stderr
    assert "moved 1 calls, 2 feedback, 1 costs" in done.stdout


class Older(WrappedServer):
    """A server without the newer methods."""

    missing = frozenset({"table_create_from_digests", "feedback_create_batch"})


class Hidden(Older):
    """A client of such a server, that knows the newer methods."""

    def table_create_from_digests(self, req):
        raise NotFoundError(f"no such path, for {len(req.row_digests)} rows")


@pytest.mark.parametrize(
    "wrap", [Older, Hidden, lambda server: server], ids=["older", "hidden", "ours"]
)
def test_a_large_table_goes_in_parts(wrap, monkeypatch):
    """Its rows and digest are the same in the end, also where a server cannot join the parts."""
    monkeypatch.setattr("weave_lite.sync.tables._ROWS", 10)
    monkeypatch.setattr("weave_lite.sync.pages._ROWS", 7)
    with SqliteTraceServer(":memory:") as source, SqliteTraceServer(":memory:") as target:
        rows = [{"n": n} for n in range(35)]
        table = tsi.TableSchemaForInsert(project_id=FROM, rows=rows)
        digest = source.table_create(tsi.TableCreateReq(table=table)).digest
        val = {"rows": f"weave:///{FROM}/table/{digest}"}
        obj = tsi.ObjSchemaForInsert(project_id=FROM, object_id="d", val=val)
        source.obj_create(tsi.ObjCreateReq(obj=obj))
        report = sync_project(source, wrap(target), FROM, TO)
        found = target.table_query(tsi.TableQueryReq(project_id=TO, digest=digest)).rows
    assert (report.problems, report.tables, report.rows) == ([], 1, 35)
    assert [row.val for row in found] == rows


class Small(WrappedServer):
    """A server that refuses objects of one name."""

    def obj_create(self, req):
        if req.obj.object_id == "big":
            raise InvalidRequest("too large")
        return self._server.obj_create(req)


def test_a_refused_object_is_told_once():
    """What leads to it comes all the same; a later run tries again."""
    with SqliteTraceServer(":memory:") as source, SqliteTraceServer(":memory:") as target:
        for name, value in (("big", {}), ("a", {"n": 1}), ("b", {"n": 2})):
            about = [] if name == "big" else [f"weave:///{FROM}/object/big:v0"]
            obj = {"project_id": FROM, "object_id": name, "val": {**value, "about": about}}
            source.obj_create(tsi.ObjCreateReq.model_validate({"obj": obj}))
        journal = MemoryJournal()
        first = sync_project(source, Small(target), FROM, journal=journal)
        second = sync_project(source, target, FROM, journal=journal)
    assert [each.partition(":")[0] for each in first.problems] == ["object/big"]
    assert "was refused: too large" in first.problems[0]
    assert (first.objects, second.objects, second.problems) == (2, 1, [])


class Choosy(WrappedServer):
    """A server that refuses some calls, as one with a limit of their size would."""

    def __init__(self, server, refused):
        super().__init__(server)
        self.refused = refused

    def call_start_batch(self, req):
        if any(part.mode == "start" and part.req.start.id in self.refused for part in req.batch):
            raise InvalidRequest("too large")
        return self._server.call_start_batch(req)


def test_a_refused_call_is_told_and_costs_no_other():
    """It is tried again by each later run."""
    ids = [f"0197d1a0-0000-7000-8000-00000000000{n}" for n in range(8)]
    with SqliteTraceServer(":memory:") as source, SqliteTraceServer(":memory:") as target:
        for call_id in ids:
            _start(source, call_id)
        choosy, journal = Choosy(target, {ids[2], ids[3]}), MemoryJournal()
        first = sync_project(source, choosy, FROM, journal=journal)
        refused = [each for each in first.problems if "was refused: too large" in each]
        assert sorted(each.split()[1] for each in refused) == ids[2:4]
        assert first.calls == 6
        choosy.refused = set()
        second = sync_project(source, choosy, FROM, journal=journal)
        assert (second.calls, second.problems) == (2, [])
        calls = target.calls_query(tsi.CallsQueryReq(project_id=FROM)).calls
        assert sorted(call.id for call in calls) == ids


def test_a_server_that_refuses_everything_ends_the_run():
    """After a while it is no matter of single calls."""
    ids = [f"0197d1a0-0000-7000-8000-0000000000{n}" for n in range(10, 60)]
    with SqliteTraceServer(":memory:") as source, SqliteTraceServer(":memory:") as target:
        for call_id in ids:
            _start(source, call_id)
        with pytest.raises(InvalidRequest, match="too large"):
            sync_project(source, Choosy(target, set(ids)), FROM)


def _start(server, call_id):
    start = {
        "project_id": FROM, "id": call_id, "trace_id": call_id, "op_name": "o", "inputs": {},
        "attributes": {}, "started_at": "2024-05-01T10:00:00Z",
    }  # fmt: skip
    server.call_start(tsi.CallStartReq.model_validate({"start": start}))
