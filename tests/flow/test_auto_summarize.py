"""auto_summarize: the vectors, and the laws that it keeps."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from weave_lite.flow.auto_summarize import auto_summarize

CASES = json.loads((Path(__file__).parent.parent / "data/auto-summarize.json").read_text())["cases"]
scores = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["x", ""]),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["scores"])[:60])
def test_vectors(case):
    """All known answers."""
    assert auto_summarize(case["scores"]) == case["summary"]


def test_keys_keep_their_order():
    """They come as they first appear."""
    summary = auto_summarize([{"z": 1}, {"a": True, "z": 2}])
    assert list(summary) == ["z", "a"]


def test_models_and_foreign_numbers():
    """Pydantic models count as their dicts, decimals as numbers."""

    class Score(BaseModel):
        ok: bool
        note: str = ""

    assert auto_summarize([Score(ok=True), Score(ok=False)]) == {
        "ok": {"true_count": 1, "true_fraction": 0.5}
    }
    assert auto_summarize([Decimal("1.5"), 2]) == {"mean": 1.75}


def test_numpy_scalars():
    """Scores are often numpy's."""
    np = pytest.importorskip("numpy")
    assert auto_summarize([np.bool_(True), np.bool_(False)]) == {
        "true_count": 1,
        "true_fraction": 0.5,
    }
    assert auto_summarize([np.float32(0.5), np.int64(1)]) == {"mean": 0.75}


@given(st.lists(scores, max_size=6))
def test_it_never_fails_and_counts_no_nones(rows):
    """Any rows have a summary, and rows that are None change nothing."""
    summary = auto_summarize(rows)
    if rows:
        assert auto_summarize([*rows, None]) == summary
    assert summary is None or isinstance(summary, dict)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1))
def test_the_mean_is_within(numbers):
    """A mean lies between the least and the greatest."""
    mean = auto_summarize(numbers)["mean"]
    assert min(numbers) <= mean + 1e-6
    assert mean <= max(numbers) + 1e-6
    assert math.isfinite(mean)


def test_whole_numbers_that_no_float_can_be():
    """Their mean is infinite, not an error that costs all other scores."""
    assert auto_summarize([10**400, 1]) == {"mean": math.inf}
    assert auto_summarize([-(10**400), 1]) == {"mean": -math.inf}
