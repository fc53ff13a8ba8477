"""The real ``openai`` client against a local server: what is recorded, and what the user gets."""

from __future__ import annotations

import asyncio
import gc
import json
import threading

import openai
import pytest
from openai.types.chat import ChatCompletion
from scripted_wire import (
    CHAT_USAGE,
    HELLO,
    USAGE_CHUNK,
    chat,
    chat_events,
    chunk,
    named_events,
)
from span_tree import tree

import weave_lite as weave

CREATE = "openai.chat.completions.create"
ASK = [{"role": "user", "content": "hi"}]
SUMMARY = {"gpt-served": {"requests": 1, **CHAT_USAGE}}
RESPONSE = {
    "id": "r-1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-served",
    "status": "in_progress",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
MESSAGE = {
    "id": "o-1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}
RESPONSE_USAGE = {
    "input_tokens": 3,
    "output_tokens": 2,
    "total_tokens": 5,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens_details": {"reasoning_tokens": 0},
}
WHOLE = {**RESPONSE, "status": "completed", "output": [MESSAGE], "usage": RESPONSE_USAGE}


@pytest.fixture
def ai(patched, wire):
    """A client of the server."""
    wire.says("m", chat())
    wire.streams("s", chat_events(*HELLO, USAGE_CHUNK))
    with openai.OpenAI(api_key="sk-secret", base_url=wire.url, max_retries=0) as ai:
        yield ai


def only(client):
    """The one call that was recorded."""
    (call,) = client.get_calls()
    return call


def texts(chunks):
    """The texts of chunks with a choice, and the number of choices of others."""
    return [c.choices[0].delta.content if c.choices else len(c.choices) for c in chunks]


def run_async(wire, use):
    """Use an async client."""

    async def main():
        async with openai.AsyncOpenAI(api_key="k", base_url=wire.url, max_retries=0) as ai:
            return await use(ai)

    return asyncio.run(main())


# --- whole answers ---


def test_chat(client, ai):
    """Given arguments, the answer as it came, the usage by the served model."""
    answer = ai.chat.completions.create(model="m", messages=ASK, temperature=0.5)
    assert type(answer) is ChatCompletion
    call = only(client)
    assert call.func_name == CREATE
    assert call.inputs == {"model": "m", "messages": ASK, "temperature": 0.5}
    assert call.output == {**chat(), "request_id": None}
    assert call.summary["usage"] == SUMMARY


def test_chat_async(client, ai, wire):
    """The same name for the async client."""
    answer = run_async(wire, lambda ai: ai.chat.completions.create(model="m", messages=ASK))
    assert type(answer) is ChatCompletion
    call = only(client)
    assert (call.func_name, call.summary["usage"]) == (CREATE, SUMMARY)
    assert call.output["choices"][0]["message"]["content"] == "Hello"


def test_the_key_is_not_recorded(client, ai):
    """Neither the client's nor one in a header."""
    headers = {"Authorization": "Bearer sk-secret", "api-key": "sk-secret", "x-trace": "1"}
    ai.chat.completions.create(model="m", messages=ASK, extra_headers=headers)
    shown = only(client).inputs["extra_headers"]
    assert shown == {"Authorization": "REDACTED", "api-key": "REDACTED", "x-trace": "1"}


def test_tool_calls(client, ai, wire):
    """A tool call is part of the message."""
    function = {"name": "add", "arguments": '{"a": 1}'}
    tool_call = {"id": "t-1", "type": "function", "function": function}
    wire.says("m", chat(content=None, tool_calls=[tool_call]))
    ai.chat.completions.create(model="m", messages=ASK)
    assert only(client).output["choices"][0]["message"]["tool_calls"] == [tool_call]


def test_parse(client, ai, wire):
    """The parsed value is recorded beside the text; the user gets the object."""
    from pydantic import BaseModel

    class Sum(BaseModel):
        value: int

    wire.says("m", chat(content='{"value": 3}'))
    answer = ai.chat.completions.parse(model="m", messages=ASK, response_format=Sum)
    assert answer.choices[0].message.parsed == Sum(value=3)
    call = only(client)
    assert call.func_name == "openai.chat.completions.parse"
    assert call.output["choices"][0]["message"]["parsed"] == {"value": 3}
    assert call.summary["usage"] == SUMMARY


def test_raw_response(client, ai):
    """The user gets the raw answer, still to be parsed; recorded is what it says."""
    raw = ai.chat.completions.with_raw_response.create(model="m", messages=ASK)
    assert raw.status_code == 200
    assert raw.parse().choices[0].message.content == "Hello"
    call = only(client)
    assert call.inputs == {"model": "m", "messages": ASK}
    assert call.summary["usage"] == SUMMARY


def test_responses(client, ai, wire):
    """The newer interface, also parsed."""
    wire.says("r", WHOLE)
    assert ai.responses.create(model="r", input="hi").output_text == "Hello"
    assert ai.responses.parse(model="r", input="hi").output_text == "Hello"
    calls = list(client.get_calls())
    assert [call.func_name for call in calls] == [
        "openai.responses.create",
        "openai.responses.parse",
    ]
    for call in calls:
        assert call.inputs == {"model": "r", "input": "hi"}
        assert call.output["output"][0]["content"][0]["text"] == "Hello"
        assert call.summary["usage"]["gpt-served"]["total_tokens"] == 5


def test_embeddings_and_moderations(client, ai, wire):
    """Vectors come with their usage."""
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    data = [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}]
    wire.says("e", {"object": "list", "model": "emb", "data": data, "usage": usage})
    wire.says("mod", {"id": "x", "model": "mod-served", "results": []})
    vector = ai.embeddings.create(model="e", input="hi", encoding_format="float").data[0].embedding
    ai.moderations.create(model="mod", input="hi")
    embedded, moderated = client.get_calls()
    assert vector == embedded.output["data"][0]["embedding"] == [0.5, 1.0]
    assert embedded.func_name == "openai.embeddings.create"
    assert embedded.summary["usage"] == {"emb": {"requests": 1, **usage}}
    assert moderated.func_name == "openai.moderations.create"
    assert moderated.output["model"] == "mod-served"


# --- streams ---


def test_stream(client, ai, wire):
    """The user gets the chunks asked for; usage is asked for beside them and recorded."""
    stream = ai.chat.completions.create(model="s", messages=ASK, stream=True)
    assert type(stream) is openai.Stream
    assert stream.response.status_code == 200
    assert texts(stream) == ["Hel", "lo", None]
    assert wire.requests[-1]["stream_options"] == {"include_usage": True}
    call = only(client)
    assert call.inputs == {"model": "s", "messages": ASK, "stream": True}
    assert call.output == {
        "id": "c-1",
        "created": 1,
        "model": "gpt-served",
        "object": "chat.completion",
        "choices": chat()["choices"],
        "usage": CHAT_USAGE,
    }
    assert call.summary["usage"] == SUMMARY


def test_stream_async(client, ai, wire):
    """The same for the async client."""

    async def use(ai):
        stream = await ai.chat.completions.create(model="s", messages=ASK, stream=True)
        assert type(stream) is openai.AsyncStream
        async with stream:
            return texts([item async for item in stream])

    assert run_async(wire, use) == ["Hel", "lo", None]
    call = only(client)
    assert call.output["choices"] == chat()["choices"]
    assert call.summary["usage"] == SUMMARY


@pytest.mark.parametrize("options", [{"include_usage": True}, {"include_usage": False}])
def test_stream_options_of_the_user(client, ai, wire, options):
    """Whoever says what to do about usage gets every chunk that comes."""
    stream = ai.chat.completions.create(
        model="s", messages=ASK, stream=True, stream_options=options
    )
    assert texts(stream) == ["Hel", "lo", None, 0]
    assert wire.requests[-1]["stream_options"] == options
    assert only(client).summary["usage"] == SUMMARY


def test_stream_of_tool_calls(client, ai, wire):
    """Pieces of several calls find each other."""

    def part(index, **function):
        ids = {"id": f"t-{index}", "type": "function"} if "name" in function else {}
        return chunk(tool_calls=[{"index": index, **ids, "function": function}])

    parts = [
        chunk(role="assistant", content=None),
        part(0, name="add", arguments=""),
        part(0, arguments='{"a"'),
        part(1, name="sub", arguments='{"b": 2}'),
        part(0, arguments=": 1}"),
        chunk("tool_calls"),
    ]
    wire.streams("t", chat_events(*parts))
    list(ai.chat.completions.create(model="t", messages=ASK, stream=True))
    (choice,) = only(client).output["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "t-0", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
            {"id": "t-1", "type": "function", "function": {"name": "sub", "arguments": '{"b": 2}'}},
        ],
    }


