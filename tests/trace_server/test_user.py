"""The user in whose name the embedded server writes."""

from __future__ import annotations

import datetime as dt
import getpass

import pytest

from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server import user
from weave_lite.trace_server.sqlite_trace_server import SqliteTraceServer

PROJECT = "acme/demo"


@pytest.fixture
def server():
    with SqliteTraceServer() as server:
        yield server


def start_call(server, **fields):
    start = tsi.StartedCallSchemaForInsert(
        project_id=PROJECT,
        op_name="add",
        started_at=dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        attributes={},
        inputs={},
        **fields,
    )
    return server.call_start(tsi.CallStartReq(start=start)).id


def test_environment_names_the_user(monkeypatch):
    """WANDB_USERNAME wins over the login name."""
    monkeypatch.setenv("WANDB_USERNAME", "ada")
    assert user.default_user() == "ada"


def test_login_name_is_the_default(monkeypatch):
    """Without the variable, and with an empty one, it is the login name."""
    monkeypatch.setenv("WANDB_USERNAME", "")
    assert user.default_user() == getpass.getuser()


def test_user_without_a_name(monkeypatch):
    """A user id without a name does not stop a write."""

    def nobody():
        raise KeyError("uid not found")

    monkeypatch.delenv("WANDB_USERNAME", raising=False)
    monkeypatch.setattr(getpass, "getuser", nobody)
    assert user.default_user() == "local"


def test_the_system_is_asked_once(monkeypatch):
    """Each batch of records wants the name; only another environment may change it."""
    asked = []

    def getuser():
        asked.append(1)
        return "ada"

    monkeypatch.delenv("WANDB_USERNAME", raising=False)
    monkeypatch.setattr(getpass, "getuser", getuser)
    assert [user.default_user() for _ in range(3)] == ["ada"] * 3
    assert asked == [1]
    monkeypatch.setenv("LNAME", "grace")
    assert user.default_user() == "ada"
    assert asked == [1, 1]


def test_server_fills_in_the_user(monkeypatch, server):
    """Calls and objects that name no user get the local one; a given one stays."""
    monkeypatch.setenv("WANDB_USERNAME", "ada")
    filled, given = start_call(server), start_call(server, wb_user_id="grace")
    obj = tsi.ObjSchemaForInsert(project_id=PROJECT, object_id="settings", val={"a": 1})
    server.obj_create(tsi.ObjCreateReq(obj=obj))
    read = [
        server.call_read(tsi.CallReadReq(project_id=PROJECT, id=call_id)).call.wb_user_id
        for call_id in (filled, given)
    ]
    (found,) = server.objs_query(tsi.ObjQueryReq(project_id=PROJECT)).objs
    assert (read, found.wb_user_id) == (["ada", "grace"], "ada")


def test_second_start_is_filled_too(monkeypatch, server):
    """A start that replaces another has a user as well."""
    monkeypatch.setenv("WANDB_USERNAME", "ada")
    start_call(server, id="one", wb_user_id="grace")
    start_call(server, id="one")
    call = server.call_read(tsi.CallReadReq(project_id=PROJECT, id="one")).call
    assert call.wb_user_id == "ada"
