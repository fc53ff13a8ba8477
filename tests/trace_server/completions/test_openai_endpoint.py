"""The endpoint by itself: what is local, and limits that a contract test cannot reach."""

from __future__ import annotations

import pytest

from tests.openai_wire import answer, openai_wire
from weave_lite.trace_server.completions import openai_endpoint
from weave_lite.trace_server.completions.openai_endpoint import OpenAIEndpoint, is_local


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:11434/v1",
        "http://127.0.0.1:8000",
        "http://[::1]:8000/v1",
        "http://192.168.1.4/v1",
        "http://ollama:11434/v1",
        "http://host.docker.internal:1/v1",
    ],
)
def test_local_urls(url):
    """This machine, its networks and names without a dot are local."""
    assert is_local(url)


@pytest.mark.parametrize(
    "url", ["https://api.openai.com/v1", "http://8.8.8.8/", "", "http://[", "localhost:1"]
)
def test_urls_that_are_not_local(url):
    """All others are not, nor is what is no URL."""
    assert not is_local(url)


@pytest.mark.parametrize(
    ("base_url", "path"),
    [
        ("{}", "/v1/chat/completions"),
        ("{}/", "/v1/chat/completions"),
        ("{}/api/v2/", "/api/v2/chat/completions"),
        ("{}/v1/chat/completions", "/v1/chat/completions"),
        ("{}/v1?version=3#part", "/v1/chat/completions?version=3"),
    ],
)
def test_paths(base_url, path):
    """A base URL may have a path, the whole path, or none."""
    with openai_wire() as wire:
        host = wire.url.removesuffix("/v1")
        assert OpenAIEndpoint(base_url.format(host), "m", None, {})({}) == answer()
    assert wire.requests[0][0] == path


def test_headers_of_the_user_win():
    """A header of the provider replaces ours, whatever its case; the request's replaces both."""
    with openai_wire() as wire:
        ask = OpenAIEndpoint(wire.url, "m", "k", {"authorization": "Basic x", "X-A": "1"})
        ask({"extra_headers": {"X-A": 2}})
    _, headers, _ = wire.requests[0]
    sent = {name.lower(): value for name, value in headers.items()}
    assert (sent["authorization"], sent["x-a"]) == ("Basic x", "2")
    assert "k" not in sent["authorization"]


def test_header_that_cannot_be_sent():
    """A key with a line break inside is an error that does not repeat it; at its end it is cut."""
    with openai_wire() as wire:
        error = OpenAIEndpoint(wire.url, "m", "se\ncret", {})({})["error"]
        assert OpenAIEndpoint(wire.url, "m", "secret\n", {})({}) == answer()
    assert "cannot be asked: the header 'Authorization' has a line break" in error
    assert "cret" not in error
    assert [headers["Authorization"] for _, headers, _ in wire.requests] == ["Bearer secret"]


def test_large_answer(monkeypatch):
    """An answer beyond the limit is not read to its end."""
    monkeypatch.setattr(openai_endpoint, "MAX_ANSWER_BYTES", 20)
    with openai_wire() as wire:
        error = OpenAIEndpoint(wire.url, "m", None, {})({})["error"]
    assert error.endswith("cannot be asked: the answer has more than 20 bytes")


def test_answer_that_trickles():
    """The time-out holds for the whole answer, not for each piece of it."""
    with openai_wire() as wire:
        wire.pause_s = 0.02
        error = OpenAIEndpoint(wire.url, "m", None, {})({"timeout": 0.1})["error"]
    assert "gave no answer within 0.1 s" in error


@pytest.mark.parametrize("url", ["", "ftp://host/v1", "http://", "http://[", "/v1"])
def test_what_is_no_url(url):
    """A base URL that is none is an answer."""
    assert "is no URL of an endpoint" in OpenAIEndpoint(url, "m", None, {})({})["error"]


def test_password_in_a_url_is_not_told():
    """A URL with a password is refused, without repeating it: errors get stored."""
    for scheme in ("http", "ftp"):
        error = OpenAIEndpoint(f"{scheme}://me:s3cret@127.0.0.1/v1", "m", None, {})({})["error"]
        assert error.startswith(f"base_url '{scheme}://***@127.0.0.1/v1' is no URL of an endpoint")
        assert "s3cret" not in error