def test_helper_for_streams(client, ai):
    """``stream`` calls ``create``, and is recorded as that, once."""
    with ai.chat.completions.stream(model="s", messages=ASK) as stream:
        for _ in stream:
            pass
        assert stream.get_final_completion().choices[0].message.content == "Hello"
    call = only(client)
    assert (call.func_name, call.summary["usage"]) == (CREATE, SUMMARY)
    assert call.inputs == {"model": "s", "messages": ASK, "stream": True}


def test_raw_response_of_a_stream(client, ai):
    """The call ends with the stream that is parsed from the raw answer."""
    raw = ai.chat.completions.with_raw_response.create(model="s", messages=ASK, stream=True)
    assert only(client).ended_at is None
    assert texts(raw.parse()) == ["Hel", "lo", None]
    assert only(client).summary["usage"] == SUMMARY


def leave_block(stream):
    """Take one chunk and leave the block."""
    with stream:
        next(stream)


def close(stream):
    """Take one chunk and close."""
    next(stream)
    stream.close()


def drop(stream):
    """Take one chunk and forget the stream."""
    for _ in stream:
        break


@pytest.mark.parametrize("stop", [leave_block, close, drop])
def test_stream_left_early(client, ai, stop):
    """The call ends at once with what came so far, without the garbage collector."""
    stop(ai.chat.completions.create(model="s", messages=ASK, stream=True))
    call = only(client)
    assert call.ended_at is not None
    assert call.exception is None
    assert call.output["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "Hel"}, "finish_reason": None}
    ]


