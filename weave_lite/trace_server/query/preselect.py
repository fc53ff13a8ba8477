"""A cheap first look at stored JSON text, before any of it is parsed.

What a decoded text contains, the stored text contains too, unless JSON writes it with escapes. GLOB
jumps to each occurrence of its first character, several times faster than ``instr`` scans and JSON
is parsed; so it is given the part of the text that begins with its rarest character. A first look
may only rule out: what it lets through is compared by the exact rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_

from weave_lite.trace_server.query.values import Sql, bind_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["may_be", "may_hold"]

# Shorter texts stand in nearly every document, so looking for them saves nothing.
_MIN_LENGTH = 3
# What is left of a longer text, so that it stays rare.
_MIN_PATTERN_LENGTH = 6
# SQLite refuses patterns beyond 50,000 bytes.
_MAX_LENGTH = 1_000
_MAX_TEXTS = 4
# What prose and JSON are made of, the most common first. Characters that are not here are rarer.
_COMMON = ' etaoinsrhldcumpfgwybv",.0123456789:k'
_WILDCARDS = "*?["


def may_hold(document: Sql, text: str) -> Sql | None:
    """Write the condition that a value in stored JSON text may contain a text.

    Args:
        document: The column of JSON text.
        text: What the value contains.

    Returns:
        The condition, or None where it could be wrong, or would save nothing.
    """
    return _matches(document, text) if _is_selective(text) else None


def may_be(document: Sql, texts: Sequence[str]) -> Sql | None:
    """Write the condition that a value in stored JSON text may be one of some texts.

    Args:
        document: The column of JSON text.
        texts: What the value reads as; not numbers or bools, which are written in several ways.

    Returns:
        The condition, or None where it could be wrong, or would save nothing.
    """
    if len(texts) > _MAX_TEXTS or not all(map(_is_selective, texts)):
        return None
    return or_(*(_matches(document, _written(text)) for text in texts))


def _written(text: str) -> str:
    """A text stands in quotes, unless it is that of a list or an object."""
    return text if text.startswith(("[", "{")) else f'"{text}"'


def _is_selective(text: str) -> bool:
    return _MIN_LENGTH <= len(text) <= _MAX_LENGTH and not any(
        character in '"\\' or character < " " for character in text
    )


def _matches(document: Sql, text: str) -> Sql:
    starts = range(max(1, len(text) - _MIN_PATTERN_LENGTH + 1))
    rare = text[max(starts, key=lambda start: _rarity(text[start])) :]
    # What GLOB reads as a wildcard stands in brackets.
    pattern = "".join(f"[{c}]" if c in _WILDCARDS else c for c in rare)
    return document.op("GLOB", is_comparison=True)(bind_text(f"*{pattern}*"))


def _rarity(character: str) -> int:
    """Rank a character as the first of a pattern; GLOB is slow with wildcards and beyond ASCII."""
    if character in _WILDCARDS or not character.isascii():
        return -1
    common = _COMMON.find(character)
    return len(_COMMON) if common < 0 else common
