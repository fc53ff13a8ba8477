"""The first look at stored JSON text: it may let through, but never rule out what is there."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Text, literal_column
from sqlalchemy.dialects import sqlite

from weave_lite.core.jsontext import compact
from weave_lite.trace_server.query.preselect import may_be, may_hold

DOCUMENT = literal_column("document", Text)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12) | st.text(
    'ab-*?[]^{}é\u4e00\U0001f600"\\\n ', max_size=8
)


def pattern_of(condition):
    (pattern,) = condition.compile(dialect=sqlite.dialect()).params.values()
    return pattern


def lets_through(condition, document):
    with sqlite3.connect(":memory:") as conn:
        (found,) = conn.execute("SELECT ? GLOB ?", (document, pattern_of(condition))).fetchone()
    conn.close()
    return bool(found)


@given(before=TEXTS, part=TEXTS, after=TEXTS)
def test_never_rules_out_what_a_value_contains(before, part, after):
    """A document with a value that contains the text passes the first look."""
    condition = may_hold(DOCUMENT, part)
    document = compact({"key": [before + part + after, 1.5, None]})
    assert condition is None or lets_through(condition, document)


@given(text=TEXTS, number=st.integers())
def test_never_rules_out_what_a_value_is(text, number):
    """A document with a value that is the text passes the first look; lists read as their text."""
    for value in (text, [text, number]):
        read = value if isinstance(value, str) else compact(value)
        condition = may_be(DOCUMENT, [read])
        assert condition is None or lets_through(condition, compact({"a": {"b": value}}))


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("needle", "*needle*"),
        ("rare-model", "*-model*"),
        ("the-end", "*he-end*"),
        ("late Zebras", "*Zebras*"),
        ("100%*", "*100%[*]*"),
        ("*?[", "*[*][?][[]*"),
        ("ünï", "*ünï*"),
    ],
)
def test_patterns_begin_with_a_rare_character(text, pattern):
    """GLOB jumps from one first character to the next; wildcards of the text are none."""
    assert pattern_of(may_hold(DOCUMENT, text)) == pattern


@pytest.mark.parametrize("text", ["", "ab", 'say "x"', "back\\slash", "two\nlines", "x" * 1001])
def test_texts_that_are_not_looked_for(text):
    """Short texts save nothing; texts that JSON escapes stand otherwise in the document."""
    assert may_hold(DOCUMENT, text) is None
    assert may_be(DOCUMENT, ["plain", text]) is None


def test_many_texts_are_not_looked_for():
    """A long list would cost more than it saves."""
    assert may_be(DOCUMENT, ["aaa", "bbb", "ccc", "ddd"]) is not None
    assert may_be(DOCUMENT, ["aaa", "bbb", "ccc", "ddd", "eee"]) is None
