"""The life of a call: start and end records, exceptions, hooks, placeholders."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import json
import logging
import weakref

import pytest

from weave_lite.core import clock, ids
from weave_lite.core.errors import DisplayNameFuncError
from weave_lite.trace import client_context, settings
from weave_lite.trace.attributes import attributes
from weave_lite.trace.call_context import (
    get_current_call,
    require_current_call,
    thread,
    tracing_disabled,
)
from weave_lite.trace.guard import raise_on_captured_errors
from weave_lite.trace.hooks import set_for_all_ops
from weave_lite.trace.op import op


@op
def leaf(x):
    return x


def test_nested_calls_share_a_trace(client):
    """A root has a fresh trace id that is not its own id; children share it."""

    @op
    def root(n):
        return [leaf(i) for i in range(n)]

    assert root(2) == [0, 1]
    first, *children = client.calls
    assert client.tree == [("root", None), ("leaf", 0), ("leaf", 0)]
    assert first["trace_id"] != first["id"]
    assert {c["trace_id"] for c in children} == {first["trace_id"]}
    assert first["output"] == [0, 1]


def test_ids_sort_by_time_and_times_are_in_order(client):
    """Ids are UUIDv7; a child lies within its parent."""

    @op
    def root():
        leaf(1)
        leaf(2)

    root()
    parent, one, two = client.calls
    assert parent["id"] < one["id"] < two["id"]
    assert parent["started_at"] <= one["started_at"] <= one["ended_at"] <= parent["ended_at"]


def test_clock_and_ids_can_be_replaced(client):
    """Tests may step the clock and count the ids."""
    numbers = iter(range(1, 100))
    with ids.replaced_ids(lambda: f"id-{next(numbers)}"), clock.replaced_clock(lambda: 1_000_000):
        _, call = leaf.call(1)
    assert (call.id, call.trace_id) == ("id-1", "id-2")
    assert call.started_at == dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC)


def test_return_values_keep_identity_and_type(client):
    """The user's objects stay the user's."""
    now = dt.datetime(2024, 1, 1)  # noqa: DTZ001 - a naive one must stay naive
    box = object()
    assert leaf(now) is now
    assert leaf(box) is box
    assert type(leaf(3)) is int


def test_exceptions_pass_through_and_are_recorded(client):
    """The same exception object reaches the caller."""
    error = KeyError("z")

    @op
    def child():
        raise error

    @op
    def parent():
        return child()

    with pytest.raises(KeyError) as caught:
        parent()
    assert caught.value is error
    recorded = [
        (c["exception"]["type"], c["exception"]["message"], c["output"]) for c in client.calls
    ]
    assert recorded == [("KeyError", "'z'", None)] * 2


def test_our_wrapper_adds_one_frame_to_a_traceback():
    """And none to the record."""

    def boom():
        raise ValueError("x")

    with pytest.raises(ValueError) as plain:
        boom()
    with pytest.raises(ValueError) as traced:
        op(boom)()

    assert len(traced.traceback) == len(plain.traceback) + 1


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit(), ValueError()]
)
def test_every_exception_ends_the_call_and_cleans_the_stack(client, error):
    """Also those that are no Exception."""

    @op
    def stop():
        raise error

    with pytest.raises(type(error)):
        stop()
    assert get_current_call() is None
    leaf(1)
    assert client.tree == [("stop", None), ("leaf", None)]
    assert client.calls[0]["exception"]["type"] == type(error).__name__


def test_a_cancelled_task_ends_its_call(client):
    """CancelledError is recorded and passes."""

    @op
    async def slow():
        await asyncio.sleep(10)

    async def main():
        task = asyncio.create_task(slow())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert client.calls[0]["exception"]["type"] == "CancelledError"


def test_call_keeps_an_exception_in_the_call(client):
    """``op.call`` does not raise what the function raises, unless it is told to."""

    @op
    def boom(error):
        raise error

    result, call = boom.call(ValueError("no"))
    assert result is None
    assert json.loads(call.exception)["message"] == "no"
    assert call.status == "error"
    with pytest.raises(ValueError, match="no"):
        boom.call(ValueError("no"), __should_raise=True)
    with pytest.raises(KeyboardInterrupt):
        boom.call(KeyboardInterrupt())
    assert [c["ended"] for c in client.calls] == [True] * 3


def test_async_call_keeps_an_exception_in_the_call(client):
    """Likewise for coroutines."""

    @op
    async def boom():
        raise ValueError("no")

    result, call = asyncio.run(boom.call())
    assert (result, call.status) == (None, "error")


def test_postprocessing_changes_the_record_only(client):
    """The op's own first, then the process's; the caller gets the original."""
    set_for_all_ops(
        attributes=None,
        postprocess_inputs=lambda i: {**i, "all": 1},
        postprocess_output=lambda o: [o, "all"],
    )

    @op(
        postprocess_inputs=lambda i: {k: v for k, v in i.items() if k != "secret"},
        postprocess_output=lambda o: {"wrapped": o},
    )
    def f(a, secret):
        return a

    result, call = f.call(1, "s")
    assert result == 1
    assert call.output == [{"wrapped": 1}, "all"]
    assert call.inputs == {"a": 1, "all": 1}
    assert client.calls[0]["inputs"] == {"a": 1, "all": 1}
    assert client.calls[0]["output"] == [{"wrapped": 1}, "all"]


def test_postprocess_sees_no_secrets(client):
    """A hook cannot store a secret under another name."""

    @op(postprocess_inputs=lambda i: {"copied": i["api_key"], "deep": i["x"]["Authorization"]})
    def f(api_key, x):
        return None

    f("k", {"Authorization": "b"})
    assert client.calls[0]["inputs"] == {"copied": "REDACTED", "deep": "REDACTED"}


def _bad(*args):
    raise RuntimeError("hook failed")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"postprocess_inputs": _bad}, {"inputs": {}, "output": 1}),
        ({"postprocess_inputs": lambda i: 3}, {"inputs": {}, "output": 1}),
        ({"postprocess_output": _bad}, {"inputs": {"x": 1}, "output": None}),
        ({"call_display_name": lambda c: _bad()}, {"display_name": None, "output": 1}),
        ({"call_display_name": lambda c: 3}, {"display_name": None, "output": 1}),
    ],
)
def test_a_failing_hook_never_loses_the_call(client, caplog, options, expected):
    """The call is recorded and ended, the failure logged once, the result returned."""

    @op(**options)
    def f(x):
        return x

    with caplog.at_level(logging.ERROR, logger="weave_lite"):
        assert [f(1), f(1)] == [1, 1]
    recorded = client.calls[0]
    assert {key: recorded[key] for key in expected} == expected
    assert recorded["ended"]
    assert recorded["summary"] == {"status_counts": {"success": 1, "error": 0}}
    assert len(caplog.records) == 1
    assert "will be suppressed" in caplog.text


def test_failing_handlers_never_lose_the_call(client, caplog):
    """Input, output and finish handlers of integrations."""

    @op
    def f(x):
        return x

    f._set_on_input_handler(_bad)
    f._set_on_output_handler(_bad)
    f._set_on_finish_handler(_bad)
    with caplog.at_level(logging.ERROR, logger="weave_lite"):
        assert f(1) == 1
    assert (client.calls[0]["inputs"], client.calls[0]["output"]) == ({"x": 1}, 1)
    assert len(caplog.records) == 3


def test_failures_are_raised_where_a_test_asks_for_it(client):
    """``raise_on_captured_errors`` turns log lines into exceptions; the call is ended all the same."""

    @op(postprocess_output=_bad)
    def f():
        return 1

    with raise_on_captured_errors(), pytest.raises(RuntimeError, match="hook failed"):
        f()


def test_a_client_that_fails_leaves_the_function_alone(client, caplog):
    """The function runs untraced and its failure to start is logged once."""

    def fail(op):
        raise OSError("no disk")

    client.publisher.op_ref = fail
    with caplog.at_level(logging.ERROR, logger="weave_lite"):
        assert op(lambda: 3)() == 3
        assert op(lambda: 4)() == 4
    assert client.calls == []
    assert [r.name for r in caplog.records] == ["weave_lite.trace.op"]
    assert "Error creating call" in caplog.text


def test_display_names(client):
    """Reserved argument, then the op's text or function; long ones are cut."""

    @op(call_display_name=lambda call: f"dn {call.inputs['a']} {call.attributes['k']}")
    def f(a):
        return a

    with attributes({"k": 7}):
        f(1)
    f(2, __weave={"display_name": "override"})
    op(lambda: 1, call_display_name="x" * 2000)()
    names = [c["display_name"] for c in client.calls]
    assert names[:2] == ["dn 1 7", "override"]
    assert len(names[2]) == 1024
    assert names[2].endswith("...")
    assert DisplayNameFuncError.__mro__[1].__name__ == "UsageError"


