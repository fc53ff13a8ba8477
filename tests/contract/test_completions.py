"""Completions: which provider is asked, what comes back, and what is stored."""

from __future__ import annotations

import socket
from typing import Literal

import pytest
from pydantic import BaseModel

from tests.openai_wire import USAGE, answer, openai_wire
from weave_lite.core.errors import InvalidRequest, MissingLLMApiKeyError
from weave_lite.trace_server import trace_server_interface as tsi
from weave_lite.trace_server.completions import register_provider, unregister_provider

PROJECT = "acme/demo"
MESSAGES = [{"role": "user", "content": "hi"}]
KEYS = "OPENAI_API_KEY ANTHROPIC_API_KEY GEMINI_API_KEY XAI_API_KEY GROQ_API_KEY MY_KEY".split()


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    """No key and no endpoint of the machine reaches a test."""
    for name in [*KEYS, "OPENAI_BASE_URL", "HTTP_PROXY", "http_proxy"]:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def wire(monkeypatch):
    """A local endpoint, set as ``OPENAI_BASE_URL``."""
    with openai_wire() as wire:
        monkeypatch.setenv("OPENAI_BASE_URL", wire.url)
        yield wire


@pytest.fixture
def free_port():
    """A port that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def local():
    """A registered function that answers ``local/...``."""
    asked = []

    def function(params):
        asked.append(params)
        return answer(params["messages"][-1]["content"])

    register_provider("local/", function)
    yield asked
    unregister_provider("local/")


def ask(server, model="llama3.2", *, track=True, user=None, **inputs):
    inputs = {"model": model, "messages": MESSAGES, **inputs}
    return server.completions_create(
        tsi.CompletionsCreateReq(
            project_id=PROJECT, inputs=inputs, track_llm_call=track, wb_user_id=user
        )
    )


def calls(server):
    return server.calls_query(tsi.CallsQueryReq(project_id=PROJECT)).calls


def publish(server, name, class_name, val):
    obj = {"project_id": PROJECT, "object_id": name, "val": val, "builtin_object_class": class_name}
    server.obj_create(tsi.ObjCreateReq(obj=obj))


def publish_provider(server, base_url, **fields):
    val = {"base_url": base_url, "api_key_name": "MY_KEY", **fields}
    publish(server, "home", "Provider", val)
    publish(server, "home-small", "ProviderModel", {"provider": "p", "max_tokens": 9, "name": "S1"})


# --- what is stored ---


@pytest.mark.in_process("over HTTP the key says who writes")
def test_a_finished_root_call_is_stored(server, wire):
    """The call has the parameters, the answer and the usage under the asked name."""
    res = ask(server, temperature=0.5, max_tokens=None, user="ann")
    (call,) = calls(server)
    assert res.model_dump() == {"response": answer(), "weave_call_id": call.id}
    assert (call.op_name, call.parent_id, call.wb_user_id) == (
        "weave.completions_create",
        None,
        "ann",
    )
    assert call.inputs == {"model": "llama3.2", "messages": MESSAGES, "temperature": 0.5}
    assert call.output == answer()
    assert call.summary["usage"]["llama3.2"] == USAGE
    assert call.exception is None
    assert call.ended_at >= call.started_at
    assert call.trace_id != call.id


def test_tracking_can_be_turned_off(server, wire):
    """Without tracking nothing is stored, and there is no id."""
    assert ask(server, track=False).model_dump() == {"response": answer(), "weave_call_id": None}
    assert calls(server) == []


def test_answer_without_usage(server, wire):
    """No usage, or one that does not count, leaves no entry."""
    for usage in (None, {}, {"prompt_tokens": "many"}):
        wire.says(answer(usage=usage))
        ask(server)
    assert [set(call.summary) for call in calls(server)] == [{"weave"}] * 3


def test_usage_keeps_what_a_provider_adds(server, wire):
    """Details beside the counts are kept."""
    wire.says(answer(usage={**USAGE, "prompt_tokens_details": {"cached_tokens": 1}}))
    ask(server)
    usage = calls(server)[0].summary["usage"]["llama3.2"]
    assert usage == {**USAGE, "prompt_tokens_details": {"cached_tokens": 1}}


def test_secrets_in_headers_are_sent_but_not_stored(server, wire):
    """Headers go to the endpoint; what looks like a secret is hidden in the call."""
    ask(server, extra_headers={"X-Api-Key": "s3cret", "X-Team": "blue"})
    _, headers, body = wire.requests[0]
    assert (headers["X-Api-Key"], headers["X-Team"]) == ("s3cret", "blue")
    assert "extra_headers" not in body
    stored = calls(server)[0].inputs["extra_headers"]
    assert stored == {"X-Api-Key": "REDACTED", "X-Team": "blue"}


def test_pydantic_class_becomes_a_schema(server, wire):
    """A response format given as a class is sent and stored as its JSON schema."""

    class Verdict(BaseModel):
        grade: Literal["good", "bad"]

    ask(server, response_format=Verdict)
    expected = {
        "type": "json_schema",
        "json_schema": {"name": "Verdict", "schema": Verdict.model_json_schema()},
    }
    assert wire.requests[0][2]["response_format"] == expected
    assert calls(server)[0].inputs["response_format"] == expected


# --- the local endpoint ---


def test_local_endpoint_needs_no_key(server, wire, monkeypatch):
    """No key sends none; a key that is set is sent; transport parameters stay out of the body."""
    ask(server, timeout="5")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    ask(server, "gpt-4o")
    (first_path, first, body), (_, second, _) = wire.requests
    assert first_path == "/v1/chat/completions"
    assert body == {"model": "llama3.2", "messages": MESSAGES}
    assert "Authorization" not in first
    assert second["Authorization"] == "Bearer sk-1"


def test_bare_host_gets_the_usual_path(server, wire, monkeypatch):
    """An endpoint without a path is asked below ``/v1``."""
    monkeypatch.setenv("OPENAI_BASE_URL", wire.url.removesuffix("/v1") + "/")
    ask(server)
    assert wire.requests[0][0] == "/v1/chat/completions"


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (401, {"error": {"message": "Bad key: sk-1"}}, "answered HTTP 401: Bad key: ***"),
        (500, {"detail": "broken"}, 'answered HTTP 500: {"detail":"broken"}'),
        (500, b"<html>oops</html>", "answered HTTP 500: <html>oops</html>"),
        (404, {"error": "model not found"}, "answered HTTP 404: model not found"),
        (200, b'{"choices": [', "answered no JSON: "),
        (200, b"[1]", "answered list where a chat completion"),
        (200, b"[" * 100_000, "answered no JSON: "),
        (200, {"error": {"message": "overloaded"}}, "overloaded"),
        (200, b"", "answered no JSON: "),
        (307, b"", "answered HTTP 307"),
    ],
)
def test_errors_are_answered_and_stored(server, wire, monkeypatch, status, body, text):
    """A provider's error is the answer, and the call is stored as failed; the key is not told."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    wire.says(body, status)
    wire.headers = {"Location": "http://127.0.0.1:9/"} if status == 307 else {}
    res = ask(server)
    (call,) = calls(server)
    assert list(res.response) == ["error"]
    assert text in res.response["error"]
    assert "sk-1" not in res.response["error"]
    assert (call.id, call.output) == (res.weave_call_id, res.response)
    assert call.exception == res.response["error"]
    assert call.summary["weave"]["status"] == "error"


