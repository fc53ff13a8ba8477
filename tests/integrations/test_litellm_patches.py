"""The real ``litellm`` against a local server. It pins an older ``openai`` than the one tested beside."""

from __future__ import annotations

import asyncio
import gc
import json
import time

import pytest
from scripted_wire import CHAT_USAGE, HELLO, USAGE_CHUNK, chat, chat_events, named_events
from span_tree import tree

litellm = pytest.importorskip("litellm")

pytestmark = pytest.mark.filterwarnings("ignore")
ASK = [{"role": "user", "content": "hi"}]
SUMMARY = {"gpt-served": {"requests": 1, **CHAT_USAGE}}


@pytest.fixture
def there(patched, wire):
    """Where the server is."""
    wire.says("m", chat())
    wire.streams("s", chat_events(*HELLO, USAGE_CHUNK))
    return {"api_base": wire.url, "api_key": "sk-secret", "num_retries": 0}


def outer(client, name="litellm.completion"):
    """The one call of litellm itself."""
    (call,) = [call for call in client.get_calls() if call.func_name == name]
    return call


def test_completion(client, there):
    """Arguments by their names, also those given in order; usage is counted once."""
    answer = litellm.completion("openai/m", ASK, **there)
    assert type(answer) is litellm.ModelResponse
    call = outer(client)
    assert call.inputs == {"model": "openai/m", "messages": ASK, **there, "api_key": "REDACTED"}
    assert call.output["choices"][0]["message"]["content"] == "Hello"
    assert call.summary["usage"] == SUMMARY
    assert tree(client) == {
        "litellm.completion": None,
        "openai.chat.completions.create": "litellm.completion",
    }


def test_acompletion(client, there):
    """The async form."""
    asyncio.run(litellm.acompletion(model="openai/m", messages=ASK, **there))
    assert outer(client, "litellm.acompletion").summary["usage"] == SUMMARY


def test_stream(client, there):
    """The user gets litellm's own stream with the chunks asked for."""
    stream = litellm.completion(model="openai/s", messages=ASK, stream=True, **there)
    assert isinstance(stream, litellm.CustomStreamWrapper)
    assert [item.choices[0].delta.content for item in stream] == ["Hel", "lo", None]
    call = outer(client)
    (choice,) = call.output["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Hello", "stop")
    assert call.summary["usage"] == SUMMARY


def test_stream_async(client, there):
    """The async form."""

    async def read():
        stream = await litellm.acompletion(model="openai/s", messages=ASK, stream=True, **there)
        return [item.choices[0].delta.content async for item in stream]

    assert asyncio.run(read()) == ["Hel", "lo", None]
    assert outer(client, "litellm.acompletion").summary["usage"] == SUMMARY


def test_stream_left_early(client, there):
    """The call ends when the stream is dropped, though litellm holds its own longer."""
    stream = litellm.completion(model="openai/s", messages=ASK, stream=True, **there)
    next(stream)
    del stream
    # A thread of litellm may still hold it.
    until = time.monotonic() + 5
    while outer(client).ended_at is None and time.monotonic() < until:
        gc.collect()
        time.sleep(0.01)
    call = outer(client)
    assert call.ended_at is not None
    assert call.output["choices"][0]["message"]["content"] == "Hel"


def test_provider_without_a_client_of_its_own(client, there, wire):
    """Usage comes from litellm's answer, whole or streamed."""
    usage = {"input_tokens": 3, "output_tokens": 2}
    message = {
        "id": "m-1",
        "type": "message",
        "role": "assistant",
        "model": "claude-served",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }
    wire.says("claude-x", message)
    there = {**there, "api_base": wire.host}
    litellm.completion(model="anthropic/claude-x", messages=ASK, **there)
    delta = {"type": "text_delta", "text": "Hello"}
    events = [
        {"type": "message_start", "message": {**message, "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    ]
    wire.streams("claude-x", named_events(*events))
    list(litellm.completion(model="anthropic/claude-x", messages=ASK, stream=True, **there))
    whole, streamed = client.get_calls()
    assert whole.summary["usage"]["claude-served"]["total_tokens"] == 5
    assert streamed.output["choices"][0]["message"]["content"] == "Hello"
    (counted,) = streamed.summary["usage"].values()
    assert (counted["requests"], counted["total_tokens"]) == (1, 5)


def test_error_answer(client, there, wire):
    """The user gets litellm's error, and the call has it."""
    wire.says("m", {"error": {"message": "no", "type": "t"}}, status=401)
    with pytest.raises(litellm.AuthenticationError):
        litellm.completion(model="openai/m", messages=ASK, **there)
    assert json.loads(outer(client).exception)["type"] == "AuthenticationError"
