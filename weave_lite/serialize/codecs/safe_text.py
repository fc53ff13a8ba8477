"""The last resort: a value as text, by its ``repr``, with memory addresses made constant."""

from __future__ import annotations

import re
from types import MethodType
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.introspect import class_name
from weave_lite.serialize.registry import Codec, is_op

if TYPE_CHECKING:
    from collections.abc import Callable

    from weave_lite.serialize.registry import Sink

__all__ = ["ADDRESS", "TEXT", "key_text", "safe_text"]

# Addresses differ in every process; digests of what holds them must not.
ADDRESS = "0xADDR"
_ADDRESSES = re.compile(r"(?<= at )0x[0-9A-Fa-f]+|(?<=\bid=')[0-9]{6,}(?=')")


def safe_text(value: Any) -> str:
    """Return ``repr(value)``, else ``str(value)``, else ``<ClassName: 0xADDR>``.

    Example:
        >>> safe_text(object())
        '<object object at 0xADDR>'
    """
    return _text(value, repr, str)


def key_text(key: Any) -> str:
    """Return ``str(key)`` of a dict key that is no text and no JSON word; as safe as above."""
    return _text(key, str)


def _text(value: Any, *ways: Callable[[Any], str]) -> str:
    for way in ways:
        try:
            text = str.__str__(way(value))
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: S112 - user code may raise anything; the next way is the answer
            continue
        return _ADDRESSES.sub(ADDRESS, text)
    return f"<{class_name(type(value))}: {ADDRESS}>"


def _encode(value: Any, sink: Sink) -> str:
    """Save an op and write its URI; write anything else as text."""
    # A bound op method is saved as its op.
    op = value.__func__ if type(value) is MethodType else value
    return sink.save_object(op) if is_op(op) else safe_text(value)


TEXT = Codec("text", lambda _: True, _encode)
