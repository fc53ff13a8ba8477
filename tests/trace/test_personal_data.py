"""Tests of redact_pii from the outside: what of calls and code is recorded."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

import weave_lite as weave
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi


class Contact(weave.Object):
    """An object that is stored on its own."""

    mail: str


@weave.op
def write_to(who, note):
    sender = "boss@example.org"
    if note is None:
        raise ValueError(f"no note for {who['mail']} from {sender}")
    return [f"to {who['mail']}", 1]


def recorded(client):
    """Return the stored calls."""
    client.flush()
    return client.server.calls_query(tsi.CallsQueryReq(project_id=client.project_id)).calls


def test_inputs_outputs_errors_and_code_are_redacted():
    """The function itself gets and gives back what it always does."""
    with memory_client(redact_pii=True, redact_pii_fields=["EMAIL_ADDRESS"]) as client:
        given = {"mail": "ada@example.org"}
        assert write_to(given, "call 10.0.0.1") == ["to ada@example.org", 1]
        with pytest.raises(ValueError, match="ada@example.org"):
            write_to(given, None)
        first, second = recorded(client)
        code = client.get(write_to.ref).get_captured_code()

    assert given == {"mail": "ada@example.org"}
    assert first.inputs == {"who": {"mail": "<EMAIL_ADDRESS>"}, "note": "call 10.0.0.1"}
    assert first.output == ["to <EMAIL_ADDRESS>", 1]
    assert "no note for <EMAIL_ADDRESS> from <EMAIL_ADDRESS>" in second.exception
    assert "example.org" not in second.exception
    assert 'sender = "<EMAIL_ADDRESS>"' in code


def test_streams_are_redacted():
    """What a generator gave is an output as well."""

    @weave.op
    def mails():
        yield "a@b.co"
        yield "none"

    with memory_client(redact_pii=True, redact_pii_fields=["EMAIL_ADDRESS"]) as client:
        assert list(mails()) == ["a@b.co", "none"]
        (call,) = recorded(client)

    assert call.output == ["<EMAIL_ADDRESS>", "none"]


def test_attributes_and_display_names_are_redacted():
    """Those of blocks, of ops, given while the call runs, and global ones; the automatic stay."""

    @weave.op(attributes={"of": "op@b.co"}, call_display_name=lambda call: f"to {call.inputs['x']}")
    def named(x):
        weave.require_current_call().attributes["late"] = ["late@b.co"]

    @weave.op(call_display_name="a@b.co")
    def fixed():
        pass

    with memory_client(redact_pii=True, redact_pii_fields=["EMAIL_ADDRESS"]) as client:
        with weave.attributes({"block": {"to": "block@b.co"}}):
            named("a@b.co")
            fixed(__weave={"display_name": "given@b.co"})
        fixed()
        first, second, third = recorded(client)

    mark = "<EMAIL_ADDRESS>"
    own = {key: value for key, value in first.attributes.items() if key != "weave"}
    assert own == {"of": mark, "block": {"to": mark}, "late": [mark]}
    assert first.attributes["weave"]["source"] == "python-sdk"
    assert second.attributes["block"] == {"to": mark}
    assert [call.display_name for call in (first, second, third)] == [f"to {mark}", mark, mark]


def test_published_objects_stay_as_they_are():
    """The setting is about calls."""
    with memory_client(redact_pii=True, redact_pii_fields=["EMAIL_ADDRESS"]) as client:
        assert client.get(client.publisher.publish(Contact(mail="a@b.co"))).mail == "a@b.co"


def test_init_says_what_is_not_looked_for(caplog, monkeypatch):
    """Once, when nothing is named and the analyser is missing; and the setting can be switched off."""
    from weave_lite.serialize.pii import analyser
    from weave_lite.serialize.pii.redactor import redactor_for

    monkeypatch.setattr(analyser, "find_spec", lambda name: None)
    redactor_for.cache_clear()
    try:
        with caplog.at_level(logging.WARNING, logger="weave_lite"):
            client = weave.init("redacted", db=":memory:", settings={"redact_pii": True})
            write_to({"mail": "a@b.co"}, "first")
            assert weave.init("redacted", db=":memory:", settings={}) is client
            write_to({"mail": "a@b.co"}, "second")
        assert [call.output[0] for call in recorded(client)] == ["to <EMAIL_ADDRESS>", "to a@b.co"]
    finally:
        weave.finish()
        redactor_for.cache_clear()


def test_nothing_of_it_is_loaded_while_it_is_off():
    """Tracing is as it was."""
    program = (
        "import sys, weave_lite as w; w.init('x', db=':memory:'); f = w.op(lambda a: a); f('a@b.co');"
        "print([m for m in sys.modules if '.pii' in m])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