def test_async_streams_left_early(client, ai, wire):
    """Closed, dropped or cancelled: each call ends with what came so far."""

    async def use(ai):
        def ask():
            return ai.chat.completions.create(model="s", messages=ASK, stream=True)

        stream = await ask()
        await stream.__anext__()
        await stream.close()
        stream = await ask()
        async for _ in stream:
            break
        await stream.response.aclose()
        del stream

        async def read():
            async for _ in await ask():
                await asyncio.sleep(0)
                is_reading.set()
                await asyncio.sleep(60)

        is_reading = asyncio.Event()
        task = asyncio.create_task(read())
        await is_reading.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_async(wire, use)
    gc.collect()
    calls = list(client.get_calls())
    assert len(calls) == 3
    for call in calls:
        assert call.ended_at is not None
        assert call.output["choices"][0]["message"]["content"] == "Hel"


def test_stream_that_breaks(client, ai, wire):
    """The user gets the library's error; what came before it is recorded with it."""
    wire.streams("b", chat_events(HELLO[0], done=False), breaks=True)
    stream = ai.chat.completions.create(model="b", messages=ASK, stream=True)
    with pytest.raises(Exception) as raised:
        list(stream)
    call = only(client)
    assert json.loads(call.exception)["type"] == type(raised.value).__name__
    assert call.output["choices"][0]["message"]["content"] == "Hel"


def test_stream_with_an_error_event(client, ai, wire):
    """An error inside of a stream is the library's too."""
    wire.streams("b", ['data: {"error": {"message": "overloaded"}}\n\n'])
    with pytest.raises(openai.APIError):
        list(ai.chat.completions.create(model="b", messages=ASK, stream=True))
    call = only(client)
    assert json.loads(call.exception)["type"] == "APIError"
    assert call.output is None


def response_events(*, is_whole):
    """Events of the newer interface."""
    at = {"item_id": "o-1", "output_index": 0, "content_index": 0, "logprobs": []}
    item = {**MESSAGE, "status": "in_progress", "content": []}
    part = {"type": "output_text", "text": "", "annotations": []}
    events = [
        {"type": "response.created", "response": RESPONSE},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.content_part.added", **at, "part": part},
        {"type": "response.output_text.delta", "delta": "Hel", **at},
        {"type": "response.output_text.delta", "delta": "lo", **at},
        {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE},
        {"type": "response.completed", "response": WHOLE},
    ]
    numbered = [{**event, "sequence_number": n} for n, event in enumerate(events)]
    return named_events(*(numbered if is_whole else numbered[:4]))


