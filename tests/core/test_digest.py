"""Digests against the 60 known cases, and the laws that they follow."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core import digest, jsontext

CASES = json.loads((Path(__file__).parents[1] / "data" / "digests.json").read_text("utf-8"))
VALUE_KINDS = {"object", "op", "row", "builtin_object"}

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def cases(*kinds):
    """Give the cases of some kinds, with a readable id each."""
    return [
        pytest.param(case, id=f"{at}-{case['kind']}-{case.get('note', '')}")
        for at, case in enumerate(CASES)
        if case["kind"] in kinds
    ]


def test_all_known_cases_are_used():
    """The tests below cover every kind of the 60 cases."""
    assert len(CASES) == 60
    assert {case["kind"] for case in CASES} == VALUE_KINDS | {"table", "table_update", "file"}


@pytest.mark.parametrize("case", cases(*VALUE_KINDS))
def test_value_digest(case):
    """Values hash in insertion order; newer clients sort the keys."""
    value = case.get("stored", case["input"])
    assert digest.digest_json(value) == case["digest"]
    assert digest.digest_canonical(jsontext.canonical(value)) == case["digest"]
    assert digest.digest_json_sorted(value) == case["digest_sorted_keys"]


@pytest.mark.parametrize("case", cases("table"))
def test_table_digest(case):
    """A table hashes its row digests, in order, repeats included."""
    rows = [digest.digest_json(row) for row in case["input"]]
    assert rows == case["row_digests"]
    assert digest.digest_rows(rows) == case["digest"]
    by_sorted_keys = [digest.digest_json_sorted(row) for row in case["input"]]
    assert digest.digest_rows(by_sorted_keys) == case["digest_sorted_keys"]


@pytest.mark.parametrize("case", cases("table_update"))
def test_updated_table_digest(case):
    """An updated table has the digest of its final rows."""
    base, final = (
        digest.digest_rows(digest.digest_json(row) for row in rows)
        for rows in (case["input"]["base_rows"], case["final_rows"])
    )
    assert (base, final) == (case["base_digest"], case["digest"])


@pytest.mark.parametrize("case", cases("file"))
def test_file_digest(case):
    """A file hashes its bytes."""
    given_as = case["input"]
    content = (
        base64.b64decode(given_as["base64"])
        if "base64" in given_as
        else given_as["repeat"].encode() * given_as["count"]
    )
    assert digest.digest_bytes(content) == case["digest"]


@given(st.binary())
def test_digest_text_is_safe_in_refs(content):
    """A digest has 43 letters and digits, whatever the content."""
    text = digest.digest_bytes(content)
    plain = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode()
    assert text == plain.replace("-", "X").replace("_", "Y").rstrip("=")
    assert len(text) == 43
    assert text.isalnum()


@given(JSON_VALUES)
def test_digest_is_that_of_what_is_stored(value):
    """Storing a value and reading it back does not change its digest."""
    stored = jsontext.parse(jsontext.compact(value))
    assert digest.digest_json(stored) == digest.digest_json(value)


@given(st.dictionaries(st.text(), JSON_VALUES, min_size=2, max_size=4))
def test_order_of_keys_matters_only_unsorted(value):
    """Turning the keys round changes the digest, and never the sorted one."""
    turned = dict(reversed(value.items()))
    assert digest.digest_json(turned) != digest.digest_json(value)
    assert digest.digest_json_sorted(turned) == digest.digest_json_sorted(value)
