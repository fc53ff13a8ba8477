"""JSON as it comes over HTTP."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core.errors import RemoteServerError
from weave_lite.trace_server_bindings.json_lines import parsed, split_lines


@given(st.binary(max_size=40), st.lists(st.integers(0, 40), max_size=5))
def test_lines_do_not_depend_on_the_pieces(body, cuts):
    """Wherever the network cuts."""
    ends = sorted(cuts)
    pieces = [body[a:b] for a, b in zip([0, *ends], [*ends, len(body)], strict=True)]
    assert list(split_lines(pieces)) == body.split(b"\n")


def test_other_ends_of_lines_are_text():
    """Only a line feed ends a line of JSON."""
    text = "a\u2028b\x85c\u2029d"
    body = json.dumps(text, ensure_ascii=False).encode() + b"\n"
    assert [parsed(line) for line in split_lines([body]) if line] == [text]


@pytest.mark.parametrize("value", [2**63, 2**70, -(2**70), [1.5], "\ud83d", {"a": 10**30}])
def test_all_values_are_exact(value):
    """Integers of any size, and halves of characters."""
    assert parsed(json.dumps(value).encode()) == value


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_what_is_no_json(body):
    """Says so, and asks for the address."""
    with pytest.raises(RemoteServerError, match="is there a trace server at the address"):
        parsed(body)
