"""Nasty values and callables through real ops: user code runs as undecorated, the call is stored."""

from __future__ import annotations

import json
import re

import pytest
from nasty import NASTY
from nasty_callables import NASTY_CALLABLES, RAISES

import weave_lite as weave
from weave_lite.testing import memory_client
from weave_lite.trace_server import trace_server_interface as tsi

VALUES = [pytest.param(case, id=re.sub(r"\W+", "-", case.name)) for case in NASTY]
CALLABLES = [pytest.param(case, id=re.sub(r"\W+", "-", case.name)) for case in NASTY_CALLABLES]


@pytest.fixture(scope="module")
def module_client():
    """One store for all cases; each has an op and so a name of its own."""
    with memory_client("ent/nasty", capture_code=False) as made:
        yield made


@pytest.fixture
def nasty_client(module_client, monkeypatch):
    """The store as the active client of one test."""
    from weave_lite.trace import client_context

    client_context.set_client(None)
    client_context.set_client(module_client)
    return module_client


def is_shallow(case):
    """Tell whether a case's stated form is the same one level down, inside inputs or attributes."""
    return not re.search(r"depth|lists|without end", case.name)


def last_call(client):
    """The newest stored call."""
    client.flush()
    req = tsi.CallsQueryReq.model_validate(
        {
            "project_id": "ent/nasty",
            "sort_by": [{"field": "started_at", "direction": "desc"}],
            "limit": 1,
        }
    )
    return client.server.calls_query(req).calls[0]


@pytest.mark.parametrize("case", VALUES)
def test_as_input_and_output(case, nasty_client):
    """The function gets and gives the very object; both sides are stored in the stated form."""
    value = case.make()
    seen = []

    @weave.op(name=f"io {case.name}")
    def same(x):
        seen.append(x)
        return x

    result, call = same.call(value)
    assert result is value
    assert seen[0] is value
    stored = last_call(nasty_client)
    assert stored.id == call.id
    assert stored.exception is None
    assert list(stored.inputs) == ["x"]
    if is_shallow(case):
        assert case.is_stored_as(stored.inputs["x"]), str(stored.inputs)[:200]
    assert case.is_stored_as(stored.output), str(stored.output)[:200]


@pytest.mark.parametrize("case", VALUES)
def test_as_attribute(case, nasty_client):
    """An attribute is stored like an input."""

    @weave.op(name=f"attribute {case.name}")
    def plain():
        return 1

    with weave.attributes({"x": case.make()}):
        assert plain() == 1
    stored = last_call(nasty_client).attributes["x"]
    assert not is_shallow(case) or case.is_stored_as(stored)


@pytest.mark.parametrize("case", VALUES)
def test_as_part_of_an_exception(case, nasty_client):
    """The same exception arrives, and its call is ended."""
    error = ValueError(case.make())

    @weave.op(name=f"exception {case.name}")
    def fails():
        raise error

    # Not `pytest.raises`: its own report would call the value's code.
    caught = None
    try:
        fails()
    except ValueError as raised:
        caught = raised
    assert caught is error
    stored = last_call(nasty_client)
    assert stored.ended_at is not None
    assert json.loads(stored.exception)["type"] == "ValueError"


@pytest.mark.parametrize("case", VALUES)
def test_as_item_of_a_stream(case, nasty_client):
    """A yielded value."""
    value = case.make()

    @weave.op(name=f"stream {case.name}")
    def gives():
        yield value

    found = list(gives())
    assert found[0] is value
    assert case.is_stored_as(last_call(nasty_client).output[0])


@pytest.mark.parametrize("case", CALLABLES)
def test_callables_run_as_undecorated(case, nasty_client):
    """The same result, or the same exception, and a stored call."""
    function = weave.op(case.make())
    if case.result is RAISES:
        with pytest.raises(ZeroDivisionError):
            case.call(function)
    else:
        plain = case.call(case.make())
        result = case.call(function)
        assert type(result) is type(plain)
        assert repr(result) == repr(plain) or result == plain
    stored = last_call(nasty_client)
    assert stored.ended_at is not None
    assert (stored.exception is not None) == (case.result is RAISES)


class OpRepr:
    """Its text is made by an op."""

    @weave.op
    def __repr__(self):
        return "<op repr>"


def test_an_op_that_writes_its_own_argument_ends(nasty_client):
    """Recording a value calls its repr, which is an op, which records the value ..."""

    @weave.op
    def same(x):
        return x

    value = OpRepr()
    assert same(value) is value
    stored = last_call(nasty_client)
    assert stored.op_name.rpartition("/")[2].startswith("same:")
    assert (stored.inputs, stored.output) == ({"x": "<op repr>"}, "<op repr>")


def test_huge_texts_and_numbers(nasty_client):
    """100 MB of text, and an integer of a thousand digits."""
    text = "x" * 100_000_000

    @weave.op
    def size(x, n):
        return len(x)

    assert size(text, 10**999) == 100_000_000
    stored = last_call(nasty_client)
    assert len(stored.inputs["x"]) == 100_000_000
    assert stored.inputs["n"] == 10**999
    nasty_client.delete_calls([stored.id])