def test_stream_of_responses(client, ai, wire):
    """The last event has it all; by way of the helper as well."""
    wire.streams("r", response_events(is_whole=True))
    kinds = [event.type for event in ai.responses.create(model="r", input="hi", stream=True)]
    assert kinds[-1] == "response.completed"
    with ai.responses.stream(model="r", input="hi") as stream:
        assert stream.get_final_response().output_text == "Hello"
    calls = list(client.get_calls())
    assert [call.func_name for call in calls] == ["openai.responses.create"] * 2
    for call in calls:
        assert call.output["output"] == [MESSAGE]
        assert call.summary["usage"]["gpt-served"]["total_tokens"] == 5


def test_stream_of_responses_left_early(client, ai, wire):
    """The text that came is kept."""
    wire.streams("r", response_events(is_whole=False))
    list(ai.responses.create(model="r", input="hi", stream=True))
    output = only(client).output
    assert output["status"] == "in_progress"
    assert output["output"][0]["content"][0]["text"] == "Hel"


# --- errors ---


@pytest.mark.parametrize(
    ("status", "kind"), [(401, openai.AuthenticationError), (429, openai.RateLimitError)]
)
def test_error_answers(client, ai, wire, status, kind):
    """The user gets the library's error, and the call has it."""
    wire.says("m", {"error": {"message": "no", "type": "t"}}, status=status)
    with pytest.raises(kind):
        ai.chat.completions.create(model="m", messages=ASK)
    with pytest.raises(kind):
        ai.chat.completions.create(model="m", messages=ASK, stream=True)
    for call in client.get_calls():
        assert json.loads(call.exception)["type"] == kind.__name__
        assert call.output is None


def test_connection_refused(client, patched):
    """Nobody is there."""
    with openai.OpenAI(api_key="k", base_url="http://127.0.0.1:1/v1", max_retries=0) as ai:
        with pytest.raises(openai.APIConnectionError):
            ai.chat.completions.create(model="m", messages=ASK)
    assert json.loads(only(client).exception)["type"] == "APIConnectionError"


def test_wrong_arguments(client, ai):
    """The library's own complaint reaches the user."""
    with pytest.raises(TypeError, match="Missing required arguments"):
        ai.chat.completions.create(model="m")
    assert json.loads(only(client).exception)["type"] == "TypeError"


# --- where the calls stand ---


def test_under_an_op(client, ai):
    """Calls are children of the op around them, whose summary adds them up; also read streams."""

    @weave.op
    def work():
        ai.chat.completions.create(model="m", messages=ASK)
        list(ai.chat.completions.create(model="s", messages=ASK, stream=True))

    work()
    calls = {call.func_name: call for call in client.get_calls()}
    assert tree(client) == {"work": None, CREATE: "work"}
    assert calls["work"].summary["usage"]["gpt-served"]["requests"] == 2
    assert calls["work"].summary["usage"]["gpt-served"]["total_tokens"] == 10


def test_calls_of_the_reader_are_not_the_streams(client, ai):
    """What is called between two chunks belongs to the op around."""

    @weave.op
    def seen(text):
        return text

    @weave.op
    def work():
        for item in ai.chat.completions.create(model="s", messages=ASK, stream=True):
            seen(item.choices[0].delta.content)

    work()
    assert tree(client) == {"work": None, CREATE: "work", "seen": "work"}


def test_two_threads(client, ai, wire):
    """Streams read at the same time do not mix."""
    wire.streams("x", chat_events(*(chunk(content="x") for _ in range(50)), chunk("stop")))
    wire.streams("y", chat_events(*(chunk(content="y") for _ in range(50)), chunk("stop")))

    def read(model):
        list(ai.chat.completions.create(model=model, messages=ASK, stream=True))

    threads = [threading.Thread(target=read, args=(model,)) for model in "xy"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = {c.inputs["model"]: c.output["choices"][0]["message"] for c in client.get_calls()}
    assert {model: message["content"] for model, message in found.items()} == {
        "x": "x" * 50,
        "y": "y" * 50,
    }


def test_nothing_is_added_while_tracing_is_off(client, ai, wire):
    """The request is then the user's own."""
    with weave.tracing_disabled():
        stream = ai.chat.completions.create(model="s", messages=ASK, stream=True)
    assert texts(stream) == ["Hel", "lo", None, 0]
    assert "stream_options" not in wire.requests[-1]
    assert list(client.get_calls()) == []
