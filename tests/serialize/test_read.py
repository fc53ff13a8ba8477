"""Stored JSON back to values; and that what was written reads back as it was."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory_store import MemoryStore

from weave_lite.core import jsontext
from weave_lite.core.errors import NotFoundError
from weave_lite.core.refs import CallRef, ObjectRef, OpRef, TableRef
from weave_lite.serialize import walk
from weave_lite.serialize.opaque import OpaqueValue
from weave_lite.serialize.read import decode, is_plain_text


@dataclasses.dataclass
class Point:
    x: object
    y: object = None


CLASSES = {"Point": Point}


def build(record):
    """Rebuild the classes of this file."""
    cls = CLASSES[record["_class_name"]]
    return cls(**{f.name: record[f.name] for f in dataclasses.fields(cls)})


def there_and_back(value, store):
    return decode(jsontext.parse(walk.encode(value, store, redact=False).text), store, build)


plain_texts = st.text(st.characters(exclude_categories=["Cs"])).filter(
    lambda text: not text.startswith("weave:///")
)
plain_keys = plain_texts.filter(lambda key: key not in {"_type", "_weave_lite"})
instants = st.datetimes(timezones=st.just(dt.UTC))
refs = st.builds(ObjectRef, st.just("e"), st.just("p"), st.just("n"), st.just("d")) | st.builds(
    CallRef, st.just("e"), st.just("p"), st.just("1")
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | plain_texts
    | instants
    | refs
    | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner) | st.dictionaries(plain_keys, inner) | st.builds(Point, inner, inner)
    ),
    max_leaves=20,
)


@given(values)
def test_values_survive(value):
    """Plain JSON, instants, refs, bytes and dataclasses read back equal."""
    assert there_and_back(value, MemoryStore()) == value


@pytest.mark.parametrize(
    ("uri", "ref"),
    [
        ("weave:///e/p/object/n:d/key/a%2Fb", ObjectRef("e", "p", "n", "d", ("key", "a/b"))),
        ("weave:///e/p/op/n:d", OpRef("e", "p", "n", "d")),
        ("weave:///e/p/table/d", TableRef("e", "p", "d")),
        ("weave:///e/p/call/1", CallRef("e", "p", "1")),
        ("weave:///no", "weave:///no"),
        ("weave://x", "weave://x"),
    ],
)
def test_ref_texts(uri, ref, store):
    """Texts that are refs become refs; texts that only begin so stay."""
    assert decode([uri, {"k": uri}], store) == [ref, {"k": ref}]


def test_records_are_built_from_the_inside(store):
    """A record's fields are read before it is built."""
    built = []

    def build_record(record):
        built.append(record["_type"])
        return (record["_type"], record["a"])

    record = {"_type": "Outer", "a": [{"_type": "Inner", "a": 1}]}
    assert decode(record, store, build_record) == ("Outer", [("Inner", 1)])
    assert built == ["Inner", "Outer"]
    assert record == {"_type": "Outer", "a": [{"_type": "Inner", "a": 1}]}


def test_without_a_builder_records_stay_dicts(store):
    """Their fields are read all the same."""
    record = {"_type": "T", "at": "weave:///e/p/call/1"}
    assert decode(record, store) == {"_type": "T", "at": CallRef("e", "p", "1")}


@pytest.mark.parametrize(
    ("val", "moment"),
    [
        ("2024-01-02T03:04:05+00:00", dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC)),
        (
            "2024-01-02T00:00:00+02:00",
            dt.datetime(2024, 1, 2, tzinfo=dt.timezone(dt.timedelta(hours=2))),
        ),
    ],
)
@pytest.mark.parametrize("load_op", [{}, {"load_op": None}, {"load_op": "weave:///e/p/op/l:d"}])
def test_instants_of_the_reference_and_ours(val, moment, load_op, store):
    """``load_op`` may be anything; it is never run."""
    record = {"_type": "CustomWeaveType", "weave_type": {"type": "datetime.datetime"}, "val": val}
    decoded = decode({**record, **load_op}, store)
    assert (decoded, decoded.utcoffset()) == (moment, moment.utcoffset())


