"""Two real instrumentations, of the `openai` and `anthropic` clients, against a server that speaks their wires."""

from __future__ import annotations

import anthropic
import openai
import pytest
from llm_wire import llm_server
from openinference.instrumentation.anthropic import AnthropicInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider

import weave_lite as weave
from weave_lite.integrations.opentelemetry import trace_spans

QUESTION = [{"role": "user", "content": "hi"}]


@pytest.fixture(scope="module")
def address():
    """The address of the server."""
    with llm_server() as url:
        yield url


@pytest.fixture(autouse=True)
def _instrumented(client):
    """Both instrumentations, writing into that client."""
    provider = TracerProvider()
    trace_spans(provider, client=client)
    instrumentors = (OpenAIInstrumentor(), AnthropicInstrumentor())
    for instrumentor in instrumentors:
        instrumentor.instrument(tracer_provider=provider)
    yield
    for instrumentor in instrumentors:
        instrumentor.uninstrument()
    provider.shutdown()


@pytest.fixture
def chat(address):
    """The chats of an `openai` client."""
    with openai.OpenAI(base_url=f"{address}/v1", api_key="sk-secret", max_retries=0) as made:
        yield made.chat.completions


@pytest.fixture
def messages(address):
    """The messages of an `anthropic` client."""
    with anthropic.Anthropic(base_url=address, api_key="sk-secret", max_retries=0) as made:
        yield made.messages


def test_openai_chat(client, chat):
    """A chat is a call with its request, its answer, model and usage."""
    chat.create(model="gpt", messages=QUESTION, temperature=0)
    (call,) = client.get_calls()
    assert call.op_name == "ChatCompletion"
    assert call.inputs == {"input.value": {"model": "gpt", "messages": QUESTION, "temperature": 0}}
    answer = call.output["output.value"]
    assert answer["choices"][0]["message"]["content"] == "Hello"
    kept = {key: call.attributes[key] for key in call.attributes if key != "otel_span"}
    assert kept == {
        "system": "openai",
        "kind": "LLM",
        "model": "gpt-served",
        "model_parameters": {"model": "gpt", "temperature": 0},
    }
    assert call.summary["usage"] == {
        "gpt-served": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    }
    assert (call.exception, call.parent_id) == (None, None)


def test_openai_stream(client, chat):
    """A streamed chat ends when its stream does, with the answer put together."""
    stream = chat.create(
        model="gpt", messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    parts = [chunk.choices[0].delta.content for chunk in stream if chunk.choices]
    assert parts == ["Hel", "lo", None]
    (call,) = client.get_calls()
    assert call.output["output.value"]["choices"][0]["message"]["content"] == "Hello"
    assert call.attributes["model"] == "gpt-served"
    assert call.summary["usage"]["gpt-served"]["total_tokens"] == 5


def test_anthropic_message(client, messages):
    """A message likewise."""
    messages.create(model="claude", max_tokens=9, messages=QUESTION)
    (call,) = client.get_calls()
    assert call.inputs == {
        "input.value": {"model": "claude", "max_tokens": 9, "messages": QUESTION}
    }
    assert call.output["output.value"]["content"][0]["text"] == "Hello"
    kept = {key: call.attributes[key] for key in call.attributes if key != "otel_span"}
    # Before 1.0 the instrumentation counted the model among the parameters, too.
    kept["model_parameters"].pop("model", None)
    assert kept == {
        "system": "anthropic",
        "provider": "anthropic",
        "kind": "LLM",
        "model": "claude-served",
        "model_parameters": {"max_tokens": 9},
    }
    assert call.summary["usage"] == {
        "claude-served": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    }


def test_failed_request(client, chat):
    """A provider's error is the call's exception; the program sees it as before."""
    with pytest.raises(openai.NotFoundError):
        chat.create(model="missing", messages=QUESTION)
    (call,) = client.get_calls()
    assert "no such model" in call.exception
    assert call.summary["weave"]["status"] == "error"
    assert "usage" not in call.summary


def test_inside_an_op(client, chat, messages):
    """Requests made inside an op are its children, in its trace."""

    @weave.op
    def ask(question):
        chat.create(model="gpt", messages=[{"role": "user", "content": question}])
        messages.create(
            model="claude", max_tokens=9, messages=[{"role": "user", "content": question}]
        )
        return "done"

    ask("hi")
    root, *children = client.get_calls()
    assert root.func_name == "ask"
    first, second = [child.op_name for child in children]
    # The older name is that of the instrumentation before 1.0.
    assert (first, second in {"messages.create", "Messages"}) == ("ChatCompletion", True)
    assert {child.parent_id for child in children} == {root.id}
    assert {child.trace_id for child in children} == {root.trace_id}
    assert [child.id for child in root.children()] == [child.id for child in children]
    counts = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
    assert root.summary["usage"] == {"gpt-served": counts, "claude-served": counts}


def test_keys_are_not_stored(client, chat, messages):
    """Neither client's key is anywhere in the store."""
    chat.create(model="gpt", messages=QUESTION)
    messages.create(model="claude", max_tokens=9, messages=QUESTION)
    for call in client.get_calls():
        assert "sk-secret" not in repr((call.inputs, call.output, call.attributes, call.summary))
