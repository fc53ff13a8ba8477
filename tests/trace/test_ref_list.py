"""Tests of lists of refs."""

from __future__ import annotations

import pytest

from weave_lite.core.errors import InvalidRefError, UsageError, WeaveInitError
from weave_lite.core.refs import CallRef, ObjectRef, TableRef
from weave_lite.testing import memory_client
from weave_lite.trace.op import op
from weave_lite.trace.refs import Refs

TEXTS = [
    "weave:///ent/proj/object/model:v2",
    "weave:///ent/proj/call/1",
    f"weave:///ent/proj/table/{'a' * 64}",
]


@op
def step(n: int) -> int:
    return n


def test_it_is_a_list_of_texts():
    """Refs become texts; a slice is such a list again."""
    refs = Refs([ObjectRef("ent", "proj", "model", "v2"), *TEXTS[1:]])

    assert list(refs) == TEXTS
    assert (len(refs), refs[1], refs[-1]) == (3, TEXTS[1], TEXTS[2])
    assert refs[1:] == Refs(TEXTS[1:])
    assert refs != TEXTS
    assert repr(refs[1:2]) == "Refs(['weave:///ent/proj/call/1'])"
    assert list(Refs()) == []


def test_refs_are_parsed():
    """All of them, or those of calls."""
    refs = Refs(TEXTS)

    assert refs.parsed() == [
        ObjectRef("ent", "proj", "model", "v2"),
        CallRef("ent", "proj", "1"),
        TableRef("ent", "proj", "a" * 64),
    ]
    assert refs.call_refs() == Refs([TEXTS[1]])


def test_calls_are_read_in_order_each_once():
    """What is not a call, or is gone, is left out."""
    with memory_client("ent/proj") as client:
        made = [step.call(n)[1] for n in range(3)]
        uris = [call.ref.uri() for call in made]
        client.delete_call(made[1])

        calls = Refs([uris[2], TEXTS[0], uris[1], uris[0], uris[2]]).calls()

    assert [(call.id, call.output) for call in calls] == [(made[2].id, 2), (made[0].id, 0)]


def test_more_calls_than_one_query_takes():
    """They are asked for in parts."""
    with memory_client("ent/proj") as client:
        ids = [client.log_call("step", {"n": n}, n).id for n in range(1100)]

        calls = Refs(CallRef("ent", "proj", each) for each in ids).calls()

    assert [call.output for call in calls] == list(range(1100))


def test_what_cannot_be_read_is_refused():
    """A text as the list, no ref, no client, and another project."""
    with pytest.raises(UsageError, match="refs must be a list of refs, not the text"):
        Refs(TEXTS[0])
    with pytest.raises(InvalidRefError, match="nonsense"):
        Refs(["nonsense"]).parsed()
    with pytest.raises(WeaveInitError):
        Refs(TEXTS).calls()
    with (
        memory_client("other/proj"),
        pytest.raises(UsageError, match=r"another project .*WeaveClient\('ent/proj'\)"),
    ):
        Refs(TEXTS).calls()
