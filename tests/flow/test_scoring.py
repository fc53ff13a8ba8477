"""Scorers: what may be one, which arguments it gets, and what is kept of what it says."""

from __future__ import annotations

import asyncio
import threading

import pytest

import weave_lite as weave
from weave_lite.core.errors import NotSupportedError, OpCallError, WeaveInitError
from weave_lite.flow.scorer import Scorer, WeaveScorerResult
from weave_lite.flow.scoring import apply_scorer, prepare
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi


class Exact(Scorer):
    strict: bool = True

    @weave.op
    def score(self, *, output, target="blue"):
        return {"ok": output == target}


@weave.op
def answer(question: str, target: str = "red") -> str:
    return "red" if "apple" in question else "blue"


@pytest.fixture
def client():
    with memory_client() as client:
        yield client


def feedback_of(client, call):
    req = tsi.FeedbackQueryReq(
        project_id=client.project_id,
        query={"$expr": {"$eq": [{"$getField": "weave_ref"}, {"$literal": call.ref.uri()}]}},
    )
    return client.server.feedback_query(req).result


# --- what is a scorer ---


def test_both_names_of_the_output_are_refused():
    """One says what the other says."""
    with pytest.raises(ValueError, match="has both output and model_output"):

        class Both(Scorer):
            @weave.op
            def score(self, output, model_output):
                return True

        Both()


def test_a_scorer_without_score_says_so():
    """The base class cannot score."""
    with pytest.raises(NotSupportedError, match="define it"):
        Scorer().score(output=1)


@pytest.mark.parametrize(
    ("scorer", "error", "words"),
    [
        (Exact, ValueError, "is a class; give an instance: Exact()"),
        (5, TypeError, "must be a weave.Scorer, an op or a function, not int"),
        (lambda target: 1, OpCallError, "has no parameter for the output"),
        (Exact(column_map={"nobody": "x"}), ValueError, "names 'nobody', which is no parameter"),
    ],
)
def test_what_is_no_scorer(scorer, error, words):
    """The message says what to do."""
    with pytest.raises(error, match=words.replace("(", r"\(").replace(")", r"\)")):
        prepare(scorer)


def test_a_plain_score_method_is_refused():
    """It could not be recorded."""

    class Plain(Scorer):
        def score(self, *, output):
            return 1

    with pytest.raises(ValueError, match="must be an op"):
        prepare(Plain())


def test_names():
    """That of the object, else of its class; of an op its name, cleaned."""

    @weave.op(name="my score!")
    def other(output):
        return 1

    names = [prepare(s).name for s in (Exact(name="a b"), Exact(), other, lambda output: 1)]
    assert names == ["a-b", "Exact", "my-score", "lambda"]


# --- which arguments it gets ---


@pytest.mark.parametrize(
    ("column_map", "example", "chosen"),
    [
        (None, {"target": 1, "other": 2}, {"target": "target"}),
        (None, {"other": 2}, {}),
        ({"target": "gold"}, {"gold": 1}, {"target": "gold"}),
        ({"target": "gold"}, {"gold": 1, "target": 2}, {"target": "target"}),
        ({}, {"x": 1}, {}),
    ],
)
def test_columns(column_map, example, chosen):
    """By name, else by the map; what has a default may be left out."""
    assert prepare(Exact(column_map=column_map)).columns(example) == chosen


def test_a_missing_column_is_named():
    """With what there is instead."""
    with pytest.raises(ValueError, match="takes 'target' from column 'gold', which is not among x"):
        prepare(Exact(column_map={"target": "gold"})).columns({"x": 1})


def test_extra_keyword_arguments_take_mapped_columns(client):
    """A scorer with **kwargs may map any name."""

    class Open(Scorer):
        @weave.op
        def score(self, *, output, **kwargs):
            return kwargs

    scorer = prepare(Open(column_map={"gold": "target"}))
    success = asyncio.run(apply_scorer(scorer, {"target": "t"}, 1))
    assert success.result == {"gold": "t"}


def test_a_missing_argument_has_hints(client):
    """Parameters, columns, and what to do."""

    @weave.op
    def strict(output, target):
        return 1

    with pytest.raises(OpCallError, match=r"takes output, target; the columns are gold") as error:
        asyncio.run(apply_scorer(prepare(strict), {"gold": 1}, 1))
    assert "column_map" in str(error.value)


