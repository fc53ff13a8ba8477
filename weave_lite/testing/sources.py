"""A clock that steps and ids that count, so that two runs of a test record the same."""

from __future__ import annotations

__all__ = ["CountingIds", "StepClock"]


class StepClock:
    """A clock that goes on by one step at each look; for ``core.clock.replaced_clock``.

    Args:
        start: First time, in microseconds since the epoch.
        step: Microseconds per look.

    Example:
        >>> clock = StepClock(start=0, step=10)
        >>> clock(), clock()
        (0, 10)
        >>> clock.advance(2.5)
        >>> clock()
        2500020
    """

    def __init__(self, start: int = 1_704_067_200_000_000, step: int = 1_000) -> None:
        self._next = start
        self._step = step

    def __call__(self) -> int:
        """Return the time and step on."""
        now = self._next
        self._next += self._step
        return now

    def advance(self, seconds: float) -> None:
        """Let time pass, on top of the steps.

        Args:
            seconds: How much; may be a fraction.
        """
        self._next += round(seconds * 1_000_000)


class CountingIds:
    """Ids that count: valid UUIDs that sort in the order of making; for ``core.ids.replaced_ids``.

    Example:
        >>> CountingIds()()
        '00000000-0000-7000-8000-000000000001'
    """

    def __init__(self) -> None:
        self._count = 0

    def __call__(self) -> str:
        """Return the next id."""
        self._count += 1
        return f"00000000-0000-7000-8000-{self._count:012x}"
