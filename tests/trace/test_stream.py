"""Generators, async generators and accumulated iterators."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import os
import subprocess
import sys

import pytest

from weave_lite.trace import client_context
from weave_lite.trace.call_context import get_current_call
from weave_lite.trace.op import op
from weave_lite.trace.traced_iterator import add_accumulator


@op
def inner(i):
    return i * 10


@op
def gen(n):
    for i in range(n):
        inner(i)
        yield i


@op
async def agen(n):
    for i in range(n):
        inner(i)
        await asyncio.sleep(0)
        yield i


def test_the_call_spans_the_iteration(client):
    """Children nest, the consumer's own calls do not; the output is the list of items."""
    for _ in gen(2):
        inner(99)
    assert client.tree == [
        ("gen", None),
        ("inner", 0),
        ("inner", None),
        ("inner", 0),
        ("inner", None),
    ]
    assert client.calls[0]["output"] == [0, 1]
    assert get_current_call() is None


def test_the_call_starts_when_the_generator_is_made(client):
    """And ends when it is exhausted."""
    made = gen(1)
    assert [c["ended"] for c in client.calls] == [False]
    assert next(made) == 0
    assert client.calls[0]["ended"] is False
    assert list(made) == []
    assert client.calls[0]["ended"] is True


def test_arguments_are_checked_when_the_generator_is_made(client):
    """As for a plain generator function."""
    with pytest.raises(TypeError):
        gen(1, 2, 3)


def test_siblings_iterated_in_turn_do_not_nest(client):
    """Interleaved generators are siblings."""

    @op
    def root():
        return list(zip(gen(2), gen(2), strict=True))

    assert root() == [(0, 0), (1, 1)]
    parents = {c["n"]: c["parent"] for c in client.calls if c["op"] == "gen"}
    assert set(parents.values()) == {0}
    assert [c["parent"] for c in client.calls if c["op"] == "inner"] == [1, 2, 1, 2]


def test_generators_nest_in_generators(client):
    """``yield from`` an op inside an op."""

    @op
    def outer():
        yield from gen(2)

    assert list(outer()) == [0, 1]
    assert client.tree == [("outer", None), ("gen", 0), ("inner", 1), ("inner", 1)]


def test_send_throw_and_return_pass_through(client):
    """The protocol of generators is kept."""

    @op
    def talk():
        got = []
        try:
            got.append((yield "a"))
            got.append((yield "b"))
        except KeyError as error:
            got.append(repr(error))
            yield "caught"
        return got

    made = talk()
    assert next(made) == "a"
    assert made.send(1) == "b"
    assert made.throw(KeyError("k")) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(made)
    assert stop.value.value == [1, "KeyError('k')"]
    assert client.calls[0]["output"] == ["a", "b", "caught"]
    assert inspect.isgenerator(made)


def test_an_exception_ends_the_call_with_what_came(client):
    """The output so far and the exception."""

    @op
    def breaks():
        yield 1
        raise ValueError("mid")

    made = breaks()
    assert next(made) == 1
    with pytest.raises(ValueError, match="mid"):
        next(made)
    call = client.calls[0]
    assert (call["output"], call["exception"]["message"]) == ([1], "mid")


def test_closing_early_ends_the_call(client):
    """Cleanup of the body runs inside the call."""
    cleaned = []

    @op
    def f():
        try:
            yield 1
            yield 2
        finally:
            inner(5)
            cleaned.append(get_current_call().func_name)

    made = f()
    next(made)
    made.close()
    assert cleaned == ["f"]
    call = client.calls[0]
    assert (call["output"], call["exception"], call["ended"]) == ([1], None, True)
    assert client.tree == [("f", None), ("inner", 0)]


def test_dropping_a_generator_ends_the_call(client):
    """Started or not."""
    made = gen(3)
    next(made)
    del made
    gen(3)
    unstarted = gen(3)
    unstarted.close()
    del unstarted
    gc.collect()
    ended = [(c["output"], c["ended"]) for c in client.calls if c["op"] == "gen"]
    assert ended == [([0], True), ([], True), ([], True)]


def test_items_are_the_consumers_own_objects(client):
    """Nothing is copied or wrapped."""
    box = object()

    @op
    def f():
        yield box

    assert next(f()) is box


def test_a_generator_may_be_resumed_in_other_contexts(client):
    """Frameworks do that; the stack of each context stays its own."""
    made = gen(3)
    for _ in range(3):
        contextvars.Context().run(next, made)
    assert get_current_call() is None
    assert [c["parent"] for c in client.calls] == [None, 0, 0, 0]


