"""The basic job, done by an official SDK in its own environment: ``official_job.py PROJECT [--in-process] FILE``.

It checks what it reads back by itself and ends with an error when that is wrong; what the other
side needs to know goes to FILE as JSON. ``--in-process`` takes the store from ``WEAVE_LITE_DB``
instead of a server.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import uuid
from pathlib import Path


def watch_network(event: str, given: tuple) -> None:
    """Refuse what would ask the network, and note it where the other side looks after the exit."""
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.sendmsg"):
        with Path(os.environ["NETWORK_NOTES"]).open("a") as notes:
            notes.write(f"{event} {given[-1] if event == 'socket.connect' else given[0]}\n")
        raise OSError(f"{event} is not allowed here")


if "--in-process" in sys.argv:
    sys.addaudithook(watch_network)

import weave  # noqa: E402 - the watch must see the import too


@weave.op
def add(a: int, b: int) -> int:
    return a + b


@weave.op
def outer(n: int) -> int:
    return add(n, 1) * 2


@weave.op
async def later(n: int) -> int:
    await asyncio.sleep(0)
    return add(n, 10)


@weave.op
def fail(text: str) -> None:
    raise ValueError(text)


def stream(n: int):
    yield from range(n)


try:
    stream = weave.op(stream, accumulator=lambda state, value: [*(state or []), value])
    KEEPS_STREAMS = True
except TypeError:
    # 0.51.45 has no such option, and records what a generator is, not what it gives.
    stream = weave.op(stream)
    KEEPS_STREAMS = False


@weave.op
def chat(question: str) -> dict:
    return {
        "model": "tiny-1",
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
        "answer": question.upper(),
    }


class Settings(weave.Object):
    model: str
    temperature: float


class Upper(weave.Model):
    tail: str

    @weave.op
    def predict(self, question: str) -> str:
        return question.upper() + self.tail


class IsRight(weave.Scorer):
    @weave.op
    def score(self, *, output: str, expected: str) -> dict:
        return {"right": output == expected}


@weave.op
def length(output: str) -> int:
    return len(output)


def calls(client):
    with weave.attributes({"team": "blue"}):
        assert outer(3) == 8
    assert asyncio.run(later(1)) == 11
    try:
        fail("no")
    except ValueError:
        pass
    assert list(stream(3)) == [0, 1, 2]
    chat("why?")
    client.flush()
    found = {call.op_name.rsplit("/", 1)[1].split(":")[0]: call for call in client.get_calls()}
    assert set(found) == {"outer", "add", "later", "fail", "stream", "chat"}, sorted(found)
    assert found["outer"].output == 8
    assert found["outer"].inputs["n"] == 3
    assert found["outer"].attributes["team"] == "blue"
    if KEEPS_STREAMS:
        assert found["stream"].output == [0, 1, 2]
    assert "ValueError" in found["fail"].exception
    assert [child.output for child in found["outer"].children()] == [4]
    assert client.get_call(found["later"].id).output == 11
    assert len(client.get_calls(filter={"trace_roots_only": True})) == 5
    return found


def costs_and_feedback(client, found):
    call = found["chat"]
    client.add_cost(llm_id="tiny-1", prompt_token_cost=0.5, completion_token_cost=2.0)
    told = [cost.llm_id for cost in client.query_costs(llm_ids=["tiny-1"])]
    assert told == ["tiny-1"], told
    call.feedback.add_reaction("👍")
    call.feedback.add_note("good")
    extra = call.feedback.add("grade", {"points": 7})
    client.flush()
    assert len(list(call.feedback.refresh())) == 3
    call.feedback.purge(extra)
    client.flush()
    left = list(call.feedback.refresh())
    assert len(left) == 2, (extra, left)
    read = list(
        client.get_calls(
            filter={"op_names": [call.op_name]},
            columns=["inputs.question", "summary"],
            include_costs=True,
            include_feedback=True,
        )
    )
    assert len(read) == 1
    assert read[0].inputs["question"] == "why?"
    costs = read[0].summary["weave"]["costs"]["tiny-1"]
    assert float(costs["prompt_tokens_total_cost"]) == 50.0, costs
    assert float(costs["completion_tokens_total_cost"]) == 20.0, costs
    assert len(read[0].summary["weave"]["feedback"]) == 2
    by_question = {"$expr": {"$eq": [{"$getField": "inputs.question"}, {"$literal": "why?"}]}}
    assert [each.id for each in client.get_calls(query=by_question)] == [call.id]
    assert len(list(client.get_feedback(reaction="👍"))) == 1


def objects(client):
    ref = weave.publish(Settings(model="small", temperature=0.5), name="settings")
    assert weave.ref("settings").get().temperature == 0.5
    weave.publish(Settings(model="small", temperature=0.75), name="settings")
    assert weave.ref("settings:v0").get().temperature == 0.5
    assert weave.ref("settings").get().temperature == 0.75
    assert ref.get().model == "small"
    assert weave.publish({"a": [1, {"b": None}]}, name="plain").get() == {"a": [1, {"b": None}]}
    read = weave.publish(add).get()
    assert read(2, 2) == 4
    try:
        weave.ref("absent").get()
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
    else:
        raise AssertionError("an absent object was read")
    return ref.uri(), text


def dataset():
    rows = [{"question": each, "expected": each.upper() + "!"} for each in ("a", "b", "c")]
    ref = weave.publish(weave.Dataset(name="questions", rows=rows))
    read = ref.get()
    assert [row["question"] for row in read.rows] == ["a", "b", "c"]
    longer = read.add_rows([{"question": "d", "expected": "no"}])
    assert [row["question"] for row in longer.rows] == ["a", "b", "c", "d"]
    again = weave.ref("questions").get()
    assert len(again.rows) == 4
    assert again.rows[3]["expected"] == "no"
    return again


def evaluations(client, rows):
    upper = Upper(tail="!")
    evaluation = weave.Evaluation(name="upper", dataset=rows, scorers=[IsRight(), length])
    result = asyncio.run(evaluation.evaluate(upper))
    assert result["IsRight"]["right"]["true_count"] == 3, result
    _, call = upper.predict.call(upper, question="x")
    applied = asyncio.run(call.apply_scorer(length))
    assert applied.result == 2
    logger = evaluation_logger()
    prediction = logger.log_prediction(inputs={"question": "x"}, output="X")
    prediction.log_score(scorer="exact", score=True)
    prediction.finish()
    logger.log_summary({"accuracy": 1.0})
    client.flush()
    names = [each.op_name.rsplit("/", 1)[1].split(":")[0] for each in client.get_calls()]
    assert names.count("Evaluation.evaluate") == 2, names
    assert names.count("Evaluation.predict_and_score") == 5, names
    assert names.count("IsRight.score") == 4, names
    return call


def evaluation_logger():
    maker = getattr(weave, "EvaluationLogger", None)
    if maker is None:
        from weave.flow.eval_imperative import EvaluationLogger as maker
    return maker(name="by_hand", model="a_model", dataset="a_dataset")


def rename_and_delete(client, found):
    found["outer"].set_display_name("renamed")
    client.flush()
    assert client.get_call(found["outer"].id).display_name == "renamed"
    client.delete_call(found["fail"])
    client.flush()
    assert found["fail"].id not in {call.id for call in client.get_calls()}
    ref = weave.publish({"gone": True}, name="gone")
    client.delete_object_version(ref)
    client.flush()
    try:
        ref.get()
    except Exception as error:
        assert "delet" in str(error).lower() or "404" in str(error), error
    else:
        raise AssertionError("a deleted object was read")


def larger(client):
    rows = [{"n": n, "text": "x" * 1000} for n in range(2500)]
    ref = weave.publish(weave.Dataset(name="larger", rows=rows))
    assert [row["n"] for row in ref.get().rows] == list(range(2500))
    with weave.thread("t-1") if hasattr(weave, "thread") else weave.attributes({}):
        for n in range(300):
            add(n, 1000)
    client.flush()
    found = client.get_calls(
        query={"$expr": {"$eq": [{"$getField": "inputs.b"}, {"$literal": 1000}]}}
    )
    assert sorted(call.output for call in found) == list(range(1000, 1300))


def check_finished(client, calls):
    """The file is closed, no call is traced any more, and the client can still be asked."""
    assert not Path(os.environ["WEAVE_LITE_DB"] + "-wal").exists()
    assert add(1, 1) == 2
    client.flush()
    assert len(client.get_calls()) == calls


def main(project: str, file: str, in_process: bool) -> None:
    if in_process:
        from weave_lite import official

        client = official.init(project, settings={"capture_system_info": False})
    else:
        client = weave.init(project)
    found = calls(client)
    costs_and_feedback(client, found)
    settings, absent = objects(client)
    rows = dataset()
    scored = evaluations(client, rows)
    rename_and_delete(client, found)
    larger(client)
    told = {
        "version": weave.__version__,
        "settings": settings,
        "absent": absent,
        "outer": found["outer"].id,
        "chat": found["chat"].id,
        "scored": scored.id,
        "calls": len(client.get_calls()),
        "nonce": uuid.uuid4().hex,
    }
    weave.finish()
    if in_process:
        check_finished(client, told["calls"])
    Path(file).write_text(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[-1], "--in-process" in sys.argv)
