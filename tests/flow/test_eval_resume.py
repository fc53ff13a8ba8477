"""Going on with an evaluation: after a kill, by id, and when there is nothing to go on with."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

import weave_lite as weave
from weave_lite.flow.eval import Evaluation
from weave_lite.testing import memory_client

PROGRAM = """
import asyncio, sys, time
import weave_lite as weave

@weave.op
def model(n):
    with open("asked.txt", "a") as file:
        print(n, file=file)
    time.sleep(0.02)
    return {"model": "m", "usage": {"tokens": 1}, "n": n}

@weave.op
def even(output):
    return output["n"] % 2 == 0

weave.init("kill", db="kill.db")
evaluation = weave.Evaluation(name="e", dataset=[{"n": n} for n in range(100)], scorers=[even])
summary = asyncio.run(evaluation.evaluate(model, parallelism=4, resume=True))
print(summary["even"], summary["output"]["n"])
"""

ROWS = [{"q": "a"}, {"q": "b"}, {"q": "b"}, {"q": "c"}]


@weave.op
def length(output):
    return len(output)


def start(folder):
    environment = {**os.environ, "WEAVE_LITE_QUIET": "1", "WANDB_ENTITY": "local"}
    (folder / "program.py").write_text(PROGRAM)
    return subprocess.Popen(
        [sys.executable, "program.py"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def asked(folder):
    path = folder / "asked.txt"
    return path.read_text().split() if path.exists() else []


def test_after_a_kill_it_goes_on(tmp_path):
    """The same call ends; rows that had ended are not asked again; nothing stays open."""
    process = start(tmp_path)
    deadline = time.monotonic() + 30
    while len(asked(tmp_path)) < 40 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = asked(tmp_path)
    assert 40 <= len(before) < 100

    process = start(tmp_path)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.split("\n")[0] == "{'true_count': 50, 'true_fraction': 0.5} {'mean': 49.5}"

    # What was under way is asked again: the rows of four workers, and what they ended in the last
    # milliseconds.
    again = [n for n, count in Counter(asked(tmp_path)).items() if count > 1]
    assert set(again) <= set(before)
    assert len(again) <= 20
    client = weave.init("kill", db=str(tmp_path / "kill.db"))
    try:
        (root,) = client.get_calls(filter={"trace_roots_only": True})
        assert (root.func_name, root.status) == ("Evaluation.evaluate", "success")
        counts = Counter((call.func_name, call.status) for call in client.get_calls())
        assert counts == {
            ("Evaluation.evaluate", "success"): 1,
            ("Evaluation.predict_and_score", "success"): 100,
            ("Evaluation.summarize", "success"): 1,
            ("model", "success"): 100,
            ("even", "success"): 100,
        }
        assert root.summary["usage"] == {"m": {"requests": 100, "tokens": 100}}
        assert root.summary["status_counts"] == {"success": 302, "error": 0}
    finally:
        weave.finish()


def broken_off(client, evaluation, asked):
    """Evaluate until row c, and leave the calls open as a killed process would."""

    @weave.op
    def model(q):
        asked.append(q)
        return q * 2

    asyncio.run(evaluation.evaluate(model, parallelism=1))
    (root,) = client.get_calls(filter={"trace_roots_only": True})
    rows = [call for call in root.children() if call.func_name == "Evaluation.predict_and_score"]
    doomed = [*rows[3:], *(c for c in root.children() if "summarize" in c.func_name)]
    client.delete_calls([call.id for call in doomed])
    with client.server._store.write() as conn:  # noqa: SLF001
        conn.raw.execute("UPDATE calls SET ended_at = NULL WHERE id = ?", (root.id,))
    asked.clear()
    return model, root


@pytest.fixture
def client():
    with memory_client() as client:
        yield client


def test_by_id_and_equal_rows(client):
    """Rows that are equal count one by one; the rest is asked."""
    evaluation, asked = Evaluation(dataset=ROWS, scorers=[length]), []
    model, root = broken_off(client, evaluation, asked)
    summary = asyncio.run(evaluation.evaluate(model, resume=root.id))
    assert asked == ["c"]
    assert summary["length"] == {"mean": 2.0}
    assert client.get_call(root.id).status == "success"
    assert len(client.get_calls(filter={"trace_roots_only": True})) == 1


def test_without_anything_open_it_begins(client):
    """So a program may always ask for it."""
    evaluation, asked = Evaluation(dataset=ROWS, scorers=[length]), []

    @weave.op
    def model(q):
        asked.append(q)
        return q

    for _ in range(2):
        asyncio.run(evaluation.evaluate(model, resume=True))
    assert len(asked) == 8
    assert len(client.get_calls(filter={"trace_roots_only": True})) == 2


def test_another_model_begins_anew(client):
    """What is open is not its own."""
    evaluation, asked = Evaluation(dataset=ROWS, scorers=[length]), []
    _, root = broken_off(client, evaluation, asked)

    @weave.op
    def other(q):
        return q

    asyncio.run(evaluation.evaluate(other, resume=True))
    assert client.get_call(root.id).status == "running"


def test_ids_that_cannot_go_on(client):
    """Unknown, ended, of another evaluation."""
    evaluation, asked = Evaluation(dataset=ROWS, scorers=[length]), []
    model, root = broken_off(client, evaluation, asked)
    with pytest.raises(ValueError, match="'nobody' is not the id of a call"):
        asyncio.run(evaluation.evaluate(model, resume="nobody"))
    other = Evaluation(dataset=ROWS[:1], scorers=[length])
    with pytest.raises(ValueError, match="is not an evaluation of this model by this evaluation"):
        asyncio.run(other.evaluate(model, resume=root.id))
    asyncio.run(evaluation.evaluate(model, resume=root.id))
    with pytest.raises(ValueError, match="has ended"):
        asyncio.run(evaluation.evaluate(model, resume=root.id))


@pytest.mark.parametrize("is_async", [False, True])
def test_after_an_interruption_it_goes_on(client, is_async):
    """The call that was cancelled ends well; only rows that had not ended are asked, none is twice there."""
    asked = []
    delay_s = [0.05]

    @weave.op
    def model(q):
        asked.append(q)
        time.sleep(delay_s[0])
        return q

    @weave.op
    async def later(q):
        asked.append(q)
        await asyncio.sleep(delay_s[0])
        return q

    asked_model = later if is_async else model
    rows = [{"q": str(n)} for n in range(20)]
    evaluation = Evaluation(dataset=rows, scorers=[length])

    async def interrupted():
        await asyncio.wait_for(evaluation.evaluate(asked_model, parallelism=2), 0.2)

    with pytest.raises(TimeoutError):
        asyncio.run(interrupted())
    deadline = time.monotonic() + 10  # threads end the rows that they have begun
    while any(c.status == "running" for c in client.get_calls()) and time.monotonic() < deadline:
        time.sleep(0.01)
    (root,) = client.get_calls(filter={"trace_roots_only": True})
    assert root.status == "error"
    ended = [c for c in root.children() if c.status == "success"]
    assert 0 < len(ended) < 20

    asked.clear()
    delay_s[0] = 0
    summary = asyncio.run(evaluation.evaluate(asked_model, resume=True))
    assert summary["length"] == {"mean": 1.5}
    assert len(asked) == 20 - len(ended)
    (root,) = client.get_calls(filter={"trace_roots_only": True})
    assert (root.status, root.exception, root.output) == ("success", None, summary)
    names = Counter(call.func_name for call in root.children())
    assert names == {"Evaluation.predict_and_score": 20, "Evaluation.summarize": 1}
    assert root.summary["status_counts"] == {"success": 62, "error": 0}


def test_what_was_broken_off_before_a_good_one_stays(client):
    """Once an evaluation came to its end, an older one is history."""
    evaluation, asked = Evaluation(dataset=ROWS, scorers=[length]), []
    model, root = broken_off(client, evaluation, asked)
    asyncio.run(evaluation.evaluate(model))
    asyncio.run(evaluation.evaluate(model, resume=True))
    assert len(asked) == 2 * len(ROWS)
    assert client.get_call(root.id).status == "running"


def test_an_evaluation_by_hand_is_not_taken_up(client):
    """Neither by itself nor by id."""

    class Same(weave.Model):
        @weave.op
        def predict(self, q):
            return q

    model, evaluation = Same(), Evaluation(dataset=ROWS, scorers=[length])
    _ = client.publisher.save_object(evaluation), client.publisher.save_object(model)
    call = client.create_call(
        Evaluation.evaluate,
        {"self": evaluation.ref, "model": model.ref},
        attributes={"_weave_eval_meta": {"imperative": True}},
        use_stack=False,
    )
    with pytest.raises(ValueError, match="is of an EvaluationLogger"):
        asyncio.run(evaluation.evaluate(model, resume=call.id))
    asyncio.run(evaluation.evaluate(model, resume=True))
    assert client.get_call(call.id).status == "running"