def test_an_endless_generator_is_not_consumed(client):
    """Only what the consumer takes is recorded."""

    @op
    def forever():
        n = 0
        while True:
            yield n
            n += 1

    made = forever()
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    made.close()
    assert client.calls[0]["output"] == [0, 1, 2]


def test_items_are_recorded_as_they_were_given(client):
    """A list that is changed after it was yielded."""

    @op
    def f():
        buffer = []
        for i in range(2):
            buffer.append(i)
            yield buffer

    assert len(list(f())) == 2
    assert client.calls[0]["output"] == [[0], [0, 1]]


def test_call_of_a_generator_op_gives_the_generator(client):
    """The call ends with it."""
    made, call = gen.call(2)
    assert call.ended_at is None
    assert list(made) == [0, 1]
    assert call.output == [0, 1]
    assert call.ended_at is not None


def test_postprocess_output_sees_the_list(client):
    """All items at once."""

    @op(postprocess_output=sum)
    def f():
        yield from (1, 2, 3)

    assert list(f()) == [1, 2, 3]
    assert client.calls[0]["output"] == 6


def test_accumulator_makes_the_output(client):
    """Its last state, also after an early close."""

    @op(accumulator=lambda state, item: (state or "") + item)
    def f():
        yield "a"
        yield "b"
        yield "c"

    assert list(f()) == ["a", "b", "c"]
    made = f()
    next(made), next(made)
    made.close()
    assert [c["output"] for c in client.calls] == ["abc", "ab"]


def test_a_failing_accumulator_does_not_stop_the_stream(client, caplog):
    """The consumer gets all items; the failure is logged once."""

    @op(accumulator=lambda state, item: 1 / 0)
    def f():
        yield from (1, 2)

    assert list(f()) == [1, 2]
    assert client.calls[0]["ended"]
    assert len(caplog.records) == 1


def test_sampled_out_generators_trace_nothing(client):
    """Nor do the calls in their body; those of the consumer are traced."""

    @op(tracing_sample_rate=0.0)
    def quiet():
        yield inner(1)

    for item in quiet():
        inner(item)
    assert client.tree == [("inner", None)]
    assert client.calls[0]["inputs"] == {"i": 10}


def test_untraced_generators_are_the_functions_own():
    """Without a client nothing stands between."""
    made = gen(1)
    assert made.gi_code.co_name == "gen"
    assert list(made) == [0]


# --- async generators ---


def test_async_generators_span_their_iteration(client):
    """As sync ones."""

    async def main():
        items = []
        async for item in agen(2):
            inner(99)
            items.append(item)
        return items

    assert asyncio.run(main()) == [0, 1]
    assert client.tree == [
        ("agen", None),
        ("inner", 0),
        ("inner", None),
        ("inner", 0),
        ("inner", None),
    ]
    assert client.calls[0]["output"] == [0, 1]


def test_async_send_throw_and_close_pass_through(client):
    """asend, athrow and aclose."""

    @op
    async def talk():
        try:
            got = yield "a"
            yield got
        except KeyError:
            yield "caught"

    async def main():
        made = talk()
        seen = [await made.asend(None), await made.asend(5), await made.athrow(KeyError())]
        await made.aclose()
        return seen

    assert asyncio.run(main()) == ["a", 5, "caught"]
    call = client.calls[0]
    assert (call["output"], call["exception"]) == (["a", 5, "caught"], None)


def test_async_exception_and_cancellation_end_the_call(client):
    """With what came and the exception."""

    @op
    async def breaks():
        yield 1
        raise ValueError("mid")

    @op
    async def slow():
        yield 1
        await asyncio.sleep(10)

    async def main():
        with pytest.raises(ValueError):
            [x async for x in breaks()]

        async def consume():
            async for _ in slow():
                pass

        task = asyncio.create_task(consume())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert [(c["output"], c["exception"]["type"]) for c in client.calls] == [
        ([1], "ValueError"),
        ([1], "CancelledError"),
    ]


def test_async_generators_left_early_are_ended(client):
    """By break, by the event loop's end, and unstarted."""

    async def main():
        async for _ in agen(3):
            break
        agen(3)
        made = agen(3)
        await made.__anext__()
        main.kept = made

    asyncio.run(main())
    gc.collect()
    assert [(c["output"], c["ended"]) for c in client.calls if c["op"] == "agen"] == [
        ([0], True),
        ([], True),
        ([0], True),
    ]


