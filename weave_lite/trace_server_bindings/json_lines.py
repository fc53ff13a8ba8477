"""JSON as it comes over HTTP: whole documents, and lines of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import orjson

from weave_lite.core.errors import RemoteServerError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["parsed", "split_lines"]

# Nineteen digits may be more than 64 bits hold; the fast reader makes floats of such integers.
# Every digit as 0, and all else as a dot: a search for bytes is faster than a pattern.
_DIGITS: Final = bytes(ord("0" if 48 <= each < 58 else ".") for each in range(256))  # noqa: PLR2004
_WIDE: Final = b"0" * 19


def parsed(body: bytes) -> Any:
    """Read a JSON document.

    Raises:
        RemoteServerError: It is none.
    """
    if _WIDE not in body.translate(_DIGITS):
        try:
            return orjson.loads(body)
        except ValueError:
            # Python's own writer makes NaN and halves of surrogate pairs.
            pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RemoteServerError(
            "the answer is not JSON; is there a trace server at the address?"
        ) from error


def split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut at line feeds only: texts in JSON may hold other ends of lines.

    Args:
        pieces: Bytes as they come.
    """
    begun: list[bytes] = []
    for piece in pieces:
        first, *others = piece.split(b"\n")
        begun.append(first)
        if others:
            yield b"".join(begun)
            yield from others[:-1]
            begun = others[-1:]
    yield b"".join(begun)
