"""Stored values that are decoded when somebody looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Undecoded"]


class Undecoded:
    """A stored value that a Call decodes when it is first read.

    Args:
        value: The JSON value or text.
        decode: What makes the Python value of it.
    """

    __slots__ = ("decode", "value")

    def __init__(self, value: Any, decode: Callable[[Any], Any]) -> None:
        self.value = value
        self.decode = decode
