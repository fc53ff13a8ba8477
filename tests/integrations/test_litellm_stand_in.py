"""A stand-in for ``litellm``, which is not among the packages for development: the way it is patched."""

from __future__ import annotations

import asyncio
import importlib
import sys

import pytest

LITELLM = '''
from pydantic import BaseModel


class Chunk(BaseModel):
    id: str = "c-1"
    model: str = "served"
    choices: list = []
    _hidden_params: dict = {}


class Answer(BaseModel, extra="allow"):
    model: str


class CustomStreamWrapper:
    """One class for both ways, as the real one; a step may take further ones."""

    def __init__(self):
        self.texts = [None, "Hel", "lo"]

    def __del__(self):
        self.texts.clear()

    def __iter__(self):
        return self

    def __next__(self):
        if not self.texts:
            raise StopIteration
        text = self.texts.pop(0)
        if text is None:
            return self.__next__()
        finish = None if self.texts else "stop"
        chunk = Chunk(model="served", choices=[{"index": 0, "delta": {"content": text}, "finish_reason": finish}])
        if finish:
            chunk._hidden_params["usage"] = {"total_tokens": 5}
        return chunk

    def __aiter__(self):
        return self

    async def __anext__(self):
        try:
            return self.__next__()
        except StopIteration:
            raise StopAsyncIteration


def _completion(model, messages=(), stream=None, **kwargs):
    # In a module of its own, in the real one: its calls of itself are not patched.
    if model == "bad":
        raise ValueError("no such model")
    return CustomStreamWrapper() if stream else Answer(model="served", usage={"total_tokens": 5})


def completion(model, messages=(), stream=None, **kwargs):
    return _completion(model, messages, stream, **kwargs)


async def acompletion(model, messages=(), stream=None, **kwargs):
    return _completion(model, messages, stream, **kwargs)
'''


@pytest.fixture
def litellm(patched, tmp_path, monkeypatch):
    """The stand-in, imported after the patches were asked for."""
    (tmp_path / "litellm.py").write_text(LITELLM)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "litellm", raising=False)
    yield importlib.import_module("litellm")
    sys.modules.pop("litellm", None)


def only(client):
    """The one call that was recorded."""
    (call,) = client.get_calls()
    return call


def test_completion(client, litellm):
    """Arguments given in order have their names; a key is not recorded."""
    assert type(litellm.completion("m", ["hi"], api_key="sk")).__name__ == "Answer"
    call = only(client)
    assert call.func_name == "litellm.completion"
    assert call.inputs == {"model": "m", "messages": ["hi"], "api_key": "REDACTED"}
    assert call.output == {"model": "served", "usage": {"total_tokens": 5}}
    assert call.summary["usage"] == {"served": {"requests": 1, "total_tokens": 5}}


def test_acompletion(client, litellm):
    """The async form."""
    asyncio.run(litellm.acompletion("m"))
    call = only(client)
    assert call.func_name == "litellm.acompletion"
    assert call.summary["usage"] == {"served": {"requests": 1, "total_tokens": 5}}


def test_streams(client, litellm):
    """Both ways to read the one class, each item counted once."""

    async def read():
        return [item async for item in await litellm.acompletion("m", stream=True)]

    for stream in (litellm.completion("m", stream=True), asyncio.run(read())):
        assert [item.choices[0]["delta"]["content"] for item in stream] == ["Hel", "lo"]
    for call in client.get_calls():
        (choice,) = call.output["choices"]
        assert choice["message"] == {"role": "assistant", "content": "Hello"}
        assert call.summary["usage"] == {"served": {"requests": 1, "total_tokens": 5}}


def test_stream_left_early(client, litellm):
    """It stays what it was for the user, and the call ends when it is dropped."""
    stream = litellm.completion("m", stream=True)
    assert isinstance(stream, litellm.CustomStreamWrapper)
    assert stream.texts == [None, "Hel", "lo"]
    next(stream)
    del stream
    call = only(client)
    assert call.output["choices"][0]["message"]["content"] == "Hel"
    assert call.ended_at is not None


def test_errors(client, litellm):
    """The user gets it, and the call has it."""
    with pytest.raises(ValueError, match="no such model"):
        litellm.completion("bad")
    assert "no such model" in only(client).exception
