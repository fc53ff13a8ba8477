"""Refs: both parsers against the 36 known URIs, values that never change, and round trips."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core import ref_kinds, refs
from weave_lite.core.errors import InvalidRefError, WeaveInitError

CASES = json.loads((Path(__file__).parents[1] / "data" / "refs.json").read_text("utf-8"))
DIGEST = "A" * 43

PART = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/:"), min_size=1)
VALUE = st.text(st.characters(exclude_categories=["Cs"]))
STEP = st.tuples(st.sampled_from(["attr", "key", "id"]), VALUE) | st.tuples(
    st.just("index"), st.integers(-5, 10**6).map(str)
)
EXTRA = st.lists(STEP, max_size=4).map(lambda steps: tuple(part for step in steps for part in step))
PATH_REFS = (
    st.builds(refs.ObjectRef, PART, PART, PART, PART, EXTRA)
    | st.builds(refs.OpRef, PART, PART, PART, PART, EXTRA)
    | st.builds(refs.CallRef, PART, PART, PART, EXTRA)
)
ALL_REFS = PATH_REFS | st.builds(refs.TableRef, PART, PART, PART)


def has_parts(ref, expected):
    """Tell whether a ref has the parts of a case."""
    actual = {name: getattr(ref, name) for name in expected}
    actual = {name: list(v) if isinstance(v, tuple) else v for name, v in actual.items()}
    return actual == expected


def test_all_known_uris_are_there():
    """The tests below run on 36 URIs."""
    assert len(CASES) == 36


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["uri"][:60])
def test_client_parser(case):
    """The client's parser takes what the case says, and prints it back."""
    if case["client_parse"] is None:
        assert refs.maybe_parse_uri(case["uri"]) is None
        with pytest.raises(InvalidRefError, match="Invalid ref"):
            refs.parse_uri(case["uri"])
        return
    ref = refs.parse_uri(case["uri"])
    assert has_parts(ref, case["client_parse"])
    assert ref.uri() == str(ref) == case["rendered"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["uri"][:60])
def test_server_parser(case):
    """The server's parser takes what the case says."""
    if case["server_parse"] is None:
        with pytest.raises(InvalidRefError, match="Invalid ref"):
            refs.parse_server_uri(case["uri"])
        return
    assert has_parts(refs.parse_server_uri(case["uri"]), case["server_parse"])


@given(ALL_REFS)
def test_a_uri_reads_back_as_the_ref(ref):
    """Both parsers undo ``uri``; the kinds are not confused."""
    assert refs.parse_uri(ref.uri()) == ref
    assert refs.parse_server_uri(ref.uri()) == ref
    assert refs.is_ref_text(ref.uri())


@given(st.text() | st.text().map("weave:///a/b/object/".__add__))
def test_any_text_is_a_ref_or_a_clear_error(text):
    """No text makes a parser fail in another way."""
    for parse in (refs.parse_uri, refs.parse_server_uri):
        try:
            ref = parse(text)
        except InvalidRefError:
            continue
        assert isinstance(ref, refs.Ref | refs.InternalRef | refs.ArtifactRef)


@pytest.mark.parametrize(
    ("uri", "ref"),
    [
        (
            "weave-trace-internal:///UA==/op/f:d/attr/x",
            refs.InternalRef("UA==", "op", "f", "d", ("attr", "x")),
        ),
        (
            "weave-trace-internal:///UA==/call/1/key/a%2Fb",
            refs.InternalRef("UA==", "call", "1", "", ("key", "a/b")),
        ),
        ("weave-trace-internal:///UA==/table/d", refs.InternalRef("UA==", "table", "", "d")),
        ("wandb-artifact:///e/p/n:v0", refs.ArtifactRef("e/p", "n:v0")),
        ("wandb-artifact:///e/p/n:v0/a/b.txt", refs.ArtifactRef("e/p", "n:v0", "a/b.txt")),
    ],
)
def test_foreign_forms_are_known_to_the_server_only(uri, ref):
    """The server can name them; a client cannot use them."""
    assert refs.parse_server_uri(uri) == ref
    assert refs.maybe_parse_uri(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        "weave-trace-internal:///UA==/object",
        "weave-trace-internal:////object/o:d",
        "weave-trace-internal:///UA==/object/o",
        "weave-trace-internal:///UA==/thing/o:d",
        "weave-trace-internal:///UA==/object/o:d/foo/x",
        "wandb-artifact:///e/p",
        "wandb-artifact:///e/p/n",
        "wandb-artifact:///e/p/n:v:w",
        "weave:///e/p/object/o:",
        None,
        5,
    ],
)
def test_forms_that_no_parser_takes(uri):
    """Half a foreign form, or no text at all, is refused."""
    with pytest.raises(InvalidRefError, match="Invalid ref"):
        refs.parse_server_uri(uri)


