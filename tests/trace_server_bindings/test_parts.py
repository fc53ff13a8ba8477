"""Splitting what is too large for one request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.core.errors import InvalidRequest
from weave_lite.trace_server_bindings.parts import in_parts, renumbered


@given(st.lists(st.binary(max_size=9), max_size=20), st.integers(1, 40))
def test_parts_are_the_whole_within_the_limit(items, limit):
    """In order, nothing twice; only a single item may be over the limit; no two parts fit in one."""
    parts = in_parts(items, limit)
    sizes = [sum(map(len, part)) + len(part) for part in parts]
    assert [item for part in parts for item in part] == items
    assert all(size <= limit or len(part) == 1 for size, part in zip(sizes, parts, strict=True))
    assert all(
        size + len(after[0]) + 1 > limit for size, after in zip(sizes, parts[1:], strict=False)
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("batch[2]: start.op_name is long", "batch[7]: start.op_name is long"),
        ("see batch[2]", "see batch[2]"),
        ("other", "other"),
    ],
)
def test_refusals_are_numbered_as_in_the_whole(text, expected):
    """By the place that begins the message."""
    error = renumbered(InvalidRequest(text), lambda place: place + 5)
    assert str(error) == expected
