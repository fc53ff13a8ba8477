"""How the call stack travels over threads, tasks, pools and processes."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import pickle
import threading

import pytest

from weave_lite.core.errors import InvalidNameError, NoCurrentCallError, UsageError
from weave_lite.trace.attributes import attributes
from weave_lite.trace.call_context import (
    get_call_stack,
    get_current_call,
    pop_call,
    push_call,
    require_current_call,
    set_call_stack,
    thread,
)
from weave_lite.trace.op import op
from weave_lite.trace.tracer import placeholder
from weave_lite.trace.util import ContextAwareThread, ContextAwareThreadPoolExecutor


@op
def leaf(x):
    return x


def test_no_current_call_outside_of_ops():
    """One function gives None, the other an error that says what to do."""
    assert get_current_call() is None
    with pytest.raises(NoCurrentCallError, match=r"weave.init.*@weave.op"):
        require_current_call()


def test_the_current_call_is_the_innermost(client):
    """And the outer one again afterwards."""

    @op
    def inner():
        return [c.func_name for c in get_call_stack()], require_current_call().func_name

    @op
    def outer():
        return inner(), get_current_call().func_name

    assert outer() == ((["outer", "inner"], "inner"), "outer")


def test_plain_threads_start_new_traces_context_aware_ones_nest(client):
    """As the contract's table says."""

    @op
    def root():
        plain = threading.Thread(target=leaf, args=(1,))
        aware = ContextAwareThread(target=leaf, args=(2,))
        for worker in (plain, aware):
            worker.start()
            worker.join()
        with ContextAwareThreadPoolExecutor(max_workers=1) as pool:
            assert list(pool.map(leaf, [3, 33])) == [3, 33]
            assert pool.submit(leaf, x=4).result() == 4
        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
            assert pool.submit(leaf, 5).result() == 5

    root()
    parents = {c["inputs"].get("x"): c["parent"] for c in client.calls}
    assert parents == {None: None, 1: None, 2: 0, 3: 0, 33: 0, 4: 0, 5: None}


def test_tasks_nest_and_siblings_do_not_see_each_other(client):
    """gather, create_task, TaskGroup and to_thread copy the context; run_in_executor does not."""

    @op
    async def slow(x):
        await asyncio.sleep(0.001)
        return leaf(x)

    @op
    async def root():
        await asyncio.gather(slow(1), slow(2))
        async with asyncio.TaskGroup() as group:
            group.create_task(slow(3))
            group.create_task(slow(4))
        await asyncio.to_thread(leaf, 5)
        await asyncio.get_running_loop().run_in_executor(None, leaf, 6)
        return get_current_call().func_name

    assert asyncio.run(root()) == "root"
    calls = client.calls
    slow_calls = {c["inputs"]["x"]: c for c in calls if c["op"] == "slow"}
    leaves = {c["inputs"]["x"]: c["parent"] for c in calls if c["op"] == "leaf"}
    assert {c["parent"] for c in slow_calls.values()} == {0}
    assert leaves == {**{x: slow_calls[x]["n"] for x in (1, 2, 3, 4)}, 5: 0, 6: None}


def test_popping_removes_all_above_and_ignores_strangers(client):
    """A call that was left on the stack does not stay there."""
    calls = [placeholder() for _ in range(3)]
    for call in calls:
        push_call(call)
    pop_call(placeholder())
    assert get_call_stack() == calls
    pop_call(calls[1])
    assert get_call_stack() == calls[:1]
    pop_call(calls[0])
    assert get_call_stack() == []


def test_a_call_that_was_not_finished_inside_does_not_stay(client):
    """An op takes what is above it along when it ends."""
    from weave_lite.trace.manual_call import create_call

    @op
    def root():
        create_call(client, "left open", {})

    root()
    leaf(1)
    assert client.tree == [("root", None), ("left-open", 0), ("leaf", None)]


def test_the_stack_can_be_replaced(client):
    """An empty one starts a new trace; a pickled call is a parent in another process."""
    _, parent = leaf.call(1)
    copy = pickle.loads(pickle.dumps(parent))
    with set_call_stack([copy]):
        leaf(2)
    with set_call_stack([]):
        leaf(3)
    assert client.tree == [("leaf", None), ("leaf", 0), ("leaf", None)]
    assert client.calls[1]["trace_id"] == client.calls[0]["trace_id"]


def test_contexts_can_be_copied_and_left_in_any_order(client):
    """No token is held: nothing breaks when a coroutine is closed elsewhere."""

    @op
    async def waits():
        await asyncio.Event().wait()

    coroutine = waits()

    async def step():
        coroutine.send(None)

    def start():
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(step())
        finally:
            loop.close()

    contextvars.copy_context().run(start)
    coroutine.close()
    assert get_current_call() is None
    assert client.calls[0]["exception"]["type"] == "GeneratorExit"


def test_attributes_merge_shallowly_and_are_restored(client):
    """The inner top-level key wins; an exception does not leave the block open."""
    with attributes({"a": 1, "nest": {"x": 1}}):
        leaf(1)
        with pytest.raises(ValueError), attributes({"b": 2, "nest": {"y": 2}, "api_key": "s"}):
            leaf(2)
            raise ValueError
        leaf(3)
    leaf(4)
    assert [{k: v for k, v in c["attributes"].items() if k != "weave"} for c in client.calls] == [
        {"a": 1, "nest": {"x": 1}},
        {"a": 1, "nest": {"y": 2}, "b": 2, "api_key": "REDACTED"},
        {"a": 1, "nest": {"x": 1}},
        {},
    ]


def test_attribute_keys_become_text(client):
    """A number as key does not lose the call."""
    with attributes({1: "one"}):
        leaf(1)
    assert client.calls[0]["attributes"]["1"] == "one"


@pytest.mark.parametrize("value", [3, None, "text", [1]])
def test_attributes_must_be_a_dict(value):
    """An error that names the field."""
    with pytest.raises(UsageError, match="attributes must be a dict"), attributes(value):
        pass


def test_a_weave_key_of_the_user_is_kept_besides_the_automatic_ones(client):
    """Only the automatic names are overwritten."""
    with attributes({"weave": {"mine": 1}}):
        leaf(1)
    assert client.calls[0]["attributes"] == {"weave": {"mine": 1}}


def test_thread_blocks_tell_their_thread_and_turn(client):
    """An id is made when none is given; None takes calls out of the thread around them."""

    @op
    def turn(block):
        leaf(2)
        return block.turn_id

    with thread() as made, thread("mine") as named:
        turn_id = turn(named)
        between = named.turn_id
        with thread(None) as none:
            leaf(3)
    with thread() as another:
        pass

    found = {call["inputs"].get("x"): (call["thread_id"], call["turn_id"]) for call in client.calls}
    assert found[2] == ("mine", turn_id) != ("mine", None)
    assert found[3] == (none.thread_id, none.turn_id) == (None, None)
    assert between is None
    assert made.thread_id not in {None, "mine", another.thread_id}


@pytest.mark.parametrize("value", ["", 3])
def test_a_thread_id_must_be_a_text(value):
    """An error that names the field."""
    with pytest.raises(InvalidNameError, match="thread_id"), thread(value):
        pass


def test_asyncio_is_not_imported_by_us():
    """Programs without asyncio do not pay for it."""
    import subprocess
    import sys

    program = (
        "import sys, weave_lite as weave\n"
        "@weave.op\n"
        "async def f(): ...\n"
        "@weave.op\n"
        "async def g():\n"
        "    yield 1\n"
        "sys.exit('asyncio' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
