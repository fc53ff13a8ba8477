"""Who wrote a record: the user of the request, else the local user, filled in by the server."""

from __future__ import annotations

import datetime as dt
import getpass

import pytest

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.interface.encoded import EncodedObject, EncodedStart

P = "acme/demo"


def start(call_id, user=None):
    return tsi.CallStartReq(
        start={
            "project_id": P,
            "id": call_id,
            "trace_id": "t",
            "op_name": "f",
            "started_at": dt.datetime(2024, 3, 1, tzinfo=dt.UTC),
            "attributes": {},
            "inputs": {},
            "wb_user_id": user,
        }
    )


def users(server):
    found = server.calls_query(tsi.CallsQueryReq(project_id=P)).calls
    return {call.id: call.wb_user_id for call in found}


def object_user(server, name):
    req = tsi.ObjReadReq(project_id=P, object_id=name, digest="latest")
    return server.obj_read(req).obj.wb_user_id


@pytest.mark.in_process("over HTTP the key says who writes")
def test_calls_have_the_local_user_unless_they_name_one(server, monkeypatch):
    """By the single and the batch door, by the recorder's, and at a second start."""
    monkeypatch.setenv("WANDB_USERNAME", "ann")
    server.call_start(start("1"))
    server.call_start(start("2", "bob"))
    server.call_start_batch(tsi.CallCreateBatchReq(batch=[{"mode": "start", "req": start("3")}]))
    server.write_encoded([EncodedStart(P, "4", "t", None, "f", None, 0, "{}", "{}")])
    server.call_start(start("5", "bob"))
    server.call_start(start("5"))
    expected = {"1": "ann", "2": "bob", "3": "ann", "4": "ann", "5": "ann"}
    assert users(server) == expected
    mine = tsi.CallsQueryReq(project_id=P, filter={"wb_user_ids": ["bob"]})
    assert [call.id for call in server.calls_query(mine).calls] == ["2"]


@pytest.mark.in_process("over HTTP the key says who writes")
def test_objects_have_the_local_user_unless_they_name_one(server, monkeypatch):
    """So have objects and ops, by every door."""
    monkeypatch.setenv("WANDB_USERNAME", "ann")
    obj = {"project_id": P, "object_id": "a", "val": {"n": 1}}
    server.obj_create(tsi.ObjCreateReq(obj=obj))
    server.obj_create(tsi.ObjCreateReq(obj={**obj, "object_id": "b", "wb_user_id": "bob"}))
    server.op_create(tsi.OpCreateReq(op_obj={**obj, "object_id": "c"}))
    server.write_encoded([EncodedObject(P, "object", "d", "x", "1")])
    assert [object_user(server, name) for name in "abcd"] == ["ann", "bob", "ann", "ann"]


def test_the_local_user_without_the_variable(server, monkeypatch):
    """It is the login name, in a form that UTF-8 can hold."""
    monkeypatch.delenv("WANDB_USERNAME", raising=False)
    monkeypatch.setattr(getpass, "getuser", lambda: "login\udcff")
    server.call_start(start("1"))
    assert users(server) == {"1": "login\\udcff"}


@pytest.mark.parametrize("error", [OSError, KeyError, ImportError])
def test_a_system_without_a_login_name(server, monkeypatch, error):
    """As some containers are: the user is called ``local``."""

    def getuser():
        raise error

    monkeypatch.delenv("WANDB_USERNAME", raising=False)
    monkeypatch.setattr(getpass, "getuser", getuser)
    server.call_start(start("1"))
    assert users(server) == {"1": "local"}
