"""How the scorers of an answer run: in order, off the event loop, in one go where none is async."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

import weave_lite as weave
from weave_lite.core.errors import OpCallError
from weave_lite.flow.eval import Evaluation
from weave_lite.testing import memory_client


@weave.op
async def double(n):
    await asyncio.sleep(0)
    return 2 * n


def seen_by(*kinds):
    """Make scorers that note the thread and the order in which they run."""
    seen = []

    def made(at, kind):
        def note(output):
            seen.append((at, threading.get_ident()))
            return output

        async def note_later(output):
            await asyncio.sleep(0)
            return note(output)

        return weave.op(note_later if kind == "async" else note, name=f"s{at}")

    return seen, [made(at, kind) for at, kind in enumerate(kinds)]


@pytest.mark.parametrize(
    ("kinds", "workers"),
    [(("sync", "sync", "sync"), 1), (("sync",), 1), (("async", "async"), 0), ((), 0)],
)
def test_scorers_run_in_order_where_they_hinder_nobody(kinds, workers):
    """The event loop's thread is for those that are async; the others share a worker."""
    seen, scorers = seen_by(*kinds)
    with memory_client() as client:
        results = asyncio.run(
            Evaluation(dataset=[{"n": 4}], scorers=scorers).get_eval_results(double)
        )
        parents = {c.parent_id for c in client.get_calls() if c.func_name.startswith("s")}
        (row,) = client.get_calls(filter={"op_names": ["Evaluation.predict_and_score"]})
        given = [each.payload["output"] for each in client.get_feedback()]
    assert [at for at, _ in seen] == list(range(len(kinds)))
    assert len({thread for _, thread in seen} - {threading.get_ident()}) == workers
    assert list(results.rows)[0]["scores"] == {f"s{at}": 8 for at in range(len(kinds))}
    assert parents == ({row.id} if kinds else set())
    assert given == [8] * len(kinds)


def test_where_one_is_async_the_others_still_leave_the_event_loop():
    """Each has its own hand-over then."""
    seen, scorers = seen_by("sync", "async", "sync")
    with memory_client():
        asyncio.run(Evaluation(dataset=[{"n": 4}], scorers=scorers).get_eval_results(double))
    is_here = [thread == threading.get_ident() for _, thread in seen]
    assert is_here == [False, True, False]


def test_a_scorer_that_fails_leaves_the_others_alone(caplog):
    """Its score is missing; the log says why."""

    @weave.op
    def broken(output):
        raise ValueError("no")

    _, (fine,) = seen_by("sync")
    with memory_client(), caplog.at_level(logging.ERROR):
        evaluation = Evaluation(dataset=[{"n": 1}], scorers=[broken, fine])
        results = asyncio.run(evaluation.get_eval_results(double))
    assert list(results.rows)[0]["scores"] == {"s0": 2}
    assert "scorer 'broken' failed: ValueError('no')" in caplog.text


def test_a_column_that_no_row_has_ends_the_evaluation():
    """It is said for the scorer, with what the row has."""

    @weave.op
    def needs(output, wanted): ...

    with memory_client(), pytest.raises(OpCallError, match="scorer 'needs' needs wanted"):
        asyncio.run(Evaluation(dataset=[{"n": 1}], scorers=[needs]).get_eval_results(double))
