"""Scorers that compare texts."""

from __future__ import annotations

from typing import Any

from weave_lite.flow.scorer import Scorer
from weave_lite.trace.op import op

__all__ = ["LevenshteinScorer", "StringMatchScorer", "levenshtein_distance"]


class StringMatchScorer(Scorer):
    """Whether the output stands in the target, in any case.

    Example:
        >>> StringMatchScorer().score(output="Paris", target="It is paris.")
        {'string_in_input': True}
    """

    @op
    def score(self, *, output: str, target: str, **kwargs: Any) -> dict[str, bool]:
        """Look for the output in the target.

        Args:
            output: The output.
            target: What is expected.
            kwargs: Other columns; not looked at.
        """
        del kwargs
        return {"string_in_input": output.lower() in target.lower()}


class LevenshteinScorer(Scorer):
    """How many characters must change to make the target of the output.

    Example:
        >>> LevenshteinScorer().score(output="kitten", target="sitting")
        {'levenshtein_distance': 3}
    """

    @op
    def score(self, *, output: str, target: str, **kwargs: Any) -> dict[str, int]:
        """Count insertions, deletions and replacements of characters.

        Args:
            output: The output.
            target: What is expected.
            kwargs: Other columns; not looked at.
        """
        del kwargs
        return {"levenshtein_distance": levenshtein_distance(output, target)}


def levenshtein_distance(left: str, right: str) -> int:
    """Count the insertions, deletions and replacements that make one text of another.

    Args:
        left: A text of n characters.
        right: A text of m characters; it takes n * m steps.
    """
    if len(left) < len(right):
        left, right = right, left
    row = list(range(len(right) + 1))
    for at, char in enumerate(left, 1):
        diagonal, row[0] = row[0], at
        for to, other in enumerate(right, 1):
            diagonal, row[to] = (
                row[to],
                diagonal if char == other else 1 + min(diagonal, row[to], row[to - 1]),
            )
    return row[-1]
