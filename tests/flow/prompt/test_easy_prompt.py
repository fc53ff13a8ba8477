"""Tests of EasyPrompt: messages, values, requirements, files and the record of weave 0.51.45."""

from __future__ import annotations

import copy
import io
import pickle

import pytest

from weave_lite.core.errors import UsageError
from weave_lite.flow.dataset import Dataset
from weave_lite.flow.prompt.easy_prompt import EasyPrompt
from weave_lite.trace.op import op
from weave_lite.trace_server import trace_server_interface as tsi


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (None, []),
        ("hi", [("user", "hi")]),
        ("system: a", [("system", "a")]),
        ("assistant:a", [("assistant", "a")]),
        ("tool: a", [("user", "tool: a")]),
        ({"role": "x", "content": "c"}, [("x", "c")]),
        (
            ["system: a", "b", {"role": "user", "content": "c"}],
            [("system", "a"), ("user", "b"), ("user", "c")],
        ),
    ],
)
def test_what_messages_are_made_of(content, messages):
    """Texts with or without a role, dicts, and lists of these."""
    assert EasyPrompt(content).data == [{"role": r, "content": c} for r, c in messages]


def test_role_and_dedent():
    """A role goes before a prefix; dedent takes indents off."""
    assert EasyPrompt("user: a", role="system").data == [{"role": "system", "content": "user: a"}]
    assert EasyPrompt("\n  a\n    b\n", dedent=True).as_str == "a\n  b"
    with pytest.raises(TypeError, match="not of int"):
        EasyPrompt().append(3)


def test_values():
    """Calling keeps nothing; binding does; braces around anything but a name are text."""
    prompt = EasyPrompt('{who} of {n:>3}, {{who}} and {"key": {}}')

    assert prompt.placeholders == ["who", "n"]
    assert prompt(who="a", n=1)[0]["content"] == 'a of   1, {who} and {"key": {}}'
    assert (prompt.is_bound, prompt.unbound_placeholders) == (False, ["who", "n"])
    assert prompt.bind({"who": "b"}) is prompt
    assert prompt.unbound_placeholders == ["n"]
    assert [message["content"] for message in prompt(n=2)] == ['b of   2, {who} and {"key": {}}']
    assert prompt.data[0]["content"].startswith("{who}")


def test_requirements():
    """All faults are told; a default is a value."""
    prompt = (
        EasyPrompt("{n} {who}").require("n", min=1, max=5, default=2).require("who", oneof=["a"])
    )

    assert prompt.unbound_placeholders == ["who"]
    assert prompt(who="a")[0]["content"] == "2 a"
    assert prompt.validate_requirement("n", 0) == ["n (0) is less than min (1)"]
    with pytest.raises(
        ValueError, match=r"n \(9\) is greater than max \(5\); who \(b\) must be one of a"
    ):
        prompt.bind(n=9, who="b")
    with pytest.raises(ValueError, match="cannot be compared"):
        prompt(n="many")
    with pytest.raises(UsageError, match="require takes min, max, oneof, default, not least"):
        prompt.require("n", least=1)


def test_one_prompt_per_row():
    """The prompt itself stays unbound."""
    prompt = EasyPrompt("hi {a}")

    bound = prompt.bind_rows(Dataset(rows=[{"a": 1}, {"a": 2}]))

    assert [p[0]["content"] for p in bound] == ["hi 1", "hi 2"]
    assert not prompt.is_bound


def test_settings_and_dict():
    """What a model is asked with."""
    prompt = EasyPrompt("hi").configure(model="m", temperature=0)

    assert prompt.as_dict() == {
        "model": "m",
        "temperature": 0,
        "messages": [{"role": "user", "content": "hi"}],
    }
    assert prompt.configure({"model": "n"}, n=2).config == {"model": "n", "n": 2}
    assert prompt.system_message == {"role": "system", "content": "hi"}
    assert prompt.system_prompt.data == [prompt.system_message]


def test_as_a_list():
    """Adding, inserting, comparing, copying and pickling."""
    prompt = EasyPrompt("system: {a}").bind(a=1)
    longer = prompt + ["b"]
    longer.insert(0, "first")
    longer.extend(EasyPrompt("last"))

    assert [message["content"] for message in longer] == ["first", "1", "b", "last"]
    assert (len(prompt), prompt) == (1, [{"role": "system", "content": "{a}"}])
    for copied in (copy.copy(prompt), copy.deepcopy(prompt), pickle.loads(pickle.dumps(prompt))):
        assert (type(copied), copied, list(copied)) == (EasyPrompt, prompt, list(prompt))


def test_files(tmp_path):
    """What is dumped is loaded."""
    prompt = EasyPrompt("hi {a}", name="n").require("a", max=3).configure(model="m")
    file = io.StringIO()
    prompt.dump(file)
    prompt.dump_file(tmp_path / "prompt.json")

    assert EasyPrompt.load(io.StringIO(file.getvalue())) == prompt
    assert EasyPrompt.load_file(tmp_path / "prompt.json") == prompt


def test_print_gives_a_text():
    """Messages, parameters and settings; nothing in them is markup."""
    shown = EasyPrompt("[bold] {a}").configure(model="m").bind(a=7).print()

    assert [word for word in ("[bold] {a}", "7", "model") if word in shown] == [
        "[bold] {a}",
        "7",
        "model",
    ]


def test_the_record_is_that_of_weave(client):
    """Fields, bases and the op run, as weave 0.51.45 stores them; and it comes back."""
    prompt = EasyPrompt("system: a {x}", name="ep")

    ref = prompt.publish()
    request = tsi.ObjReadReq(project_id=client.project_id, object_id="ep", digest=ref.digest)
    val = client.server.obj_read(request).obj.val
    run = val.pop("run")

    assert val == {
        "_type": "EasyPrompt",
        "name": "ep",
        "description": None,
        "ref": None,
        "data": [{"role": "system", "content": "a {x}"}],
        "config": {},
        "requirements": {},
        "_class_name": "EasyPrompt",
        "_bases": "UserList MutableSequence Sequence Reversible Collection Sized Iterable Container"
        " Prompt Object BaseModel".split(),
    }
    assert "/op/EasyPrompt.run:" in run
    assert (type(client.get(ref)), client.get(ref), client.get(ref).ref) == (
        EasyPrompt,
        prompt,
        ref,
    )


def test_an_appended_prompt_is_another_version(client):
    """As an op input, too."""

    @op
    def ask(prompt):
        return list(prompt)

    prompt = EasyPrompt("hi")
    ask(prompt)
    prompt.append("more")
    ask(prompt)

    first, second = (call.inputs["prompt"] for call in client.get_calls())
    assert first != second
    assert client.get(second).as_str == "hi more"
