"""Values of sensitive keys never reach a record."""

from __future__ import annotations

from typing import NamedTuple

from weave_lite.trace.hooks import without_secrets
from weave_lite.trace.op import op


def test_inputs_and_outputs_are_redacted_at_any_depth(client):
    """By key, whatever its case; the user's own objects are not touched."""
    given = {
        "api_key": "A",
        "Authorization": "B",
        "nested": [{"auth_headers": 1, "API_KEY": "x"}],
        "apikey": "no",
        "password": "pw",
    }
    before = repr(given)

    @op
    def f(x, api_key, token):
        return {"api_key": api_key, "deep": ({"Api_Key": 1},)}

    assert f(given, "k", "t") == {"api_key": "k", "deep": ({"Api_Key": 1},)}
    assert repr(given) == before
    call = client.calls[0]
    assert call["inputs"] == {
        "x": {
            "api_key": "REDACTED",
            "Authorization": "REDACTED",
            "nested": [{"auth_headers": "REDACTED", "API_KEY": "REDACTED"}],
            "apikey": "no",
            "password": "pw",
        },
        "api_key": "REDACTED",
        "token": "t",
    }
    assert call["output"] == {"api_key": "REDACTED", "deep": [{"Api_Key": "REDACTED"}]}


def test_generator_items_are_redacted(client):
    """They are outputs, too."""

    @op
    def f():
        yield {"api_key": "s"}

    assert list(f()) == [{"api_key": "s"}]
    assert client.calls[0]["output"] == [{"api_key": "REDACTED"}]


def test_namedtuples_keep_their_form(client):
    """They are recorded as dicts, as inputs and outputs."""

    class point(NamedTuple):
        x: int
        y: int

    op(lambda p: p, name="same")(point(1, 2))
    assert client.calls[0]["inputs"] == {"p": {"x": 1, "y": 2}}
    assert client.calls[0]["output"] == {"x": 1, "y": 2}


def test_hooks_get_copies_without_secrets():
    """Cycles and objects of other classes stay."""
    loop = {"api_key": 1}
    loop["self"] = [loop]
    box = object()
    found = without_secrets({"a": loop, "b": (box, {"authorization": 2})})
    assert found["a"]["api_key"] == "REDACTED"
    assert found["a"]["self"][0] is found["a"]
    assert found["b"] == (box, {"authorization": "REDACTED"})
    assert loop["api_key"] == 1
