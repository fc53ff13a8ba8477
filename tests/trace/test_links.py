"""Where the links of calls and views lead."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from weave_lite.trace.call import Call
from weave_lite.trace.links import app_link


@pytest.fixture
def place(client, monkeypatch):
    """Trace to a place, with an environment; gives the link of a call."""
    for name in ("WANDB_BASE_URL", "WANDB_PUBLIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def place(url, **env):
        for name, value in env.items():
            monkeypatch.setenv(f"WANDB_{name}", value)
        server = SimpleNamespace(trace_server_url=url) if url else SimpleNamespace()
        monkeypatch.setattr(client, "server", server)
        return app_link("ent/proj", "r/call/1")

    return place


def test_an_embedded_store_has_no_pages(place):
    """Whatever the environment says."""
    assert place(None, BASE_URL="https://app", PUBLIC_BASE_URL="https://public") is None


def test_a_hosted_service_has(place):
    """The public address wins; it may end with a slash."""
    assert place("https://trace") is None
    assert place("https://trace", BASE_URL="https://app/") == "https://app/ent/proj/r/call/1"
    link = place("https://trace", PUBLIC_BASE_URL="https://public/")
    assert link == "https://public/ent/proj/r/call/1"


def test_weave_lite_serve_has_none(place):
    """It is what the official SDK takes for the app."""
    url = "http://127.0.0.1:6345"
    assert place(url, BASE_URL=url) is None


def test_the_link_of_a_call(place):
    """Its page, else its URI."""
    call = Call("f", "t", "ent/proj", None, {}, id="c1")
    assert call.ui_url == "weave:///ent/proj/call/c1"
    place("https://trace", BASE_URL="https://app")
    assert call.ui_url == "https://app/ent/proj/r/call/c1"