def test_no_client_warns_once_per_process(caplog):
    """And traces nothing."""
    client_context.active.is_unset = True
    with caplog.at_level(logging.WARNING, logger="weave_lite"):
        assert [leaf(1), leaf(2)] == [1, 2]
    assert [r.getMessage() for r in caplog.records] == [
        "ops are called but not traced: call weave.init('my-project') first to trace them"
    ]


def test_disabled_never_warns(caplog):
    """Switched off on purpose means silence."""
    client_context.active.is_unset = True
    settings.use(settings.Settings(disabled=True))
    with caplog.at_level(logging.WARNING, logger="weave_lite"):
        leaf(1)
    assert caplog.records == []


def test_an_untraced_call_gives_a_placeholder():
    """No id, empty names, the output set; exceptions are kept as in a traced one."""
    result, call = leaf.call(4)
    assert (result, call.id, call.op_name, call.trace_id, call.output) == (4, None, "", "", 4)

    @op
    def boom():
        raise ValueError("no")

    result, call = boom.call()
    assert (result, json.loads(call.exception)["message"]) == (None, "no")


def test_tracing_can_be_disabled_in_a_context(client):
    """Nothing below is recorded, the current call stays visible."""

    @op
    def root():
        with tracing_disabled():
            leaf(1)
            return require_current_call().func_name

    assert root() == "root"
    leaf(2)
    assert client.tree == [("root", None), ("leaf", None)]


