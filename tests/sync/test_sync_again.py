"""A second run: what came late, what changed, what was taken back, and what was deleted."""

from __future__ import annotations

import datetime as dt

import pytest
from wrapped_server import WrappedServer

import weave_lite as weave
from weave_lite.core.digest import digest_json_sorted, digest_rows
from weave_lite.core.ids import new_id
from weave_lite.sync.run import sync_project
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

FROM, TO = "local/test", "acme/moved"
NOW = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)


@weave.op
def shout(q):
    return q.upper()


@pytest.fixture
def client():
    """A client whose project is moved."""
    with memory_client(FROM) as client:
        yield client


@pytest.fixture
def move(client):
    """Move the project into a target, which stays; gives the report."""
    with SqliteTraceServer(":memory:") as target:

        def run(**options):
            client.flush()
            journal = target.journal("r")
            return sync_project(client.server, target, FROM, TO, journal=journal, **options)

        run.target = target
        yield run


def start(server, started_at, **fields):
    """Store a whole call."""
    call_id = new_id()
    call = {
        "project_id": FROM, "id": call_id, "trace_id": call_id, "op_name": "o", "inputs": {},
        "attributes": {}, "started_at": started_at, "ended_at": started_at, "summary": {}, **fields,
    }  # fmt: skip
    server.calls_complete(tsi.CallsUpsertCompleteReq.model_validate({"batch": [call]}))
    return call_id


def name_of(target, call_id):
    return target.call_read(tsi.CallReadReq(project_id=TO, id=call_id)).call.display_name


def test_calls_of_long_ago_that_came_late(client, move):
    """A program that imports old calls writes behind the last one that was moved."""
    start(client.server, NOW)
    move()
    late = start(client.server, NOW - dt.timedelta(days=3), output="late")
    report = move()
    assert (report.calls, report.problems) == (1, [])
    assert move.target.call_read(tsi.CallReadReq(project_id=TO, id=late)).call.output == "late"
    assert move().calls == 0


def test_many_calls_that_began_together(client, move, monkeypatch):
    """Pages are cut inside of an instant, and lose none."""
    monkeypatch.setattr("weave_lite.sync.calls._BATCH", 3)
    ids = {start(client.server, NOW) for _ in range(8)}
    ids |= {start(client.server, NOW + dt.timedelta(microseconds=n)) for n in range(1, 8)}
    assert move().calls == 15
    calls = move.target.calls_query(tsi.CallsQueryReq(project_id=TO)).calls
    assert {call.id for call in calls} == ids


