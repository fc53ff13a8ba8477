"""What the environment says of a trace server: its address, its key, its project."""

from __future__ import annotations

from functools import partial

import httpx2
import orjson
import pytest

from weave_lite.core.errors import InvalidRequest, UsageError
from weave_lite.trace_server_bindings import remote_http_trace_server as home
from weave_lite.trace_server_bindings.hosted_project import upserted_project
from weave_lite.trace_server_bindings.remote_http_trace_server import RemoteHTTPTraceServer

NAMES = (
    "WF_TRACE_SERVER_URL",
    "WANDB_BASE_URL",
    "WANDB_API_KEY",
    "WEAVE_RETRY_MAX_ATTEMPTS",
    "WEAVE_HTTP_TIMEOUT",
)


@pytest.fixture(autouse=True)
def env(monkeypatch, tmp_path):
    """An empty environment, with an empty home."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return monkeypatch


def key_of(server):
    auth = server._http._auth
    return auth and auth._auth_header


def basic(key):
    return httpx2.BasicAuth("api", key)._auth_header


def write_netrc(tmp_path, text):
    path = tmp_path / ".netrc"
    path.write_text(text)
    path.chmod(0o600)


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({"WF_TRACE_SERVER_URL": "http://a:1/"}, "http://a:1"),
        ({"WANDB_BASE_URL": "https://b/"}, "https://b/traces"),
        ({"WF_TRACE_SERVER_URL": "http://a", "WANDB_BASE_URL": "https://b"}, "http://a"),
    ],
)
def test_the_address(env, variables, url):
    """The trace server's own variable wins."""
    for name, value in variables.items():
        env.setenv(name, value)
    with RemoteHTTPTraceServer.from_env(True) as server:
        assert (server.trace_server_url, server.should_batch) == (url, True)


def test_no_address():
    """The message names both variables."""
    with pytest.raises(UsageError, match="set WF_TRACE_SERVER_URL .* or WANDB_BASE_URL"):
        RemoteHTTPTraceServer.from_env()


@pytest.mark.parametrize("url", ["", "127.0.0.1:1", "ftp://x", "http://", "file:///etc"])
def test_an_address_that_is_none(url):
    """Only HTTP."""
    with pytest.raises(UsageError, match="trace_server_url must be like"):
        RemoteHTTPTraceServer(url)


def test_the_key(env, tmp_path):
    """The variable, else that of the netrc file for the host; another host gets none of it."""
    env.setenv("WF_TRACE_SERVER_URL", "https://traces.test")
    assert key_of(RemoteHTTPTraceServer.from_env()) is None
    write_netrc(tmp_path, "machine api.test login user password secret\n")
    assert key_of(RemoteHTTPTraceServer.from_env()) is None
    env.setenv("WANDB_BASE_URL", "https://api.test")
    assert key_of(RemoteHTTPTraceServer.from_env()) == basic("secret")
    assert key_of(RemoteHTTPTraceServer.at("https://api.test/traces")) == basic("secret")
    assert key_of(RemoteHTTPTraceServer.at("https://elsewhere.test")) is None
    env.setenv("WANDB_API_KEY", "other")
    assert key_of(RemoteHTTPTraceServer.at("https://elsewhere.test")) == basic("other")
    assert key_of(RemoteHTTPTraceServer("https://api.test")) is None


def test_a_broken_netrc_is_no_fault_of_ours(env, tmp_path):
    """It is as if it were not there."""
    write_netrc(tmp_path, "machine\n")
    assert key_of(RemoteHTTPTraceServer.at("https://api.test")) is None


def test_settings_of_requests(env):
    """Attempts and time limit; what is no number is named."""
    env.setenv("WEAVE_RETRY_MAX_ATTEMPTS", "7")
    env.setenv("WEAVE_HTTP_TIMEOUT", "1.5")
    with RemoteHTTPTraceServer("http://a") as server:
        assert server._http._policy.attempts == 7
        assert server._http._timeout.read == 1.5
    env.setenv("WEAVE_RETRY_MAX_ATTEMPTS", "many")
    with pytest.raises(UsageError, match="WEAVE_RETRY_MAX_ATTEMPTS must be a number, not 'many'"):
        RemoteHTTPTraceServer("http://a")


def test_a_project_is_as_named_without_a_hosted_service(network):
    """Nobody is asked."""
    client = network.client()
    assert client.ensure_project_exists("e", "p").project_name == "p"
    assert network.requests == []


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ({"data": {"upsertModel": {"model": {"name": "made"}}}}, "made"),
        ({"data": {"upsertModel": None}, "errors": [{"message": "no"}]}, None),
    ],
)
def test_a_hosted_service_is_asked_for_the_project(env, network, answer, name):
    """It may give it another name, or refuse it."""
    env.setenv("WANDB_BASE_URL", "https://api.test")
    env.setenv("WANDB_API_KEY", "k")
    network.answers = [httpx2.Response(200, json=answer)]
    client = network.client()
    wire = httpx2.MockTransport(network)
    env.setattr(home, "upserted_project", partial(upserted_project, transport=wire))
    if name is None:
        with pytest.raises(InvalidRequest, match="project e/p cannot be made at https://api.test"):
            client.ensure_project_exists("e", "p")
    else:
        assert client.ensure_project_exists("e", "p").project_name == name
    (request,) = network.requests
    assert str(request.url) == "https://api.test/graphql"
    assert request.headers["Authorization"] == basic("k")
    assert orjson.loads(request.content)["variables"] == {"name": "p", "entity": "e"}
