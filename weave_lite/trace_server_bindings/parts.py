"""Splitting what is too large for one request, and naming its items by their place in the whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from weave_lite.core.errors import InvalidRequest

__all__ = ["in_parts", "renumbered"]

_PLACE: Final = re.compile(r"^batch\[(\d+)\]")


def in_parts(items: Sequence[bytes], limit: int) -> list[Sequence[bytes]]:
    """Cut items into parts within a limit; a larger item stands alone.

    Args:
        items: JSON documents.
        limit: Most bytes of a part, with a separator for each item.

    Example:
        >>> in_parts([b"1", b"22", b"333333", b"4"], 6)
        [[b'1', b'22'], [b'333333'], [b'4']]
    """
    parts: list[Sequence[bytes]] = []
    part: list[bytes] = []
    size = 0
    for item in items:
        if part and size + len(item) + 1 > limit:
            parts.append(part)
            part, size = [], 0
        part.append(item)
        size += len(item) + 1
    return [*parts, part] if part else parts


def renumbered(error: InvalidRequest, place_of: Callable[[int], int]) -> InvalidRequest:
    """Let a refusal name an item by its place in the whole, where it names one of a batch.

    Args:
        error: What the server says; changed in place.
        place_of: Gives the place in the whole for that in the batch.
    """
    if error.args and isinstance(error.args[0], str):
        text = _PLACE.sub(lambda found: f"batch[{place_of(int(found[1]))}]", error.args[0])
        error.args = (text, *error.args[1:])
    return error