def test_large_calls_go_in_small_pages(client, move, monkeypatch):
    """So that memory does not grow with them."""
    monkeypatch.setattr("weave_lite.sync.calls._CHARACTERS", 2_000)
    monkeypatch.setattr("weave_lite.sync.calls._BATCH", 4)
    for n in range(12):
        start(client.server, NOW + dt.timedelta(seconds=n), inputs={"text": "x" * 1_000})
    sizes = []
    send = move.target.call_start_batch
    monkeypatch.setattr(
        move.target, "call_start_batch", lambda req: (sizes.append(len(req.batch) // 2), send(req))
    )
    assert move().problems == []
    assert sizes == [4, 1, 1, 1, 1, 1, 1, 1, 1]


def test_names_of_calls(client, move):
    """Changed, given and taken ones; a call that was deleted meanwhile does not matter."""
    ids = [start(client.server, NOW, display_name=name) for name in ("a", "b", None, "d")]
    move()
    client.server.calls_delete(tsi.CallsDeleteReq(project_id=FROM, call_ids=[ids[3]]))
    for call_id, name in ((ids[0], "A"), (ids[1], ""), (ids[2], "c")):
        req = tsi.CallUpdateReq(project_id=FROM, call_id=call_id, display_name=name)
        client.server.call_update(req)
    report = move()
    assert (report.renamed, report.calls) == (3, 0)
    assert [name_of(move.target, call_id) for call_id in ids] == ["A", None, "c", "d"]
    assert move().renamed == 0


class Blind(WrappedServer):
    """A server that finds no call by its name, as one does that cannot compare with null."""

    def calls_query_stream(self, req):
        is_about_names = req.query is not None and "display_name" in req.query.model_dump_json()
        return iter([]) if is_about_names else self._server.calls_query_stream(req)


def test_a_name_that_is_not_found_stays(client, move):
    """A name is taken only where the call itself has none."""
    call_id = start(client.server, NOW, display_name="a")
    move()
    blind, journal = Blind(client.server), move.target.journal("r")
    assert sync_project(blind, move.target, FROM, TO, journal=journal).renamed == 0
    assert name_of(move.target, call_id) == "a"


def test_a_name_that_the_target_gave_stays(client, move):
    """It is overwritten only by a new one."""
    call_id = start(client.server, NOW, display_name="a")
    move()
    req = tsi.CallUpdateReq(project_id=TO, call_id=call_id, display_name="own")
    move.target.call_update(req)
    assert move().renamed == 0
    assert name_of(move.target, call_id) == "own"


def test_feedback_that_was_taken_back(client, move, monkeypatch):
    """It goes in the target too; its replacement comes. Pages are read to their end."""
    monkeypatch.setattr("weave_lite.sync.pages._FEEDBACK", 1)
    _, call = shout.call("a")
    client.flush()
    note = call.feedback.add_note("first")
    call.feedback.add_note("second")
    move()
    call.feedback.purge(note)
    call.feedback.add_note("third")
    report = move()
    assert (report.feedback, report.taken_back, report.problems) == (1, 1, [])
    rows = move.target.feedback_query(tsi.FeedbackQueryReq(project_id=TO)).result
    assert [row["payload"]["note"] for row in rows] == ["second", "third"]
    assert move().taken_back == 0


def test_feedback_of_a_deleted_call_stays(client, move):
    """The target is the archive of a store from which old calls are deleted."""
    _, call = shout.call("a")
    client.flush()
    note = call.feedback.add_note("fine")
    move()
    call.feedback.purge(note)
    call.delete()
    assert move().taken_back == 0
    assert len(move.target.feedback_query(tsi.FeedbackQueryReq(project_id=TO)).result) == 1


def test_prices_that_were_taken_back(client, move):
    """The other one of the same content stays."""
    for _ in range(2):
        client.add_cost("m", prompt_token_cost=1, completion_token_cost=2, effective_date=NOW)
    assert move().costs == 2
    costs = client.query_costs()
    client.purge_costs([costs[0].id])
    report = move()
    assert (report.taken_back, report.problems) == (1, [])
    left = move.target.cost_query(tsi.CostQueryReq(project_id=TO)).results
    assert [cost.prompt_token_cost for cost in left] == [1]


def test_equal_prices_stay_as_many(client, move):
    """Also where the journal got lost, and each is known by its content alone."""
    for _ in range(2):
        client.add_cost("m", prompt_token_cost=1, completion_token_cost=2, effective_date=NOW)
    move()
    move.target.journal("r").forget()
    move()
    for left in (2, 1, 0):
        move()
        costs = move.target.cost_query(tsi.CostQueryReq(project_id=TO)).results
        assert len(costs) == left
        if left:
            client.purge_costs([client.query_costs()[0].id])


def test_a_dry_run_knows_what_was_moved(client, move):
    """It counts what is new, and notes nothing."""
    shout("a")
    move()
    assert move(is_dry=True).calls == 0
    shout("b")
    assert [move(is_dry=True).calls, move(is_dry=True).calls, move().calls] == [1, 1, 1]


class Naming(WrappedServer):
    """A server that gives feedback ids of its own, as older ones do."""

    missing = frozenset({"feedback_create_batch"})

    def feedback_create(self, req):
        return self._server.feedback_create(req.model_copy(update={"id": None}))


def test_a_server_that_gives_feedback_its_own_ids(client, move):
    """They are known by the ones that were moved."""
    _, call = shout.call("a")
    client.flush()
    note = call.feedback.add_note("first")
    call.feedback.add_note("second")
    target, journal = Naming(move.target), move.target.journal("n")
    first = sync_project(client.server, target, FROM, TO, journal=journal)
    call.feedback.purge(note)
    second = sync_project(client.server, target, FROM, TO, journal=journal)
    assert (first.feedback, first.problems) == (2, [])
    assert (second.feedback, second.taken_back, second.problems) == (0, 1, [])
    rows = move.target.feedback_query(tsi.FeedbackQueryReq(project_id=TO)).result
    assert [row["payload"]["note"] for row in rows] == ["second"]


def test_values_that_are_known_are_not_read_again(client, move, monkeypatch):
    """A second run lists versions without their values."""
    weave.publish({"x": 1}, name="o")
    shout("a")
    move()
    asked = []
    query = client.server.objs_query
    monkeypatch.setattr(client.server, "objs_query", lambda req: (asked.append(req), query(req))[1])
    move()
    weave.publish({"x": 2}, name="o")
    move()
    assert [req.metadata_only for req in asked] == [True, True, False]


def test_the_latest_version_that_came_back(client, move):
    """It is the latest in the target too, though another one was moved after it."""
    weave.publish({"x": 1}, name="o")
    move()
    weave.publish({"x": 2}, name="o")
    weave.publish({"x": 1}, name="o")
    move()
    req = tsi.ObjReadReq(project_id=TO, object_id="o", digest="latest")
    assert move.target.obj_read(req).obj.val == {"x": 1}


def test_versions_keep_their_numbers_when_one_is_needed_early(client, move):
    """An object that is older than what it leads to draws all versions before that one along."""
    ref = f"weave:///{FROM}/object/later:v2"
    client.server.obj_create(
        tsi.ObjCreateReq(
            obj=tsi.ObjSchemaForInsert(project_id=FROM, object_id="early", val={"about": ref})
        )
    )
    for n in range(3):
        weave.publish({"x": n}, name="later")
    move()
    objs = move.target.objs_query(tsi.ObjQueryReq(project_id=TO)).objs
    numbers = {obj.version_index: obj.val for obj in objs if obj.object_id == "later"}
    assert numbers == {0: {"x": 0}, 1: {"x": 1}, 2: {"x": 2}}
    early = next(obj for obj in objs if obj.object_id == "early")
    digest = next(obj.digest for obj in objs if obj.val == {"x": 2})
    assert early.val == {"about": f"weave:///{TO}/object/later:{digest}"}


def test_refs_in_the_source_of_an_op(client, move):
    """They lead to the target, as all others do."""
    prompt = weave.publish({"text": "be kind"}, name="prompt")

    def write(text):
        file = tsi.FileCreateReq(project_id=FROM, name="obj.py", content=text.encode())
        return client.server.file_create(file).digest

    source = f"prompt = weave.ref('{prompt.uri()}').get()\n# see {prompt.uri()}\n"
    op = {"_type": "CustomWeaveType", "weave_type": {"type": "Op"}, "files": {}}
    op["files"]["obj.py"] = write(source)
    obj = tsi.ObjSchemaForInsert(project_id=FROM, object_id="run", val=op)
    client.server.obj_create(tsi.ObjCreateReq(obj=obj))
    assert move().problems == []
    read = tsi.ObjReadReq(project_id=TO, object_id="run", digest="latest")
    moved = move.target.obj_read(read).obj.val["files"]["obj.py"]
    content = move.target.file_content_read(
        tsi.FileContentReadReq(project_id=TO, digest=moved)
    ).content.decode()
    own = prompt.uri().replace(FROM, TO)
    assert content == f"prompt = weave.ref('{own}').get()\n# see {prompt.uri()}\n"


def test_feedback_that_names_a_deleted_spec_is_told(client, move):
    """It is refused, and all other feedback comes."""
    spec = weave.publish(weave.AnnotationSpec(name="stars", field_schema={"type": "integer"}))
    _, call = shout.call("a")
    client.flush()
    call.feedback.add("wandb.annotation.stars", {"value": 3}, annotation_ref=spec.uri())
    call.feedback.add_note("fine")
    spec.delete()
    report = move()
    assert report.feedback == 1
    (problem,) = report.problems
    assert "was refused" in problem
    assert "stars" in problem


def test_digests_by_the_other_rule_stay(client):
    """What newer clients stored under digests of their own has them in a project of that name, too."""
    server = client.server
    rows = [{"b": 1, "a": 2}, {"z": 1, "c": 2}]
    row_digests = [digest_json_sorted(row) for row in rows]
    table = tsi.TableSchemaForInsert(
        project_id=FROM, rows=rows, expected_digest=digest_rows(row_digests)
    )
    digest = server.table_create(tsi.TableCreateReq(table=table)).digest
    val = {"rows": f"weave:///{FROM}/table/{digest}", "b": f"weave:///{FROM}/object/o:gone"}
    obj = tsi.ObjSchemaForInsert(
        project_id=FROM, object_id="d", val=val, expected_digest=digest_json_sorted(val)
    )
    server.obj_create(tsi.ObjCreateReq(obj=obj))
    call_id = start(
        server, NOW, inputs={"d": f"weave:///{FROM}/object/d:{digest_json_sorted(val)}"}
    )
    with SqliteTraceServer(":memory:") as target:
        assert sync_project(server, target, FROM).problems == []
        read = tsi.ObjReadReq(project_id=FROM, object_id="d", digest=digest_json_sorted(val))
        assert target.obj_read(read).obj.val == val
        found = target.table_query(tsi.TableQueryReq(project_id=FROM, digest=digest)).rows
        assert [row.digest for row in found] == row_digests
        call = target.call_read(tsi.CallReadReq(project_id=FROM, id=call_id)).call
        assert call.inputs == {"d": f"weave:///{FROM}/object/d:{digest_json_sorted(val)}"}


def test_two_projects_into_one(client, move):
    """What one of them has is not hurt by what the other one has."""
    weave.publish({"x": 1}, name="o")
    shout("a")
    move()
    with memory_client("local/other") as other:
        weave.publish({"x": 2}, name="o")
        shout("b")
        other.flush()
        report = sync_project(
            other.server, move.target, "local/other", TO, journal=move.target.journal("s")
        )
    assert report.problems == []
    objs = move.target.objs_query(tsi.ObjQueryReq(project_id=TO)).objs
    assert [obj.val for obj in objs if obj.object_id == "o"] == [{"x": 1}, {"x": 2}]
    calls = move.target.calls_query(tsi.CallsQueryReq(project_id=TO)).calls
    assert sorted(call.output for call in calls) == ["A", "B"]
    assert move().problems == []


# --- the check ---


def change(target, statement):
    """Write behind the back of a store, as a fault would."""
    with target._store.write() as conn:
        assert conn.raw.execute(statement).rowcount == 1


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE calls SET exception = 'boom' WHERE op IS NOT NULL", "call"),
        ("UPDATE calls SET deleted_at = 1", "call"),
        ("UPDATE feedback SET payload = '{}'", "feedback"),
        ("DELETE FROM feedback", "feedback"),
        ("UPDATE costs SET prompt_token_cost = 5", "price"),
        ('UPDATE table_rows SET val = \'{"q":"other"}\'', "table"),
        ("UPDATE objects SET val = '{\"x\":7}' WHERE val LIKE '%41%'", "object/o:"),
        ("UPDATE objects SET deleted_at = 1 WHERE val LIKE '%41%'", "object/o:"),
    ],
)
def test_the_check_finds_what_is_not_what_it_was(client, move, statement, problem):
    """Whatever it is."""
    weave.publish({"x": 41}, name="o")
    weave.publish(weave.Dataset(name="d", rows=[{"q": "a"}]))
    _, call = shout.call("a")
    client.flush()
    call.feedback.add_note("fine")
    client.add_cost("m", prompt_token_cost=1, completion_token_cost=2)
    assert move().problems == []
    change(move.target, statement)
    problems = move(is_check_whole=True).problems
    assert problems
    assert all(each.startswith(problem) or " calls are in " in each for each in problems)


def test_a_sample_has_the_end(client, move, monkeypatch):
    """Of many calls and rows some are compared, the last ones among them."""
    monkeypatch.setattr("weave_lite.sync.check._SAMPLE", 5)
    monkeypatch.setattr("weave_lite.sync.check._WINDOW", 2)
    weave.publish(weave.Dataset(name="d", rows=[{"q": n} for n in range(50)]))
    for n in range(50):
        start(client.server, NOW + dt.timedelta(seconds=n), output=n)
    report = move()
    assert report.problems == []
    assert report.checked < 30
    change(move.target, "UPDATE calls SET exception = 'x' WHERE started_at = "
           "(SELECT max(started_at) FROM calls)")  # fmt: skip
    change(move.target, "UPDATE table_rows SET val = '{}' WHERE val LIKE '%49%'")
    problems = [each.split()[0] for each in move().problems]
    assert problems == ["table", "call"]