def test_errors_stay_short():
    """The message of an error shows the beginning of a long text."""
    with pytest.raises(InvalidRefError) as caught:
        refs.parse_uri("x" * 1_000_000)
    assert len(str(caught.value)) < 500


@given(ALL_REFS)
def test_refs_are_values(ref):
    """Copies and pickles are equal, hash alike, and cannot be changed."""
    for twin in (pickle.loads(pickle.dumps(ref)), copy.copy(ref), copy.deepcopy(ref)):
        assert (type(twin), twin, hash(twin), repr(twin)) == (type(ref), ref, hash(ref), repr(ref))
    with pytest.raises(AttributeError, match="frozen"):
        ref.entity = "other"
    with pytest.raises(AttributeError, match="frozen"):
        del ref.entity
    with pytest.raises(AttributeError):
        ref.unknown = 1


def test_refs_of_different_kinds_are_never_equal():
    """An op is not the object of the same name and digest."""
    as_object, as_op = refs.ObjectRef("e", "p", "n", "d"), refs.OpRef("e", "p", "n", "d")
    assert as_object != as_op
    assert as_object != "weave:///e/p/object/n:d"
    assert {as_object: 1, as_op: 2} == {refs.OpRef("e", "p", "n", "d"): 2, as_object: 1}


def test_repr_can_be_read():
    """The text names the parts."""
    ref = refs.ObjectRef("e", "p", "n", "d").with_key("k")
    assert repr(ref) == (
        "ObjectRef(entity='e', project='p', name='n', digest='d', extra=('key', 'k'))"
    )
    assert eval(repr(ref), vars(refs)) == ref


def test_pointing_below_a_ref():
    """Each step adds an edge and leaves the ref as it was."""
    base = refs.OpRef("acme", "demo", "f", DIGEST)
    below = base.with_attr("rows").with_item("r/1").with_key("a b").with_index(3)
    assert below.uri() == f"weave:///acme/demo/op/f:{DIGEST}/attr/rows/id/r%2F1/key/a%20b/index/3"
    assert type(below) is refs.OpRef
    assert base.extra == ()
    call = refs.CallRef("acme", "demo", "1").with_attr("output")
    assert call == refs.CallRef("acme", "demo", "1", ("attr", "output"))


def test_descent():
    """A ref descends from those that its path goes through."""
    base = refs.ObjectRef("e", "p", "n", "d")
    below = base.with_key("a").with_key("b")
    assert below.is_descended_from(base)
    assert below.is_descended_from(base.with_key("a"))
    assert not below.is_descended_from(base.with_key("x"))
    assert not below.is_descended_from(below)
    assert not base.is_descended_from(below)
    assert not below.is_descended_from(refs.ObjectRef("e", "p", "n", "other"))


def test_project_id():
    """Every ref knows the id of its project."""
    assert refs.TableRef("e", "p", "d").project_id == "e/p"
    assert refs.InternalRef("UA==", "object", "o", "d").project_id == "UA=="


def test_the_base_has_no_uri():
    """A bare ref says what to use instead."""
    with pytest.raises(TypeError, match="use a ref of an object"):
        refs.Ref("e", "p").uri()


@pytest.mark.parametrize(
    ("text", "is_ref"),
    [
        ("weave:///a/b/call/1", True),
        ("weave://x", True),
        ("weave-trace-internal:///x", True),
        ("wandb-artifact:///x", True),
        ("weave:/x", False),
        (" weave:///a", False),
        ("http://weave://", False),
        ("", False),
    ],
)
def test_is_ref_text(text, is_ref):
    """What counts as a ref when refs are collected."""
    assert refs.is_ref_text(text) is is_ref


class RecordingResolver:
    """A resolver that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def get(self, ref, *, objectify, allow_stored_code):
        self.asked.append(("get", ref, objectify, allow_stored_code))
        return "value"

    def delete(self, ref):
        self.asked.append(("delete", ref))


def test_reading_and_deleting_go_to_the_resolver(monkeypatch):
    """A ref does no I/O itself; without a tracer it says what to call."""
    monkeypatch.setattr(ref_kinds, "_resolver", None)
    ref = refs.ObjectRef("e", "p", "n", "d")
    with pytest.raises(WeaveInitError, match=r"weave\.init"):
        ref.get()
    with pytest.raises(WeaveInitError, match="weave:///e/p/object/n:d"):
        ref.delete()
    resolver = RecordingResolver()
    refs.set_resolver(resolver)
    assert ref.get(allow_stored_code=True) == "value"
    ref.delete()
    assert resolver.asked == [("get", ref, True, True), ("delete", ref)]
