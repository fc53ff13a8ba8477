"""Every statement of an operation fails once: all of the operation is stored, or nothing of it."""

from __future__ import annotations

import datetime as dt
import logging
import shutil

import pytest
from failing_sqlite import fault_at
from stores import assert_sound, calls_in, content_of, write_fixture

from weave_lite.core.clock import now_micros
from weave_lite.core.errors import StoreBusyError, StoreError
from weave_lite.trace import client_context
from weave_lite.trace import settings as trace_settings
from weave_lite.trace.op import op
from weave_lite.trace.weave_client import WeaveClient
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedEnd, EncodedStart
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer
from weave_lite.trace_server.store.engine import Store
from weave_lite.trace_server.store.prune import prune

P = "acme/demo"
CALL_REF = f"weave:///{P}/call/call-0"
OLD = 1_600_000_000_000_000


def old_trace(n):
    """A trace of two calls, of some years ago."""
    ids = (f"call-{n}", f"call-{n}-child")
    for call_id, parent_id in zip(ids, (None, ids[0]), strict=True):
        yield EncodedStart(P, call_id, f"t{n}", parent_id, "op", None, OLD + n, "{}", '{"x":1}')
        yield EncodedEnd(P, call_id, OLD + n + 1, None, '"y"', "{}")


def create_object(server, value):
    obj = tsi.ObjSchemaForInsert(project_id=P, object_id="settings", val={"value": value})
    return server.obj_create(tsi.ObjCreateReq(obj=obj)).digest


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A store with something of everything in it."""
    place = tmp_path_factory.mktemp("template") / "weave.db"
    with SqliteTraceServer(place) as server:
        server.write_encoded([record for n in range(4) for record in old_trace(n)])
        for value in range(3):
            create_object(server, value)
        server.feedback_create(
            tsi.FeedbackCreateReq(
                id="old", project_id=P, weave_ref=CALL_REF, feedback_type="f", payload={"n": 1}
            )
        )
    return place


def publish_dataset(server):
    """A table of new rows, and the object that names it."""
    rows = [{"question": n} for n in range(40)]
    table = tsi.TableSchemaForInsert(project_id=P, rows=rows)
    digest = server.table_create(tsi.TableCreateReq(table=table)).digest
    val = {"rows": f"weave:///{P}/table/{digest}"}
    obj = tsi.ObjSchemaForInsert(project_id=P, object_id="questions", val=val)
    server.obj_create(tsi.ObjCreateReq(obj=obj))


def replace_feedback(server):
    """The old feedback goes as the new one comes; a retry finds either."""
    found = server.feedback_query(tsi.FeedbackQueryReq(project_id=P, fields=["id"])).result
    server.feedback_replace(
        tsi.FeedbackReplaceReq(
            feedback_id=found[0]["id"],
            project_id=P,
            weave_ref=CALL_REF,
            feedback_type="f",
            payload={"n": 2},
        )
    )


def delete_calls(server):
    """Two traces with their children."""
    ids = ["call-0", "call-2"]
    server.calls_delete(tsi.CallsDeleteReq(project_id=P, call_ids=ids))


def delete_latest_object(server):
    """The newest version goes, so ``latest`` moves to the one before."""
    req = tsi.ObjReadReq(project_id=P, object_id="settings", digest="latest")
    digest = server.obj_read(req).obj.digest
    server.obj_delete(tsi.ObjDeleteReq(project_id=P, object_id="settings", digests=[digest]))


def publish_version(server):
    """A version of an object that is there already: ``latest`` moves."""
    create_object(server, "new")


def write_calls(server):
    """A batch of complete calls, as the recorder sends them."""
    server.write_encoded(list(old_trace(9)))


def start_and_end_calls(server):
    """A batch of starts and ends through the typed door."""
    at = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    batch = []
    for call_id in ("new-1", "new-2"):
        start = tsi.StartedCallSchemaForInsert(
            project_id=P,
            id=call_id,
            op_name="new op",
            trace_id="new",
            started_at=at,
            attributes={"a": 1},
            inputs={"ref": CALL_REF},
        )
        batch.append(tsi.CallBatchStartMode(req=tsi.CallStartReq(start=start)))
        end = tsi.EndedCallSchemaForInsert(
            project_id=P, id=call_id, ended_at=at, output=1, summary={}
        )
        batch.append(tsi.CallBatchEndMode(req=tsi.CallEndReq(end=end)))
    server.call_start_batch(tsi.CallCreateBatchReq(batch=batch))


# With how many commits each operation reaches its whole effect.
OPERATIONS = {
    write_calls: 1,
    start_and_end_calls: 1,
    publish_dataset: 2,
    publish_version: 1,
    replace_feedback: 1,
    delete_calls: 1,
    delete_latest_object: 1,
}


def shape(content):
    """What is stored, without the times and ids that differ from run to run."""
    return {name: len(rows) for name, rows in content.items()}


def lost_rows(before, after, may_go):
    """Rows that are gone, of tables that the operation has no business in."""
    return {
        name: set(map(repr, rows)) - set(map(repr, after[name]))
        for name, rows in before.items()
        if name not in may_go and set(map(repr, rows)) - set(map(repr, after[name]))
    }


MAY_CHANGE = {"replace_feedback": {"feedback"}, "delete_calls": {"calls", "call_inputs", "call_outputs", "call_refs", "feedback"}, "delete_latest_object": {"objects"}, "publish_version": {"objects"}}  # fmt: skip


@pytest.mark.parametrize("kind", ["io", "full"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda f: f.__name__)
def test_fails_at_each_statement(template, tmp_path, operation, kind):
    """From opening the store to the last commit: an error of ours, all or nothing, and a retry."""
    place = tmp_path / "weave.db"
    shutil.copy(template, place)
    with SqliteTraceServer(place) as server:
        operation(server)
    before, whole = content_of(template), shape(content_of(place))
    halves = set()
    for number in range(1, 500):
        shutil.copy(template, place)
        with fault_at(number, kind) as fault:
            error = attempt(place, operation)
        if not fault.has_struck:
            assert error is None
            break
        after = content_of(place)
        if after != before:
            halves.add(repr(shape(after)))
            assert not lost_rows(before, after, MAY_CHANGE.get(operation.__name__, ()))
        elif error is None:
            pytest.fail(f"nothing was stored, and no error, at {fault.seen[-1]!r}")
        if number % 4 == 0:
            assert_sound(place)
        assert attempt(place, operation) is None
        if operation is not delete_latest_object or after == before:
            assert shape(content_of(place)) == whole, fault.seen[-1]
    assert number > 10
    assert_sound(place)
    # What is neither nothing nor the whole stands between two commits.
    assert len(halves - {repr(whole)}) <= OPERATIONS[operation] - 1, halves


def attempt(place, operation):
    """Open the store, do it, close; give the error, which must be ours and tell where."""
    try:
        with SqliteTraceServer(place) as server:
            operation(server)
    except StoreError as error:
        assert str(place) in str(error)
        assert not isinstance(error, StoreBusyError)
        return error
    return None


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda f: f.__name__)
def test_locked_at_each_statement(template, tmp_path, operation):
    """A lock at any one moment is waited for, or told as such; the open store works on."""
    place = tmp_path / "weave.db"
    shutil.copy(template, place)
    with SqliteTraceServer(place) as server:
        operation(server)
    whole = shape(content_of(place))
    for number in range(1, 500):
        shutil.copy(template, place)
        with fault_at(number, "busy") as fault:
            try:
                server = SqliteTraceServer(place)
            except StoreBusyError:
                continue
            try:
                operation(server)
            except StoreBusyError:
                # The same server, on the same connections.
                operation(server)
            server.close()
        if not fault.has_struck:
            break
        assert shape(content_of(place)) == whole, fault.seen[number - 1]
    assert number > 10


@pytest.mark.parametrize("kind", ["io", "full", "busy"])
def test_traced_program_at_each_statement(template, tmp_path, caplog, kind):
    """Results are right whatever fails; one warning; all calls are there afterwards, in order."""
    place = tmp_path / "weave.db"

    @op
    def inner(x):
        return x + 1

    @op
    def outer(x):
        if x < 0:
            raise ValueError("negative")
        return inner(x) * 2

    caplog.set_level(logging.WARNING, logger="weave_lite")
    for number in range(1, 200):
        shutil.copy(template, place)
        caplog.clear()
        server = SqliteTraceServer(place)
        # The store is open and healthy; its connections are made anew under the fault.
        server._store._close_connections()
        trace_settings.use(trace_settings.Settings(client_parallelism=0))
        client = WeaveClient("acme", "demo", server)
        client_context.set_client(client)
        try:
            with fault_at(number, kind) as fault:
                assert outer(1) == 4
                with pytest.raises(ValueError, match="negative"):
                    outer(-1)
            assert outer(2) == 6
            client.flush()
            assert client.num_outstanding_jobs == client.recorder.lost_count == 0
        finally:
            client_context.set_client(None)
            trace_settings.use(None)
            server.close()
        warned = [r.getMessage() for r in caplog.records if "cannot write" in r.getMessage()]
        assert len(warned) <= 1
        new = calls_in(place)[8:]
        assert [
            (name.rpartition("/")[2].partition(":")[0], ended) for _, name, ended, _ in new
        ] == [
            ("outer", 1),
            ("inner", 1),
            ("outer", 1),
            ("outer", 1),
            ("inner", 1),
        ], fault.seen[-1]
        assert [error is None for *_, error in new] == [True, True, False, True, True]
        if not fault.has_struck:
            break
    assert number > 10
    assert_sound(place)


@pytest.mark.parametrize("kind", ["io", "full"])
def test_upgrade_fails_at_each_statement(tmp_path, kind):
    """The file of the earlier release is as it was, or upgraded; the next opening finishes."""
    old, place = tmp_path / "old.db", tmp_path / "weave.db"
    write_fixture(old, 1)
    before = content_of(old)
    for number in range(1, 500):
        for left in tmp_path.glob("weave.db*"):
            left.unlink()
        shutil.copy(old, place)
        with fault_at(number, kind) as fault:
            try:
                Store.open(place).close()
            except StoreError as error:
                assert str(place) in str(error)
        if not fault.has_struck:
            break
        after = content_of(place)
        assert after == before or {name: after[name] for name in before} == before | {
            "alembic_version": after["alembic_version"]
        }
        Store.open(place).close()
        if number % 6 == 0:
            assert_sound(place)
    assert number > 20
    assert content_of(f"{place}.v1.bak") == before
    assert_sound(place)


@pytest.mark.parametrize("kind", ["io", "full"])
def test_prune_fails_at_each_statement(template, tmp_path, kind):
    """A trace is there whole or gone whole; the next prune goes on."""
    place = tmp_path / "weave.db"
    with SqliteTraceServer(template):
        pass
    days = (now_micros() - OLD) / 86_400_000_000 - 1
    for number in range(1, 500):
        shutil.copy(template, place)
        with fault_at(number, kind) as fault:
            try:
                store = Store.open(place)
                try:
                    prune(store, keep_days=days)
                finally:
                    store.close()
            except StoreError as error:
                assert str(place) in str(error)
        if not fault.has_struck:
            break
        left = {row[0] for row in calls_in(place)}
        assert all((f"call-{n}" in left) == (f"call-{n}-child" in left) for n in range(4))
        assert_sound(place)
        store = Store.open(place)
        prune(store, keep_days=days)
        store.close()
        assert calls_in(place) == []
    assert number > 10