def test_null_error_beside_an_answer(server, wire):
    """Some servers send a null error with every answer."""
    wire.says(answer(error=None))
    assert ask(server).response == answer(error=None)
    assert calls(server)[0].exception is None


def test_refused_connection(server, free_port, monkeypatch):
    """A server that is not there is an answer too."""
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{free_port}/v1")
    error = ask(server).response["error"]
    assert f"127.0.0.1:{free_port}/v1/chat/completions cannot be asked: " in error
    assert "refused" in error
    assert calls(server)[0].exception == error


def test_broken_answers(server, wire):
    """A connection that ends too early, and an answer that comes too late, are errors."""
    wire.length, wire.body = len(wire.body), wire.body[:40]
    assert "answered no JSON" in ask(server).response["error"]
    wire.delay_s = 0.5
    error = ask(server, timeout=0.1).response["error"]
    assert error.endswith("gave no answer within 0.1 s; raise inputs.timeout")
    assert len(calls(server)) == 2


@pytest.mark.in_process("an answer in UTF-8 has halves of characters as their escapes")
def test_lone_surrogates_survive(server, wire):
    """Half a character in an answer or a question does not lose the call."""
    wire.says(b'{"choices": [{"message": {"content": "\\ud83d"}}]}')
    messages = [{"role": "user", "content": "\ud83d"}]
    assert ask(server, messages=messages).response["choices"][0]["message"]["content"] == "\ud83d"
    assert calls(server)[0].output["choices"][0]["message"]["content"] == "\\ud83d"


