"""The real ``anthropic`` client against a local server: what is recorded, and what the user gets."""

from __future__ import annotations

import asyncio
import json

import anthropic
import pytest
from anthropic.types import Message
from scripted_wire import named_events
from span_tree import tree

import weave_lite as weave
from weave_lite.trace import guard

ASK = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
WHOLE = {
    "id": "m-1",
    "type": "message",
    "role": "assistant",
    "model": "claude-served",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}
SUMMARY = {"claude-served": {"requests": 1, "input_tokens": 3, "output_tokens": 2}}
START = {
    "type": "message_start",
    "message": {
        **WHOLE,
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 3, "output_tokens": 0},
    },
}
END = (
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 2},
    },
    {"type": "message_stop"},
)


def block(index, first, *deltas):
    """The events of one part of a message."""
    return [
        {"type": "content_block_start", "index": index, "content_block": first},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_delta(text):
    """A piece of text."""
    return {"type": "text_delta", "text": text}


TEXT = block(0, {"type": "text", "text": ""}, text_delta("Hel"), text_delta("lo"))


@pytest.fixture
def ai(patched, wire):
    """A client of the server."""
    wire.says("m", WHOLE)
    wire.streams("s", named_events(START, *TEXT, *END))
    with anthropic.Anthropic(api_key="sk-secret", base_url=wire.host, max_retries=0) as ai:
        yield ai


def only(client):
    """The one call that was recorded."""
    (call,) = client.get_calls()
    return call


def run_async(wire, use):
    """Use an async client."""

    async def main():
        async with anthropic.AsyncAnthropic(api_key="k", base_url=wire.host, max_retries=0) as ai:
            return await use(ai)

    return asyncio.run(main())


# --- whole answers ---


def test_message(client, ai):
    """Given arguments, the message, the usage by the served model."""
    answer = ai.messages.create(model="m", **ASK)
    assert type(answer) is Message
    call = only(client)
    assert call.func_name == "anthropic.Messages.create"
    assert call.inputs == {"model": "m", **ASK}
    assert call.output == answer
    assert call.summary["usage"] == SUMMARY


def test_message_async(client, ai, wire):
    """The async client has a name of its own, as upstream has it."""
    run_async(wire, lambda ai: ai.messages.create(model="m", **ASK))
    call = only(client)
    assert call.func_name == "anthropic.AsyncMessages.create"
    assert call.summary["usage"] == SUMMARY


def test_beta_message(client, ai):
    """The beta interface."""
    ai.beta.messages.create(model="m", **ASK)
    call = only(client)
    assert call.func_name == "anthropic.beta.Messages.create"
    assert call.summary["usage"] == SUMMARY


def test_raw_response(client, ai):
    """The user gets the raw answer, still to be parsed; recorded is what it says."""
    raw = ai.messages.with_raw_response.create(model="m", **ASK)
    assert raw.parse().content[0].text == "Hello"
    call = only(client)
    assert call.inputs == {"model": "m", **ASK}
    assert call.output == WHOLE
    assert call.summary["usage"] == SUMMARY


def test_raw_responses_async(client, ai, wire):
    """Also those of the async client, with a stream inside."""

    async def use(ai):
        raw = await ai.messages.with_raw_response.create(model="m", **ASK)
        stream = await ai.messages.with_raw_response.create(model="s", stream=True, **ASK)
        return (await raw.parse()).id, len([event async for event in await stream.parse()])

    assert run_async(wire, use) == ("m-1", len(TEXT) + 3)
    whole, streamed = client.get_calls()
    assert whole.output == WHOLE
    assert streamed.output == Message.model_validate(WHOLE)


def test_unread_response(client, ai):
    """A body that the user wants to read is left alone."""
    with ai.messages.with_streaming_response.create(model="m", **ASK) as answer:
        assert json.loads(answer.read()) == WHOLE
    assert "APIResponse [200 OK]" in only(client).output


# --- streams ---


def test_stream(client, ai):
    """Recorded as the message that the events make up."""
    stream = ai.messages.create(model="s", stream=True, **ASK)
    assert type(stream) is anthropic.Stream
    assert [event.type for event in stream] == [event["type"] for event in (START, *TEXT, *END)]
    call = only(client)
    assert call.func_name == "anthropic.Messages.create"
    assert call.output == Message.model_validate(WHOLE)
    assert call.summary["usage"] == SUMMARY


def test_stream_async(client, ai, wire):
    """The same for the async client."""

    async def use(ai):
        stream = await ai.messages.create(model="s", stream=True, **ASK)
        assert type(stream) is anthropic.AsyncStream
        return len([event async for event in stream])

    assert run_async(wire, use) == len(TEXT) + 3
    call = only(client)
    assert call.output == Message.model_validate(WHOLE)
    assert call.summary["usage"] == SUMMARY


def test_stream_of_tools_and_thoughts(client, ai, wire):
    """Inputs of tools come as pieces of JSON, thoughts with a signature."""
    thought = block(
        0,
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "thinking_delta", "thinking": "m"},
        {"type": "signature_delta", "signature": "sig"},
    )
    tool = block(
        1,
        {"type": "tool_use", "id": "t-1", "name": "add", "input": {}},
        {"type": "input_json_delta", "partial_json": ""},
        {"type": "input_json_delta", "partial_json": '{"a": '},
        {"type": "input_json_delta", "partial_json": "1}"},
    )
    wire.streams("t", named_events(START, *thought, *tool, *END))
    list(ai.messages.create(model="t", stream=True, **ASK))
    thinking, use = only(client).output.content
    assert (thinking.thinking, thinking.signature) == ("hmm", "sig")
    assert (use.name, use.input) == ("add", {"a": 1})


