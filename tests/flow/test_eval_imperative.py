"""EvaluationLogger: what it takes, blocks, misuse and its end. Its tree is in test_call_trees."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading

import pytest

import weave_lite as weave
from weave_lite.core.errors import UsageError
from weave_lite.flow.eval_imperative import (
    EvaluationLogger,
    ImperativeEvaluationLogger,
    ScoreLogger,
)
from weave_lite.flow.scorer import WeaveScorerResult
from weave_lite.trace.context import get_call_stack
from weave_lite.trace_server import trace_server_interface as tsi


@weave.op
def inner(x):
    return x


def tree(client):
    """Name, name of the parent, output and kind of exception of each call."""
    client.flush()
    calls = sorted(client.get_calls(), key=lambda call: call.id)
    names = {call.id: call.op_name.rpartition("/")[2].partition(":")[0] for call in calls}
    return [
        (
            names[call.id],
            names.get(call.parent_id),
            call.output,
            None if call.exception is None else call.exception.split('"')[3],
        )
        for call in calls
        if call.ended_at is not None
    ]


def open_calls(client):
    client.flush()
    return [call.op_name for call in client.get_calls() if call.ended_at is None]


def outputs(client, name):
    return [output for op, _, output, _ in tree(client) if op == name]


def feedback(client):
    client.flush()
    rows = client.server.feedback_query(tsi.FeedbackQueryReq(project_id=client.project_id)).result
    return [(row["feedback_type"], row["payload"]) for row in rows]


def test_blocks_nest_calls_and_restore_the_context(client):
    """Calls in the blocks of a prediction and a score nest there; nothing is current afterwards."""
    with EvaluationLogger(model="m", dataset="d") as ev:
        with ev.log_prediction({"q": 1}) as pred:
            pred.output = inner(10)
            with pred.log_score("judge") as score:
                score.value = inner(True)
            inner("after")
        ev.log_summary({"n": 1})
    assert get_call_stack() == []
    found = tree(client)
    summary = {"judge": {"true_count": 1, "true_fraction": 1.0}, "n": 1}
    row = next(output for name, _, output, _ in found if name == "Evaluation.predict_and_score")
    assert row.pop("model_latency") >= 0
    assert row == {"output": 10, "scores": {"judge": True}}
    assert [(name, parent, output) for name, parent, output, _ in found if output is not row] == [
        ("Evaluation.evaluate", None, summary),
        ("Model.predict", "Evaluation.predict_and_score", 10),
        ("inner", "Model.predict", 10),
        ("judge", "Evaluation.predict_and_score", True),
        ("inner", "judge", True),
        ("inner", "Evaluation.predict_and_score", "after"),
        ("Evaluation.summarize", "Evaluation.evaluate", summary),
    ]


def test_block_of_a_failing_model(client):
    """The model's call has the exception, the row is a row, and the exception goes on."""
    ev = EvaluationLogger(model="m")
    with pytest.raises(KeyError), ev.log_prediction({"q": 1}) as pred:
        raise KeyError("gone")
    assert get_call_stack() == [ev.evaluate_call]
    ev.log_summary()
    assert [(name, error) for name, _, _, error in tree(client)] == [
        ("Evaluation.evaluate", None),
        ("Evaluation.predict_and_score", None),
        ("Model.predict", "KeyError"),
        ("Evaluation.summarize", None),
    ]
    assert pred.output is None


def test_block_of_a_failing_score(client):
    """A score that raises is no score; its call and its row have the exception."""
    ev = EvaluationLogger(model="m")
    with pytest.raises(ZeroDivisionError), ev.log_prediction({"q": 1}, "out") as pred:
        pred.log_score("ok", 1)
        with pred.log_score("bad") as score:
            score.value = 1 / 0
    ev.log_summary()
    assert pred.scores == {"ok": 1}
    assert [name for name, _, _, error in tree(client) if error] == [
        "Evaluation.predict_and_score",
        "bad",
    ]


def test_failing_evaluation_block(client):
    """An exception that leaves the block fails the evaluation; what was open is ended."""
    with pytest.raises(RuntimeError), EvaluationLogger(model="m") as ev:
        ev.log_prediction({"q": 1}, "out")
        raise RuntimeError("stop")
    assert open_calls(client) == []
    assert tree(client)[0] == ("Evaluation.evaluate", None, None, "RuntimeError")
    assert get_call_stack() == []