# --- scoring a call ---


def test_score_of_a_call_is_feedback(client):
    """The score comes back, its call is traced, and the feedback names scorer and call."""
    _, call = answer.call("apple", target="red")
    success = asyncio.run(call.apply_scorer(Exact()))
    assert success.result == {"ok": True}
    assert success.score_call.func_name == "Exact.score"
    assert success.score_call.parent_id is None
    (row,) = feedback_of(client, call)
    wanted = {
        "feedback_type": "wandb.runnable.Exact",
        "payload": {"output": {"ok": True}},
        "call_ref": success.score_call.ref.uri(),
        "runnable_ref": success.score_call.inputs["self"].ref.uri(),
        "trigger_ref": None,
    }
    assert {key: row[key] for key in wanted} == wanted


@pytest.mark.parametrize("is_read_back", [False, True])
def test_sync_form_in_and_out_of_a_loop(client, is_read_back):
    """Nobody has to know whether a loop runs."""

    @weave.op
    def length(output, question):
        return len(output) + len(question)

    _, call = answer.call("apple")
    if is_read_back:
        call = client.get_call(call.id)

    async def inside():
        return call.apply_scorer_sync(length).result

    assert call.apply_scorer_sync(length).result == 8
    assert asyncio.run(inside()) == 8
    assert [row["payload"] for row in feedback_of(client, call)] == [{"output": 8}] * 2
    assert feedback_of(client, call)[0]["runnable_ref"] == length.ref.uri()


def test_more_arguments_and_async_scorers(client):
    """They go over the inputs."""

    @weave.op
    async def same(output, target):
        await asyncio.sleep(0)
        return output == target

    _, call = answer.call("apple", target="green")
    assert call.apply_scorer_sync(same).result is False
    assert call.apply_scorer_sync(same, {"target": "red"}).result is True


def test_a_sync_scorer_runs_beside_the_loop(client):
    """A slow one does not hold up others."""
    threads = []

    @weave.op
    def where(output):
        threads.append(threading.current_thread())
        return 1

    _, call = answer.call("apple")
    asyncio.run(call.apply_scorer(where))
    assert threads != [threading.main_thread()]


def test_refs_reach_the_scorer_as_values_and_the_record_as_refs(client):
    """The scorer works on values; the link stays visible in the store."""
    target = weave.publish("red", name="gold")
    _, call = answer.call("apple", target=target)
    success = client.get_call(call.id).apply_scorer_sync(Exact())
    assert success.result == {"ok": True}
    stored = client.get_call(success.score_call.id)
    assert stored.inputs["target"] == target


def test_a_result_model_is_a_plain_dict(client):
    """Guardrails answer with it."""

    @weave.op
    def guard(output):
        return WeaveScorerResult(passed=False, metadata={"why": output})

    _, call = answer.call("apple")
    call.apply_scorer_sync(guard)
    (row,) = feedback_of(client, call)
    assert row["payload"] == {"output": {"passed": False, "metadata": {"why": "red"}}}


def test_an_error_of_the_scorer_is_the_callers(client):
    """It is raised, recorded on the scorer's call, and gives no feedback."""

    @weave.op
    def broken(output):
        raise ZeroDivisionError("no")

    _, call = answer.call("apple")
    with pytest.raises(ZeroDivisionError):
        call.apply_scorer_sync(broken)
    assert feedback_of(client, call) == []
    assert [c.status for c in client.get_calls()] == ["success", "error"]


def test_untraced_scores_are_no_feedback(client):
    """There is no call that it could name."""
    _, call = answer.call("apple")
    with weave.tracing_disabled():
        assert call.apply_scorer_sync(Exact(), {"target": "red"}).result == {"ok": True}
    assert feedback_of(client, call) == []


def test_without_a_client_it_says_so():
    """A call that outlives its client."""
    with memory_client():
        _, call = answer.call("apple")
    with pytest.raises(WeaveInitError):
        call.apply_scorer_sync(Exact())


def test_a_large_score_stays_in_its_call(client, caplog):
    """Feedback has a limit; the call has not."""

    @weave.op
    def huge(output):
        return "x" * 1_100_000

    _, call = answer.call("apple")
    success = call.apply_scorer_sync(huge)
    assert feedback_of(client, call) == []
    assert "larger than 1 MiB" in caplog.text
    assert len(client.get_call(success.score_call.id).output) == 1_100_000