def test_no_lock_is_held_while_the_model_works(server, local):
    """A model may use the store: nothing waits for it."""
    register_provider("local/busy", lambda params: answer(str(len(calls(server)))))
    ask(server, "local/first")
    res = ask(server, "local/busy")
    unregister_provider("local/busy")
    assert res.response["choices"][0]["message"]["content"] == "1"


# --- which provider ---


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("gpt-4o-mini", "OPENAI_API_KEY"),
        ("o3-mini", "OPENAI_API_KEY"),
        ("claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("gemini-2.0-flash", "GEMINI_API_KEY"),
        ("groq/llama-3.1-8b-instant", "GROQ_API_KEY"),
        ("xai/grok-3", "XAI_API_KEY"),
    ],
)
def test_missing_key_is_raised_and_stored(server, model, key):
    """The error names the key; the call is stored as failed when calls are tracked."""
    for track in (False, True):
        with pytest.raises(MissingLLMApiKeyError, match=key) as caught:
            ask(server, model, track=track)
        assert caught.value.api_key_name == key
    (call,) = calls(server)
    assert call.exception == str(caught.value)
    assert call.inputs["model"] == model


def test_known_model_of_another_provider_needs_litellm(server, monkeypatch):
    """With a key but without the extra, the answer says what to install."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setattr(
        "weave_lite.trace_server.completions.through_litellm.find_spec", lambda name: None
    )
    assert "install weave-lite[litellm]" in ask(server, "claude-sonnet-4-5").response["error"]


def test_endpoint_takes_other_names_whose_key_is_missing(server, wire):
    """With an endpoint set, a name of a provider without a key goes to the endpoint as it is."""
    ask(server, "claude-sonnet-4-5")
    ask(server, "openai/gpt-oss-20b")
    assert [body["model"] for _, _, body in wire.requests] == [
        "claude-sonnet-4-5",
        "openai/gpt-oss-20b",
    ]


def test_no_provider(server, monkeypatch):
    """An unknown name is answered with what can be done."""
    monkeypatch.setattr(
        "weave_lite.trace_server.completions.through_litellm.find_spec", lambda name: None
    )
    assert "set OPENAI_BASE_URL" in ask(server, "llama3.2").response["error"]
    error = ask(server, "nowhere/m").response["error"]
    assert "there is no Provider object 'nowhere'" in error


def test_registered_function(server, local):
    """A function is asked with the parameters; it takes precedence and may stand in this process."""
    res = ask(server, "local/any", temperature=0)
    assert res.response["choices"][0]["message"]["content"] == "hi"
    assert local == [{"model": "local/any", "messages": MESSAGES, "temperature": 0.0}]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (None, "answered NoneType where"),
        ({"x": object()}, "answered what is no JSON"),
        ({"error": "no memory"}, "no memory"),
        (ZeroDivisionError("by zero"), "raised ZeroDivisionError: by zero"),
    ],
)
def test_functions_that_fail(server, result, text):
    """What a function raises or gives in place of an answer is the error."""

    def function(params):
        if isinstance(result, Exception):
            raise result
        return result

    register_provider("bad", function)
    res = ask(server, "bad")
    unregister_provider("bad")
    assert text in res.response["error"]
    assert calls(server)[0].exception == res.response["error"]


def test_provider_objects(server, wire, monkeypatch):
    """A Provider object names endpoint, key and headers; the model's object its real name."""
    monkeypatch.setenv("MY_KEY", "k1")
    publish_provider(server, wire.url, extra_headers={"X-A": "b"})
    assert ask(server, "home/small").response == answer()
    _, headers, body = wire.requests[0]
    assert (headers["Authorization"], headers["X-A"], body["model"]) == ("Bearer k1", "b", "S1")
    (call,) = calls(server)
    assert call.summary["usage"]["home/small"] == USAGE


