"""Searches of an index on trigrams for all stored JSON texts that may contain a text. Knows no table."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import Final

__all__ = ["COMBINING_DOT", "spellings", "trigrams"]

_ESCAPED: Final = re.compile(r'["\\\x00-\x1f]')
COMBINING_DOT: Final = "\u0307"
# Characters whose lower case is or holds another than that of which they are the capital.
_UNUSUAL_CAPITALS: Final = {
    "i": "\u0130",
    "k": "\u212a",
    "\u00df": "\u1e9e",
    "\u00e5": "\u212b",
    "\u03b8": "\u03f4",
    "\u03c9": "\u2126",
}
# Trigrams of a search; more of them would hardly rule out more.
_MAX_TRIGRAMS: Final = 10
_TRIGRAM: Final = 3


def trigrams(part: str, *, ignore_case: bool) -> str | None:
    """Write a search for trigrams that are in every stored text with a part.

    What JSON writes with escapes divides the part.

    Args:
        part: The text that is looked for.
        ignore_case: Whether both are lowered first, by the rules of Unicode.

    Returns:
        The search as FTS5 reads it; None where it would rule nothing out.
    """
    found: dict[str, None] = {}
    for run in _ESCAPED.split(part.lower() if ignore_case else part):
        for start in range(len(run) - _TRIGRAM + 1):
            found[run[start : start + _TRIGRAM]] = None
    # The lower case of one character that is two; each of the two may be in another trigram.
    words = [word for word in found if not (ignore_case and COMBINING_DOT in word)]
    if not words:
        return None
    every = max(1, len(words) // _MAX_TRIGRAMS)
    forms = _spellings if ignore_case else _as_it_is
    return " AND ".join(f"({' OR '.join(forms(word))})" for word in words[::every][:_MAX_TRIGRAMS])


def _as_it_is(word: str) -> list[str]:
    return [f'"{word}"']


def _spellings(word: str) -> list[str]:
    """List the trigrams whose lower case is a trigram; SQLite itself knows those of ASCII.

    It would know more, but not the same in all releases, and another may have made the index.
    """
    return [f'"{"".join(letters)}"' for letters in product(*map(spellings, word))]


@cache
def spellings(letter: str) -> list[str]:
    """List the characters whose lower case has a letter; of ASCII letters not their capitals."""
    found = [letter]
    if not letter.isascii():
        found += [form for form in (letter.upper(), letter.title()) if len(form) == 1]
    return list(dict.fromkeys([*found, _UNUSUAL_CAPITALS.get(letter, letter)]))