def test_inputs_are_a_snapshot(client):
    """What the function does to its arguments is not what was given."""

    @op
    def f(items):
        items.append("changed")
        return items

    f([1])
    assert client.calls[0]["inputs"] == {"items": [1]}
    assert client.calls[0]["output"] == [1, "changed"]


def test_threads_and_turns(client):
    """A call whose parent is in another thread is a turn; those below share it."""

    @op
    def inner():
        return None

    @op
    def outer():
        inner()
        with thread("t2"):
            inner()

    with thread("t1"):
        outer()
        inner()
    inner()
    outer_call, below, other, second, plain = client.calls
    assert [c["thread_id"] for c in client.calls] == ["t1", "t1", "t2", "t1", None]
    assert below["turn_id"] == outer_call["turn_id"] == outer_call["id"]
    assert other["turn_id"] == other["id"]
    assert second["turn_id"] == second["id"]
    assert plain["turn_id"] is None


def test_a_changed_client_starts_a_new_trace(client):
    """A call does not get a parent in another project."""
    from fake_client import FakeClient

    other = FakeClient("ent/other")

    @op
    def root():
        client_context.set_client(None)
        client_context.set_client(other)
        return leaf(1)

    root()
    assert client.tree == [("root", None)]
    assert client.calls[0]["ended"]
    assert other.tree == [("leaf", None)]


def test_ended_calls_hold_neither_parent_nor_arguments(client):
    """A call that is kept does not keep the whole trace alive."""

    class Big: ...

    kept = []

    @op
    def child(x):
        kept.append(get_current_call())

    @op
    def root(big):
        child(1)
        return

    big = Big()
    gone = weakref.ref(big)
    root(big)
    del big
    gc.collect()
    assert gone() is None
    assert kept[0].func_name == "child"


def test_attributes_set_while_running_are_stored(client):
    """They come with the end."""

    @op
    def f():
        call = require_current_call()
        call.attributes["score"] = 3
        with pytest.raises(KeyError):
            call.attributes["weave"] = {}
        with pytest.raises(KeyError):
            call.attributes["weave"]["x"] = 1

    with attributes({"env": "a"}):
        f()
    assert client.calls[0]["attributes"] == {"weave": {}, "env": "a", "score": 3}


def test_link_of_root_calls_goes_to_stderr(client, capsys):
    """Only when the setting asks for it."""
    from weave_lite.trace.tracer import tracer_of

    settings.use(settings.Settings(print_call_link=True))
    tracer_of(client).refresh()
    leaf(1)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"🍩 weave:///ent/proj/call/{client.calls[0]['id']}\n"
