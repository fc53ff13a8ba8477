"""What the spans below a span add up to, as the calls below a call do."""

from __future__ import annotations

from threading import Lock
from typing import Any

__all__ = ["Tally"]

# Spans of one parent may end in several threads at once.
_lock = Lock()


class Tally:
    """Outcomes and token counts of the spans below one span.

    Example:
        >>> tally = Tally()
        >>> tally.add(1, 0, {"m": {"input_tokens": 2}})
        >>> tally.add(0, 1, {"m": {"input_tokens": 3}})
        >>> tally.successes, tally.errors, tally.usage
        (1, 1, {'m': {'input_tokens': 5}})
    """

    __slots__ = ("errors", "successes", "usage")

    def __init__(self) -> None:
        self.successes = 0
        self.errors = 0
        self.usage: dict[str, dict[str, Any]] = {}

    def add(self, successes: int, errors: int, usage: dict[str, dict[str, Any]]) -> None:
        """Add what a span below comes to."""
        with _lock:
            self.successes += successes
            self.errors += errors
            for model, counts in usage.items():
                sums = self.usage.setdefault(model, {})
                for name, count in counts.items():
                    if isinstance(count, int):
                        sums[name] = sums.get(name, 0) + count
