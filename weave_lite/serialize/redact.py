"""Scans over compact JSON bytes: sensitive keys and refs. Knows nothing of values.

Both scans are exact, not guesses. The fast writer escapes no ASCII letter, and inside a text a
quote always has a backslash before it; so a key is found by its bytes, quotes and colon included.
"""

from __future__ import annotations

import re
from typing import Any

from weave_lite.core import jsontext
from weave_lite.core.refs import REF_PREFIXES

__all__ = ["REDACTED", "SENSITIVE_KEYS", "collect_refs", "find_notable", "has_key", "redact"]

REDACTED = "REDACTED"
# Compared in lower case.
SENSITIVE_KEYS = frozenset({"api_key", "auth_headers", "authorization"})

# The Kelvin sign is the one character outside ASCII whose lower case is a letter of these keys.
_KELVIN = "\N{KELVIN SIGN}".encode()


def _any_case(word: str) -> bytes:
    """Write a word as a pattern; a flag for ignoring case would make the scan ten times slower."""
    letters = []
    for letter in word:
        if letter == "k":
            letters.append(b"(?:[kK]|" + _KELVIN + b")")
        elif letter.isalpha():
            letters.append(f"[{letter}{letter.upper()}]".encode())
        else:
            letters.append(re.escape(letter).encode())
    return b"".join(letters)


_KEYS = b"(?:" + b"|".join(_any_case(key[1:]) for key in sorted(SENSITIVE_KEYS)) + b')":'
_PREFIXES = "|".join(re.escape(prefix[1:]) for prefix in REF_PREFIXES).encode()

# One look at the letter after the quote is enough for nearly every text: all keys begin with "a",
# all prefixes with "w". A test holds them to it.
find_notable = re.compile(b'"[aAw](?:(?<=[aA])' + _KEYS + b"|(?<=w)(?:" + _PREFIXES + b"))").search
"""Search bytes for a sensitive key or the start of a ref. Most values have neither."""

has_key = re.compile(b'"[aA]' + _KEYS).search
"""Search bytes for a sensitive key."""

# The text must not begin inside another text, nor be a key.
_find_refs = re.compile(
    rb'"(?<!\\")(w(?:' + _PREFIXES + rb')[^"\\]*(?:\\.[^"\\]*)*)"(?!:)', re.DOTALL
).findall


def collect_refs(data: bytes) -> tuple[str, ...]:
    """Return the ref texts among the values of compact JSON, in order, each once.

    Example:
        >>> collect_refs(b'{"a":["weave:///e/p/call/1","text"]}')
        ('weave:///e/p/call/1',)
    """
    found: dict[str, None] = {}
    for text in _find_refs(data):
        found[jsontext.parse(b'"' + text + b'"') if b"\\" in text else text.decode()] = None
    return tuple(found)


def redact(tree: Any) -> Any:
    """Replace the values of sensitive keys, at any depth and in place; return the tree.

    Args:
        tree: A JSON value of our own, never the user's.

    Example:
        >>> redact({"headers": {"Authorization": "Bearer x"}})
        {'headers': {'Authorization': 'REDACTED'}}
    """
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            for key in node:
                if key.lower() in SENSITIVE_KEYS:
                    node[key] = REDACTED
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return tree
