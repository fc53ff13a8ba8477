"""Stored facts that come from elsewhere: what is not of its type is found out from the bytes."""

from __future__ import annotations

import json

import pytest

from weave_lite.serialize.media.facts import facts_of, stored_facts

DATA = b"hello"
FACTS = facts_of(DATA, ("text/plain", ".txt"), ("bytes", "bytes", "utf-8"), None, None)


def read(text):
    return stored_facts(text, lambda: DATA)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"size": "5", "mimetype": 5, "digest": ["d"], "filename": {}}',
        b'{"size": -1, "encoding": 5, "content_type": null, "input_type": 1}',
        b'{"size": true, "mimetype": "text/\\u0000plain", "filename": "\\ud800.txt"}',
        b'{"mimetype": "a\\nb", "extension": "/../../x"}',
        b'{"extension": "..\\\\x"}',
        b'{"extension": 5}',
    ],
)
def test_what_is_wrong_is_left_out(text):
    """Nothing of it comes through."""
    assert read(text) == FACTS


def test_what_is_right_stays_in_its_order():
    """So that a content that is stored again is the same; also what is not known here."""
    stored = {"newer": [1], **FACTS, "metadata": {"n": 1}, "extension": None, "filename": "a b.md"}
    assert list(read(json.dumps(stored).encode()).items()) == list(stored.items())


def test_a_long_name_keeps_its_end():
    """No file system takes a longer one."""
    name = read(json.dumps({**FACTS, "filename": "\u00e9" * 300 + ".png"}).encode())["filename"]
    assert (len(name.encode()), name[-6:]) == (200, "\u00e9\u00e9.png")