def test_fail_and_finish(client):
    """Both end without a summary; a second end does nothing."""
    failed, finished = EvaluationLogger(), EvaluationLogger()
    finished.finish()
    finished.finish()
    failed.fail(ValueError("no"))
    failed.finish()
    assert [entry[2:] for entry in tree(client)] == [(None, "ValueError"), (None, None)]


@pytest.mark.parametrize(
    "score", [3, 2.5, None, "good", True, {"a": 1}, WeaveScorerResult(passed=True)]
)
def test_scores_of_any_type(client, score):
    """Scores are stored as they are, in the call, the row and the feedback."""
    ev = EvaluationLogger()
    ev.log_example({"q": 1}, "out", {"s": score})
    ev.log_summary()
    plain = score.model_dump() if isinstance(score, WeaveScorerResult) else score
    assert outputs(client, "s") == [plain]
    assert type(outputs(client, "s")[0]) is type(plain)
    assert outputs(client, "Evaluation.predict_and_score")[0]["scores"] == {"s": plain}
    assert feedback(client) == [("wandb.runnable.s", {"output": plain})]


def test_names_are_cleaned(client):
    """Spaces and dashes are fine in names of models and scorers."""
    ev = EvaluationLogger(model="my model-2", dataset="my data")
    ev.log_example({}, 1, {"is it good?": True})
    ev.log_summary()
    assert ev.model.name == "my model-2"
    assert ev.model.ref.name == "my-model-2"
    assert outputs(client, "is-it-good") == [True]
    assert outputs(client, "Evaluation.summarize") == [
        {"is-it-good": {"true_count": 1, "true_fraction": 1.0}}
    ]


def test_models_and_scorers_of_dicts_and_objects(client):
    """Dicts become objects of a class of that name; objects and ops stay what they are."""

    class Judge(weave.Scorer):
        level: int = 2

        @weave.op
        def score(self, *, output):
            return output

    class Own(weave.Model):
        @weave.op
        def predict(self, inputs):
            return inputs

    own, judge = Own(), Judge()
    ev = EvaluationLogger(model=own)
    with ev.log_prediction({"q": 1}, "out") as pred:
        pred.log_score(judge, 1)
        pred.log_score({"name": "dd", "x": 1}, 2)
        pred.log_score(inner, 3)
    ev.finish()
    assert ev.model is own
    assert pred.scores == {"Judge": 1, "dd": 2, "inner": 3}
    calls = [
        call for call in client.get_calls() if call.attributes["_weave_eval_meta"].get("score")
    ]
    refs = [call.inputs["self"].uri() for call in calls]
    assert refs == [judge.ref.uri(), refs[1], inner.ref.uri()]
    assert weave.ref(refs[1]).get().x == 1
    described = EvaluationLogger(model={"name": "tuned", "rate": 0.5})
    assert (type(described.model).__name__, described.model.rate) == ("tuned", 0.5)


def test_dataset_forms(client):
    """Rows, a Dataset, a name, or nothing."""
    rows = [{"q": 1}]
    dataset = weave.Dataset(name="own", rows=rows)
    assert EvaluationLogger(dataset=dataset).dataset is dataset
    assert list(EvaluationLogger(dataset=rows).dataset.rows) == rows
    named = EvaluationLogger(dataset="mine").dataset
    assert (named.name, list(named.rows)) == ("mine", [{"dataset_id": "mine"}])
    assert list(EvaluationLogger().dataset.rows)[0]["dataset_id"].endswith("-dataset")


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"model": 5}, TypeError),
        ({"model": ""}, ValueError),
        ({"model": {"x": 1}}, ValueError),
        ({"model": {"name": "m", "not a field": 1}}, ValueError),
        ({"model": {"name": "m", "predict": 1}}, ValueError),
        ({"dataset": 5}, TypeError),
        ({"scorers": [5]}, TypeError),
        ({"name": 5}, TypeError),
        ({"eval_attributes": [1]}, ValueError),
    ],
)
def test_bad_arguments(client, kwargs, error, capsys):
    """They raise at once, record nothing, and leave nothing to clean up."""
    with pytest.raises(error):
        EvaluationLogger(**kwargs)
    gc.collect()
    assert "ignored" not in capsys.readouterr().err
    assert tree(client) == []
    assert open_calls(client) == []