def test_concurrent_async_generators_do_not_nest(client):
    """Each task has its own stack."""

    async def consume():
        return [x async for x in agen(2)]

    async def main():
        return await asyncio.gather(consume(), consume())

    assert asyncio.run(main()) == [[0, 1], [0, 1]]
    calls = client.calls
    assert [c["parent"] for c in calls if c["op"] == "agen"] == [None, None]
    assert sorted(c["parent"] for c in calls if c["op"] == "inner") == sorted(
        [c["n"] for c in calls if c["op"] == "agen"] * 2
    )


def test_sampled_out_async_generators_trace_nothing(client):
    """Nor their bodies."""

    @op(tracing_sample_rate=0.0)
    async def quiet():
        yield inner(1)

    async def main():
        return [x async for x in quiet()]

    assert asyncio.run(main()) == [10]
    assert client.tree == []


# --- iterators that functions give back ---


class Chunks:
    """A stream of a model client: iterator, context manager, extra attributes."""

    def __init__(self, *items):
        self.items = iter(items)
        self.status = 200
        self.is_closed = False

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.items)

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return next(self.items)
        except StopIteration:
            raise StopAsyncIteration from None

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.is_closed = True


def joined(state, item):
    return (state or "") + item


def test_an_iterator_with_accumulator_ends_the_call(client):
    """Unknown attributes pass through."""

    @op(accumulator=joined)
    def f():
        return Chunks("a", "b")

    stream = f()
    assert stream.status == 200
    assert client.calls[0]["ended"] is False
    assert list(stream) == ["a", "b"]
    assert client.calls[0]["output"] == "ab"


def test_an_iterator_without_accumulator_is_left_alone(client):
    """It must not be consumed."""
    chunks = Chunks("a")
    assert op(lambda: chunks)() is chunks
    assert client.calls[0]["ended"]
    assert next(chunks) == "a"


def test_a_traced_iterator_ends_once_in_every_way(client):
    """Context manager, close, error, drop."""

    def broken(state, item):
        raise AssertionError

    @op(accumulator=joined)
    def f(*items):
        return Chunks(*items)

    with f("a", "b") as stream:
        next(stream)
    closed = f("a", "b")
    next(closed)
    closed.close()
    closed.close()
    failing = f("a", 3)
    next(failing)
    dropped = f("a", "b")
    next(dropped)
    del dropped, failing
    gc.collect()
    assert [(c["output"], c["ended"]) for c in client.calls] == [("a", True)] * 4


def test_an_async_iterator_with_accumulator(client):
    """From a coroutine function."""

    @op(accumulator=joined)
    async def f():
        return Chunks("a", "b")

    async def main():
        return [x async for x in await f()]

    assert asyncio.run(main()) == ["a", "b"]
    assert client.calls[0]["output"] == "ab"


def test_add_accumulator(client):
    """The hook of integrations: per call accumulators, only where wanted, with post-processing."""

    @op
    def f(n, stream):
        return Chunks(*"abcd"[:n]) if stream else "plain"

    def make(inputs):
        def accumulate(state, item):
            state = joined(state, item)
            if item == "c":
                raise StopIteration(state)
            return state

        return accumulate

    add_accumulator(
        f,
        make,
        should_accumulate=lambda inputs: inputs["stream"],
        on_finish_post_processor=str.upper,
    )
    assert f(1, False) == "plain"
    assert list(f(2, True)) == ["a", "b"]
    assert list(f(4, True)) == ["a", "b"]
    assert [c["output"] for c in client.calls] == ["plain", "AB", "ABC"]


def test_errors_while_closing_are_recorded_and_pass(client):
    """Sync and async."""

    @op
    def f():
        try:
            yield 1
        finally:
            raise ValueError("cleanup")

    @op
    async def g():
        try:
            yield 1
        finally:
            raise ValueError("cleanup")

    made = f()
    next(made)
    with pytest.raises(ValueError, match="cleanup"):
        made.close()

    async def main():
        later = g()
        await later.__anext__()
        with pytest.raises(ValueError, match="cleanup"):
            await later.aclose()

    asyncio.run(main())
    assert [(c["output"], c["exception"]["message"]) for c in client.calls] == [
        ([1], "cleanup")
    ] * 2


