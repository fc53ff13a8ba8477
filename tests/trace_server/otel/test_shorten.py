"""Names that are too long."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.trace_server.otel.shorten import short_display_name, short_op_name


def hash_of(name):
    """The mark of a shortened name."""
    return ":" + hashlib.sha256(name.encode()).hexdigest()[:4]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a" * 129, "a" * 123),
        ("a" * 122 + "/" + "b" * 50, "a" * 122),
        ("a" * 123 + "/" + "b" * 50, "a" * 123),
        ("a" * 124 + "/" + "b" * 50, "a" * 123),
        ("a/" * 100, "a/" * 60 + "a"),
        ("https://" + "a" * 200, "https:"),
        ("/" + "a" * 200, "/" + "a" * 122),
        ("a b.c?" + "d" * 200, "a b.c"),
        ("x,y;z|" + "d" * 200, "x,y;z"),
    ],
)
def test_op_name(name, kept):
    """The cut is before the last delimiters that fit, or hard; a hash keeps names apart."""
    assert short_op_name(name) == kept + hash_of(name)


def test_short_names_stay():
    """What fits is left as it is."""
    assert short_op_name("a." * 64) == "a." * 64
    assert short_display_name("a " * 512) == "a " * 512


def test_display_name():
    """A display name is cut behind the delimiter, and ends in three dots, not more."""
    assert short_display_name("a" * 1025) == "a" * 1021 + "..."
    assert short_display_name("a" * 1000 + " " + "b" * 100) == "a" * 1000 + " ..."
    assert short_display_name("a" * 1000 + "." + "b" * 100) == "a" * 1000 + "..."
    assert short_display_name("." * 1025) == "." * 1021 + "..."


@given(st.text(alphabet="ab/. é\U0001f600", min_size=100, max_size=300))
def test_limit(name):
    """Whatever the name, the limit holds and something is left."""
    short = short_op_name(name)
    assert 0 < len(short) <= 128
    assert len(name) > 128 or short == name
