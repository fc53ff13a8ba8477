"""Ops that are asked by name, to their very end: generators, and ops with an accumulator."""

from __future__ import annotations

import asyncio

import pytest

import weave_lite as weave
from weave_lite.flow.asked_op import asked_op
from weave_lite.flow.eval import Evaluation
from weave_lite.flow.scoring import apply_scorer_to_call
from weave_lite.testing import memory_client
from weave_lite.trace.op import call
from weave_lite.trace.traced_iterator import add_accumulator

ROWS = [{"n": 1}, {"n": 3}]


@pytest.fixture
def client():
    with memory_client() as client:
        yield client


def total(state, item):
    if item < 0:
        raise StopIteration(state)
    return (state or 0) + item


@weave.op
def count(n):
    yield from range(n)


@weave.op
async def count_later(n):
    for item in range(n):
        await asyncio.sleep(0)
        yield item


@weave.op(accumulator=total)
def summed(n):
    yield from range(n)


@weave.op(accumulator=total)
def summed_of_iterator(n):
    return iter(range(n))


@weave.op(accumulator=total)
async def summed_of_async_iterator(n):
    await asyncio.sleep(0)
    return (item for item in range(n))


@weave.op(accumulator=total)
def summed_async_of_sync(n):
    async def items():
        for item in range(n):
            await asyncio.sleep(0)
            yield item

    return items()


@weave.op(accumulator=total)
def without_end(n):
    yield n
    yield -1
    while True:
        yield 1


class Counter(weave.Model):
    by: int = 2

    @weave.op
    def predict(self, n):
        yield from range(0, n, self.by)


@weave.op
def parts(output):
    yield len(output) if isinstance(output, list) else output
    yield "seen"


STREAMS = [
    (count, [[0], [0, 1, 2]]),
    (count_later, [[0], [0, 1, 2]]),
    (summed, [0, 3]),
    (summed_of_iterator, [0, 3]),
    (summed_of_async_iterator, [0, 3]),
    (summed_async_of_sync, [0, 3]),
    (without_end, [1, 3]),
    (Counter(by=2), [[0], [0, 2]]),
]


def outputs_of(model, scorers=(), **options):
    evaluation = Evaluation(dataset=ROWS, scorers=list(scorers))
    results = asyncio.run(evaluation.get_eval_results(model, progress=False, **options))
    return [(row["output"], row["scores"]) for row in results.rows]


@pytest.mark.parametrize(("model", "wanted"), STREAMS)
def test_a_streaming_model_is_asked_to_its_end(client, model, wanted):
    """Scorers get what its calls record; the calls are under their rows."""
    found = outputs_of(model, [parts])

    shown = [len(each) if isinstance(each, list) else each for each in wanted]
    assert found == [
        (each, {"parts": [size, "seen"]}) for each, size in zip(wanted, shown, strict=True)
    ]
    calls = list(client.get_calls())
    rows = {each.id for each in calls if each.func_name == "Evaluation.predict_and_score"}
    asked = [each for each in calls if each.parent_id in rows and each.func_name != "parts"]
    assert sorted(map(str, (each.output for each in asked))) == sorted(map(str, wanted))
    assert len(rows) == 2
    assert [each for each in calls if each.ended_at is None] == []


@pytest.mark.parametrize(("model", "wanted"), STREAMS)
def test_a_streaming_model_without_tracing(model, wanted):
    """The output is the same."""
    with weave.tracing_disabled():
        assert [output for output, _ in outputs_of(model)] == wanted


def test_an_accumulator_that_changes_the_items_runs_once(client):
    """It is not run anew for the scorers."""

    def grow(state, item):
        if state is None:
            return item
        state.extend(item)
        return state

    @weave.op(accumulator=grow)
    def grown(n):
        for each in range(n):
            yield [each]

    assert outputs_of(grown) == [([0], {}), ([0, 1, 2], {})]
    with weave.tracing_disabled():
        assert outputs_of(grown) == [([0], {}), ([0, 1, 2], {})]


@pytest.mark.parametrize("is_traced", [True, False])
@pytest.mark.parametrize("is_async", [True, False])
def test_a_stream_that_fails_is_a_row_without_output(client, caplog, is_traced, is_async):
    """What it gave until then stands in its call; the next rows are asked."""

    @weave.op
    def broken(n):
        yield n
        if n == 1:
            raise ValueError("half")

    @weave.op
    async def broken_later(n):
        yield n
        if n == 1:
            raise ValueError("half")

    model = broken_later if is_async else broken
    if is_traced:
        found = outputs_of(model, [parts])
        assert [each.output for each in model.calls() if each.exception] == [[1]]
    else:
        with weave.tracing_disabled():
            found = outputs_of(model, [parts])
    assert found == [(None, {}), ([3], {"parts": [1, "seen"]})]
    assert "the model failed: ValueError: half" in caplog.text


def test_the_op_of_a_library_is_asked_to_its_end(client):
    """One whose stream a hook takes together; where it gives no stream it is left alone."""

    @weave.op
    def complete(n):
        return iter(range(n)) if n > 1 else n

    add_accumulator(
        complete,
        lambda inputs: lambda state, item: (state or 0) + item,
        should_accumulate=lambda inputs: inputs["n"] > 1,
    )
    assert outputs_of(complete) == [(1, {}), (3, {})]


def test_a_call_is_scored_by_a_generator(client):
    """The score is all that it gave."""
    _, scored = call(lambda_op, n=2)
    success = asyncio.run(apply_scorer_to_call(scored, parts))
    assert success.result == [2, "seen"]
    assert [each.payload["output"] for each in scored.feedback] == [[2, "seen"]]


@weave.op
def lambda_op(n):
    return [n, n]


def test_what_is_known_of_an_op():
    """Names without the object, what is required, and whether it may have to wait."""

    class Owner:
        @weave.op
        def method(self, a, b=1, *, c, **more): ...

    found = asked_op(Owner().method)
    assert (found.names, found.required, found.takes_more, found.by_position) == (
        ("a", "b", "c"),
        frozenset({"a", "c"}),
        True,
        False,
    )
    assert [asked_op(op).is_async for op in (count, count_later, parts)] == [
        False,
        True,
        False,
    ]

    @weave.op
    def by_position(a, /, b): ...

    assert asked_op(by_position).by_position
