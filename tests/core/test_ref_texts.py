"""Refs inside JSON values."""

from __future__ import annotations

import pytest

from weave_lite.core.ref_texts import refs_in_json, refs_in_value

A, B = "weave:///a/b/object/x:D", "wandb-artifact:///a/b/c"
C = "weave-trace-internal:///p/op/x:D"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ()),
        ("text", ()),
        (f"see {A}", ()),
        (A, (A,)),
        ([A, B, A], (A, B)),
        ({"x": [{"y": (B, {"z": A})}], "w": C}, (B, A, C)),
        ({A: 1}, ()),
    ],
)
def test_refs_in_value(value, expected):
    """Refs are found at any depth, once each, in the order of their first place; keys are not."""
    assert refs_in_value(value) == expected


def test_depth_is_no_limit():
    """A value nested deeper than Python calls go is searched too."""
    value = A
    for _ in range(10_000):
        value = [value]
    assert refs_in_value(value) == (A,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", ()),
        (f'"{A}"', (A,)),
        (f'["{B}","{A}"]', (B, A)),
        (f'{{"a":"see {A}"}}', ()),
        (f' {{"a":1180591620717411303424,"b":"{C}"}}', (C,)),
    ],
)
def test_refs_in_json(text, expected):
    """Written JSON gives the refs of its value."""
    assert refs_in_json(text) == expected