def test_stream_broken_off_in_a_tool(client, ai, wire):
    """What came of its input is kept, as a text."""
    tool = block(
        0,
        {"type": "tool_use", "id": "t-1", "name": "add", "input": {}},
        {"type": "input_json_delta", "partial_json": '{"a": '},
    )
    wire.streams("t", named_events(START, *tool[:-1]))
    list(ai.messages.create(model="t", stream=True, **ASK))
    assert only(client).output.content[0].input == {"partial_json": '{"a": '}


def test_helper_for_streams(client, ai):
    """The block opens the stream; the user has all of the library's ways to read it."""
    manager = ai.messages.stream(model="s", **ASK)
    assert isinstance(manager, anthropic.MessageStreamManager)
    with manager as stream:
        assert type(stream) is anthropic.MessageStream
        assert list(stream.text_stream) == ["Hel", "lo"]
        assert stream.get_final_text() == "Hello"
    call = only(client)
    assert call.func_name == "anthropic.Messages.stream"
    assert call.inputs == {"model": "s", **ASK}
    assert call.output.content[0].text == "Hello"
    assert call.summary["usage"] == SUMMARY


def test_helper_for_streams_async(client, ai, wire):
    """The same for the async client."""

    async def use(ai):
        async with ai.messages.stream(model="s", **ASK) as stream:
            return [text async for text in stream.text_stream]

    assert run_async(wire, use) == ["Hel", "lo"]
    call = only(client)
    assert call.func_name == "anthropic.AsyncMessages.stream"
    assert call.summary["usage"] == SUMMARY


def test_helper_left_early(client, ai):
    """The end of the block ends the call with what came."""
    with ai.messages.stream(model="s", **ASK) as stream:
        for event in stream:
            if event.type == "text":
                break
    call = only(client)
    assert call.ended_at is not None
    assert call.output.content[0].text == "Hel"


def test_helper_that_cannot_be_recorded(client, ai, monkeypatch, caplog):
    """A failure of ours does not reach the user; the call ends without an output."""
    guard._seen.clear()

    def fail(*args):
        raise AttributeError("ours")

    monkeypatch.setattr("weave_lite.integrations.library_stream.tapped_in_place", fail)
    with ai.messages.stream(model="s", **ASK) as stream:
        assert stream.get_final_text() == "Hello"
    assert "Error recording a stream" in caplog.text
    call = only(client)
    assert (call.output, call.exception) == (None, None)
    assert call.ended_at is not None


def test_helper_never_entered(client, ai):
    """A block that is never begun asks nobody; its call ends when it is dropped."""
    manager = ai.messages.stream(model="s", **ASK)
    del manager
    call = only(client)
    assert call.ended_at is not None
    assert call.output is None


# --- errors ---


@pytest.mark.parametrize(
    ("status", "kind"), [(401, anthropic.AuthenticationError), (429, anthropic.RateLimitError)]
)
def test_error_answers(client, ai, wire, status, kind):
    """The user gets the library's error in each way of asking, and each call has it."""
    wire.says("m", {"type": "error", "error": {"type": "t", "message": "no"}}, status=status)
    with pytest.raises(kind):
        ai.messages.create(model="m", **ASK)
    with pytest.raises(kind):
        ai.messages.create(model="m", stream=True, **ASK)
    with pytest.raises(kind), ai.messages.stream(model="m", **ASK):
        pass

    async def use(ai):
        async with ai.messages.stream(model="m", **ASK):
            pass

    with pytest.raises(kind):
        run_async(wire, use)
    calls = list(client.get_calls())
    assert [json.loads(call.exception)["type"] for call in calls] == [kind.__name__] * 4


def test_connection_refused(client, patched):
    """Nobody is there."""
    with anthropic.Anthropic(api_key="k", base_url="http://127.0.0.1:1", max_retries=0) as ai:
        with pytest.raises(anthropic.APIConnectionError):
            ai.messages.create(model="m", **ASK)
    assert json.loads(only(client).exception)["type"] == "APIConnectionError"


def test_error_event(client, ai, wire):
    """An error inside of a stream ends the call with what came before it."""
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    wire.streams("b", named_events(START, *TEXT[:2], error))
    with pytest.raises(anthropic.APIStatusError) as raised:
        list(ai.messages.create(model="b", stream=True, **ASK))
    call = only(client)
    assert json.loads(call.exception)["type"] == type(raised.value).__name__
    assert call.output.content[0].text == "Hel"


def test_under_an_op(client, ai):
    """Calls are children of the op around them, whose summary adds them up."""

    @weave.op
    def work():
        ai.messages.create(model="m", **ASK)
        with ai.messages.stream(model="s", **ASK) as stream:
            stream.until_done()

    work()
    assert tree(client) == {
        "work": None,
        "anthropic.Messages.create": "work",
        "anthropic.Messages.stream": "work",
    }
    calls = {call.func_name: call for call in client.get_calls()}
    assert calls["work"].summary["usage"]["claude-served"] == {
        "requests": 2,
        "input_tokens": 6,
        "output_tokens": 4,
    }
