"""Any value as HTML: nasty ones, endless ones, and how ordinary ones look."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import pytest
from html_check import read, text_of
from hypothesis import given
from hypothesis import strategies as st
from nasty import NASTY
from pydantic import BaseModel

from weave_lite.display.html.page import LIMIT_BYTES, rendered
from weave_lite.display.html.values import Brief, brief, write_value

HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=8)
        | st.dictionaries(st.text(), inner, max_size=8)
        | st.tuples(inner)
    ),
    max_leaves=40,
)


@dataclass
class Point:
    x: int
    y: str


class Person(BaseModel):
    name: str
    pet: object = None


class Pair(NamedTuple):
    left: object
    right: object


def shown(value: object) -> str:
    return rendered(lambda page: write_value(page, value))


@given(HOSTILE, st.integers(min_value=1, max_value=3000))
def test_hostile_trees_are_whole_and_small(value, times):
    """Any tree, however often repeated, gives whole HTML below the limit."""
    html = shown({"<td>": [value] * times, "again": {str(at): value for at in range(times)}})

    read(html)
    assert len(html.encode()) <= LIMIT_BYTES


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: nasty.name)
def test_nasty_values_are_shown(nasty):
    """Values that refuse to be printed, compared or walked never raise."""
    value = nasty.make()

    html = shown({"value": value, "inside": [value]})

    read(html)
    assert len(html.encode()) <= LIMIT_BYTES
    assert "value" in text_of(html)


def test_what_is_huge_costs_little():
    """A million items, a value that holds itself and a very deep one are cut early."""
    itself: dict[str, object] = {}
    itself["me"] = [itself, itself]
    deep: list[object] = []
    for _ in range(50_000):
        deep = [deep]

    text = text_of(shown({"many": list(range(1_000_000)), "me": itself, "deep": deep}))

    assert "and 999,900 more" in text


def test_long_texts_say_how_much_is_missing():
    """A text is cut at 20,000 characters."""
    text = text_of(shown("x" * 20_005))

    assert text.endswith("and 5 characters more")


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("a  b\n", Brief("a b", is_whole=False)),
        ({"a": 'say "x"', 2: (1, True)}, Brief('{a: "say \\"x\\"", 2: (1, True)}', is_whole=True)),
        (Point(1, "b"), Brief('Point(x=1, y="b")', is_whole=True)),
        (
            Person(name="Al", pet=Point(1, "")),
            Brief('Person(name="Al", pet=Point(x=1, y=""))', is_whole=True),
        ),
        (Pair(1, None), Brief("Pair(left=1, right=None)", is_whole=True)),
        (
            dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC),
            Brief("2026-01-02 03:00:00+00:00", is_whole=True),
        ),
        (dt.time(3), Brief("03:00:00", is_whole=True)),
        ({1}, Brief("{1}", is_whole=True)),
        (b"ab", Brief("b'ab'", is_whole=True)),
    ],
)
def test_values_in_a_line(value, line):
    """Containers read as people write them; what a line says less of is not whole."""
    assert brief(value) == line


def test_a_number_too_long_to_print():
    """Python refuses to print it; its class stands there."""
    assert brief([10**5000]) == Brief("[<int>]", is_whole=True)


def test_a_line_is_never_longer_than_asked():
    """The cut has an ellipsis as its last character."""
    assert brief([1] * 100, width=10) == Brief("[1, 1, 1,…", is_whole=False)


def test_containers_unfold():
    """The outer keys are a grid; what is inside and long folds away."""
    html = shown({"short": [1], "long": [{"number": at} for at in range(20)]})

    reader = read(html)
    assert reader.tags.count("details") == 1
    assert "details open" not in html
    assert "[1]" in reader.texts
    assert reader.texts.count("{number: 7}") == 1
