"""Attributes: unfolding at dots, JSON texts, look-ups, lists."""

from __future__ import annotations

import json

import pytest

from weave_lite.trace_server.otel.attributes import MISSING, Attributes, with_lists


@pytest.mark.parametrize(
    ("flat", "tree"),
    [
        ({}, {}),
        ({"a": 1}, {"a": 1}),
        ({"a.b": 1, "a.c": 2}, {"a": {"b": 1, "c": 2}}),
        ({"a.0.r": "x", "a.1.r": "y"}, {"a": {"0": {"r": "x"}, "1": {"r": "y"}}}),
        # A key that has a value of its own keeps it, in either order.
        ({"a": 1, "a.b": 2}, {"a": 1, "a.b": 2}),
        ({"a.b": 2, "a": 1}, {"a.b": 2, "a": 1}),
        ({"x.a": {"q": 1}, "x.a.b.c": 2}, {"x": {"a": {"q": 1}, "a.b.c": 2}}),
        ({"a": None, "a.b": 2}, {"a": None, "a.b": 2}),
        ({"a..b": 1, ".": 2}, {"a": {"": {"b": 1}}, "": {"": 2}}),
        ({"j": '{"q": [1]}', "k": "[1, 2"}, {"j": {"q": [1]}, "k": "[1, 2"}),
        ({"t": " {}", "u": "{}"}, {"t": " {}", "u": {}}),
    ],
)
def test_unfold(flat, tree):
    """Dots nest, JSON texts are parsed, and no value is lost to another."""
    assert Attributes(flat).tree == tree


def test_unfold_leaves_the_flat_attributes_as_they_are():
    """Parsed JSON of one key is not changed by a key below it."""
    found = Attributes({"a": '{"x": 1}', "a.y": 2})
    assert found.flat == {"a": {"x": 1}, "a.y": 2}


def test_unfold_has_a_depth():
    """A key of very many dots does not nest without end."""
    key = ".".join("k" * 500)
    tree = Attributes({key: 1}).tree
    for _ in range(32):
        tree = tree["k"]
    assert tree == {".".join("k" * 468): 1}


@pytest.mark.parametrize(
    ("flat", "key", "value"),
    [
        ({"a.b": 1}, "a.b", 1),
        ({"a.b.c": 1}, "a.b", {"c": 1}),
        ({"a": '[{"b": 5}]'}, "a.0.b", 5),
        ({"a": "[1]"}, "a.1", MISSING),
        ({"a": 1}, "a.b", MISSING),
        ({"a": None}, "a", MISSING),
        ({"a": 0}, "a", 0),
        ({"a": False}, "a", False),
        ({"a": ""}, "a", ""),
        # The key as it stands goes before the path.
        ({"a.b": 1, "a.b.c": 2}, "a.b", 1),
    ],
)
def test_get(flat, key, value):
    """A key is looked up as it stands, then by path; only null counts as absent."""
    assert Attributes(flat).get(key) == value


def test_many_brackets_are_no_depth():
    """A long JSON text is parsed like a short one."""
    rows = [{"n": number} for number in range(500)]
    assert Attributes({"rows": json.dumps(rows)}).get("rows") == rows


def test_first():
    """The first key with a value is found, with its name."""
    found = Attributes({"b": 0, "c": 1})
    assert found.first(("a", "b", "c")) == ("b", 0)
    assert found.first(("x", "y")) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, {}),
        ({"0": "a"}, ["a"]),
        ({"1": "b", "0": "a"}, ["a", "b"]),
        ({"0": "a", "2": "b"}, {"0": "a", "2": "b"}),
        ({"00": "a"}, {"00": "a"}),
        ({"0": {"0": 1}, "1": [{"0": 2}]}, [[1], [[2]]]),
        ("text", "text"),
    ],
)
def test_with_lists(value, expected):
    """Maps of the keys 0..n-1 are lists, at every level."""
    assert with_lists(value) == expected
