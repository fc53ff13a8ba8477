"""Tests of Agent and of prompts that are run, against a registered function that stands for a model."""

from __future__ import annotations

import json

import pytest

from weave_lite.core.errors import UsageError
from weave_lite.flow.agent import Agent, AgentState
from weave_lite.flow.prompt.easy_prompt import EasyPrompt
from weave_lite.trace.op import op
from weave_lite.trace_server import trace_server_interface as tsi


class Model:
    """Answers with what it was given, one message after the other."""

    def __init__(self, client, monkeypatch, *messages):
        self.questions = []
        self._messages = list(messages)
        monkeypatch.setattr(client.server, "completions_create", self._answer)

    def _answer(self, req):
        self.questions.append(req.inputs.model_dump(exclude_none=True))
        message = self._messages.pop(0)
        response = message if "error" in message else {"choices": [{"message": message}]}
        return tsi.CompletionsCreateRes(response=response)


@op
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


def wish(name, arguments):
    """Make the message of a model that wants a tool to be run."""
    call = {"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def test_a_step_runs_tools(client, monkeypatch):
    """The model sees the tool; its wish and the result are added to the history."""
    asked = wish("add", json.dumps({"a": 3}))
    model = Model(
        client, monkeypatch, asked, {"role": "assistant", "content": "5", "refusal": None}
    )
    agent = Agent(model_name="m", system_message="be brief", tools=[add])
    start = AgentState(history=[{"role": "user", "content": "3 + 2?"}])

    first = agent.step(start)
    second = agent.step(first)

    assert second.history == [
        {"role": "user", "content": "3 + 2?"},
        asked,
        {"role": "tool", "tool_call_id": "1", "content": "5"},
        {"role": "assistant", "content": "5"},
    ]
    assert len(start.history) == 1
    assert model.questions[0]["messages"][0] == {"role": "system", "content": "be brief"}
    assert model.questions[0]["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "add",
                "description": "Add two numbers.",
                "parameters": {
                    "type": "object",
                    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
                    "required": ["a"],
                },
            },
        }
    ]
    names = [call.func_name for call in client.get_calls()]
    assert names == ["Agent.step", "Agent.ask", "add", "Agent.step", "Agent.ask"]


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("missing", "{}", "there is no tool 'missing'; there are add"),
        ("add", '{"a": "x"}', "TypeError: "),
        ("add", "{", "JSONDecodeError: "),
    ],
)
def test_a_tool_that_fails_answers_with_the_error(client, monkeypatch, name, arguments, answer):
    """So that the model can react."""
    Model(client, monkeypatch, wish(name, arguments))

    state = Agent(system_message="s", tools=[add]).step(AgentState())

    assert answer in state.history[-1]["content"]


def test_a_model_that_cannot_be_asked(client, monkeypatch):
    """The error of the server is raised."""
    Model(client, monkeypatch, {"error": "no such model"})

    with pytest.raises(UsageError, match="m could not be asked: no such model"):
        Agent(model_name="m", system_message="s").step(AgentState())


def test_agents_come_back_as_themselves(client):
    """Agent and state."""
    agent, state = Agent(system_message="s"), AgentState(history=[{"role": "user", "content": "x"}])

    for value in (agent, state):
        found = client.get(client.publisher.publish(value))
        assert (type(found), found) == (type(value), value)


def test_a_prompt_is_run(client, monkeypatch):
    """With its settings and bound messages; an unbound place is refused."""
    model = Model(client, monkeypatch, {"role": "assistant", "content": "ok"})
    prompt = EasyPrompt("hi {a}").configure(model="m", temperature=0.5)
    with pytest.raises(UsageError, match="bind values before run: a"):
        prompt.run()

    answer = prompt.bind(a=1).run()

    assert answer["choices"][0]["message"]["content"] == "ok"
    assert (model.questions[0]["temperature"], model.questions[0]["messages"]) == (
        0.5,
        [{"role": "user", "content": "hi 1"}],
    )
    with pytest.raises(UsageError, match="no model is named"):
        EasyPrompt("hi").run()