def test_misuse(client, caplog):
    """What comes after the end raises; ending twice is a warning."""
    ev = EvaluationLogger()
    pred = ev.log_prediction({"q": 1}, "out")
    with pytest.raises(ValueError, match="inputs must be a dict"):
        ev.log_prediction("q", "out")
    with pytest.raises(ValueError, match="output of this prediction is recorded"):
        pred.output = 2
    pred.finish()
    with pytest.raises(ValueError, match="has ended"):
        pred.log_score("late", 1)
    pred.finish()
    ev.log_summary({"a": 1})
    ev.log_summary({"a": 2})
    with pytest.raises(UsageError, match="this evaluation has ended"):
        ev.log_prediction({"q": 2}, "out")
    assert [record.message.split(";")[1] for record in caplog.records] == [
        " finish does nothing",
        " log_summary does nothing",
    ]
    assert outputs(client, "Evaluation.evaluate") == [{"a": 1}]
    assert open_calls(client) == []


def test_score_block_that_is_not_entered(client, caplog):
    """A score without a value is announced, not lost in silence; entering late or twice raises."""
    ev = EvaluationLogger()
    pred = ev.log_prediction({"q": 1}, "out")
    block = pred.log_score("never-entered")
    pred.finish()
    assert "log_score('never-entered') was given no score" in caplog.text
    with pytest.raises(ValueError, match="has ended"):
        block.__enter__()
    with ev.log_prediction({"q": 1}, "out") as pred, pred.log_score("once") as block:
        with pytest.raises(ValueError, match="entered before"):
            block.__enter__()


def test_summary_forms(client):
    """The given one goes over the worked out one, or stands alone."""
    for options in ({}, {"auto_summarize": False}):
        ev = EvaluationLogger()
        ev.log_example({}, 1, {"s": 2})
        ev.log_summary({"extra": "x"}, **options)
    with pytest.raises(ValueError, match="summary must be a dict"):
        EvaluationLogger().log_summary(5)
    assert outputs(client, "Evaluation.summarize") == [
        {"s": {"mean": 2.0}, "extra": "x"},
        {"extra": "x"},
    ]


def test_announced_scorers_and_attributes(client, caplog):
    """Announced scorers are the evaluation's; another one warns. Attributes are the evaluate call's."""
    ev = EvaluationLogger(
        scorers=["first", {"name": "second", "x": 1}], eval_attributes={"run": "night"}
    )
    ev.log_example({}, 1, {"first": 1, "other": 2})
    ev.finish()
    client.flush()
    assert "scorer 'other' is not among those that were announced: first, second" in caplog.text
    stored = client.get_call(ev.evaluate_call.id)
    assert stored.attributes["run"] == "night"
    assert [scorer.name for scorer in stored.inputs["self"].get().scorers] == ["first", "second"]


