"""Comparing two evaluations row by row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weave_lite.display.eval_compare import EvalRow, compare, count_kinds, score_leaves


def row(key, output="x", *, failed=False, **scores):
    return EvalRow(key, {"q": key}, output, scores, 0.1, failed, f"id-{key}")


@pytest.mark.parametrize(
    ("before", "after", "lower", "kind", "scores"),
    [
        (row("a", s=True), row("a", s=False), (), "regression", {"s": (1.0, 0.0)}),
        (row("a", s=1), row("a", s=2.5), (), "improvement", {"s": (1.0, 2.5)}),
        (row("a", s=1), row("a", s=2.5), ("s",), "regression", {"s": (1.0, 2.5)}),
        (row("a", s={"w": 2}), row("a", s={"w": 1}), ("s",), "improvement", {"s.w": (2.0, 1.0)}),
        (row("a", s={"w": 2}), row("a", s={"w": 1}), ("s.w",), "improvement", {"s.w": (2.0, 1.0)}),
        (row("a", s=1), row("a"), (), "regression", {"s": (1.0, None)}),
        (row("a"), row("a", s=0), (), "improvement", {"s": (None, 0.0)}),
        (row("a", s=1, t=1), row("a", s=0, t=2), (), "regression", {"s": (1.0, 0.0), "t": (1.0, 2.0)}),
        (row("a"), row("a", None, failed=True), (), "regression", {}),
        (row("a", None, failed=True), row("a"), (), "improvement", {}),
        (row("a", "x", s=1), row("a", "y", s=1), (), "changed", {}),
        (row("a", s=1, note="x"), row("a", s=1, note="y"), (), "same", {}),
    ],
)  # fmt: skip
def test_kinds(before, after, lower, kind, scores):
    """Worse wins over better, and a missing score is worse."""
    (change,) = compare([before], [after], lower)
    assert (change.kind, change.scores) == (kind, scores)


def test_order_and_matching():
    """Regressions first; rows of one key are matched in order; the rest stands alone."""
    before = [row("same"), row("gone"), row("twice", s=1), row("twice", s=5), row("worse", s=1)]
    after = [row("twice", s=1), row("worse", s=0), row("twice", s=6), row("same"), row("new")]
    changes = compare(before, after)
    assert [(c.kind, (c.before or c.after).key) for c in changes] == [
        ("regression", "worse"),
        ("improvement", "twice"),
        ("only in A", "gone"),
        ("only in B", "new"),
        ("same", "same"),
        ("same", "twice"),
    ]
    assert count_kinds(changes) == {
        "regression": 1, "improvement": 1, "only in A": 1, "only in B": 1, "same": 2
    }  # fmt: skip


rows = st.lists(
    st.builds(
        lambda key, scores: row(key, **scores),
        st.sampled_from("abc"),
        st.dictionaries(st.sampled_from("st"), st.integers(0, 2) | st.booleans()),
    ),
    max_size=5,
)


@given(rows, rows)
def test_laws(before, after):
    """Nothing is lost; equal tables are the same; what is worse one way is better the other."""
    changes = compare(before, after)
    assert sum(c.before is not None for c in changes) == len(before)
    assert sum(c.after is not None for c in changes) == len(after)
    assert {c.kind for c in compare(before, before)} <= {"same"}
    back = compare(after, before)
    assert sum(c.kind.startswith("only") for c in changes) == sum(
        c.kind.startswith("only") for c in back
    )


def test_leaves():
    """Numbers and truths, by path."""
    assert score_leaves({"a": {"b": {"c": True}}, "d": None, "e": [1], "f": 2}) == {
        "a.b.c": 1.0,
        "f": 2.0,
    }
