"""Tests of ObjectPath: what is read, what is refused, and that writing and reading agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.flow.saved_view.path import ObjectPath

KEYS = st.text(min_size=1) | st.sampled_from([".", "[0]", "\\", "a.b", "0", "]", "[", "\\."])


@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("", []),
        ("inputs", ["inputs"]),
        ("inputs.a", ["inputs", "a"]),
        ("output[0].b", ["output", 0, "b"]),
        ("output[0]b", ["output", 0, "b"]),
        ("output[0][12]", ["output", 0, 12]),
        ("[3]", [3]),
        ("a.0", ["a", "0"]),
        (r"a\.b.c", ["a.b", "c"]),
        (r"a\[0\]", ["a[0]"]),
        (r"a\\b", ["a\\b"]),
        ("a]b", ["a]b"]),
        ("with space.é", ["with space", "é"]),
    ],
)
def test_reading_a_path(text, elements):
    """Dots part keys, brackets hold positions, a backslash takes a character as it is."""
    assert ObjectPath.parse_str(text).elements == elements


@pytest.mark.parametrize(
    "text", ["a..b", ".a", "a.", "a[x]", "a[-1]", "a[]", "a.[0]", "a[0", "a\\"]
)
def test_paths_that_are_refused(text):
    """The error shows where the text cannot be read."""
    with pytest.raises(ValueError, match="cannot be read at position"):
        ObjectPath.parse_str(text)


@given(st.lists(KEYS | st.integers(0, 10**6)))
def test_a_written_path_is_read_as_the_same(elements):
    """Whatever the keys hold."""
    path = ObjectPath(elements)

    assert ObjectPath.parse_str(path.to_str()) == path
    assert hash(ObjectPath.parse_str(str(path))) == hash(path)


def test_positions_and_keys_of_digits_differ():
    """``a[0]`` and ``a.0`` are two paths, which a query writes alike."""
    position, key = ObjectPath(["a", 0]), ObjectPath(["a", "0"])

    assert position != key
    assert (str(position), str(key)) == ("a[0]", "a.0")
    assert position.to_field() == key.to_field() == "a.0"
    assert repr(position) == "ObjectPath(['a', 0])"
