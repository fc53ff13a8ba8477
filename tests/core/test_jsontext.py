"""The two JSON writers and the reader, on plain and on nasty values."""

from __future__ import annotations

import enum
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core import jsontext
from weave_lite.core.errors import EncodeError

LONE_SURROGATE = "\ud83d"

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**400])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)


def json_values(scalars, keys):
    """Make a strategy of JSON values of these scalars and keys."""
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )


PLAIN_VALUES = json_values(SCALARS, st.text())
ANY_TEXT = st.text(st.characters())
NASTY_VALUES = json_values(
    SCALARS | st.floats() | ANY_TEXT,
    ANY_TEXT | st.none() | st.booleans() | st.integers() | st.floats() | st.tuples(st.integers()),
)


def has_no_foreign_parts(value):
    """Tell whether a value is plain JSON of UTF-8 texts and finite numbers."""
    if isinstance(value, dict):
        return all(type(key) is str and has_no_foreign_parts(key) for key in value) and all(
            map(has_no_foreign_parts, value.values())
        )
    if isinstance(value, list):
        return all(map(has_no_foreign_parts, value))
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        value.encode()
    return value is None or type(value) in {str, bool, int, float}


@given(PLAIN_VALUES)
def test_compact_round_trips(value):
    """What is written is read back, integers of any size included."""
    text = jsontext.compact(value)
    back = jsontext.parse(text)
    assert back == value
    assert repr(back) == repr(value)
    assert jsontext.parse(text.encode()) == value


@given(st.lists(PLAIN_VALUES))
def test_many_texts_are_read_like_one_by_one(values):
    """Integers of any size included."""
    texts = [jsontext.compact(value) for value in values]
    assert repr(jsontext.parse_all(texts)) == repr([jsontext.parse(text) for text in texts])


@given(PLAIN_VALUES)
def test_canonical_is_what_the_standard_library_writes(value):
    """Digests are made of the text of ``json.dumps``."""
    assert jsontext.canonical(value) == json.dumps(value)
    assert jsontext.canonical_sorted(value) == json.dumps(value, sort_keys=True)


@given(NASTY_VALUES)
def test_nasty_values_become_json(value):
    """Any keys, lone surrogates and numbers that are not numbers still give JSON text."""
    text = jsontext.compact(value)
    text.encode()
    assert has_no_foreign_parts(jsontext.parse(text))
    assert json.loads(text) == jsontext.parse(text)


@given(json_values(SCALARS | st.floats() | ANY_TEXT, ANY_TEXT))
def test_canonical_text_is_that_of_the_stored_value(value):
    """A value and what is read back of it have one canonical text."""
    stored = jsontext.parse(jsontext.compact(value))
    assert jsontext.canonical(stored) == jsontext.canonical(value)
    assert jsontext.canonical_sorted(stored) == jsontext.canonical_sorted(value)


@pytest.mark.parametrize(
    ("value", "compact", "canonical"),
    [
        ({"b": 1, "a": [True, None]}, '{"b":1,"a":[true,null]}', '{"b": 1, "a": [true, null]}'),
        ("é👍", '"é👍"', '"\\u00e9\\ud83d\\udc4d"'),
        (LONE_SURROGATE, '"\\\\ud83d"', '"\\\\ud83d"'),
        ({LONE_SURROGATE: 1}, '{"\\\\ud83d":1}', '{"\\\\ud83d": 1}'),
        ([math.nan, math.inf, -math.inf], "[null,null,null]", "[null, null, null]"),
        ([-0.0, 1.0, 0.1], "[-0.0,1.0,0.1]", "[-0.0, 1.0, 0.1]"),
        (2**64 - 1, "18446744073709551615", "18446744073709551615"),
        (2**64, " 18446744073709551616", "18446744073709551616"),
        ([-(2**63) - 1], " [-9223372036854775809]", "[-9223372036854775809]"),
        (
            {1: 0, None: 0, False: 0},
            '{"1":0,"null":0,"false":0}',
            '{"1": 0, "null": 0, "false": 0}',
        ),
        ({1.5: 0, (1, 2): 0}, '{"1.5":0,"(1, 2)":0}', '{"1.5": 0, "(1, 2)": 0}'),
        ((1, (2,)), "[1,[2]]", "[1, [2]]"),
    ],
)
def test_both_writers(value, compact, canonical):
    """Each writer has its own text for one value."""
    assert jsontext.compact(value) == compact
    assert jsontext.canonical(value) == canonical


def test_subclasses_are_written_as_their_base():
    """A text or number of another class is stored as what it is equal to."""

    class Text(str):
        __slots__ = ()

    class Number(enum.IntEnum):
        ONE = 1

    value = {Text("k"): [Text("v"), Number.ONE]}
    assert jsontext.compact(value) == '{"k":["v",1]}'
    assert jsontext.canonical(value) == '{"k": ["v", 1]}'


def test_parse_reads_any_json_text():
    """Blanks around the text do not matter."""
    assert jsontext.parse(' {"a" : 1}\n') == {"a": 1}
    assert jsontext.parse(b"\n[1]") == [1]
    with pytest.raises(ValueError, match="JSON|unexpected|Expecting"):
        jsontext.parse("{")


@pytest.mark.parametrize("write", [jsontext.compact, jsontext.canonical, jsontext.canonical_sorted])
def test_values_that_cannot_be_written(write):
    """A cycle, a very deep value, a huge integer and a foreign object are told apart."""
    cycle: list = []
    cycle.append(cycle)
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(EncodeError, match="contains itself"):
        write(cycle)
    with pytest.raises(EncodeError, match="nested too deep"):
        write(deep)
    with pytest.raises(EncodeError, match="digits"):
        write([10**5000])
    with pytest.raises(TypeError, match="object is not a JSON value"):
        write([object()])
