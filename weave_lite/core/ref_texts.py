"""Refs inside JSON values: every text at any depth that begins like a ref. Pure."""

from __future__ import annotations

from typing import Any

from weave_lite.core import jsontext
from weave_lite.core.refs import REF_PREFIXES

__all__ = ["refs_in_json", "refs_in_value"]


def refs_in_value(value: Any) -> tuple[str, ...]:
    """Collect the refs of a JSON value: distinct, in the order of their first place.

    Example:
        >>> refs_in_value({"a": ["weave:///e/p/object/o:d", "text"]})
        ('weave:///e/p/object/o:d',)
    """
    found: dict[str, None] = {}
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if item.startswith(REF_PREFIXES):
                found[item] = None
        elif isinstance(item, dict):
            stack.extend(reversed(item.values()))
        elif isinstance(item, list | tuple):
            stack.extend(reversed(item))
    return tuple(found)


def refs_in_json(text: str) -> tuple[str, ...]:
    """Collect the refs of a value that is written as JSON; cheap when there is none.

    Example:
        >>> refs_in_json('{"a":"weave:///e/p/object/o:d"}')
        ('weave:///e/p/object/o:d',)
    """
    # A slash is never escaped by our writers, so the text of a ref stands in the JSON as it is.
    for prefix in REF_PREFIXES:
        if prefix in text:
            return refs_in_value(jsontext.parse(text))
    return ()
