"""Calls made by hand."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import UsageError
from weave_lite.trace import settings
from weave_lite.trace.call_context import get_current_call, tracing_disabled
from weave_lite.trace.manual_call import create_call, fail_call, finish_call, log_call
from weave_lite.trace.op import op


@op(postprocess_output=lambda o: [o])
def leaf(x):
    return x


def test_calls_by_name_use_the_stack(client):
    """Created calls are current until they are finished."""
    parent = create_call(client, "myop", {"a": 1}, display_name="shown", attributes={"k": 1})
    child = create_call(client, "child", {"b": 2})
    assert get_current_call() is child
    finish_call(client, child, output=5)
    fail_call(client, parent, ValueError("f"))
    alone = create_call(client, "detached", {}, use_stack=False)
    assert get_current_call() is None
    finish_call(client, alone)
    assert client.tree == [("myop", None), ("child", 0), ("detached", None)]
    first, second, _ = client.calls
    assert first["exception"] == {"type": "ValueError", "message": "f"}
    assert (first["display_name"], first["attributes"]) == ("shown", {"weave": {}, "k": 1})
    assert second["output"] == 5
    assert child.summary == {"status_counts": {"success": 1, "error": 0}}


def test_one_anonymous_op_per_name(client):
    """All calls of a name are of one op."""
    first, second = (create_call(client, "same", {}, use_stack=False) for _ in range(2))
    assert first.op_name == second.op_name
    assert len(client.__dict__["_anonymous_ops"]) == 1


def test_postprocessing_of_the_op_applies_only_if_it_is_given(client):
    """When the call is finished."""
    for given in (None, leaf):
        call = create_call(client, leaf, {"x": 1})
        finish_call(client, call, 7, op=given)
    assert [c["output"] for c in client.calls] == [7, [7]]


def test_a_parent_can_be_given(client):
    """A placeholder is none."""
    parent = create_call(client, "p", {}, use_stack=False)
    create_call(client, "c", {}, parent=parent, use_stack=False)
    with tracing_disabled():
        nobody = create_call(client, "x", {"a": 1})
    create_call(client, "d", {}, parent=nobody, use_stack=False)
    assert (nobody.id, nobody.inputs) == (None, {"a": 1})
    assert client.tree == [("p", None), ("c", 0), ("d", None)]


def test_disabled_means_placeholders(client):
    """Finishing one does nothing."""
    settings.use(settings.Settings(disabled=True))
    call = create_call(client, "x", {})
    finish_call(client, call, 1)
    fail_call(client, call, ValueError())
    assert client.calls == []


def test_a_call_is_finished_once(client):
    """The second end is ignored."""
    call = create_call(client, "x", {})
    finish_call(client, call, 1)
    finish_call(client, call, 2)
    assert client.calls[0]["output"] == 1


@pytest.mark.parametrize(
    ("given", "inputs", "message"),
    [
        (3, {}, "op must be"),
        (print, {}, "op must be"),
        ("x", [1], "inputs must be"),
        ("x", None, "inputs must be"),
    ],
)
def test_wrong_arguments_are_named(client, given, inputs, message):
    """With the field and the remedy."""
    with pytest.raises(UsageError, match=message):
        create_call(client, given, inputs)


@pytest.mark.parametrize("name", ["", "///", "\x00"])
def test_a_name_of_nothing_is_refused(client, name):
    """An op needs a name that something is left of."""
    with pytest.raises(ValueError, match="name"):
        create_call(client, name, {})


def test_bound_ops_and_anonymous_ops(client):
    """A bound op stands for its op; an anonymous one has no code to run."""

    class K:
        @op
        def m(self): ...

    finish_call(client, create_call(client, K().m, {}))
    finish_call(client, create_call(client, "by name", {}))
    assert [c["op"] for c in client.calls] == ["K.m", "by-name"]
    with pytest.raises(NotImplementedError, match="no code"):
        client.__dict__["_anonymous_ops"]["by name"].resolve_fn()


def test_calls_of_a_stored_op_go_under_its_version():
    """An op that was read back is used by its ref."""
    from weave_lite.testing import memory_client

    with memory_client() as real:
        leaf(1)
        stored = real.get(leaf.ref)
        finish_call(real, create_call(real, stored, {"x": 2}), 2)
        first, second = real.get_calls()
        assert second.op_name == first.op_name == leaf.ref.uri()


def test_a_failing_client_gives_a_placeholder(client, caplog):
    """User code goes on."""

    def fail(op):
        raise OSError("no disk")

    client.publisher.op_ref = fail
    call = create_call(client, "x", {"a": 1})
    assert (call.id, call.inputs) == (None, {"a": 1})
    assert "Error creating call" in caplog.text


def test_a_wrong_parent_or_attributes(client):
    """The message names the argument."""
    with pytest.raises(UsageError, match="parent must be a Call"):
        create_call(client, "x", {}, "call-id")
    with pytest.raises(UsageError, match="attributes must be a dict"):
        create_call(client, "x", {}, None, "text")
    assert client.calls == []


def test_a_call_that_is_over_is_logged_at_once(client):
    """Under the current call or a given one, with output or exception; it is current no more."""
    outer = create_call(client, "outer", {})
    inner = log_call(client, "inner", {"a": 1}, 2, attributes={"k": 1}, display_name="shown")
    failed = log_call(client, leaf, {"x": 1}, parent=inner, exception=ValueError("f"))
    alone = log_call(client, "alone", {}, use_stack=False)
    assert get_current_call() is outer
    finish_call(client, outer)

    assert client.tree == [("outer", None), ("inner", 0), ("leaf", 1), ("alone", None)]
    second, third = client.calls[1:3]
    assert (second["inputs"], second["output"]) == ({"a": 1}, 2)
    assert (second["display_name"], second["attributes"]["k"]) == ("shown", 1)
    assert (third["inputs"], third["output"]) == ({"x": 1}, None)
    assert third["exception"]["type"] == "ValueError"
    assert [call.status for call in (inner, failed, alone)] == ["success", "error", "success"]


def test_nothing_is_logged_while_tracing_is_disabled(client):
    """The call has no id then."""
    with tracing_disabled():
        call = log_call(client, "op", {"a": 1}, 2)

    assert (call.id, client.calls) == (None, [])


@pytest.mark.parametrize("given", ["x", None, 5])
def test_what_is_no_call_is_not_finished(client, given):
    """The error says what is wanted."""
    with pytest.raises(UsageError, match="call must be a Call"):
        finish_call(client, given)
    with pytest.raises(UsageError, match="call must be a Call"):
        fail_call(client, given, ValueError())


@pytest.mark.parametrize("given", ["text", ValueError, 0])
def test_a_call_fails_with_an_exception_only(client, given):
    """A text or a class is none; the call stays open, and is not begun by log_call."""
    call = create_call(client, "op", {})
    with pytest.raises(UsageError, match="exception must be an exception"):
        fail_call(client, call, given)
    with pytest.raises(UsageError, match="exception must be an exception"):
        finish_call(client, call, exception=given)
    with pytest.raises(UsageError, match="exception must be an exception"):
        log_call(client, "op", {}, exception=given)
    assert [c["ended"] for c in client.calls] == [False]
    finish_call(client, call)
