"""The byte scans: no false negatives, and what they find."""

from __future__ import annotations

import itertools

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core.refs import REF_PREFIXES
from weave_lite.serialize.redact import (
    SENSITIVE_KEYS,
    collect_refs,
    find_notable,
    has_key,
    redact,
)


def test_first_letters():
    """The scans look at the first letter before anything else."""
    assert {key[0] for key in SENSITIVE_KEYS} == {"a"}
    assert {prefix[0] for prefix in REF_PREFIXES} == {"w"}


def test_every_case_of_every_key_is_found():
    """All 2**n ways to write the letters of the shortest key, and random ones of the others."""
    word = "api_key"
    for letters in itertools.product(*[{letter, letter.upper()} for letter in word]):
        assert has_key(orjson.dumps({"".join(letters): 1})) is not None


@given(st.sampled_from(sorted(SENSITIVE_KEYS)), st.randoms(use_true_random=False))
def test_random_cases(key, random):
    """Both scans find them."""
    data = orjson.dumps([{"x": {"".join(random.choice([c, c.upper()]) for c in key): None}}])
    assert has_key(data) is not None
    assert find_notable(data) is not None


def test_no_other_character_lowers_to_a_letter_of_a_key():
    """But the Kelvin sign, which the scans know."""
    letters = {letter for key in SENSITIVE_KEYS for letter in key}
    others = {chr(code) for code in range(128, 0x110000) if chr(code).lower() in letters}
    assert others == {"\N{KELVIN SIGN}"}


@pytest.mark.parametrize("prefix", REF_PREFIXES)
def test_every_prefix_is_found(prefix):
    """At the very start and after any character that can come before a text."""
    for value in (prefix, [prefix], {"k": prefix}, [1, prefix + "x"]):
        data = orjson.dumps(value)
        assert find_notable(data) is not None
        assert len(collect_refs(data)) == 1


@given(st.text(max_size=30), st.sampled_from(["api_key", "weave:///a"]))
def test_texts_that_quote_are_no_hits(text, word):
    """Inside a text, neither a key nor a ref is found."""
    data = orjson.dumps([f'{text} {{"{word}":1}} "{word}"'])
    assert has_key(data) is None
    assert collect_refs(data) == ()


def test_redact_works_in_place():
    """On our own tree, at any depth."""
    tree = {"a": [{"Authorization": {"b": 1}}], "api_key": None, "keep": "api_key"}
    assert redact(tree) is tree
    assert tree == {"a": [{"Authorization": "REDACTED"}], "api_key": "REDACTED", "keep": "api_key"}
