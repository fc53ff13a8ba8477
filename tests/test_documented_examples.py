"""The examples of upstream's reference pages run: word for word, fragments with what they lack.

The texts stand in ``data/documented_examples.md``; ``weave`` is the official name, given to this package.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
import runpy
import threading
from contextvars import copy_context
from datetime import UTC, datetime
from pathlib import Path

import pytest

import weave_lite
from weave_lite.trace import guard, settings

TEXT = (Path(__file__).parent / "data/documented_examples.md").read_text()
EXAMPLES = dict(re.findall(r"^## (.*?)\n\n```python\n(.*?)```", TEXT, re.DOTALL | re.MULTILINE))


@pytest.fixture(autouse=True)
def _clean(own_environment):
    """Each test has a working folder of its own, the official name, and leaves no client."""
    weave_lite.finish()
    settings.use(None)
    guard._seen.clear()
    undo = weave_lite.install_as_weave()
    yield
    undo()
    guard._seen.clear()
    weave_lite.finish()
    settings.use(None)


@pytest.fixture
def run(tmp_path):
    """Run an example with names that it takes for granted; give the names it leaves.

    ``replacing`` puts in what a page lost, and takes out what is wrong in it.
    """

    def run(name, replacing=None, **given):
        text = EXAMPLES[name]
        for old, new in (replacing or {}).items():
            assert text.count(old) == 1
            text = text.replace(old, new)
        file = tmp_path / "example.py"
        file.write_text(text)
        return runpy.run_path(str(file), {"weave": weave_lite, **given})

    return run


@pytest.fixture
def client():
    """A client of the default store."""
    return weave_lite.init("intro-example")


@weave_lite.op
def my_function(name: str) -> str:
    return f"Hello {name}!"


def test_current_call(run, client, capsys):
    """The call is there while its op runs, by its id afterwards, and from ``call``."""
    run("require_current_call: within")["hello"]("Ada")
    (call,) = client.get_calls()
    assert capsys.readouterr().out == f"Hello Ada!\n{call.id}\n"
    # The pages lost what stood between the quotes.
    lost = {'init("")': 'init("intro-example")', 'get_call("")': f'get_call("{call.id}")'}
    assert run("require_current_call: by id", lost)["mycall"].inputs == {"name": "Ada"}


def test_call_of_an_op(run, client, capsys):
    """``op.call`` gives result and call; the call has an id."""
    after = run("require_current_call: after")
    assert after["result"] == 3
    assert capsys.readouterr().out == f"{after['call'].id}\n"
    found = run("op.call")
    client.flush()
    assert (found["result"], client.get_call(found["call"].id).output) == (3, 3)


def test_calls_of_an_op(run, client, capsys):
    """All calls of the op, as far as its text is the same."""
    called = {"calls = ": "add(1, 2), add(2, 3)\n\ncalls = "}
    calls = run("op.calls", called)["calls"]
    assert [call.output for call in calls] == [3, 5]
    assert [call.id for call in calls] == re.findall(
        r"\bid='?([0-9a-f-]{36})", capsys.readouterr().out
    )


def test_attributes(run, client, capsys):
    """Calls inside the block carry them."""
    run("attributes", my_function=my_function)
    (call,) = client.get_calls()
    assert call.attributes["env"] == "production"
    assert capsys.readouterr().out.startswith("('Hello World!', ")


def test_dataset(run, client):
    """Published, read back by its name, and a row by its index."""
    found = run("Dataset", Dataset=weave_lite.Dataset)
    assert found["example_label"] == "They plays video games all day."
    assert [row["id"] for row in found["dataset_ref"].rows] == ["0", "1", "2"]


def test_model(run, client):
    """Its ``predict`` is traced with the model as ``self``."""
    model = run("Model", Model=weave_lite.Model)["YourModel"](attribute1="I say", attribute2=2)
    assert model.predict("hello") == {"pred": "I say hello"}
    (call,) = client.get_calls()
    assert call.inputs["self"].get().attribute1 == "I say"


def test_evaluation(run, caplog):
    """One of three capitals is right; the old parameter ``model_output`` works."""
    found = run("Evaluation", Evaluation=weave_lite.Evaluation, asyncio=asyncio)
    assert "rename it to output" in caplog.text
    client = weave_lite.get_client()
    (call,) = client.get_calls(filter={"trace_roots_only": True})
    assert client.project == "intro-example"
    assert call.output["match_score1"] == {"match": {"true_count": 1, "true_fraction": 1 / 3}}
    assert len(list(found["function_to_evaluate"].calls())) == 3


def test_evaluation_logger(run, client):
    """A prediction, its score and a summary make an evaluation."""
    run(
        "EvaluationLogger",
        EvaluationLogger=weave_lite.EvaluationLogger,
        inputs={"n": 1},
        output=2,
        scorer_name="exact",
        score=True,
        summary={"note": "one row"},
    )
    (call,) = client.get_calls(filter={"trace_roots_only": True})
    assert call.ended_at is not None
    assert call.output == {"exact": {"true_count": 1, "true_fraction": 1.0}, "note": "one row"}


def test_monitor(run, client):
    """Active, with the query and the scorer it was given; half of the calls are scored."""
    one_too_many = {"         }\n     },\n     scorers": "         }\n     ,\n     scorers"}
    monitor = run("Monitor", one_too_many)["my_monitor"]
    try:
        stored = weave_lite.ref("my-monitor").get()
        assert (stored.active, stored.sampling_rate, stored.op_names) == (True, 0.5, ["my_op"])
        assert monitor.query.model_dump(by_alias=True) == {
            "$expr": {"$gt": ({"$getField": "started_at"}, {"$literal": 1742540400})}
        }
    finally:
        monitor.deactivate()
    assert not weave_lite.ref("my-monitor").get().active


def test_costs(run, client):
    """Added, found by model and by id, and purged, one and many."""
    run("WeaveClient.add_cost", client=client, datetime=datetime)
    model = "my_expensive_custom_model"
    costs = {cost.prompt_token_cost: cost for cost in client.query_costs(llm_ids=[model])}
    assert set(costs) == {1, 500}
    assert costs[500].effective_date == datetime(
        1998, 10, 3, tzinfo=costs[500].effective_date.tzinfo
    )
    found = run(
        "WeaveClient.query_costs",
        {"1B4082A3-4EDA-4BEB-BFEB-2D16ED59AA07": costs[1].id},
        client=client,
    )
    assert found["client"].query_costs(costs[1].id)[0].completion_token_cost == 2
    run(
        "WeaveClient.purge_costs", {"client.purge_costs([ids])": ""}, client=client, ids=costs[1].id
    )
    assert [cost.id for cost in client.query_costs(llm_ids=[model])] == [costs[500].id]
    # Two forms of the same: the second finds nothing left to purge, so each has its own cost here.
    run(
        "WeaveClient.purge_costs",
        {"client.purge_costs(ids)": ""},
        client=client,
        ids=costs[500].id,
    )
    assert client.query_costs(llm_ids=[model]) == []


def test_feedback(run, client):
    """The queries run; a reaction is found."""
    _, call = my_function.call("Ada")
    client.flush()
    call.feedback.add_reaction("👍")
    run("WeaveClient.get_feedback", client=client)
    (found,) = client.get_feedback(reaction="👍", limit=10)
    assert found.payload["emoji"] == "👍"
    unknown = "1B4082A3-4EDA-4BEB-BFEB-2D16ED59AA07"
    assert list(client.get_feedback(unknown)) == []


def test_apply_scorer(run, client):
    """The page calls a method of the output, and does not wait: that of the call is meant."""

    @weave_lite.op
    def is_short(output: str) -> bool:
        return len(output) < 20

    found = run(
        "Call.apply_scorer",
        {
            "...  # construct a scorer": "is_short",
            "prediction.apply_scorer": "prediction_call.apply_scorer_sync",
        },
        my_op=my_function,
        input_data="Ada",
        is_short=is_short,
    )
    client.flush()
    assert found["result"] is True
    assert found["score_call"].op_name.split("/")[-1].startswith("is_short:")
    (feedback,) = found["prediction_call"].feedback
    assert feedback.payload == {"output": True}


def test_display_name(run, client):
    """A call is renamed after it ran."""
    call = run("Call.set_display_name", my_function=my_function)["call"]
    client.flush()
    assert client.get_call(call.id).display_name == "My Custom Display Name"


@weave_lite.op
def parent(work):
    """Start work in threads."""
    work()


@pytest.mark.parametrize("name", ["ContextAwareThreadPoolExecutor", "ContextAwareThread"])
def test_threads(run, client, name):
    """The long way, without the classes: calls in threads have the parent of their caller."""

    def work():
        given = {
            "concurrent": concurrent,
            "copy_context": copy_context,
            "threading": threading,
            "vals": ["Ada"],
            "fn": my_function,
            "your_func": my_function,
            "args": ("Ada",),
            "kwargs": {},
        }
        left = run(name, **given)
        if "thread" in left:
            left["thread"].join()

    parent(work)
    (root,) = parent.calls()
    assert [(call.output, call.parent_id) for call in my_function.calls()] == [
        ("Hello Ada!", root.id)
    ]


def test_calls_filter_and_query(run):
    """The page on the interface: a client by entity and project, a filter, and a query."""
    client = weave_lite.init("my-entity/my-project")

    @weave_lite.op
    def process_document(model: str, tokens: int) -> str:
        weave_lite.require_current_call().summary["total_tokens"] = tokens
        return model

    for model, tokens in [("gpt-4", 1500), ("gpt-4", 900), ("gpt-3", 2000)]:
        process_document(model, tokens)
    client.flush()
    names = {"CallsFilter": weave_lite.CallsFilter}
    calls = run("CallsFilter", **names)["calls"]
    assert [call.output for call in calls] == ["gpt-4", "gpt-4", "gpt-3"]
    calls = run("Query", client=client, **names)["calls"]
    assert [(call.output, call.status) for call in calls] == [("gpt-4", "success")]
    (call,) = calls
    assert call.duration == (call.ended_at - call.started_at).total_seconds()
    assert call.started_at < datetime.now(UTC)


def test_all_examples_run():
    """None is left out: each stands in a test of this file, under its name."""
    source = Path(__file__).read_text()
    assert len(EXAMPLES) == 21
    assert [name for name in EXAMPLES if f'"{name}"' not in source] == []