def test_unknown_custom_type(store):
    """A placeholder: type, value and files can be read, and it is stored again as it was."""
    digest = store.save_file("a.bin", b"content")
    record = {
        "_type": "CustomWeaveType",
        "weave_type": {"type": "other.Thing"},
        "files": {"a.bin": digest},
        "load_op": "weave:///e/p/op/load_other.Thing:d",
    }
    value = decode([record], store)[0]
    assert isinstance(value, OpaqueValue)
    assert (value.type_id, value.val, value.files) == ("other.Thing", None, {"a.bin": digest})
    assert value.read("a.bin") == b"content"
    assert repr(value) == "<OpaqueValue other.Thing: no loader is registered>"
    with pytest.raises(NotFoundError, match=r"There is no file 'b'; the value has \['a.bin'\]"):
        value.read("b")
    store.files.pop(digest)
    other = type(store)()
    other.files[digest] = b"content"
    again = decode(record, other)
    assert again == value
    assert jsontext.parse(walk.encode([again], store).text) == [record]
    assert store.files == {digest: b"content"}


def test_a_failing_loader_gives_a_placeholder(store):
    """It says why; the record is there."""
    record = {
        "_type": "CustomWeaveType",
        "weave_type": {"type": "datetime.datetime"},
        "val": "not a date",
    }
    value = decode(record, store)
    assert (value.val, type(value.error)) == ("not a date", ValueError)
    assert value != record
    assert "ValueError" in repr(value)


@pytest.mark.parametrize(
    "record",
    [
        {"_type": "CustomWeaveType"},
        {"_type": "CustomWeaveType", "weave_type": "text"},
        {"_type": "CustomWeaveType", "weave_type": {"type": 1}},
        {"_weave_lite": "bytes", "digest": "missing", "size_bytes": 1, "mimetype": "a/b"},
        {"_weave_lite": "bytes"},
        {"_weave_lite": ["bytes"], "digest": "d", "size_bytes": 1},
        {"_weave_lite": "newer", "digest": "d", "size_bytes": 1},
    ],
)
def test_records_that_only_look_special_stay_dicts(record, store):
    """Half a record, a missing file, a kind of a later version."""
    assert decode({"a": record}, store) == {"a": record}


def test_a_large_array_comes_back(store):
    """From its file, with type and shape."""
    array = np.arange(20_000, dtype="int16").reshape(100, 200)
    back = there_and_back({"a": array}, store)["a"]
    assert (back.dtype, back.shape, (back == array).all()) == (array.dtype, array.shape, True)


def test_deep_json_is_read_without_recursion(store):
    """As deep as a parser may give it."""
    value: object = "weave:///e/p/call/1"
    for _ in range(50_000):
        value = [value]
    decoded = decode(value, store)
    for _ in range(50_000):
        decoded = decoded[0]
    assert decoded == CallRef("e", "p", "1")


@pytest.mark.parametrize(
    ("value", "is_plain"),
    [
        ({"type": "a", "b": ["weave"]}, True),
        ({"_type": "a"}, False),
        (["weave:///e/p/call/1"], False),
        ({"_weave_lite": "bytes"}, False),
    ],
)
def test_plain_texts_are_known(value, is_plain):
    """What need not be walked; a text that holds a mark may count as not plain."""
    assert is_plain_text(jsontext.compact(value)) is is_plain


marked_texts = st.sampled_from(
    ["_", "/", "_type", "_weave_lite", "weave:///", "weave:///e/p/call/1"]
)
marked_values = st.recursive(
    marked_texts | plain_texts | st.integers(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(marked_texts.map(lambda t: t[:11]) | plain_texts, inner)
    ),
)


def has_mark(value):
    """Tell it by a walk."""
    if isinstance(value, dict):
        return any(key in {"_type", "_weave_lite"} or has_mark(part) for key, part in value.items())
    if isinstance(value, list):
        return any(map(has_mark, value))
    return isinstance(value, str) and value.startswith("weave:///")


@given(marked_values)
def test_no_mark_is_overlooked(value):
    """Whatever else the text has of the letters of marks."""
    assert not (has_mark(value) and is_plain_text(jsontext.compact(value)))
