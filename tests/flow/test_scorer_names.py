"""The documented names of the scorer module."""

from __future__ import annotations

import pytest

from weave_lite.flow import scorer, scoring


def test_the_result_of_scoring_is_found_there():
    """Under both of its names."""
    assert scorer.ApplyScorerSuccess is scoring.ApplyScorerSuccess
    assert scorer.ApplyScorerResult is scoring.ApplyScorerSuccess
    assert scoring.ApplyScorerSuccess._fields == ("result", "score_call")
    with pytest.raises(AttributeError, match="no attribute 'Unknown'"):
        _ = scorer.Unknown
