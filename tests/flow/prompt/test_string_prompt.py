"""Tests of StringPrompt: filling in, and the record of the vectors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weave_lite.flow.prompt.prompt import Prompt
from weave_lite.flow.prompt.string_prompt import StringPrompt
from weave_lite.trace.op import op
from weave_lite.trace_server import trace_server_interface as tsi

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "serialization.json").read_text())


def stored(client, ref):
    """Return the stored version of a ref."""
    client.flush()
    request = tsi.ObjReadReq(project_id=client.project_id, object_id=ref.name, digest=ref.digest)
    return client.server.obj_read(request).obj


def test_filling_in():
    """The language is that of str.format; a missing value is a KeyError."""
    prompt = StringPrompt("{{x}} {a:>3} {b!r}")

    assert prompt.format(a=1, b="y", unused=2) == "{x}   1 'y'"
    with pytest.raises(KeyError, match="b"):
        prompt.format(a=1)


def test_a_bare_prompt_cannot_format():
    """The message says what to do."""
    with pytest.raises(NotImplementedError, match="Prompt has no format; define format"):
        Prompt().format()


@pytest.mark.parametrize(
    "row", [row for row in VECTORS["published"] if "Prompt" in row["expr"]], ids=lambda r: r["expr"]
)
def test_the_record_is_that_of_the_vectors(client, row):
    """Value, digest, names and classes."""
    from weave_lite.flow.prompt.messages_prompt import MessagesPrompt

    class weave:
        pass

    weave.StringPrompt, weave.MessagesPrompt = StringPrompt, MessagesPrompt
    prompt = eval(row["expr"], {"weave": weave})

    ref = client.publisher.publish(prompt, row["name_argument"])
    found = stored(client, ref)

    assert (ref.name, ref.digest) == (row["object_id"], row["digest"])
    assert (found.kind, found.base_object_class) == (row["kind"], row["base_object_class"])
    assert list(found.val.items()) == list(row["val"].items())


def test_a_prompt_comes_back_as_itself(client):
    """With name, description and ref; unlike upstream these can be given to the constructor."""
    prompt = StringPrompt("hi {a}", name="greeting", description="short")

    ref = client.publisher.publish(prompt)
    found = client.get(ref)

    assert (type(found), found, found.ref) == (StringPrompt, prompt, ref)
    assert (found.name, found.description) == ("greeting", "short")
    assert found.format(a="you") == "hi you"


def test_an_op_records_the_ref_of_a_prompt(client):
    """A changed prompt is another version."""

    @op
    def ask(prompt):
        return prompt.format(a=1)

    prompt = StringPrompt("hi {a}")
    ask(prompt)
    first = prompt.ref
    prompt.content = "bye {a}"
    ask(prompt)

    inputs = [call.inputs["prompt"] for call in client.get_calls(sort_by=[])]
    assert inputs == [first, prompt.ref]
    assert first.digest != prompt.ref.digest
