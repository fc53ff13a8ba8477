"""Values to JSON text: the fast lane, the exact walk, and that they agree."""

from __future__ import annotations

import copy
import datetime as dt
import threading
import uuid

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core import jsontext
from weave_lite.core.refs import CallRef, ObjectRef, is_ref_text
from weave_lite.serialize import walk

URI = "weave:///ent/proj/object/o:d"

texts = st.text() | st.sampled_from(
    ["api_key", "Authorization", URI, "weave://x", "wandb-artifact://a", '"weave:///q"', "\\", '"']
)
keys = texts | st.sampled_from(["API_KEY", "auth_headers", "api_\u212aey", "authorization2"])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
plain_values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=30
)
# What sends the whole value to the exact walk, and the form it is stored in.
ODD = [
    (dt.date(2024, 1, 2), "2024-01-02"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (2**70, 2**70),
    ({1}, [1]),
]


def has_surrogate(text):
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def redacted(value):
    """The redaction law, in plain Python."""
    if isinstance(value, dict):
        return {
            key: "REDACTED"
            if key.lower() in {"api_key", "auth_headers", "authorization"}
            else redacted(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [redacted(item) for item in value]
    return value


def refs_in(value):
    """All ref texts among the values, in order."""
    if isinstance(value, dict):
        return [ref for item in value.values() for ref in refs_in(item)]
    if isinstance(value, list):
        return [ref for item in value for ref in refs_in(item)]
    return [value] if isinstance(value, str) and is_ref_text(value) else []


@given(plain_values)
def test_plain_json_is_what_the_c_writer_gives(value):
    """Without redaction, encode is one dump."""
    assert walk.encode(value, None, redact=False).text == orjson.dumps(value).decode()


@given(plain_values)
def test_redaction_law(value):
    """Every sensitive key at any depth, no other; the user's value is not touched."""
    before = copy.deepcopy(value)
    assert jsontext.parse(walk.encode(value, None).text) == redacted(value)
    assert value == before


@given(plain_values)
def test_refs_are_those_of_a_plain_walk(value):
    """What the scan of the bytes collects is what a walk over the stored value finds."""
    assert walk.encode(value, None).refs == tuple(dict.fromkeys(refs_in(redacted(value))))


@given(plain_values, st.sampled_from(ODD))
def test_the_exact_walk_agrees_with_the_fast_lane(value, odd):
    """A neighbour that needs the walk changes nothing about the plain rest."""
    item, stored = odd
    encoded = walk.encode({"plain": value, "odd": [item, value]}, None)
    expected = {"plain": redacted(value), "odd": [stored, redacted(value)]}
    assert jsontext.parse(encoded.text) == expected
    assert encoded.refs == tuple(dict.fromkeys(refs_in(expected)))


@given(st.integers() | st.integers(-(10**400), 10**400))
def test_integers_keep_their_digits(number):
    """Of any size; the reader gets the same number back."""
    assert jsontext.parse(walk.encode([number], None).text) == [number]


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_is_stored(text):
    """Lone surrogates become their escape, everything else stays."""
    stored = jsontext.parse(walk.encode(text, None).text)
    expected = text.encode("utf-8", "backslashreplace").decode() if has_surrogate(text) else text
    assert stored == expected


@pytest.mark.parametrize(
    ("value", "refs"),
    [
        ({"weave:///ent/proj/object/key:d": 1}, ()),
        ([URI, {"a": URI}, "x " + URI], (URI,)),
        ('say "weave:///ent/proj/object/quoted:d"', ()),
        (["\\", URI], (URI,)),
        ('weave:///e/p/object/a"b\\c:d', ('weave:///e/p/object/a"b\\c:d',)),
        ("weave-trace-internal:///1/object/a:b", ("weave-trace-internal:///1/object/a:b",)),
        ("wandb-artifact:///a", ("wandb-artifact:///a",)),
        ("weave:/no", ()),
        ("Weave:///no", ()),
        ({"é": "weave:///ent/proj/object/é:d"}, ("weave:///ent/proj/object/é:d",)),
        ({"api_key": URI, "b": [URI]}, (URI,)),
        ({"api_key": URI}, ()),
    ],
)
def test_collected_refs(value, refs):
    """Values that begin as a ref count, each once; keys, quotes and redacted values do not."""
    assert walk.encode(value, None).refs == refs


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (
            {"API_Key": 1, "x": {"AUTHORIZATION": [1]}},
            {"API_Key": "REDACTED", "x": {"AUTHORIZATION": "REDACTED"}},
        ),
        ([{"auth_headers": None}], [{"auth_headers": "REDACTED"}]),
        ({"api_\u212aey": 1}, {"api_\u212aey": "REDACTED"}),
        (
            {"my_api_key": 1, "api_keys": 2, "authors": 3},
            {"my_api_key": 1, "api_keys": 2, "authors": 3},
        ),
        ({"text": '{"api_key": "not a key"}'}, {"text": '{"api_key": "not a key"}'}),
        ({"api_key": 2**70, "n": 2**70}, {"api_key": "REDACTED", "n": 2**70}),
        (
            {"api_key": dt.date(2024, 1, 1), "n": dt.date(2024, 1, 1)},
            {"api_key": "REDACTED", "n": "2024-01-01"},
        ),
    ],
)
def test_redacted_keys(value, stored):
    """In any case, at any depth, in the fast lane and in the walk; and only whole keys."""
    assert jsontext.parse(walk.encode(value, None).text) == stored


def test_depth_is_cut_exactly_and_alike_in_both_lanes(store):
    """200 levels are kept; what is below says its type."""

    def nest(levels, leaf):
        for _ in range(levels):
            leaf = {"k": [leaf]}
        return leaf

    kept, cut = nest(100, 1), nest(100, [1])
    assert jsontext.parse(walk.encode(kept, store).text) == kept
    assert jsontext.parse(walk.encode(cut, store).text) == nest(100, "<depth: list>")
    odd = {"odd": dt.date(2024, 1, 1), "in": kept["k"]}
    assert jsontext.parse(walk.encode(odd, store).text) == {**odd, "odd": "2024-01-01"}
    odd = {"odd": dt.date(2024, 1, 1), "in": [cut["k"][0]["k"]]}
    stored = jsontext.parse(walk.encode(odd, store).text)
    assert stored["in"] == [cut["k"][0]["k"]]
    odd["in"] = [odd["in"]]
    assert "<depth: list>" in walk.encode(odd, store).text


@pytest.mark.parametrize("text", ["[" * 500, "]" * 500, "[]" * 500, "]{[}" * 300])
def test_brackets_in_texts_are_no_levels(text, store):
    """A false alarm of the depth scan costs time only."""
    assert jsontext.parse(walk.encode([{"a": text}], store).text) == [{"a": text}]


def test_many_containers_are_not_deep(store):
    """A long table stays as it is."""
    rows = [{"id": at, "tags": [[at]]} for at in range(1000)]
    assert walk.encode(rows, store).text == orjson.dumps(rows).decode()


def test_refs_become_their_uri(store):
    """Ref values of any kind, which also count as refs of the value."""
    refs = [ObjectRef("ent", "proj", "o", "d", ("key", "a/b")), CallRef("ent", "proj", "1")]
    encoded = walk.encode({"refs": refs}, store)
    uris = [ref.uri() for ref in refs]
    assert jsontext.parse(encoded.text) == {"refs": uris}
    assert encoded.refs == tuple(uris)


def test_keys_that_are_equal_as_text_are_said(store, caplog):
    """The last value stays; a warning says it, once. Other dicts give none."""
    walk._warned.discard("keys")

    texts = [walk.encode(value, store).text for value in ({1: "a", 2: "b"}, *[{"1": 1, 1: 2}] * 2)]

    assert texts == ['{"1":"a","2":"b"}', '{"1":2}', '{"1":2}']
    assert [record.getMessage() for record in caplog.records] == [
        "keys of a dict are equal as text, such as 1 and '1'; the last value is stored"
    ]


def test_a_failing_codec_is_said_once(store, caplog):
    """The value is stored as text, with one warning per class."""

    class Sized:
        def to_dict(self):
            return {"a": 1}

    class Failing(dt.date):
        def isoformat(self):
            raise ValueError("no")

    walk.encode([Failing(2024, 1, 1), Failing(2024, 1, 2), Sized()], store)
    messages = [record.getMessage() for record in caplog.records]
    assert messages == ["values of type Failing are stored as text: writing one raised ValueError"]


def test_threads_may_change_what_is_being_written(store):
    """A snapshot is stored, no error and no crash, whatever other threads do meanwhile."""
    value = {"plain": list(range(50)), "odd": [dt.date(2024, 1, 1)] * 20}
    is_done = threading.Event()

    def change():
        while not is_done.is_set():
            value["plain"].append({"a": [1]})
            value["new"] = [dt.date(2024, 1, 1)]
            value["odd"].append(object())
            del value["new"], value["plain"][50:], value["odd"][20:]

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(500):
            stored = jsontext.parse(walk.encode(value, store).text)
            assert stored["plain"][:50] == list(range(50))
    finally:
        is_done.set()
        thread.join()