def test_inside_a_running_loop_and_threads(client):
    """No loop is needed and none is in the way; rows of threads go under the evaluation."""

    async def log(ev):
        with ev.log_prediction({"q": 0}) as pred:
            await asyncio.sleep(0)
            pred.output = 0
            await pred.alog_score("s", 1)
            pred.log_score("t", 1)

    def many(ev, start):
        for n in range(start, start + 20):
            ev.log_example({"q": n}, n, {"s": n})

    ev = EvaluationLogger()
    asyncio.run(log(ev))
    threads = [threading.Thread(target=many, args=(ev, start)) for start in (0, 20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ev.log_summary()
    parents = [
        parent for name, parent, _, _ in tree(client) if name == "Evaluation.predict_and_score"
    ]
    assert parents == ["Evaluation.evaluate"] * 61
    assert get_call_stack() == []


def test_two_loggers_at_once_are_two_evaluations(client):
    """A logger made while another one is open is not part of that one's evaluation."""
    first = EvaluationLogger(name="first")
    second = EvaluationLogger(name="second")
    first.log_example({"q": 1}, 1, {"s": 1})
    second.log_example({"q": 2}, 2, {"s": 2})
    first.log_summary()
    second.log_summary()

    evaluations = client.get_calls(filter={"trace_roots_only": True})
    assert {call.display_name: (call.parent_id, call.output) for call in evaluations} == {
        "first": (None, {"s": {"mean": 1.0}}),
        "second": (None, {"s": {"mean": 2.0}}),
    }
    assert get_call_stack() == []


def test_a_logger_within_a_call_is_part_of_that_call(client):
    """An op that logs an evaluation, or the model of another evaluation, is its parent."""

    @weave.op
    def outer():
        EvaluationLogger(name="in op").finish()
        with EvaluationLogger(name="around") as around, around.log_prediction({"q": 1}):
            EvaluationLogger(name="in model").finish()

    outer()
    calls = {call.id: call for call in client.get_calls()}
    parents = {
        call.display_name: calls[call.parent_id].func_name
        for call in calls.values()
        if call.display_name
    }
    assert parents == {"in op": "outer", "around": "outer", "in model": "Model.predict"}


def test_finish_takes_the_output(client):
    """The output may come with the end of the prediction, unless it is recorded already."""
    ev = EvaluationLogger()
    ev.log_prediction({"q": 1}).finish(output=7)
    given = ev.log_prediction({"q": 2}, 1)
    with pytest.raises(ValueError, match="recorded already"):
        given.finish(8)
    ev.finish()

    rows = outputs(client, "Evaluation.predict_and_score")
    assert [row["output"] for row in rows] == [7, 1]


def test_dropped_logger_is_ended(client):
    """One that nobody holds ends; one whose prediction is held does not."""
    pred = EvaluationLogger().log_prediction({"q": 1}, "out")
    gc.collect()
    pred.log_score("s", 1)
    assert len(open_calls(client)) == 2
    del pred
    gc.collect()
    assert open_calls(client) == []
    assert outputs(client, "Evaluation.predict_and_score")[0]["scores"] == {"s": 1}


@pytest.mark.parametrize("is_disabled", [True, False])
def test_without_client(monkeypatch, is_disabled):
    """Nothing is traced, nothing raises, scores are there."""
    if is_disabled:
        monkeypatch.setenv("WEAVE_DISABLED", "true")
    with EvaluationLogger(model="m", dataset="d") as ev:
        with ev.log_prediction({"q": 1}) as pred:
            pred.output = 1
            with pred.log_score("s") as score:
                score.value = 2
        ev.log_summary()
    assert isinstance(pred, ScoreLogger)
    assert (pred.scores, pred.output, ev.ui_url) == ({"s": 2}, 1, None)
    assert get_call_stack() == []


def test_prediction_while_tracing_is_off(client):
    """It is not recorded, but it counts."""
    ev = EvaluationLogger()
    with weave.tracing_disabled():
        ev.log_example({}, 1, {"s": 1})
    ev.log_summary()
    assert [name for name, *_ in tree(client)] == ["Evaluation.evaluate", "Evaluation.summarize"]
    assert outputs(client, "Evaluation.summarize") == [{"s": {"mean": 1.0}}]


def test_attributes_of_the_context(client):
    """Those of the user go beside the mark of logged calls."""
    ev = EvaluationLogger()
    with weave.attributes({"shard": 3}):
        pred = ev.log_prediction({"q": 1}, "out")
    pred.log_score("s", 1)
    ev.finish()
    client.flush()
    attributes = [client.get_call(call.id).attributes for call in client.get_calls()]
    assert [{k: v for k, v in each.items() if k != "weave"} for each in attributes] == [
        {"_weave_eval_meta": {"imperative": True}},
        {"shard": 3, "_weave_eval_meta": {"imperative": True}},
        {"shard": 3, "_weave_eval_meta": {"imperative": True}},
        {"_weave_eval_meta": {"imperative": True, "score": True}},
    ]


def test_old_name_warns(client, caplog):
    """The old name is the same class."""
    ev = ImperativeEvaluationLogger(name="old")
    ev.finish()
    assert isinstance(ev, EvaluationLogger)
    assert "use EvaluationLogger" in caplog.text


def test_open_logger_at_exit(tmp_path):
    """The end of the process ends it, at once, with what was logged."""
    program = f"""
import weave_lite as weave
weave.init("p", db={str(tmp_path / "x.db")!r})
ev = weave.EvaluationLogger(model="m")
ev.log_prediction({{"q": 1}}, "out").log_score("s", 1)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)
    client = weave.init("p", db=str(tmp_path / "x.db"))
    try:
        assert [call.ended_at is not None for call in client.get_calls()] == [True] * 4
    finally:
        weave.finish()