def test_provider_object_wins_over_a_known_name(server, wire):
    """Who publishes a Provider named ``groq`` means it; a model that it lacks is groq's own."""
    publish(server, "groq", "Provider", {"base_url": wire.url, "api_key_name": ""})
    publish(server, "groq-mine", "ProviderModel", {"provider": "p", "max_tokens": 9})
    assert ask(server, "groq/mine").response == answer()
    assert wire.requests[0][2]["model"] == "mine"


def test_local_provider_object_needs_no_key(server, wire):
    """Without the key a local endpoint is asked all the same."""
    publish_provider(server, wire.url)
    assert ask(server, "home/small").response == answer()
    assert "Authorization" not in wire.requests[0][1]


def test_remote_provider_object_needs_its_key(server):
    """A remote endpoint is never asked without its key."""
    publish_provider(server, "https://models.example.com/v1")
    with pytest.raises(MissingLLMApiKeyError) as caught:
        ask(server, "home/small")
    assert caught.value.api_key_name == "MY_KEY"


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("home/other", "there is no ProviderModel object 'home-other'"),
        ("away/small", "there is no Provider object 'away'"),
        ("plain/small", "the object 'plain' is no Provider"),
    ],
)
def test_problems_with_provider_objects(server, model, text):
    """What is missing is told by name, and stored as a failed call."""
    publish_provider(server, "http://localhost:1/v1")
    obj = {"project_id": PROJECT, "object_id": "plain", "val": {"a": 1}}
    server.obj_create(tsi.ObjCreateReq(obj=obj))
    assert text in ask(server, model).response["error"]
    assert text in calls(server)[0].exception


def test_bad_base_url(server):
    """A base URL that is none is told, and no file is ever read."""
    publish_provider(server, "file:///etc/passwd")
    with pytest.raises(MissingLLMApiKeyError):
        ask(server, "home/small")
    publish(server, "home", "Provider", {"base_url": "file://localhost/x", "api_key_name": ""})
    error = ask(server, "home/small").response["error"]
    assert "is no URL of an endpoint: it must begin with http:// or https://" in error


# --- refused before anything is asked ---


@pytest.mark.parametrize("timeout", [0, -1, "soon", float("nan"), 1e9])
def test_bad_timeout(server, local, timeout):
    """A time-out must be a number of seconds."""
    with pytest.raises(InvalidRequest, match=r"inputs\.timeout"):
        ask(server, "local/x", timeout=timeout)
    assert (local, calls(server)) == ([], [])


def test_parameters_must_be_json(server, local):
    """A parameter that cannot be sent is refused by name."""
    with pytest.raises(InvalidRequest, match="inputs must be JSON"):
        ask(server, "local/x", messages=[object()])
    assert local == []


def test_bad_project(server, local):
    """The project is checked, tracked or not."""
    for track in (True, False):
        req = tsi.CompletionsCreateReq(
            project_id="nothing", inputs={"model": "local/x"}, track_llm_call=track
        )
        with pytest.raises(InvalidRequest, match="project_id"):
            server.completions_create(req)
    assert local == []
