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
        left: A text.
        right: A text. Two texts of some 10,000 characters take milliseconds.
    """
    if len(left) < len(right):
        left, right = right, left
    if not right:
        return len(left)
    # A column of the table of distances at a time, as bits: +1 and -1 from one cell to the next
    # (Myers 1999, in the form of Hyyrö 2001). An int has as many bits as the longer text needs.
    places: dict[str, int] = {}
    for at, char in enumerate(left):
        places[char] = places.get(char, 0) | 1 << at
    last = 1 << (len(left) - 1)
    full = 2 * last - 1
    plus, minus, distance = full, 0, len(left)
    for char in right:
        equal = places.get(char, 0)
        vertical = equal | minus
        horizontal = (((equal & plus) + plus) ^ plus) | equal
        up = minus | (full & ~(horizontal | plus))
        down = plus & horizontal
        distance += bool(up & last) - bool(down & last)
        up = up << 1 | 1
        plus = (down << 1 | ~(vertical | up)) & full
        minus = up & vertical & full
    return distance
