"""Blocks such as ``attributes`` that a generator is inside of while it waits."""

from __future__ import annotations

import asyncio
import contextvars
from contextlib import ExitStack

import pytest

from weave_lite.trace.attributes import attributes
from weave_lite.trace.call_context import thread
from weave_lite.trace.context import (
    attribute_scope,
    blocks,
    enter_again,
    enter_block,
    is_tracing_enabled,
    leave_block,
    leave_since,
    thread_scope,
    tracing_disabled,
)
from weave_lite.trace.op import op


@op
def leaf(name):
    return name


@op
def tagged(tag):
    """Be inside all kinds of blocks at each item."""
    with attributes({"tag": tag}), thread(f"thread-{tag}"):
        yield leaf(tag)
        yield leaf(tag)
    leaf("after")


@op
async def async_tagged(tag):
    with attributes({"tag": tag}):
        try:
            yield leaf(tag)
            await asyncio.sleep(0)
            yield leaf(tag)
        finally:
            leaf(tag)


def tags(client, name):
    return [
        (c["attributes"].get("tag"), c["thread_id"])
        for c in client.calls
        if c["op"] == "leaf" and c["inputs"]["name"] == name
    ]


def nothing_is_left():
    return (blocks.get(), attribute_scope.get(), thread_scope.get(), is_tracing_enabled()) == (
        None,
        None,
        None,
        True,
    )


def test_a_generators_blocks_hold_for_its_own_code_only(client):
    """Two are iterated in turn, and the consumer calls ops of its own between the items."""
    for _ in zip(tagged("a"), tagged("b"), strict=True):
        leaf("consumer")
    assert tags(client, "a") == [("a", "thread-a")] * 2
    assert tags(client, "b") == [("b", "thread-b")] * 2
    assert tags(client, "consumer") == [(None, None)] * 2
    assert tags(client, "after") == [(None, None)] * 2
    assert nothing_is_left()


def test_blocks_of_the_consumer_hold_for_the_generator_too(client):
    """They are around its own."""
    made = tagged("a")
    with attributes({"tag": "outer", "more": 1}):
        next(made)
        leaf("consumer")
    assert list(made) == ["a"]
    assert tags(client, "a") == [("a", "thread-a")] * 2
    assert [c["attributes"].get("more") for c in client.calls[1:]] == [1, 1, 1, None]
    assert tags(client, "consumer") == [("outer", None)]
    assert nothing_is_left()


def test_a_generator_that_switches_tracing_off_does_so_for_itself(client):
    """Even when two are closed crosswise, tracing goes on."""

    @op
    def quiet(n):
        with tracing_disabled():
            leaf("quiet")
            yield n
            leaf("quiet")

    one, two = quiet(1), quiet(2)
    assert (next(one), next(two)) == (1, 2)
    leaf("between")
    one.close()
    assert list(two) == []
    assert [c["op"] for c in client.calls] == ["quiet", "quiet", "leaf"]
    assert nothing_is_left()


def test_a_generator_is_closed_inside_its_blocks(client):
    """What it calls on its way out has its attributes."""

    @op
    def careful(tag):
        with attributes({"tag": tag}):
            try:
                yield 1
            finally:
                leaf(tag)

    made = careful("a")
    next(made)
    made.close()
    assert tags(client, "a") == [("a", None)]
    assert nothing_is_left()


def test_async_generators_alike(client):
    """Each step may be in a task, and so a context, of its own."""

    async def main():
        one, two = async_tagged("a"), async_tagged("b")
        await asyncio.create_task(one.__anext__())
        await two.__anext__()
        leaf("consumer")
        await asyncio.create_task(one.__anext__())
        await one.aclose()
        assert [item async for item in two] == ["b"]
        return nothing_is_left()

    assert asyncio.run(main())
    assert tags(client, "a") == [("a", None)] * 3
    assert tags(client, "b") == [("b", None)] * 3
    assert tags(client, "consumer") == [(None, None)]


def test_blocks_of_plain_generators_that_end_crosswise(client):
    """Their blocks are visible between their items, like any context manager's, but do not stay."""

    def plain(tag):
        with attributes({tag: 1}), thread(tag), tracing_disabled():
            yield

    one, two = plain("a"), plain("b")
    next(one), next(two)
    one.close()
    assert attribute_scope.get().values == {"a": 1, "b": 1}
    assert (thread_scope.get(), is_tracing_enabled()) == ("b", False)
    two.close()
    assert nothing_is_left()
    leaf("after")
    assert client.calls[0]["attributes"] == {"weave": {}}


def test_a_block_that_is_left_in_another_context_changes_nothing_there():
    """It is still set where it was entered, and only there."""
    with ExitStack() as stack:
        other = contextvars.copy_context()
        other.run(stack.enter_context, attributes({"a": 1}))
        with attributes({"b": 2}):
            stack.close()
            assert attribute_scope.get().values == {"b": 2}
    assert other.run(attribute_scope.get).values == {"a": 1}
    assert nothing_is_left()


def test_blocks_can_be_left_for_a_while():
    """And entered again under other ones; who was left out meanwhile stays out."""
    outer = enter_block(thread_scope, "outer")
    outside = blocks.get()
    inner = enter_block(thread_scope, "inner")
    innermost = enter_block(tracing_enabled_of_test, "x")
    left = leave_since(outside)
    assert [block.value for block in left] == ["inner", "x"]
    assert (thread_scope.get(), tracing_enabled_of_test.get()) == ("outer", None)
    leave_block(outer)
    enter_again(left)
    assert (thread_scope.get(), tracing_enabled_of_test.get()) == ("inner", "x")
    assert leave_since(outside) == []
    leave_block(inner)
    assert (thread_scope.get(), tracing_enabled_of_test.get()) == (None, "x")
    leave_block(innermost)
    assert tracing_enabled_of_test.get() is None
    assert nothing_is_left()


tracing_enabled_of_test: contextvars.ContextVar = contextvars.ContextVar("of_test", default=None)


def collected_in_an_op(make, client):
    """Suspend an awaitable in one context, and let it be collected while an op runs in another."""
    waiting = [make()]
    contextvars.copy_context().run(waiting[0].send, None)

    @op
    def busy():
        with tracing_disabled():
            waiting[0].close()
            waiting.clear()
            assert not is_tracing_enabled()
        return leaf("child")

    busy()
    names = [c["op"] for c in client.calls]
    assert client.calls[names.index("leaf")]["parent"] == names.index("busy")
    assert all(c["ended"] for c in client.calls)


class Forever:
    def __await__(self):
        while True:
            yield


async def wait_forever():
    await Forever()


@op(tracing_sample_rate=0)
async def left_out():
    await wait_forever()


@op
async def waiting_stream():
    await wait_forever()
    yield 1


@op(tracing_sample_rate=0)
async def left_out_stream():
    await wait_forever()
    yield 1


@op(accumulator=lambda state, item: item)
def waiting_iterator():
    async def items():
        await wait_forever()
        yield 1

    return items()


async def all_of(stream):
    return [item async for item in stream]


@pytest.mark.parametrize(
    "make",
    [
        left_out,
        lambda: left_out.call(),
        lambda: all_of(waiting_stream()),
        lambda: all_of(left_out_stream()),
        lambda: all_of(waiting_iterator()),
    ],
)
def test_what_is_collected_in_another_context_disturbs_nobody_there(client, make):
    """The op that runs there keeps its place on the stack, and its own blocks."""
    collected_in_an_op(make, client)
