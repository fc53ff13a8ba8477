"""The Call object."""

from __future__ import annotations

import datetime as dt
import pickle
import threading

import pytest

from weave_lite.core.errors import InvalidNameError, OpNameError, WeaveInitError
from weave_lite.core.refs import CallRef
from weave_lite.trace.call import Call, Undecoded
from weave_lite.trace.feedback import RefFeedbackQuery
from weave_lite.trace.manual_call import create_call, finish_call
from weave_lite.trace.op import op

NOON = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)


def made(**fields):
    return Call(
        **{
            "_op_name": "weave:///ent/proj/op/f:abc",
            "trace_id": "t",
            "project_id": "ent/proj",
            "parent_id": None,
            "inputs": {"a": 1},
            "id": "c",
            **fields,
        }
    )


def test_names_come_from_the_op_ref():
    """Or are the plain name itself."""
    assert (made().func_name, made().op_name) == ("f", "weave:///ent/proj/op/f:abc")
    assert made(_op_name="plain").func_name == "plain"
    with pytest.raises(OpNameError, match="op_name must be a text"):
        _ = made(_op_name=3).op_name


def test_ref_and_link_need_an_id():
    """A placeholder says so; it is a ValueError."""
    assert made().ref == CallRef("ent", "proj", "c")
    assert made().ui_url == "weave:///ent/proj/call/c"
    empty = made(id=None)
    for look in (lambda: empty.ref, lambda: empty.ui_url, empty.children, empty.delete):
        with pytest.raises(ValueError, match="no id"):
            look()


def test_status_and_duration():
    """Running, success, error."""
    assert (made().status, made().duration) == ("running", None)
    ended = made(started_at=NOON, ended_at=NOON + dt.timedelta(seconds=1.5))
    assert (ended.status, ended.duration) == ("success", 1.5)
    assert made(exception="{}").status == "error"


def test_status_and_duration_of_a_call_read_without_its_end():
    """What the store worked out counts where the columns leave the end out."""
    partly = made(summary={"weave": {"status": "error", "latency_ms": 1500}})
    assert (partly.status, partly.duration) == ("error", 1.5)
    live = made(summary={"weave": {"status": "running"}})
    assert (live.status, live.duration) == ("running", None)
    assert made(summary={"weave": 1}).status == made(summary="mine").status == "running"


def test_to_dict_has_the_keys_of_the_contract():
    """In order; a display name that was not called yet has a stand-in."""
    call = made(_display_name=lambda call: "x", started_at=NOON)
    assert call.to_dict() == {
        "op_name": "weave:///ent/proj/op/f:abc",
        "trace_id": "t",
        "project_id": "ent/proj",
        "parent_id": None,
        "inputs": {"a": 1},
        "id": "c",
        "output": None,
        "exception": None,
        "summary": {},
        "display_name": "Callable Display Name (not called yet)",
        "attributes": {},
        "started_at": NOON,
        "ended_at": None,
        "deleted_at": None,
    }


def test_values_are_decoded_when_first_read():
    """And once."""
    seen = []

    def decode(value):
        seen.append(value)
        return {"decoded": value}

    call = made(
        inputs=Undecoded(1, decode), output=Undecoded(2, decode), attributes=Undecoded(3, decode)
    )
    assert seen == []
    assert [call.inputs, call.inputs, call.output, call.attributes] == [
        {"decoded": 1},
        {"decoded": 1},
        {"decoded": 2},
        {"decoded": 3},
    ]
    assert seen == [1, 2, 3]


def test_display_name_is_set_through_the_client(client):
    """Empty is refused, unchanged does nothing, None removes."""
    call = made(actions=client)
    with pytest.raises(InvalidNameError, match="remove_display_name"):
        call.set_display_name("")
    with pytest.raises(InvalidNameError, match="must not be of type int"):
        call.set_display_name(5)
    call.set_display_name("shown")
    call.set_display_name("shown")
    assert call.display_name == "shown"
    call.remove_display_name()
    call.set_display_name("x" * 2000)
    assert len(call.display_name) == 1024
    assert client.renamed == [("c", "shown"), ("c", ""), ("c", "x" * 1021 + "...")]


def test_delete_and_children_use_the_client(client):
    """Without one they say so."""
    call = made(actions=client)
    assert call.delete() is True
    assert client.deleted == ["c"]
    assert list(call.children(page_size=5)) == []
    with pytest.raises(WeaveInitError):
        made().delete()


def test_equality_is_identity_of_the_record():
    """Two objects of one call are equal; placeholders only to themselves."""
    assert made() == made(inputs={})
    assert made() != made(id="d")
    assert made() != 3
    assert len({made(), made()}) == 1
    empty = made(id=None)
    assert empty == empty
    assert empty != made(id=None)


def test_a_live_call_can_be_pickled(client):
    """Values go along as plain JSON, whatever they are."""

    @op
    def f(lock, x):
        return lock

    _, call = f.call(threading.Lock(), {"n": (1, 2)})
    copy = pickle.loads(pickle.dumps(call))
    assert copy == call
    assert copy.inputs["x"] == {"n": [1, 2]}
    assert isinstance(copy.inputs["lock"], str)
    assert (copy.started_at, copy.ended_at) == (call.started_at, call.ended_at)
    assert copy.summary == call.summary
    assert copy.op_name == call.op_name


def test_a_call_can_be_pickled_without_a_client():
    """Nothing is stored then."""
    assert pickle.loads(pickle.dumps(made())).to_dict() == made().to_dict()


def test_repr_is_short():
    """It shows op, id and status."""
    assert repr(made()) == "Call('weave:///ent/proj/op/f:abc', id='c', status='running')"


def test_children_and_feedback_can_be_given():
    """The children of a call without a client are those that it was made with."""
    children = [Call("c", "t", "ent/proj", "1", {}, id=str(n)) for n in range(3)]
    feedback = RefFeedbackQuery("weave:///ent/proj/call/1")
    call = Call("op", "t", "ent/proj", None, {}, id="1", _children=children, _feedback=feedback)

    found = call.children()

    assert list(found) == children
    assert (len(found), found[1], found[1:]) == (3, children[1], children[1:])
    assert call.feedback is feedback


def test_feedback_of_a_call_without_a_client_is_of_its_ref():
    """It needs an id."""
    call = Call("op", "t", "ent/proj", None, {}, id="1")

    assert call.feedback.weave_ref == "weave:///ent/proj/call/1"
    assert call.feedback is call.feedback
    with pytest.raises(ValueError, match="no id"):
        Call("op", "t", "ent/proj", None, {}).feedback  # noqa: B018 - looking is the act


def test_a_live_call_has_no_sizes_and_no_children_of_its_own(client):
    """What its constructor would have set is not there."""
    call = create_call(client, "op", {})
    finish_call(client, call)

    assert (call.storage_size_bytes, call.total_storage_size_bytes) == (None, None)
    assert list(call.children()) == []
