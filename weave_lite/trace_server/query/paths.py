"""The places that a dotted path may mean. Knows no SQL."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Step", "candidates"]

Step: TypeAlias = str | int

# A path of n parts has n(n-1)/2 runs; a query stays small, and nobody's key has that many dots.
_MAX_CANDIDATES = 32
# SQLite counts list indexes in 32 bits and wraps silently.
_MAX_INDEX = 2**31 - 1


def candidates(parts: Sequence[str], *, is_object: bool) -> Iterator[tuple[Step, ...]]:
    """List the places that a split path may mean, in the order of precedence.

    First the path as it is split, then with one run of parts as a key that contains dots, longer
    runs before shorter and left before right. A part that is a number is a list index, then a key.

    Args:
        parts: The path, split at dots.
        is_object: Whether the path starts at an object, which has no list index.

    Example:
        >>> list(candidates(["a", "b"], is_object=True))
        [('a', 'b'), ('a.b',)]
    """
    return islice(_all_candidates(parts, is_object), _MAX_CANDIDATES)


def _all_candidates(parts: Sequence[str], is_object: bool) -> Iterator[tuple[Step, ...]]:
    yield from _readings(parts, is_object)
    for length in range(len(parts), 1, -1):
        for start in range(len(parts) - length + 1):
            end = start + length
            run = ".".join(parts[start:end])
            yield from _readings((*parts[:start], run, *parts[end:]), is_object)


def _readings(parts: Sequence[str], is_object: bool) -> Iterator[tuple[Step, ...]]:
    options: list[tuple[Step, ...]] = []
    for depth, part in enumerate(parts):
        is_index = part.isascii() and part.isdigit() and len(part) < 11 and int(part) <= _MAX_INDEX  # noqa: PLR2004
        if is_index and not (is_object and depth == 0):
            options.append((int(part), part))
        else:
            options.append((part,))
    return product(*options)