def test_sampled_out_generators_keep_the_protocol(client):
    """send, throw, close and errors pass through, and tracing is on again."""

    @op(tracing_sample_rate=0.0)
    def f():
        try:
            got = yield 1
        except KeyError:
            got = yield "caught"
        return got

    @op(tracing_sample_rate=0.0)
    async def g():
        try:
            yield (yield 1)
        except KeyError:
            yield "caught"

    made = f()
    assert next(made) == 1
    assert made.throw(KeyError()) == "caught"
    with pytest.raises(StopIteration) as stop:
        made.send(5)
    assert stop.value.value == 5
    closed = f()
    next(closed)
    closed.close()

    async def main():
        later = g()
        assert [await later.asend(None), await later.asend(2), await later.athrow(KeyError())] == [
            1,
            2,
            "caught",
        ]
        await later.aclose()

    asyncio.run(main())
    inner(1)
    assert client.tree == [("inner", None)]


def test_async_traced_iterators_end_once_in_every_way(client):
    """Async context manager, aclose, early end by the accumulator, errors."""

    class Async(Chunks):
        async def __aenter__(self):
            return self

        async def __aexit__(self, *exc):
            return None

        async def aclose(self):
            self.is_closed = True

    def one(state, item):
        raise StopIteration(item)

    @op(accumulator=joined)
    async def f(*items):
        return Async(*items)

    @op(accumulator=one)
    async def first(*items):
        return Async(*items)

    async def main():
        async with await f("a", "b") as stream:
            assert await stream.__anext__() == "a"
        closed = await f("a")
        await closed.__anext__()
        await closed.aclose()
        assert closed.is_closed
        assert [x async for x in await first("a", "b")] == []

    asyncio.run(main())
    assert [(c["output"], c["ended"]) for c in client.calls] == [("a", True)] * 3


def test_an_error_in_an_iterator_ends_its_call(client):
    """With what came before it."""

    @op(accumulator=joined)
    def f():
        return ("x" if n else 1 / 0 for n in [1, 0])

    made = f()
    assert next(made) == "x"
    with pytest.raises(ZeroDivisionError):
        next(made)
    assert (client.calls[0]["output"], client.calls[0]["exception"]["type"]) == (
        "x",
        "ZeroDivisionError",
    )


def test_items_with_large_integers_and_refs(client):
    """Their texts are joined rightly."""

    @op
    def f():
        yield 2**100
        yield "weave:///e/p/call/1"
        yield {"n": [2**70]}

    list(f())
    assert client.calls[0]["output"] == [2**100, "weave:///e/p/call/1", {"n": [2**70]}]
    ends = [r for r in client.server.records if hasattr(r, "output_refs")]
    assert ends[0].output_refs == ("weave:///e/p/call/1",)


def test_an_ended_accumulation_takes_no_more_of_the_source(client):
    """Asking again after the early end gives nothing."""

    def first_only(state, item):
        raise StopIteration(item)

    @op(accumulator=first_only)
    def numbers():
        return iter([1, 2, 3])

    made = numbers()
    assert list(made) == []
    assert list(made) == []
    assert client.calls[0]["output"] == 1

    @op(accumulator=first_only)
    def async_numbers():
        return agen(3)

    async def drain(source):
        return [item async for item in source]

    async def main():
        made = async_numbers()
        return [await drain(made), await drain(made)]

    assert asyncio.run(main()) == [[], []]


def test_an_item_that_cannot_be_written_at_once_is_written_at_the_end(client, monkeypatch, caplog):
    """The consumer gets it in any case."""
    tracer = client_context.active.tracer
    write = type(tracer).write
    failures = [MemoryError("no room")]

    def write_later(self, value):
        if value == 1 and failures:
            raise failures.pop()
        return write(self, value)

    monkeypatch.setattr(type(tracer), "write", write_later)
    assert list(gen(3)) == [0, 1, 2]
    assert client.calls[0]["output"] == [0, 1, 2]
    assert "Error capturing an item of a stream" in caplog.text


def test_a_forked_child_leaves_open_streams_to_its_parent(tmp_path):
    """It may go on iterating, but records no end, also not when it ends last."""
    code = """
import os, sys, time, warnings, weave_lite as weave
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads: it is the test
client = weave.init("demo", db="a.db")
@weave.op
def gen():
    yield 1
    yield 2
made, other = gen(), gen()
next(made), next(other)
client.flush()
read_end, write_end = os.pipe()
if os.fork() == 0:
    os.close(write_end)
    os.read(read_end, 1)
    assert list(made) == [2]
    sys.exit(0)
assert (list(made), list(other)) == ([2], [2])
client.flush()
os.close(write_end)
assert os.wait()[1] == 0
print([call.output for call in client.get_calls()])
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "WEAVE_LITE_QUIET": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[[1, 2], [1, 2]]\n", "")
